"""Macros of Card V3 in lorebook texts: expanded once, never inside what they insert.

``{{char}}``, ``<BOT>``, ``{{user}}``, ``<USER>``, ``{{random:a,b}}``,
``{{pick:a,b}}``, ``{{roll:6}}``, ``{{// note}}``, ``{{hidden_key:x}}``,
``{{comment:x}}`` and ``{{reverse:x}}``, in capitals or not. What is written inside
an argument is expanded as well; what a macro inserts is never looked at again, so
that somebody named ``{{roll:6}}``, or ``a,b``, stays as named. Everything else in
braces stays as it is. Source: ``reference/cards.md`` section 3.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from core import limits
from personas.domain.lore.chances import digested, drawn

MOST_NESTED: Final = 8
"""Macros within macros; what goes deeper stays as it is."""
_MOST_DIGITS: Final = 9


class MacrosTooLong(Exception):
    """A text with its macros expanded is longer than a served text may be."""


@dataclass(frozen=True, slots=True)
class MacroValues:
    """What macros stand for.

    ``char`` is the character's name (the nickname if there is one); ``user`` whom
    they talk to, ``None`` leaves ``{{user}}`` as it is. ``{{pick:}}`` chooses by
    ``steady`` and the text around it, whatever the seed: give what lasts as long
    as the choice should, such as the id of a conversation.
    """

    char: str
    user: str | None = None
    steady: str = ""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its macros expanded.

    ``hidden`` are the arguments of ``{{hidden_key:}}``, for keys to be looked for
    in; ``comments`` those of ``{{comment:}}``, for people only.
    """

    text: str
    hidden: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


class _Piece(NamedTuple):
    """Text, and whether a macro inserted it."""

    text: str
    is_inserted: bool = False


@dataclass(slots=True)
class _Open:
    """A ``{{`` that waits for its end: where in the text and among the pieces,
    how many single braces are open in it, and how many macros nest in it."""

    offset: int
    at: int
    braces: int = 0
    nested: int = 0


_RUNS: Final = re.compile(r"\{+|\}+|<(?:bot|user)>", re.IGNORECASE)
_ANY: Final = re.compile(r"\{\{|<(?:bot|user)>", re.IGNORECASE)
_NAMES: Final = re.compile(r"\{\{\s*(char|user)\s*\}\}|<(bot|user)>", re.IGNORECASE)
_HEAD: Final = re.compile(
    r"\s*(?:(random|pick|roll|hidden_key|comment|reverse)\s*:|(//))", re.IGNORECASE
)
_COMMA: Final = re.compile(r"(?<!\\),")
_ROLL: Final = re.compile(rf"\s*d?([0-9]{{1,{_MOST_DIGITS}}})\s*", re.IGNORECASE)


def has_macros(text: str) -> bool:
    """Whether there may be something to expand."""
    return _ANY.search(text) is not None


def signs(text: str) -> int:
    """How many there are of what macros are made of: time grows with them."""
    return sum(map(text.count, "{}<,"))


def has_names(text: str) -> bool:
    """Whether ``with_names`` may have something to do."""
    return _NAMES.search(text) is not None


def with_names(
    text: str, *, values: MacroValues, quote: Callable[[str], str] = str
) -> str:
    """Only the names of the character and of the user put in, as in keys.

    ``quote`` makes a name safe where it goes.
    """

    def placed(found: re.Match[str]) -> str:
        name = _named(found[1] or found[2], values=values)
        return found[0] if name is None else quote(name)

    return _NAMES.sub(placed, text)


def expand(
    text: str, *, values: MacroValues, seed: str | int, most_bytes: int | None = None
) -> Expanded:
    """``text`` with its macros expanded; ``{{random:}}`` and ``{{roll:}}`` by seed.

    ``most_bytes`` bounds the result; without it, ``limits.TEXT_BYTES`` does.

    Raises:
        MacrosTooLong: the result would be longer.
    """
    if not has_macros(text):
        return Expanded(text)
    most = limits.TEXT_BYTES if most_bytes is None else most_bytes
    return _Expanding(text, values=values, seed=seed, most=most).result()


def _named(name: str, *, values: MacroValues) -> str | None:
    return values.char if name.lower() in ("char", "bot") else values.user


