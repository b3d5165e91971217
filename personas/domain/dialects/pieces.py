"""What several dialects have in common: blending, activities, voice, finishing."""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Fit, How, Unfit
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.opaque import check_opaque
from personas.domain.dialects.parsed import (
    DEFAULT_FRAMEWORK_ID,
    Dialect,
    ParsedCharacter,
    Source,
    UnreadableFile,
)
from personas.domain.dialects.rows import Row, rows
from personas.domain.remarks import Action
from personas.domain.sheets import CharacterSheet, RagMode

KEPT_KEY: Final = "dramatis:kept"
"""Where a sheet's extensions hold fields that are in no card, in their own shape."""
OURS: Final = "dramatis"
"""What the names of our own extensions start with."""

WEIGHT_MAX: Final = 1_000_000


# Where and for whom ----------------------------------------------------------


def _activity(names: Sequence[str], *, categories: Sequence[str]) -> How:
    def read(record: Record, draft: Draft) -> bool:
        for key in names:
            record.take(key, to="name", how=coercing.line)
        for key in categories:
            record.take(key, to="category", how=coercing.line)
        # B names only a kind of activity; it is then what the activity is called.
        draft.values.setdefault("name", draft.get("category") or "")
        return coercing.is_visible(draft.values["name"])

    return rows(read, bare="name")


ACTIVITIES: Final = _activity(
    ("name", "activity"), categories=("category", "activity_type")
)
ACTIVITY_PREFERENCES: Final = (
    Field("channels", "activity_preferences.channels", coercing.terms),
    Field("activities", "activity_preferences.activities", ACTIVITIES),
    Field("preferred_activities", "activity_preferences.activities", ACTIVITIES),
)


# Blending --------------------------------------------------------------------

_SHARE: Final = coercing.number(low=0, high=1)
_WEIGHT: Final = coercing.number(low=0, high=WEIGHT_MAX)


def _blend_contexts(value: JsonValue) -> Fit[list[Row]]:
    """Weights ``{context: {framework_id: weight}}``, all of them or none."""
    if not isinstance(value, dict):
        raise Unfit("Expected an object of objects.")
    found: list[Row] = []
    repairs: list[str] = []
    for context, weights in value.items():
        if not isinstance(weights, dict) or not weights:
            raise Unfit("Expected an object of weights for each context.")
        fits = [
            (coercing.slug(context), coercing.slug(framework), _WEIGHT(weight))
            for framework, weight in weights.items()
        ]
        if not any(weight.value for _, _, weight in fits):
            raise Unfit("Expected a weight above zero for each context.")
        for place, framework, weight in fits:
            found.append(_weight(place.value, framework.value, weight=weight.value))
            repairs += [place.repair, framework.repair, weight.repair]
    if len({(row["context"], row["framework_id"]) for row in found}) < len(found):
        raise Unfit("Expected one weight for each framework.")
    return Fit(found, coercing.repairs_of(repairs), noise=not found)


def _weight(context: str, framework: str, *, weight: float) -> Row:
    return {"context": context, "framework_id": framework, "weight": weight}


def _blend_rules(base: str | None) -> How:
    """Rules ``{context, framework, weight}``; ``base`` gets what a rule leaves."""
    seen = set()

    def read(record: Record, draft: Draft) -> bool:
        context = record.peek("context", how=coercing.slug)
        framework = record.peek("framework", how=coercing.slug)
        weight = record.peek("weight", how=_SHARE)
        if not (context and framework and context not in seen) or weight is None:
            return False
        shares = {framework: weight}
        if base:
            # A rule for the base itself leaves nothing for anybody else.
            shares[base] = 1.0 if base == framework else round(1 - weight, 6)
        if not any(shares.values()):
            return False
        seen.add(context)
        record.take("context", to="context", how=coercing.slug)
        record.take("framework", to="framework", how=coercing.slug)
        record.take("weight", to="weight", how=_SHARE)
        draft.set("shares", {f: share for f, share in shares.items() if share})
        return True

    listed = rows(read)

    def how(value: JsonValue) -> Fit[list[Row]]:
        fit: Fit[list[Row]] = listed(value)
        weights = [
            _weight(row["context"], framework, weight=share)
            for row in fit.value
            for framework, share in row["shares"].items()
        ]
        return Fit(weights, fit.repair, fit.left, noise=fit.noise)

    return how


def take_blending(record: Record) -> None:
    """Take ``framework_blending`` in both of its shapes."""
    base = record.peek("base_framework", how=coercing.slug)
    record.take("enabled", to="framework_blending.enabled", how=coercing.flag)
    to = "framework_blending.weights"
    record.take("contexts", to=to, how=_blend_contexts)
    record.take("blend_rules", to=to, how=_blend_rules(base))
    record.take("base_framework", to="framework_id", how=coercing.slug)


# Knowledge, voice, model -----------------------------------------------------


def rag(value: JsonValue) -> Fit[Row]:
    """Categories of the knowledge base; none named means that all may be used."""
    fit = coercing.terms(value)
    only = {"mode": RagMode.ONLY.value, "categories": fit.value}
    return Fit(only, fit.repair, noise=not fit.value)


