"""A finished prompt and a conversation become a chat, ready for a model.

Pure, and of plain values, so that any front can serve it. Source: ``api.md``,
``POST personas/{character_id}/compose``; macros, ``reference/cards.md`` section 3.

Where entries of lorebooks go: ``before_character`` before the whole system prompt;
``after_character`` and both ``examples_…`` after it, because a compiled prompt has
no examples of its own to stand beside; ``at_depth`` and both ``note_…`` into messages
of their own, so many messages before the end, with their role; outlets nowhere, as
the trace says.

Macros of the character's own texts are expanded here, by the seed, and never where a
prompt is only read: a prompt that is read is the same for everybody, until it is
published again.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from zlib import crc32

from core import limits
from personas.domain.contexts import Detection
from personas.domain.feelings import Feelings, named, section
from personas.domain.lore.activating import Activation, activate
from personas.domain.lore.answers import served_entries, served_trace
from personas.domain.lore.indexing import LoreIndex
from personas.domain.lore.macros import (
    MacrosTooLong,
    MacroValues,
    expand,
    has_macros,
)
from personas.domain.lore.placing import Placed
from personas.domain.lore.sheets import Position
from personas.domain.matching import comparable

CountTokens = Callable[[str], int]

TRACED: Final = limits.LIST_ITEMS
"""Entries of which the answer says why they entered or did not."""
BLANK_LINE: Final = "\n\n"

_AFTER: Final = (
    Position.AFTER_CHARACTER,
    Position.EXAMPLES_TOP,
    Position.EXAMPLES_BOTTOM,
)
_AMONG: Final = (Position.NOTE_TOP, Position.AT_DEPTH, Position.NOTE_BOTTOM)
_USER: Final = re.compile(r"\{\{user\}\}", re.IGNORECASE)


class TextTooLong(Exception):
    """With the user's name in place, a text or all together would be too long."""


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said; ``name`` tells the character from everybody else."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who speaks in a conversation, seen from one character.

    All are names as written in the messages: ``own`` those of the character, in
    every spelling; ``others`` those of everybody else, each once, in the order in
    which they speak.
    """

    own: Collection[str]
    others: Sequence[str]

    @property
    def is_crowd(self) -> bool:
        """Whether somebody has to be told from somebody else."""
        return len(self.others) > 1

    def is_own(self, message: Message) -> bool:
        return message.name in self.own


def speakers(messages: Sequence[Message], *, names: Collection[str]) -> Speakers:
    """``names`` are the character's name and aliases."""
    keys = _own(names)
    own: set[str] = set()
    others: dict[str, str] = {}
    for name in dict.fromkeys(message.name for message in messages):
        key = comparable(name)
        if key in keys:
            own.add(name)
        else:
            others.setdefault(key, name)
    return Speakers(own=own, others=tuple(others.values()))


def user_of(messages: Sequence[Message], *, who: Speakers) -> str | None:
    """Whom the character talks to: the last who spoke and is somebody else.

    ``who`` are the speakers of these messages. ``None`` if nobody did.
    """
    found = (m.name for m in reversed(messages) if not who.is_own(m))
    return next(found, None)


def _own(names: Collection[str]) -> frozenset[str]:
    # A name of nothing but hyphens compares as nothing, and so as any other such.
    return frozenset(map(comparable, names)) - {""}


def with_user(text: str, *, name: str) -> str:
    """``{{user}}`` becomes the name, which is not looked through again.

    Raises:
        TextTooLong: the text would exceed ``limits.TEXT_BYTES``.
    """
    found = _USER.findall(text)
    if not found:
        return text
    gone, size = len("".join(found).encode()), len(text.encode())
    size += len(found) * len(name.encode()) - gone
    if size > limits.TEXT_BYTES:
        raise TextTooLong(
            f"With the user's name in place of {{{{user}}}}, a text would have"
            f" {size // 1024:,} KiB; the most that is served is"
            f" {limits.TEXT_BYTES // 1024} KiB. Give a shorter name, or write"
            " {{user}} less often in the character."
        )
    return _USER.sub(lambda _: name, text)


@dataclass(frozen=True, slots=True)
class Lore:
    """The books in play, and what decides about their entries.

    ``index`` holds the books; ``char`` is what ``{{char}}`` stands for; ``names``
    and ``tags`` are for entries that are only for some characters;
    ``budget_tokens`` bounds their texts, ``None`` does not.
    """

    index: LoreIndex
    char: str
    names: Collection[str] = ()
    tags: Collection[str] = ()
    budget_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Toward:
    """What the character feels for another one, with the names of both."""

    feelings: Feelings
    char: str
    other: str


