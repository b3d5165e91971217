"""The forms of this app's tables: one row of kinds, bands or words."""

from typing import Any

from django import forms
from pydantic import ValidationError

from core.sheet_forms import SheetField, add_sheet_errors
from personas.domain.sheets import Sheet
from relationships.services.tables import Table


class RowForm(forms.Form):
    """One row of ``table``; what tells it from the others only if it is new.

    ``fixed`` are fields of an existing row that cannot change: bots know them.
    """

    started = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        table: Table,
        row: Sheet | None,
        fixed: dict[str, Any],
        started: str,
    ) -> None:
        super().__init__(data, initial={"started": started})
        self._model = table.model
        self._fixed = fixed
        self.row_fields = [
            name for name in table.model.model_fields if name not in fixed
        ]
        for name in self.row_fields:
            self.fields[name] = SheetField.for_model_field(table.model, name)
        if row is not None:
            values = row.model_dump(mode="json")
            self.initial.update({name: values[name] for name in self.row_fields})

    @property
    def shown_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.row_fields]

    def to_row(self) -> Sheet | None:
        """What was written; ``None`` with errors beside the fields."""
        if not self.is_valid():
            return None
        given = {name: self.cleaned_data[name] for name in self.row_fields}
        try:
            return self._model.model_validate({**self._fixed, **given})
        except ValidationError as error:
            add_sheet_errors(self, error=error)
            return None
