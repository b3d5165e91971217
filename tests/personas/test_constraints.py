"""What the database refuses, each with a row that breaks it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError

from personas.models import (
    Alias,
    Character,
    CharacterVersion,
    CompiledPrompt,
    Framework,
    FrameworkVersion,
    Label,
    LabelMove,
    Picture,
    Publication,
    ScheduledMove,
    Stage,
)
from personas.services import publishing
from tests.factories import NOW, make_character, make_framework

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Character:
    character = make_character("ada")
    publishing.publish(character_ids=["ada"], note="N", author=None, now=NOW)
    return character


def refused(constraint: str, make, *args, **fields) -> None:
    """``make`` must fail, and for this reason."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make(*args, **fields)
    columns = constraint.split("|")
    assert any(c in str(caught.value) for c in columns), str(caught.value)


def framework_fields(**changes):
    return {
        "framework_id": "other",
        "name": "Other",
        "draft_hash": "0" * 64,
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("framework_has_id", {"framework_id": ""}),
        ("framework_has_name", {"name": ""}),
        ("framework_revision_counts", {"revision": 0}),
        ("framework_id", {"framework_id": "neuro"}),
    ],
)
def test_framework(ada, constraint, changes):
    refused(constraint, Framework.objects.create, **framework_fields(**changes))


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("character_has_id", {"character_id": ""}),
        ("character_has_name", {"display_name": ""}),
        ("character_weight_in_range", {"routing_weight": -1}),
        ("character_weight_in_range", {"routing_weight": 1001}),
        ("character_revision_counts", {"revision": 0}),
        ("character_id", {"character_id": "ada"}),
    ],
)
def test_character(ada, constraint, changes):
    fields = {
        "character_id": "eve",
        "display_name": "Eve",
        "framework": ada.framework,
        "draft_hash": "0" * 64,
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }

    refused(constraint, Character.objects.create, **fields)


def test_alias(ada):
    Alias.objects.create(character=ada, position=0, text="Ad")

    new = Alias.objects.create
    # SQLite names the columns of a broken unique constraint, Postgres its name.
    refused(
        "alias_once_per_character|alias.text", new, character=ada, position=1, text="Ad"
    )
    refused(
        "alias_one_per_place|alias.position", new, character=ada, position=0, text="B"
    )
    refused("alias_has_text", new, character=ada, position=2, text="")


def test_stage(ada):
    Stage.objects.create(character=ada, position=0, milestone=50)

    new = Stage.objects.create
    refused(
        "stage_once_per_milestone|stage.milestone",
        new,
        character=ada,
        position=1,
        milestone=50,
    )
    refused(
        "stage_one_per_place|stage.position",
        new,
        character=ada,
        position=0,
        milestone=60,
    )
    refused(
        "stage_milestone_from_one|milestone",
        new,
        character=ada,
        position=2,
        milestone=0,
    )


def test_picture():
    refused(
        "picture_has_size",
        Picture.objects.create,
        digest="0" * 64,
        content=b"",
        width=0,
        height=1,
        created_at=NOW,
    )


def version_fields(version: CharacterVersion, **changes):
    return {
        "character": version.character,
        "number": 2,
        "framework_version": version.framework_version,
        "inputs": {},
        "inputs_hash": "",
        "content_hash": "",
        "tokens": {},
        "note": "N",
        "author_name": "A",
        "created_at": NOW,
        **changes,
    }


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("character_version_number|characterversion.number", {"number": 1}),
        ("character_version_from_one", {"number": 0}),
        ("character_version_has_note", {"note": ""}),
    ],
)
def test_character_version(ada, constraint, changes):
    version = CharacterVersion.objects.get()

    refused(
        constraint,
        CharacterVersion.objects.create,
        **version_fields(version, **changes),
    )


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("framework_version_number|frameworkversion.number", {"number": 1}),
        ("framework_version_from_one", {"number": 0}),
        ("framework_version_has_note", {"note": ""}),
    ],
)
def test_framework_version(constraint, changes):
    framework = make_framework("neuro")
    fields = {
        "framework": framework,
        "number": 2,
        "inputs": {},
        "inputs_hash": "",
        "note": "N",
        "author_name": "A",
        "created_at": NOW,
        **changes,
    }

    refused(constraint, FrameworkVersion.objects.create, **fields)


@pytest.mark.parametrize("model", [CharacterVersion, FrameworkVersion, CompiledPrompt])
def test_versions_are_never_changed_nor_deleted(ada, model):
    refused("append-only", model.objects.update, id=F("id"))
    # Raw, because Django itself would refuse to delete what is referred to.
    refused("append-only", model.objects.all()._raw_delete, "default")


def test_compiled_prompt_is_one_per_context(ada):
    version = CharacterVersion.objects.get()

    refused(
        "compiled_prompt_per_context|compiledprompt.context",
        CompiledPrompt.objects.create,
        version=version,
        context="",
        body="{}",
    )


def test_label(ada):
    version = CharacterVersion.objects.get()
    fields = {"character": ada, "version": version, "moved_at": NOW}

    refused(
        "label_once_per_character|label.name",
        Label.objects.create,
        name="production",
        **fields,
    )
    refused("label_has_name", Label.objects.create, name="", **fields)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("publication_has_note", {"note": ""}),
        ("publication_known_kind", {"kind": "other"}),
    ],
)
def test_publication(constraint, changes):
    fields = {
        "kind": "publish",
        "note": "N",
        "author_name": "A",
        "created_at": NOW,
        **changes,
    }

    refused(constraint, Publication.objects.create, **fields)


def test_publication_is_undone_once(ada):
    publication = Publication.objects.get(kind="publish")
    fields = {
        "kind": "undo",
        "note": "N",
        "author_name": "A",
        "created_at": NOW,
        "undoes": publication,
    }
    Publication.objects.create(**fields)

    refused("undoes_id", Publication.objects.create, **fields)


def test_label_move(ada):
    move = LabelMove.objects.get()
    fields = {"publication": move.publication, "character": ada}

    refused(
        "label_move_once_per_publication|labelmove.label",
        LabelMove.objects.create,
        label="production",
        to_version=move.to_version,
        **fields,
    )
    refused(
        "label_move_goes_somewhere",
        LabelMove.objects.create,
        label="staging",
        from_version=move.to_version,
        to_version=move.to_version,
        **fields,
    )


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("scheduled_move_ends_after_start", {"until": NOW}),
        ("scheduled_move_has_note", {"note": ""}),
    ],
)
def test_scheduled_move(ada, constraint, changes):
    fields = {
        "character": ada,
        "label": "production",
        "version": CharacterVersion.objects.get(),
        "move_at": NOW,
        "until": NOW + timedelta(days=1),
        "note": "N",
        "author_name": "A",
        "created_at": NOW,
        **changes,
    }

    refused(constraint, ScheduledMove.objects.create, **fields)


def test_what_history_hangs_on_is_not_deleted(ada):
    with pytest.raises(ProtectedError):
        ada.delete()
    with pytest.raises(ProtectedError):
        ada.framework.delete()