def prompt_for_user(
    prompt: Mapping[str, Any],
    *,
    user_name: str | None,
    count_tokens: CountTokens,
    char: str = "",
    steady: str = "",
    seed: int = 0,
) -> dict[str, Any]:
    """The served prompt with its macros in place; texts that change are counted.

    ``prompt`` is the prompt object of ``api.md``. Without ``user_name``,
    ``{{user}}`` stays. ``char`` and ``steady`` are as for ``MacroValues``.

    Raises:
        TextTooLong: a text would exceed ``limits.TEXT_BYTES``, or all together
            would grow by more characters than that.
    """
    values = MacroValues(char=char, user=user_name, steady=steady)
    grown = 0

    @cache
    def replaced(text: str) -> str:
        return _replaced(text, values=values, seed=seed)

    def placed(text: str, parts: Sequence[str] = ()) -> str:
        nonlocal grown
        # Parts by themselves, so that chance decides alike here and there.
        pieces = _cut(text, parts=parts) if has_macros(text) else [text]
        after = "".join(map(replaced, pieces))
        grown += len(after) - len(text)
        if grown > limits.TEXT_BYTES:
            raise TextTooLong(
                "With the user's name in place of {{user}}, the texts of the prompt"
                f" would grow by more than {limits.TEXT_BYTES // 1024} KiB together."
                " Give a shorter name, or write {{user}} less often in the character."
            )
        return after

    def counted(before: str, after: str, tokens: int) -> int:
        return tokens if after == before else count_tokens(after)

    written, tokens = prompt["system_prompt"], prompt["tokens"]
    sections = [(each, placed(each["text"])) for each in prompt["sections"]]
    system = placed(written, [each["text"] for each, _ in sections])
    greetings = prompt["greetings"]
    return {
        **prompt,
        "system_prompt": system,
        "sections": [
            {
                **each,
                "text": text,
                "tokens": counted(each["text"], text, each["tokens"]),
            }
            for each, text in sections
        ],
        "tokens": {**tokens, "count": counted(written, system, tokens["count"])},
        "greetings": {
            "first_message": placed(greetings["first_message"]),
            "alternates": [placed(text) for text in greetings["alternates"]],
        },
        "post_history": placed(prompt["post_history"]),
    }


def _replaced(text: str, *, values: MacroValues, seed: int) -> str:
    if not has_macros(_USER.sub("", text)):
        return text if values.user is None else with_user(text, name=values.user)
    # By the text too: else the first draw of each text would come out alike.
    own = f"{seed}/{crc32(text.encode('utf-8', 'surrogatepass'))}"
    try:
        return expand(text, values=values, seed=own).text
    except MacrosTooLong as error:
        raise TextTooLong(str(error)) from error


def _cut(text: str, *, parts: Sequence[str]) -> Iterator[str]:
    """``text`` cut before and after the parts that stand in it."""
    found = [(text.find(part), part) for part in parts if part and has_macros(part)]
    at = 0
    for start, part in sorted(found):
        if start >= at:
            yield text[at:start]
            yield part
            at = start + len(part)
    yield text[at:]


def chat(
    prompt: Mapping[str, Any],
    *,
    messages: Sequence[Message],
    who: Speakers,
    lore: Sequence[Placed] = (),
) -> list[dict[str, str]]:
    """``{role, content}`` in order: system prompt, messages, post-history text.

    The character's own messages are the assistant's, all others the user's.
    Where more than one other person speaks, each of these begins with its
    speaker's name. Blank prompts and texts after the history are left out.
    ``who`` are the speakers of the messages; of ``lore``, what goes among them is
    put there, texts of one depth and role in one message.
    """
    said = [_said(message, who=who) for message in messages]
    before = {"role": "system", "content": prompt["system_prompt"]}
    after = {"role": "system", "content": prompt["post_history"]}
    return [
        *([before] if prompt["system_prompt"].strip() else []),
        *_among(said, lore=lore),
        *([after] if prompt["post_history"].strip() else []),
    ]


def _among(
    said: Sequence[dict[str, str]], *, lore: Sequence[Placed]
) -> Iterator[dict[str, str]]:
    """The messages, with lore so many before the end as its depth says."""
    texts: dict[int, dict[str, list[str]]] = {}
    for position in _AMONG:
        for one in lore:
            if one.position == position:
                at = max(0, len(said) - one.depth)
                texts.setdefault(at, {}).setdefault(one.role, []).append(one.text)
    for at in range(len(said) + 1):
        for role, found in texts.get(at, {}).items():
            yield {"role": str(role), "content": BLANK_LINE.join(found)}
        yield from said[at : at + 1]


