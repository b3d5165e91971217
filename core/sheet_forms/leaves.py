"""Shapes of one control: texts, numbers, ticks, choices, terms, raw JSON."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from core import limits
from core.sheet_forms import json_text
from core.sheet_forms.nodes import Loc, Node, Option, Place, Problem
from core.sheet_forms.posted import Posted
from core.sheet_forms.shapes import Shape, Step, Ticked, Typed, Unfit

# Up to so many options stand side by side; more fold into a select.
MAX_RADIOS: Final = 4
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE
)
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")


def fill_text(value: Any, /) -> Typed:
    """Show a text; remember its bytes where a browser would change them."""
    if not isinstance(value, str):
        raise Unfit
    return Typed(value, value if "\r" in value else None)


def read_text(posted: Posted, /) -> Typed | None:
    """Read a text byte for byte, although browsers send every break as CR LF.

    Only a stored text with a CR in it is sent along (``_was``): left alone it
    comes back as it was, edited it keeps its kind of line breaks.
    """
    if posted.last is None:
        return None
    text = posted.last.replace("\r\n", "\n")
    was = _stored(posted.text("_was"))
    if was is None:
        return Typed(text)
    if _one_break(text) == _one_break(was):
        return Typed(was, was)
    if _one_break(was).replace("\n", "\r\n") == was:
        return Typed(_one_break(text).replace("\n", "\r\n"), was)
    return Typed(text, was)


def _one_break(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _stored(was: str | None) -> str | None:
    try:
        stored = json_text.parse(was or "null")
    except json_text.Unreadable:
        return None
    return stored if isinstance(stored, str) else None


def text_node(typed: Typed, /, *, place: Place, kind: str) -> Node:
    """A text control that holds any text; one line grows if it has breaks."""
    if kind == "line" and any(mark in typed.text for mark in "\r\n"):
        kind = "text"
    was = "" if typed.was is None else json.dumps(typed.was)
    return Node(kind=kind, place=place, text=typed.text, was=was)


def number(text: str, /, *, is_whole: bool = False) -> int | float:
    """Read a number; digits alone are an int, anything else a float.

    Raises:
        ValueError: with words for whoever typed it.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("This is not a number; write digits only, such as 12 or 0.5.")
    if _WHOLE.fullmatch(text):
        if len(text.lstrip("+-")) > limits.INTEGER_DIGITS:
            raise ValueError(
                f"This number is too long; write at most {limits.INTEGER_DIGITS}"
                " digits."
            )
        return int(text)
    if is_whole:
        raise ValueError("Write a whole number, without a point.")
    found = float(text)
    if not math.isfinite(found):
        raise ValueError("This number is too large; write a smaller one.")
    return found


