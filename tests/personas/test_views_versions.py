"""The page of a version, restoring it, and moving labels to it."""

import pytest
from django.urls import reverse

from core.roles import Role
from personas.models import Character, Label, Publication
from personas.services import drafts
from tests.clients import client_as, client_of
from tests.core.form_browser import submitted
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


@pytest.fixture
def two_versions():
    make_character(scenario="The old pier.")
    publish()
    edit(scenario="The new pier.")
    publish()


def url(number=1, page="version-detail", character_id="ada"):
    return reverse(f"personas:{page}", args=[character_id, number])


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


class TestDetail:
    def test_it_shows_inputs_prompt_and_what_changed(self, curator, two_versions):
        text = curator.get(url(2)).content.decode()

        assert "From version 1 to version 2" in text
        assert "<del>old</del><ins>new</ins>" in text
        assert "The new pier." in text
        assert "Live" in text

    @pytest.mark.parametrize(
        ("number", "against", "title"),
        [
            (1, "2", "From version 1 to version 2"),
            (2, "1", "From version 1 to version 2"),
            (1, "draft", "From version 1 to the draft"),
            (1, "", "From version 1 to the draft"),
            (2, "nonsense", "From version 1 to version 2"),
            (2, "9" * 40, "From version 1 to version 2"),
        ],
    )
    def test_what_it_is_compared_with(
        self, curator, two_versions, number, against, title
    ):
        response = curator.get(url(number), {"against": against})

        assert response.context["comparison"].title == title

    def test_older_is_always_before(self, curator, two_versions):
        for number, against in ((1, "2"), (2, "1")):
            response = curator.get(url(number), {"against": against})

            [change] = response.context["comparison"].changes
            removed = [run.text for run in change.runs if run.is_removed]
            assert removed == ["old"]

    def test_a_version_that_is_not_there_to_compare_with(self, curator, two_versions):
        response = curator.get(url(1), {"against": "77"})

        assert "no such version" in response.content.decode()

    def test_a_draft_that_cannot_be_compiled_says_why(self, curator, two_versions):
        make_framework("raw", is_published=False)
        edit(framework_id="raw")

        text = curator.get(url(1), {"against": "draft"}).content.decode()

        assert "never published" in text

    def test_prompts_of_a_kind_and_after_growth(self, curator):
        make_framework("neuro", decision_making={"pace": "quick"})
        make_framework("caring", decision_making={"pace": "slow"})
        weight = {"context": "casual", "framework_id": "caring", "weight": 1}
        blending = {"enabled": True, "weights": [weight]}
        stage = {
            "milestone": 100,
            "title": "Friends",
            "changes": {"personality": {"tone": "warm as toast"}},
        }
        make_character(scenario="The old pier.", framework_blending=blending)
        publish()
        edit(scenario="The new pier.", evolution_stages=[stage])
        publish()

        kind = curator.get(url(2), {"context": "casual"})
        growth = curator.get(url(2), {"context": "casual", "stage": "100"})

        after = kind.context["comparison"].after
        assert "pace: slow" in after.text.lower()
        assert "warm as toast" not in after.text
        grown = growth.context["comparison"]
        assert "warm as toast" in grown.after.text
        assert "warm as toast" not in grown.before.text
        assert "Computed to look at" in growth.content.decode()

    @pytest.mark.parametrize("number", [3, 999_999_999])
    def test_no_such_version(self, curator, two_versions, number):
        assert curator.get(url(number)).status_code == 404

    @pytest.mark.parametrize("number", ["0", "01", "-1", "1" * 10, "x"])
    def test_no_number(self, curator, two_versions, number):
        assert curator.get(f"/characters/ada/versions/{number}/").status_code == 404

    def test_labels_are_moved_by_managers_only(self, curator, manager, two_versions):
        assert url(1, "version-label") not in curator.get(url(1)).content.decode()
        assert url(1, "version-label") in manager.get(url(1)).content.decode()


