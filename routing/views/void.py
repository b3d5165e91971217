"""Reports that a manager declares void: choose, look at how much it is, confirm."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.models import BotKey
from core.roles import Action
from core.views.requests import page_of, signed_in
from routing.forms import ChooseForm, ConfirmForm
from routing.models import Void
from routing.services import voiding
from routing.services.voiding import MOST, ChangedMeanwhile, Chosen, Preview, Refused

_FIELDS: Final = ("key", "user", "channel", "start", "until")


@allows(GET=Action.ADJUST, POST=Action.ADJUST)
def void(request: HttpRequest) -> HttpResponse:
    """GET chooses and previews; POST voids what was previewed."""
    if request.method == "POST":
        return _void(request)
    now = timezone.now()
    if not any(name in request.GET for name in _FIELDS):
        return _page(request, form=ChooseForm(now=now))
    form = ChooseForm(request.GET, now=now)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    chosen = form.to_chosen()
    preview = voiding.preview(chosen)
    confirm = ConfirmForm(initial={"expected": preview.events})
    return _page(request, form=form, chosen=chosen, preview=preview, confirm=confirm)


def _void(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = ChooseForm(request.POST, now=now)
    confirm = ConfirmForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    chosen = form.to_chosen()
    status = 422
    if confirm.is_valid():
        try:
            row = voiding.void(
                chosen,
                expected=confirm.cleaned_data["expected"],
                reason=confirm.cleaned_data["reason"],
                actor=signed_in(request),
                now=now,
            )
        except Refused as error:
            confirm.add_error(None, str(error))
        except ChangedMeanwhile as error:
            confirm.add_error(None, str(error))
            status = 412
        else:
            messages.success(request, f"{_reports(row.events)} void now.")
            return redirect(f"{reverse('routing:void')}#void-{row.pk}")
    preview = voiding.preview(chosen)
    # The number agreed to is the one that the page shows now.
    data = request.POST.copy()
    data["expected"] = str(preview.events)
    again = ConfirmForm(data)
    again.full_clean()
    for message in confirm.non_field_errors():
        again.add_error(None, message)
    return _page(
        request,
        form=form,
        chosen=chosen,
        preview=preview,
        confirm=again,
        status=status,
    )


def _page(
    request: HttpRequest,
    *,
    form: ChooseForm,
    chosen: Chosen | None = None,
    preview: Preview | None = None,
    confirm: ConfirmForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = page_of(request, rows=Void.objects.order_by("-pk"))
    shown: list[Void] = list(page.object_list)
    names = _names({row.chosen["key"] for row in shown if "key" in row.chosen})
    context = {
        "form": form,
        "sent": _sent(chosen),
        "preview": preview,
        "too_old": voiding.too_old(preview.too_old)
        if preview and preview.too_old
        else "",
        "confirm": confirm,
        "most": MOST,
        "page": page,
        "voids": [{"row": row, "chosen": _in_words(row, names)} for row in shown],
    }
    return render(request, "routing/void.html", context, status=status)


def _sent(chosen: Chosen | None) -> list[tuple[str, str]]:
    """What the second step sends on, with the end that the first one had."""
    if chosen is None:
        return []
    values = {
        "key": str(chosen.bot_pk or ""),
        "user": chosen.user_id,
        "channel": chosen.channel_id,
        "start": _time(chosen.start),
        "until": _time(chosen.until),
    }
    return [(name, value) for name, value in values.items() if value]


def _time(moment: datetime | None) -> str:
    """As the form's own fields send it."""
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S")


def _reports(count: int) -> str:
    return "1 report is" if count == 1 else f"{count:,} reports are"


def _names(bot_pks: Collection[int]) -> Mapping[int, str]:
    return dict(BotKey.objects.filter(pk__in=bot_pks).values_list("pk", "name"))


def _in_words(row: Void, names: Mapping[int, str]) -> list[tuple[str, Any]]:
    """By what the reports were chosen: a word, and a text or a time."""
    chosen = row.chosen
    told: list[tuple[str, Any]] = []
    if "key" in chosen:
        told.append(("Bot", names.get(chosen["key"], chosen["key"])))
    told += [
        (name.title(), chosen[name]) for name in ("user", "channel") if name in chosen
    ]
    told += [
        (name.title(), datetime.fromisoformat(chosen[name]))
        for name in ("from", "until")
        if name in chosen
    ]
    return told