def fill_number(value: Any, /) -> Typed:
    """Show a number so that ``number`` reads the same value and type."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit
    text = repr(value) if isinstance(value, float) else str(value)
    try:
        number(text)
    except ValueError as error:
        raise Unfit from error
    return Typed(text)


@dataclass(frozen=True)
class TextShape(Shape):
    """A text of one line or many."""

    is_one_line: bool = False
    max_length: int | None = None
    min_length: int = 0
    is_nullable: bool = False

    @property
    def may_be_empty(self) -> bool:  # type: ignore[override]
        return not self.min_length

    def blank(self) -> Typed:
        return Typed()

    def fill(self, value: Any, /) -> Typed:
        if self.is_nullable:
            if value is None:
                return Typed()
            if value == "":
                raise Unfit
        return fill_text(value)

    def read(self, posted: Posted, /) -> Typed | None:
        return read_text(posted)

    def value(self, filled: Typed, /, *, loc: Loc, problems: list[Problem]) -> Any:
        return None if self.is_nullable and not filled.text else filled.text

    def node(self, filled: Typed, /, *, place: Place) -> Node:
        kind = "line" if self.is_one_line else "text"
        node = text_node(filled, place=place, kind=kind)
        if self.max_length is not None:
            node.attrs["maxlength"] = str(self.max_length)
        node.means = "text-or-null" if self.is_nullable else "text"
        return node

    def wants(self) -> str:
        return "Write some text here."


@dataclass(frozen=True)
class NumberShape(Shape):
    """A number within bounds, which may be empty if ``is_nullable``."""

    is_whole: bool = False
    low: int | float | None = None
    high: int | float | None = None
    excludes_low: bool = False
    excludes_high: bool = False
    step_size: int | float | None = None
    is_nullable: bool = False

    @property
    def may_be_empty(self) -> bool:  # type: ignore[override]
        return self.is_nullable

    def blank(self) -> Typed:
        return Typed()

    def fill(self, value: Any, /) -> Typed:
        if value is None and self.is_nullable:
            return Typed()
        return fill_number(value)

    def read(self, posted: Posted, /) -> Typed | None:
        return None if posted.last is None else Typed(posted.last)

    def value(self, filled: Typed, /, *, loc: Loc, problems: list[Problem]) -> Any:
        if not filled.text.strip():
            if not self.is_nullable:
                problems.append(Problem(loc, self.wants()))
            return None
        try:
            return number(filled.text, is_whole=self.is_whole)
        except ValueError as error:
            problems.append(Problem(loc, f"{error} {self.bounds()}".strip()))
            return filled.text

    def node(self, filled: Typed, /, *, place: Place) -> Node:
        node = Node(kind="line", place=place, means="number", text=filled.text)
        try:
            number(filled.text or "0")
        except ValueError:
            # A number box would show an unreadable text as nothing at all.
            node.attrs = {"type": "text", "inputmode": "decimal"}
            return node
        step = self.step_size or (1 if self.is_whole else "any")
        node.attrs = {
            "type": "number",
            "inputmode": "numeric" if self.is_whole else "decimal",
            "step": str(step),
        }
        if self.low is not None:
            node.attrs["min"] = str(self.low)
        if self.high is not None:
            node.attrs["max"] = str(self.high)
        return node

    def wants(self) -> str:
        return self.bounds() or f"Write a {self._noun}."

    @property
    def _noun(self) -> str:
        return "whole number" if self.is_whole else "number"

    def bounds(self) -> str:
        """``Write a number between 0 and 2.``, or nothing if it has no bounds."""
        low = None if self.low is None else f"{self.low:,}"
        high = None if self.high is None else f"{self.high:,}"
        if low and high and not (self.excludes_low or self.excludes_high):
            return f"Write a {self._noun} between {low} and {high}."
        words = []
        if low:
            words.append(f"above {low}" if self.excludes_low else f"of at least {low}")
        if high:
            words.append(
                f"below {high}" if self.excludes_high else f"of at most {high}"
            )
        return f"Write a {self._noun} {' and '.join(words)}." if words else ""


@dataclass(frozen=True)
class FlagShape(Shape):
    """Yes or no; a hidden mark beside the box tells "no" from "not asked"."""

    def blank(self) -> Ticked:
        return Ticked()

    def fill(self, value: Any, /) -> Ticked:
        if not isinstance(value, bool):
            raise Unfit
        return Ticked(value)

    def read(self, posted: Posted, /) -> Ticked | None:
        if posted.is_empty:
            return None
        return Ticked(posted.last is not None)

    def value(self, filled: Ticked, /, *, loc: Loc, problems: list[Problem]) -> bool:
        return filled.is_on

    def node(self, filled: Ticked, /, *, place: Place) -> Node:
        return Node(kind="flag", place=place, means="flag", is_on=filled.is_on)

    def wants(self) -> str:
        return "Write true or false here."


@dataclass(frozen=True)
class ChoiceShape(Shape):
    """One of a few values, by what is posted for each: ``(key, value, label)``."""

    options: tuple[tuple[str, Any, str], ...]

    @property
    def is_group(self) -> bool:  # type: ignore[override]
        return len(self.options) <= MAX_RADIOS

    def blank(self) -> Typed:
        return Typed("")

    def fill(self, value: Any, /) -> Typed:
        for key, known, _ in self.options:
            if known == value and type(known) is type(value):
                return Typed(key)
        if isinstance(value, str):
            return Typed(value)
        raise Unfit

    def read(self, posted: Posted, /) -> Typed | None:
        return None if posted.last is None else Typed(posted.last)

    def value(self, filled: Typed, /, *, loc: Loc, problems: list[Problem]) -> Any:
        for key, value, _ in self.options:
            if key == filled.text:
                return value
        problems.append(Problem(loc, self.wants()))
        return filled.text

    def node(self, filled: Typed, /, *, place: Place) -> Node:
        options = [
            Option(key, label, is_chosen=key == filled.text, json=json.dumps(value))
            for key, value, label in self.options
        ]
        if not any(option.is_chosen for option in options):
            kept = Option(filled.text, filled.text or "–", is_chosen=True)
            # Nothing chosen yet is no option of a radio group.
            options = [kept, *options] if filled.text or not self.is_group else options
        kind = "radios" if self.is_group else "select"
        return Node(kind, place, means="choice", text=filled.text, options=options)

    def wants(self) -> str:
        labels = [label for _, _, label in self.options]
        return f"Choose {', '.join(labels[:-1])} or {labels[-1]}."


@dataclass(frozen=True)
class TermsShape(Shape):
    """Words or short phrases: one per line, or chips."""

    max_length: int | None = None
    max_items: int | None = None

    def blank(self) -> Typed:
        return Typed()

    def fill(self, value: Any, /) -> Typed:
        if not isinstance(value, list):
            raise Unfit
        typed = Typed("\n".join(item for item in value if isinstance(item, str)))
        if "\r" in typed.text or self.value(typed, loc=(), problems=[]) != value:
            raise Unfit
        return typed

    def read(self, posted: Posted, /) -> Typed | None:
        return None if posted.last is None else Typed(_one_break(posted.last))

    def value(
        self, filled: Typed, /, *, loc: Loc, problems: list[Problem]
    ) -> list[str]:
        lines = (line.strip() for line in filled.text.split("\n"))
        return [line for line in lines if line]

    def node(self, filled: Typed, /, *, place: Place) -> Node:
        node = Node(kind="terms", place=place, means="terms", text=filled.text)
        node.more = {
            "max_length": self.max_length,
            "max_items": self.max_items or limits.LIST_ITEMS,
            "lines": min(8, max(3, filled.text.count("\n") + 2)),
        }
        return node

    def step(self, key: str | int, /) -> Step:
        return Step(
            words=f"line {key + 1}" if isinstance(key, int) else key, shape=None
        )


@dataclass(frozen=True)
class JsonShape(Shape):
    """A value of any other kind, written as JSON."""

    def blank(self) -> Typed:
        return Typed()

    def fill(self, value: Any, /) -> Typed:
        return Typed(json_text.show(value))

    def read(self, posted: Posted, /) -> Typed | None:
        return None if posted.last is None else Typed(_one_break(posted.last))

    def value(self, filled: Typed, /, *, loc: Loc, problems: list[Problem]) -> Any:
        try:
            return json_text.parse(filled.text)
        except json_text.Unreadable as error:
            problems.append(Problem(loc, str(error)))
            return None

    def node(self, filled: Typed, /, *, place: Place) -> Node:
        return Node(kind="text", place=place, means="json", text=filled.text)
