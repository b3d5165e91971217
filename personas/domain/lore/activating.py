"""Which entries of the books in play enter a prompt, and why each other does not.

The rules are SillyTavern's as documented, with the decorators of Card V3. Where its
code does otherwise, or the documents are silent, this is what is done here:

- Scan depth 0 looks through other entries' texts only; the code then looks through
  nothing at all.
- Constant entries come before all others when a budget is short, then the larger
  order, then the earlier book and place. The code gives constants no precedence and
  mixes books by their source.
- A chance of 0 never enters; the code lets a roll of exactly 0 pass. Whoever lost
  its roll is not rolled again.
- A text that just fills the budget fits; the code refuses it. What does not fit
  stops all below it but those that ignore the budget. An entry that a budget
  refused wakes no other, in no round.
- A book's own ``token_budget``, ``scan_depth`` and ``recursive_scanning``, which the
  code never reads, count. With ``recursive_scanning`` off, texts of the book wake
  nobody, and none of its entries is woken by a text.
- Keys are looked for in each message by itself, written ``Name: text`` (before it
  the code's mark, character 1, for patterns), not in all joined to one text.
- Levels of ``delay_until_recursion`` open one after another, each when the ones
  before have nothing more to add; without any text to look through none opens.
- An entry without text, or of which macros leave nothing, enters nothing. It still
  stands for its group, and what it hides by ``{{hidden_key:}}`` is looked through.
- ``@@activate`` needs no key and waits for no round. A chance and budgets still count.

Kept and not obeyed, which the trace says: sticky, cooldown and delay, group scoring,
vectors, triggers, outlets, automation, priority, and further places to look.

Source: ``reference/cards.md`` sections 2.1 to 2.3.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from personas.domain.lore.budgeting import Budget
from personas.domain.lore.chances import drawn
from personas.domain.lore.gates import Sight, Told, Verdict, verdict
from personas.domain.lore.groups import Member, settle
from personas.domain.lore.indexing import LoreIndex, Ready, Said, comparables
from personas.domain.lore.macros import (
    Expanded,
    MacrosTooLong,
    MacroValues,
    expand,
)
from personas.domain.lore.placing import Placed, in_order
from personas.domain.lore.scanning import MARK, Effort, Hit
from personas.domain.lore.tracing import (
    Bound,
    Gate,
    GroupDraw,
    Span,
    Trace,
    TraceRow,
)
from personas.domain.lore.unobeyed import unobeyed

MOST_MESSAGES: Final = 1_000
MOST_CHARACTERS: Final = 128 * 1024
"""Of messages that are looked through, and as many of entries' texts."""
MOST_ROUNDS: Final = 50


@dataclass(frozen=True, slots=True)
class Activation:
    """``entries`` in the order in which they stand in the prompt; ``trace`` has a row
    per entry of every book in play; ``tokens`` is the sum of those entered;
    ``bounds`` names limits that were reached."""

    entries: tuple[Placed, ...]
    trace: Trace
    tokens: int
    bounds: tuple[Bound, ...]


def activate(
    index: LoreIndex,
    *,
    messages: Sequence[Said],
    values: MacroValues,
    names: Collection[str] = (),
    tags: Collection[str] = (),
    budget_tokens: int | None = None,
    seed: int = 0,
) -> Activation:
    """Look through the messages, the newest last, and let entries in.

    ``names`` are the character's name, aliases and id, ``tags`` its tags, both for
    entries that are only for some characters; ``budget_tokens`` bounds the texts
    together, ``None`` does not. The same seed gives the same result.
    """
    run = _Run(
        index=index,
        messages=messages,
        values=values,
        seed=seed,
        sight=Sight(
            tables=index.tables(values),
            names=comparables(names),
            tags=comparables(tags),
        ),
        budget=Budget(index=index, most=budget_tokens),
    )
    run.run()
    return Activation(
        entries=in_order(run.placed[number] for number in sorted(run.placed)),
        trace=Trace(len(index.entries), row_at=run.row),
        tokens=run.budget.tokens,
        bounds=tuple(sorted(run.effort.bounds)),
    )


@dataclass(slots=True)
class _Note:
    """What became of an entry that passed the gates of its switches and keys."""

    verdict: Verdict
    round_number: int
    gate: Gate | None = None
    roll: float | None = None
    draw: GroupDraw | None = None
    tokens: int = 0
    total: int = 0


