"""Between the fields of a file and the values of a sheet, by a table, both ways."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Unfit
from personas.domain.lore import spelling
from personas.domain.lore.spelling import BLOCK, EXTENSIONS, Flat, Form, Path
from personas.domain.lore.tables import OMITTED, Place, Row, Table, Values
from personas.domain.remarks import Action


class Note(NamedTuple):
    """What became of one field."""

    path: Path
    action: Action
    detail: str = ""


@dataclass
class Taken:
    """A sheet's values, where each came from, and what became of each field.

    ``flat`` holds the fields of the file that came from nowhere but the file: all
    but our own block.
    """

    flat: Flat
    values: dict[str, Any]
    notes: list[Note] = field(default_factory=list)
    sources: dict[str, Path] = field(default_factory=dict)

    def note(self, path: Path, action: Action, detail: str = "") -> None:
        """Remember what became of the field at ``path``."""
        self.notes.append(Note(path, action, detail))


def take(flat: Flat, *, table: Table, form: Form) -> Taken:
    """Every value that a sheet has a place for; the rest is noted as kept."""
    block = spelling.block_of(flat, sheet=table.sheet)
    if block is not None:
        flat = {path: value for path, value in flat.items() if path != BLOCK}
    taken = Taken(flat, dict(table.defaults[form]))
    aside = table.aside(flat, form)
    for row in table.rows:
        for place in row.places[form]:
            if place.path in flat and place.path not in aside:
                _take_one(row, path=place.path, taken=taken)
    for path, why in aside.items():
        if path in flat:
            taken.note(path, Action.KEPT, why)
    _take_rest(taken, table=table, form=form)
    if block is not None:
        taken.values |= block
        taken.note(BLOCK, Action.MAPPED, "What other programs have no field for.")
    return taken


def _take_one(row: Row, *, path: Path, taken: Taken) -> None:
    value = taken.flat[path]
    if value is None:
        said = "Null was read as nothing said."
        action = Action.MAPPED if row.nullable else Action.REPAIRED
        taken.note(path, action, row.to if row.nullable else said)
        return
    try:
        fit = row.how(value)
    except Unfit as error:
        taken.note(path, Action.KEPT, str(error))
        return
    source = taken.sources.get(row.to)
    if source is not None and taken.values[row.to] != fit.value:
        taken.note(path, Action.KEPT, f"{'.'.join(source)} was read instead.")
        return
    taken.values[row.to] = fit.value
    if fit.value != "":
        taken.sources[row.to] = path
    taken.note(
        path, Action.REPAIRED if fit.repair else Action.MAPPED, fit.repair or row.to
    )
    if fit.left is not None:
        taken.note(path, Action.KEPT, "The parts that have no place in a sheet.")


def _take_rest(taken: Taken, *, table: Table, form: Form) -> None:
    """Sort what no row took: into the extensions, or only into the origin."""
    typed = table.typed[form]
    extensions: dict[str, JsonValue] = {}
    for path, value in taken.flat.items():
        if path in typed or path == table.holding:
            continue
        if path in table.also:
            taken.note(path, Action.KEPT)
        elif path == (EXTENSIONS,):
            if not isinstance(value, dict):
                taken.note(path, Action.KEPT, "Expected an object.")
        elif form is Form.WORLD_INFO and path[0] in table.matched:
            _take_match(table.matched[path[0]], path=path, taken=taken, into=extensions)
        elif path[0] == EXTENSIONS:
            if not _is_unsaid(path, value=value, table=table):
                extensions[path[1]] = value
            taken.note(path, Action.KEPT)
        else:
            taken.note(path, Action.KEPT)
    taken.values["extensions"] = extensions


def _take_match(name: str, *, path: Path, taken: Taken, into: dict[str, Any]) -> None:
    """A further text to look through, which a sheet's extensions hold if true."""
    try:
        fit = coercing.flag(taken.flat[path])
    except Unfit as error:
        taken.note(path, Action.KEPT, str(error))
        return
    if fit.value:
        into[name] = True
    action = Action.REPAIRED if fit.repair else Action.MAPPED
    taken.note(path, action, fit.repair or f"extensions.{name}")


def spelled(values: Values, *, table: Table, form: Form) -> Flat:
    """The values as a file of this form has them, all that it has fields for."""
    flat: Flat = {}
    for row in table.rows:
        for place in row.places[form]:
            _spell_one(place, values=values, flat=flat)
    extensions = dict(values["extensions"])
    for key, name in table.matched.items():
        if form is Form.CARD:
            extensions.setdefault(name, False)
        elif extensions.get(name) is True:
            del extensions[name]
            flat[(key,)] = True
        else:
            flat[(key,)] = False
    for key, value in extensions.items():
        flat.setdefault((EXTENSIONS, key), value)
    if not extensions and form is Form.CARD:
        flat[(EXTENSIONS,)] = {}
    if table.holding:
        flat[table.holding] = []
    return flat


def _spell_one(place: Place, *, values: Values, flat: Flat) -> None:
    if place.spell is not None:
        value = place.spell(values)
        if value is not OMITTED:
            flat[place.path] = value


def respelled(
    values: Values,
    *,
    origin: spelling.Origin | None,
    table: Table,
    form: Form,
    without: Path | None = None,
) -> Flat:
    """The values as a file has them: as they came, where they say what they said.

    ``origin`` is that of a file in the same form. What the file cannot say otherwise,
    being ``without`` a field, goes into our block.
    """
    fresh = spelled(values, table=table, form=form)
    flat = spelling.recalled(origin, fresh=fresh) if origin else fresh
    if without:
        flat.pop(without, None)
    left = _differing(flat, values=values, table=table, form=form)
    if left and origin:
        for name in left:
            _replace(name, flat=flat, fresh=fresh, table=table, form=form)
        if without:
            flat.pop(without, None)
        left = _differing(flat, values=values, table=table, form=form)
    if left:
        flat.pop((EXTENSIONS,), None)
        flat[BLOCK] = spelling.block({name: values[name] for name in left})
    return flat


def _differing(flat: Flat, *, values: Values, table: Table, form: Form) -> list[str]:
    """The sheet's fields that would be read otherwise than they are."""
    found = take(flat, table=table, form=form).values
    return [
        name
        for name, value in values.items()
        if found[name] != value
        or (name == "extensions" and _sorted(found[name]) != _sorted(value))
    ]


def _sorted(value: JsonValue) -> str:
    """JSON that tells 1 from true, and not one order of keys from another."""
    return json.dumps(value, sort_keys=True)


def _replace(name: str, *, flat: Flat, fresh: Flat, table: Table, form: Form) -> None:
    """Spell one of the sheet's fields anew, wherever the file had it."""
    paths = table.paths(name, form=form)
    if name == "extensions":
        paths = _extension_paths({**fresh, **flat}, table=table, form=form)
    for path in paths:
        if path not in fresh:
            flat.pop(path, None)
        elif path in flat or not _is_unsaid(path, value=fresh[path], table=table):
            flat[path] = fresh[path]


def _is_unsaid(path: Path, *, value: JsonValue, table: Table) -> bool:
    """Whether a field says of a further text that it is not looked through."""
    names = {*table.matched, *table.matched.values()}
    return value is False and path[-1] in names


def _extension_paths(
    flat: Mapping[Path, JsonValue], *, table: Table, form: Form
) -> list[Path]:
    """Where a file holds what a sheet's extensions hold."""
    matched = table.matched if form is Form.WORLD_INFO else {}
    return [
        path
        for path in flat
        if path not in table.typed[form]
        and path not in table.also
        and (path[0] == EXTENSIONS or path[0] in matched)
    ]
