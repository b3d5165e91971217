"""Stages go live by themselves and are taken back: design, section 5."""

import json
import math
from datetime import timedelta
from random import Random

import pytest
from django.db import OperationalError

from core.models import AuditEntry, LiveChange, Webhook, WebhookMessage
from core.roles import Role
from evolution.models import Crossing, Progress
from evolution.services import applying, stages
from evolution.tasks import apply_stages
from personas import checks
from personas.models import ApprovedGrowth, CharacterVersion, Publication, VersionGrowth
from personas.services import drafts, frameworks, labels, publishing
from tests.evolution.growing_cases import (
    STAGES,
    act,
    apply_all,
    crossing,
    edit,
    live,
    make_grower,
    prompt_of,
    publish,
)
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


def at(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_a_stage_of_an_automatic_character_goes_live_by_itself():
    make_grower(mode="auto")
    act("ada", 50)

    assert apply_all() == 1

    version = live()
    assert version.number == 2
    assert "- tone: warm" in prompt_of(version)
    assert "- hums" in prompt_of(version)
    assert (version.growth.count, len(version.growth.stages)) == (50, 1)
    row = crossing(50)
    assert (row.status, row.wants, row.version) == ("applied", "", version)


def test_the_authored_sheet_never_changes_by_growth():
    character = make_grower(mode="auto")
    before = live().inputs
    act("ada", 50)

    apply_all()

    assert live().inputs == before
    character.refresh_from_db()
    assert (character.revision, character.draft_hash) == (1, live().inputs_hash)


def test_an_automatic_version_never_carries_a_draft_live():
    make_grower(mode="auto", description="Old.")
    edit(description="Unfinished.", topic_interests=["rain"])
    act("ada", 50)

    apply_all()

    version = live()
    assert "Old." in prompt_of(version)
    assert "Unfinished." not in prompt_of(version)
    assert "rain" not in prompt_of(version)
    assert "- hums" in prompt_of(version)
    # Production's inputs, byte for byte, and the stage.
    assert version.inputs == CharacterVersion.objects.get(number=1).inputs


def test_an_automatic_version_uses_the_framework_version_of_production():
    make_grower(mode="auto")
    framework = live().framework_version.framework
    drafts.save_framework(
        framework_id="neuro",
        sheet=framework.to_sheet().model_copy(update={"prompt_template": "Newer."}),
        revision=framework.revision,
        actor=None,
        now=NOW,
    )
    frameworks.publish_framework(
        framework_id="neuro", note="N", author=None, now=NOW, character_ids=[]
    )
    act("ada", 50)

    apply_all()

    assert "Newer." not in prompt_of(live())


def test_a_jump_over_several_stages_makes_one_version_with_them_in_order():
    make_grower(mode="auto")
    act("ada", 100)

    assert apply_all() == 2

    version = live()
    assert version.number == 2
    assert [s["milestone"] for s in version.growth.stages] == [50, 100]
    # The later one has the last word.
    assert "- tone: tender" in prompt_of(version)
    assert "- tone: warm" not in prompt_of(version)
    assert version.note == (
        "Grew at 50 interactions (“Warms up”), 100 interactions (“Knows the sea”)."
    )


def test_what_waits_for_approval_changes_nothing():
    make_grower(mode="approve")
    act("ada", 50)

    assert apply_all() == 0

    assert live().number == 1
    assert crossing(50).status == "waiting"


def test_a_frozen_character_records_and_waits():
    make_grower(mode="frozen")
    act("ada", 50)

    assert apply_all() == 0

    assert crossing(50).status == "waiting"


def test_what_a_manager_approves_goes_live_in_their_name(mia):
    make_grower()
    act("ada", 50)
    stages.approve(stage_id=crossing(50).pk, actor=mia, now=NOW)

    apply_all()

    assert Publication.objects.latest("pk").author == mia
    assert live().author == mia
    entry = AuditEntry.objects.get(action="growth.approved")
    assert (entry.actor, entry.after["wants"]) == (mia, "apply")


def test_what_happens_by_itself_is_in_nobodys_name():
    make_grower(mode="auto")
    act("ada", 50)

    apply_all()

    last = Publication.objects.latest("pk")
    assert (last.author, last.author_name) == (None, "system")


def test_running_twice_applies_once():
    make_grower(mode="auto")
    act("ada", 50)

    assert [apply_all(), apply_all()] == [1, 0]

    assert CharacterVersion.objects.count() == 2


def test_dying_before_the_end_leaves_nothing_and_the_next_run_does_it(monkeypatch):
    make_grower(mode="auto")
    act("ada", 50)

    def die(*args, **kwargs):
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(applying, "_tell", die)
        assert apply_all() == 0

    assert CharacterVersion.objects.count() == 1
    assert not ApprovedGrowth.objects.exists()
    assert crossing(50).wants == "apply"
    assert apply_all() == 1
    assert live().number == 2


def test_taking_one_stage_back_leaves_the_others(mia):
    make_grower(mode="auto")
    act("ada", 100)
    apply_all()
    stages.revert(stage_id=crossing(50).pk, actor=mia, now=at(5), reason="Too soon.")

    assert apply_all(at(5)) == 1

    version = live()
    assert version.number == 3
    assert "- hums" not in prompt_of(version)
    assert "- sea" in prompt_of(version)
    assert crossing(50).status == "reverted"
    assert crossing(100).status == "applied"
    assert version.note == "Took back growth at 50 interactions (“Warms up”)."


def test_what_was_taken_back_can_be_approved_again(mia):
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()
    for decide in (stages.revert, stages.approve):
        decide(stage_id=crossing(50).pk, actor=mia, now=at(5))
        apply_all(at(5))

    assert crossing(50).status == "applied"
    assert "- hums" in prompt_of(live())


def test_stages_that_come_and_go_together_are_told_together(mia):
    make_grower()
    act("ada", 100)
    stages.approve(stage_id=crossing(50).pk, actor=mia, now=NOW)
    apply_all()
    stages.revert(stage_id=crossing(50).pk, actor=mia, now=at(5))
    stages.approve(stage_id=crossing(100).pk, actor=mia, now=at(5))

    assert apply_all(at(5)) == 2

    assert live().note == (
        "Grew at 100 interactions (“Knows the sea”);"
        " took back growth at 50 interactions (“Warms up”)."
    )


def test_the_last_stage_taken_back_makes_the_prompt_what_it_was(mia):
    make_grower(mode="auto")
    before = prompt_of(live())
    act("ada", 50)
    apply_all()

    stages.revert(stage_id=crossing(50).pk, actor=mia, now=at(5))
    apply_all(at(5))

    assert prompt_of(live()) == before


# -- What else publishes -------------------------------------------------------------


def test_a_reached_stage_survives_republishing():
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()
    edit(description="New.")

    publish()

    assert "New." in prompt_of(live())
    assert "- hums" in prompt_of(live())


def test_a_reached_stage_survives_another_framework():
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()
    framework = live().framework_version.framework
    drafts.save_framework(
        framework_id="neuro",
        sheet=framework.to_sheet().model_copy(update={"prompt_template": "Newer."}),
        revision=framework.revision,
        actor=None,
        now=NOW,
    )

    outcome = frameworks.publish_framework(
        framework_id="neuro", note="N", author=None, now=NOW
    )

    assert outcome.published == {"ada": 3}
    assert "Newer." in prompt_of(live())
    assert "- hums" in prompt_of(live())


def test_a_reached_stage_survives_a_roll_back_and_the_next_publish():
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()
    labels.move_label(
        character_id="ada",
        label="production",
        number=1,
        note="N",
        author=None,
        now=NOW,
    )
    edit(description="New.")

    publish()

    assert "- hums" in prompt_of(live())


def test_a_grown_character_that_nobody_edited_is_unchanged():
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()

    outcome = publishing.publish(character_ids=["ada"], note="N", author=None, now=NOW)

    assert outcome.unchanged == ["ada"]


def test_a_scheduled_version_keeps_the_growth_it_was_frozen_with():
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()
    edit(description="Party.")

    labels.schedule(
        character_id="ada",
        label="production",
        move_at=at(60),
        until=None,
        note="N",
        author=make_person(Role.MANAGER),
        now=at(1),
    )
    labels.move_due(now=at(61))

    assert "Party." in prompt_of(live())
    assert "- hums" in prompt_of(live())


# -- What moved meanwhile ------------------------------------------------------------


def test_a_publish_between_compiling_and_switching_is_not_undone(monkeypatch):
    make_grower(mode="auto")
    edit(description="New.")
    act("ada", 50)
    prepare = publishing.prepare_grown

    def prepare_then_publish(*args, **kwargs):
        item = prepare(*args, **kwargs)
        publish()
        return item

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "prepare_grown", prepare_then_publish)
        assert apply_all() == 0
    assert crossing(50).wants == "apply"

    assert apply_all() == 1
    assert "New." in prompt_of(live())
    assert "- hums" in prompt_of(live())


