"""The form of one trait that drifts."""

from typing import Any

from django import forms
from pydantic import ValidationError

from core.sheet_forms import SheetField, add_sheet_errors
from evolution.domain.drifting import TraitSpec


class TraitForm(forms.Form):
    """Name, steps and words; the id too of a new one."""

    started = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any = None, *, spec: TraitSpec | None, trait: str, started: str
    ) -> None:
        """``trait`` is the id, empty for a new one."""
        super().__init__(data, initial={"started": started})
        self._trait = trait
        names = ("title", "steps", "words") if trait else tuple(TraitSpec.model_fields)
        for name in names:
            self.fields[name] = SheetField.for_model_field(TraitSpec, name)
        if spec is not None:
            shown = spec.model_dump(mode="json")
            self.initial.update({name: shown[name] for name in names})

    def to_spec(self) -> TraitSpec | None:
        """What was written; ``None`` with errors beside the fields."""
        if not self.is_valid():
            return None
        given = {
            name: self.cleaned_data[name] for name in self.fields if name != "started"
        }
        if self._trait:
            given["trait"] = self._trait
        try:
            return TraitSpec.model_validate(given)
        except ValidationError as error:
            add_sheet_errors(self, error=error)
            return None