def _with_lore(
    prompt: Mapping[str, Any], *, lore: Sequence[Placed], count_tokens: CountTokens
) -> Mapping[str, Any]:
    """The prompt with the texts that go before and after it."""
    before = [one.text for one in lore if one.position == Position.BEFORE_CHARACTER]
    after = [one.text for place in _AFTER for one in lore if one.position == place]
    if not before and not after:
        return prompt
    own = [prompt["system_prompt"]] if prompt["system_prompt"].strip() else []
    system = BLANK_LINE.join([*before, *own, *after])
    return {
        **prompt,
        "system_prompt": system,
        "tokens": {**prompt["tokens"], "count": count_tokens(system)},
    }


def _with_feelings(
    prompt: Mapping[str, Any], *, toward: Toward, count_tokens: CountTokens
) -> Mapping[str, Any]:
    """The prompt with the words for them at its end, and told beside it."""
    char, other = toward.char, toward.other
    feelings = named(toward.feelings, char=char, other=other)
    told = {"band": feelings.band, "words": list(feelings.words)}
    text = section(feelings, char=char, other=other)
    if not text:
        return {**prompt, "feelings": told}
    own = [prompt["system_prompt"]] if prompt["system_prompt"].strip() else []
    system = BLANK_LINE.join([*own, text])
    return {
        **prompt,
        "system_prompt": system,
        "tokens": {**prompt["tokens"], "count": count_tokens(system)},
        "feelings": told,
    }


def _said(message: Message, *, who: Speakers) -> dict[str, str]:
    if who.is_own(message):
        return {"role": "assistant", "content": message.text}
    text = f"{message.name}: {message.text}" if who.is_crowd else message.text
    return {"role": "user", "content": text}


def compose(
    prompt: Mapping[str, Any],
    *,
    messages: Sequence[Message],
    names: Collection[str],
    user_name: str | None,
    count_tokens: CountTokens,
    seed: int = 0,
    lore: Lore | None = None,
    toward: Toward | None = None,
) -> dict[str, Any]:
    """The answer of ``compose``, but for how the kind of conversation was found.

    ``prompt`` is the served prompt of the resolved kind of conversation;
    ``names`` are the character's name and aliases. Without ``user_name`` the last
    other speaker is the user; where nobody speaks, ``{{user}}`` stays. The same
    ``seed`` gives the same answer. ``toward`` is what it feels for whom it talks to.

    Raises:
        TextTooLong: as ``prompt_for_user`` does.
    """
    who = speakers(messages, names=names)
    user = user_name or user_of(messages, who=who)
    char, steady = lore.char if lore is not None else "", prompt["character_id"]
    answer: Mapping[str, Any] = prompt_for_user(
        prompt,
        user_name=user,
        count_tokens=count_tokens,
        char=char,
        steady=steady,
        seed=seed,
    )
    placed: Sequence[Placed] = ()
    told = dict(_NO_LORE)
    if lore is not None:
        found = activated(
            lore, messages=messages, user_name=user, steady=steady, seed=seed
        )
        placed = found.entries
        answer = _with_lore(answer, lore=placed, count_tokens=count_tokens)
        trace, left_out = served_trace(found, index=lore.index, most=TRACED)
        told = {
            "lore": served_entries(found),
            "trace": trace,
            "trace_left_out": left_out,
        }
    if toward is not None:
        answer = _with_feelings(answer, toward=toward, count_tokens=count_tokens)
    return {
        **answer,
        "feelings": answer.get("feelings"),
        "chat": chat(answer, messages=messages, who=who, lore=placed),
        **told,
        "seed": seed,
    }


_NO_LORE: Final[Mapping[str, Any]] = {"lore": [], "trace": [], "trace_left_out": 0}


def activated(
    lore: Lore,
    *,
    messages: Sequence[Message],
    user_name: str | None,
    steady: str,
    seed: int,
) -> Activation:
    """What enters of the books in play, the character's own messages looked through.

    ``steady`` is as for ``MacroValues``; the same ``seed`` gives the same result.
    """
    values = MacroValues(char=lore.char, user=user_name, steady=steady)
    return activate(
        lore.index,
        messages=messages,
        values=values,
        names=lore.names,
        tags=lore.tags,
        budget_tokens=lore.budget_tokens,
        seed=seed,
    )


def served_detection(detection: Detection) -> dict[str, Any]:
    """How the messages told the kind of conversation."""
    return {
        "context": detection.context,
        "evidence": [
            {
                "context": each.context,
                "phrase": each.phrase,
                "message": each.message,
                "start": each.start,
                "end": each.end,
            }
            for each in detection.evidence
        ],
        "ranking": [
            {"context": each.context, "phrases": each.phrases}
            for each in detection.ranking
        ],
    }
