"""Why each entry of the books in play fired, and what stopped each other one.

A trace has one row per entry and makes each row when it is asked for: ten
thousand entries cost nothing until somebody looks at them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, overload


class Gate(StrEnum):
    """What can stop an entry, in the order in which it is looked at."""

    DISABLED = "disabled"
    CHARACTER = "character"
    OUTLET = "outlet"
    DONT_ACTIVATE = "dont_activate"
    NO_KEYS = "no_keys"
    ONLY_BY_ENTRIES = "only_by_entries"
    UNSUPPORTED = "unsupported"
    KEY = "key"
    TOO_FAR_BACK = "too_far_back"
    NOT_BY_ENTRIES = "not_by_entries"
    SECONDARY_KEYS = "secondary_keys"
    ADDITIONAL_KEYS = "additional_keys"
    EXCLUDED_KEY = "excluded_key"
    GROUP = "group"
    NEVER = "never"
    CHANCE = "chance"
    EMPTY = "empty"
    SIZE = "size"
    MACROS = "macros"
    BUDGET = "budget"
    BOOK_BUDGET = "book_budget"

    @property
    def sentence(self) -> str:
        """In plain words, for pages."""
        return _STOPPED[self]


_STOPPED: Final = {
    Gate.DISABLED: "It is switched off.",
    Gate.CHARACTER: "It is not for this character.",
    Gate.OUTLET: "Its place is an outlet, and outlets are not used here.",
    Gate.DONT_ACTIVATE: "Its text begins with @@dont_activate.",
    Gate.NO_KEYS: "It has no key to look for and is not set to enter always.",
    Gate.ONLY_BY_ENTRIES: "It waits to be woken by other entries, and was not yet.",
    Gate.UNSUPPORTED: "None of its keys can be looked for; see the keys named.",
    Gate.KEY: "None of its keys was seen.",
    Gate.TOO_FAR_BACK: "Its key was seen, but further back than its scan depth goes.",
    Gate.NOT_BY_ENTRIES: (
        "Its key was seen only in another entry's text, which may not wake it."
    ),
    Gate.SECONDARY_KEYS: "A key was seen, but the further keys did not agree.",
    Gate.ADDITIONAL_KEYS: "None of its @@additional_keys was seen.",
    Gate.EXCLUDED_KEY: "One of its @@exclude_keys was seen.",
    Gate.GROUP: "Another entry of its group was chosen.",
    Gate.NEVER: "Its chance is 0: it never enters.",
    Gate.CHANCE: "The roll went against it.",
    Gate.EMPTY: "It has no text to put in.",
    Gate.SIZE: "The lore of one prompt may not be larger.",
    Gate.MACROS: "The lore of one prompt may not have more macros.",
    Gate.BUDGET: "The budget in tokens was used up before it.",
    Gate.BOOK_BUDGET: "Its book's budget in tokens was used up before it.",
}


class Cause(StrEnum):
    """What brought an entry before the later gates."""

    CONSTANT = "constant"
    DECORATOR = "decorator"
    KEY = "key"

    @property
    def sentence(self) -> str:
        """In plain words, for pages."""
        return _FIRED[self]


_FIRED: Final = {
    Cause.CONSTANT: "It is set to enter always.",
    Cause.DECORATOR: "Its text begins with @@activate.",
    Cause.KEY: "One of its keys was seen.",
}


class Bound(StrEnum):
    """A limit that was reached, so that something was not looked through."""

    MESSAGES = "messages"
    PATTERN_TEXT = "pattern_text"
    PLACES = "places"
    ENTRY_TEXTS = "entry_texts"
    ROUNDS = "rounds"

    @property
    def sentence(self) -> str:
        """In plain words, for pages."""
        return _BOUNDED[self]


_BOUNDED: Final = {
    Bound.MESSAGES: "Older messages were not looked through: there is too much text.",
    Bound.PATTERN_TEXT: (
        "Patterns were looked for only in the newest part of the text: together"
        " they are too large for more."
    ),
    Bound.PLACES: "The keys were seen in too many places to look at all of them.",
    Bound.ENTRY_TEXTS: (
        "Some entries' texts were not looked through: there is too much text."
    ),
    Bound.ROUNDS: "Entries woke each other for too many rounds; the rest slept on.",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a message as sent; ``message`` is its index among those given.

    ``start`` and ``end`` count characters of the message's text, or, if
    ``in_name``, of the name before it.
    """

    message: int
    start: int
    end: int
    in_name: bool = False


@dataclass(frozen=True, slots=True)
class GroupDraw:
    """How one of several entries of a group was chosen.

    ``winner`` is its entry id, ``winner_book`` its book's. ``number`` was drawn from
    0 up to ``total``, the sum of the weights of the ``members`` entries that stood
    for the group; ``None`` where nothing had to be drawn: one goes before the
    others, or had entered already.
    """

    group: str
    winner: str
    winner_book: str
    members: int
    total: int
    number: float | None


@dataclass(frozen=True, slots=True)
class TraceRow:
    """What happened to one entry.

    ``fired`` says that its text is in the prompt, ``gate`` what stopped it if not,
    and ``cause`` what brought it as far as it came. ``key`` is the key that was
    seen, its macros expanded; ``span`` where it was, or ``parent`` the id of the
    entry in whose text it was (``parent_book`` the id of that one's book).
    ``round_number`` is 0 where messages were looked through, and counts up where
    entries' texts were; it is that of the last look that changed something.
    ``roll`` is what was rolled, 0 up to 100; ``tokens`` the size of the text, 0 if
    it was not counted; ``total`` the tokens of all texts entered so far, this one
    included. ``unobeyed`` names fields and decorators of the entry that are kept
    and not obeyed; ``unsupported`` its keys that can never match, each with why.
    """

    entry_id: str
    book_id: str
    book: str
    title: str
    fired: bool
    gate: Gate | None
    cause: Cause | None
    key: str | None
    span: Span | None
    parent: str | None
    parent_book: str | None
    round_number: int
    roll: float | None
    draw: GroupDraw | None
    tokens: int
    total: int
    unobeyed: tuple[str, ...]
    unsupported: tuple[tuple[str, str], ...]

    @property
    def reason(self) -> str:
        """Why it fired, or what stopped it: a sentence in plain words."""
        if self.gate is not None:
            return self.gate.sentence
        return "" if self.cause is None else self.cause.sentence


class Trace(Sequence[TraceRow]):
    """One row per entry of every book in play, in their order, made when asked for."""

    def __init__(self, count: int, *, row_at: Callable[[int], TraceRow]) -> None:
        self._count = count
        self._row_at = row_at

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> TraceRow: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[TraceRow]: ...

    def __getitem__(self, index: int | slice) -> TraceRow | Sequence[TraceRow]:
        places = range(self._count)[index]
        if isinstance(places, range):
            return [self._row_at(at) for at in places]
        return self._row_at(places)
