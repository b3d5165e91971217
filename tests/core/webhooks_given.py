"""Webhooks for tests, and posting that answers as it is told."""

from collections.abc import Callable
from datetime import datetime

from core.models import User, Webhook, WebhookDelivery
from core.roles import Role
from core.services import webhook_changes, webhook_sending
from core.services.webhook_sending import Letter
from core.services.webhooks import send
from core.webhooks.posting import Answer
from tests.factories import NOW, make_person

EVENT = "version.published"
TAKEN = Answer(204, "", 0.1)
FAILED = Answer(500, "It answered 500; an answer from 200 to 299 was expected.", 0.2)
GONE = Answer(410, "It answered 410: it wants no messages any more.", 0.1)


def boss() -> User:
    return User.objects.filter(username="boss").first() or make_person(
        Role.ADMIN, username="boss"
    )


def make_webhook(name: str = "Harbour", **given) -> Webhook:
    values = {"url": "https://example.org/hook", "wanted": [EVENT], **given}
    return webhook_changes.create(name=name, **values, actor=boss(), now=NOW)[0]


def told(now: datetime = NOW, **data) -> None:
    send(EVENT, {"character_id": "ada", **data}, now=now)


def deliveries(webhook: Webhook) -> list[WebhookDelivery]:
    return list(webhook.deliveries.select_related("message").order_by("pk"))


class Fixed:
    """No chance: waits are as long as they can be."""

    def random(self) -> float:
        return 0.0


def deliver(
    answer: Answer | Callable[[Letter], Answer] = TAKEN, *, now: datetime = NOW
) -> list[Letter]:
    """Make the attempts that are due at ``now``; what was posted."""
    posted = []

    def post(letter: Letter) -> Answer:
        posted.append(letter)
        return answer(letter) if callable(answer) else answer

    webhook_sending.deliver(clock=lambda: now, rng=Fixed(), post=post)
    return posted
