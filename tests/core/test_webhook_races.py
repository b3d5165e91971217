"""Two workers at once, on real connections: no attempt is made twice."""

from collections import Counter
from threading import Barrier, Lock

import pytest

from core.models import DeliveryState, Webhook, WebhookDelivery
from core.services import webhook_changes, webhook_sending
from core.services.webhooks import send_all
from tests.core.webhooks_given import EVENT, FAILED, TAKEN, Fixed, boss, make_webhook
from tests.factories import NOW
from tests.personas.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4
MESSAGES = 30


class TestManyWorkers:
    @pytest.mark.parametrize("answer", [TAKEN, FAILED])
    def test_each_message_is_posted_once(self, answer):
        for at in range(3):
            make_webhook(f"Hook {at}")
        send_all(EVENT, [{"at": at} for at in range(MESSAGES)], now=NOW)
        start, lock, posted = Barrier(WORKERS), Lock(), Counter()

        def post(letter):
            with lock:
                posted[letter.delivery_pk] += 1
            return answer

        def work():
            start.wait(20)
            return webhook_sending.deliver(clock=lambda: NOW, rng=Fixed(), post=post)

        made = at_once(*[work] * WORKERS)

        assert all(isinstance(each, int) for each in made), made
        # One who found everything locked may have gone home early; the rest stays.
        while webhook_sending.deliver(clock=lambda: NOW, rng=Fixed(), post=post):
            pass
        assert set(posted.values()) == {1}
        assert len(posted) == MESSAGES * 3
        rows = WebhookDelivery.objects.all()
        assert {row.attempts for row in rows} == {1}
        assert {len(row.log) for row in rows} == {1}
        missed = [hook.missed for hook in Webhook.objects.all()]
        assert missed == [0 if answer.is_taken else MESSAGES] * 3

    def test_deleting_while_workers_send_loses_nothing(self):
        hook = make_webhook()
        send_all(EVENT, [{"at": at} for at in range(MESSAGES)], now=NOW)
        start = Barrier(3)

        def work():
            start.wait(20)
            return webhook_sending.deliver(
                clock=lambda: NOW, rng=Fixed(), post=lambda letter: FAILED
            )

        def delete():
            start.wait(20)
            return webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        boss()
        results = at_once(work, delete, work)

        assert not [each for each in results if isinstance(each, Exception)], results
        assert not WebhookDelivery.objects.pending().filter(claim="").exists()
        states = set(WebhookDelivery.objects.values_list("state", flat=True))
        assert states == {DeliveryState.GIVEN_UP}
