"""Traits that drift: what moves each, and the words by which a prompt tells."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core import policy
from core.access import allows
from core.models import PolicySetting
from core.people import may
from core.policy import ChangedMeanwhile
from core.roles import Action
from core.views.requests import page_of, signed_in
from evolution.domain.drifting import MOST_TRAITS, TraitSpec
from evolution.forms.traits import TraitForm
from evolution.policy import PERSONA_TRAITS, is_enabled
from evolution.services import traits
from evolution.services.traits import EditedMeanwhile, NotValid, Table
from personas.domain.diffing import field_changes
from personas.views.comparing import differences
from personas.views.shown import field_title

_ROW_DIGITS: Final = 18


# -- The table -----------------------------------------------------------------------


@allows(GET=Action.SEE)
def trait_list(request: HttpRequest) -> HttpResponse:
    """Every trait with its steps and words, and the last change."""
    table = traits.current().table
    context = {
        "traits": table,
        "can_add": len(table) < MOST_TRAITS,
        "is_growing": is_enabled(),
        "last": _last_change(),
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }
    return render(request, "evolution/trait_list.html", context)


def _last_change() -> dict[str, Any] | None:
    """The newest change in words, and which row would take it back."""
    rows = list(policy.history(PERSONA_TRAITS)[:2])
    if not rows:
        return None
    return _change(rows[0], before=rows[1] if len(rows) > 1 else None)


def _change(row: PolicySetting, *, before: PolicySetting | None) -> dict[str, Any]:
    old, new = traits.table_of(before), traits.table_of(row)
    return {
        "row": row,
        "lines": _changed(old, new),
        "before_id": before.pk if before else 0,
    }


def _changed(before: Table, after: Table) -> list[str]:
    """What a change of the table did, one line for each trait."""
    old = {spec.trait: spec for spec in before}
    new = {spec.trait: spec for spec in after}
    lines = [f"Added {spec.name}" for spec in after if spec.trait not in old]
    lines += [f"Removed {spec.name}" for spec in before if spec.trait not in new]
    for spec in after:
        fields = [
            field_title(change.path, model=TraitSpec).lower()
            for change in field_changes(old.get(spec.trait, spec), after=spec)
        ]
        if fields:
            lines.append(f"Changed {spec.name}: {', '.join(fields)}")
    if not lines and before != after:
        lines.append("Changed the order")
    return lines


# -- Editing -------------------------------------------------------------------------


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def trait_create(request: HttpRequest) -> HttpResponse:
    """A trait that is not there yet."""
    data = request.POST if request.method == "POST" else None
    form = TraitForm(data, spec=None, trait="", started=traits.NEW)
    if data is not None:
        new = form.to_spec()
        if new is not None:
            try:
                return _saved(request, new, started=traits.NEW)
            except EditedMeanwhile:
                form.add_error("trait", "There is a trait with this id already.")
            except NotValid as error:
                form.add_error(None, str(error))
    return _form(request, form=form, spec=None)


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def trait_edit(request: HttpRequest, trait: str) -> HttpResponse:
    """Change a trait; what somebody else did meanwhile is shown beside it first."""
    spec = traits.current().find(trait)
    if request.method == "POST":
        return _edit(request, trait=trait, spec=spec)
    if spec is None:
        raise Http404("There is no such trait.")
    started = traits.started_from(spec)
    form = TraitForm(None, spec=spec, trait=trait, started=started)
    return _form(request, form=form, spec=spec)


def _edit(request: HttpRequest, *, trait: str, spec: TraitSpec | None) -> HttpResponse:
    started = traits.started_from(spec)
    form = TraitForm(request.POST, spec=spec, trait=trait, started=started)
    mine = form.to_spec()
    if mine is None:
        return _form(request, form=form, spec=spec)
    try:
        return _saved(request, mine, started=form.cleaned_data["started"])
    except NotValid as error:
        form.add_error(None, str(error))
    except EditedMeanwhile as error:
        # What they wrote stays in the form, which now starts from what is there.
        data = request.POST.copy()
        data["started"] = started = traits.started_from(error.theirs)
        form = TraitForm(data, spec=error.theirs, trait=trait, started=started)
        return _form(request, form=form, spec=error.theirs, mine=mine, stale=str(error))
    return _form(request, form=form, spec=spec)


def _saved(request: HttpRequest, spec: TraitSpec, *, started: str) -> HttpResponse:
    traits.save(spec, started=started, actor=signed_in(request), now=timezone.now())
    messages.success(request, f"{spec.name} is saved.")
    return redirect("evolution:trait-list")


def _form(
    request: HttpRequest,
    *,
    form: TraitForm,
    spec: TraitSpec | None,
    mine: TraitSpec | None = None,
    stale: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "spec": spec,
        "is_new": "trait" in form.fields,
        "stale": stale,
        "changes": differences(spec, after=mine) if spec and mine else [],
        "started": traits.started_from(spec),
    }
    status = 412 if stale else 422 if form.is_bound else 200
    return render(request, "evolution/trait_form.html", context, status=status)


@allows(POST=Action.EDIT_SETTINGS)
def trait_remove(request: HttpRequest, trait: str) -> HttpResponse:
    """Take a trait out of the table; undo puts it back."""
    try:
        traits.remove(
            trait,
            started=request.POST.get("started", ""),
            actor=signed_in(request),
            now=timezone.now(),
        )
    except EditedMeanwhile as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The trait is removed. Undo brings it back.")
    return redirect("evolution:trait-list")


# -- What was ------------------------------------------------------------------------


@allows(GET=Action.SEE)
def trait_history(request: HttpRequest) -> HttpResponse:
    """Every change of the table, newest first."""
    rows = policy.history(PERSONA_TRAITS)
    page = page_of(request, rows=rows)
    shown = list(page.object_list)
    oldest = rows.filter(pk__lt=shown[-1].pk).first() if shown else None
    context = {
        "page": page,
        "changes": [
            _change(row, before=before)
            for row, before in zip(shown, [*shown, oldest][1:], strict=True)
        ],
        "current_id": traits.current().row_id,
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }
    return render(request, "evolution/trait_history.html", context)


@allows(POST=Action.EDIT_SETTINGS)
def trait_put_back(request: HttpRequest) -> HttpResponse:
    """Have an earlier table again, in place of the one that the page showed."""
    row_id, instead_of = (_row_id(request, name) for name in ("row", "instead_of"))
    if row_id is None or instead_of is None:
        messages.error(request, "Reload the page, then try again.")
        return redirect("evolution:trait-list")
    try:
        traits.put_back(
            row_id,
            instead_of=instead_of,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except traits.NoSuchTable as error:
        messages.error(request, str(error))
    except ChangedMeanwhile:
        messages.error(
            request, "Somebody changed the traits meanwhile; look at them first."
        )
    else:
        messages.success(request, "The earlier table is back.")
    return redirect("evolution:trait-list")


def _row_id(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    if text.isascii() and text.isdecimal() and len(text) < _ROW_DIGITS:
        return int(text)
    return None
