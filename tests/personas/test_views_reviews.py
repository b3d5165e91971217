"""Pages of reviews: asking, answering, and where they are told."""

import pytest
from django.urls import reverse

from core.live import watcher
from core.roles import Role
from personas.models import ReviewRequest
from personas.services import drafts, reviews
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_person
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_person(Role.CURATOR, username="ana")


@pytest.fixture
def curator(ana):
    return client_of(ana)


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


@pytest.fixture
def ada():
    make_character(scenario="Old.")
    publish()
    return edit(scenario="New.")


@pytest.fixture
def asked(ada, ana):
    return reviews.ask(character_id="ada", note="A <new> pier.", author=ana, now=NOW)


def url(name="character-review", *args):
    return reverse(f"personas:{name}", args=["ada", *args])


def page(client, name="character-detail"):
    return client.get(url(name)).content.decode()


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


def needs(client):
    return client.get(reverse("home")).context["needs"]


class TestAsking:
    def test_a_curator_is_offered_it_where_there_is_something_to_ask(
        self, curator, manager, ada
    ):
        assert "Ask for review" in page(curator)
        assert "Ask for review" not in page(manager)
        assert "Ask for review" not in page(client_as(Role.VIEWER))

        publish()

        assert "Ask for review" not in page(curator)

    def test_the_editor_and_the_publish_sheet_offer_it_too(self, curator, ada):
        sheet = curator.get(reverse("personas:publish"), {"ids": "ada"})

        assert "Ask for review" in sheet.content.decode()

    def test_asking(self, curator, ada):
        response = curator.post(url(), {"note": "Please look."}, follow=True)

        assert "managers see it" in told(response)
        text = response.content.decode()
        assert "ana asks to publish this draft." in text
        assert "“Please look.”" in text
        assert "Take back" in text

    def test_from_the_editor_it_goes_back_there(self, curator, ada):
        response = curator.post(url(), {"note": "N", "then": "editor"})

        assert response.url == url("character-edit")

    @pytest.mark.parametrize("note", ["", "   ", "x" * 1_001, "\x00"])
    def test_a_wrong_note_is_told_and_kept(self, curator, ada, note):
        response = curator.post(url(), {"note": note})

        assert response.status_code == 422
        assert response.context["ask_form"].errors["note"]
        assert not ReviewRequest.objects.exists()

    def test_one_that_is_open_is_shown_instead(self, manager, asked):
        response = manager.post(url(), {"note": "Me too."})

        assert response.status_code == 409
        text = response.content.decode()
        assert "ana has asked already" in text
        assert "A &lt;new&gt; pier." in text

    def test_nothing_to_ask_about(self, curator, ada):
        publish()

        response = curator.post(url(), {"note": "N"})

        assert response.status_code == 422
        assert "nothing to look at" in response.content.decode()

    def test_an_archived_character(self, curator, ada):
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert curator.post(url(), {"note": "N"}).status_code == 422
        assert "Ask for review" not in page(curator)

    def test_roles(self, ada):
        for role in (None, Role.VIEWER):
            client = client_as(role)
            assert client.get(url()).status_code == 403
            assert client.post(url(), {"note": "N"}).status_code == 403
        assert not ReviewRequest.objects.exists()

    def test_nobody(self, curator):
        assert curator.get(url()).status_code == 404
        assert curator.post(url(), {"note": "N"}).status_code == 404


