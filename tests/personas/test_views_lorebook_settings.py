"""What is said of a lorebook, which characters have it, and its files."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.roles import Role
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.forms.drafts import CharacterForm
from personas.forms.lore_settings import BookForm
from personas.models import Character, Lorebook
from personas.services import (
    drafts,
    lore_binding,
    lore_publishing,
    lorebooks,
    publishing,
)
from tests.clients import client_as
from tests.factories import NOW, make_character, sheet_of

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


@pytest.fixture
def book() -> Lorebook:
    return lorebooks.create_book(
        sheet=BookSheet(
            name="Harbour", description="By the sea.", extensions={"kept": 1}
        ),
        entries=[EntrySheet(title="Quay", keys=["quay"], content="Salt.")],
        **WHO,
    )


def url(name: str, *args: str) -> str:
    return reverse(f"personas:lorebook-{name}", args=args)


def posted(book: Lorebook, **changes) -> dict:
    """What a browser sends of the form as it was opened, changed."""
    form = BookForm(book=book)
    initial = form.initial
    values = {
        "revision": initial["revision"],
        "started_from": initial["started_from"],
        "name": initial["name"],
        "description": initial["description"],
        "scan_depth": "",
        "token_budget": "",
        "recursive_scanning": "",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def save(client, book: Lorebook, **changes):
    return client.post(url("settings", book.book_id), posted(book, **changes))


def current(book: Lorebook) -> BookSheet:
    return Lorebook.objects.get(pk=book.pk).to_sheet()


class TestSaving:
    def test_settings_are_saved_and_the_rest_is_kept(self, curator, book):
        answer = save(curator, book, name="Port", scan_depth="5", token_budget="200")

        assert answer.status_code == 302
        sheet = current(book)
        assert (sheet.name, sheet.scan_depth, sheet.token_budget) == ("Port", 5, 200)
        assert sheet.extensions == {"kept": 1}

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": ""},
            {"scan_depth": "-1"},
            {"scan_depth": "x"},
            {"token_budget": "9" * 30},
            {"name": "x" * 300},
            {"name": "a\0b"},
            {"revision": None},
            {"revision": "x"},
            {"recursive_scanning": "perhaps"},
        ],
    )
    def test_bad_value_is_told_and_nothing_saved(self, curator, book, changes):
        answer = save(curator, book, **changes)

        assert answer.status_code == 422
        assert current(book) == book.to_sheet()

    def test_what_others_changed_elsewhere_stays(self, curator, book):
        data = posted(book, name="Port")
        theirs = book.to_sheet().model_copy(update={"description": "Theirs."})
        lorebooks.save_book(book_id=book.book_id, sheet=theirs, revision=1, **WHO)

        curator.post(url("settings", book.book_id), data)

        sheet = current(book)
        assert (sheet.name, sheet.description) == ("Port", "Theirs.")

    def test_what_both_changed_is_shown_before_it_is_replaced(self, curator, book):
        data = posted(book, description="Mine.")
        theirs = book.to_sheet().model_copy(update={"description": "Theirs."})
        lorebooks.save_book(book_id=book.book_id, sheet=theirs, revision=1, **WHO)

        refused = curator.post(url("settings", book.book_id), data)
        form = refused.context["form"]
        again = curator.post(
            url("settings", book.book_id),
            {
                **data,
                "revision": form["revision"].value(),
                "started_from": form["started_from"].value(),
            },
        )

        page = refused.content.decode()
        assert refused.status_code == 412
        assert "<del>Theirs</del><ins>Mine</ins>" in page
        assert again.status_code == 302
        assert current(book).description == "Mine."

    def test_changes_of_entries_do_not_disturb(self, curator, book):
        data = posted(book, name="Port")
        Lorebook.objects.filter(pk=book.pk).update(revision=9)

        assert curator.post(url("settings", book.book_id), data).status_code == 302
        assert current(book).name == "Port"

    def test_archived_book_is_read_only(self, curator, book):
        data = posted(book, name="Port")
        lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

        page = curator.get(url("settings", book.book_id)).content.decode()
        curator.post(url("settings", book.book_id), data)

        assert "Save settings" not in page
        assert current(book).name == "Harbour"


class TestCharacters:
    def bind(self, client, book, value: str, do: str = "add"):
        address = url("characters", book.book_id)
        return client.post(address, {"character": value, "do": do}, follow=True)

    def test_added_and_taken_out_in_the_draft(self, curator, book):
        make_character("ada", lorebooks=["first"])

        self.bind(curator, book, "ada:1")
        added = sheet_of("ada").lorebooks
        page = self.bind(curator, book, "ada:2", do="remove").content.decode()

        assert added == ["first", "harbour"]
        assert sheet_of("ada").lorebooks == ["first"]
        assert "goes live when the character is" in page

    def test_twice_changes_nothing(self, curator, book):
        make_character("ada", lorebooks=["harbour"])

        self.bind(curator, book, "ada:1")

        assert Character.objects.get().revision == 1

    def test_draft_edited_meanwhile_is_left(self, curator, book):
        make_character("ada")
        sheet = sheet_of("ada").model_copy(update={"description": "New."})
        drafts.save_character(character_id="ada", sheet=sheet, revision=1, **WHO)

        page = self.bind(curator, book, "ada:1").content.decode()

        assert "was edited meanwhile" in page
        assert sheet_of("ada").lorebooks == []

    @pytest.mark.parametrize(
        "value",
        ["", "ada", "ada:", ":1", "none:1", "ada:x", "ada:" + "9" * 30, "a\0:1"],
    )
    def test_nonsense_is_told(self, curator, book, value):
        make_character("ada")

        answer = self.bind(curator, book, value)

        assert answer.status_code == 200
        assert "alert" in answer.content.decode() or "toast" in answer.content.decode()
        assert sheet_of("ada").lorebooks == []

    def test_archived_is_refused_both_ways(self, curator, book):
        make_character("ada")
        make_character("bob")
        drafts.archive_character(character_id="bob", is_archived=True, **WHO)

        page = self.bind(curator, book, "bob:1").content.decode()
        lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)
        other = self.bind(curator, book, "ada:1").content.decode()

        assert "Nothing was changed." in page
        assert "Nothing was changed." in other
        assert sheet_of("ada").lorebooks == []

    def test_full_character_is_told(self, curator, book):
        many = [f"b{n}" for n in range(len_most())]
        make_character("ada", lorebooks=many)

        page = self.bind(curator, book, "ada:1").content.decode()

        assert "as many lorebooks as it may have" in page

    def test_draft_and_live_are_told_apart(self, curator, book):
        for key in ("both", "live", "draft"):
            make_character(key, lorebooks=["harbour"] if key != "draft" else [])
        publishing.publish(
            character_ids=["both", "live", "draft"], note="n", author=None, now=NOW
        )
        self.bind(curator, book, "live:1", do="remove")
        self.bind(curator, book, "draft:1")

        found = {
            o.character.character_id: (o.is_in_draft, o.is_live)
            for o in lore_binding.users(book)
        }
        page = curator.get(url("settings", book.book_id)).content.decode()

        assert found == {
            "both": (True, True),
            "live": (False, True),
            "draft": (True, False),
        }
        assert "Removed in the draft" in page

    def test_query_count_is_flat(self, curator, book):
        def count() -> int:
            with CaptureQueriesContext(connection) as asked:
                curator.get(url("settings", book.book_id))
            return len(asked)

        make_character("ada", lorebooks=["harbour"])
        count()  # What a process reads once.
        few = count()
        for n in range(20):
            make_character(f"c{n}", lorebooks=["harbour"] if n % 2 else [])

        count()  # It also numbers what was announced meanwhile.

        assert count() == few


def len_most() -> int:
    """As many lorebooks as a character may name."""
    schema = type(sheet_of_new()).model_json_schema()
    return schema["properties"]["lorebooks"]["maxItems"]


def sheet_of_new():
    make_character("measure")
    return sheet_of("measure")


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ("world_info", "entries"),
        ("lorebook_v3", "spec"),
        ("character_book", "entries"),
    ],
)
def test_export_gives_a_file(curator, book, form, holds):
    answer = curator.get(url("export", book.book_id, form))

    assert answer["Content-Disposition"] == 'attachment; filename="harbour.json"'
    assert holds in json.loads(answer.content)


def test_unknown_export_is_not_found(curator, book):
    assert curator.get(url("export", book.book_id, "zip")).status_code == 404


def test_roles(book):
    viewer = client_as(Role.VIEWER)
    make_character("ada")

    assert viewer.get(url("settings", book.book_id)).status_code == 200
    assert save(viewer, book, name="Port").status_code == 403
    address = url("characters", book.book_id)
    assert viewer.post(address, {"character": "ada:1"}).status_code == 403
    assert viewer.get(url("export", book.book_id, "world_info")).status_code == 403
    assert client_as(None).get(url("settings", book.book_id)).status_code == 403


def test_for_everybody_says_so(curator, book):
    save(curator, book, for_everybody="on")
    lore_publishing.publish_book(book_id=book.book_id, note="n", **WHO)

    page = curator.get(url("settings", book.book_id)).content.decode()

    assert "It is in play for everybody" in page


class TestControlOfCharacters:
    """The field of the character's form that chooses lorebooks."""

    def drawn(self, *chosen: str) -> str:
        character = make_character("ada", lorebooks=list(chosen))
        return str(CharacterForm(current=character)["lorebooks"])

    def test_books_are_chosen_by_name_in_order(self, book):
        other = lorebooks.create_book(sheet=BookSheet(name="Abbey"), **WHO)
        lore_publishing.publish_book(book_id=other.book_id, note="n", **WHO)

        html = self.drawn("harbour", "abbey")

        chosen = re.findall(r'<option value="(\w*)"[^>]* selected', html)
        assert chosen[:2] == ["harbour", "abbey"]
        assert "Abbey</option>" in html
        assert "Harbour (never published)" in html

    def test_archived_and_unknown_are_shown_as_such(self, book):
        lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)
        other = lorebooks.create_book(sheet=BookSheet(name="Abbey"), **WHO)
        lorebooks.archive_book(book_id=other.book_id, is_archived=True, **WHO)

        html = self.drawn("harbour", "gone")

        assert "Harbour (archived: bots get nothing of it)" in html
        assert "gone (there is no such lorebook)" in html
        assert "Abbey" not in html

    def test_new_character_has_the_field(self, book):
        assert "Harbour" in str(CharacterForm(current=None)["lorebooks"])

    @pytest.mark.parametrize(
        ("posted", "expected"),
        [
            ({"lorebooks._shown": "1"}, []),
            ({"lorebooks.0": "abbey", "lorebooks.1": "harbour"}, ["abbey", "harbour"]),
            (
                {
                    "lorebooks.0": "abbey",
                    "lorebooks.0._order": "2",
                    "lorebooks.1": "harbour",
                    "lorebooks.1._order": "1",
                },
                ["harbour", "abbey"],
            ),
            (
                {"lorebooks.0": "abbey", "lorebooks.1": "", "lorebooks.1._spare": "1"},
                ["abbey"],
            ),
        ],
    )
    def test_rows_are_read_in_their_order(self, book, posted, expected):
        character = make_character("ada", lorebooks=["harbour"])

        form = CharacterForm(posted, current=character)
        form.full_clean()

        assert form.cleaned_data["lorebooks"] == expected
