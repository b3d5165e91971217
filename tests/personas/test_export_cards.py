"""Cards and lorebooks out: by service and by command."""

import io
import json
import zipfile
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from personas.domain.lore.sheets import EntrySheet
from personas.models import Character, ImportItem, Lorebook, LoreEntry, SearchText
from personas.services import drafts, exporting, lore_entries
from personas.services.exporting import CannotExport, NoOriginal
from tests.factories import NOW, make_character, make_framework, sheet_of
from tests.personas.cards_given import book, card, given, imported, png_card, zipped

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def framework():
    make_framework("neuro")


def loaded(character_id: str = "ada") -> Character:
    return Character.objects.for_sheets().get(character_id=character_id)


def export(form: str, character_id: str = "ada"):
    return exporting.export_card(loaded(character_id), form=form)


@pytest.mark.parametrize("form", ["v2.json", "v3.json", "png", "charx"])
def test_round_trip_is_the_same_card_and_makes_no_second_book(form):
    imported(
        png_card(
            nickname="Addie",
            description="Tall.",
            tags=["a"],
            extensions={"theirs/x": {"deep": [1, 2.5, None]}},
            source=["https://example.org/ada"],
            character_book=book("Old.", "New."),
        ),
        name="ada.png",
    )

    file = export(form)
    again = given(file.content, name=file.name)

    assert again.found["duplicates"][0]["kind"] == "same_content"
    assert again.found["duplicates"][0]["object_id"] == "ada"


@pytest.mark.parametrize("form", ["v2.json", "v3.json", "png", "charx"])
def test_elsewhere_the_same_character_and_book_come_about(form):
    imported(png_card(description="Tall.", character_book=book("Old.")), name="a.png")
    before, file = sheet_of("ada"), export(form)
    for model in (ImportItem, SearchText, Character, LoreEntry, Lorebook):
        model.objects.all().delete()

    imported(file.content, name=file.name)

    assert sheet_of("ada") == before
    assert [e.content for e in Lorebook.objects.get().entries.all()] == ["Old."]


def test_draft_of_the_book_goes_along_and_private_fields_stay():
    raw = json.loads(card(character_book=book("Old."), extensions={"fav": True}))
    raw["chat"] = "Ada - 2024-1-1"
    imported(json.dumps(raw).encode())

    for form in ("v2.json", "v3.json", "charx"):
        content = export(form).content
        assert b"2024-1-1" not in content
        if form != "charx":
            assert b"Old." in content
    assert b"2024-1-1" in export("original").content


def test_files_that_came_with_a_card_go_out_again():
    assets = [
        {
            "type": "background",
            "uri": "embeded://assets/x.png",
            "name": "x",
            "ext": "png",
        }
    ]
    raw = zipped({"card.json": card(assets=assets), "assets/x.png": b"bytes of x"})
    imported(raw, name="ada.charx")

    out = export("charx").content

    with zipfile.ZipFile(io.BytesIO(out)) as archive:
        assert archive.read("assets/x.png") == b"bytes of x"
    assert export("original").content == raw
    assert export("original").name == "ada.charx"


def test_original_is_the_bytes_and_a_strange_name_gives_no_ending():
    imported(card(), name="ada.exe")

    file = export("original")

    assert (file.name, file.content_type) == ("ada", "application/octet-stream")
    assert file.content == card()


def test_what_cannot_be_is_said():
    make_character("eve")

    with pytest.raises(NoOriginal, match="did not come from a file"):
        export("original", "eve")
    with pytest.raises(CannotExport, match="needs a picture"):
        export("png", "eve")
    with pytest.raises(ValueError, match="pdf"):
        export("pdf", "eve")
    with pytest.raises(ValueError, match="pdf"):
        exporting.export_cards([], form="pdf")


def test_zip_of_many_names_who_is_missing():
    imported(png_card(), name="a.png")
    make_character("eve")

    rows = Character.objects.for_sheets().order_by("pk")
    raw = b"".join(exporting.export_cards(rows, form="png"))

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["ada.png", "NOT_EXPORTED.txt"]
        assert b"eve: " in archive.read("NOT_EXPORTED.txt")


def test_many_characters_take_no_more_queries():
    imported(png_card(character_book=book("Old.")), name="a.png")
    rows = Character.objects.for_sheets().order_by("pk")
    with CaptureQueriesContext(connection) as few:
        list(exporting.export_cards(rows, form="v2.json"))
    for at in range(8):
        imported(card(f"Other {at}", character_book=book("Old.")))

    with CaptureQueriesContext(connection) as many:
        list(exporting.export_cards(rows.all(), form="v2.json"))

    assert len(many) == len(few)