class TestAnswering:
    def test_a_manager_is_led_to_the_publish_sheet(self, manager, asked):
        text = page(manager)

        sheet = reverse("personas:publish", query={"ids": "ada"})
        assert f'href="{sheet}">Look at it' in text
        shown = manager.get(sheet).content.decode()
        assert "A &lt;new&gt; pier." in shown
        assert "Publishing it as Live answers this." in shown

    def test_a_draft_edited_since_is_told(self, manager, asked):
        edit(scenario="Newer.")

        assert "the draft was edited since" in page(manager)
        sheet = manager.get(reverse("personas:publish"), {"ids": "ada"})
        assert "edited since" in sheet.content.decode()

    def test_sending_back(self, manager, curator, asked):
        response = manager.post(
            url("review-send-back", asked.pk), {"note": "Too long."}, follow=True
        )

        assert "Sent back to ana" in told(response)
        text = page(curator)
        assert "mia sent this draft back." in text
        assert "“Too long.”" in text
        assert "Dismiss" in text
        assert "Dismiss" not in page(manager)

    def test_sending_back_needs_a_note(self, manager, asked):
        response = manager.post(url("review-send-back", asked.pk), {"note": " "})

        assert response.status_code == 422
        assert response.context["send_back_form"].errors["note"]
        asked.refresh_from_db()
        assert asked.closed_at is None

    def test_what_was_published_meanwhile_is_told(self, manager, asked):
        publish()

        response = manager.post(
            url("review-send-back", asked.pk), {"note": "No."}, follow=True
        )

        assert "answered meanwhile: published" in told(response)

    def test_taking_back(self, curator, asked):
        response = curator.post(url("review-withdraw", asked.pk), follow=True)

        assert "Taken back." in told(response)
        assert "asks to publish" not in response.content.decode()

    def test_taking_back_twice_is_told(self, curator, asked):
        curator.post(url("review-withdraw", asked.pk))

        response = curator.post(url("review-withdraw", asked.pk), follow=True)

        assert "answered meanwhile" in told(response)

    def test_nobody_elses(self, asked):
        other = client_as(Role.CURATOR)

        assert "Take back" not in page(other)
        assert other.post(url("review-withdraw", asked.pk)).status_code == 403

    @pytest.mark.parametrize("name", ["review-withdraw", "review-send-back"])
    def test_a_request_of_another_character_or_none(
        self, curator, manager, asked, name
    ):
        make_character("bea")
        elsewhere = reverse(f"personas:{name}", args=["bea", asked.pk])

        for there in (elsewhere, url(name, 999_999)):
            assert manager.post(there, {"note": "N"}).status_code == 404

    def test_roles(self, asked):
        for role in (None, Role.VIEWER):
            client = client_as(role)
            assert client.post(url("review-withdraw", asked.pk)).status_code == 403
        for role in (None, Role.VIEWER, Role.CURATOR):
            client = client_as(role)
            data = {"note": "N"}
            there = url("review-send-back", asked.pk)
            assert client.post(there, data).status_code == 403
        asked.refresh_from_db()
        assert asked.closed_at is None

    def test_what_was_sent_back_goes_away_when_the_draft_is_live(
        self, curator, manager, asked
    ):
        manager.post(url("review-send-back", asked.pk), {"note": "Too long."})

        publish()

        assert "sent this draft back" not in page(curator)


class TestNeedsYou:
    def test_managers_see_open_requests_oldest_first(self, manager, curator, ana):
        for at, character_id in enumerate(("ada", "bea")):
            make_character(character_id)
            reviews.ask(
                character_id=character_id,
                note=f"Note {at}",
                author=ana,
                now=NOW.replace(day=2 - at),
            )

        found = [need for need in needs(manager) if need.quote]

        assert [need.quote for need in found] == ["Note 1", "Note 0"]
        assert found[0].text == "ana asks to publish Bea."
        assert found[0].url == reverse("personas:publish", query={"ids": "bea"})
        assert found[0].since == NOW
        assert not [need for need in needs(curator) if need.quote]

    def test_archived_ones_wait_for_nobody(self, manager, asked):
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert not [need for need in needs(manager) if need.quote]

    def test_many_are_told_in_short(self, manager, ana, monkeypatch):
        monkeypatch.setattr("personas.views.home_regions.REVIEWS", 2)
        for character_id in ("ada", "bea", "cleo"):
            make_character(character_id)
            reviews.ask(character_id=character_id, note="N", author=ana, now=NOW)

        found = needs(manager)

        assert len([need for need in found if need.quote]) == 2
        assert [n for n in found if n.text == "More than 2 drafts wait for a manager."]

    def test_who_asked_sees_what_was_sent_back_until_dismissed(
        self, manager, curator, asked
    ):
        manager.post(url("review-send-back", asked.pk), {"note": "Too long."})
        [need] = [need for need in needs(curator) if need.quote]

        assert need.text == "mia sent Ada back."
        assert need.quote == "Too long."
        response = curator.post(need.dismiss_url, {"then": "home"})

        assert response.url == reverse("home")
        assert "Dismissed." in curator.get(response.url).content.decode()
        assert not [need for need in needs(curator) if need.quote]

    def test_asking_anew_settles_what_was_sent_back(self, manager, curator, asked):
        manager.post(url("review-send-back", asked.pk), {"note": "Too long."})

        curator.post(url(), {"note": "Shorter."})

        assert not [need for need in needs(curator) if need.quote]

    def test_query_count_is_flat(self, manager, ana, monkeypatch):
        # As on a server, whose thread looks for changes of settings by itself.
        monkeypatch.setattr(watcher.PROCESS, "_is_recent", lambda: True)
        there = reverse("personas:home-needs")

        def add(*numbers):
            for at in numbers:
                make_character(f"c{at}")
                reviews.ask(character_id=f"c{at}", note="N", author=ana, now=NOW)

        add(0)
        few = queries(manager, there)
        add(*range(1, 9))

        assert queries(manager, there) == few
