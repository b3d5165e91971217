"""Stages of growth in every shape that files of the bot write them in.

Source: ``reference/bot.md`` 1.4: a list of ``{milestone, unlocks}``; objects by
number, ``{"50": {unlock, description}}``; by name, ``{"stage_1": {messages,
tone_shift}}``; and ``changes`` as the requirement has them. All of their fields are
read wherever they stand.
"""

from typing import Any, Final

from pydantic import JsonValue, ValidationError

from personas.domain.dialects import coercing, stances
from personas.domain.dialects.coercing import Fit, How, Unfit
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.rows import Row, rows
from personas.domain.sheets import Opinion, StageChanges

MILESTONE: Final = coercing.whole(low=1, high=1_000_000_000)
COUNTS: Final = ("milestone", "messages", "interactions")
"""What the number is called; the first that is one counts."""
_DIGITS: Final = 18

_PERSONALITY_TO: Final = "changes.personality"
_KNOWLEDGE_TO: Final = "changes.knowledge"


def _changes(value: JsonValue) -> Fit[Row]:
    """The changes of a stage, in the very shape of a sheet's."""
    try:
        changes = StageChanges.model_validate(value)
    except ValidationError:
        raise Unfit("Expected the changes of a stage.") from None
    return Fit(changes.model_dump(mode="json", exclude_defaults=True))


def _opinions(value: JsonValue) -> Fit[list[Row]]:
    """Rows of a sheet, or opinions as characters of the bot have them."""
    try:
        found = [Opinion.model_validate(row) for row in _list(value)]
    except (ValidationError, Unfit):
        return stances.opinions(value)
    return Fit([row.model_dump(mode="json") for row in found], noise=not found)


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise Unfit("Expected a list.")
    return value


def _tree(value: JsonValue) -> Fit[dict[str, JsonValue]]:
    if not isinstance(value, dict):
        raise Unfit("Expected an object.")
    return Fit(value, noise=not value)


def _to(place: str, how: How, *keys: str) -> tuple[Field, ...]:
    return tuple(Field(key, place, how) for key in keys)


WORDS: Final = (
    Field("title", "title", coercing.line),
    Field("name", "title", coercing.line),
    Field("description", "description", coercing.text),
)
PERSONALITY: Final = (
    Field(
        "temperature",
        f"{_PERSONALITY_TO}.temperature",
        coercing.number(low=0, high=2),
    ),
    Field("formality", f"{_PERSONALITY_TO}.formality", coercing.line),
    Field("verbosity", f"{_PERSONALITY_TO}.verbosity", coercing.line),
    *_to(f"{_PERSONALITY_TO}.tone", coercing.line, "tone", "tone_shift"),
    *_to(f"{_PERSONALITY_TO}.new_quirks", coercing.texts, "new_quirks", "quirks"),
    Field("remove_quirks", f"{_PERSONALITY_TO}.remove_quirks", coercing.texts),
    Field("opinion_changes", f"{_PERSONALITY_TO}.opinion_changes", _opinions),
)
KNOWLEDGE: Final = (
    *_to(
        f"{_KNOWLEDGE_TO}.add_expertise",
        coercing.texts,
        "add_expertise",
        "new_expertise",
        "expertise",
        "knowledge_expansion",
    ),
    Field("remove_expertise", f"{_KNOWLEDGE_TO}.remove_expertise", coercing.texts),
    *_to(
        f"{_KNOWLEDGE_TO}.add_interests",
        coercing.terms,
        "add_interests",
        "new_interests",
        "interests",
    ),
    Field("remove_interests", f"{_KNOWLEDGE_TO}.remove_interests", coercing.terms),
    *_to(
        f"{_KNOWLEDGE_TO}.add_avoidances",
        coercing.terms,
        "add_avoidances",
        "new_avoidances",
        "avoidances",
    ),
    Field("remove_avoidances", f"{_KNOWLEDGE_TO}.remove_avoidances", coercing.terms),
)
FLAT: Final = (*PERSONALITY, *KNOWLEDGE)
"""What a stage, or what it unlocks, says without saying of what."""


def stages() -> How:
    """The stages of a list, or of an object by number or name."""
    read = _reader()

    def how(value: JsonValue) -> Fit[Any]:
        if isinstance(value, dict) and value:
            return _keyed(value, read=rows(read))
        return rows(read)(value)

    return how


def _keyed(value: dict[str, JsonValue], *, read: How) -> Fit[Any]:
    """Each row by its key; what is no stage, or says more, is left under its key."""
    items = [_with_count(key, item) for key, item in value.items()]
    fit = read(items)
    # By identity: what is left are the very rows that were given.
    left = {id(row) for row in fit.left} if isinstance(fit.left, list) else set()
    kept: JsonValue = {
        key: item
        for (key, item), row in zip(value.items(), items, strict=True)
        if id(row) in left
    }
    return Fit(fit.value, fit.repair, kept or None)


def _with_count(key: str, item: JsonValue) -> JsonValue:
    """The row with the number that its key is, unless it has one of its own."""
    fields = item if isinstance(item, dict) else {"unlock": item}
    if any(name in fields for name in COUNTS):
        return dict(fields)
    return {"milestone": _count(key), **fields}


def _count(key: str) -> JsonValue:
    # Plain digits are how files write a number; others are for the reader.
    is_number = key.isascii() and key.isdigit() and len(key) < _DIGITS
    return int(key) if is_number else key


def _reader() -> Any:
    seen = set()

    def read(record: Record, draft: Draft) -> bool:
        counts = {key: record.peek(key, how=MILESTONE) for key in COUNTS}
        key = next((key for key, count in counts.items() if count is not None), None)
        if key is None or counts[key] in seen:
            return False
        seen.add(counts[key])
        record.take(key, to="milestone", how=MILESTONE)
        record.take_table(WORDS)
        _take_changes(record)
        _take_unlock(record, draft=draft)
        record.child("unlocks").take_table(FLAT)
        record.take_table(FLAT)
        return True

    return read


def _take_unlock(record: Record, *, draft: Draft) -> None:
    """A new quirk, which also names the stage if nothing else does."""
    quirks = f"{_PERSONALITY_TO}.new_quirks"
    if draft.get("title"):
        record.take("unlock", to=quirks, how=coercing.texts)
        return
    unlock = record.peek("unlock", how=coercing.texts)
    record.take("unlock", to="title", how=coercing.line)
    if unlock:
        draft.join(quirks, unlock, source=())


def _take_changes(record: Record) -> None:
    """``changes`` as a sheet has them, or whatever of them can be read."""
    if record.peek("changes", how=_changes) is not None:
        record.take("changes", to="changes", how=_changes)
        return
    changes = record.child("changes")
    changes.child("personality").take_table(PERSONALITY)
    changes.child("knowledge").take_table(KNOWLEDGE)
    changes.take("behavior", to="changes.behavior", how=_tree)
