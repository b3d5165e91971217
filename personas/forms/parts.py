"""Some fields of a draft's form, as the editor's script sends them by themselves."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from django.http import QueryDict

from core.sheet_forms.blueprint import JSON_MARK, JSON_TEXT
from personas.forms.drafts import form_class_of
from personas.forms.sheets import SheetForm
from personas.forms.uploads import FILE, REMOVE
from personas.models import Character, Framework

# What may follow a field's name in the names of its controls.
_SUFFIXES: Final = (JSON_TEXT, JSON_MARK, FILE, REMOVE)


def sheet_names(form_class: type[SheetForm], /) -> list[str]:
    """The fields of the sheet, in the form's order."""
    return [name for part in form_class.parts for name in part.names]


def sent_names(
    form_class: type[SheetForm], /, *, data: Iterable[str], files: Iterable[str]
) -> list[str]:
    """Fields of the sheet that something was sent for, in the form's order.

    ``data`` and ``files`` name the controls.
    """
    found = {_field_of(key) for key in (*data, *files)}
    return [name for name in sheet_names(form_class) if name in found]


def _field_of(key: str) -> str:
    name = key.split(".", 1)[0]
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def form_of_parts(
    draft: Character | Framework,
    /,
    *,
    data: QueryDict,
    names: Collection[str],
    picture_error: str = "",
) -> SheetForm:
    """The draft's form in which only ``names`` are read; the rest is as stored."""
    form = form_class_of(draft)(data, current=draft, picture_error=picture_error)
    for name in form.sheet_names:
        form.fields[name].disabled = name not in names
    return form


def read(form: SheetForm, /, *, names: Collection[str]) -> dict[str, Any]:
    """Field → value among ``names``, without those that hold a mistake."""
    form.full_clean()
    cleaned: Mapping[str, Any] = form.cleaned_data
    return {name: cleaned[name] for name in names if name in cleaned}


def showing(draft: Character | Framework, /, *, values: Mapping[str, Any]) -> SheetForm:
    """The draft's form with ``values`` in place of what is stored."""
    form = form_class_of(draft)(current=draft)
    form.initial.update(values)
    return form
