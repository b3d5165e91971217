"""``manage.py import_cards``."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core import limits
from personas.models import CardFile, Character, ImportBatch, ImportItem, Lorebook
from tests.factories import make_framework, sheet_of
from tests.personas.cards_given import book, card, png_card, zipped

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def framework():
    make_framework("neuro")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "ada.png").write_bytes(png_card(character_book=book("Old.")))
    (tmp_path / "more" / "eve.json").write_bytes(card("Eve"))
    lore = {"spec": "lorebook_v3", "data": book("Old.")}
    (tmp_path / "zz.json").write_text(json.dumps(lore))
    (tmp_path / "notes.md").write_text("Not a card.")
    return tmp_path


def run(*args: object, **options: object) -> str:
    out = StringIO()
    call_command("import_cards", *map(str, args), stdout=out, **options)
    return out.getvalue()


def test_folder_is_imported_books_first_and_again_changes_nothing(folder):
    first = run(folder).splitlines()
    again = run(folder, verbosity=0).splitlines()

    assert "3 new, 0 replaced, 0 merged, 0 unchanged, 0 refused" in first[-1]
    assert first[0].startswith("new       zz.json lorebook ruins (json, lorebook_v3)")
    assert any(line.startswith("    mapped") for line in first)
    assert again[-1].startswith("0 new, 0 replaced, 0 merged, 3 unchanged")
    assert len(again) == 4
    assert Lorebook.objects.count() == 1
    assert sheet_of("ada").lorebooks == ["ruins"]


def test_bad_file_stops_nobody_and_the_command_fails(folder):
    (folder / "bad.json").write_text("{")

    with pytest.raises(
        CommandError, match=r"bad\.json: The file is not JSON"
    ) as caught:
        run(folder)

    assert caught.value.returncode == 1
    assert Character.objects.count() == 2


def test_known_card_with_other_content_asks_for_a_word(tmp_path):
    path = tmp_path / "ada.json"
    path.write_bytes(card(creator="Bo", description="One"))
    run(path)
    path.write_bytes(card(creator="Bo", description="Two"))

    with pytest.raises(CommandError, match="--replace or --merge"):
        run(path)
    assert sheet_of("ada").description == "One"

    assert "0 new, 1 replaced" in run(path, replace=True)
    assert sheet_of("ada").description == "Two"

    path.write_bytes(card(creator="Bo", description="Three", scenario="New"))
    assert "1 merged" in run(path, merge=True)
    assert sheet_of("ada").description == "Three"
    assert Character.objects.count() == 1


def test_two_files_of_one_card_make_one_character(tmp_path):
    (tmp_path / "a.json").write_bytes(card(creator="Bo", description="One"))
    (tmp_path / "b.json").write_bytes(card(creator="Bo", description="Two"))

    assert "1 new, 1 replaced" in run(tmp_path, replace=True)

    assert Character.objects.count() == 1
    assert sheet_of("ada").description == "Two"


def test_zip_is_opened(tmp_path):
    path = tmp_path / "all.zip"
    path.write_bytes(zipped({"x/ada.json": card(), "eve.json": card("Eve")}))

    output = run(path, verbosity=0)

    assert "x/ada.json character ada" in output
    assert Character.objects.count() == 2


def test_dry_run_says_the_same_and_leaves_nothing(folder):
    output = run(folder, dry_run=True)

    assert "3 new" in output
    assert not Character.objects.exists()
    assert not ImportBatch.objects.exists()
    assert not CardFile.objects.exists()


def test_batch_is_kept_and_closed(folder):
    run(folder)

    batch = ImportBatch.objects.get()
    assert batch.closed_at is not None
    assert batch.items.filter(state=ImportItem.State.DONE).count() == 3


def test_paths_that_hold_nothing_are_refused(tmp_path):
    with pytest.raises(CommandError, match="no file or folder"):
        run(tmp_path / "nothing")
    with pytest.raises(CommandError, match="no card there"):
        run(tmp_path)
    with pytest.raises(CommandError, match="not allowed with"):
        run(tmp_path, "--replace", "--merge")
    assert not ImportBatch.objects.exists()


def test_file_that_cannot_be_taken_is_a_line_of_the_report(tmp_path, monkeypatch):
    (tmp_path / "large.json").write_bytes(bytes(limits.UPLOAD_BYTES + 1))
    (tmp_path / "ada.json").write_bytes(card())
    (tmp_path / "gone.json").write_bytes(card("Gone"))
    real = type(tmp_path).open

    def opened(self, *args, **kwargs):
        if self.name == "gone.json":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(tmp_path), "open", opened)

    with pytest.raises(CommandError, match="20 MB") as caught:
        run(tmp_path)

    assert "gone.json: The file cannot be read: Permission denied." in str(caught.value)
    assert Character.objects.count() == 1


def test_a_file_that_is_named_may_end_in_anything(tmp_path):
    path = tmp_path / "card.txt"
    path.write_bytes(card())

    assert "1 new" in run(path)
