"""Trying lorebooks on a conversation: what would enter a prompt, and why the rest not.

Reads only: nothing is kept, and no entry counts as fired. What was made ready of the
books stays in the memory of the process until they change, because a conversation is
tried again with every word that somebody types.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Final

from personas.domain.compiling import PromptTooLong
from personas.domain.composing import (
    Lore,
    Message,
    Speakers,
    TextTooLong,
    activated,
    prompt_for_user,
    speakers,
    user_of,
)
from personas.domain.growing import BadStage
from personas.domain.lore.activating import Activation
from personas.domain.lore.indexing import BookInPlay, EntryInPlay, LoreIndex
from personas.domain.lore.placing import Placed
from personas.domain.lore.sheets import BookSheet, ChatRole, EntrySheet, Position
from personas.domain.sheets import CharacterSheet
from personas.models import Character, CompiledPrompt, Lorebook, LorebookVersion
from personas.services import growing, lore_publishing, lorebooks
from personas.services.publishing import compile_sheet
from personas.tokens import count_tokens

NOBODY: Final = "{{char}}"
"""The character's name where no character is tried: the macro stays as it is."""
BEFORE: Final = (Position.BEFORE_CHARACTER,)
AFTER: Final = (
    Position.AFTER_CHARACTER,
    Position.EXAMPLES_TOP,
    Position.EXAMPLES_BOTTOM,
)
AMONG: Final = (Position.NOTE_TOP, Position.AT_DEPTH, Position.NOTE_BOTTOM)


