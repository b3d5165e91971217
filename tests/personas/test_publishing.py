"""Publishing, labels, rolling back, undo: design, section 3."""

from datetime import UTC, datetime, timedelta

import pytest

from personas.models import (
    Character,
    CharacterVersion,
    Framework,
    Label,
    Publication,
)
from personas.services import drafts, frameworks, labels, publishing
from tests.factories import make_character, make_framework, sheet_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def publish(*ids: str, **extra):
    return publishing.publish(
        character_ids=ids, note="Because", author=None, now=NOW, **extra
    )


def edit(character_id: str, **changes) -> Character:
    character = Character.objects.for_sheets().get(character_id=character_id)
    return drafts.save_character(
        character_id=character_id,
        sheet=character.to_sheet().model_copy(update=changes),
        revision=character.revision,
        actor=None,
        now=NOW,
    )


def live_number(character_id: str, label: str = "production") -> int | None:
    row = Label.objects.filter(
        character__character_id=character_id, name=label
    ).select_related("version")
    return row.get().version.number if row else None


def edit_framework(framework_id: str, **changes) -> Framework:
    framework = Framework.objects.get(framework_id=framework_id)
    return drafts.save_framework(
        framework_id=framework_id,
        sheet=framework.to_sheet().model_copy(update=changes),
        revision=framework.revision,
        actor=None,
        now=NOW,
    )


def test_first_publish_makes_version_one_and_moves_production():
    make_character("ada")

    outcome = publish("ada")

    assert outcome.published == {"ada": 1}
    assert live_number("ada") == 1


def test_unchanged_draft_makes_nothing():
    make_character("ada")
    publish("ada")

    outcome = publish("ada")

    assert outcome.unchanged == ["ada"]
    assert outcome.publication is None
    assert CharacterVersion.objects.count() == 1


def test_unserved_edit_is_frozen_but_keeps_the_content_hash():
    make_character("ada")
    publish("ada")
    edit("ada", creator_notes="Only for us.")

    publish("ada")

    first, second = CharacterVersion.objects.order_by("number")
    assert first.content_hash == second.content_hash
    assert first.inputs_hash != second.inputs_hash


def test_numbers_have_no_gaps_across_labels():
    make_character("ada")
    publish("ada")
    edit("ada", description="Second.")
    publish("ada", label="staging")
    edit("ada", description="Third.")
    publish("ada")

    numbers = CharacterVersion.objects.order_by("number").values_list(
        "number", flat=True
    )
    assert list(numbers) == [1, 2, 3]
    assert (live_number("ada"), live_number("ada", "staging")) == (3, 2)


def test_blank_note_is_refused():
    make_character("ada")

    with pytest.raises(publishing.NothingToPublish):
        publishing.publish(character_ids=["ada"], note="  ", author=None, now=NOW)


def test_unpublished_framework_refuses_the_character_with_what_to_do():
    make_framework("plain", is_published=False)
    make_character("ada", framework_id="plain")

    outcome = publish("ada")

    assert "Publish the framework first" in outcome.refused["ada"]
    assert not CharacterVersion.objects.exists()


def test_publish_uses_the_published_framework_not_its_draft():
    make_framework("plain", prompt_template="Published rules.")
    edit_framework("plain", prompt_template="Unfinished rules.")
    make_character("ada", framework_id="plain")

    publish("ada")

    prompt = CharacterVersion.objects.get().prompts.get().system_prompt
    assert "Published rules." in prompt
    assert "Unfinished rules." not in prompt


def test_framework_publish_never_carries_a_character_draft_live():
    make_framework("plain", prompt_template="One.")
    make_character("ada", framework_id="plain", description="Finished.")
    publish("ada")
    edit("ada", description="Unfinished.")
    edit_framework("plain", prompt_template="Two.")

    outcome = frameworks.publish_framework(
        framework_id="plain", note="New rules", author=None, now=NOW
    )

    prompt = CharacterVersion.objects.get(number=2).prompts.get().system_prompt
    assert outcome.published == {"ada": 2}
    assert "Two." in prompt
    assert "Finished." in prompt
    assert "Unfinished." not in prompt
    assert Character.objects.get().description == "Unfinished."


def test_bulk_publish_leaves_the_drafts_of_others_alone():
    make_character("ada", description="A")
    make_character("bob", description="B")
    publish("ada", "bob")
    edit("ada", description="A2")
    edit("bob", description="B unfinished")

    publish("ada")

    assert live_number("bob") == 1
    assert CharacterVersion.objects.filter(character__character_id="bob").count() == 1


