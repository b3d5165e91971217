"""JSON objects of any shape as rows of name, kind and value; kinds are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from core import limits
from core.sheet_forms.leaves import (
    fill_number,
    fill_text,
    number,
    read_text,
    text_node,
)
from core.sheet_forms.nesting import too_many
from core.sheet_forms.nodes import Loc, Node, Option, Place, Problem
from core.sheet_forms.posted import Posted
from core.sheet_forms.shapes import Shape, Step, Tree, TreeRow, Typed, Unfit

# A larger tree is quicker to read and to edit as JSON.
MAX_ROWS: Final = 500
KINDS: Final = {
    "text": "Text",
    "number": "Number",
    "flag": "Yes or no",
    "list": "List",
    "object": "Group",
    "nothing": "Nothing",
}
NESTED: Final = frozenset({"list", "object"})
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class TreeShape(Shape):
    """A JSON object of any shape, in its own order."""

    has_json = True
    is_group = True

    def blank(self) -> Tree:
        return Tree()

    def fill(self, value: Any, /) -> Tree:
        if not isinstance(value, dict):
            raise Unfit
        if sum(1 for _ in islice(_values_in(value), MAX_ROWS + 1)) > MAX_ROWS:
            raise Unfit
        return Tree(tuple(_fill_row(item, key=key) for key, item in value.items()))

    def read(self, posted: Posted, /) -> Tree | None:
        if posted.is_empty:
            return None
        reader = _Reader()
        return Tree(reader.rows(posted, depth=1), cut=reader.cut)

    def value(self, filled: Tree, /, *, loc: Loc, problems: list[Problem]) -> Any:
        if filled.cut:
            problems.append(Problem(loc, too_many(filled.cut)))
        return _object(filled.rows, loc=loc, problems=problems)

    def node(self, filled: Tree, /, *, place: Place) -> Node:
        node = _rows_node(filled.rows, place=place, has_keys=True)
        node.kind = node.means = "tree"
        node.is_default = not filled.rows
        return node

    def step(self, key: str | int, /) -> Step:
        if isinstance(key, int):
            return Step(words=f"row {key + 1}", shape=_TreeRowShape())
        return super().step(key)

    def wants(self) -> str:
        return "Write names and values in braces here."


class _TreeRowShape(TreeShape):
    """Only finds the words for a place below a row."""

    def step(self, key: str | int, /) -> Step:
        words = {"key": "name", "value": "value", "rows": "inside"}
        if isinstance(key, str) and key in words:
            return Step(words=words[key], shape=self)
        return super().step(key)


def _values_in(value: Any) -> Iterator[Any]:
    """Everything inside ``value``, level by level: each takes a row."""
    level = [value]
    while level:
        inside: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inside.extend(item.values())
            elif isinstance(item, list):
                inside.extend(item)
        yield from inside
        level = inside


def _fill_row(value: Any, *, key: str = "", depth: int = 1) -> TreeRow:
    if depth > limits.JSON_DEPTH:
        raise Unfit
    name = fill_text(key)
    if value is None:
        return TreeRow(name, "nothing")
    if isinstance(value, bool):
        return TreeRow(name, "flag", Typed("true" if value else "false"))
    if isinstance(value, str):
        return TreeRow(name, "text", fill_text(value))
    if isinstance(value, list):
        items = tuple(_fill_row(item, depth=depth + 1) for item in value)
        return TreeRow(name, "list", rows=items)
    if isinstance(value, dict):
        members = tuple(
            _fill_row(item, key=inner, depth=depth + 1) for inner, item in value.items()
        )
        return TreeRow(name, "object", rows=members)
    return TreeRow(name, "number", fill_number(value))


class _Reader:
    """Reads at most ``limits.LIST_ITEMS`` rows of a tree, however they nest.

    Each row is drawn again when something is wrong. ``cut`` counts those left
    out, without what was inside them.
    """

    def __init__(self) -> None:
        self._left = limits.LIST_ITEMS
        self.cut = 0

    def rows(self, posted: Posted, /, *, depth: int) -> tuple[TreeRow, ...]:
        return tuple(self._rows(posted, depth=depth))

    def _rows(self, posted: Posted, *, depth: int) -> Iterator[TreeRow]:
        for row in posted.rows():
            if not self._left:
                self.cut += 1
                continue
            self._left -= 1
            read = self._row(row, depth=depth)
            if row.text("_spare") is None or read != TreeRow():
                yield read
            else:
                self._left += 1

    def _row(self, posted: Posted, *, depth: int) -> TreeRow:
        none = Posted()
        kind = posted.text("kind") or ""
        nested: tuple[TreeRow, ...] = ()
        if kind in NESTED and depth < limits.JSON_DEPTH:
            nested = self.rows(posted.children.get("rows", none), depth=depth + 1)
        return TreeRow(
            key=read_text(posted.children.get("key", none)) or Typed(),
            kind=kind if kind in KINDS else "text",
            value=read_text(posted.children.get("value", none)) or Typed(),
            rows=nested,
        )


def _object(
    rows: tuple[TreeRow, ...], *, loc: Loc, problems: list[Problem]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, row in enumerate(rows):
        name = row.key.text
        if name in found:
            problems.append(
                Problem(
                    (*loc, at, "key"),
                    f"“{name}” is there twice; give one of them another name.",
                )
            )
        found[name] = _value(row, loc=(*loc, at), problems=problems)
    return found


def _value(row: TreeRow, *, loc: Loc, problems: list[Problem]) -> Any:
    text = row.value.text
    if row.kind == "list":
        # Text that became a list: one item for each of its lines.
        lines = [line for line in text.split("\n") if line.strip()]
        inside = [
            _value(item, loc=(*loc, "rows", at), problems=problems)
            for at, item in enumerate(row.rows)
        ]
        return lines + inside
    if row.kind == "object":
        if text.strip():
            words = "A group has rows of its own; move this text into one of them."
            problems.append(Problem((*loc, "value"), words))
        return _object(row.rows, loc=(*loc, "rows"), problems=problems)
    try:
        return _scalar(row.kind, text)
    except ValueError as error:
        problems.append(Problem((*loc, "value"), str(error)))
        return text


def _scalar(kind: str, text: str) -> Any:
    if kind == "number":
        return number(text)
    if kind == "flag":
        if text.strip().casefold() not in _FLAGS:
            raise ValueError("Choose yes or no.")
        return _FLAGS[text.strip().casefold()]
    return None if kind == "nothing" else text


def _rows_node(rows: tuple[TreeRow, ...], *, place: Place, has_keys: bool) -> Node:
    nodes = [
        _row_node(row, at=at, place=place, has_keys=has_keys)
        for at, row in enumerate(rows)
    ]
    node = Node("tree_rows", place, children=nodes)
    node.spare = _row_node(TreeRow(), at=len(rows), place=place, has_keys=has_keys)
    node.spare.more["is_spare"] = True
    node.more = {"has_keys": has_keys}
    return node


def _row_node(row: TreeRow, *, at: int, place: Place, has_keys: bool) -> Node:
    where = place.child(at, label=f"Row {at + 1}")
    node = Node("tree_row", where, text=row.kind)
    node.options = [
        Option(kind, label, is_chosen=kind == row.kind) for kind, label in KINDS.items()
    ]
    key = text_node(row.key, place=where.child("key", label="Name"), kind="line")
    value = _value_node(row, place=where.child("value", label="Value"))
    node.children = [key, value]
    nested = None
    if row.kind in NESTED:
        nested = _rows_node(
            row.rows,
            place=where.child("rows", label=f"Inside row {at + 1}"),
            has_keys=row.kind == "object",
        )
        node.children.append(nested)
    for child in node.children:
        child.hides_label = True
    node.more = {
        "number": at + 1,
        "key": key,
        "value": value,
        "nested": nested,
        # Items of a list have no names; one that was typed before stays in sight.
        "hides_key": not has_keys and not row.key.text,
    }
    return node


def _value_node(row: TreeRow, *, place: Place) -> Node:
    text = row.value.text
    if row.kind == "number":
        node = Node("line", place, text=text)
        node.attrs = {"inputmode": "decimal"}
        return node
    is_flag = text.strip().casefold() in _FLAGS
    if row.kind == "flag" and (is_flag or not text):
        yes = _FLAGS.get(text.strip().casefold())
        options = [
            Option("true", "Yes", is_chosen=yes is True),
            Option("false", "No", is_chosen=yes is False),
        ]
        if yes is None:
            options.insert(0, Option("", "–", is_chosen=True))
        return Node("select", place, options=options)
    if row.kind in {*NESTED, "nothing"} and not text:
        return Node("hidden", place)
    return text_node(row.value, place=place, kind="text")
