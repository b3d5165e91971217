"""Publishing one draft or many: what would change, and doing it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.forms import PublishForm
from personas.models import Character
from personas.services import drafts, labels, publishing
from personas.services.publishing import Outcome
from personas.views.publications import LEFT_ALONE
from personas.views.publish_items import framework_notes, publish_items
from personas.views.reading import for_cards
from personas.views.reviewing import review_of
from personas.views.shown import LabelName, face_of

MOST: Final = limits.PAGE_SIZE_MAX
"""Characters that one publish may hold."""
NAMED: Final = 5
"""Refusals told in one message."""


def ids_of(data: QueryDict) -> list[str]:
    """Ids given as ``ids=a,b``, as several ``ids``, or both; without repeats.

    NUL, which Postgres refuses, is dropped.
    """
    texts = (text.replace("\0", "") for text in data.getlist("ids"))
    given = (part for text in texts for part in text.split(","))
    return list(dict.fromkeys(part.strip() for part in given if part.strip()))


@allows(GET=Action.EDIT_DRAFTS, POST=Action.PUBLISH)
def publish(request: HttpRequest) -> HttpResponse:
    """The publish sheet; without ids, the drafts to choose from."""
    if request.method == "POST":
        return _post(request)
    ids = ids_of(request.GET)
    if not ids:
        return _choose(request)
    form = PublishForm(now=timezone.now())
    return _sheet(request, ids=ids, form=form)


def _choose(request: HttpRequest) -> HttpResponse:
    rows = for_cards(Character.objects.active().with_unpublished_changes())
    page = Paginator(rows.order_by("-updated_at", "pk"), MOST).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "cards": [(character, face_of(character)) for character in page.object_list],
        "may_publish": may(request.user, action=Action.PUBLISH),
    }
    return render(request, "personas/publish_choose.html", context)


def _sheet(
    request: HttpRequest, *, ids: list[str], form: PublishForm, status: int = 200
) -> HttpResponse:
    items = publish_items(ids[:MOST])
    known = {item.character.character_id for item in items}
    alone = items[0].character if len(items) == 1 else None
    context = {
        "items": items,
        "going": [item for item in items if item.can_go],
        "framework_notes": framework_notes(items),
        "unknown": [i for i in ids[:MOST] if i not in known],
        "left_out": max(len(ids) - MOST, 0),
        "most": MOST,
        "form": form,
        "review": review_of(alone, viewer=signed_in(request)) if alone else None,
        "character": alone,
        "may_publish": may(request.user, action=Action.PUBLISH),
    }
    return render(request, "personas/publish.html", context, status=status)


# -- Doing it ----------------------------------------------------------------------


def _post(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    ids = ids_of(request.POST)[:MOST]
    form = PublishForm(request.POST, now=now)
    if not ids:
        messages.warning(request, "Choose at least one character.")
        return redirect("personas:publish")
    if not form.is_valid():
        return _sheet(request, ids=ids, form=form, status=422)
    revisions = {i: _number(request.POST.get(f"revision-{i}", "")) for i in ids}
    if form.is_scheduled:
        return _schedule(request, revisions=revisions, form=form, now=now)
    outcome = publishing.publish(
        character_ids=ids,
        revisions=revisions,
        note=form.cleaned_data["note"],
        label=form.cleaned_data["label"],
        author=signed_in(request),
        now=now,
    )
    return _told(request, ids=ids, outcome=outcome, label=form.cleaned_data["label"])


def _number(text: str) -> int:
    """The revision that the sheet showed; 0, which no draft has, if it is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number else 0


def _names(ids: Iterable[str]) -> dict[str, str]:
    rows = Character.objects.filter(character_id__in=list(ids))
    return dict(rows.values_list("character_id", "display_name"))


def _told(
    request: HttpRequest, *, ids: list[str], outcome: Outcome, label: str
) -> HttpResponse:
    """Lead on to what was published, or back to the sheet if nothing was."""
    names = _names(ids)
    if outcome.publication is None:
        for text in _not_published(outcome, names=names):
            messages.warning(request, text)
        query = {"ids": ",".join(ids)}
        return redirect(reverse("personas:publish", query=query))
    request.session[LEFT_ALONE] = left_alone(outcome, names=names)
    count = len(outcome.published)
    title = LabelName.of(label).title
    what = "1 character" if count == 1 else f"{count} characters"
    messages.success(request, f"{what} published as {title}. Bots have it already.")
    return redirect("personas:publication-detail", outcome.publication.pk)


def left_alone(outcome: Outcome, *, names: Mapping[str, str]) -> dict[str, Any]:
    """What the outcome page tells of those that were not published."""
    assert outcome.publication is not None  # noqa: S101  # The caller has looked.
    return {
        "publication": outcome.publication.pk,
        "unchanged": [names.get(i, i) for i in outcome.unchanged],
        "edited": [[i, names.get(i, i)] for i in outcome.edited_meanwhile],
        "refused": [[names.get(i, i), why] for i, why in outcome.refused.items()],
    }


def _not_published(outcome: Outcome, *, names: Mapping[str, str]) -> list[str]:
    told = []
    if outcome.unchanged:
        told.append(f"Nothing to publish: {_listed(outcome.unchanged, names=names)}.")
    if outcome.edited_meanwhile:
        listed = _listed(outcome.edited_meanwhile, names=names)
        told.append(f"Edited meanwhile, so look again: {listed}.")
    told += _refusals(outcome.refused, names=names)
    return told


def _refusals(refused: Mapping[str, str], *, names: Mapping[str, str]) -> list[str]:
    told = [f"{names.get(i, i)}: {why}" for i, why in refused.items()]
    if len(told) > NAMED:
        told[NAMED:] = [f"{len(told) - NAMED} more were refused."]
    return told


def _listed(ids: Sequence[str], *, names: Mapping[str, str]) -> str:
    listed = ", ".join(names.get(i, i) for i in ids[:NAMED])
    return f"{listed} and {len(ids) - NAMED} more" if len(ids) > NAMED else listed


def _schedule(
    request: HttpRequest,
    *,
    revisions: Mapping[str, int],
    form: PublishForm,
    now: datetime,
) -> HttpResponse:
    """Freeze each draft now, to go live later; one that cannot stops no other."""
    outcome = Outcome()
    done = 0
    for character_id, revision in revisions.items():
        try:
            labels.schedule(
                character_id=character_id,
                revision=revision,
                label=form.cleaned_data["label"],
                move_at=form.cleaned_data["move_at"],
                until=form.cleaned_data["until"],
                note=form.cleaned_data["note"],
                author=signed_in(request),
                now=now,
            )
        except labels.BadSchedule as error:
            outcome.refused[character_id] = str(error)
        except drafts.StaleRevision:
            outcome.edited_meanwhile.append(character_id)
        else:
            done += 1
    names = _names(revisions)
    for text in _not_published(outcome, names=names):
        messages.warning(request, text)
    if not done:
        query = {"ids": ",".join(revisions)}
        return redirect(reverse("personas:publish", query=query))
    what = "1 character is" if done == 1 else f"{done} characters are"
    messages.success(request, f"{what} scheduled. Later edits do not change that.")
    return redirect("personas:schedule-list")
