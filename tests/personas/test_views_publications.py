"""The history, taking things back, and what is scheduled."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from personas.models import Label, Publication, ScheduledMove
from personas.services import frameworks, labels
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


def url(name, *args):
    return reverse(f"personas:{name}", args=args)


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


def schedule(character_id="ada", **options):
    values = {
        "label": "production",
        "move_at": timezone.now() + timedelta(days=2),
        "until": None,
        "note": "Festival",
        "author": None,
        "now": timezone.now(),
    }
    return labels.schedule(character_id=character_id, **values | options)


class TestList:
    def test_every_kind_is_told_in_words(self, viewer):
        make_framework("neuro")
        make_character("ada", scenario="1")
        publish()
        edit(scenario="2")
        publish()
        labels.move_label(
            character_id="ada",
            label="production",
            number=1,
            note="Back",
            author=None,
            now=NOW,
        )
        labels.move_label(
            character_id="ada",
            label="staging",
            number=2,
            note="Trial",
            author=None,
            now=NOW,
        )
        undone = Publication.objects.latest("pk")
        labels.undo(publication_id=undone.pk, author=None, now=NOW)
        schedule(move_at=NOW + timedelta(days=1), now=NOW)
        labels.move_due(now=NOW + timedelta(days=2))

        text = viewer.get(url("publication-list")).content.decode()

        for words in (
            "published the framework",
            "rolled back",
            "moved a label of",
            "took back",
            "had scheduled",
            "Taken back",
        ):
            assert words in text

    def test_nothing_yet(self, viewer):
        assert (
            "Nothing was published yet"
            in viewer.get(url("publication-list")).content.decode()
        )

    def test_long_lists_of_moves_are_cut(self, viewer):
        ids = [f"c{at}" for at in range(8)]
        for character_id in ids:
            make_character(character_id)
        publish(*ids)

        change = viewer.get(url("publication-list")).context["changes"][0]

        assert len(change.moves) == 5
        assert change.more == 3

    def test_query_count_is_flat(self, viewer):
        make_character("c0")
        publish("c0")
        few = queries(viewer, url("publication-list"))
        for at in range(1, 12):
            make_character(f"c{at}")
            publish(*(f"c{number}" for number in range(at + 1)))

        assert queries(viewer, url("publication-list")) == few <= 9

    def test_only_managers_are_offered_undo(self, viewer, manager):
        make_character()
        publish()
        undo = url("publication-undo", Publication.objects.latest("pk").pk)

        assert undo not in viewer.get(url("publication-list")).content.decode()
        assert undo in manager.get(url("publication-list")).content.decode()


class TestDetail:
    def test_it_lists_all_moves(self, viewer):
        ids = [f"c{at}" for at in range(8)]
        for character_id in ids:
            make_character(character_id)
        publication = publish(*ids).publication

        response = viewer.get(url("publication-detail", publication.pk))

        assert len(response.context["change"].moves) == 8

    def test_a_framework_names_its_versions(self, viewer):
        make_framework("neuro")
        publication = Publication.objects.get()

        text = viewer.get(url("publication-detail", publication.pk)).content.decode()

        assert "Neuro" in text
        assert "No character changed with it." in text

    def test_what_is_not_there(self, viewer):
        assert viewer.get(url("publication-detail", 77)).status_code == 404

    def test_query_count_is_flat(self, viewer):
        make_character("c0")
        one = publish("c0").publication
        few = queries(viewer, url("publication-detail", one.pk))
        ids = [f"c{at}" for at in range(1, 12)]
        for character_id in ids:
            make_character(character_id)
        many = publish(*ids).publication

        assert queries(viewer, url("publication-detail", many.pk)) == few


class TestUndo:
    def test_every_label_goes_back(self, manager):
        make_character(scenario="1")
        publish()
        edit(scenario="2")
        publication = publish().publication

        response = manager.post(url("publication-undo", publication.pk), follow=True)

        assert Label.objects.get().version.number == 1
        assert "Taken back." in told(response)
        assert "It takes back" in response.content.decode()

    def test_buttons_say_what_they_take_back(self, manager):
        make_character()
        publication = publish().publication
        manager.post(url("publication-undo", publication.pk))
        undoing = publication.undone_by

        pages = [
            manager.get(url("publication-detail", each.pk)).content.decode()
            for each in (publication, undoing)
        ]

        assert f"Undo: Undo: {publication.note}" not in re.sub("<[^>]*>", "", pages[1])
        assert f" the taking back: {publication.note}<" in pages[1]

    def test_twice_is_told(self, manager):
        make_character()
        publication = publish().publication
        manager.post(url("publication-undo", publication.pk))

        response = manager.post(url("publication-undo", publication.pk), follow=True)

        assert "undone already" in told(response)
        assert Publication.objects.filter(kind="undo").count() == 1

    def test_what_moved_on_since_is_listed(self, manager):
        make_character(scenario="1")
        publication = publish().publication
        edit(scenario="2")
        publish()

        response = manager.post(url("publication-undo", publication.pk), follow=True)

        assert Label.objects.get().version.number == 2
        assert "Moved on since" in response.content.decode()
        assert "ada" in response.content.decode()

    @pytest.mark.parametrize("role", [None, Role.VIEWER, Role.CURATOR])
    def test_only_managers(self, role):
        make_character()
        publication = publish().publication

        response = client_as(role).post(url("publication-undo", publication.pk))

        assert response.status_code == 403
        assert Label.objects.exists()

    def test_it_takes_a_post_and_a_publication(self, manager):
        assert manager.post(url("publication-undo", 77)).status_code == 404
        assert manager.get(url("publication-undo", 77)).status_code == 405

    def test_a_framework_goes_back_too(self, manager):
        framework = make_framework("neuro")
        publication = Publication.objects.get()
        framework.refresh_from_db()
        assert framework.published is not None

        response = manager.post(url("publication-undo", publication.pk), follow=True)

        assert response.status_code == 200


class TestSchedule:
    def test_it_lists_what_is_to_come(self, viewer):
        make_character("ada")
        make_character("bea")
        schedule("bea", move_at=timezone.now() + timedelta(days=1))
        schedule("ada")

        moves = viewer.get(url("schedule-list")).context["moves"]

        assert [m.character.character_id for _, m, _ in moves] == ["bea", "ada"]

    def test_one_that_has_begun_says_when_it_goes_back(self, viewer):
        make_character()
        schedule(
            move_at=NOW + timedelta(days=1), until=NOW + timedelta(days=9_000), now=NOW
        )
        labels.move_due(now=NOW + timedelta(days=2))

        assert "goes back" in viewer.get(url("schedule-list")).content.decode()

    def test_nothing(self, viewer):
        assert (
            "Nothing is scheduled" in viewer.get(url("schedule-list")).content.decode()
        )

    def test_query_count_is_flat(self, viewer):
        make_character("c0")
        schedule("c0")
        few = queries(viewer, url("schedule-list"))
        for at in range(1, 12):
            make_character(f"c{at}")
            schedule(f"c{at}")

        assert queries(viewer, url("schedule-list")) == few

    def test_calling_off(self, manager):
        make_character()
        move = schedule()

        response = manager.post(url("schedule-cancel", move.pk), follow=True)

        assert "Called off" in told(response)
        assert not ScheduledMove.objects.open().exists()

    def test_calling_off_the_way_back(self, manager):
        make_character()
        move = schedule(
            move_at=NOW + timedelta(days=1), until=NOW + timedelta(days=9_000), now=NOW
        )
        labels.move_due(now=NOW + timedelta(days=2))

        response = manager.post(url("schedule-cancel", move.pk), follow=True)

        assert "not go back" in told(response)
        assert Label.objects.get().name == "production"

    def test_what_is_done_cannot_be_called_off(self, manager):
        make_character()
        move = schedule(move_at=NOW + timedelta(days=1), now=NOW)
        labels.move_due(now=NOW + timedelta(days=2))

        response = manager.post(url("schedule-cancel", move.pk), follow=True)

        assert "done already" in told(response)

    def test_roles(self):
        make_character()
        move = schedule()

        for role in (None, Role.VIEWER, Role.CURATOR):
            response = client_as(role).post(url("schedule-cancel", move.pk))
            assert response.status_code == 403
        assert ScheduledMove.objects.open().exists()

    def test_nothing_to_call_off(self, manager):
        assert manager.post(url("schedule-cancel", 77)).status_code == 404


def test_framework_publications_name_the_framework_and_who_went_with_it(viewer):
    make_framework("neuro")
    make_character()
    publish()
    edit_framework(purpose="Other.", decision_making={"when_unsure": "ask"})
    frameworks.publish_framework(
        framework_id="neuro", note="Asks more", author=None, now=NOW
    )

    text = viewer.get(url("publication-list")).content.decode()

    assert "Asks more" in text
    assert url("framework-detail", "neuro") in text


def edit_framework(framework_id="neuro", **changes):
    from_db = frameworks.Framework.objects.get(framework_id=framework_id)
    values = from_db.to_sheet().model_dump(mode="json") | changes
    return frameworks.drafts.save_framework(
        framework_id=framework_id,
        sheet=frameworks.FrameworkSheet.model_validate(values),
        revision=from_db.revision,
        actor=None,
        now=NOW,
    )
