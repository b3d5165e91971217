"""Django form fields for pydantic annotations.

``SheetField.for_model_field(CharacterSheet, "identity")`` is the form of one
field of a model; ``sheet_fields`` makes several at once, for a form class.
"""

from collections.abc import Iterable
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import pretty_name
from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as SheetError
from pydantic.fields import FieldInfo

from core.sheet_forms.blueprint import Blueprint, Judgement, Reading, plain
from core.sheet_forms.json_text import show
from core.sheet_forms.widgets import SheetWidget
from core.sheet_forms.words import explain, messages


class SheetField(forms.Field):
    """A form field whose cleaned value is the JSON value of an annotation.

    ``info`` is the pydantic description of the field: title, description,
    default, limits. ``config`` is that of the model it belongs to.
    """

    widget = SheetWidget

    def __init__(
        self,
        annotation: Any = None,
        *,
        info: FieldInfo | None = None,
        config: ConfigDict | None = None,
        blueprint: Blueprint | None = None,
        label: str | None = None,
        help_text: str | None = None,
        **options: Any,
    ) -> None:
        self.blueprint = blueprint or Blueprint.of(annotation, info=info, config=config)
        words = self.blueprint.label if label is None else label
        options.setdefault("required", self.blueprint.is_required)
        options.setdefault("initial", self.blueprint.blank)
        options.setdefault("widget", SheetWidget(blueprint=self.blueprint))
        super().__init__(
            label=words,
            help_text=self.blueprint.help if help_text is None else help_text,
            **options,
        )
        self.widget.label = words

    @classmethod
    def for_model_field(
        cls, model: type[BaseModel], name: str, /, **options: Any
    ) -> Self:
        """The form field of one field of ``model``, with its title and help."""
        info = model.model_fields[name]
        options.setdefault("label", info.title or pretty_name(name))
        return cls(info.annotation, info=info, config=model.model_config, **options)

    def prepare_value(self, value: Any) -> Any:
        return plain(value)

    def clean(self, value: Any) -> Any:
        """Return the JSON value of a reading, or of a plain value.

        Raises:
            ValidationError: one message for each control that is wrong.
        """
        judgement = self._judge(value)
        if judgement.problems:
            raise ValidationError(messages(judgement.problems), code="invalid")
        self.run_validators(judgement.value)
        return judgement.value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare values: how they were typed does not matter, their order does."""
        if self.disabled:
            return False
        judgement = self._judge(data)
        if judgement.problems:
            return True
        before = plain(initial)
        # What was stored before may lack fields that have defaults by now.
        known = self.blueprint.judge_value(before)
        if known.problems:
            before = self.blueprint.blank() if before is None else before
        else:
            before = known.value
        return show(before) != show(judgement.value)

    def _judge(self, value: Any) -> Judgement:
        if isinstance(value, Reading):
            return self.blueprint.judge(value)
        return self.blueprint.judge_value(plain(value))


def sheet_fields(
    model: type[BaseModel], names: Iterable[str] | None = None, /
) -> dict[str, SheetField]:
    """Form fields for the named fields of ``model``, or for all of them."""
    chosen = model.model_fields if names is None else names
    return {name: SheetField.for_model_field(model, name) for name in chosen}


def add_sheet_errors(form: forms.BaseForm, /, *, error: SheetError) -> None:
    """Put the errors of a whole sheet beside the form's fields.

    For rules across fields, which no single field can check. What belongs to no
    field of the form stands above it.
    """
    for item in error.errors(include_url=False):
        first = item["loc"][0] if item["loc"] else None
        field = str(first) if first in form.fields else None
        form.add_error(field, ValidationError(explain(item), code="invalid"))