@dataclass
class _Run:
    """One activation: what was seen so far, and what became of whom."""

    index: LoreIndex
    messages: Sequence[Said]
    values: MacroValues
    seed: int
    sight: Sight
    budget: Budget
    effort: Effort = field(default_factory=Effort)
    placed: dict[int, Placed] = field(default_factory=dict)
    _notes: dict[int, _Note] = field(default_factory=dict)
    _taken: dict[str, Member] = field(default_factory=dict)
    _delayed: set[int] = field(default_factory=set)
    _fresh: list[tuple[int, str]] = field(default_factory=list)
    _round: int = 0
    _text_left: int = field(default_factory=lambda: MOST_CHARACTERS)

    def run(self) -> None:
        """Round after round, until nothing new enters."""
        due = {*self.index.forced, *self._look_through_messages()}
        self._let_in(self._standing(due))
        while self._goes_on():
            if self._round == MOST_ROUNDS:
                self.effort.bounds.add(Bound.ROUNDS)
                return
            self._round += 1
            self._let_in(self._standing(self._look_through_texts()))

    def row(self, number: int) -> TraceRow:
        """The row of one entry."""
        one = self.index.entries[number]
        note = self._notes.get(number)
        if note is None:
            # Nothing was seen since it was last looked at.
            found = verdict(one, sight=self.sight)
            note = _Note(found, self._round_of(one, found), gate=found.gate)
        key = note.verdict.key
        hit = self.sight.place(note.verdict, one=one)
        told = None if key is None or hit is not None else self.sight.told[key]
        parent = None if told is None else self.index.entries[told.parent]
        book = self.index.books[one.book]
        return TraceRow(
            entry_id=one.entry_id,
            book_id=book.book_id,
            book=book.sheet.name,
            title=one.sheet.title,
            fired=note.gate is None,
            gate=note.gate,
            cause=note.verdict.cause,
            key=None if key is None else self.sight.written(key),
            span=None if hit is None else self._span(hit),
            parent=None if parent is None else parent.entry_id,
            parent_book=None if parent is None else self._book_id(parent),
            round_number=note.round_number,
            roll=note.roll,
            draw=note.draw,
            tokens=note.tokens,
            total=note.total,
            unobeyed=unobeyed(one),
            unsupported=self._unsupported(one),
        )

    # Looking through texts

    def _look_through_messages(self) -> Iterable[int]:
        passages = list(self._passages())
        for table in self.sight.tables:
            self.sight.said |= table.look(passages, effort=self.effort)
        return self._owners(self.sight.said)

    def _passages(self) -> Iterator[str]:
        """The newest first, as many as any entry asks for."""
        left = MOST_CHARACTERS
        wanted = min(len(self.messages), self.index.deepest)
        for age in range(wanted):
            if age == MOST_MESSAGES or left <= 0:
                self.effort.bounds.add(Bound.MESSAGES)
                return
            message = self.messages[-1 - age]
            passage = _lead(message) + message.text
            if len(passage) > left:
                self.effort.bounds.add(Bound.MESSAGES)
            yield passage[:left]
            left -= len(passage)

    def _look_through_texts(self) -> set[int]:
        """Who may enter now: who sees a new key, and whom a level lets in."""
        fresh, self._fresh = self._fresh, []
        parents: list[int] = []
        passages: list[str] = []
        for parent, text in fresh:
            if len(text) > self._text_left:
                self.effort.bounds.add(Bound.ENTRY_TEXTS)
                continue
            self._text_left -= len(text)
            parents.append(parent)
            passages.append(MARK + text)
        found: dict[int, Hit] = {}
        for table in self.sight.tables:
            found |= table.look(passages, effort=self.effort)
        for key, hit in found.items():
            told = Told(parents[hit.passage], self._round)
            self.sight.told.setdefault(key, told)
        return {*self._owners(found), *self._delayed}

    def _owners(self, keys: Iterable[int]) -> Iterator[int]:
        for key in keys:
            yield from self.index.owners.get(key, ())

    def _goes_on(self) -> bool:
        """Whether to look again; opens a level with the first texts there are, and
        the next where nothing is left to look through."""
        is_first = self._round == 0
        has_text = bool(self._fresh)
        if is_first is not has_text:
            return has_text
        higher = (level for level in self.index.levels if level > self.sight.level)
        opened = next(higher, None)
        self.sight.level = opened or self.sight.level
        return has_text or opened is not None

    def _standing(self, due: Iterable[int]) -> list[tuple[Ready, Verdict]]:
        """Those that pass the gates now, in the order in which they may enter."""
        standing: list[tuple[Ready, Verdict]] = []
        for number in sorted(due):
            if number in self._notes:
                continue
            one = self.index.entries[number]
            found = verdict(one, sight=self.sight)
            if found.gate is None:
                standing.append((one, found))
            elif found.gate is Gate.ONLY_BY_ENTRIES:
                self._delayed.add(number)
        standing.sort(key=lambda each: _rank(each[0]))
        return standing

    # Entering

    def _let_in(self, standing: Sequence[tuple[Ready, Verdict]]) -> None:
        members = [self._member(one) for one, _ in standing if one.groups]
        outcomes = settle(members, taken=self._taken, number_for=self._group_number)
        for one, found in standing:
            note = self._notes[one.number] = _Note(found, self._round)
            self._delayed.discard(one.number)
            outcome = outcomes.get(one.number)
            note.draw = None if outcome is None else outcome.draw
            if outcome is not None and not outcome.has_won:
                note.gate = Gate.GROUP
            else:
                note.gate = self._unlucky(one, note=note)
                if note.gate is None:
                    self._enter(one, note=note)
            note.total = self.budget.tokens

    def _unlucky(self, one: Ready, *, note: _Note) -> Gate | None:
        if not one.sheet.use_probability or one.sheet.probability >= 100:
            return None
        if not one.sheet.probability:
            return Gate.NEVER
        note.roll = 100 * drawn(self.seed, "roll", self._book_id(one), one.entry_id)
        return None if note.roll < one.sheet.probability else Gate.CHANCE

    def _enter(self, one: Ready, *, note: _Note) -> None:
        note.gate = self.budget.closed(one)
        expanded = None if note.gate is not None else self._expanded(one)
        if expanded is None:
            note.gate = note.gate or Gate.SIZE
            return
        if not expanded.text.strip():
            note.gate = Gate.EMPTY
        else:
            note.tokens, note.gate = self.budget.enter(one, text=expanded.text)
        if note.gate is None:
            self.placed[one.number] = self._placed(one, text=expanded.text, note=note)
        elif note.gate is not Gate.EMPTY:
            return
        for group in one.groups:
            self._taken[group] = self._member(one)
        text = MARK.join([expanded.text, *expanded.hidden])
        if one.may_wake and text.strip():
            self._fresh.append((one.number, text))

    def _expanded(self, one: Ready) -> Expanded | None:
        if not one.has_macros:
            return Expanded(one.text)
        seed = f"{self.seed}:{self._book_id(one)}:{one.entry_id}"
        try:
            return expand(one.text, values=self.values, seed=seed)
        except MacrosTooLong:
            return None

    def _placed(self, one: Ready, *, text: str, note: _Note) -> Placed:
        return Placed(
            entry_id=one.entry_id,
            book_id=self._book_id(one),
            title=one.sheet.title,
            position=one.position,
            depth=one.depth,
            role=one.role,
            order=one.sheet.order,
            tokens=note.tokens,
            text=text,
        )

    def _member(self, one: Ready) -> Member:
        return Member(
            number=one.number,
            entry_id=one.entry_id,
            book_id=self._book_id(one),
            groups=one.groups,
            weight=one.sheet.group_weight,
            goes_first=one.sheet.group_override,
        )

    def _group_number(self, group: str) -> float:
        return drawn(self.seed, "group", group, self._round)

    def _book_id(self, one: Ready) -> str:
        return self.index.books[one.book].book_id

    # Telling

    def _round_of(self, one: Ready, found: Verdict) -> int:
        if found.key is None or self.sight.place(found, one=one) is not None:
            return 0
        return self.sight.told[found.key].round_number

    def _span(self, hit: Hit) -> Span:
        """A hit as sent: without the mark, the name and what is put between."""
        at = len(self.messages) - 1 - hit.passage
        message = self.messages[at]
        lead = len(_lead(message))
        if hit.start <= len(message.name) and message.name:
            end = min(hit.end - 1, len(message.name))
            return Span(at, max(0, hit.start - 1), max(0, end), in_name=True)
        return Span(at, max(0, hit.start - lead), max(0, hit.end - lead))

    def _unsupported(self, one: Ready) -> tuple[tuple[str, str], ...]:
        keys = (*one.keys, *one.secondary, *one.additional, *one.excluded)
        told = {key: self.sight.unsupported(key) for key in keys}
        return tuple(
            (self.sight.written(key) or "", why) for key, why in told.items() if why
        )


def _lead(message: Said) -> str:
    """What stands before a message's text where it is looked through."""
    return f"{MARK}{message.name}: " if message.name else MARK


def _rank(one: Ready) -> tuple[bool, int, int]:
    return not one.sheet.is_constant, -one.sheet.order, one.number
