"""The pages about webhooks."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import DeliveryState, Webhook, WebhookMessage
from core.roles import Role
from core.services import webhook_changes
from core.webhooks import events
from tests.clients import client_as, client_of
from tests.core.webhooks_given import (
    EVENT,
    FAILED,
    GONE,
    boss,
    deliver,
    deliveries,
    make_webhook,
    told,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return client_of(boss())


def page(client, what, /, *args, **query):
    return client.get(reverse(f"core:webhook-{what}", args=args), query)


def act(client, what, /, *args, **data):
    return client.post(reverse(f"core:webhook-{what}", args=args), data)


def queries_of(client, what, *args):
    page(client, what, *args)  # Whoever looks first numbers what was announced.
    with CaptureQueriesContext(connection) as queries:
        response = page(client, what, *args)
    return len(queries), response


def text_of(response):
    return response.content.decode()


class TestMaking:
    GIVEN = {"name": "Harbour", "url": "https://example.org/hook", "events": [EVENT]}

    def test_every_event_is_offered_with_its_words(self, admin):
        text = text_of(page(admin, "create"))

        known = events.all_events()
        assert EVENT in {event.name for event in known}
        for event in known:
            assert event.title in text
            assert f'value="{event.name}"' in text
        assert 'value="test"' not in text

    def test_secret_is_shown_once(self, admin):
        made = act(admin, "create", **self.GIVEN)

        first, again = admin.get(made.url), admin.get(made.url)

        hook = Webhook.objects.get()
        assert re.search(r"whsec_[\w+/=]+", text_of(first))[0] == hook.secret
        assert first["Cache-Control"] == "no-store"
        assert again.url == reverse("core:webhook-detail", args=[hook.pk])
        for name in ("detail", "edit", "rotate"):
            assert hook.secret not in text_of(page(admin, name, hook.pk))

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"url": "https://192.168.0.1/"}, "This address is a private one"),
            ({"url": "http://example.org"}, "must begin with https://"),
            ({"events": []}, "Choose at least one event"),
            ({"name": ""}, "This field is required"),
        ],
    )
    def test_what_is_wrong_is_told_and_what_was_written_stays(self, admin, bad, words):
        response = act(admin, "create", **{**self.GIVEN, **bad})

        assert response.status_code == 422
        assert words in text_of(response)
        given = {**self.GIVEN, **bad}
        assert f'value="{given["url"]}"' in text_of(response)
        assert not Webhook.objects.exists()


class TestEditing:
    def test_form_starts_from_what_is_there_and_saves(self, admin):
        hook = make_webhook()
        form = page(admin, "edit", hook.pk).context["form"]

        response = act(admin, "edit", hook.pk, **{**form.initial, "name": "Quay"})

        assert response.url == reverse("core:webhook-detail", args=[hook.pk])
        assert Webhook.objects.get().name == "Quay"

    def test_somebody_elses_edit_is_shown_beside_ones_own(self, admin):
        hook = make_webhook()
        form = page(admin, "edit", hook.pk).context["form"]
        given = {**form.initial, "name": "Mine"}
        act(admin, "edit", hook.pk, **{**form.initial, "name": "Theirs"})

        stale = act(admin, "edit", hook.pk, **given)

        assert stale.status_code == 412
        assert "“Theirs”" in text_of(stale)
        assert 'value="Mine"' in text_of(stale)
        assert "A character goes live" in text_of(stale)
        revision = re.search(r'name="revision" value="(\d+)"', text_of(stale))[1]
        act(admin, "edit", hook.pk, **{**given, "revision": revision})
        assert Webhook.objects.get().name == "Mine"

    def test_what_is_wrong_is_told(self, admin):
        hook = make_webhook()
        form = page(admin, "edit", hook.pk).context["form"]

        response = act(admin, "edit", hook.pk, **{**form.initial, "url": "nonsense"})

        assert response.status_code == 422
        assert "https://" in text_of(response)


class TestList:
    def test_states_are_told_in_words(self, admin):
        make_webhook("On")
        make_webhook("Failing", wanted=["publish.failed"])
        Webhook.objects.filter(name="Failing").update(missed=2)
        hook = make_webhook("Paused")
        webhook_changes.pause(pk=hook.pk, actor=boss(), now=NOW)
        make_webhook("Disabled")
        Webhook.objects.filter(name="Disabled").update(
            disabled_at=NOW, disabled_why="It slept."
        )

        text = text_of(page(admin, "list"))

        for word in ("On", "Failing", "Paused", "Disabled"):
            assert f">{word}</span>" in text

    def test_deleted_ones_are_kept_apart(self, admin):
        hook = make_webhook("Quay")
        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        assert "Quay" not in text_of(page(admin, "list"))
        assert "Quay" in text_of(page(admin, "list", state="deleted"))

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ("", "No webhooks yet"),
            ("deleted", "No deleted webhooks"),
            ("x", "No webhooks yet"),
        ],
    )
    def test_empty_list_says_so(self, admin, state, words):
        assert words in text_of(page(admin, "list", state=state))

    def test_query_count_is_flat(self, admin):
        make_webhook()
        told()
        few, _ = queries_of(admin, "list")
        for at in range(20):
            make_webhook(f"Hook {at}")
        told()
        told()

        many, response = queries_of(admin, "list")

        assert many == few
        assert text_of(response).count(">Waiting</span>") == 21


class TestDetail:
    def test_messages_and_what_came_of_them(self, admin):
        hook = make_webhook()
        told(now=NOW)
        deliver(now=NOW)
        told(now=NOW)
        deliver(FAILED, now=NOW)

        response = page(admin, "detail", hook.pk)

        text = text_of(response)
        assert ">Delivered</span>" in text
        assert ">Will be tried again</span>" in text
        assert FAILED.problem in text
        assert "The last 1 attempt failed" in text
        assert f'data-live-key="{hook.pk}"' in text
        assert response["X-Live-Seq"] == str(response.context["live_seq"])

    @pytest.mark.parametrize("state", [*DeliveryState.values, "nonsense", ""])
    def test_filter_by_state(self, admin, state):
        hook = make_webhook()
        for _ in range(2):
            told()
        deliver()
        told()

        rows = page(admin, "detail", hook.pk, state=state).context["rows"]

        count = {DeliveryState.DELIVERED: 2, DeliveryState.WAITING: 1}
        assert len(rows) == (
            count.get(state, 0) if state in DeliveryState.values else 3
        )

    def test_live_part_is_the_very_one_of_the_page(self, admin):
        hook = make_webhook()
        told()

        whole = text_of(page(admin, "detail", hook.pk, state="waiting"))
        part = text_of(page(admin, "deliveries", hook.pk, state="waiting"))

        def plain(text):
            text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
            text = re.sub(r'data-live-seq="\d+"', "", text)
            return re.sub(r"\s+", " ", text)

        opening = '<div class="stack" id="webhook-sent"'
        start = plain(part).index(opening)
        assert plain(part)[start:].strip() in plain(whole)
        assert "deliveries/?state=waiting" in part

    def test_disabled_webhook_says_why(self, admin):
        hook = make_webhook()
        told()
        deliver(GONE)

        assert GONE.problem in text_of(page(admin, "detail", hook.pk))

    def test_deleted_webhook_can_only_be_looked_at(self, admin):
        hook = make_webhook()
        told()
        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)

        text = text_of(page(admin, "detail", hook.pk))

        assert "It was deleted" in text
        assert "Send" not in text.replace("Sent", "")
        assert page(admin, "edit", hook.pk).status_code == 404
        assert act(admin, "test", hook.pk).status_code == 404

    def test_query_count_is_flat(self, admin):
        hook = make_webhook()
        told()
        few, _ = queries_of(admin, "detail", hook.pk)
        for _ in range(44):
            told()

        many, response = queries_of(admin, "detail", hook.pk)

        assert many == few
        assert len(response.context["rows"]) == 45

    def test_one_message_with_its_attempts_and_body(self, admin):
        hook = make_webhook()
        told(note="Softer & <b>warmer</b>")
        deliver(FAILED)
        [delivery] = deliveries(hook)

        text = text_of(page(admin, "delivery", hook.pk, delivery.pk))

        assert FAILED.problem in text
        assert "200 ms" in text
        assert "Softer &amp; &lt;b&gt;warmer&lt;/b&gt;" in text
        assert delivery.message.public_id in text

    def test_message_without_attempts(self, admin):
        hook = make_webhook()
        told()
        [delivery] = deliveries(hook)

        assert "Not tried yet" in text_of(page(admin, "delivery", hook.pk, delivery.pk))

        webhook_changes.archive(pk=hook.pk, actor=boss(), now=NOW)
        text = text_of(page(admin, "delivery", hook.pk, delivery.pk))
        assert "The webhook was deleted" in text

    def test_message_of_another_webhook_is_not_found(self, admin):
        hook, other = make_webhook(), make_webhook("Other", wanted=["publish.failed"])
        told()
        [delivery] = deliveries(hook)

        assert page(admin, "delivery", other.pk, delivery.pk).status_code == 404
        assert act(admin, "resend", other.pk, delivery.pk).status_code == 404


class TestActs:
    def test_test_waits_to_be_sent(self, admin):
        hook = make_webhook()

        response = act(admin, "test", hook.pk)

        assert response.url == reverse("core:webhook-detail", args=[hook.pk])
        message = WebhookMessage.objects.get()
        assert message.payload["data"] == {"webhook": "Harbour", "asked_by": "boss"}
        assert ">Waiting</span>" in text_of(page(admin, "detail", hook.pk))

    def test_pause_and_resume(self, admin):
        hook = make_webhook()

        act(admin, "pause", hook.pk)
        assert not Webhook.objects.get().is_open
        assert "Paused; nothing is sent" in text_of(page(admin, "detail", hook.pk))
        act(admin, "resume", hook.pk)
        assert Webhook.objects.get().is_open

    def test_delete(self, admin):
        hook = make_webhook()

        assert act(admin, "archive", hook.pk).url == reverse("core:webhook-list")

        assert Webhook.objects.get().archived_at is not None

    def test_send_again(self, admin):
        hook = make_webhook()
        told()
        deliver()
        [delivery] = deliveries(hook)

        act(admin, "resend", hook.pk, delivery.pk)

        assert deliveries(hook)[0].state == DeliveryState.WAITING

    def test_send_again_to_a_paused_one_says_what_to_do(self, admin):
        hook = make_webhook()
        told()
        webhook_changes.pause(pk=hook.pk, actor=boss(), now=NOW)
        [delivery] = deliveries(hook)

        response = act(admin, "resend", hook.pk, delivery.pk)

        assert "Resume it first" in text_of(admin.get(response.url))

    def test_rotated_secret_is_shown_once(self, admin):
        hook = make_webhook()

        made = act(admin, "rotate", hook.pk, hours="24")
        text = text_of(admin.get(made.url))

        hook.refresh_from_db()
        assert hook.secret in text
        assert hook.previous_until - timezone.now() > timedelta(hours=23)
        assert "the old one works too until" in text_of(page(admin, "detail", hook.pk))

    def test_rotation_wants_a_time_of_those_offered(self, admin):
        hook = make_webhook()

        assert act(admin, "rotate", hook.pk, hours="999").status_code == 422
        assert page(admin, "rotate", hook.pk).status_code == 200

        hook.refresh_from_db()
        assert hook.previous_until is None


class TestDeletedMeanwhile:
    @pytest.fixture
    def hook(self, monkeypatch):
        """Deleted by somebody else between being shown and being locked."""
        hook, locked = make_webhook(), webhook_changes._locked

        def late(pk):
            Webhook.objects.filter(pk=pk).update(archived_at=NOW)
            return locked(pk)

        monkeypatch.setattr(webhook_changes, "_locked", late)
        return hook

    def test_edit_finds_nothing(self, admin, hook):
        form = page(admin, "edit", hook.pk).context["form"]

        response = act(admin, "edit", hook.pk, **{**form.initial, "name": "Quay"})

        assert response.status_code == 404

    def test_rotation_finds_nothing(self, admin, hook):
        assert act(admin, "rotate", hook.pk, hours="24").status_code == 404


class TestHome:
    def test_disabled_webhook_is_told_to_admins_alone(self, admin):
        hook = make_webhook()
        told()
        deliver(GONE)
        words = "The webhook “Harbour” takes no messages and is disabled."

        assert words in text_of(admin.get("/"))
        assert words not in text_of(client_as(Role.MANAGER).get("/"))

        webhook_changes.resume(pk=hook.pk, actor=boss(), now=NOW)
        assert words not in text_of(admin.get("/"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR, Role.MANAGER])
def test_pages_are_for_admins(role):
    hook = make_webhook()
    client = client_as(role)

    for name in ("list", "create"):
        assert page(client, name).status_code == 403
    for name in ("detail", "deliveries", "edit", "rotate", "made"):
        assert page(client, name, hook.pk).status_code == 403
    for name in ("test", "pause", "resume", "archive", "rotate", "edit"):
        assert act(client, name, hook.pk).status_code == 403