def test_a_publish_prepared_before_a_stage_went_live_is_left(monkeypatch):
    make_grower(mode="auto")
    edit(description="New.")
    act("ada", 50)
    prepare = publishing.prepare_drafts

    def prepare_then_grow(*args, **kwargs):
        items = prepare(*args, **kwargs)
        apply_all()
        return items

    monkeypatch.setattr(publishing, "prepare_drafts", prepare_then_grow)
    for label in ("production", "staging"):
        outcome = publishing.publish(
            character_ids=["ada"], note="N", author=None, now=NOW, label=label
        )
        # Whoever published looks again, and loses no stage.
        assert outcome.edited_meanwhile == (["ada"] if label == "production" else [])

    assert "- hums" in prompt_of(live())


def test_a_trial_prepared_before_a_stage_went_live_is_left(monkeypatch):
    make_grower(mode="auto")
    act("ada", 50)
    prepare = publishing.prepare_drafts

    def prepare_then_grow(*args, **kwargs):
        items = prepare(*args, **kwargs)
        apply_all()
        return items

    monkeypatch.setattr(publishing, "prepare_drafts", prepare_then_grow)
    outcome = publishing.publish(
        character_ids=["ada"], note="N", author=None, now=NOW, label="staging"
    )

    assert outcome.edited_meanwhile == ["ada"]


