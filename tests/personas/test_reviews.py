"""Asking whether a draft may go live, and every answer."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.models import AuditEntry, LiveChange
from core.roles import Role
from personas.models import Character, ReviewRequest
from personas.services import drafts, frameworks, labels, publishing, reviews
from personas.services.announcing import STREAM
from tests.factories import NOW, make_character, make_person
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ana():
    return make_person(Role.CURATOR, username="ana")


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def asked(ana):
    """Ana asks to publish Ada's second draft."""
    make_character(scenario="Old.")
    publish()
    edit(scenario="New.")
    return ask(ana)


def ask(author, note="Please look.", character_id="ada"):
    return reviews.ask(character_id=character_id, note=note, author=author, now=NOW)


def answer_of(request):
    request.refresh_from_db()
    return request.answer


def schedule(*, author, label="production"):
    return labels.schedule(
        character_id="ada",
        label=label,
        move_at=LATER,
        until=None,
        note="At noon",
        author=author,
        now=NOW,
    )


class TestAsking:
    def test_it_is_kept_with_the_revision_audited_and_announced(self, ana):
        make_character()
        told = LiveChange.objects.filter(stream=STREAM, key="ada")
        before = told.count()

        request = ask(ana, "  The pier is new.  ")

        assert request.note == "The pier is new."
        assert request.revision == 1
        assert request.closed_at is None
        entry = AuditEntry.objects.get(action="review.asked")
        assert entry.actor == ana
        assert entry.note == "The pier is new."
        assert told.count() == before + 1
        # Not one that makes bots' prompts be read again.
        assert told.latest("pk").op["what"] == "draft"

    @pytest.mark.parametrize("note", ["", " \n\t"])
    def test_without_a_note_nobody_is_asked(self, ana, note):
        make_character()

        with pytest.raises(reviews.NoNote):
            ask(ana, note)
        assert not ReviewRequest.objects.exists()

    def test_one_is_open_at_a_time(self, asked, mia):
        with pytest.raises(reviews.AlreadyAsked) as caught:
            ask(mia)

        assert caught.value.request == asked
        assert "ana has asked already" in str(caught.value)

    def test_the_database_keeps_it_to_one(self, asked, mia):
        with pytest.raises(IntegrityError), transaction.atomic():
            ReviewRequest.objects.create(
                character=asked.character,
                revision=1,
                note="N",
                asked_by=mia,
                asked_at=NOW,
            )

    def test_what_is_live_already_needs_no_review(self, ana):
        make_character()
        publish()

        with pytest.raises(reviews.NothingToReview):
            ask(ana)

    def test_an_archived_character_is_restored_first(self, ana):
        make_character()
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        with pytest.raises(drafts.Archived):
            ask(ana)

    def test_nobody_to_ask_about(self, ana):
        with pytest.raises(Character.DoesNotExist):
            ask(ana, character_id="nobody")


class TestTakingBack:
    def test_who_asked_takes_it_back_and_may_ask_anew(self, asked, ana):
        reviews.withdraw(request_id=asked.pk, actor=ana, now=LATER)

        asked.refresh_from_db()
        assert asked.answer == ReviewRequest.Answer.WITHDRAWN
        assert asked.closed_by == ana
        assert asked.closed_at == LATER
        assert AuditEntry.objects.filter(action="review.withdrawn").count() == 1
        assert ask(ana).pk != asked.pk

    def test_nobody_elses(self, asked, mia):
        with pytest.raises(reviews.NotYours):
            reviews.withdraw(request_id=asked.pk, actor=mia, now=LATER)
        assert answer_of(asked) == ""

    def test_one_that_was_sent_back_is_done_with_and_keeps_the_note(
        self, asked, ana, mia
    ):
        reviews.decline(request_id=asked.pk, note="Too long.", actor=mia, now=LATER)

        reviews.withdraw(request_id=asked.pk, actor=ana, now=LATER)

        assert answer_of(asked) == ReviewRequest.Answer.WITHDRAWN
        assert asked.answer_note == "Too long."
        entry = AuditEntry.objects.get(action="review.dismissed")
        assert (entry.before, entry.after) == (
            {"answer": "declined"},
            {"answer": "dismissed"},
        )
        with pytest.raises(reviews.AlreadyAnswered, match="dismissed"):
            reviews.withdraw(request_id=asked.pk, actor=ana, now=LATER)

    def test_not_twice(self, asked, ana):
        reviews.withdraw(request_id=asked.pk, actor=ana, now=LATER)

        with pytest.raises(reviews.AlreadyAnswered, match="withdrawn"):
            reviews.withdraw(request_id=asked.pk, actor=ana, now=LATER)


