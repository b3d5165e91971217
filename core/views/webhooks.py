"""Webhooks: which there are, making and editing them, and what was sent."""

import json
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core.access import allows
from core.live.changes import current_head
from core.live.streams import WEBHOOKS
from core.models import PENDING, DeliveryState, Webhook, WebhookDelivery
from core.roles import Action
from core.services import webhook_changes
from core.services.webhook_changes import StaleWebhook, WebhookRefused
from core.views.requests import forget_shown, page_of, show_once, shown_once, signed_in
from core.webhooks import addresses, events

DELETED: Final = "deleted"
STATES: Final = {"": "In use", DELETED: "Deleted"}
LATEST: Final = {
    "": "All",
    **dict(DeliveryState.choices),
    DeliveryState.FAILED.value: "To be tried again",
}


class WebhookForm(forms.Form):
    """What a webhook is; ``revision`` is that which the form was filled from."""

    name = forms.CharField(
        max_length=webhook_changes.NAME_LENGTH,
        help_text="Which program listens, and where.",
    )
    url = forms.CharField(
        label="Address",
        max_length=addresses.LENGTH,
        widget=forms.TextInput({"inputmode": "url", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label="Send it",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )
    revision = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31
    )

    def __init__(self, data: Any = None, *, webhook: Webhook | None = None) -> None:
        initial = {}
        if webhook is not None:
            initial = {
                "name": webhook.name,
                "url": webhook.url,
                "events": webhook.events,
                "revision": webhook.revision,
            }
        super().__init__(data, initial=initial)
        self.fields["events"].choices = [  # type: ignore[attr-defined]
            (event.name, event.title) for event in events.all_events()
        ]
        self.fields["url"].help_text = (
            "It must begin with https:// or http://."
            if settings.WEBHOOKS_ALLOW_PRIVATE
            else "It must begin with https:// and be reachable from the internet."
        )

    def given(self) -> dict[str, Any]:
        """What was filled in, as the services take it."""
        cleaned = self.cleaned_data
        return {
            "name": cleaned["name"],
            "url": cleaned["url"],
            "wanted": cleaned["events"],
        }


# -- The list ------------------------------------------------------------------------


@allows(GET=Action.MANAGE_WEBHOOKS)
def webhook_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    rows = Webhook.objects.kept()
    if state == DELETED:
        rows = Webhook.objects.filter(archived_at__isnull=False)
    context = {
        "page_title": "Webhooks",
        "page_subtitle": "Other programs that are told at once what happens here.",
        "page": page_of(request, rows=_with_latest(rows).order_by("name", "id")),
        "state": state if state in STATES else "",
        "states": STATES.items(),
        "titles": {event.name: event.title for event in events.all_events()},
    }
    return render(request, "core/webhooks_list.html", context)


def _with_latest(rows: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """With ``waiting``, and the state and time of the newest delivery."""
    newest = WebhookDelivery.objects.filter(webhook=OuterRef("pk")).order_by("-id")
    return rows.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state__in=PENDING)),
        latest_state=Subquery(newest.values("state")[:1]),
        latest_at=Subquery(newest.values("created_at")[:1]),
    )


# -- Making and editing --------------------------------------------------------------


@allows(GET=Action.MANAGE_WEBHOOKS, POST=Action.MANAGE_WEBHOOKS)
def webhook_create(request: HttpRequest) -> HttpResponse:
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            webhook, secret = webhook_changes.create(
                **form.given(), actor=signed_in(request), now=timezone.now()
            )
        except WebhookRefused as error:
            form.add_error(error.field or None, str(error))
        else:
            return made(webhook, secret=secret)
    return _form(request, form=form, title="New webhook")