def test_a_decision_between_compiling_and_switching_counts(monkeypatch, mia):
    make_grower(mode="auto")
    act("ada", 50)
    prepare = publishing.prepare_grown

    def prepare_then_reject(*args, **kwargs):
        item = prepare(*args, **kwargs)
        stages.reject(stage_id=crossing(50).pk, actor=mia, now=NOW)
        return item

    monkeypatch.setattr(publishing, "prepare_grown", prepare_then_reject)

    assert apply_all() == 0
    assert (crossing(50).status, live().number) == ("rejected", 1)


def test_what_was_never_live_grows_for_its_first_version(mia):
    make_grower(is_published=False)
    row = Crossing.objects.create(
        character=Progress.objects.get().character,
        milestone=50,
        status="offered",
        reached_at=NOW,
        count=50,
        changes=STAGES[0]["changes"],
    )
    stages.approve(stage_id=row.pk, actor=mia, now=NOW)

    assert apply_all() == 1

    assert (crossing(50).status, crossing(50).version) == ("applied", None)
    publish()
    assert "- hums" in prompt_of(live())


def test_going_live_for_the_first_time_meanwhile_is_not_lost(monkeypatch, mia):
    make_grower(is_published=False)
    Progress.objects.update(count=10)
    row = Crossing.objects.create(
        character=Progress.objects.get().character,
        milestone=5,
        status="offered",
        reached_at=NOW,
        count=50,
        changes=STAGES[0]["changes"],
    )
    stages.approve(stage_id=row.pk, actor=mia, now=NOW)
    prepare = publishing.prepare_grown

    def prepare_then_publish(*args, **kwargs):
        item = prepare(*args, **kwargs)
        publish()
        return item

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "prepare_grown", prepare_then_publish)
        assert apply_all() == 0

    assert apply_all() == 1
    assert "- hums" in prompt_of(live())