class NeverPublished(Exception):
    """What is to be tried live never was."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the book as it would be, were it saved so."""

    entry_id: uuid.UUID
    sheet: EntrySheet


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try: the conversation, for whom, and how much may enter.

    ``character`` is ``None`` for nobody, else is loaded with all that its sheet,
    framework and live label need. ``is_live`` tries what bots are served; else it is
    the book's draft, in the character's draft, and of other books what is published.
    """

    messages: tuple[Message, ...]
    character: Character | None = None
    is_live: bool = False
    seed: int = 0
    budget_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One book in play; ``number`` is its version's, ``None`` for the draft.

    ``key`` tells this state of the book from every other.
    """

    book_id: str
    name: str
    number: int | None
    key: tuple[str, int, int, datetime]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of the prompt, in its order.

    One of ``placed`` (an entry) and ``message`` (its index) is set, or neither, for
    the character's own texts.
    """

    role: str
    text: str
    placed: Placed | None = None
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change of an entry does to the prompt.

    ``moved`` are pairs of an entry before and after; ``rewritten`` those whose text
    is another; ``tokens`` counts what is added, below 0 what is saved.
    """

    entered: tuple[Placed, ...]
    left: tuple[Placed, ...]
    moved: tuple[tuple[Placed, Placed], ...]
    rewritten: tuple[tuple[Placed, Placed], ...]
    tokens: int

    @property
    def is_empty(self) -> bool:
        return not (self.entered or self.left or self.moved or self.rewritten)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial; ``difference`` only of one with a change.

    ``tokens`` counts the whole prompt; ``is_bound`` says whether the character has
    the book, or everybody has; ``problem`` why its own texts are missing.
    """

    sources: tuple[Source, ...]
    index: LoreIndex
    activation: Activation
    parts: tuple[Part, ...]
    tokens: int
    is_bound: bool
    problem: str
    difference: Difference | None


# -- Books in play ---------------------------------------------------------------------


def forget() -> None:
    """Let go of all books that were made ready."""
    _book.cache_clear()
    _index.cache_clear()


def _draft_source(book: Lorebook) -> Source:
    key = ("draft", book.pk, book.revision, book.updated_at)
    return Source(book.book_id, book.name, None, key)


def _live_source(book: Lorebook) -> Source:
    version = book.published
    if version is None:
        raise NeverPublished(
            f"“{book}” was never published: no bot gets any of it. Try the draft."
        )
    key = ("live", version.pk, version.number, version.created_at)
    return Source(book.book_id, version.sheet["name"], version.number, key)


def sources_of(
    book: Lorebook, *, trial: Trial, sheet: CharacterSheet | None
) -> list[Source]:
    """The books in play: the character's in their order, then those for everybody.

    ``book`` is in play always; ``sheet`` is the character's, ``None`` for nobody.

    Raises:
        NeverPublished: the trial is live, and the book never was.
    """
    own = _live_source(book) if trial.is_live else _draft_source(book)
    if sheet is None:
        return [own]
    rows = Lorebook.objects.active().exclude(published=None)
    others = {
        row.book_id: row
        for row in rows.select_related("published").defer("published__entries")
        if row.pk != book.pk
    }
    everybody = sorted(
        key for key, row in others.items() if _published(row).sheet.get("for_everybody")
    )
    order = dict.fromkeys([*sheet.lorebooks, *everybody])
    found = [
        own if key == book.book_id else _live_source(others[key])
        for key in order
        if key in others or key == book.book_id
    ]
    return found if book.book_id in order else [*found, own]


def _published(book: Lorebook) -> LorebookVersion:
    assert book.published is not None  # noqa: S101  # Only such rows were asked for.
    return book.published


@lru_cache(maxsize=8)
def _book(key: tuple[str, int, int, datetime]) -> BookInPlay:
    kind, pk, _, _ = key
    if kind == "live":
        version = LorebookVersion.objects.select_related("lorebook").get(pk=pk)
        entries = (
            EntryInPlay(entry_id.hex, sheet)
            for entry_id, sheet in lore_publishing.sheets_of(version).items()
        )
        sheet = BookSheet.model_validate(version.sheet)
        return BookInPlay(version.lorebook.book_id, sheet, tuple(entries))
    book = Lorebook.objects.get(pk=pk)
    rows = lorebooks.entries_of(book)
    entries = (EntryInPlay(row.entry_id.hex, row.to_sheet()) for row in rows)
    return BookInPlay(book.book_id, book.to_sheet(), tuple(entries))


# What is being edited makes a new one with every word; few are used twice.
@lru_cache(maxsize=4)
def _index(
    keys: tuple[tuple[str, int, int, datetime], ...], changed: tuple[str, str, str]
) -> LoreIndex:
    """``changed`` is a book's id, an entry's, and its sheet as JSON, or empty."""
    books = [_book(key) for key in keys]
    if changed[0]:
        books = [_with(book, changed=changed) for book in books]
    return LoreIndex(books, count_tokens=count_tokens)


def _with(book: BookInPlay, *, changed: tuple[str, str, str]) -> BookInPlay:
    book_id, entry_id, text = changed
    if book.book_id != book_id:
        return book
    sheet = EntrySheet.model_validate_json(text)
    entries = tuple(
        replace(entry, sheet=sheet) if entry.entry_id == entry_id else entry
        for entry in book.entries
    )
    return replace(book, entries=entries)


# -- Trying ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _As:
    """As whom it is tried: the sheet that counts, and who speaks."""

    sheet: CharacterSheet | None
    character_id: str
    names: tuple[str, ...]
    who: Speakers
    user: str | None


def run(book: Lorebook, *, trial: Trial, change: Change | None = None) -> Tried:
    """Try ``book``, loaded with ``published``, on a conversation.

    With ``change``, the answer is as if it were saved, and compared with what is.

    Raises:
        NeverPublished: the trial is live, and the book or the character never was.
    """
    one = _as(trial)
    sources = sources_of(book, trial=trial, sheet=one.sheet)
    keys = tuple(source.key for source in sources)
    index = _index(keys, ("", "", ""))
    activation = _activated(index, trial=trial, one=one)
    difference = None
    if change is not None:
        text = change.sheet.model_dump_json()
        index = _index(keys, (book.book_id, change.entry_id.hex, text))
        before, activation = activation, _activated(index, trial=trial, one=one)
        difference = compared(before, after=activation)
    own, problem = _own_prompt(trial, one=one)
    parts = tuple(_parts(own, trial=trial, who=one.who, placed=activation.entries))
    return Tried(
        sources=tuple(sources),
        index=index,
        activation=activation,
        parts=parts,
        tokens=sum(
            count_tokens(p.text) if p.placed is None else p.placed.tokens for p in parts
        ),
        is_bound=one.sheet is None
        or book.book_id in one.sheet.lorebooks
        or _is_for_everybody(book, is_live=trial.is_live),
        problem=problem,
        difference=difference,
    )


def _is_for_everybody(book: Lorebook, *, is_live: bool) -> bool:
    if is_live:
        return bool(_published(book).sheet.get("for_everybody"))
    return book.for_everybody


def _as(trial: Trial) -> _As:
    sheet = _sheet(trial)
    character_id, names = "", tuple[str, ...]()
    if trial.character is not None and sheet is not None:
        character_id = trial.character.character_id
        names = (character_id, *sheet.names)
    who = speakers(trial.messages, names=names)
    return _As(sheet, character_id, names, who, user_of(trial.messages, who=who))


def _sheet(trial: Trial) -> CharacterSheet | None:
    """What of the character counts: its draft, or what is live of it."""
    character = trial.character
    if character is None:
        return None
    if not trial.is_live:
        return character.to_sheet()
    if character.live is None:
        raise NeverPublished(f"{character} is not live. Try the draft.")
    return character.live.version.to_sheet()


def _activated(index: LoreIndex, *, trial: Trial, one: _As) -> Activation:
    lore = Lore(
        index=index,
        char=NOBODY if one.sheet is None else one.sheet.called,
        names=one.names,
        tags=() if one.sheet is None else tuple(one.sheet.tags),
        budget_tokens=trial.budget_tokens,
    )
    return activated(
        lore,
        messages=trial.messages,
        user_name=one.user,
        steady=one.character_id,
        seed=trial.seed,
    )


# -- The prompt ------------------------------------------------------------------------


def _own_prompt(trial: Trial, *, one: _As) -> tuple[Mapping[str, Any] | None, str]:
    """The character's own prompt, as it is without lore; or why there is none."""
    character, sheet = trial.character, one.sheet
    if character is None or sheet is None:
        return None, ""
    try:
        return (
            prompt_for_user(
                _compiled(character, sheet=sheet, is_live=trial.is_live),
                user_name=one.user,
                count_tokens=count_tokens,
                char=sheet.called,
                steady=one.character_id,
                seed=trial.seed,
            ),
            "",
        )
    except (NeverPublished, PromptTooLong, BadStage, TextTooLong) as error:
        return None, str(error)


