"""Sending what waits for webhooks.

A worker takes deliveries in one short transaction, posts them outside of any, and
writes down what came of each in another. Taking moves ``try_at`` ahead: if the
worker dies, the message is tried again, so receivers may see it twice and know it
by its id. Locks: the webhook before its delivery.

Source: issue 5 and ``reference/reliability.md`` §5 rules 11 and 14, restated:
doubling waits with jitter, an end after 20 attempts, a webhook that takes nothing
is disabled and people are told.
"""

import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from core.models import DeliveryState, Webhook, WebhookDelivery, WebhookMessage
from core.services import webhook_telling
from core.webhooks import events, posting, signing, waiting
from core.webhooks.posting import Answer

logger = logging.getLogger(__name__)

AT_ONCE: Final = 16
"""Messages that one run posts at the same time."""
PER_WEBHOOK: Final = 4
"""Of those, to one webhook at most, so that a slow one does not hold up others."""
LEASE: Final = timedelta(seconds=30)
"""Within this a worker has posted what it took, or has died."""
_WORKS_FOR: Final = timedelta(seconds=3)
LOGGED: Final = 20
"""Attempts that a delivery's row remembers."""
GIVEN_UP_IN_A_ROW: Final = 10
"""So many messages given up in a row disable a webhook."""
MISSED_IN_A_ROW: Final = 50
MISSED_FOR: Final = timedelta(days=1)
"""So many attempts that failed in a row, over at least so long, disable it too."""
GONE: Final = 410
"""The status by which a receiver says that it wants no more."""
KEPT_FOR: Final = timedelta(days=30)
_PRUNED_AT_ONCE: Final = 1_000
_COUNTED: Final = ("failures", "missed", "missed_since", "disabled_at", "disabled_why")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt to be made: everything that posting needs, and no more."""

    webhook_pk: int
    delivery_pk: int
    claim: str
    url: str
    body: bytes
    headers: dict[str, str]


Post = Callable[[Letter], Answer]
BROKEN: Final = Answer(
    None, "Sending it failed here, not there; the log says why.", seconds=0
)
"""What is noted of an attempt that raised what nobody expects."""


def post(letter: Letter) -> Answer:
    """Over the network; never inside a transaction."""
    return posting.post(
        letter.url,
        body=letter.body,
        headers=letter.headers,
        is_private_allowed=settings.WEBHOOKS_ALLOW_PRIVATE,
    )


def deliver(*, clock: Clock, rng: Random, post: Post = post) -> int:
    """Make the attempts that are due, for some seconds; how many were made."""
    made, until = 0, clock() + _WORKS_FOR
    while clock() < until:
        # Looked at without a transaction first: mostly nothing waits.
        is_any = WebhookDelivery.objects.due(now=clock()).exists()
        letters = take(now=clock()) if is_any else []
        if not letters:
            break
        _post_all(letters, post=post, clock=clock, rng=rng)
        made += len(letters)
    return made


def _post_all(letters: list[Letter], *, post: Post, clock: Clock, rng: Random) -> None:
    """Post side by side; each outcome is kept as soon as it is there."""
    with ThreadPoolExecutor(len(letters), thread_name_prefix="webhook") as pool:
        posted = {pool.submit(post, letter): letter for letter in letters}
        for future in as_completed(posted):
            letter, error = posted[future], future.exception()
            if error is None:
                answer = future.result()
            else:
                # A fault of ours with one message must not lose what came of others.
                logger.error(
                    "Posting delivery %s failed", letter.delivery_pk, exc_info=error
                )
                answer = BROKEN
            note(letter, answer=answer, jitter=rng.random(), now=clock())


# -- Taking ------------------------------------------------------------------------


@transaction.atomic
def take(*, now: datetime) -> list[Letter]:
    """Claim deliveries that are due, a few per webhook; nobody else gets them.

    Those whose time is over, because the webhook was closed meanwhile or a worker
    died over the last attempt, are given up instead.
    """
    turn = Window(RowNumber(), partition_by="webhook_id", order_by=["try_at", "id"])
    rows = WebhookDelivery.objects.due(now=now).annotate(turn=turn)
    chosen = rows.filter(turn__lte=PER_WEBHOOK).order_by("turn", "try_at", "id")
    pks = list(chosen.values_list("pk", flat=True)[:AT_ONCE])
    taken = list(
        WebhookDelivery.objects.due(now=now)
        .filter(pk__in=pks)
        .select_related("webhook", "message")
        .order_by("pk")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
    )
    claim = secrets.token_hex(16)
    over = [d for d in taken if _is_over(d, now=now)]
    ready = [d for d in taken if not _is_over(d, now=now)]
    WebhookDelivery.objects.filter(pk__in=[d.pk for d in ready]).update(
        claim=claim, attempts=F("attempts") + 1, try_at=now + LEASE
    )
    if over:
        _give_up_late(over, now=now)
    return [_letter(d, claim=claim, now=now) for d in ready]


def _is_over(delivery: WebhookDelivery, *, now: datetime) -> bool:
    return now >= delivery.give_up_at or delivery.attempts >= waiting.ATTEMPTS


def _give_up_late(rows: list[WebhookDelivery], *, now: datetime) -> None:
    WebhookDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=DeliveryState.GIVEN_UP,
        claim="",
        try_at=None,
        error="It waited too long: the webhook was closed, or no worker ran.",
    )
    for pk in dict.fromkeys(row.webhook_id for row in rows):
        webhook_telling.changed(pk, now=now)


def _letter(delivery: WebhookDelivery, *, claim: str, now: datetime) -> Letter:
    body = _body(delivery.message)
    return Letter(
        webhook_pk=delivery.webhook_id,
        delivery_pk=delivery.pk,
        claim=claim,
        url=delivery.webhook.url,
        body=body,
        headers=signing.signed_headers(
            body,
            message_id=delivery.message.public_id,
            secrets=delivery.webhook.secrets(now=now),
            now=now,
        ),
    )


def _body(message: WebhookMessage) -> bytes:
    """The same bytes at every attempt, since receivers may compare them."""
    text = json.dumps(message.payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


# -- Writing down what came of it ----------------------------------------------------


@transaction.atomic
def note(letter: Letter, *, answer: Answer, jitter: float, now: datetime) -> None:
    """Keep one attempt's outcome, unless somebody else has the delivery by now.

    ``jitter`` (0 … 1) is as for ``waiting.wait_after``.
    """
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=letter.webhook_pk)
    delivery = (
        WebhookDelivery.objects.pending()
        .filter(pk=letter.delivery_pk, claim=letter.claim)
        .select_related("message")
        .select_for_update(of=("self",), no_key=True)
        .first()
    )
    if delivery is None:
        return
    _log(delivery, answer=answer, now=now)
    if answer.is_taken:
        delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, now
        delivery.try_at = None
        webhook.failures = webhook.missed = 0
        webhook.missed_since = None
    else:
        _fail(delivery, webhook=webhook, answer=answer, jitter=jitter, now=now)
    delivery.save()
    webhook.save(update_fields=_COUNTED)
    webhook_telling.changed(webhook.pk, now=now)


def _log(delivery: WebhookDelivery, *, answer: Answer, now: datetime) -> None:
    delivery.claim = ""
    delivery.status, delivery.error = answer.status, answer.problem[:300]
    delivery.duration = timedelta(seconds=answer.seconds)
    attempt = {
        "at": now,
        "status": answer.status,
        "error": delivery.error,
        "ms": round(answer.seconds * 1000),
    }
    delivery.log = [*delivery.log, attempt][-LOGGED:]


def _fail(
    delivery: WebhookDelivery,
    *,
    webhook: Webhook,
    answer: Answer,
    jitter: float,
    now: datetime,
) -> None:
    next_at = now + waiting.wait_after(delivery.attempts, jitter=jitter)
    is_test = delivery.message.event == events.TEST.name
    is_last = delivery.attempts >= waiting.ATTEMPTS or next_at >= delivery.give_up_at
    if is_test or is_last or answer.status == GONE:
        delivery.state, delivery.try_at = DeliveryState.GIVEN_UP, None
    else:
        delivery.state, delivery.try_at = DeliveryState.FAILED, next_at
    if is_test:
        return  # A person is looking; the count is of what nobody looks at.
    webhook.missed += 1
    webhook.missed_since = webhook.missed_since or now
    webhook.failures += delivery.state == DeliveryState.GIVEN_UP
    why = _why_disable(webhook, answer=answer, now=now)
    if why and webhook.is_open:
        webhook_telling.disable(webhook, why=why, now=now)


def _why_disable(webhook: Webhook, *, answer: Answer, now: datetime) -> str:
    """Why nothing more should be sent there; empty while it should."""
    if answer.status == GONE:
        return answer.problem
    if webhook.failures >= GIVEN_UP_IN_A_ROW:
        return (
            f"{webhook.failures} messages in a row could not be delivered."
            f" The last answer: {answer.problem}"
        )
    since = webhook.missed_since or now
    if webhook.missed >= MISSED_IN_A_ROW and now - since >= MISSED_FOR:
        return (
            f"All {webhook.missed} attempts of more than a day failed."
            f" The last answer: {answer.problem}"
        )
    return ""


# -- Forgetting --------------------------------------------------------------------


def prune(*, now: datetime) -> int:
    """Drop messages over 30 days old with their deliveries; how many messages."""
    old = WebhookMessage.objects.filter(created_at__lt=now - KEPT_FOR)
    dropped = 0
    while pks := list(
        old.order_by("pk").values_list("pk", flat=True)[:_PRUNED_AT_ONCE]
    ):
        with transaction.atomic():
            WebhookDelivery.objects.filter(message__in=pks).delete()
            WebhookMessage.objects.filter(pk__in=pks).delete()
        dropped += len(pks)
    return dropped
