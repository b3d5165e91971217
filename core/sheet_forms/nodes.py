"""What the templates draw: one node for each control or group of controls."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

MAX_PLACEHOLDER: Final = 60  # Characters.
LEAVES: Final = frozenset({"line", "text", "select", "radios", "flag", "terms"})

Loc = tuple[str | int, ...]
"""Where a value is in a sheet, as pydantic tells it: ``("details", 0, "key")``."""


@dataclass(frozen=True)
class Problem:
    """Something to mend: where, in words for people, and what to do."""

    loc: Loc
    message: str
    where: str = ""
    """The labels on the way: ``More details, row 1, What``."""
    below: str = ""
    """What of ``where`` lies deeper than any control, such as ``line 3``."""


@dataclass(frozen=True)
class Place:
    """Where a control stands: its names on the page and its words."""

    name: str
    id: str
    label: str
    help: str = ""
    loc: Loc = ()
    depth: int = 0
    is_required: bool = False
    is_labelled_outside: bool = False

    @property
    def key(self) -> str | int:
        """The last part of the name; nothing for a whole field."""
        return self.loc[-1] if self.loc else ""

    def child(
        self, key: str | int, *, label: str, text: str = "", is_required: bool = False
    ) -> Self:
        """The place of a part of what stands here."""
        return replace(
            self,
            name=f"{self.name}.{key}",
            id=f"{self.id}.{key}",
            label=label,
            help=text,
            loc=(*self.loc, key),
            depth=self.depth + 1,
            is_required=is_required,
            is_labelled_outside=False,
        )


@dataclass
class Option:
    """One choice of a select or radio group; ``key`` is what is posted."""

    key: str
    label: str
    is_chosen: bool = False
    json: str = ""
    """The value that ``key`` stands for, for the page's scripts."""


@dataclass
class Node:
    """One control, or a group of them, ready for ``_<kind>.html``."""

    kind: str
    place: Place
    means: str = "text"
    """What the page's scripts make of it in JSON."""
    text: str = ""
    was: str = ""
    """JSON of a stored text that a browser would not give back byte for byte."""
    attrs: dict[str, str] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    spare: "Node | None" = None
    is_on: bool = False
    is_default: bool = False
    hides_label: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    described_by: str = ""
    is_marked: bool = False
    """The page around says that this control is wrong, and why."""

    @property
    def template(self) -> str:
        """The control with its label, help and errors, or the group."""
        kind = "leaf" if self.kind in LEAVES else self.kind
        return f"core/sheet_forms/_{kind}.html"

    @property
    def control_template(self) -> str:
        """Just the control, for pages that label it themselves."""
        return f"core/sheet_forms/_{self.kind}.html"

    @property
    def is_root(self) -> bool:
        return not self.place.depth

    @property
    def help_id(self) -> str:
        return f"{self.place.id}.-help"

    @property
    def error_id(self) -> str:
        return f"{self.place.id}.-error"

    @property
    def shows_help(self) -> bool:
        return bool(self.place.help) and not self.place.is_labelled_outside

    @property
    def shows_problems(self) -> bool:
        return bool(self.problems) and not self.place.is_labelled_outside

    @property
    def has_problems_inside(self) -> bool:
        return any(node.problems for node in self.walk())

    @property
    def control_attrs(self) -> dict[str, str]:
        """Attributes of the element that takes the input."""
        attrs = {"name": self.place.name, "id": self.place.id, **self.attrs}
        return {**attrs, **self.aria}

    @property
    def aria(self) -> dict[str, str]:
        """Attributes that tie help and errors to the control or group."""
        ids = [self.described_by] if self.described_by else []
        if self.shows_help:
            ids.append(self.help_id)
        if self.shows_problems:
            ids.append(self.error_id)
        attrs = {"aria-describedby": " ".join(ids)} if ids else {}
        if self.problems or self.is_marked:
            attrs["aria-invalid"] = "true"
        return attrs

    @property
    def group_aria(self) -> dict[str, str]:
        """The same for a group, which no role lets be invalid itself."""
        return {k: v for k, v in self.aria.items() if k != "aria-invalid"}

    @property
    def is_open(self) -> bool:
        """Whether a group that can be folded starts unfolded."""
        if self.has_problems_inside:
            return True
        return not self.is_default and self.place.depth <= 1

    def show_help_inside(self) -> None:
        """Show short help in the empty control, where rows would repeat it."""
        if self.kind in {"line", "text"} and len(self.place.help) <= MAX_PLACEHOLDER:
            self.attrs["placeholder"] = self.place.help.replace(
                "For example: ", "e.g. "
            )
            self.place = replace(self.place, help="")

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, without spare rows."""
        yield self
        for child in self.children:
            yield from child.walk()

    def attach(self, problems: Iterable[Problem]) -> None:
        """Give each problem to the deepest control on its way."""
        by_loc: dict[Loc, Node] = {}
        for node in self.walk():
            by_loc[node.place.loc] = node  # Deeper nodes come later.
        for problem in problems:
            size = len(problem.loc)
            while problem.loc[:size] not in by_loc:
                size -= 1
            by_loc[problem.loc[:size]].problems.append(problem)
