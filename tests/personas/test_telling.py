"""What webhooks are told of publishing."""

from datetime import timedelta

import pytest

from core.models import WebhookMessage
from core.roles import Role
from core.services import webhook_changes
from personas.services import framework_runs, labels, publishing
from personas.services.framework_runs import GIVEN_UP_AFTER
from tests.factories import NOW, make_character, make_person
from tests.personas.framework_cases import edit_framework, live, publish, start, work
from tests.personas.test_publishing import edit

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def hook():
    return webhook_changes.create(
        name="Harbour",
        url="https://example.org/",
        wanted=["version.published", "publish.failed"],
        actor=make_person(Role.ADMIN, username="boss"),
        now=NOW,
    )[0]


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


def told(event):
    """The data of all messages of one event, oldest first."""
    rows = WebhookMessage.objects.filter(event=event).order_by("pk")
    return [row.payload["data"] for row in rows]


class TestPublished:
    def test_all_of_one_publish_are_told(self):
        for character_id in ("ada", "bob"):
            make_character(character_id)

        publish("ada", "bob")

        assert told("version.published") == [
            {
                "character_id": character_id,
                "version": 1,
                "label": "production",
                "kind": "publish",
                "note": "N",
            }
            for character_id in ("ada", "bob")
        ]

    def test_rolling_back_is_told(self):
        make_character("ada")
        publish("ada")
        edit("ada", scenario="New.")
        publish("ada")

        labels.move_label(
            character_id="ada",
            label="production",
            number=1,
            note="Back",
            author=None,
            now=NOW,
        )

        found = told("version.published")
        assert [each["version"] for each in found] == [1, 2, 1]
        assert (found[-1]["kind"], found[-1]["note"]) == ("roll_back", "Back")

    def test_taking_the_first_publish_back_is_told_as_no_version(self):
        make_character("ada")
        outcome = publish("ada")

        labels.undo(publication_id=outcome.publication.pk, author=None, now=NOW)

        assert told("version.published")[-1]["version"] is None

    def test_other_labels_are_nobodys_business(self):
        make_character("ada")

        publishing.publish(
            character_ids=["ada"], label="staging", note="N", author=None, now=NOW
        )

        assert told("version.published") == []

    def test_scheduled_change_is_told_when_it_happens(self):
        make_character("ada")
        labels.schedule(
            character_id="ada",
            label="production",
            move_at=NOW + HOUR,
            until=None,
            note="Later",
            author=None,
            now=NOW,
        )
        assert told("version.published") == []

        labels.move_due(now=NOW + HOUR)

        [found] = told("version.published")
        assert (found["kind"], found["note"]) == ("schedule", "Later")


class TestFailed:
    @pytest.fixture
    def ada_is_live(self):
        make_character("ada")
        publish("ada")
        edit_framework(decision_making={"when_unsure": "ask"})

    def test_framework_that_moved_on_is_told(self, mia, ada_is_live):
        run = start(mia, "ada")
        edit_framework(decision_making={"when_unsure": "wait"})

        run = work(run)

        assert told("publish.failed") == [
            {
                "what": "framework",
                "framework_id": "neuro",
                "problem": run.problem,
                "refused": {},
                "note": run.note,
            }
        ]
        assert run.problem

    def test_characters_that_are_refused_are_named(self, mia, ada_is_live):
        make_character("long", description="x " * 80_000)
        publish("long")
        edit_framework(prompt_template="y " * 60_000)

        work(start(mia, "ada", "long"))

        [found] = told("publish.failed")
        assert list(found["refused"]) == ["long"]
        assert "Shorten" in found["refused"]["long"]
        assert live("ada") == 2

    def test_run_that_nobody_works_at_is_told_once(self, mia, ada_is_live):
        start(mia, "ada")

        for _ in range(2):
            framework_runs.overdue(now=NOW + GIVEN_UP_AFTER)

        assert len(told("publish.failed")) == 1

    def test_run_that_a_queue_delivers_too_late_is_told(self, mia, ada_is_live):
        run = start(mia, "ada")

        framework_runs.work(run_id=run.pk, clock=lambda: NOW + GIVEN_UP_AFTER)

        assert len(told("publish.failed")) == 1

    def test_cancelling_is_no_failure(self, mia, ada_is_live):
        run = start(mia, "ada")

        framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW)

        assert told("publish.failed") == []

    def test_success_is_no_failure(self, mia, ada_is_live):
        work(start(mia, "ada"))

        assert live("ada") == 2
        assert told("publish.failed") == []
        assert told("version.published")[-1]["kind"] == "framework"
