"""What bots are answered, from parsed input and the snapshot alone.

No request and no REST framework: the views translate, and so may any other front.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from core import limits
from core.problems import FieldError, Problem
from personas.api import problems
from personas.catalog import Blending, Entry, Served, Snapshot
from personas.domain import composing
from personas.domain.composing import Lore, Message, TextTooLong, Toward
from personas.domain.contexts import Detection
from personas.domain.feelings import Feelings
from personas.domain.lore.answers import served_entries, served_trace
from personas.domain.sheets import AUTO
from personas.models.labels import PRODUCTION
from personas.quieting import Quiet
from personas.tokens import count_tokens

SEED_BITS: Final = 53
"""So that the seeds made here come through any reader of JSON."""

NoteFired = Callable[[Iterable[str]], None]
"""Is told the ids of the entries that entered a prompt."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a chat is composed from.

    ``context`` is a kind of conversation by id or alias, ``AUTO``, or ``None``
    for the plain prompt. Without ``seed``, ``decision_id`` decides what is left to
    chance; without either, each time is another.
    """

    messages: tuple[Message, ...] = ()
    context: str | None = None
    user_name: str | None = None
    other_character_id: str | None = None
    budget_tokens: int | None = None
    seed: int | None = None
    decision_id: str | None = None


def entry_of(snapshot: Snapshot, *, character_id: str, label: str) -> Entry:
    """The character as it is served under the label.

    Raises:
        Problem: unknown_character or not_labelled.
    """
    entry = snapshot.entry(character_id, label=label)
    if entry is not None:
        return entry
    labels = sorted(snapshot.entries.get(character_id, {}))
    if labels:
        raise Problem(
            problems.NOT_LABELLED,
            detail=f"{character_id} has no version labelled {label};"
            f" it has {', '.join(labels)}.",
        )
    raise unknown_character(character_id)


def unknown_character(character_id: str) -> Problem:
    return Problem(
        problems.UNKNOWN_CHARACTER,
        detail=f"There is no published character {character_id[:80]!r};"
        " GET personas lists those there are.",
    )


def prompt_of(
    prompts: Mapping[str, Served], *, context: str | None, blending: Blending
) -> Served:
    """What is served for a kind of conversation: blended where there is a blend.

    ``prompts`` maps the kinds that a version was compiled with to what is
    served; ``context`` is what was asked for, ``None`` for the plain prompt.

    Raises:
        Problem: unknown_context.
    """
    if context is None:
        return prompts[""]
    if context == AUTO:
        raise _not_detected_here(blending.known(prompts))
    found = blending.resolved(context, compiled=prompts)
    if found is None:
        raise _unknown_context(blending.known(prompts))
    return blending.chosen(prompts, context=found)


def compose(
    snapshot: Snapshot,
    *,
    character_id: str,
    label: str,
    asked: Asked,
    note_fired: NoteFired | None = None,
    feelings: Feelings | None = None,
    quiet: Quiet | None = None,
) -> bytes:
    """The body of ``compose``.

    ``feelings`` are those for the other character, if it talks to one; ``quiet`` is
    what silences the character.

    Raises:
        Problem: unknown_character, not_labelled, unknown_context, or invalid
            for another character that is not one, and for a user's name with
            which a text gets too long.
    """
    entry = entry_of(snapshot, character_id=character_id, label=label)
    _check_other(asked.other_character_id, entry=entry, snapshot=snapshot)
    context, detection = asked.context, None
    if context == AUTO:
        detection = _detected(asked, blending=snapshot.blending)
        context = detection.context
    served = prompt_of(entry.prompts, context=context, blending=snapshot.blending)
    try:
        answer = composing.compose(
            orjson.loads(served.body),
            messages=asked.messages,
            names=entry.routing["names"],
            user_name=asked.user_name,
            count_tokens=count_tokens,
            seed=seed_of(asked),
            lore=_lore_of(entry, snapshot=snapshot, asked=asked),
            toward=_toward(feelings, entry=entry, snapshot=snapshot, asked=asked),
        )
    except TextTooLong as error:
        raise _too_long(asked, detail=str(error)) from error
    if note_fired is not None:
        note_fired([one["entry_id"] for one in answer["lore"]])
    told = None if detection is None else composing.served_detection(detection)
    silenced = None if quiet is None else quiet.told()
    return orjson.dumps({**answer, "quiet": silenced, "detection": told})


def activate(
    snapshot: Snapshot, *, character_id: str, label: str, asked: Asked
) -> bytes:
    """The body of ``lore/activate``: what would enter, and why the rest would not.

    Nothing is counted as fired: what is asked here need not enter a prompt. Of
    ``asked``, the messages, the user, the budget and the seed count.

    Raises:
        Problem: unknown_character or not_labelled.
    """
    entry = entry_of(snapshot, character_id=character_id, label=label)
    who = composing.speakers(asked.messages, names=entry.routing["names"])
    user = asked.user_name or composing.user_of(asked.messages, who=who)
    lore, seed = _lore_of(entry, snapshot=snapshot, asked=asked), seed_of(asked)
    activation = composing.activated(
        lore,
        messages=asked.messages,
        user_name=user,
        steady=character_id,
        seed=seed,
    )
    trace, left_out = served_trace(
        activation, index=lore.index, most=limits.LORE_ENTRIES
    )
    answer = {
        "entries": [
            {**told, "text": one.text}
            for told, one in zip(
                served_entries(activation), activation.entries, strict=True
            )
        ],
        "trace": trace,
        "trace_left_out": left_out,
        "tokens": activation.tokens,
        "bounds": [
            {"bound": str(bound), "detail": bound.sentence}
            for bound in activation.bounds
        ],
        "seed": seed,
    }
    return orjson.dumps(answer)


def seed_of(asked: Asked) -> int:
    """The seed given, else one made of the decision's id, else any."""
    if asked.seed is not None:
        return asked.seed
    if asked.decision_id is None:
        return secrets.randbits(SEED_BITS)
    digest = hashlib.sha256(asked.decision_id.encode()).digest()
    return int.from_bytes(digest[:8]) >> (64 - SEED_BITS)


