"""What managers decide about stages, and how characters grow."""

import pytest

from core import limits
from core.models import AuditEntry, LiveChange
from core.roles import Role
from evolution.models import Crossing, Progress
from evolution.services import stages
from evolution.services.stages import Act, ReasonTooLong, UnknownStage, WrongState
from personas.models import Character
from personas.services import drafts
from tests.evolution.growing_cases import act, crossing, make_grower
from tests.factories import NOW, make_character, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def waiting():
    make_grower()
    act("ada", 50)
    return crossing(50)


@pytest.mark.parametrize(
    ("decide", "status", "wants", "action"),
    [
        (stages.approve, "waiting", "apply", "growth.approved"),
        (stages.postpone, "postponed", "", "growth.postponed"),
        (stages.reject, "rejected", "", "growth.rejected"),
    ],
)
def test_a_decision_is_kept_with_who_when_and_why(
    waiting, mia, decide, status, wants, action
):
    decide(stage_id=waiting.pk, actor=mia, now=NOW, reason=" Good. ")

    row = crossing(50)
    assert (row.status, row.wants) == (status, wants)
    assert (row.decided_by, row.decided_by_name) == (mia, "mia")
    assert (row.decided_at, row.reason) == (NOW, "Good.")
    assert row.try_at == (NOW if wants else None)
    entry = AuditEntry.objects.get(action=action)
    assert (entry.actor, entry.note) == (mia, "Good.")
    assert entry.object_type == "personas.character"


@pytest.mark.parametrize("mode", ["frozen", "approve"])
def test_what_was_to_go_live_by_itself_waits_once_it_is_not_to(mia, mode):
    make_grower(mode="auto")
    act("ada", 50)
    assert crossing(50).wants == "apply"

    stages.set_mode(character_id="ada", mode=mode, actor=mia, now=NOW)

    row = crossing(50)
    assert (row.status, row.wants, row.try_at) == ("waiting", "", None)


def test_what_a_manager_approved_goes_live_in_any_mode(waiting, mia):
    stages.set_mode(character_id="ada", mode="auto", actor=mia, now=NOW)
    stages.approve(stage_id=waiting.pk, actor=mia, now=NOW)

    stages.set_mode(character_id="ada", mode="frozen", actor=mia, now=NOW)

    assert crossing(50).wants == "apply"


def test_a_decision_forgets_earlier_failures(waiting, mia):
    Crossing.objects.update(wants="apply", try_at=NOW, attempts=4, failure="No.")

    stages.postpone(stage_id=waiting.pk, actor=mia, now=NOW)

    row = crossing(50)
    assert (row.attempts, row.failure, row.try_at) == (0, "", None)


def test_what_cannot_be_decided_is_refused_and_changes_nothing(waiting, mia):
    with pytest.raises(WrongState, match="never live"):
        stages.revert(stage_id=waiting.pk, actor=mia, now=NOW)

    assert crossing(50).status == "waiting"
    assert not AuditEntry.objects.filter(action="growth.reverted").exists()


@pytest.mark.parametrize("stage_id", [0, 999_999])
def test_an_unknown_stage_is_said_to_be_unknown(waiting, mia, stage_id):
    with pytest.raises(UnknownStage):
        stages.approve(stage_id=stage_id, actor=mia, now=NOW)


def test_a_mark_without_a_stage_cannot_be_decided(mia):
    make_grower(evolution_stages=[])
    act("ada", 50)

    with pytest.raises(UnknownStage):
        stages.approve(stage_id=crossing(50).pk, actor=mia, now=NOW)


def test_stages_of_the_archived_cannot_be_decided(waiting, mia):
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    with pytest.raises(UnknownStage):
        stages.approve(stage_id=waiting.pk, actor=mia, now=NOW)


def test_a_reason_has_a_limit_and_no_nul(waiting, mia):
    with pytest.raises(ReasonTooLong, match="Shorten"):
        stages.approve(
            stage_id=waiting.pk,
            actor=mia,
            now=NOW,
            reason="x" * (limits.LINE_LENGTH + 1),
        )

    stages.approve(stage_id=waiting.pk, actor=mia, now=NOW, reason="a\0b")

    assert crossing(50).reason == "ab"


def test_of_several_those_that_can_be_are_decided(mia):
    make_grower()
    act("ada", 100)
    Crossing.objects.filter(milestone=100).update(status="applied")
    good, bad = crossing(50).pk, crossing(100).pk

    outcome = stages.decide([good, bad, 77], act=Act.REJECT, actor=mia, now=NOW)

    assert [c.pk for c in outcome.done] == [good]
    assert list(outcome.refused) == [bad]
    assert "Take it back" in outcome.refused[bad]


def test_live_pages_hear_how_many_wait(waiting, mia):
    stages.postpone(stage_id=waiting.pk, actor=mia, now=NOW)

    op = LiveChange.objects.filter(stream="evolution").latest("pk").op
    assert (op["character_id"], op["waiting"]) == ("ada", 0)


def test_the_way_of_growing_is_set_and_audited(mia):
    make_grower(mode="approve")

    stages.set_mode(character_id="ada", mode="auto", actor=mia, now=NOW)

    assert Progress.objects.get().mode == "auto"
    entry = AuditEntry.objects.get(action="growth.mode")
    assert (entry.before, entry.after) == ({"mode": "approve"}, {"mode": "auto"})


def test_the_way_of_growing_can_be_set_before_anything_was_counted(mia):
    make_character("ada")

    stages.set_mode(character_id="ada", mode="frozen", actor=mia, now=NOW)

    assert (Progress.objects.get().mode, Progress.objects.get().count) == ("frozen", 0)


def test_the_same_way_again_changes_nothing(mia):
    make_grower(mode="auto")

    stages.set_mode(character_id="ada", mode="auto", actor=mia, now=NOW)

    assert not AuditEntry.objects.filter(action="growth.mode").exists()


def test_unknown_ways_and_characters_are_refused(mia):
    make_grower()

    with pytest.raises(ValueError, match="none of auto, approve, frozen"):
        stages.set_mode(character_id="ada", mode="wild", actor=mia, now=NOW)
    with pytest.raises(Character.DoesNotExist):
        stages.set_mode(character_id="bea", mode="auto", actor=mia, now=NOW)
