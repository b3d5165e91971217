"""What two people made of one draft, ready for the page on which one is typing."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.parsing import pointer_to
from personas.domain.canonical import canonical_json, content_hash
from personas.domain.merging import (
    ABSENT,
    Overlap,
    Path,
    Side,
    is_same,
    merge,
    term_paths,
)
from personas.domain.sheets import Sheet
from personas.forms.sheets import PICTURE
from personas.views.comparing import Run, text_runs
from personas.views.shown import field_title, picture_url, value_text

_MARK: Final = 16  # hex digits of a hash; enough to tell texts apart
_SIDES: Final[Mapping[str, Side]] = {"mine": "mine", "theirs": "theirs"}


class Unreadable(Exception):
    """What a script sent along is not what our page sends."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose text counts at a place, and the mark of theirs as it was seen."""

    side: Side
    mark: str


@dataclass(frozen=True, slots=True)
class Text:
    """One of three texts: what differs from the base is marked."""

    text: str
    runs: tuple[Run, ...] = ()
    picture: str = ""
    is_absent: bool = False

    @property
    def is_cut(self) -> bool:
        return any(run.left_out for run in self.runs)


@dataclass(frozen=True, slots=True)
class Clash:
    """An overlap as the panel shows it.

    ``problem`` says why mine cannot be read, so that only the page holds it.
    """

    pointer: str
    title: str
    mine: Text
    theirs: Text
    base: Text
    mark: str
    is_picture: bool = False
    problem: str = ""


@dataclass(slots=True)
class Outcome:
    """What becomes of the fields of one page.

    ``values`` holds the merged value of every field that is settled, ``open`` that
    of the fields in which something overlaps. ``kept`` cannot be read yet, and
    stay as they are.
    """

    values: dict[str, Any] = field(default_factory=dict)
    open: dict[str, Any] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)


def texts_of(values: Mapping[str, Any], /) -> dict[str, str]:
    """Field → its value as JSON text, for a page to keep and to send back.

    As values, a script would forget the difference between 1 and 1.0, and sort
    names that look like numbers.
    """
    return {name: canonical_json(value) for name, value in values.items()}


def read_base(text: str, /, *, names: Collection[str]) -> dict[str, Any]:
    """Field → value as the page began with it, out of what ``texts_of`` gave.

    Raises:
        Unreadable: it is no JSON object of such fields.
    """
    found = _object(text)
    unknown = sorted(found.keys() - set(names))
    if unknown:
        raise Unreadable(f"There is no field “{unknown[0][:100]}”.")
    if not all(isinstance(value, str) for value in found.values()):
        raise Unreadable("Reload the page; what it sent holds no texts.")
    return {name: _value(value) for name, value in found.items()}


def read_choices(text: str, /) -> dict[str, Choice]:
    """Pointer → choice, out of ``{pointer: {"side": …, "mark": …}}``.

    Raises:
        Unreadable: it is something else.
    """
    found = {}
    for pointer, choice in _object(text).items():
        match choice:
            case {"side": str(side), "mark": str(mark)} if side in _SIDES:
                found[pointer] = Choice(_SIDES[side], mark)
            case _:
                raise Unreadable("Choose mine or theirs.")
    return found


def _object(text: str) -> dict[str, Any]:
    found = _value(text)
    if not isinstance(found, dict):
        raise Unreadable("Reload the page; what it sent is no object.")
    return found


