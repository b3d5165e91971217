"""Import and export, by service and by command."""

import json
import shutil
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

import personas
from personas.domain.cards.writing import CardForm, write_card
from personas.domain.remarks import Action
from personas.domain.sheets import CharacterSheet
from personas.models import Character, CharacterVersion, Framework
from personas.services import importing
from personas.services.importing import SourceFile, Status
from tests.factories import NOW, make_character, make_framework, sheet_of

CAST = Path(personas.__file__).parent / "sample_cast"
FIXTURES = Path(__file__).parent.parent / "fixtures" / "prompts"

pytestmark = pytest.mark.django_db


def source(content, *, name: str = "ada.json") -> SourceFile:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return SourceFile(
        name=name, stem=Path(name).stem, raw=raw, read_text=lambda _: None
    )


def card(name: str = "Ada", **data) -> dict:
    return {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "data": {"name": name, **data},
    }


def run(*files: SourceFile, replace: bool = False):
    return importing.import_files(files, replace_existing=replace, actor=None, now=NOW)


def command(name: str, *args: object, **options: object) -> str:
    out = StringIO()
    call_command(name, *map(str, args), stdout=out, **options)
    return out.getvalue()


def hashes() -> dict[str, str]:
    rows = CharacterVersion.objects.filter(labels__name="production")
    return dict(rows.values_list("character__character_id", "content_hash"))


def test_statuses_new_unchanged_refused_changed():
    make_framework("neuro")
    first, again = card(description="One"), card(description="Two")

    assert [r.status for r in run(source(first))] == [Status.NEW]
    assert [r.status for r in run(source(first))] == [Status.UNCHANGED]
    [refused] = run(source(again))
    assert refused.status == Status.REFUSED
    assert "--replace" in refused.reason
    assert sheet_of("ada").description == "One"
    assert [r.status for r in run(source(again), replace=True)] == [Status.CHANGED]
    assert sheet_of("ada").description == "Two"


def test_one_bad_file_stops_nobody():
    make_framework("neuro")

    reports = run(source(b"{", name="bad.json"), source(card()))

    assert [r.status for r in reports] == [Status.REFUSED, Status.NEW]
    assert reports[0].reason


def test_frameworks_come_first_whatever_the_order():
    framework = {"framework_id": "plain", "name": "Plain", "prompt_template": "x"}
    sheet = {"format": 1, "character_id": "ada", "sheet": {"framework_id": "plain"}}

    reports = run(
        source(card(extensions={"dramatis": sheet})),
        source(framework, name="plain.json"),
    )

    assert [r.kind for r in reports] == ["framework", "character"]
    assert sheet_of("ada").framework_id == "plain"


def test_unknown_framework_becomes_the_default_and_is_reported():
    make_framework("neuro")
    sheet = {"format": 1, "character_id": "ada", "sheet": {"framework_id": "gone"}}

    [report] = run(source(card(extensions={"dramatis": sheet})))

    assert sheet_of("ada").framework_id == "neuro"
    assert any(r.field == "framework_id" and "gone" in r.detail for r in report.remarks)


def test_without_any_framework_a_character_says_what_to_do():
    [report] = run(source(card()))

    assert report.status == Status.REFUSED
    assert "Import a framework first" in report.reason


def test_of_two_files_with_one_id_the_last_wins_and_again_changes_nothing():
    make_framework("neuro")
    legacy = {"character_id": "ada", "display_name": "Ada", "description": "Legacy"}
    files = [source(card(description="Card")), source(legacy, name="old.json")]

    first = [r.status for r in run(*files, replace=True)]
    again = [r.status for r in run(*files, replace=True)]

    assert first == [Status.NEW, Status.CHANGED]
    assert again == [Status.UNCHANGED, Status.UNCHANGED]
    assert sheet_of("ada").description == "Legacy"


def test_file_without_a_picture_leaves_the_picture_there():
    make_framework("neuro")
    run(source(_with_avatar()))
    digest = sheet_of("ada").avatar

    run(source(card(description="Two")), replace=True)

    assert digest
    assert sheet_of("ada").avatar == digest


def _with_avatar() -> dict:
    file = BytesIO()
    Image.new("RGB", (600, 300), "teal").save(file, "PNG")
    return json.loads(
        write_card(
            CharacterSheet(display_name="Ada", framework_id="neuro"),
            character_id="ada",
            form=CardForm.V2_JSON,
            picture=file.getvalue(),
        )
    )


def test_picture_that_is_none_is_dropped_with_a_remark():
    make_framework("neuro")
    content = _with_avatar()
    content["data"]["avatar"] = "data:image/png;base64,AAAA"

    [report] = run(source(content))

    assert report.status == Status.NEW
    assert any(r.field == "avatar" and r.action == "dropped" for r in report.remarks)