def test_framework_publish_for_some_leaves_the_rest_for_later():
    make_framework("plain", prompt_template="One.")
    for character_id in ("ada", "bob"):
        make_character(character_id, framework_id="plain")
    publish("ada", "bob")
    edit_framework("plain", prompt_template="Two.")

    some = frameworks.publish_framework(
        framework_id="plain", note="N", author=None, now=NOW, character_ids=["ada"]
    )
    rest = frameworks.publish_framework(
        framework_id="plain", note="N", author=None, now=NOW
    )

    assert (some.published, rest.published) == ({"ada": 2}, {"bob": 2})
    assert rest.unchanged == ["ada"]
    assert Framework.objects.get(framework_id="plain").versions.count() == 2


def test_reach_lists_characters_with_text_and_token_change():
    make_framework("plain", prompt_template="Short.")
    make_character("ada", framework_id="plain")
    make_character("eve")
    publish("ada", "eve")
    edit_framework("plain", prompt_template="Short. And a good deal longer.")

    found = frameworks.reach(framework_id="plain")

    [touched] = found.touched
    assert touched.character_id == "ada"
    assert touched.token_change > 0
    assert "longer" in "".join(p.text for p in touched.pieces if p.kind == "added")
    assert CharacterVersion.objects.count() == 2


def test_what_was_edited_between_preparing_and_switching_is_left_and_listed(
    monkeypatch,
):
    make_character("ada")
    make_character("bob")
    prepare = publishing.prepare_drafts

    def prepare_then_edit(*args, **kwargs):
        prepared = prepare(*args, **kwargs)
        edit("ada", description="Edited in between.")
        return prepared

    monkeypatch.setattr(publishing, "prepare_drafts", prepare_then_edit)

    outcome = publish("ada", "bob")

    assert outcome.edited_meanwhile == ["ada"]
    assert outcome.published == {"bob": 1}


def test_framework_that_went_live_between_is_not_passed_over(monkeypatch):
    make_framework("plain", prompt_template="One.")
    make_character("ada", framework_id="plain")
    prepare = publishing.prepare_drafts

    def prepare_then_publish(*args, **kwargs):
        prepared = prepare(*args, **kwargs)
        edit_framework("plain", prompt_template="Two.")
        frameworks.publish_framework(
            framework_id="plain", note="N", author=None, now=NOW
        )
        return prepared

    monkeypatch.setattr(publishing, "prepare_drafts", prepare_then_publish)

    assert publish("ada").edited_meanwhile == ["ada"]


def test_roll_back_moves_the_label_and_rewrites_nothing():
    make_character("ada", description="One")
    publish("ada")
    edit("ada", description="Two")
    publish("ada")

    publication = labels.move_label(
        character_id="ada",
        label="production",
        number=1,
        note="Two was wrong",
        author=None,
        now=NOW,
    )

    assert publication.kind == Publication.Kind.ROLL_BACK
    assert live_number("ada") == 1
    assert CharacterVersion.objects.count() == 2


def test_moving_to_where_it_is_says_so():
    make_character("ada")
    publish("ada")

    with pytest.raises(labels.AlreadyThere):
        labels.move_label(
            character_id="ada",
            label="production",
            number=1,
            note="N",
            author=None,
            now=NOW,
        )


def test_undo_takes_all_moves_back_together_and_once():
    make_character("ada", description="A")
    make_character("bob", description="B")
    publish("ada", "bob")
    edit("ada", description="A2")
    edit("bob", description="B2")
    publication = publish("ada", "bob").publication

    labels.undo(publication_id=publication.pk, author=None, now=NOW)

    assert (live_number("ada"), live_number("bob")) == (1, 1)
    with pytest.raises(labels.AlreadyUndone):
        labels.undo(publication_id=publication.pk, author=None, now=NOW)


def test_undo_of_a_first_publish_takes_the_label_away():
    make_character("ada")
    publication = publish("ada").publication

    labels.undo(publication_id=publication.pk, author=None, now=NOW)

    assert live_number("ada") is None


def test_undo_leaves_what_moved_on_since():
    make_character("ada")
    first = publish("ada").publication
    edit("ada", description="Newer")
    publish("ada")

    result = labels.undo(publication_id=first.pk, author=None, now=NOW)

    assert result.moved_since == ["ada"]
    assert live_number("ada") == 2


