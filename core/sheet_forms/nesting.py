"""Shapes made of other shapes: models and lists of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from core import limits
from core.sheet_forms.nodes import Loc, Node, Place, Problem
from core.sheet_forms.posted import Posted
from core.sheet_forms.shapes import Filled, Parts, Rows, Shape, Step, Unfit

# More rows that can fold start folded.
MAX_OPEN: Final = 10


@dataclass(frozen=True)
class Part:
    """One field of a model."""

    key: str
    label: str
    help: str
    shape: Shape
    is_required: bool
    default: Any = None

    def blank(self) -> Filled:
        """The field's default, or nothing where it has none that can be shown."""
        if not self.is_required:
            try:
                return self.shape.fill(self.default)
            except Unfit:
                pass
        return self.shape.blank()

    def complete(self, filled: Filled | None, /) -> Filled:
        """``filled``, or a blank where nothing was posted."""
        whole: Filled = self.blank() if filled is None else self.shape.complete(filled)
        return whole

    def node(self, filled: Filled, /, *, place: Place) -> Node:
        """The field's node, below that of its model at ``place``."""
        where = place.child(
            self.key,
            label=self.label,
            text=self.help,
            is_required=self.is_required and not self.shape.may_be_empty,
        )
        node = self.shape.node(filled, place=where)
        node.is_default = filled == self.blank()
        return node


@dataclass(frozen=True)
class GroupShape(Shape):
    """A model: its fields under one heading."""

    parts: tuple[Part, ...]
    has_json = True
    is_group = True

    def blank(self) -> Parts:
        return Parts(tuple((part.key, part.blank()) for part in self.parts))

    def fill(self, value: Any, /) -> Parts:
        known = {part.key for part in self.parts}
        if not isinstance(value, dict) or not known.issuperset(value):
            raise Unfit
        return Parts(
            tuple(
                (
                    part.key,
                    part.shape.fill(value[part.key])
                    if part.key in value
                    else part.blank(),
                )
                for part in self.parts
            )
        )

    def read(self, posted: Posted, /) -> Parts | None:
        if posted.is_empty:
            return None
        return Parts(tuple((part.key, _child(part, posted)) for part in self.parts))

    def value(self, filled: Parts, /, *, loc: Loc, problems: list[Problem]) -> Any:
        found = dict(filled.fields)
        return {
            part.key: part.shape.value(
                found[part.key], loc=(*loc, part.key), problems=problems
            )
            for part in self.parts
            if found[part.key] is not None
        }

    def node(self, filled: Parts, /, *, place: Place) -> Node:
        found = dict(filled.fields)
        children = [
            part.node(part.complete(found[part.key]), place=place)
            for part in self.parts
        ]
        is_default = self.complete(filled) == self.blank()
        return Node(
            "group", place, means="group", children=children, is_default=is_default
        )

    def complete(self, filled: Parts, /) -> Parts:
        """``filled`` with blanks for what was not posted."""
        found = dict(filled.fields)
        return Parts(
            tuple((part.key, found[part.key] or part.blank()) for part in self.parts)
        )

    def step(self, key: str | int, /) -> Step:
        for part in self.parts:
            if part.key == key:
                return Step(words=part.label, shape=part.shape)
        return super().step(key)

    def wants(self) -> str:
        return "Write names and values in braces here."


def _child(part: Part, posted: Posted) -> Filled | None:
    child = posted.children.get(part.key)
    return part.shape.read(child) if child else None


@dataclass(frozen=True)
class RowsShape(Shape):
    """A list with one group of controls, or one text, for each item.

    One spare row follows, marked as such and left out as long as it is empty;
    scripts copy it for more.
    """

    item: Shape
    max_items: int | None = None
    has_json = True
    is_group = True

    @property
    def _most(self) -> int:
        return min(self.max_items or limits.LIST_ITEMS, limits.LIST_ITEMS)

    def blank(self) -> Rows:
        return Rows()

    def fill(self, value: Any, /) -> Rows:
        if not isinstance(value, list) or len(value) > limits.LIST_ITEMS:
            raise Unfit
        return Rows(tuple(self.item.fill(item) for item in value))

    def read(self, posted: Posted, /) -> Rows | None:
        if posted.is_empty:
            return None
        rows = self._kept(posted)
        # One row that was posted may be drawn with a hundred controls.
        items = tuple(islice(rows, min(2 * self._most, limits.LIST_ITEMS)))
        return Rows(items, cut=sum(1 for _ in rows))

    def _kept(self, posted: Posted) -> Iterator[Filled]:
        blank = self.item.blank()
        for row in posted.rows():
            filled = self.item.read(row)
            if filled is None:
                continue
            is_spare = row.text("_spare") is not None
            if not is_spare or self.item.complete(filled) != blank:
                yield filled

    def value(self, filled: Rows, /, *, loc: Loc, problems: list[Problem]) -> Any:
        if filled.cut:
            problems.append(Problem(loc, too_many(filled.cut, most=self._most)))
        return [
            self.item.value(item, loc=(*loc, at), problems=problems)
            for at, item in enumerate(filled.items)
        ]

    def node(self, filled: Rows, /, *, place: Place) -> Node:
        rows = [self._row(item, at, place) for at, item in enumerate(filled.items)]
        node = Node("rows", place, means="rows", children=rows, is_default=not rows)
        for row in rows:
            row.more["is_folded"] = row.more["is_deep"] or len(rows) > MAX_OPEN
        node.spare = self._row(self.item.blank(), len(rows), place)
        node.spare.more["is_spare"] = True
        node.more = {
            "max_items": self._most,
            "is_plain": not self.item.is_group,
        }
        return node

    def _row(self, filled: Filled, at: int, place: Place) -> Node:
        where = place.child(at, label=f"{place.label} {at + 1}")
        inner = self.item.node(filled, place=where)
        inner.kind = "fields" if inner.kind == "group" else inner.kind
        # The row's own label says the same.
        inner.hides_label = True
        for child in inner.children:
            child.show_help_inside()
        row = Node("row", where, means="row", children=[inner])
        kinds = {child.kind for child in inner.children}
        row.more = {
            "number": at + 1,
            "noun": place.label,
            # Rows that hold rows are tall, and fold; the deepest start folded.
            "is_tall": bool(kinds & {"group", "rows", "tree"}),
            "is_deep": bool(kinds & {"group", "tree"}),
            "title": " · ".join(
                [c.text for c in inner.children if c.kind == "line" and c.text][:2]
            ),
        }
        return row

    def step(self, key: str | int, /) -> Step:
        if isinstance(key, int):
            return Step(words=f"row {key + 1}", shape=self.item)
        return super().step(key)

    def wants(self) -> str:
        return "Write a list in square brackets here."


def too_many(cut: int, /, *, most: int = limits.LIST_ITEMS) -> str:
    """Words for rows that were sent beyond the limit and are gone."""
    return f"Keep at most {most:,} rows; {cut:,} more were sent and are not shown here."