def _archive(*, is_archived: bool) -> None:
    drafts.archive_character(
        character_id="ada", is_archived=is_archived, actor=None, now=NOW
    )


def test_an_archived_character_waits_until_it_is_back():
    character = make_grower(mode="auto")
    act("ada", 50)
    _archive(is_archived=True)

    assert apply_all() == 0

    _archive(is_archived=False)
    assert apply_all() == 1
    assert character.versions.count() == 2


def test_archiving_between_compiling_and_switching_counts(monkeypatch):
    make_grower(mode="auto")
    act("ada", 50)
    prepare = publishing.prepare_grown

    def prepare_then_archive(*args, **kwargs):
        item = prepare(*args, **kwargs)
        _archive(is_archived=True)
        return item

    monkeypatch.setattr(publishing, "prepare_grown", prepare_then_archive)

    assert apply_all() == 0
    assert CharacterVersion.objects.count() == 1


# -- What fails ----------------------------------------------------------------------


BAD = {"milestone": 50, "title": "Bad", "changes": {"behavior": {"proactive": 3}}}


def _bad_stage() -> None:
    """A stage that no check has seen, as an earlier release may have let through."""
    Crossing.objects.filter(milestone=50).update(changes=BAD["changes"])


def test_a_failure_is_kept_and_tried_again_later_and_later():
    make_grower(mode="auto")
    act("ada", 50)
    _bad_stage()
    waits = []
    now = NOW
    for _ in range(3):
        now += timedelta(hours=2)
        applying.apply_due(clock=lambda now=now: now, rng=Random(1))
        waits.append(crossing(50).try_at - now)

    row = crossing(50)
    assert (row.status, row.wants, row.attempts) == ("waiting", "apply", 3)
    assert "proactive" in row.failure
    # Shortened by chance, by up to a fifth.
    seconds = [w.total_seconds() for w in waits]
    assert [math.ceil(s / 2) * 2 for s in seconds] == [2, 4, 8]
    assert all(
        0.8 * full <= s < full for s, full in zip(seconds, (2, 4, 8), strict=True)
    )
    assert live().number == 1


def test_nothing_is_tried_before_its_time():
    make_grower(mode="auto")
    act("ada", 50)
    _bad_stage()
    apply_all()
    before = crossing(50).attempts

    apply_all()

    assert crossing(50).attempts == before


def test_one_bad_stage_does_not_hold_up_another():
    make_grower(mode="auto")
    act("ada", 100)
    _bad_stage()

    assert apply_all() == 1

    assert crossing(100).status == "applied"
    assert (crossing(50).wants, crossing(50).attempts) == ("apply", 1)
    assert "- sea" in prompt_of(live())


def test_a_check_that_blocks_keeps_it_from_going_live(monkeypatch):
    make_grower(mode="auto")
    act("ada", 50)
    monkeypatch.setattr(checks, "_checks", {})
    checks.register(
        lambda candidate: [checks.Finding(checks.Level.BLOCK, "Too loud.")], name="x"
    )

    assert apply_all() == 0

    assert crossing(50).failure == "Too loud."


def test_what_was_repaired_goes_live_after_all():
    make_grower(mode="auto")
    act("ada", 50)
    _bad_stage()
    apply_all()
    Crossing.objects.update(changes=STAGES[0]["changes"])

    assert apply_all(at(3600)) == 1

    row = crossing(50)
    assert (row.status, row.failure, row.attempts) == ("applied", "", 0)


