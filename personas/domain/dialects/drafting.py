"""Building a sheet from the fields of a file, and remembering what became of each.

A ``Record`` hands out the fields of one JSON object; what nobody takes out of it is
what must be kept. A ``Draft`` holds what was taken, by its path in the sheet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Fit, How, Unfit
from personas.domain.dialects.parsed import UnreadableFile, dotted, pointer
from personas.domain.remarks import Action, Remark
from personas.domain.sheets import Tree

M = TypeVar("M", bound=BaseModel)

MOST_NAMED: Final = 200
"""Fields of one object that nobody knows and that get a remark each."""

_TREE: TypeAdapter[Any] = TypeAdapter(Tree)


@dataclass(frozen=True)
class Field:
    """A row of a dialect's table: ``key`` in the file goes to ``to`` in the sheet."""

    key: str
    to: str
    how: How


class Draft:
    """A sheet in the making, as nested dicts, and the remarks on its making."""

    def __init__(self, remarks: Iterable[Remark] = ()) -> None:
        self.values: dict[str, Any] = {}
        self.remarks: list[Remark] = list(remarks)
        self._sources: dict[str, Sequence[str]] = {}
        self._kept: list[tuple[Sequence[str], JsonValue]] = []

    def note(self, path: Sequence[str], action: Action, detail: str = "") -> None:
        """Add a remark on the file's field at ``path``."""
        self.remarks.append(Remark(dotted(path), action, detail))

    def explain(self, path: Sequence[str], detail: str) -> None:
        """Add ``detail`` to the remarks on the file's field at ``path``."""
        self.remarks = [
            replace(one, detail=f"{one.detail}. {detail}".replace("..", "."))
            if one.field == dotted(path)
            else one
            for one in self.remarks
        ]

    def keep(self, path: Sequence[str], value: JsonValue, *, why: str = "") -> None:
        """Note that ``value`` goes to the extensions as it is."""
        self._kept.append((path, value))
        self.note(path, Action.KEPT, why)

    def get(self, to: str) -> Any:
        """What the sheet's field ``to`` has so far, or None."""
        place: Any = self.values
        for step in to.split("."):
            place = place.get(step) if isinstance(place, dict) else None
        return place

    def set(self, to: str, value: object, *, source: Sequence[str] = ()) -> None:
        """Give the sheet's field ``to`` a value that came from ``source``."""
        *parents, last = to.split(".")
        place = self.values
        for step in parents:
            place = place.setdefault(step, {})
        place[last] = value
        if source:
            self._sources[to] = source

    def join(self, to: str, value: Any, *, source: Sequence[str]) -> str:
        """Set ``to``, or add to the list that is there; says what was left out.

        Raises:
            Unfit: the field already has another value that is not a list.
        """
        found = self.get(to)
        if coercing.is_empty(found) or found == value:
            self.set(to, value, source=source)
            return ""
        if not isinstance(found, list):
            raise Unfit(f"Another field already gave {to}.")
        listed = {coercing.written_out(item) for item in found}
        shown = [(coercing.written_out(item), item) for item in value]
        self.set(to, found + [item for text, item in shown if text not in listed])
        twice = [text for text, _ in shown if text in listed]
        return f"Listed before: {coercing.described(twice)}." if twice else ""

    def built(self, model: type[M]) -> M:
        """The finished sheet.

        Raises:
            UnreadableFile: a value that no sheet may hold, by its field in the file.
        """
        try:
            return model.model_validate(self.values)
        except ValidationError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: ValidationError) -> UnreadableFile:
        first = error.errors(include_url=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        steps = [str(step) for step in first["loc"]]
        for end in range(len(steps), 0, -1):
            source = self._sources.get(dotted(steps[:end]))
            if source:
                break
        else:
            source = self._unkeepable() if steps[:1] == ["extensions"] else ()
        # Rules between fields have no place of their own.
        where = dotted(source or steps)
        whole = f"{where}: {message}" if where else message
        return UnreadableFile(whole, pointer=pointer(source))

    def _unkeepable(self) -> Sequence[str]:
        """The kept field that the extensions cannot hold, empty if it is not one."""
        for path, value in self._kept:
            # As deep as the extensions hold it at most: below two keys of ours.
            tree = value
            for step in ("", "", *path)[::-1]:
                tree = {step: tree}
            try:
                _TREE.validate_python(tree)
            except ValidationError:
                return path
        return ()


class Record:
    """One object of a file, whose fields are taken out one by one."""

    def __init__(
        self,
        fields: Mapping[str, JsonValue],
        *,
        draft: Draft,
        path: Sequence[str] = (),
    ) -> None:
        self._left = dict(fields)
        self._draft = draft
        self._path = tuple(path)
        self._children: dict[str, Record] = {}
        self._reasons: dict[str, str] = {}
        self.respelled: dict[str, JsonValue] = {}
        """Fields that were taken with a change, as the file has them."""

        self._given = frozenset(fields)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def gave(self, key: str) -> bool:
        """Whether the field was here and somebody took all of it."""
        return key in self._given and key not in self._left

    def original(self, key: str) -> JsonValue:
        """The value of a field that is still here."""
        return self._left[key]

    def peek(self, key: str, *, how: How) -> Any:
        """The field's value if it has one that fits, else None; nothing is taken."""
        try:
            return how(self._left[key]).value if key in self._left else None
        except Unfit:
            return None

    def take(self, key: str, *, to: str, how: How) -> None:
        """Move the field to the sheet's ``to``; what does not fit stays here."""
        if key not in self._left:
            return
        path = (*self._path, key)
        original = self._left[key]
        try:
            fit = how(original)
            if fit.noise:
                self.drop(key, why="Empty.")
                return
            twice = self._draft.join(to, fit.value, source=path)
        except Unfit as error:
            self.refuse(key, why=str(error))
            return
        if fit.value != original:
            self.respelled[key] = original
        self._note(key, to=to, repair=coercing.repairs_of((fit.repair, twice)))
        if fit.left is None:
            del self._left[key]
        else:
            self._left[key] = fit.left
            self.refuse(key, why="The parts that have no place in a sheet.")

    def _note(self, key: str, *, to: str, repair: str) -> None:
        action = Action.REPAIRED if repair else Action.MAPPED
        self._draft.note((*self._path, key), action, repair or to)

    def take_unless_object(self, key: str, *, to: str, how: How) -> None:
        """Take the field if it is a list, a text or a number."""
        if not isinstance(self._left.get(key), dict):
            self.take(key, to=to, how=how)

    def take_table(self, table: Iterable[Field]) -> None:
        """Take the fields of a table that are here."""
        for row in table:
            self.take(row.key, to=row.to, how=row.how)

    def take_others(self, *, to: str, how: How) -> None:
        """Move all the fields that are still here to one field of the sheet."""
        if not self._left:
            return
        fit: Fit[Any] = how(dict(self._left))
        self._left.clear()
        if fit.noise:
            self._draft.note(self._path, Action.DROPPED, fit.repair)
            return
        twice = self._draft.join(to, fit.value, source=self._path)
        repair = coercing.repairs_of((fit.repair, twice))
        action = Action.REPAIRED if repair else Action.MAPPED
        self._draft.note(self._path, action, repair or to)

    def explain(self, key: str, *, detail: str) -> None:
        """Add ``detail`` to the remarks on a field."""
        self._draft.explain((*self._path, key), detail)

    def refuse(self, key: str, *, why: str) -> None:
        """Leave the field here, with the reason for its remark."""
        self._reasons[key] = why

    def drop(self, key: str, *, why: str) -> None:
        """Forget the field: it holds nothing."""
        del self._left[key]
        self._draft.note((*self._path, key), Action.DROPPED, why)

    def drop_if_empty(self, *keys: str) -> None:
        """Forget those of the fields that are here and empty."""
        for key in keys:
            if key in self._left and coercing.is_empty(self._left[key]):
                self.drop(key, why="Empty.")

    def pop(
        self, key: str, *, detail: str, action: Action = Action.MAPPED
    ) -> JsonValue:
        """Take a field that needs no place in the sheet, such as a spec's name."""
        self._draft.note((*self._path, key), action, detail)
        return self._left.pop(key)

    def child(self, key: str) -> "Record":
        """The object at ``key``; an empty one if there is none."""
        self.drop_if_empty(key)
        value = self._left.get(key)
        if isinstance(value, dict):
            inner = Record(value, draft=self._draft, path=(*self._path, key))
            return self._children.setdefault(key, inner)
        if value is not None:
            self.refuse(key, why="Expected an object.")
        return Record({}, draft=self._draft)

    def rest(self) -> dict[str, JsonValue]:
        """What nobody took, in the file's own shape; each is noted as kept."""
        kept: dict[str, JsonValue] = {}
        unnamed = 0
        for key, value in self._left.items():
            child = self._children.get(key)
            if child is not None:
                inner = child.rest()
                if inner:
                    kept[key] = inner
                continue
            kept[key] = value
            if len(kept) <= MOST_NAMED or key in self._reasons:
                path = (*self._path, key)
                self._draft.keep(path, value, why=self._reasons.get(key, ""))
            else:
                unnamed += 1
        if unnamed:
            detail = f"And {unnamed:,} more fields."
            self._draft.note(self._path, Action.KEPT, detail)
        return kept