def _lore_of(entry: Entry, *, snapshot: Snapshot, asked: Asked) -> Lore:
    return Lore(
        index=snapshot.lore.index(entry.books),
        char=entry.called,
        names=(entry.character_id, *entry.routing["names"]),
        tags=entry.tags,
        budget_tokens=asked.budget_tokens,
    )


def _toward(
    feelings: Feelings | None, *, entry: Entry, snapshot: Snapshot, asked: Asked
) -> Toward | None:
    labels = snapshot.entries.get(asked.other_character_id or "", {})
    if feelings is None or not labels:
        return None
    # By the name that it has on the same label, else as everybody sees it.
    known = (labels.get(entry.label), labels.get(PRODUCTION), *labels.values())
    other = next(each for each in known if each is not None)
    return Toward(feelings, char=entry.called, other=other.called)


def _too_long(asked: Asked, *, detail: str) -> Problem:
    """The name is too long, wherever it came from."""
    pointer = "/user_name" if asked.user_name else "/messages"
    return Problem(
        "invalid",
        detail=f"Correct 1 value, then send this again: {pointer}.",
        errors=[FieldError(pointer, "too_long", detail)],
    )


def _detected(asked: Asked, *, blending: Blending) -> Detection:
    return blending.detector.detect([message.text for message in asked.messages])


def _check_other(character_id: str | None, *, entry: Entry, snapshot: Snapshot) -> None:
    if character_id is None:
        return
    if character_id == entry.character_id:
        detail = "Name somebody else; this is the character itself."
    elif character_id in snapshot.entries:
        return
    else:
        detail = "There is no published character with this id."
    raise Problem(
        "invalid",
        detail="Correct 1 value, then send this again: /other_character_id.",
        errors=[FieldError("/other_character_id", "not_a_choice", detail)],
    )


def _unknown_context(known: list[str]) -> Problem:
    listed = f"Use one of {', '.join(known)}" if known else "Leave it out"
    return Problem(
        problems.UNKNOWN_CONTEXT,
        detail=f"{listed}; no other kind of conversation is known.",
        errors=[FieldError("/context", "not_a_choice", f"{listed}.")],
    )


def _not_detected_here(known: list[str]) -> Problem:
    listed = ", ".join(known)
    return Problem(
        problems.UNKNOWN_CONTEXT,
        detail=f"Only compose, which gets the messages, can detect the kind of"
        f" conversation; here, use one of {listed}, or leave it out.",
        errors=[
            FieldError(
                "/context", "not_a_choice", f"Use one of {listed}, or POST compose."
            )
        ],
    )