def test_export_comes_back_with_the_same_hashes(tmp_path, transactional_db):
    command("import_prompts", CAST, publish=True)
    before, sheets = hashes(), {c: sheet_of(c) for c in hashes()}
    command("export_prompts", tmp_path / "out")
    _forget_everything()

    command("import_prompts", tmp_path / "out", publish=True)

    assert len(before) == 10
    assert hashes() == before
    assert {c: sheet_of(c) for c in before} == sheets


def _forget_everything() -> None:
    call_command("flush", interactive=False, verbosity=0)


def test_importing_again_changes_nothing():
    command("import_prompts", CAST, publish=True)
    count = CharacterVersion.objects.count()

    report = command("import_prompts", CAST, publish=True)

    files = len(list(CAST.rglob("*.json")))
    assert f"0 new, {files} unchanged, 0 changed, 0 refused" in report
    assert CharacterVersion.objects.count() == count


def test_fixtures_of_all_dialects_import_and_publish():
    report = command("import_prompts", FIXTURES, publish=True, replace=True)

    assert "0 refused" in report
    for character in Character.objects.for_sheets():
        prompts = CharacterVersion.objects.get(
            character=character, labels__name="production"
        ).prompts.all()
        sheet = character.to_sheet()
        assert (len(prompts) > 1) == sheet.framework_blending.enabled
        if sheet.system_prompt_override.mode != "replace":
            assert all(sheet.display_name in p.system_prompt for p in prompts)


def test_command_ends_with_status_1_if_a_file_was_refused(tmp_path):
    (tmp_path / "bad.json").write_text("[]")

    with pytest.raises(CommandError) as caught:
        command("import_prompts", tmp_path)

    assert caught.value.returncode == 1


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_command_without_files_says_so(tmp_path, path):
    with pytest.raises(CommandError, match="There is no"):
        command("import_prompts", tmp_path / path)


def test_text_file_of_the_first_dialect_stays_within_its_folder(tmp_path):
    make_framework("neuro")
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ada.json").write_text(
        json.dumps({"name": "ada", "prompt_file": "../secret.txt"})
    )

    with pytest.raises(CommandError):
        command("import_prompts", folder)

    assert not Character.objects.exists()


def test_export_refuses_to_overwrite_unless_told(tmp_path):
    make_character("ada")
    command("export_prompts", tmp_path)

    with pytest.raises(CommandError, match="--replace"):
        command("export_prompts", tmp_path)
    command("export_prompts", tmp_path, replace=True)

    assert (tmp_path / "characters" / "ada.json").exists()
    shutil.rmtree(tmp_path / "characters")


def test_publish_command_takes_ids_or_all():
    make_framework("neuro", is_published=False)
    make_character("ada")
    make_character("bob")

    with pytest.raises(CommandError, match="--all"):
        command("publish")
    with pytest.raises(CommandError, match="not published"):
        command("publish", "ada")
    assert "published bob v1" in command("publish", all=True)
    assert "Nothing has changed" in command("publish", all=True)
    assert Framework.objects.get().published is not None


# -- Kinds of conversation by the old bot's names -------------------------------------


def blending(*contexts: str) -> dict:
    rules = [
        {"context": context, "framework": "caring", "weight": 0.5}
        for context in contexts
    ]
    found = {"enabled": True, "base_framework": "neuro", "blend_rules": rules}
    return card(extensions={"framework_blending": found})


def test_old_names_of_kinds_become_ours_and_stay_in_use():
    make_framework("neuro")
    make_framework("caring", interaction_style={"tone": "warm"})

    [report] = run(source(blending("creative_task", "analytical_task")))

    weights = sheet_of("ada").framework_blending.weights
    assert [w.context for w in weights] == ["creative"] * 2 + ["technical"] * 2
    assert [r.detail for r in report.remarks if r.field == "framework_blending"] == [
        "“creative_task” is called “creative” here; bots may ask by both names.",
        "“analytical_task” is called “technical” here; bots may ask by both names.",
    ]


def test_two_old_names_of_one_kind_both_keep_their_weights():
    make_framework("neuro")

    file = source(blending("playful_chat", "emotional_support"))
    [report] = run(file)

    contexts = {w.context for w in sheet_of("ada").framework_blending.weights}
    assert contexts == {"casual", "emotional_support"}
    [kept] = [
        r for r in report.remarks if r.action == Action.KEPT and "old" in r.detail
    ]
    assert "“emotional_support” is called “casual” here" in kept.detail
    assert [r.status for r in run(file)] == [Status.UNCHANGED]