class TestRestore:
    def test_it_copies_the_inputs_and_nothing_goes_live(self, curator, two_versions):
        response = curator.post(url(1, "version-restore"), {"revision": "2"})

        assert response.url == reverse("personas:character-detail", args=["ada"])
        assert sheet_of("ada").scenario == "The old pier."
        assert Label.objects.get().version.number == 2

    def test_a_stale_page_restores_nothing(self, curator, two_versions):
        response = curator.post(url(1, "version-restore"), {"revision": "1"})

        assert response.status_code == 412
        assert "edited meanwhile" in told(response)
        assert sheet_of("ada").scenario == "The new pier."

    def test_a_stale_page_shows_the_draft_and_can_be_sent_again(
        self, curator, two_versions
    ):
        stale = curator.post(url(1, "version-restore"), {"revision": "1"})
        text = stale.content.decode()

        again = curator.post(
            url(1, "version-restore"), {"revision": submitted(text)["revision"]}
        )

        assert "From version 1 to the draft" in text
        # Reloading the page of a form that was sent would be refused.
        assert f'action="{url(1)}"' in text
        assert again.status_code == 302
        assert sheet_of("ada").scenario == "The old pier."

    def test_from_the_editor_it_goes_back_there(self, curator, two_versions):
        data = {"revision": "2", "then": "editor"}

        response = curator.post(url(1, "version-restore"), data)

        assert response.url == reverse("personas:character-edit", args=["ada"])

    def test_what_the_draft_is_already(self, curator, two_versions):
        response = curator.post(
            url(2, "version-restore"), {"revision": "2"}, follow=True
        )

        assert "already" in told(response)

    @pytest.mark.parametrize(
        ("revision", "status"), [("", 200), ("x", 200), ("0", 200), ("9" * 40, 412)]
    )
    def test_a_broken_revision_restores_nothing(
        self, curator, two_versions, revision, status
    ):
        response = curator.post(
            url(1, "version-restore"), {"revision": revision}, follow=True
        )

        assert response.status_code == status
        assert sheet_of("ada").scenario == "The new pier."

    def test_an_archived_character_is_restored_first(self, curator, two_versions):
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        response = curator.post(
            url(1, "version-restore"), {"revision": "2"}, follow=True
        )

        assert "is archived" in told(response)

    def test_a_framework_that_is_put_away_is_told(self, curator):
        make_framework("old")
        make_character(framework_id="old")
        publish()
        make_framework("neuro")
        edit(framework_id="neuro")
        publish()
        drafts.archive_framework(
            framework_id="old", is_archived=True, actor=None, now=NOW
        )

        response = curator.post(
            url(1, "version-restore"), {"revision": "2"}, follow=True
        )

        assert "Choose another" in told(response)

    def test_roles(self, two_versions):
        for role in (None, Role.VIEWER):
            client = client_as(role)
            assert client.post(url(1, "version-restore")).status_code == 403
        assert client_as(Role.CURATOR).get(url(1, "version-restore")).status_code == 405

    def test_no_such_version(self, curator, two_versions):
        response = curator.post(url(9, "version-restore"), {"revision": "2"})

        assert response.status_code == 404


class TestLabels:
    def test_rolling_back(self, manager, two_versions):
        response = manager.post(
            url(1, "version-label"), {"label": "production", "note": "Too new."}
        )

        publication = Publication.objects.latest("pk")
        assert response.url == reverse(
            "personas:publication-detail", args=[publication.pk]
        )
        assert publication.kind == Publication.Kind.ROLL_BACK
        assert publication.note == "Too new."
        assert Label.objects.get().version.number == 1

    def test_from_the_editor_it_goes_back_there(self, manager, two_versions):
        data = {"label": "production", "note": "Back.", "then": "editor"}

        response = manager.post(url(1, "version-label"), data)

        assert response.url == reverse("personas:character-edit", args=["ada"])

    def test_a_label_of_ones_own(self, manager, two_versions):
        manager.post(
            url(1, "version-label"),
            {"label": "other", "own_label": "Halloween", "note": "Boo."},
        )

        assert Label.objects.get(name="halloween").version.number == 1

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"label": "production"}, "note"),
            ({"label": "production", "note": "  "}, "note"),
            ({"label": "production", "note": "x" * 1_001}, "note"),
            ({"label": "production", "note": "\x00"}, "note"),
            ({"label": "nonsense", "note": "N"}, "label"),
            ({"label": "other", "note": "N"}, "own_label"),
            ({"label": "other", "own_label": "two words", "note": "N"}, "own_label"),
            ({"label": "other", "own_label": "é", "note": "N"}, "own_label"),
            ({"note": "N"}, "label"),
        ],
    )
    def test_what_is_wrong_is_told_beside_it(self, manager, two_versions, data, field):
        response = manager.post(url(1, "version-label"), data)

        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert Label.objects.get().version.number == 2

    def test_a_label_that_is_there_already(self, manager, two_versions):
        response = manager.post(
            url(2, "version-label"), {"label": "production", "note": "Again."}
        )

        assert response.status_code == 422
        assert "already" in str(response.context["form"].errors["label"])
        assert "Again." in response.content.decode()

    def test_roles(self, two_versions):
        data = {"label": "production", "note": "N"}

        for role in (None, Role.VIEWER, Role.CURATOR):
            client = client_as(role)
            assert client.post(url(1, "version-label"), data).status_code == 403
        assert Label.objects.get().version.number == 2

    def test_nobody(self, manager):
        response = manager.post(url(1, "version-label", "nobody"))

        assert response.status_code == 404
        assert not Character.objects.exists()