@dataclass
class _Expanding:
    """One text on its way: pieces so far, and what is still open among them.

    A piece leaves the list only when a macro takes it in, at most as often as
    macros may nest; so time grows with the text, however braces stand in it.
    """

    text: str
    values: MacroValues
    seed: str | int
    most: int
    size: int = 0
    pieces: list[_Piece] = field(default_factory=list)
    opened: list[_Open] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @cached_property
    def _digest(self) -> str:
        """Stands for the text in draws, which would each read all of it."""
        return digested(self.text)

    def result(self) -> Expanded:
        at = 0
        for run in _RUNS.finditer(self.text):
            if run.start() > at:
                self.pieces.append(_Piece(self.text[at : run.start()]))
            at = run.end()
            if run[0][0] == "{":
                self._open(run)
            elif run[0][0] == "}":
                self._close(len(run[0]))
            else:
                self._name(run[0])
        text = "".join(piece.text for piece in self.pieces) + self.text[at:]
        if len(text.encode("utf-8", "surrogatepass")) > self.most:
            raise _too_long(self.most)
        return Expanded(text, tuple(self.hidden), tuple(self.comments))

    def _open(self, run: re.Match[str]) -> None:
        """Of an odd number of braces, the first is only a brace."""
        offset = run.start()
        if len(run[0]) % 2:
            self._brace("{", 1)
            offset += 1
        for start in range(offset, run.end(), 2):
            self.opened.append(_Open(offset=start, at=len(self.pieces)))
            self.pieces.append(_Piece("{{"))

    def _close(self, count: int) -> None:
        while count:
            if self.opened and not self.opened[-1].braces and count > 1:
                self._macro(self.opened.pop())
                count -= 2
            else:
                self._brace("}", -1)
                count -= 1

    def _brace(self, brace: str, change: int) -> None:
        self.pieces.append(_Piece(brace))
        if self.opened:
            last = self.opened[-1]
            last.braces = max(0, last.braces + change)

    def _name(self, written: str) -> None:
        name = _named(written[1:-1], values=self.values)
        self.pieces.append(_Piece(written) if name is None else self._inserted(name))

    def _macro(self, one: _Open) -> None:
        """Put what the macro stands for in place of its pieces; if none, leave it."""
        value = None
        nested = one.nested
        if self._is_known(one.at + 1):
            nested += 1
            if nested <= MOST_NESTED:
                value = self._value(self.pieces[one.at + 1 :], offset=one.offset)
        if self.opened:
            last = self.opened[-1]
            last.nested = max(last.nested, nested)
        if value is None:
            self.pieces.append(_Piece("}}"))
            return
        del self.pieces[one.at :]
        self.pieces.append(self._inserted(value))

    def _is_known(self, at: int) -> bool:
        """Whether a macro may begin with the piece at this place."""
        if at == len(self.pieces) or self.pieces[at].is_inserted:
            return False
        first = self.pieces[at].text
        if _HEAD.match(first):
            return True
        return at + 1 == len(self.pieces) and first.strip().lower() in ("char", "user")

    def _inserted(self, text: str) -> _Piece:
        # Each insertion counts, also of what is taken in again: it was work.
        self.size += len(text.encode("utf-8", "surrogatepass"))
        if self.size > self.most * MOST_NESTED:
            raise _too_long(self.most)
        return _Piece(text, is_inserted=True)

    def _value(self, inner: Sequence[_Piece], *, offset: int) -> str | None:
        head = _HEAD.match(inner[0].text)
        if head is None:
            return _named(inner[0].text.strip(), values=self.values)
        first = _Piece(inner[0].text[head.end() :])
        given = [first, *inner[1:]]
        match (head[1] or head[2]).lower():
            case "random" | "pick" as name:
                return self._chosen(given, name=name, offset=offset)
            case "roll":
                return self._rolled(given, offset=offset)
            case "reverse":
                return _joined(given)[::-1]
            case "hidden_key":
                self.hidden.append(_joined(given))
            case "comment":
                self.comments.append(_joined(given))
        return ""

    def _chosen(self, given: list[_Piece], *, name: str, offset: int) -> str | None:
        """One of the options; the specification shows ``{{pick::a,b}}`` once."""
        first = given[0].text
        if first.startswith(":"):
            if name == "random" or "::" in first[1:]:
                # SillyTavern's own way of writing, which no specification has.
                return None
            given = [_Piece(first[1:]), *given[1:]]
        options = list(_options(given))
        number = (
            drawn(self.seed, "random", offset)
            if name == "random"
            else drawn(self.values.steady, "pick", self._digest, offset)
        )
        return options[int(number * len(options))]

    def _rolled(self, given: Sequence[_Piece], *, offset: int) -> str | None:
        found = _ROLL.fullmatch(_joined(given))
        if found is None or not int(found[1]):
            return None
        return str(1 + int(drawn(self.seed, "roll", offset) * int(found[1])))


def _too_long(most: int) -> MacrosTooLong:
    return MacrosTooLong(
        f"With its macros expanded, a text would have more than {most // 1024} KiB."
        " Write fewer macros in it, or shorter names."
    )


def _joined(pieces: Sequence[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _options(given: Sequence[_Piece]) -> Iterator[str]:
    r"""Texts between commas, trimmed; ``\,`` and inserted commas are only commas."""
    option: list[str] = []
    for piece in given:
        if piece.is_inserted:
            option.append(piece.text)
            continue
        first, *others = _COMMA.split(piece.text)
        option.append(first.replace("\\,", ","))
        for other in others:
            yield "".join(option).strip()
            option = [other.replace("\\,", ",")]
    yield "".join(option).strip()