class TestSendingBack:
    def test_with_a_note_and_nothing_goes_live(self, asked, mia):
        reviews.decline(request_id=asked.pk, note=" Too long. ", actor=mia, now=LATER)

        asked.refresh_from_db()
        assert asked.answer == ReviewRequest.Answer.DECLINED
        assert asked.answer_note == "Too long."
        assert asked.closed_by == mia
        entry = AuditEntry.objects.get(action="review.declined")
        assert entry.note == "Too long."
        label = asked.character.labels.get()
        assert label.version.number == 1

    def test_a_note_is_needed(self, asked, mia):
        with pytest.raises(reviews.NoNote):
            reviews.decline(request_id=asked.pk, note=" ", actor=mia, now=LATER)
        assert answer_of(asked) == ""

    def test_what_was_answered_meanwhile_stays_so(self, asked, mia):
        publish()

        with pytest.raises(reviews.AlreadyAnswered, match="published"):
            reviews.decline(request_id=asked.pk, note="No.", actor=mia, now=LATER)

    def test_asking_anew_afterwards(self, asked, ana, mia):
        reviews.decline(request_id=asked.pk, note="Too long.", actor=mia, now=LATER)

        assert ask(ana, "Shorter now.").closed_at is None


class TestPublishingAnswers:
    def test_publishing_the_draft_as_live(self, asked, mia):
        publishing.publish(character_ids=["ada"], note="Yes.", author=mia, now=LATER)

        asked.refresh_from_db()
        assert asked.answer == ReviewRequest.Answer.PUBLISHED
        assert asked.closed_by == mia
        assert AuditEntry.objects.filter(action="review.published").count() == 1

    def test_a_trial_leaves_it_open_until_that_version_is_live(self, asked, mia):
        publish(label="staging")
        assert answer_of(asked) == ""

        labels.move_label(
            character_id="ada",
            label="production",
            number=2,
            note="It went well.",
            author=mia,
            now=LATER,
        )

        assert answer_of(asked) == ReviewRequest.Answer.PUBLISHED

    def test_rolling_back_to_something_else_leaves_it_open(self, asked, mia):
        edit(scenario="Newer still.")
        publish(label="staging")
        edit(scenario="The newest.")

        labels.move_label(
            character_id="ada",
            label="production",
            number=2,
            note="N",
            author=mia,
            now=LATER,
        )

        assert answer_of(asked) == ""

    def test_a_framework_leaves_it_open(self, asked, mia):
        framework = asked.character.framework
        sheet = framework.to_sheet().model_copy(update={"prompt_template": "Be kind."})
        drafts.save_framework(
            framework_id="neuro",
            sheet=sheet,
            revision=framework.revision,
            actor=mia,
            now=NOW,
        )

        frameworks.publish_framework(
            framework_id="neuro", note="Kinder", author=mia, now=LATER
        )

        assert asked.character.labels.get().version.number == 2
        assert answer_of(asked) == ""

    def test_what_is_scheduled_answers_when_it_goes_live(self, asked, mia):
        schedule(author=mia)

        assert answer_of(asked) == ""
        labels.move_due(now=LATER)
        assert answer_of(asked) == ReviewRequest.Answer.PUBLISHED

    def test_a_schedule_called_off_leaves_it_open(self, asked, mia):
        move = schedule(author=mia)

        labels.cancel(move_id=move.pk, actor=mia, now=NOW)

        assert answer_of(asked) == ""

    def test_scheduling_a_trial_leaves_it_open(self, asked, mia):
        schedule(author=mia, label="staging")

        labels.move_due(now=LATER)

        assert answer_of(asked) == ""

    def test_only_the_characters_that_went_live(self, asked, ana):
        make_character("bea")
        other = ask(ana, character_id="bea")

        publish("bea")

        assert answer_of(asked) == ""
        assert answer_of(other) == ReviewRequest.Answer.PUBLISHED
