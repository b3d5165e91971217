"""The form for a duplicate: how it is called."""

from typing import Any

from django import forms

from core.sheet_forms import SheetField
from personas.domain.sheets import Name, Slug


class DuplicateForm(forms.Form):
    """Name and id of what is made from another draft."""

    name = SheetField(Name, label="Name", help_text="What people see.")
    new_id = SheetField(
        Slug,
        label="Id",
        help_text="Small letters, digits, single - or _. It never changes.",
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", **options)