@allows(GET=Action.MANAGE_WEBHOOKS, POST=Action.MANAGE_WEBHOOKS)
def webhook_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a webhook; what somebody else saved meanwhile is shown beside it."""
    webhook = get_object_or_404(Webhook.objects.kept(), pk=pk)
    data = request.POST if request.method == "POST" else None
    form = WebhookForm(data, webhook=webhook)
    theirs: Webhook | None = None
    if form.is_bound and form.is_valid():
        try:
            webhook_changes.edit(
                pk=pk,
                **form.given(),
                revision=form.cleaned_data["revision"] or 0,
                actor=signed_in(request),
                now=timezone.now(),
            )
        except Webhook.DoesNotExist:
            # It was deleted since it was read above.
            raise Http404("There is no such webhook.") from None
        except WebhookRefused as error:
            form.add_error(error.field or None, str(error))
        except StaleWebhook as error:
            # What they wrote stays in the form, which now starts from what is there.
            theirs = error.webhook
            again = request.POST.copy()
            again["revision"] = str(theirs.revision)
            form = WebhookForm(again, webhook=theirs)
        else:
            messages.success(request, "The webhook is saved.")
            return redirect("core:webhook-detail", pk=pk)
    title = f"Edit “{webhook}”"
    return _form(request, form=form, title=title, webhook=webhook, theirs=theirs)


def _form(
    request: HttpRequest,
    *,
    form: WebhookForm,
    title: str,
    webhook: Webhook | None = None,
    theirs: Webhook | None = None,
) -> HttpResponse:
    context = {
        "page_title": title,
        "form": form,
        "webhook": webhook,
        "theirs": theirs,
        "theirs_events": [events.title_of(name) for name in theirs.events]
        if theirs
        else [],
        "events": events.all_events(),
        "chosen": form["events"].value() or [],
    }
    status = 412 if theirs else 422 if form.errors else 200
    return render(request, "core/webhooks_form.html", context, status=status)


def made(webhook: Webhook, *, secret: str) -> HttpResponse:
    """On to the page that shows a new secret, once."""
    response = redirect("core:webhook-made", pk=webhook.pk)
    show_once(response, secret=secret)
    return response


@allows(GET=Action.MANAGE_WEBHOOKS)
def webhook_made(request: HttpRequest, pk: int) -> HttpResponse:
    """The secret, for the only time."""
    webhook = get_object_or_404(Webhook.objects.kept(), pk=pk)
    secret = shown_once(request)
    if not secret:
        messages.info(request, "A secret is shown only once. Rotate it if it is lost.")
        return redirect("core:webhook-detail", pk=pk)
    context = {
        "page_title": "The secret of your webhook",
        "webhook": webhook,
        "secret": secret,
    }
    response = render(request, "core/webhooks_made.html", context)
    forget_shown(request, response=response)
    return response


# -- What was sent -------------------------------------------------------------------


@allows(GET=Action.MANAGE_WEBHOOKS)
def webhook_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook, whether it is told anything, and what it was told."""
    return _live(request, "core/webhooks_detail.html", pk=pk)


@allows(GET=Action.MANAGE_WEBHOOKS)
def webhook_deliveries(request: HttpRequest, pk: int) -> HttpResponse:
    """Its state and deliveries alone, as the live page loads them again."""
    return _live(request, "core/_webhooks_deliveries.html", pk=pk)


def _live(request: HttpRequest, template: str, *, pk: int) -> HttpResponse:
    # The number is read first: what is committed in between is told once more.
    seq = current_head(WEBHOOKS.name)
    webhook = get_object_or_404(Webhook.objects.select_related("created_by"), pk=pk)
    state = request.GET.get("state", "")
    rows = webhook.deliveries.select_related("message").defer("message__payload")
    if state in DeliveryState.values:
        rows = rows.filter(state=state)
    page = page_of(request, rows=rows.order_by("-id"))
    context = {
        "page_title": str(webhook),
        "webhook": webhook,
        "is_rotating": len(webhook.secrets(now=timezone.now())) > 1,
        "events": [events.title_of(name) for name in webhook.events],
        "page": page,
        "rows": [(row, events.title_of(row.message.event)) for row in page],
        "state": state if state in DeliveryState.values else "",
        "states": LATEST.items(),
        "live_seq": seq,
    }
    response = render(request, template, context)
    response["X-Live-Seq"] = str(seq)
    return response


@allows(GET=Action.MANAGE_WEBHOOKS)
def webhook_delivery(request: HttpRequest, pk: int, delivery_pk: int) -> HttpResponse:
    """One message: its body, and every attempt to deliver it."""
    rows = WebhookDelivery.objects.select_related("webhook", "message")
    delivery = get_object_or_404(rows, pk=delivery_pk, webhook=pk)
    context = {
        "page_title": events.title_of(delivery.message.event),
        "page_subtitle": f"To {delivery.webhook}",
        "delivery": delivery,
        "webhook": delivery.webhook,
        "attempts": [
            {**attempt, "at": parse_datetime(attempt["at"])}
            for attempt in delivery.log[::-1]
        ],
        "payload": json.dumps(delivery.message.payload, indent=2, ensure_ascii=False),
    }
    return render(request, "core/webhooks_delivery.html", context)
