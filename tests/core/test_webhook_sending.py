"""What becomes of a message: taking, posting, waiting, giving up, disabling."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from core import tasks
from core.models import (
    AuditEntry,
    DeliveryState,
    LiveChange,
    Webhook,
    WebhookDelivery,
    WebhookMessage,
)
from core.services import webhook_changes, webhook_sending, webhooks
from core.services.webhook_sending import (
    AT_ONCE,
    GIVEN_UP_IN_A_ROW,
    KEPT_FOR,
    LEASE,
    LOGGED,
    MISSED_FOR,
    MISSED_IN_A_ROW,
    PER_WEBHOOK,
)
from core.webhooks import events
from core.webhooks.waiting import ATTEMPTS, GIVE_UP_AFTER
from tests.core.webhooks_given import (
    EVENT,
    FAILED,
    GONE,
    TAKEN,
    boss,
    deliver,
    deliveries,
    make_webhook,
    told,
)
from tests.factories import NOW
from tests.webhook_server import webhook_server

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class TestPuttingDown:
    def test_every_open_webhook_that_wants_it_gets_the_message(self):
        first, second = make_webhook("First"), make_webhook("Second")
        make_webhook("Other", wanted=["publish.failed"])
        for act, name in (
            (webhook_changes.pause, "Paused"),
            (webhook_changes.archive, "Gone"),
        ):
            act(pk=make_webhook(name).pk, actor=boss(), now=NOW)
        Webhook.objects.filter(pk=make_webhook("Disabled").pk).update(
            disabled_at=NOW, disabled_why="It slept."
        )

        told(version=3)

        message = WebhookMessage.objects.get()
        assert message.public_id.startswith("msg_")
        assert message.payload == {
            "type": EVENT,
            "timestamp": "2026-11-01T00:00:00Z",
            "data": {"character_id": "ada", "version": 3},
        }
        assert {d.webhook for d in message.deliveries.all()} == {first, second}
        assert {d.state for d in message.deliveries.all()} == {DeliveryState.WAITING}

    def test_without_webhooks_it_costs_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            told()

        assert not WebhookMessage.objects.exists()

    def test_many_messages_cost_as_much_as_one(self, django_assert_max_num_queries):
        for at in range(5):
            make_webhook(f"Hook {at}")

        # Three, and savepoints around them.
        with django_assert_max_num_queries(9):
            webhooks.send_all(EVENT, [{"at": at} for at in range(50)], now=NOW)

        assert WebhookDelivery.objects.count() == 250

    def test_nothing_to_tell_costs_nothing(self, django_assert_num_queries):
        make_webhook()

        with django_assert_num_queries(0):
            webhooks.send_all(EVENT, [], now=NOW)

    def test_rolled_back_work_tells_nobody(self):
        make_webhook()

        with transaction.atomic():
            told()
            transaction.set_rollback(True)

        assert not WebhookMessage.objects.exists()

    def test_event_that_nobody_registered_is_refused(self):
        with pytest.raises(webhooks.UnknownEvent):
            webhooks.send("nonsense", {}, now=NOW)


class TestDelivering:
    def test_message_is_signed_for_the_receivers_library(self):
        hook = make_webhook()
        told(version=1)

        with pytest.MonkeyPatch.context() as patch:
            [letter] = deliver()
            patch.setattr("standardwebhooks.webhooks.datetime", _ClockAt(NOW))
            found = Verifier(hook.secret).verify(letter.body, letter.headers)

        assert found["data"] == {"character_id": "ada", "version": 1}
        assert letter.url == hook.url
        assert letter.headers["webhook-id"] == WebhookMessage.objects.get().public_id
        assert letter.headers["content-type"] == "application/json"

    def test_taken_message_is_done(self):
        hook = make_webhook()
        told()

        deliver(now=NOW + SECOND)

        [delivery] = deliveries(hook)
        assert delivery.state == DeliveryState.DELIVERED
        assert delivery.delivered_at == NOW + SECOND
        assert (delivery.status, delivery.error, delivery.attempts) == (204, "", 1)
        assert delivery.duration == timedelta(seconds=0.1)
        assert delivery.log == [
            {"at": "2026-11-01T00:00:01Z", "status": 204, "error": "", "ms": 100}
        ]
        assert deliver(now=NOW + HOUR) == []
        change = LiveChange.objects.filter(stream="webhooks").latest("pk")
        assert (change.key, change.op) == (str(hook.pk), {"webhook": hook.pk})

    def test_same_bytes_and_id_are_sent_at_every_attempt_with_its_own_time(self):
        make_webhook()
        told(text="Ünïcode „quoted“")

        [first] = deliver(FAILED)
        [second] = deliver(now=NOW + 6 * SECOND)

        assert second.body == first.body
        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        times = [int(each.headers["webhook-timestamp"]) for each in (first, second)]
        assert times[1] - times[0] == 6

    def test_failed_message_waits_twice_as_long_each_time(self):
        hook = make_webhook()
        told()
        now, waits = NOW, []

        for _ in range(4):
            deliver(FAILED, now=now)
            [delivery] = deliveries(hook)
            waits.append((delivery.try_at - now).total_seconds())
            assert delivery.state == DeliveryState.FAILED
            assert deliver(now=delivery.try_at - SECOND) == []
            now = delivery.try_at

        assert waits == [5, 10, 20, 40]
        assert deliveries(hook)[0].attempts == 4

    def test_message_is_given_up_after_its_last_attempt(self):
        hook = make_webhook()
        told()
        now = NOW

        for _ in range(ATTEMPTS):
            assert len(deliver(FAILED, now=now)) == 1
            now += HOUR

        [delivery] = deliveries(hook)
        assert (delivery.state, delivery.try_at) == (DeliveryState.GIVEN_UP, None)
        assert delivery.attempts == ATTEMPTS
        assert deliver(now=now + HOUR) == []
        assert Webhook.objects.get().failures == 1

    def test_message_is_given_up_when_its_time_is_over(self):
        hook = make_webhook()
        told()

        deliver(FAILED, now=NOW + GIVE_UP_AFTER - SECOND)

        assert deliveries(hook)[0].state == DeliveryState.GIVEN_UP

    @pytest.mark.parametrize("over", [{"give_up_at": NOW + SECOND}, {"attempts": 20}])
    def test_message_whose_time_went_by_unseen_is_not_posted(self, over):
        hook = make_webhook()
        told()
        hook.deliveries.update(**over)

        assert deliver(now=NOW + 2 * SECOND) == []

        [delivery] = deliveries(hook)
        assert delivery.state == DeliveryState.GIVEN_UP
        assert "waited too long" in delivery.error

    def test_log_keeps_the_last_attempts(self):
        hook = make_webhook()
        told()
        hook.deliveries.update(log=[{"at": at} for at in range(LOGGED)])

        deliver()

        [delivery] = deliveries(hook)
        assert len(delivery.log) == LOGGED
        assert delivery.log[0] == {"at": 1}
        assert delivery.log[-1]["status"] == 204

    def test_both_secrets_sign_while_one_replaces_the_other(self):
        hook = make_webhook()
        _, secret = webhook_changes.rotate(
            pk=hook.pk, overlap=HOUR, actor=boss(), now=NOW
        )
        told()

        [during] = deliver(FAILED)
        [after] = deliver(now=NOW + HOUR)

        assert len(during.headers["webhook-signature"].split()) == 2
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("standardwebhooks.webhooks.datetime", _ClockAt(NOW))
            for each in (hook.secret, secret):
                Verifier(each).verify(during.body, during.headers)
        assert len(after.headers["webhook-signature"].split()) == 1

    def test_the_task_posts_over_the_network(self, settings):
        settings.WEBHOOKS_ALLOW_PRIVATE = True
        with webhook_server() as server:
            hook = make_webhook(url=server.url)
            webhook_changes.test(pk=hook.pk, actor=boss(), now=timezone.now())

            made = tasks.deliver_webhooks()

            [came] = server.came
            assert made == 1
            assert json.loads(came.body)["type"] == "test"

    def test_private_addresses_get_nothing_unless_allowed(self, settings):
        settings.WEBHOOKS_ALLOW_PRIVATE = True
        with webhook_server() as server:
            hook = make_webhook(url=server.url)
            settings.WEBHOOKS_ALLOW_PRIVATE = False
            webhook_changes.test(pk=hook.pk, actor=boss(), now=timezone.now())

            assert tasks.deliver_webhooks() == 1

            assert server.connects == 0
        assert "https://" in deliveries(hook)[0].error

    def test_fault_of_ours_with_one_message_loses_no_other_outcome(self, caplog):
        hook = make_webhook()
        for at in range(3):
            told(at=at)
        broken = deliveries(hook)[0].pk

        def post(letter):
            if letter.delivery_pk == broken:
                raise ValueError("Nobody expects this.")
            return TAKEN

        deliver(post)

        states = [row.state for row in deliveries(hook)]
        assert states == [DeliveryState.FAILED, *[DeliveryState.DELIVERED] * 2]
        [row] = hook.deliveries.filter(pk=broken)
        assert (row.status, row.attempts, row.claim) == (None, 1, "")
        assert "failed here" in row.error
        assert row.try_at > NOW
        assert f"Posting delivery {broken} failed" in caplog.text


class TestTaking:
    def test_taken_message_is_nobody_elses(self):
        make_webhook()
        told()

        assert len(webhook_sending.take(now=NOW)) == 1
        assert webhook_sending.take(now=NOW + SECOND) == []

    def test_message_of_a_worker_that_died_is_tried_again(self):
        hook = make_webhook()
        told()
        webhook_sending.take(now=NOW)

        assert len(deliver(now=NOW + LEASE)) == 1

        assert deliveries(hook)[0].attempts == 2

    def test_worker_that_lost_its_message_writes_nothing_down(self):
        hook = make_webhook()
        told()
        [late] = webhook_sending.take(now=NOW)
        deliver(now=NOW + LEASE)

        webhook_sending.note(late, answer=FAILED, jitter=0, now=NOW + LEASE)

        [delivery] = deliveries(hook)
        assert delivery.state == DeliveryState.DELIVERED
        assert len(delivery.log) == 1

    def test_slow_webhook_does_not_hold_up_others(self):
        slow, fast = (
            make_webhook("Slow"),
            make_webhook("Fast", wanted=["publish.failed"]),
        )
        for _ in range(AT_ONCE * 2):
            told()
        webhooks.send("publish.failed", {}, now=NOW + SECOND)

        letters = webhook_sending.take(now=NOW + SECOND)

        taken = [letter.webhook_pk for letter in letters]
        assert taken.count(slow.pk) == PER_WEBHOOK
        assert taken.count(fast.pk) == 1

    def test_one_run_works_through_what_waits(self):
        make_webhook()
        for _ in range(PER_WEBHOOK * 3):
            told()

        assert len(deliver()) == PER_WEBHOOK * 3

    def test_one_run_ends_after_some_seconds(self):
        make_webhook()
        for _ in range(PER_WEBHOOK * 3):
            told()
        times = iter([NOW + at * SECOND for at in range(300)])

        made = webhook_sending.deliver(
            clock=lambda: next(times), rng=_Never(), post=lambda letter: TAKEN
        )

        assert made == PER_WEBHOOK

    def test_nothing_that_waits_costs_one_query(self, django_assert_num_queries):
        make_webhook()

        with django_assert_num_queries(1):
            assert deliver() == []

    def test_taking_many_costs_as_much_as_few(self, django_assert_max_num_queries):
        for at in range(8):
            make_webhook(f"Hook {at}")
        for _ in range(4):
            told()

        with django_assert_max_num_queries(5):
            assert len(webhook_sending.take(now=NOW)) == AT_ONCE

    def test_a_process_works_at_one_run_at_a_time(self):
        make_webhook()
        told()

        with tasks._delivering:
            assert tasks.deliver_webhooks() == 0

    def test_paused_webhook_waits_and_goes_on(self):
        hook = make_webhook()
        told()
        webhook_changes.pause(pk=hook.pk, actor=boss(), now=NOW)

        assert deliver(now=NOW + SECOND) == []
        webhook_changes.resume(pk=hook.pk, actor=boss(), now=NOW + HOUR)

        assert len(deliver(now=NOW + HOUR)) == 1


class TestDisabling:
    def _give_up(self, times, *, now=NOW):
        for _ in range(times):
            told(now=now)
        WebhookDelivery.objects.pending().update(attempts=ATTEMPTS - 1, try_at=now)
        deliver(FAILED, now=now)

    def test_messages_given_up_in_a_row_disable_it(self):
        hook = make_webhook()
        self._give_up(GIVEN_UP_IN_A_ROW - 1)
        assert Webhook.objects.get().is_open

        self._give_up(1)

        hook.refresh_from_db()
        assert hook.disabled_at == NOW
        assert "10 messages in a row" in hook.disabled_why
        assert "answered 500" in hook.disabled_why
        entry = AuditEntry.objects.get(action="webhook.disabled")
        assert (entry.actor_name, entry.note) == ("system", hook.disabled_why)
        assert list(webhooks.disabled()) == [hook]

    def test_one_that_is_taken_starts_the_count_anew(self):
        make_webhook()
        self._give_up(GIVEN_UP_IN_A_ROW - 1)
        told()
        deliver(TAKEN)
        self._give_up(1)

        hook = Webhook.objects.get()
        assert (hook.is_open, hook.failures, hook.missed) == (True, 1, 1)

    def test_attempts_that_fail_for_more_than_a_day_disable_it(self):
        hook = make_webhook()
        told()
        Webhook.objects.update(missed=MISSED_IN_A_ROW - 1, missed_since=NOW)

        deliver(FAILED, now=NOW + MISSED_FOR)

        hook.refresh_from_db()
        assert "more than a day" in hook.disabled_why
        assert deliveries(hook)[0].state == DeliveryState.FAILED

    @pytest.mark.parametrize(
        ("missed", "after"),
        [(MISSED_IN_A_ROW - 2, MISSED_FOR), (MISSED_IN_A_ROW, MISSED_FOR - SECOND)],
    )
    def test_fewer_attempts_or_a_shorter_time_do_not(self, missed, after):
        make_webhook()
        told()
        Webhook.objects.update(missed=missed, missed_since=NOW)

        deliver(FAILED, now=NOW + after)

        assert Webhook.objects.get().is_open

    def test_receiver_that_is_gone_disables_it_at_once(self):
        hook = make_webhook()
        told()

        deliver(GONE)

        hook.refresh_from_db()
        assert "410" in hook.disabled_why
        assert deliveries(hook)[0].state == DeliveryState.GIVEN_UP

    def test_resumed_webhook_starts_anew_and_sends_what_waited(self):
        hook = make_webhook()
        told()
        Webhook.objects.update(missed=MISSED_IN_A_ROW, missed_since=NOW - MISSED_FOR)
        deliver(FAILED)

        webhook_changes.resume(pk=hook.pk, actor=boss(), now=NOW + SECOND)
        sent = deliver(FAILED, now=NOW + SECOND)

        hook.refresh_from_db()
        assert len(sent) == 1
        assert (hook.is_open, hook.disabled_why, hook.missed) == (True, "", 1)

    def test_failed_test_is_tried_once_and_disables_nothing(self):
        hook = make_webhook()
        Webhook.objects.update(failures=GIVEN_UP_IN_A_ROW - 1)
        webhook_changes.test(pk=hook.pk, actor=boss(), now=NOW)

        deliver(FAILED)

        hook.refresh_from_db()
        [delivery] = deliveries(hook)
        assert delivery.state == DeliveryState.GIVEN_UP
        assert delivery.message.event == events.TEST.name
        assert (hook.is_open, hook.missed) == (True, 0)

    def test_test_reaches_a_paused_webhook(self):
        hook = make_webhook()
        webhook_changes.pause(pk=hook.pk, actor=boss(), now=NOW)
        webhook_changes.test(pk=hook.pk, actor=boss(), now=NOW)

        assert len(deliver()) == 1


class TestForgetting:
    def test_old_messages_go_with_their_deliveries(self):
        make_webhook()
        told()
        told(now=NOW + SECOND)

        assert webhook_sending.prune(now=NOW + KEPT_FOR + SECOND) == 1

        assert WebhookMessage.objects.get().created_at == NOW + SECOND
        assert WebhookDelivery.objects.count() == 1

    def test_the_task_forgets(self, time_machine):
        make_webhook()
        told()
        time_machine.move_to(NOW + KEPT_FOR + HOUR)

        assert tasks.prune_webhooks() == 1


class TestConstraints:
    @pytest.mark.parametrize(
        "bad",
        [
            {"name": ""},
            {"url": ""},
            {"secret": ""},
            {"events": []},
            {"previous_secret": "whsec_old"},
            {"previous_until": NOW},
            {"disabled_at": NOW},
            {"disabled_why": "It slept."},
        ],
    )
    def test_webhook(self, bad):
        hook = make_webhook()

        with pytest.raises(IntegrityError), transaction.atomic():
            Webhook.objects.filter(pk=hook.pk).update(**bad)

    @pytest.mark.parametrize(
        "bad",
        [
            {"state": "nonsense"},
            {"try_at": None},
            {"state": DeliveryState.DELIVERED, "try_at": None},
            {"state": DeliveryState.GIVEN_UP},
            {"delivered_at": NOW},
            {"give_up_at": NOW},
        ],
    )
    def test_delivery(self, bad):
        make_webhook()
        told()

        with pytest.raises(IntegrityError), transaction.atomic():
            WebhookDelivery.objects.update(**bad)

    def test_one_delivery_per_webhook_and_message(self):
        hook = make_webhook()
        told()
        delivery = hook.deliveries.get()
        delivery.pk = None

        with pytest.raises(IntegrityError), transaction.atomic():
            delivery.save(force_insert=True)


class _ClockAt:
    """In place of the class ``datetime``: it is always ``now``."""

    def __init__(self, now):
        self._now = now

    def now(self, tz=None):
        return self._now

    def fromtimestamp(self, *given, **named):
        return type(self._now).fromtimestamp(*given, **named)


class _Never:
    def random(self):
        return 0.0
