"""What a shape of value can do: be shown in controls and read back from them.

A value on its way through a form is *filled* controls: the texts and ticks as
typed, right or wrong, so that a page can always show again what was there.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from core.sheet_forms.nodes import Loc, Node, Place, Problem
from core.sheet_forms.posted import Posted


class Unfit(Exception):
    """The value cannot be shown in these controls; show it as JSON."""


@dataclass(frozen=True)
class Typed:
    """The text of one control; ``was`` is the stored text if it holds a CR."""

    text: str = ""
    was: str | None = None


@dataclass(frozen=True)
class Ticked:
    """One checkbox."""

    is_on: bool = False


@dataclass(frozen=True)
class Rows:
    """Filled rows; ``cut`` counts those beyond the limit, which were not read."""

    items: tuple["Filled", ...] = ()
    cut: int = 0


@dataclass(frozen=True)
class Parts:
    """Filled controls by field; ``None`` where nothing was posted."""

    fields: tuple[tuple[str, "Filled | None"], ...] = ()


@dataclass(frozen=True)
class TreeRow:
    """A name, a kind and a value of any kind."""

    key: Typed = Typed()
    kind: str = "text"
    value: Typed = Typed()
    rows: tuple["TreeRow", ...] = ()


@dataclass(frozen=True)
class Tree:
    """The rows of a JSON object."""

    rows: tuple[TreeRow, ...] = ()
    cut: int = 0


Filled = Typed | Ticked | Rows | Parts | Tree


@dataclass(frozen=True)
class Step:
    """One step towards a value: its words, and its shape unless it has none."""

    words: str
    shape: "Shape | None"


class Shape(ABC):
    """How one kind of annotation is shown, read and explained."""

    has_json = False
    """Whether the whole value may also be written as JSON."""
    is_group = False
    """Whether it is several controls, which no single label can name."""
    may_be_empty = True
    """Whether leaving it empty is an answer too."""

    @abstractmethod
    def blank(self) -> Filled:
        """Controls with nothing typed into them."""

    @abstractmethod
    def fill(self, value: Any, /) -> Filled:
        """Controls that show ``value``.

        Raises:
            Unfit: they would not give the same value back.
        """

    @abstractmethod
    def read(self, posted: Posted, /) -> Filled | None:
        """Controls as submitted, or ``None`` if they were not on the page."""

    @abstractmethod
    def value(self, filled: Any, /, *, loc: Loc, problems: list[Problem]) -> Any:
        """The JSON value that was meant; what cannot be read is a problem."""

    @abstractmethod
    def node(self, filled: Any, /, *, place: Place) -> Node:
        """What the templates draw."""

    def complete(self, filled: Any, /) -> Any:
        """``filled`` with blanks for what was not posted."""
        return filled

    def step(self, key: str | int, /) -> Step:
        """One step down a pydantic location."""
        return Step(words=f"“{key}”", shape=None)

    def wants(self) -> str:
        """What to write, for a value that is missing or of another type."""
        return "Write something here."
