"""An annotation made ready for forms: its controls, and who judges the value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from core.sheet_forms import json_text
from core.sheet_forms.nodes import Loc, Problem
from core.sheet_forms.posted import Overfull, Posted, last_text
from core.sheet_forms.schema import help_of, resolve, shape_of
from core.sheet_forms.shapes import Filled, Shape, Unfit
from core.sheet_forms.words import explain

JSON_TEXT: Final = "__json"
JSON_MARK: Final = "__as_json"
OVERFULL: Final = (
    "This form has more parts than can be read; nothing of it was saved."
    " Reload the page, and write large values as JSON."
)
_VALUE: Final = "value"


@dataclass(frozen=True)
class Reading:
    """What was submitted for one field, as typed."""

    filled: Filled | None = None
    """The controls, or ``None`` if none of them was posted."""
    json_text: str | None = None
    is_json: bool = False
    """Whether the JSON text counts, instead of the controls."""
    is_overfull: bool = False
    """Whether more was sent than can be read; nothing of it was."""


@dataclass(frozen=True)
class Judgement:
    """The value that a reading means, or what is wrong with it."""

    value: Any = None
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Blueprint:
    """One annotation: ``shape`` draws and reads it, ``holder`` validates it."""

    shape: Shape
    holder: type[BaseModel]
    label: str
    help: str
    is_required: bool

    @classmethod
    def of(
        cls,
        annotation: Any,
        /,
        *,
        info: FieldInfo | None = None,
        config: ConfigDict | None = None,
    ) -> Self:
        """Prepare ``annotation`` as a field of a model with ``config`` would be.

        ``info`` is that field's description; it may hold the annotation itself,
        as the values of ``model_fields`` do.
        """
        entry: Any = (annotation, ... if info is None else info)
        holder = create_model("Holder", __config__=config, value=entry)
        root = holder.model_json_schema()
        schema = root["properties"][_VALUE]
        return cls(
            shape=shape_of(schema, root=root),
            holder=holder,
            label=str(schema.get("title") or resolve(schema, root=root)["title"]),
            help=help_of(schema, root=root),
            is_required=_VALUE in root.get("required", ()),
        )

    def read(self, data: Mapping[str, Any], /, *, name: str) -> Reading:
        """Collect what ``data`` holds for the field called ``name``."""
        try:
            filled = self.shape.read(Posted.under(data, name=name))
        except Overfull:
            return Reading(is_overfull=True)
        text = last_text(data, name=name + JSON_TEXT)
        mark = last_text(data, name=name + JSON_MARK)
        if text is not None:
            text = text.replace("\r\n", "\n")
        return Reading(filled, text, is_json=bool(mark) and text is not None)

    def fill(self, value: Any, /) -> Reading:
        """Show ``value``, a JSON value; where controls cannot, as JSON.

        ``None`` is the default of whatever cannot be ``None``.
        """
        try:
            filled = self.shape.fill(value)
        except Unfit:
            if value is None:
                return Reading()
            return Reading(None, json_text.show(value), is_json=True)
        return Reading(filled)

    def blank(self) -> Any:
        """The value of a sheet in which this field was never touched."""
        if self.is_required:
            return None
        return self.holder().model_dump(mode="json")[_VALUE]

    def judge(self, reading: Reading, /) -> Judgement:
        """Validate what was typed; problems name the control they belong to."""
        if reading.is_overfull:
            return Judgement(problems=[Problem((), OVERFULL)])
        problems: list[Problem] = []
        entry: dict[str, Any] = {}
        if reading.is_json:
            try:
                entry[_VALUE] = json_text.parse(reading.json_text or "")
            except json_text.Unreadable as error:
                return Judgement(problems=[Problem((), str(error))])
        elif reading.filled is not None:
            entry[_VALUE] = self.shape.value(reading.filled, loc=(), problems=problems)
        return self._validated(entry, problems)

    def judge_value(self, value: Any, /) -> Judgement:
        """Validate a plain value, as ``judge`` does what was typed."""
        return self._validated({_VALUE: value}, [])

    def _validated(self, entry: dict[str, Any], problems: list[Problem]) -> Judgement:
        unread = {problem.loc for problem in problems}
        value = None
        try:
            held = self.holder.model_validate(entry)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                loc = tuple(item["loc"][1:])
                if loc not in unread:
                    shape = self._walk(loc)[1]
                    problems.append(Problem(loc, explain(item, shape=shape)))
        else:
            value = held.model_dump(mode="json")[_VALUE]
        if problems:
            return Judgement(problems=[self._placed(problem) for problem in problems])
        return Judgement(value=value)

    def shown(self, reading: Reading, /) -> Filled | None:
        """The controls to draw for ``reading``; ``None`` if only JSON can show it."""
        if reading.is_json:
            return self._from_json(reading) or reading.filled
        if reading.filled is None:
            return self._blank_filled()
        return reading.filled

    def _from_json(self, reading: Reading) -> Filled | None:
        try:
            return self.shape.fill(json_text.parse(reading.json_text or ""))
        except (Unfit, json_text.Unreadable):
            return None

    def _blank_filled(self) -> Filled:
        try:
            return self.shape.fill(self.blank())
        except Unfit:
            return self.shape.blank()

    def _placed(self, problem: Problem) -> Problem:
        words, _ = self._walk(problem.loc)
        where = ", ".join(word for word, _ in words)
        return Problem(
            problem.loc,
            problem.message,
            where=where[:1].upper() + where[1:],
            below=", ".join(word for word, known in words if not known),
        )

    def _walk(self, loc: Loc) -> tuple[list[tuple[str, bool]], Shape | None]:
        """Words for each step, whether a control stands there, and the last shape."""
        words: list[tuple[str, bool]] = []
        shape: Shape | None = self.shape
        for key in loc:
            if shape is None:
                words.append((f"“{key}”", False))
                continue
            step = shape.step(key)
            words.append((step.words, step.shape is not None))
            shape = step.shape
        return words, shape


def plain(value: Any, /) -> Any:
    """Models as the JSON values that are stored of them."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