def _with_two_books() -> None:
    for name, text in (("Ruins", "Old."), ("Harbour", "Wet.")):
        imported(
            json.dumps({"spec": "lorebook_v3", "data": book(text, name=name)}).encode()
        )
    make_character("ada", lorebooks=["ruins", "harbour"])


def test_two_books_that_went_out_as_one_are_known_again():
    _with_two_books()
    file = export("v3.json")

    again = given(file.content, name=file.name)

    assert again.found["book"]["entries"] == 2
    assert again.found["duplicates"][0]["kind"] == "same_content"


def test_books_that_moved_on_stay_and_the_file_s_becomes_another():
    _with_two_books()
    file = export("v3.json")
    lore_entries.add_entry(
        book_id="ruins", sheet=EntrySheet(content="New."), actor=None, now=NOW
    )

    item = imported(file.content, name=file.name, action="replace")

    [bound] = sheet_of("ada").lorebooks
    assert bound not in {"ruins", "harbour"}
    assert Lorebook.objects.count() == 3
    assert "something else here by now" in json.dumps(item.found["outcome"]["remarks"])


def test_lone_book_keeps_its_id_elsewhere_and_unknown_ids_are_told():
    imported(
        json.dumps({"spec": "lorebook_v3", "data": book("Old.")}).encode(),
        character_id="another-id",
    )
    make_character("ada", lorebooks=["another-id"])
    make_character("eve", lorebooks=["another-id"])
    with_book, file = export("v2.json"), export("v2.json", "eve")
    document = json.loads(file.content)
    del document["data"]["character_book"]
    for model in (ImportItem, SearchText, Character, LoreEntry, Lorebook):
        model.objects.all().delete()

    eve = imported(json.dumps(document).encode(), name="eve.json")
    imported(with_book.content, name="ada.json")

    assert sheet_of("ada").lorebooks == ["another-id"]
    assert sheet_of("eve").lorebooks == []
    assert "no lorebook “another-id”" in json.dumps(
        eve.found["outcome"]["remarks"], ensure_ascii=False
    )


@pytest.mark.parametrize("form", ["world_info", "lorebook_v3", "character_book"])
def test_lorebook_comes_back_as_the_same_book(form):
    imported(json.dumps({"spec": "lorebook_v3", "data": book("Old.", "New.")}).encode())

    file = exporting.export_lorebook(Lorebook.objects.get(), form=form)
    again = given(file.content, name=file.name)

    assert file.name == "ruins.json"
    assert again.found["duplicates"][0]["kind"] == "same_book"
    with pytest.raises(ValueError, match="png"):
        exporting.export_lorebook(Lorebook.objects.get(), form="png")


# -- By command --------------------------------------------------------------------


def command(*args: object) -> str:
    out = StringIO()
    call_command("export_cards", *map(str, args), stdout=out)
    return out.getvalue()


def test_command_writes_a_folder_and_overwrites_only_if_told(tmp_path):
    imported(png_card(), name="a.png")
    make_character("gone")
    drafts.archive_character(character_id="gone", is_archived=True, actor=None, now=NOW)

    assert "1 characters written" in command("--to", tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["ada.png"]
    with pytest.raises(CommandError, match="there already"):
        command("--to", tmp_path / "out")
    command("--to", tmp_path / "out", "--replace")


def test_command_writes_a_zip_of_those_that_are_named(tmp_path):
    imported(png_card(), name="a.png")
    make_character("eve")
    target = tmp_path / "cards.zip"

    command("ada", "--form", "charx", "--to", target)

    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["ada.charx"]
    with pytest.raises(CommandError, match="no character nobody"):
        command("nobody", "--to", tmp_path / "x")
    with pytest.raises(CommandError, match="there already"):
        command("--to", target)


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_command_names_who_could_not_be_written(tmp_path, name):
    imported(png_card(), name="a.png")
    make_character("eve")

    with pytest.raises(CommandError, match=r"eve: .*needs a picture") as caught:
        command("--to", tmp_path / name)

    assert caught.value.returncode == 1


def test_command_says_where_it_cannot_write(tmp_path):
    imported(png_card(), name="a.png")
    (tmp_path / "file").write_text("x")

    with pytest.raises(CommandError, match="cannot be written: Not a directory"):
        command("--to", tmp_path / "file" / "out")