def _compiled(
    character: Character, *, sheet: CharacterSheet, is_live: bool
) -> Mapping[str, Any]:
    """The plain prompt: of the draft, or as it is served."""
    if is_live:
        assert character.live is not None  # noqa: S101  # Its sheet was read already.
        row = CompiledPrompt.objects.get(version=character.live.version, context="")
        body: Mapping[str, Any] = json.loads(row.body)
        return body
    framework = character.framework.published
    if framework is None:
        raise NeverPublished(
            f"The framework “{character.framework}” was never published; publish it to"
            " see the character’s own text."
        )
    compiled = compile_sheet(
        sheet,
        character_id=character.character_id,
        framework=framework.to_sheet(),
        blends={},
        growth=growing.growth_of_one(character.pk),
    )
    return compiled.prompts[""]


def _parts(
    own: Mapping[str, Any] | None,
    *,
    trial: Trial,
    who: Speakers,
    placed: Sequence[Placed],
) -> Iterator[Part]:
    """The prompt with the entries in place, as ``composing`` puts them.

    Without a prompt of the character's own, only the conversation and what enters it.
    """
    system, last = (
        ("", "") if own is None else (own["system_prompt"], own["post_history"])
    )
    yield from _at(placed, BEFORE)
    if system.strip():
        yield Part("system", system)
    yield from _at(placed, AFTER)
    deep: dict[int, list[Placed]] = {}
    for position in AMONG:
        for each in placed:
            if each.position is position:
                at = max(0, len(trial.messages) - each.depth)
                deep.setdefault(at, []).append(each)
    for at in range(len(trial.messages) + 1):
        for each in deep.get(at, ()):
            yield Part(each.role.value, each.text, placed=each)
        for message in trial.messages[at : at + 1]:
            role = "assistant" if who.is_own(message) else "user"
            yield Part(role, message.text, message=at)
    if last.strip():
        yield Part("system", last)


def _at(placed: Sequence[Placed], positions: Sequence[Position]) -> Iterator[Part]:
    for position in positions:
        for each in placed:
            if each.position is position:
                yield Part("system", each.text, placed=each)


# -- Comparing -------------------------------------------------------------------------


def compared(before: Activation, *, after: Activation) -> Difference:
    """What enters after and did not before, and so on.

    An entry has moved if its place is another, or its turn among those that are
    there before and after.
    """
    old = {_key(placed): placed for placed in before.entries}
    new = {_key(placed): placed for placed in after.entries}
    order = [key for key in old if key in new]
    turns = [key for key in new if key in old]
    matcher = SequenceMatcher(None, order, turns, autojunk=False)
    stayed = {
        key
        for match in matcher.get_matching_blocks()
        for key in order[match.a : match.a + match.size]
    }
    return Difference(
        entered=tuple(placed for key, placed in new.items() if key not in old),
        left=tuple(placed for key, placed in old.items() if key not in new),
        moved=tuple(
            (old[key], new[key])
            for key in turns
            if key not in stayed or _place(old[key]) != _place(new[key])
        ),
        rewritten=tuple(
            (old[key], new[key]) for key in turns if old[key].text != new[key].text
        ),
        tokens=after.tokens - before.tokens,
    )


def _key(placed: Placed) -> tuple[str, str]:
    return placed.book_id, placed.entry_id


def _place(placed: Placed) -> tuple[Position, int, ChatRole]:
    return placed.position, placed.depth, placed.role
