"""Saving a draft piece by piece while somebody types, and merging what two typed.

The script of the editor asks these addresses. Whatever goes wrong is told as a
problem, never by a page or a redirect. A save names the revision it started from
(``If-Match``); the service refuses every other, so that nothing is overwritten
unseen. Merging saves nothing: it tells the page what to show, and the page saves
that as its own. Source: reference/ui.md, section 1.5.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone

from core.access import allows, answers_problems
from core.models import AuditEntry
from core.problems import FieldError, Problem
from core.roles import Action
from core.views.requests import signed_in
from personas.domain.merging import ABSENT, is_same
from personas.domain.placeholders import unknown_places
from personas.forms import merging
from personas.forms.drafts import form_class_of
from personas.forms.merging import Fields, Outcome
from personas.forms.parts import form_of_parts, read, sent_names, showing
from personas.forms.sheets import PICTURE, SheetForm
from personas.forms.uploads import take_upload
from personas.models import Character, Framework
from personas.services import drafts
from personas.views.characters import character_or_404
from personas.views.frameworks import framework_or_404

Draft = Character | Framework
SECTION: Final = "section"
BASE: Final = "base"
TAKE: Final = "take"
RESTORES: Final = "restores"
_TAG: Final = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')
_LOGGED: Final = {
    Character: ("personas.character", ("character.created", "character.edited")),
    Framework: ("personas.framework", ("framework.created", "framework.edited")),
}
"""What the audit log says of whoever saved a draft: the object's type, the acts."""


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
@answers_problems
def character_save(request: HttpRequest, character_id: str) -> HttpResponse:
    """How the draft stands; by POST, saving fields of one section of it."""
    return _save(request, draft=character_or_404(character_id))


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
@answers_problems
def framework_save(request: HttpRequest, framework_id: str) -> HttpResponse:
    """How the draft stands; by POST, saving fields of one section of it."""
    return _save(request, draft=framework_or_404(framework_id))


@allows(POST=Action.EDIT_DRAFTS)
@answers_problems
def character_merge(request: HttpRequest, character_id: str) -> HttpResponse:
    """What the page is to show after somebody else saved; saves nothing."""
    return _merge(request, draft=character_or_404(character_id))


@allows(POST=Action.EDIT_DRAFTS)
@answers_problems
def framework_merge(request: HttpRequest, framework_id: str) -> HttpResponse:
    """What the page is to show after somebody else saved; saves nothing."""
    return _merge(request, draft=framework_or_404(framework_id))


# -- Saving ------------------------------------------------------------------------