def test_a_mistake_of_ours_is_kept_in_words_and_raised(monkeypatch):
    make_grower(mode="auto")
    act("ada", 50)

    def break_down(*args, **kwargs):
        raise RuntimeError("secret")

    monkeypatch.setattr(publishing, "prepare_grown", break_down)

    with pytest.raises(RuntimeError):
        apply_all()

    row = crossing(50)
    assert row.attempts == 1
    assert "server's log" in row.failure
    assert "secret" not in row.failure


def test_a_decision_meanwhile_is_not_overwritten_by_a_failure(monkeypatch, mia):
    make_grower(mode="auto")
    act("ada", 50)

    def reject_then_refuse(*args, outcome, **kwargs):
        stages.reject(stage_id=crossing(50).pk, actor=mia, now=NOW)
        outcome.refused["ada"] = "No."

    monkeypatch.setattr(publishing, "prepare_grown", reject_then_refuse)

    apply_all()

    assert (crossing(50).status, crossing(50).failure) == ("rejected", "")


def test_the_work_of_one_run_is_limited(monkeypatch):
    for name in ("ada", "bea"):
        make_grower(name, mode="auto")
        act(name, 50)
    ticks = iter(at(4 * n) for n in range(1_000))

    done = applying.apply_due(clock=lambda: next(ticks), rng=Random(1))

    assert done == 1
    assert Crossing.objects.to_carry_out().count() == 1


# -- Who is told ---------------------------------------------------------------------


def _listen(*events: str) -> None:
    Webhook.objects.create(
        name="W", url="https://x.test/", secret="s", events=events, created_at=NOW
    )


def _heard() -> list[tuple[str, dict]]:
    rows = WebhookMessage.objects.order_by("pk")
    return [(row.event, row.payload["data"]) for row in rows]


def test_webhooks_hear_of_what_went_live_and_what_was_taken_back(mia):
    _listen("stage.applied", "stage.reverted")
    make_grower(mode="auto")
    act("ada", 50)
    apply_all()
    stages.revert(stage_id=crossing(50).pk, actor=mia, now=at(5))
    apply_all(at(5))

    data = {
        "character_id": "ada",
        "stage_id": crossing(50).pk,
        "milestone": 50,
        "title": "Warms up",
    }
    assert _heard() == [
        ("stage.applied", {**data, "version": 2}),
        ("stage.reverted", {**data, "version": 3}),
    ]


def test_webhooks_hear_of_a_failure_once_for_each_reason():
    _listen("publish.failed")
    make_grower(mode="auto")
    act("ada", 50)
    _bad_stage()
    for hour in range(3):
        apply_all(at(3_600 * hour))

    [(event, data)] = _heard()
    assert event == "publish.failed"
    assert data == {
        "what": "growth",
        "character_id": "ada",
        "stage_id": crossing(50).pk,
        "milestone": 50,
        "wants": "apply",
        "problem": crossing(50).failure,
    }


def test_live_pages_hear_of_it():
    make_grower(mode="auto")
    act("ada", 50)
    before = LiveChange.objects.filter(stream="evolution").count()

    apply_all()

    rows = LiveChange.objects.filter(stream="evolution").order_by("pk")
    assert rows.count() == before + 1
    assert rows.last().op["count"] == 50


def test_the_prompt_tells_bots_what_was_reached():
    make_grower(mode="auto")
    act("ada", 50)

    apply_all()

    body = json.loads(live().prompts.get(context="").body)
    assert body["evolution"] == {
        "count_at_compile": 50,
        "stages": [{"milestone": 50, "title": "Warms up"}],
    }


def test_a_version_without_growth_keeps_no_row_of_it():
    make_grower()

    assert not VersionGrowth.objects.exists()


def test_the_task_carries_out_what_is_due():
    make_grower(mode="auto")
    act("ada", 50)

    assert apply_stages() == 1