def test_undo_of_a_framework_publish_restores_framework_and_characters():
    make_framework("plain", prompt_template="One.")
    make_character("ada", framework_id="plain")
    publish("ada")
    edit_framework("plain", prompt_template="Two.")
    publication = frameworks.publish_framework(
        framework_id="plain", note="N", author=None, now=NOW
    ).publication

    labels.undo(publication_id=publication.pk, author=None, now=NOW)

    framework = Framework.objects.select_related("published").get(framework_id="plain")
    assert framework.published.number == 1
    assert live_number("ada") == 1


def test_restore_into_draft_changes_the_draft_only():
    make_character("ada", description="One")
    publish("ada")
    edit("ada", description="Two")
    publish("ada")
    revision = Character.objects.get().revision

    labels.restore_into_draft(
        character_id="ada", number=1, revision=revision, actor=None, now=NOW
    )

    assert sheet_of("ada").description == "One"
    assert live_number("ada") == 2


def test_scheduled_move_freezes_now_and_moves_there_and_back():
    make_character("ada", description="One")
    publish("ada")
    edit("ada", description="Two")
    start, end = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    labels.schedule(
        character_id="ada",
        label="production",
        move_at=start,
        until=end,
        note="For the party",
        author=None,
        now=NOW,
    )
    edit("ada", description="Edited after scheduling")

    assert labels.move_due(now=NOW) == 0
    assert live_number("ada") == 1
    assert labels.move_due(now=start) == 1
    assert live_number("ada") == 2
    assert CharacterVersion.objects.get(number=2).to_sheet().description == "Two"
    assert labels.move_due(now=start) == 0
    assert labels.move_due(now=end) == 1
    assert live_number("ada") == 1
    assert labels.move_due(now=end + timedelta(days=1)) == 0


def test_scheduled_end_leaves_what_was_moved_by_hand():
    make_character("ada", description="One")
    publish("ada")
    edit("ada", description="Two")
    labels.schedule(
        character_id="ada",
        label="production",
        move_at=NOW + timedelta(hours=1),
        until=NOW + timedelta(hours=2),
        note="N",
        author=None,
        now=NOW,
    )
    labels.move_due(now=NOW + timedelta(hours=1))
    edit("ada", description="Three")
    publish("ada")

    labels.move_due(now=NOW + timedelta(hours=2))

    assert live_number("ada") == 3


def test_cancelled_move_does_nothing():
    make_character("ada")
    move = labels.schedule(
        character_id="ada",
        label="production",
        move_at=NOW + timedelta(hours=1),
        until=None,
        note="N",
        author=None,
        now=NOW,
    )

    labels.cancel(move_id=move.pk, actor=None, now=NOW)

    assert labels.move_due(now=NOW + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("move_at", "until"),
    [
        (NOW - timedelta(seconds=1), None),
        (NOW + timedelta(hours=2), NOW + timedelta(hours=1)),
    ],
)
def test_times_in_the_wrong_order_are_refused(move_at, until):
    make_character("ada")

    with pytest.raises(labels.BadSchedule):
        labels.schedule(
            character_id="ada",
            label="production",
            move_at=move_at,
            until=until,
            note="N",
            author=None,
            now=NOW,
        )


def test_framework_in_use_cannot_be_archived():
    make_framework("plain")
    make_character("ada", framework_id="plain")

    with pytest.raises(drafts.FrameworkInUse) as caught:
        drafts.archive_framework(
            framework_id="plain", is_archived=True, actor=None, now=NOW
        )

    assert caught.value.character_ids == ["ada"]


def test_framework_that_only_production_uses_cannot_be_archived():
    make_framework("old")
    make_framework("new")
    make_character("ada", framework_id="old")
    publish("ada")
    edit("ada", framework_id="new")

    with pytest.raises(drafts.FrameworkInUse):
        drafts.archive_framework(
            framework_id="old", is_archived=True, actor=None, now=NOW
        )


def test_stale_revision_is_refused_and_nothing_is_lost():
    make_character("ada", description="One")
    edit("ada", description="Theirs")

    with pytest.raises(drafts.StaleRevision) as caught:
        drafts.save_character(
            character_id="ada",
            sheet=sheet_of("ada").model_copy(update={"description": "Mine"}),
            revision=1,
            actor=None,
            now=NOW,
        )

    assert caught.value.current.description == "Theirs"
    assert sheet_of("ada").description == "Theirs"


def test_archived_character_is_not_published():
    make_character("ada")
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    assert "archived" in publish("ada").refused["ada"]
