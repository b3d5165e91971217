"""Settings of policy: what each does, its value, who changed it and when."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from pydantic import ValidationError

from core import limits, policy
from core.access import allows
from core.models import PolicySetting
from core.people import may
from core.policy import PolicySpec
from core.roles import Action
from core.views.requests import page_of, signed_in

_NEW: Final = "value"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting on the page; ``row`` is the newest change.

    ``form`` is its control, ``None`` if it is edited on a page of its own.
    """

    spec: PolicySpec
    value: str
    default: str
    row: PolicySetting | None
    form: forms.Form | None
    is_default: bool


@allows(GET=Action.SEE)
def setting_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


@allows(GET=Action.SEE, POST=Action.EDIT_SETTINGS)
def setting_detail(request: HttpRequest, name: str) -> HttpResponse:
    """The history of one setting; by POST, its new value."""
    spec = _spec_or_404(name)
    if request.method == "POST":
        return _elsewhere(request, spec=spec) or _change(request, spec=spec)
    page = page_of(request, rows=policy.history(name))
    context = {
        "page_title": spec.title,
        "page_subtitle": spec.help,
        "spec": spec,
        "default": spec.words(spec.default),
        "page": page,
        "rows": [(row, _stored_words(spec, row=row)) for row in page.object_list],
    }
    return render(request, "core/settings_detail.html", context)


@allows(POST=Action.EDIT_SETTINGS)
def setting_reset(request: HttpRequest, name: str) -> HttpResponse:
    """Back to the default."""
    spec = _spec_or_404(name)
    return _elsewhere(request, spec=spec) or _set(
        request, spec=spec, value=spec.default
    )


def _spec_or_404(name: str) -> PolicySpec:
    try:
        return policy.spec_of(name)
    except policy.UnknownSetting as error:
        raise Http404(str(error)) from error


def _elsewhere(request: HttpRequest, *, spec: PolicySpec) -> HttpResponse | None:
    """To the setting's own page, if it has one: only that knows how to edit it."""
    if not spec.page:
        return None
    messages.warning(request, f"{spec.title} can only be changed on this page.")
    return redirect(spec.page)


def _stored_words(spec: PolicySpec, *, row: PolicySetting) -> str:
    try:
        return spec.words(spec.read(row.value))
    except ValidationError:
        return f"{policy.in_words(row.value)[:200]} (not allowed any more)"


def _change(request: HttpRequest, *, spec: PolicySpec) -> HttpResponse:
    form = form_for(spec, data=request.POST)
    if form.is_valid():
        try:
            return _set(request, spec=spec, value=form.cleaned_data[_NEW])
        except policy.InvalidValue as error:
            form.add_error(_NEW, str(error))
    return _list(request, wrong=(spec.name, form))


def _set(request: HttpRequest, *, spec: PolicySpec, value: Any) -> HttpResponse:
    policy.set_value(
        name=spec.name,
        value=value,
        actor=signed_in(request),
        now=timezone.now(),
    )
    messages.success(request, f"{spec.title}: {spec.words(value)}.")
    return redirect("core:setting-list")


def _list(
    request: HttpRequest, *, wrong: tuple[str, forms.Form] | None = None
) -> HttpResponse:
    """All settings by group; ``wrong`` is the form that was refused."""
    rows = policy.newest()
    bound = dict([wrong] if wrong else [])
    settings = [
        _setting(spec, row=rows.get(spec.name), form=bound.get(spec.name))
        for spec in sorted(policy.specs(), key=lambda spec: spec.group)
    ]
    context = {
        "page_title": "Settings",
        "page_subtitle": "They act at once, on every page and for every bot.",
        "groups": [
            (name, list(found))
            for name, found in groupby(settings, key=lambda each: each.spec.group)
        ],
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }
    status = 422 if wrong else 200
    return render(request, "core/settings_list.html", context, status=status)


def _setting(
    spec: PolicySpec, *, row: PolicySetting | None, form: forms.Form | None
) -> Setting:
    value = policy.value(spec.name)
    return Setting(
        spec=spec,
        value=spec.words(value),
        default=spec.words(spec.default),
        row=row,
        form=form or (None if spec.page else form_for(spec, value=value)),
        is_default=value == spec.default,
    )


def form_for(spec: PolicySpec, *, value: Any = None, data: Any = None) -> forms.Form:
    """A form of one field, ``value``, with the control that its type asks for."""
    fields = {_NEW: _field(spec)}
    kind = type("SettingForm", (forms.Form,), fields)
    form: forms.Form = kind(
        data, initial={_NEW: value}, prefix=None, auto_id=f"setting-{spec.name}-%s"
    )
    return form


def _field(spec: PolicySpec) -> forms.Field:
    """A switch, a number box with its range, or a line of text.

    Where nothing is a value too, the box may be left empty.
    """
    schema, is_optional = _without_null(spec.schema)
    shown: dict[str, Any] = {"label": spec.title, "help_text": spec.help}
    if is_optional:
        shown["required"] = False
    match schema.get("type"):
        case "boolean":
            switch = forms.CheckboxInput({"class": "switch"})
            return forms.BooleanField(required=False, widget=switch, **shown)
        case "integer":
            return forms.IntegerField(**_range(schema), **shown)
        case "number":
            return forms.FloatField(**_range(schema), **shown)
        case "array" if _is_of_integers(schema):
            return NumbersField(required=False, **shown)
        case "string" if "enum" in schema:
            choices = [(name, name.capitalize()) for name in schema["enum"]]
            return forms.ChoiceField(choices=choices, **shown)
        case "string":
            length = schema.get("maxLength", limits.LINE_LENGTH)
            empty = None if is_optional else ""
            return forms.CharField(max_length=length, empty_value=empty, **shown)
        case other:
            raise TypeError(f"{spec.name}: there is no control for {other} yet.")


def _is_of_integers(schema: dict[str, Any]) -> bool:
    return bool(schema.get("items", {}).get("type") == "integer")


class NumbersField(forms.CharField):
    """Whole numbers on one line, with commas between them; cleaned, a tuple."""

    _DIGITS: Final = 18

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, tuple) else value

    def clean(self, value: Any) -> tuple[int, ...]:
        """Raises ValidationError: something in it is no whole number."""
        words = super().clean(value).replace(",", " ").split()
        for word in words:
            if not (word.isascii() and word.isdecimal() and len(word) < self._DIGITS):
                raise forms.ValidationError(
                    f"“{word[:40]}” is no whole number. Write numbers with commas"
                    " between them, such as 50, 100, 500."
                )
        return tuple(int(word) for word in words)


def _without_null(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema of the values that are something, and whether nothing is one too."""
    kinds = schema.get("anyOf", [schema])
    found = [kind for kind in kinds if kind != {"type": "null"}]
    return (found[0] if len(found) == 1 else schema), len(found) < len(kinds)


def _range(schema: dict[str, Any]) -> dict[str, Any]:
    return {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
