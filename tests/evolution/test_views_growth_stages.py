"""The page of one stage: what it changes, and what can be decided."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry
from core.roles import Role
from evolution.models import Crossing
from evolution.services import stages
from personas.models import CharacterVersion
from personas.services import drafts
from tests.clients import client_as, client_of
from tests.evolution.growing import (
    OPEN,
    WARM,
    count,
    make_live,
    publish,
    stage,
    stage_at,
    work,
)
from tests.factories import NOW, make_person, sheet_of
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


@pytest.fixture
def waiting():
    """A stage that tells of a warmer tone and waits."""
    character = make_live()
    count(character, 50)
    return stage_at(character, 50)


def url(crossing, name="detail"):
    return reverse(f"evolution:stage-{name}", args=[crossing.pk])


def act(client, crossing, do, **data):
    return client.post(url(crossing, "act"), {"do": do, **data})


def page(client, crossing, **query):
    response = client.get(url(crossing), query)
    assert response.status_code == 200
    return response


def buttons(client, crossing):
    return [button.title for button in page(client, crossing).context["buttons"]]


class TestProposal:
    def test_fields_and_prompt_are_shown_with_and_without_it(self, manager, waiting):
        proposal = page(manager, waiting).context["proposal"]

        assert [change.title for change in proposal.comparison.changes] == [
            "Voice and tone"
        ]
        added = [run.text for run in proposal.comparison.runs if run.is_added]
        assert "warmer" in "".join(added)
        assert proposal.comparison.token_change > 0

    def test_both_sides_have_what_was_approved_before(self, manager, mia):
        character = make_live()
        count(character, 100)
        stages.approve(
            stage_id=stage_at(character, 50).pk, actor=mia, now=timezone.now()
        )
        work()

        proposal = page(manager, stage_at(character, 100)).context["proposal"]

        texts = [proposal.comparison.before.text, proposal.comparison.after.text]
        assert all("warmer" in text for text in texts)
        assert ["hums" in text for text in texts] == [False, True]

    def test_what_is_live_is_compared_without_it_too(self, manager, mia, waiting):
        stages.approve(stage_id=waiting.pk, actor=mia, now=timezone.now())
        work()

        proposal = page(manager, waiting).context["proposal"]

        comparison = proposal.comparison
        assert "warmer" not in comparison.before.text
        assert "warmer" in comparison.after.text
        assert not proposal.has_moved

    def test_a_publish_since_is_said_and_counts(self, manager, waiting):
        edit(scenario="A windy pier.")
        publish("ada", now=timezone.now())

        response = page(manager, waiting)

        assert (
            "Version 2 went live since this was reached." in response.content.decode()
        )
        assert "windy pier" in response.context["proposal"].comparison.before.text

    def test_a_draft_never_shows(self, manager, waiting):
        edit(scenario="A windy pier.")

        response = page(manager, waiting)

        assert "windy pier" not in response.content.decode()
        assert not response.context["proposal"].has_moved

    def test_a_stage_that_was_edited_counts_as_it_was(self, manager, waiting):
        edit(evolution_stages=[stage(50, "Cools down", tone="icy")])
        publish("ada", now=timezone.now())

        response = page(manager, waiting)

        text = response.content.decode()
        assert "The live sheet has another stage here by now" in text
        assert "icy" not in text

    def test_a_stage_that_changes_nothing_says_so(self, manager):
        character = make_live(stages=[stage(50, "Idle")])
        count(character, 50)

        text = page(manager, stage_at(character, 50)).content.decode()

        assert "No field changes" in text
        assert "the text stays the same" in text

    def test_a_stage_that_does_not_fit_is_refused_in_words(self, manager, waiting):
        changes = {"behavior": {"reactions": {"chance": "much"}}}
        Crossing.objects.filter(pk=waiting.pk).update(changes=changes)

        text = page(manager, waiting).content.decode()

        assert "The prompts cannot be compared." in text
        assert "cannot change the behavior" in text

    def test_kinds_of_conversation_make_no_trouble(self, manager, waiting):
        assert page(manager, waiting, context="formal\0").status_code == 200
        assert page(manager, waiting, context="nonsense").status_code == 200

    def test_marks_have_no_page(self, manager):
        character = make_live(stages=[])
        count(character, 50)

        assert manager.get(url(stage_at(character, 50))).status_code == 404
        assert manager.get("/growth-stages/999999999/").status_code == 404

    def test_query_count_does_not_grow_with_stages(self, manager, mia):
        few = make_live("ada", stages=[WARM])
        many = make_live(
            "bea",
            stages=[stage(at, f"At {at}", tone="new") for at in range(10, 200, 10)],
        )
        count(few, 50)
        count(many, 100)

        assert queries(manager, url(stage_at(many, 100))) == queries(
            manager, url(stage_at(few, 50))
        )


class TestDeciding:
    def test_approving_notes_it_and_the_task_publishes(self, manager, waiting):
        response = act(manager, waiting, "approve")

        assert response.status_code == 302
        text = manager.get(response["Location"]).content.decode()
        assert "Approved. It goes live in the background" in text
        assert work() == 1
        text = page(manager, waiting).content.decode()
        assert "It is part of what bots get" in text
        assert '/characters/ada/versions/2/">v2</a>' in text

    def test_it_says_who_decided_and_why(self, manager, waiting):
        act(manager, waiting, "postpone", reason="After the fair.")

        text = page(manager, waiting).content.decode()

        assert "mia" in text
        assert "After the fair." in text

    def test_rejecting_needs_a_reason(self, manager, waiting):
        response = act(manager, waiting, "reject", reason=" ")

        assert response.status_code == 422
        assert "Say why" in response.content.decode()
        waiting.refresh_from_db()
        assert waiting.status == "waiting"

    def test_rejecting_with_a_reason(self, manager, waiting):
        act(manager, waiting, "reject", reason="Out of character.")

        waiting.refresh_from_db()
        assert waiting.status == "rejected"
        assert buttons(manager, waiting) == ["Approve after all"]

    def test_what_can_be_decided_follows_the_state(self, manager, waiting):
        assert buttons(manager, waiting) == ["Approve", "Postpone", "Reject"]
        act(manager, waiting, "approve")
        assert buttons(manager, waiting) == ["Postpone", "Reject"]
        work()
        assert buttons(manager, waiting) == ["Take back"]
        act(manager, waiting, "revert")
        assert buttons(manager, waiting) == ["Keep it"]
        work()
        assert buttons(manager, waiting) == ["Approve after all"]

    def test_taking_back_publishes_without_it(self, manager, waiting):
        act(manager, waiting, "approve")
        work()
        act(manager, waiting, "revert", reason="Too warm.")
        work()

        newest = CharacterVersion.objects.order_by("-number").first()
        assert newest.number == 3
        assert "warmer" not in newest.prompts.get(context="").body
        assert "went live once and was taken back" in (
            page(manager, waiting).content.decode()
        )

    def test_a_form_that_saw_another_state_decides_nothing(self, manager, waiting):
        act(manager, waiting, "postpone")

        response = act(manager, waiting, "approve", stand="waiting:", reason="Fine")

        assert response.status_code == 412
        text = response.content.decode()
        assert "It has changed meanwhile." in text
        assert 'value="Fine"' in text
        waiting.refresh_from_db()
        assert (waiting.status, waiting.wants) == ("postponed", "")

    def test_what_cannot_be_decided_now_is_refused_in_words(self, manager, waiting):
        response = act(manager, waiting, "revert")

        assert response.status_code == 409
        assert "It was never live." in response.content.decode()

    def test_nonsense_is_refused(self, manager, waiting):
        assert act(manager, waiting, "explode").status_code == 409

    def test_a_reason_that_is_too_long_is_kept_in_the_form(self, manager, waiting):
        response = act(manager, waiting, "postpone", reason="x" * 2_001)

        assert response.status_code == 422
        assert "Shorten the reason" in response.content.decode()

    def test_archived_characters_offer_nothing(self, manager, waiting):
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert buttons(manager, waiting) == []
        assert act(manager, waiting, "approve").status_code == 409

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
    def test_others_only_look(self, role, waiting):
        client = client_as(role)

        assert act(client, waiting, "approve").status_code == 403
        text = page(client, waiting).content.decode()
        assert "Managers decide on growth." in text
        assert 'name="do"' not in text

    def test_nobody_signed_in_sees_it(self, client, waiting):
        for response in (client.get(url(waiting)), act(client, waiting, "approve")):
            assert response.status_code == 302
            assert "/accounts/login/" in response["Location"]

    def test_the_sheet_as_authored_stays(self, manager, waiting):
        before = sheet_of("ada")

        act(manager, waiting, "approve")
        work()

        assert sheet_of("ada") == before


class TestUndo:
    def undo(self, client, crossing):
        return client.post(f"{url(crossing, 'act')}?do=undo")

    def test_approving_offers_it(self, manager, waiting):
        response = act(manager, waiting, "approve")

        text = manager.get(response["Location"]).content.decode()
        assert f'action="{url(waiting, "act")}?do=undo"' in text

    def test_before_it_is_live_the_approval_is_called_off(self, manager, waiting):
        act(manager, waiting, "approve")
        self.undo(manager, waiting)

        waiting.refresh_from_db()
        assert (waiting.status, waiting.wants) == ("postponed", "")
        assert work() == 0

    def test_when_it_is_live_it_is_taken_back(self, manager, waiting):
        act(manager, waiting, "approve")
        work()
        self.undo(manager, waiting)
        work()

        waiting.refresh_from_db()
        assert waiting.status == "reverted"

    def test_undoing_twice_says_why_not(self, manager, waiting):
        act(manager, waiting, "approve")
        self.undo(manager, waiting)

        response = self.undo(manager, waiting)

        text = manager.get(response["Location"]).content.decode()
        assert "It is postponed already." in text


class TestFailure:
    @pytest.fixture
    def failed(self, manager, waiting):
        """Approved, but its changes do not fit."""
        changes = {"behavior": {"reactions": {"chance": "much"}}}
        Crossing.objects.filter(pk=waiting.pk).update(changes=changes)
        act(manager, waiting, "approve")
        work()
        waiting.refresh_from_db()
        return waiting

    def test_why_is_shown_with_the_way_on(self, manager, failed):
        text = page(manager, failed).content.decode()

        assert "Could not go live, 1 try." in text
        assert "cannot change the behavior" in text
        assert buttons(manager, failed)[0] == "Try again"

    def test_try_again_makes_it_due_at_once(self, manager, failed):
        Crossing.objects.filter(pk=failed.pk).update(
            changes={"personality": {"tone": "warmer"}}
        )

        act(manager, failed, "again")

        assert work() == 1
        failed.refresh_from_db()
        assert failed.status == "applied"
        assert AuditEntry.objects.filter(action="growth.tried_again").count() == 1

    def test_without_a_failure_there_is_nothing_to_try(self, manager, waiting):
        assert act(manager, waiting, "again").status_code == 409

    def test_home_tells_of_it_first(self, manager, failed):
        first = manager.get("/").context["needs"][0]

        assert first.text == "Growth of 1 character could not go live."
        assert first.is_urgent
        assert manager.get(first.url).status_code == 200


class TestHome:
    def needs(self, client):
        return {need.text: need for need in client.get("/").context["needs"]}

    def test_what_waits_is_told(self, manager, waiting):
        need = self.needs(manager)["1 character has growth waiting."]

        assert need.action == "Decide"
        assert need.since == waiting.reached_at
        shown = manager.get(need.url).context["tracks"]
        assert [track.character.character_id for track in shown] == ["ada"]

    def test_who_may_not_decide_is_led_there_too(self, waiting):
        need = self.needs(client_as(Role.VIEWER))["1 character has growth waiting."]

        assert need.action == "See it"

    def test_characters_count_once(self, manager):
        for character_id in ("ada", "bea"):
            character = make_live(character_id, stages=[WARM, OPEN])
            count(character, 100)

        assert "2 characters have growth waiting." in self.needs(manager)

    def test_what_is_decided_is_told_no_more(self, manager, waiting):
        act(manager, waiting, "postpone")

        assert self.needs(manager) == {}


def test_the_live_part_comes_alone_with_its_number(manager, waiting):
    response = manager.get(url(waiting, "state"))

    assert "X-Live-Seq" in response
    assert b"<html" not in response.content
    assert b'data-live-key="ada"' in response.content
