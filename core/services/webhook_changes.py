"""What admins do with webhooks: make, edit, pause, rotate, delete, test, send again."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from core import audit
from core.models import (
    PENDING,
    DeliveryState,
    User,
    Webhook,
    WebhookDelivery,
)
from core.services import webhook_telling
from core.services.webhooks import put_down
from core.webhooks import addresses, events, signing
from core.webhooks.waiting import GIVE_UP_AFTER

NAME_LENGTH: Final = 100


class WebhookRefused(Exception):
    """What was asked for cannot be; ``field`` names what is wrong, if one is."""

    def __init__(self, text: str, *, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class StaleWebhook(Exception):
    """Somebody saved the webhook since; ``webhook`` is as it stands now."""

    def __init__(self, webhook: Webhook) -> None:
        super().__init__("Somebody else has edited this webhook meanwhile.")
        self.webhook = webhook


@transaction.atomic
def create(
    *, name: str, url: str, wanted: Sequence[str], actor: User, now: datetime
) -> tuple[Webhook, str]:
    """A webhook for the events ``wanted``, and its secret, to be shown once.

    Raises:
        WebhookRefused: something about it is wrong.
    """
    name, url, wanted = _checked(name=name, url=url, wanted=wanted)
    secret = signing.new_secret()
    webhook = Webhook.objects.create(
        name=name,
        url=url,
        secret=secret,
        events=wanted,
        created_by=actor,
        created_at=now,
    )
    _record(webhook, act="created", after=_values(webhook), actor=actor, now=now)
    return webhook, secret


@transaction.atomic
def edit(
    *,
    pk: int,
    name: str,
    url: str,
    wanted: Sequence[str],
    revision: int,
    actor: User,
    now: datetime,
) -> Webhook:
    """Change what a webhook is; what waits goes to the new address.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
        StaleWebhook: it is at another revision.
        WebhookRefused: something about it is wrong.
    """
    webhook = _locked(pk)
    if webhook.revision != revision:
        raise StaleWebhook(webhook)
    before = _values(webhook)
    webhook.name, webhook.url, webhook.events = _checked(
        name=name, url=url, wanted=wanted
    )
    if _values(webhook) == before:
        return webhook
    webhook.revision += 1
    webhook.save(update_fields=["name", "url", "events", "revision"])
    _record(
        webhook,
        act="edited",
        before=before,
        after=_values(webhook),
        actor=actor,
        now=now,
    )
    return webhook


@transaction.atomic
def pause(*, pk: int, actor: User, now: datetime) -> Webhook:
    """Send nothing more until it is resumed; what happens meanwhile is not kept.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
    """
    webhook = _locked(pk)
    if webhook.is_active:
        webhook.is_active = False
        webhook.save(update_fields=["is_active"])
        _record(webhook, act="paused", actor=actor, now=now)
    return webhook


@transaction.atomic
def resume(*, pk: int, actor: User, now: datetime) -> Webhook:
    """Send again, also after it was disabled; failures are counted anew.

    What waited goes out at once, unless it is too old by now.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
    """
    webhook = _locked(pk)
    if webhook.is_open:
        return webhook
    webhook.is_active, webhook.disabled_at, webhook.disabled_why = True, None, ""
    webhook.failures, webhook.missed, webhook.missed_since = 0, 0, None
    webhook.save()
    webhook.deliveries.filter(state__in=PENDING, claim="").update(try_at=now)
    _record(webhook, act="resumed", actor=actor, now=now)
    return webhook


@transaction.atomic
def rotate(
    *, pk: int, overlap: timedelta, actor: User, now: datetime
) -> tuple[Webhook, str]:
    """A new secret, to be shown once; messages carry both signatures for a while.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
    """
    webhook = _locked(pk)
    is_overlapping = overlap > timedelta()
    webhook.previous_secret = webhook.secret if is_overlapping else ""
    webhook.previous_until = now + overlap if is_overlapping else None
    webhook.secret = signing.new_secret()
    webhook.save(update_fields=["secret", "previous_secret", "previous_until"])
    after = {"previous_until": webhook.previous_until}
    _record(webhook, act="rotated", before={}, after=after, actor=actor, now=now)
    return webhook, webhook.secret


@transaction.atomic
def archive(*, pk: int, actor: User, now: datetime) -> Webhook:
    """Delete it, except for its name and what was sent.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
    """
    webhook = _locked(pk)
    before = _values(webhook)
    webhook.archived_at = now
    # Nobody signs with it again.
    webhook.secret = signing.new_secret()
    webhook.previous_secret, webhook.previous_until = "", None
    webhook.save()
    webhook.deliveries.filter(state__in=PENDING).update(
        state=DeliveryState.GIVEN_UP,
        claim="",
        try_at=None,
        error="The webhook was deleted.",
    )
    _record(webhook, act="archived", before=before, after={}, actor=actor, now=now)
    return webhook


@transaction.atomic
def test(*, pk: int, actor: User, now: datetime) -> None:
    """Send a test message at once, even while it is paused; it is tried once.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
    """
    webhook = _locked(pk)
    data = {"webhook": webhook.name, "asked_by": str(actor)}
    put_down(events.TEST.name, [data], hooks=[webhook], now=now)
    _record(webhook, act="tested", actor=actor, now=now)


@transaction.atomic
def resend(*, pk: int, delivery_pk: int, actor: User, now: datetime) -> WebhookDelivery:
    """Send a message again, with its old id, or at once if it still waits.

    Raises:
        Webhook.DoesNotExist: no such webhook, or it was deleted.
        WebhookDelivery.DoesNotExist: it has no such delivery.
        WebhookRefused: nothing is sent to the webhook now.
    """
    webhook = _locked(pk)
    if not webhook.is_open:
        raise WebhookRefused("Nothing is sent to this webhook now. Resume it first.")
    delivery = (
        webhook.deliveries.select_for_update(of=("self",), no_key=True)
        .select_related("message")
        .get(pk=delivery_pk)
    )
    if delivery.claim and delivery.state in PENDING:
        return delivery  # It is being sent this very moment.
    if delivery.state not in PENDING:
        delivery.state, delivery.attempts = DeliveryState.WAITING, 0
        delivery.delivered_at = None
    delivery.try_at, delivery.give_up_at = now, now + GIVE_UP_AFTER
    delivery.save()
    after = {"message": delivery.message.public_id}
    _record(webhook, act="resent", before={}, after=after, actor=actor, now=now)
    return delivery


# -- What they share ---------------------------------------------------------------


def _locked(pk: int) -> Webhook:
    return Webhook.objects.select_for_update(no_key=True).kept().get(pk=pk)


def _checked(
    *, name: str, url: str, wanted: Sequence[str]
) -> tuple[str, str, list[str]]:
    """All three as they are kept; raises WebhookRefused."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH:
        raise WebhookRefused(
            f"Give it a name of up to {NAME_LENGTH} characters.", field="name"
        )
    url = url.strip()
    try:
        addresses.target_of(url, is_private_allowed=settings.WEBHOOKS_ALLOW_PRIVATE)
    except addresses.AddressRefused as error:
        raise WebhookRefused(str(error), field="url") from error
    names = [event.name for event in events.all_events() if event.name in wanted]
    if not names:
        raise WebhookRefused("Choose at least one event.", field="events")
    return name, url, names


def _values(webhook: Webhook) -> dict[str, Any]:
    """What the audit log is told; paths may hold what opens the other side."""
    origin = "/".join(webhook.url.split("/", 3)[:3])
    mark = hashlib.sha256(webhook.url.encode()).hexdigest()[:8]
    return {
        "name": webhook.name,
        "url": f"{origin}/… ({mark})",
        "events": webhook.events,
    }


def _record(
    webhook: Webhook,
    *,
    act: str,
    before: audit.Values | None = None,
    after: audit.Values | None = None,
    actor: User,
    now: datetime,
) -> None:
    audit.record(
        actor=actor,
        action=f"webhook.{act}",
        obj=webhook,
        before=before,
        after=after,
        now=now,
    )
    webhook_telling.changed(webhook.pk, now=now)
