"""What admins do with webhooks."""

from datetime import timedelta

import pytest

from core.models import AuditEntry, DeliveryState, Webhook, WebhookDelivery
from core.services import webhook_changes, webhook_sending
from core.services.webhook_changes import StaleWebhook, WebhookRefused
from core.webhooks.waiting import ATTEMPTS, GIVE_UP_AFTER
from tests.core.webhooks_given import (
    FAILED,
    boss,
    deliver,
    deliveries,
    make_webhook,
    told,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def edit(hook, **given):
    values = {
        "name": hook.name,
        "url": hook.url,
        "wanted": hook.events,
        "revision": hook.revision,
        **given,
    }
    return webhook_changes.edit(pk=hook.pk, **values, actor=boss(), now=NOW)


class TestMaking:
    def test_secret_is_random_and_of_the_standards_form(self):
        first, second = make_webhook("First"), make_webhook("Second")

        assert first.secret.startswith("whsec_")
        assert len(first.secret) == len("whsec_") + 44
        assert first.secret != second.secret

    @pytest.mark.parametrize(
        ("field", "bad"),
        [
            ("name", {"name": " "}),
            ("name", {"name": "n" * 101}),
            ("url", {"url": "https://10.0.0.1/"}),
            ("url", {"url": "http://example.org/"}),
            ("events", {"wanted": []}),
            ("events", {"wanted": ["test", "nonsense"]}),
        ],
    )
    def test_what_is_wrong_is_refused_at_its_field(self, field, bad):
        with pytest.raises(WebhookRefused) as caught:
            make_webhook(**bad)

        assert caught.value.field == field
        assert not Webhook.objects.exists()

    def test_private_address_is_taken_where_that_is_allowed(self, settings):
        settings.WEBHOOKS_ALLOW_PRIVATE = True

        assert make_webhook(url=" http://10.0.0.1/ ").url == "http://10.0.0.1/"


class TestAudit:
    def test_neither_secrets_nor_paths_enter_the_log(self):
        hook = make_webhook(url="https://example.org/path-secret?token=query-secret")
        secrets = [hook.secret]
        hook = edit(hook, url="https://example.org/other-secret")
        hook, secret = webhook_changes.rotate(
            pk=hook.pk, overlap=HOUR, actor=boss(), now=NOW
        )
        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        rows = AuditEntry.objects.filter(action__startswith="webhook.")
        text = str(list(rows.values("before", "after", "note", "object_name")))
        assert [row.action for row in rows.order_by("pk")] == [
            "webhook.created",
            "webhook.edited",
            "webhook.rotated",
            "webhook.archived",
        ]
        for hidden in (*secrets, secret, "path-secret", "query-secret", "other-secret"):
            assert hidden not in text

    def test_change_of_a_path_can_be_seen(self):
        hook = make_webhook(url="https://example.org/one")

        edit(hook, url="https://example.org/two")

        entry = AuditEntry.objects.get(action="webhook.edited")
        assert entry.before["url"].startswith("https://example.org/… (")
        assert entry.before["url"] != entry.after["url"]
        assert set(entry.after) == {"url"}


class TestEditing:
    def test_what_waits_goes_to_the_new_address(self):
        hook = make_webhook()
        told()

        edit(hook, url="https://other.example/")

        assert deliver()[0].url == "https://other.example/"

    def test_older_revision_is_refused(self):
        hook = make_webhook()
        edit(hook, name="Theirs")

        with pytest.raises(StaleWebhook) as caught:
            edit(hook, name="Mine")

        assert caught.value.webhook.name == "Theirs"
        assert Webhook.objects.get().name == "Theirs"

    def test_saving_the_same_changes_nothing(self):
        hook = make_webhook()

        assert edit(hook).revision == hook.revision

        assert not AuditEntry.objects.filter(action="webhook.edited").exists()

    def test_deleted_webhook_is_gone(self):
        hook = make_webhook()
        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        for act in (
            webhook_changes.pause,
            webhook_changes.test,
            webhook_changes.archive,
        ):
            with pytest.raises(Webhook.DoesNotExist):
                act(pk=hook.pk, actor=boss(), now=NOW)
        with pytest.raises(Webhook.DoesNotExist):
            edit(hook)


class TestPausing:
    def test_twice_is_once(self):
        hook = make_webhook()

        for act in ("pause", "pause", "resume", "resume"):
            getattr(webhook_changes, act)(pk=hook.pk, actor=boss(), now=NOW)

        actions = AuditEntry.objects.filter(action__startswith="webhook.")
        assert list(actions.order_by("pk").values_list("action", flat=True)) == [
            "webhook.created",
            "webhook.paused",
            "webhook.resumed",
        ]


class TestRotating:
    def test_old_secret_ends_in_time(self):
        hook = make_webhook()

        new, secret = webhook_changes.rotate(
            pk=hook.pk, overlap=HOUR, actor=boss(), now=NOW
        )

        assert new.secrets(now=NOW) == [secret, hook.secret]
        assert new.secrets(now=NOW + HOUR) == [secret]

    def test_old_secret_can_end_at_once(self):
        hook = make_webhook()

        new, secret = webhook_changes.rotate(
            pk=hook.pk, overlap=timedelta(), actor=boss(), now=NOW
        )

        assert new.secrets(now=NOW) == [secret]

    def test_only_the_last_one_lives_on(self):
        hook = make_webhook()
        _, second = webhook_changes.rotate(
            pk=hook.pk, overlap=HOUR, actor=boss(), now=NOW
        )

        new, third = webhook_changes.rotate(
            pk=hook.pk, overlap=HOUR, actor=boss(), now=NOW
        )

        assert new.secrets(now=NOW) == [third, second]


class TestDeleting:
    def test_what_waits_is_given_up_and_history_stays(self):
        hook = make_webhook()
        told()
        deliver()
        told()

        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        states = [d.state for d in deliveries(hook)]
        assert states == [DeliveryState.DELIVERED, DeliveryState.GIVEN_UP]
        assert deliver(now=NOW + SECOND) == []

    def test_nobody_signs_with_its_secret_again(self):
        hook = make_webhook()
        webhook_changes.rotate(pk=hook.pk, overlap=HOUR, actor=boss(), now=NOW)

        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        gone = Webhook.objects.get()
        assert hook.secret not in gone.secrets(now=NOW)
        assert len(gone.secrets(now=NOW)) == 1


class TestSendingAgain:
    def _again(self, hook, *, now=NOW):
        [delivery] = deliveries(hook)
        webhook_changes.resend(
            pk=hook.pk, delivery_pk=delivery.pk, actor=boss(), now=now
        )

    def test_delivered_message_goes_out_once_more_with_its_id(self):
        hook = make_webhook()
        told()
        [first] = deliver()

        self._again(hook, now=NOW + HOUR)
        [second] = deliver(now=NOW + HOUR)

        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        assert len(deliveries(hook)[0].log) == 2
        assert AuditEntry.objects.filter(action="webhook.resent").count() == 1

    def test_message_that_was_given_up_has_all_its_attempts_again(self):
        hook = make_webhook()
        told()
        WebhookDelivery.objects.update(attempts=ATTEMPTS - 1)
        deliver(FAILED)

        self._again(hook, now=NOW + GIVE_UP_AFTER)
        deliver(FAILED, now=NOW + GIVE_UP_AFTER)

        [delivery] = deliveries(hook)
        assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 1)

    def test_message_that_waits_goes_out_now(self):
        hook = make_webhook()
        told()
        deliver(FAILED)

        self._again(hook, now=NOW + SECOND)

        assert len(deliver(now=NOW + SECOND)) == 1
        assert deliveries(hook)[0].attempts == 2

    def test_message_that_is_being_sent_is_left_alone(self):
        hook = make_webhook()
        told()
        [letter] = webhook_sending.take(now=NOW)

        self._again(hook)

        assert webhook_sending.take(now=NOW + SECOND) == []
        assert deliveries(hook)[0].claim == letter.claim

    def test_paused_webhook_refuses(self):
        hook = make_webhook()
        told()
        webhook_changes.pause(pk=hook.pk, actor=boss(), now=NOW)

        with pytest.raises(WebhookRefused, match="Resume it first"):
            self._again(hook)

    def test_message_of_another_webhook_is_not_found(self):
        hook, other = make_webhook(), make_webhook("Other", wanted=["publish.failed"])
        told()
        [delivery] = deliveries(hook)

        with pytest.raises(WebhookDelivery.DoesNotExist):
            webhook_changes.resend(
                pk=other.pk, delivery_pk=delivery.pk, actor=boss(), now=NOW
            )