RAG: Final = (Field("rag_categories", "rag", rag),)
KNOWLEDGE: Final = (
    Field("primary", "knowledge_domain.primary", coercing.line),
    Field("expertise", "knowledge_domain.expertise", coercing.texts),
    *RAG,
)
TOPICS: Final = (
    Field("topic_interests", "topic_interests", coercing.terms),
    Field("topic_avoidances", "topic_avoidances", coercing.terms),
)
MODEL: Final = (
    Field("temperature", "model.temperature", coercing.number(low=0, high=2)),
    Field("max_tokens", "model.max_tokens", coercing.whole(low=1, high=1_000_000)),
    Field("top_p", "model.top_p", coercing.number(low=0, high=1)),
    Field(
        "frequency_penalty",
        "model.frequency_penalty",
        coercing.number(low=-2, high=2),
    ),
)
_VOICE: Final = (
    Field("kokoro_voice", "voice.kokoro_voice", coercing.line),
    Field("kokoro_speed", "voice.kokoro_speed", coercing.number(low=0.5, high=2)),
    Field("edge_voice", "voice.edge_voice", coercing.line),
    Field("edge_rate", "voice.edge_rate", coercing.line),
    Field("edge_volume", "voice.edge_volume", coercing.line),
)
_RVC: Final = (
    Field("enabled", "voice.rvc.enabled", coercing.flag),
    Field("model", "voice.rvc.model", coercing.line),
    Field("pitch_shift", "voice.rvc.pitch_shift", coercing.whole(low=-12, high=12)),
)
_AFFECTION: Final = (
    Field(
        "affection_multiplier",
        "voice.affection_multiplier",
        coercing.number(low=0, high=10),
    ),
)


def take_voice(record: Record) -> None:
    """Take ``voice``, ``rvc`` and what of ``behavior`` is about the voice."""
    record.child("voice").take_table(_VOICE)
    record.child("rvc").take_table(_RVC)
    record.child("behavior").take_table(_AFFECTION)


# System prompts --------------------------------------------------------------


def system_prompt(value: JsonValue) -> Fit[str]:
    r"""Text whose line breaks may have been written as ``\n`` for want of real ones."""
    fit = coercing.text(value)
    count = fit.value.count("\\n")
    if not count or "\n" in fit.value:
        return fit
    broken = fit.value.replace("\\r\\n", "\\n").replace("\\n", "\n")
    repair = f"{count} times “\\n” became a line break; the text had none."
    return Fit(broken, coercing.repairs_of((fit.repair, repair)))


# Finishing -------------------------------------------------------------------


def take_id(draft: Draft, *, to: str, stem: str) -> str:
    """The id that the draft holds at ``to``, outside the sheet, or the file's name.

    Raises:
        UnreadableFile: neither can be an id.
    """
    found = draft.values.pop(to, "") or coercing.slugified(stem)
    if not found:
        raise UnreadableFile(
            "The file gives no id and its name cannot be one; name the file with"
            " letters or digits."
        )
    return str(found)


def fill_name(draft: Draft, *, to: str, stem: str) -> None:
    """Call a sheet without a name what the file is called."""
    if not coercing.is_visible(draft.get(to) or ""):
        name = coercing.line(stem).value
        draft.set(to, name)
        draft.note((to,), Action.REPAIRED, f"No name in it; named “{name}”.")


NO_FRAMEWORK: Final = f"No framework named; “{DEFAULT_FRAMEWORK_ID}” is used."
"""What is remarked on a character whose file names none."""


def fill_framework(draft: Draft) -> None:
    """Give a character whose file names no framework the usual one."""
    if not draft.get("framework_id"):
        draft.set("framework_id", DEFAULT_FRAMEWORK_ID)
        draft.note(("framework_id",), Action.MAPPED, NO_FRAMEWORK)


def extensions_of(rest: Row) -> Row:
    """A sheet's extensions: the file's own, and its other fields under one key."""
    own = rest.get("extensions")
    if not isinstance(own, dict):
        return {KEPT_KEY: rest} if rest else {}
    free = {key: item for key, item in own.items() if not key.startswith(OURS)}
    taken = {key: item for key, item in own.items() if key.startswith(OURS)}
    others = {key: item for key, item in rest.items() if key != "extensions"}
    if taken:
        others["extensions"] = taken
    return {**free, KEPT_KEY: others} if others else free


def finish(
    draft: Draft,
    *,
    extensions: Row,
    source: Source,
    dialect: Dialect,
    avatar: bytes | None,
) -> ParsedCharacter:
    """The character that a dialect's reader has put into ``draft``.

    Raises:
        UnreadableFile: a value that no sheet may hold, too many of those that have no
            place in one, or no id can be made.
    """
    check_opaque(extensions)
    has_own_id = bool(draft.values.get("character_id"))
    # What a file is called may say nothing; what the character is called does.
    stem = coercing.slugified(source.stem) or str(draft.get("display_name") or "")
    character_id = take_id(draft, to="character_id", stem=stem)
    fill_name(draft, to="display_name", stem=source.stem)
    fill_framework(draft)
    draft.set("extensions", extensions)
    sheet = draft.built(CharacterSheet)
    remarks = tuple(draft.remarks)
    return ParsedCharacter(
        character_id, sheet, dialect, remarks, avatar, has_own_id=has_own_id
    )
