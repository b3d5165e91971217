"""What the buttons of a webhook's page do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core.access import allows
from core.models import Webhook, WebhookDelivery
from core.roles import Action
from core.services import webhook_changes
from core.views.requests import signed_in
from core.views.webhooks import made

HOURS: Final = (
    ("24", "a day"),
    ("1", "an hour"),
    ("168", "a week"),
    ("0", "not at all: it ends now"),
)


class RotationForm(forms.Form):
    """A new secret in place of the old one."""

    hours = forms.ChoiceField(
        label="Messages are signed with the old secret too for", choices=HOURS
    )


@allows(GET=Action.MANAGE_WEBHOOKS, POST=Action.MANAGE_WEBHOOKS)
def webhook_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = get_object_or_404(Webhook.objects.kept(), pk=pk)
    form = RotationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        hours = int(form.cleaned_data["hours"])
        try:
            webhook, secret = webhook_changes.rotate(
                pk=pk,
                overlap=timedelta(hours=hours),
                actor=signed_in(request),
                now=timezone.now(),
            )
        except Webhook.DoesNotExist:
            # It was deleted since it was read above.
            raise Http404("There is no such webhook.") from None
        return made(webhook, secret=secret)
    context = {
        "page_title": f"Rotate the secret of “{webhook}”",
        "webhook": webhook,
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "core/webhooks_rotate.html", context, status=status)


@allows(POST=Action.MANAGE_WEBHOOKS)
def webhook_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request, pk, webhook_changes.pause, "It is paused; nothing is sent to it."
    )


@allows(POST=Action.MANAGE_WEBHOOKS)
def webhook_resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, webhook_changes.resume, "Messages are sent to it again.")


@allows(POST=Action.MANAGE_WEBHOOKS)
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        webhook_changes.test,
        "A test is on its way. What comes of it is shown under “Sent”.",
    )


@allows(POST=Action.MANAGE_WEBHOOKS)
def webhook_archive(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, webhook_changes.archive, "The webhook is deleted.")


def _act(
    request: HttpRequest, pk: int, act: Callable[..., object], text: str
) -> HttpResponse:
    try:
        act(pk=pk, actor=signed_in(request), now=timezone.now())
    except Webhook.DoesNotExist:
        raise Http404("There is no such webhook.") from None
    messages.success(request, text)
    if act is webhook_changes.archive:
        return redirect("core:webhook-list")
    return redirect("core:webhook-detail", pk=pk)


@allows(POST=Action.MANAGE_WEBHOOKS)
def webhook_resend(request: HttpRequest, pk: int, delivery_pk: int) -> HttpResponse:
    try:
        webhook_changes.resend(
            pk=pk,
            delivery_pk=delivery_pk,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except (Webhook.DoesNotExist, WebhookDelivery.DoesNotExist):
        raise Http404("There is no such delivery.") from None
    except webhook_changes.WebhookRefused as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "The message is on its way again.")
    return redirect("core:webhook-detail", pk=pk)