def _save(request: HttpRequest, *, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        token = get_token(request)
        return _answer(draft, {**_standing(request, draft), "csrf_token": token})
    revision = _revision(request)
    if draft.is_archived:
        raise _archived(draft)
    data, picture_error = _data(request)
    names = _names_of_section(request, draft=draft, data=data)
    data["revision"] = str(revision)
    form = form_of_parts(draft, data=data, names=names, picture_error=picture_error)
    if draft.revision != revision:
        raise _stale(request, draft=draft, form=form, names=names)
    if not form.is_valid():
        raise _invalid(form)
    try:
        saved = form.save(actor=signed_in(request), now=timezone.now())
    except drafts.StaleRevision:
        draft = _again(draft)
        form = form_of_parts(draft, data=data, names=names)
        raise _stale(request, draft=draft, form=form, names=names) from None
    if saved is None and form.non_field_errors():
        raise _archived(draft)
    if saved is None:
        raise _invalid(form)
    assert form.sheet is not None  # noqa: S101  # Saved, so valid.
    values = {n: v for n, v in form.sheet.model_dump(mode="json").items() if n in names}
    # A picture that was sent is stored by now, and must not be sent again.
    redrawn = {n: v for n, v in values.items() if n == PICTURE}
    body = {
        "revision": saved.revision,
        "saved_at": saved.updated_at,
        "values": values,
        "base": merging.texts_of(values),
        "warnings": _warnings(values),
        "fields": _drawn(draft, values=redrawn),
    }
    return _answer(saved, body)


def _revision(request: HttpRequest) -> int:
    """The revision that the save started from."""
    tag = request.headers.get("If-Match")
    if tag is None:
        raise Problem(
            "if_match_required",
            detail='Send the revision that you started from as If-Match: "3".',
        )
    found = _TAG.fullmatch(tag.strip())
    if found is None:
        raise Problem("bad_request", detail='Send one revision as If-Match: "3".')
    return int(found[1])


def _data(request: HttpRequest) -> tuple[QueryDict, str]:
    """The form as sent, with the picture stored, and what is wrong with that."""
    data, problem = take_upload(
        request.POST, request.FILES, name=PICTURE, now=timezone.now()
    )
    return data.copy(), problem


def _names_of_section(
    request: HttpRequest, *, draft: Draft, data: QueryDict
) -> list[str]:
    """The fields that were sent; all of them must stand in the section named."""
    form_class = form_class_of(draft)
    slug = data.get(SECTION, "")
    part = next((part for part in form_class.parts if part.slug == slug), None)
    if part is None:
        known = ", ".join(part.slug for part in form_class.parts)
        raise _refused(SECTION, f"Name one of these sections: {known}.")
    names = sent_names(form_class, data=data, files=request.FILES)
    others = [name for name in names if name not in part.names]
    if others:
        raise _refused(others[0], f"This stands in another section than “{slug}”.")
    if not names:
        raise _refused(SECTION, "Send at least one field of the section.")
    return names


def _warnings(values: Mapping[str, Any]) -> list[str]:
    """What is saved, but means less than it seems to."""
    override = values.get("system_prompt_override") or {}
    texts = [values.get("prompt_template", ""), override.get("text", "")]
    return [
        f"“{{{place.name}}}” (line {place.line}, column {place.column}) stands for"
        " nothing here, so bots get it as written."
        for text in texts
        for place in unknown_places(text)
    ]


# -- Merging -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page sent to be merged.

    ``restores``: its controls show what is stored, and the fields sent come from
    a copy that it kept; otherwise they are what its controls show.
    """

    draft: Draft
    form: SheetForm
    names: list[str]
    fields: Fields
    restores: bool


def _merge(request: HttpRequest, *, draft: Draft) -> HttpResponse:
    if draft.is_archived:
        raise _archived(draft)
    page = _page(request, draft=draft)
    outcome = page.fields.merged()
    stored = page.fields.theirs.model_dump(mode="json")
    base = page.fields.base
    values = outcome.values
    settled = [*values, *outcome.kept]
    shown = _shown(page, outcome=outcome, stored=stored)
    body = {
        **_standing(request, draft),
        "base": merging.texts_of(
            {
                name: stored[name]
                for name in settled
                if not is_same(base.get(name, ABSENT), stored[name])
            }
        ),
        "saved": [name for name in values if is_same(values[name], stored[name])],
        "fields": shown,
        "places": _places(page, outcome=outcome, names=shown),
        "overlaps": [clash.pointer for clash in outcome.clashes],
        "open": list(outcome.open),
        "panel": _panel(request, draft=draft, outcome=outcome),
    }
    return _answer(draft, body)


def _page(request: HttpRequest, *, draft: Draft) -> _Page:
    data, picture_error = _data(request)
    data["revision"] = str(draft.revision)
    names = sent_names(form_class_of(draft), data=data, files=request.FILES)
    form = form_of_parts(draft, data=data, names=names, picture_error=picture_error)
    mine = read(form, names=names)
    try:
        base = merging.read_base(data.get(BASE, ""), names=form.sheet_names)
        choices = merging.read_choices(data.get(TAKE, "{}"))
    except merging.Unreadable as error:
        raise _refused(BASE, str(error)) from error
    problems = {
        name: " ".join(map(str, form.errors.get(name, ())))
        for name in names
        if name not in mine
    }
    return _Page(
        draft=draft,
        form=form,
        names=names,
        fields=Fields(base, mine, problems, draft.to_sheet(), choices),
        restores=bool(data.get(RESTORES)),
    )


def _shown(
    page: _Page, *, outcome: Outcome, stored: Mapping[str, Any]
) -> dict[str, str]:
    """Field → HTML of its controls, where they are to show something else."""
    now = _values_on_page(page, stored=stored)
    wanted = outcome.values | (outcome.open if page.restores else {})
    fresh = {
        name: value
        for name, value in wanted.items()
        if value is not ABSENT and not is_same(now.get(name, ABSENT), value)
    }
    html = _drawn(page.draft, values=fresh)
    if page.restores:
        as_typed = [n for n in page.fields.problems if n not in outcome.values]
        html |= {name: _control(page.form, name) for name in as_typed}
    return html


def _values_on_page(page: _Page, *, stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the controls show, as far as it can be read."""
    if page.restores:
        return stored
    base = {n: v for n, v in page.fields.base.items() if n not in page.fields.problems}
    return {**base, **page.fields.mine}


def _drawn(draft: Draft, *, values: Mapping[str, Any]) -> dict[str, str]:
    """Field → its controls, showing the value."""
    if not values:
        return {}
    form = showing(draft, values=values)
    return {name: _control(form, name) for name in values}


def _control(form: SheetForm, name: str) -> str:
    return render_to_string("personas/forms/_sheet_field.html", {"field": form[name]})


def _places(
    page: _Page, *, outcome: Outcome, names: Iterable[str]
) -> dict[str, list[list[str]]]:
    """Field → the places below it that differ; none if all of it is to be drawn."""
    stored = page.fields.theirs.model_dump(mode="json")
    now = _values_on_page(page, stored=stored)
    found = {}
    for name in names:
        value = outcome.values.get(name, outcome.open.get(name, ABSENT))
        places = merging.changed_places(
            now.get(name, ABSENT),
            after=value,
            model=type(page.fields.theirs),
            name=name,
        )
        found[name] = [list(place) for place in places if place]
    return found


def _panel(request: HttpRequest, *, draft: Draft, outcome: Outcome) -> str:
    if not outcome.clashes:
        return ""
    context = {
        "clashes": outcome.clashes,
        "standing": _standing(request, draft),
    }
    return render_to_string("personas/_editor_conflict.html", context)


# -- Answers -----------------------------------------------------------------------


def _again(draft: Draft) -> Draft:
    """The draft as it is by now."""
    if isinstance(draft, Character):
        return character_or_404(draft.character_id)
    return framework_or_404(draft.framework_id)


def _standing(request: HttpRequest, draft: Draft) -> dict[str, Any]:
    """The revision, and who saved it when; ``is_you`` if it was the one who asks."""
    object_type, actions = _LOGGED[type(draft)]
    entry = (
        AuditEntry.objects.filter(
            object_type=object_type, object_id=str(draft.pk), action__in=actions
        )
        .only("actor_id", "actor_name")
        .order_by("-id")
        .first()
    )
    return {
        "revision": draft.revision,
        "saved_by": entry.actor_name if entry else "",
        "is_you": bool(entry and entry.actor_id == signed_in(request).pk),
        "saved_at": draft.updated_at,
    }


def _answer(draft: Draft, body: Mapping[str, Any]) -> HttpResponse:
    headers = {"ETag": f'"{draft.revision}"', "Cache-Control": "no-store"}
    return JsonResponse(body, headers=headers)


def _stale(
    request: HttpRequest, *, draft: Draft, form: SheetForm, names: list[str]
) -> Problem:
    """``same`` tells which of the fields sent are stored as they were sent.

    So is told apart what this very page saved before, when the answer to that
    was lost on its way.
    """
    stored = draft.to_sheet().model_dump(mode="json")
    sent = read(form, names=names)
    standing = _standing(request, draft)
    return Problem(
        "stale",
        detail="Somebody saved this draft meanwhile. Merge, then save again.",
        headers={"ETag": f'"{draft.revision}"'},
        members={
            **standing,
            "saved_at": standing["saved_at"].isoformat(),
            "same": merging.texts_of(
                {n: stored[n] for n in sent if is_same(sent[n], stored[n])}
            ),
        },
    )


def _archived(draft: Draft) -> Problem:
    return Problem(
        "conflict", detail=f"“{draft}” is archived. Restore it before editing."
    )


def _refused(name: str, detail: str) -> Problem:
    return Problem(
        "invalid", detail=detail, errors=[FieldError(f"/{name}", "invalid", detail)]
    )


def _invalid(form: SheetForm) -> Problem:
    """Every message beside the field that it belongs to."""
    errors = [
        FieldError(f"/{name}", "invalid", str(message))
        for name, messages in form.errors.items()
        for message in messages
    ]
    count = "1 field" if len(form.errors) == 1 else f"{len(form.errors)} fields"
    return Problem(
        "invalid", detail=f"Not saved yet: {count} must be changed.", errors=errors
    )