def _value(text: str) -> Any:
    try:
        found = json.loads(text)
        # Numbers that are not finite and halves of characters are refused here.
        canonical_json(found).encode()
    except (ValueError, RecursionError) as error:
        raise Unreadable("Reload the page; what it sent cannot be read.") from error
    return found


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one page: as it began, as typed, and as stored by now.

    A field of ``base`` that ``mine`` lacks was not touched. ``problems`` are the
    fields whose controls cannot be read, with the reason. A choice (by the
    pointer of its place) counts as long as their text is what it was made for.
    """

    base: Mapping[str, Any]
    mine: Mapping[str, Any]
    problems: Mapping[str, str]
    theirs: Sheet
    choices: Mapping[str, Choice]

    def merged(self) -> Outcome:
        """Everything that is on the page, merged field by field."""
        stored = self.theirs.model_dump(mode="json")
        outcome = Outcome()
        for name, value in stored.items():
            if name in self.problems:
                self._keep(name, value, outcome)
            elif name in self.mine or name in self.base:
                self._merge(name, value, outcome)
        return outcome

    def _keep(self, name: str, stored: Any, outcome: Outcome) -> None:
        """What cannot be read stays on the page, unless theirs is chosen."""
        overlap = Overlap((name,), self.base.get(name, ABSENT), ABSENT, stored)
        side = self._chosen([overlap]).get((name,))
        if side == "theirs":
            outcome.values[name] = stored
        elif side == "mine" or is_same(overlap.base, stored):
            outcome.kept.append(name)
        else:
            outcome.open[name] = ABSENT
            clash = _clash(overlap, model=type(self.theirs))
            outcome.clashes.append(replace(clash, problem=self.problems[name]))

    def _merge(self, name: str, stored: Any, outcome: Outcome) -> None:
        base = {name: self.base[name]} if name in self.base else {}
        mine = {name: self.mine[name]} if name in self.mine else base
        theirs, terms = {name: stored}, term_paths(type(self.theirs))
        found = merge(base, mine=mine, theirs=theirs, terms=terms)
        if chosen := self._chosen(found.overlaps):
            found = merge(base, mine=mine, theirs=theirs, terms=terms, chosen=chosen)
        if not found.overlaps:
            outcome.values[name] = found.value[name]
            return
        outcome.open[name] = found.value[name]
        model = type(self.theirs)
        outcome.clashes += [_clash(overlap, model=model) for overlap in found.overlaps]

    def _chosen(self, overlaps: Iterable[Overlap]) -> dict[Path, Side]:
        found: dict[Path, Side] = {}
        for overlap in overlaps:
            choice = self.choices.get(pointer_to(overlap.path))
            if choice is not None and choice.mark == _mark(overlap.theirs):
                found[overlap.path] = choice.side
        return found


def _mark(value: Any) -> str:
    return "absent" if value is ABSENT else content_hash(value)[:_MARK]


def _clash(overlap: Overlap, *, model: type[Sheet]) -> Clash:
    is_picture = overlap.path == (PICTURE,)
    return Clash(
        pointer=pointer_to(overlap.path),
        title=field_title(".".join(overlap.path), model=model),
        mine=_text(overlap.mine, base=overlap.base, is_picture=is_picture),
        theirs=_text(overlap.theirs, base=overlap.base, is_picture=is_picture),
        base=_text(overlap.base, is_picture=is_picture),
        mark=_mark(overlap.theirs),
        is_picture=is_picture,
    )


def _text(value: Any, *, base: Any = ABSENT, is_picture: bool = False) -> Text:
    if value is ABSENT:
        return Text("", is_absent=True)
    if is_picture:
        return Text("", picture=picture_url(str(value)))
    text, old = value_text(value), "" if base is ABSENT else value_text(base)
    if base is not ABSENT and text == old and not is_same(value, base):
        # Such as a number in the place of a yes, which read alike.
        text, old = canonical_json(value), canonical_json(base)
    return Text(text, runs=text_runs(old, after=text) if base is not ABSENT else ())


def changed_places(
    before: Any, /, *, after: Any, model: type[Sheet], name: str
) -> list[Path]:
    """Below the field ``name``, the places whose controls show something else.

    As deep as models go, since each of their fields has controls of its own; the
    empty path stands for the whole field.
    """
    info = model.model_fields[name]
    return list(_places(before, after, info.annotation, ()))


def _places(before: Any, after: Any, kind: Any, path: Path) -> Iterator[Path]:
    if is_same(before, after):
        return
    is_model = isinstance(kind, type) and issubclass(kind, Sheet)
    if not (is_model and isinstance(before, dict) and isinstance(after, dict)):
        yield path
        return
    for key, info in kind.model_fields.items():
        yield from _places(
            before.get(key, ABSENT),
            after.get(key, ABSENT),
            info.annotation,
            (*path, key),
        )
