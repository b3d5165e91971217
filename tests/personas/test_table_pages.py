"""The table as a page, and as a file that goes out and comes back."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core import limits
from core.models import AuditEntry
from core.roles import Role
from personas.domain import spreadsheets
from personas.domain.cells import COLUMNS
from personas.models import Character
from personas.services import drafts, tables
from personas.services.tables_csv import written
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db
TABLE = reverse("personas:character-table")
CSV = reverse("personas:character-table-csv")
IMPORT = reverse("personas:character-table-import")


@pytest.fixture
def mia():
    return make_person(Role.CURATOR, username="mia")


@pytest.fixture
def curator(mia):
    return client_of(mia)


def listed(response):
    return [line.character.character_id for line in response.context["lines"]]


def posted(client, *ids, columns=("creator", "tags"), **cells):
    """The form as the page would send it, with ``cells`` written over."""
    page = client.get(TABLE, {"column": columns})
    lines = {each.character.character_id: each for each in page.context["lines"]}
    data = {"column": list(columns), "row": list(ids)}
    for key in ids:
        line = lines[key]
        data |= {f"{key}.revision": line.revision, f"{key}.marks": line.marks}
        data |= {cell.name: cell.text for cell in line.cells}
    for name, text in cells.items():
        key, path = name.split("__", 1)
        data[f"{key}.{path.replace('__', '.')}"] = text
    return data


def change(character_id="ada", **values):
    sheet = sheet_of(character_id)
    drafts.save_character(
        character_id=character_id,
        sheet=type(sheet).model_validate(sheet.model_dump(mode="json") | values),
        revision=Character.objects.get(character_id=character_id).revision,
        actor=None,
        now=NOW,
    )


class TestShowing:
    def test_it_shows_who_is_asked_for_in_the_columns_chosen(self, curator):
        make_framework("caring")
        make_character("ada", description="tea", creator="Mia & <b>")
        make_character("bea", framework_id="caring")
        make_character("cleo")
        Character.objects.filter(character_id="cleo").update(archived_at=NOW)

        assert listed(curator.get(TABLE)) == ["ada", "bea"]
        assert listed(curator.get(TABLE, {"q": "tea"})) == ["ada"]
        assert listed(curator.get(TABLE, {"framework": "caring"})) == ["bea"]
        assert listed(curator.get(TABLE, {"archived": "yes"})) == ["cleo"]
        page = curator.get(TABLE, {"column": ["tags", "creator", "nonsense"]})
        assert [c.path for c in page.context["columns"]] == ["tags", "creator"]
        assert "Mia &amp; &lt;b&gt;" in page.content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            {"q": "\x00"},
            {"tag": "'"},
            {"page": "-1"},
            {"page": "x" * 99},
            {"column": "\x00"},
            {"changes": "maybe"},
            {"framework": "nobody"},
        ],
    )
    def test_odd_addresses_do_no_harm(self, curator, query):
        make_character("ada")

        assert curator.get(TABLE, query).status_code == 200
        assert curator.get(CSV, query, follow=True).status_code == 200

    def test_query_count_is_flat(self, curator):
        make_character("c0", aliases=["x"])
        few = queries(curator, TABLE)
        for at in range(1, 20):
            make_character(f"c{at}", aliases=["x", "y"])

        assert queries(curator, TABLE) == few <= 14

    def test_viewers_read_and_cannot_write(self):
        make_character("ada", creator="Mia")
        client = client_as(Role.VIEWER)

        text = client.get(TABLE, {"column": "creator"}).content.decode()

        assert "Mia" in text
        assert 'name="ada.creator"' not in text
        for url in (TABLE, IMPORT):
            assert client.post(url).status_code == 403
        assert client.get(CSV).status_code == 403

    def test_who_has_no_role_is_refused(self):
        assert client_as(None).get(TABLE).status_code == 403


class TestSaving:
    def test_changed_rows_are_saved_and_audited(self, curator, mia):
        make_character("ada", tags=["x"])
        make_character("bea")

        response = curator.post(
            TABLE, posted(curator, "ada", "bea", ada__creator="Ann")
        )

        assert response.url == f"{TABLE}?column=creator&column=tags"
        assert sheet_of("ada").creator == "Ann"
        assert Character.objects.get(character_id="bea").revision == 1
        entry = AuditEntry.objects.get(action="character.edited")
        assert (entry.actor, entry.after) == (mia, {"creator": "Ann"})

    def test_filters_and_page_stay(self, curator):
        make_character("ada", description="tea")
        data = posted(curator, "ada", ada__creator="x") | {"q": "tea", "page": "1"}

        response = curator.post(TABLE, data)

        assert response.url == f"{TABLE}?q=tea&column=creator&column=tags&page=1"

    def test_a_row_edited_meanwhile_comes_back_with_both_texts(self, curator):
        make_character("ada", creator="Base")
        make_character("bea")
        data = posted(curator, "ada", "bea", ada__creator="Mine", bea__creator="Bo")
        change(creator="Theirs")

        response = curator.post(TABLE, data)

        assert response.status_code == 412
        text = response.content.decode()
        assert 'value="Mine"' in text
        assert "Theirs" in text
        assert sheet_of("ada").creator == "Theirs"
        assert sheet_of("bea").creator == "Bo"
        # The page that came back says which text it replaces.
        line = next(
            each
            for each in response.context["lines"]
            if each.character.character_id == "ada"
        )
        again = data | {"row": ["ada"], "ada.revision": line.revision}
        curator.post(TABLE, again | {"ada.marks": line.marks})
        assert sheet_of("ada").creator == "Mine"

    def test_what_is_wrong_comes_back_at_its_cell(self, curator):
        make_character("ada")
        columns = ("model.temperature", "creator")
        data = posted(
            curator,
            "ada",
            columns=columns,
            ada__model__temperature="hot<",
            ada__creator="Kept",
        )

        response = curator.post(TABLE, data)

        assert response.status_code == 422
        text = response.content.decode()
        assert 'value="hot&lt;"' in text
        assert 'value="Kept"' in text
        assert "ada.model.temperature-problem" in text
        assert Character.objects.get().revision == 1

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"row": ["nobody"], "column": ["creator"], "nobody.creator": "x"},
            {"row": ["\x00", "Ä", "a" * 99], "column": ["creator"]},
            {"row": ["ada"]},
            {"row": ["ada"], "column": ["creator"], "ada.creator": "x\x00"},
            {"row": ["ada"], "column": ["creator"], "ada.creator": "x",
             "ada.revision": "9" * 99, "ada.marks": "zz \x00"},
            {"row": ["ada", "ada"], "column": ["nonsense"], "page": "x"},
        ],
    )  # fmt: skip
    def test_nonsense_does_no_harm(self, curator, data):
        make_character("ada")

        response = curator.post(TABLE, data)

        assert response.status_code in {302, 412}

    def test_a_missing_cell_is_left_as_it_is(self, curator):
        make_character("ada", tags=["x"])
        data = posted(curator, "ada", ada__creator="y")
        del data["ada.tags"]

        curator.post(TABLE, data)

        assert sheet_of("ada").tags == ["x"]
        assert sheet_of("ada").creator == "y"


def download(client, **query):
    return client.get(CSV, query).content


def upload(client, data, name="table.csv"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, data, "text/csv")})


class TestFile:
    def test_what_goes_out_comes_back_unchanged(self, curator):
        make_character("ada", description="a\r\nb", tags=["=x", "y, z"], creator="'q")
        columns = ["description", "tags", "creator", "model.frequency_penalty"]

        data = download(curator, column=columns)

        assert data.startswith(b"\xef\xbb\xbfcharacter_id,revision,")
        response = upload(curator, data)
        assert response.context["counts"]["unchanged"] == 1
        assert response.context["rows"] == []

    def test_it_holds_who_is_asked_for(self, curator):
        make_character("ada", description="tea")
        make_character("bea")

        table = spreadsheets.read(download(curator, q="tea"), most_rows=9)

        assert [line.cells[0] for line in table.lines] == ["ada"]

    def test_it_is_told_when_there_is_too_much(self, curator, monkeypatch):
        make_character("ada")
        make_character("bea")
        monkeypatch.setattr(limits, "TABLE_ROWS", 1)

        response = curator.get(CSV, {"column": "tags"}, follow=True)

        assert "more than the 1" in response.content.decode()
        monkeypatch.setattr(limits, "TABLE_ROWS", 9)
        monkeypatch.setattr(limits, "TABLE_BYTES", 10)
        response = curator.get(CSV, follow=True)
        assert "fewer columns" in response.content.decode()

    def test_nothing_is_written_before_it_is_confirmed(self, curator):
        make_character("ada", creator="Old", tags=["x"])
        make_character("bea")
        data = b"character_id;revision;Creator\r\nada;1;New\r\nbea;1;\r\n"

        response = upload(curator, data)

        assert response.context["counts"]["changed"] == 1
        assert Character.objects.filter(revision=1).count() == 2
        text = response.content.decode()
        assert "<del>Old</del><ins>New</ins>" in text
        curator.post(IMPORT, {"kept": response.context["kept"]})
        assert sheet_of("ada").creator == "New"
        assert sheet_of("ada").tags == ["x"]

    def test_each_row_is_told_for_itself(self, curator):
        for key in ("ada", "bea", "cleo"):
            make_character(key)
        change("bea", creator="Theirs")
        Character.objects.filter(character_id="cleo").update(archived_at=NOW)
        rows = ["ada,1,9", "bea,1,1", "cleo,1,1", "nobody,1,1"]
        data = "\n".join(["character_id,revision,model.temperature", *rows]).encode()

        response = upload(curator, data)

        told = {
            shown.row.edit.character_id: (shown.row.status, shown.row.edit.line)
            for shown in response.context["rows"]
        }
        assert told == {
            "ada": ("wrong", 2),
            "bea": ("stale", 3),
            "cleo": ("archived", 4),
            "nobody": ("unknown", 5),
        }
        text = response.content.decode()
        assert "Temperature: Write a number between 0 and 2." in text
        assert "line 2" in text

    def test_good_rows_are_saved_and_the_others_told_again(self, curator):
        make_character("ada")
        make_character("bea")
        data = b"character_id,revision,creator\nada,1,New\nbea,7,New\n"
        kept = upload(curator, data).context["kept"]

        response = curator.post(IMPORT, {"kept": kept})

        assert response.context["counts"]["saved"] == 1
        assert response.context["counts"]["stale"] == 1
        assert sheet_of("bea").creator == ""

    def test_a_row_edited_between_looking_and_saving_is_left_alone(self, curator):
        make_character("ada")
        kept = upload(curator, b"character_id,revision,creator\nada,1,Mine\n").context[
            "kept"
        ]
        change(creator="Theirs")

        response = curator.post(IMPORT, {"kept": kept})

        assert response.context["counts"]["stale"] == 1
        assert sheet_of("ada").creator == "Theirs"

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "The file is empty"),
            (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
            (b"a,b\n1,2\n", "no column “character_id”"),
            (b"character_id,tags\nada,x\n", "no column “revision”"),
            (b"character_id,revision\nada,1\n", "nothing to change"),
            (b"character_id,revision,secret\nada,1,x\n", "“secret”"),
            (b"character_id,revision,tags,Tags\nada,1,x,y\n", "twice"),
            (b"character_id,revision,tags\n", "no rows"),
            (b"character_id,revision,tags\nada,1\n", "Line 2 has 2 cells"),
            (b"character_id,revision,tags\nada,1,x,y\n", "Line 2 has 4 cells"),
            (b"character_id,revision,tags\n,1,x\n", "Line 2 has no character_id"),
            (b"character_id,revision,tags\nada,one,x\n", "revision is no number"),
            (b"character_id,revision,tags\nada,1,x\nada,1,y\n", "Lines 2 and 3"),
            (b"character_id,revision,tags\nada,1,\x00\n", "NUL"),
            (b'character_id,revision,tags\nada,1,"x\n', "cannot be read"),
            (b"character_id,revision,tags\n" + b"a,1,x\n" * 1_001, "1,000 rows"),
            (b"x" * 4_000_001, "4,000 KB"),
        ],
    )  # fmt: skip
    def test_a_bad_file_is_told_on_the_page(self, curator, data, words):
        make_character("ada")

        response = upload(curator, data)

        assert response.status_code == 422
        assert words in response.content.decode().replace("&quot;", '"')

    def test_an_id_that_is_none_is_unknown(self, curator):
        data = "character_id,revision,tags\nÄ <b>,1,x\n".encode()

        response = upload(curator, data)

        assert response.context["counts"]["unknown"] == 1
        assert "Ä &lt;b&gt;" in response.content.decode()

    @pytest.mark.parametrize("kept", ["", "x", "eJw:1:x", "\x00"])
    def test_what_was_not_looked_at_is_not_saved(self, curator, kept):
        make_character("ada")

        response = curator.post(IMPORT, {"kept": kept})

        assert response.status_code == 422
        assert "upload the file" in response.content.decode()

    def test_what_another_looked_at_is_not_saved(self, curator):
        make_character("ada")
        data = b"character_id,revision,creator\nada,1,New\n"
        kept = upload(client_as(Role.CURATOR), data).context["kept"]

        assert curator.post(IMPORT, {"kept": kept}).status_code == 422
        assert sheet_of("ada").creator == ""

    def test_no_file_is_told(self, curator):
        assert curator.post(IMPORT, {"file": "text"}).status_code == 422
        assert curator.get(IMPORT).status_code == 200

    def test_a_large_cell_goes_out_and_comes_back(self, curator):
        make_character("ada", description="é" * 131_072)

        response = upload(curator, download(curator, column="description"))

        assert response.context["counts"]["unchanged"] == 1

    def test_the_dry_run_asks_the_same_number_of_queries(
        self, curator, django_assert_max_num_queries
    ):
        for at in range(15):
            make_character(f"c{at}", aliases=["x"])
        rows = Character.objects.for_sheets()
        data = written(rows, paths=["creator"]).replace(b",\r\n", b",New\r\n")
        upload(curator, data)

        # session, person, role, characters, aliases, stages, frameworks, site's name
        with django_assert_max_num_queries(9):
            response = upload(curator, data)

        assert response.context["counts"]["changed"] == 15


def test_marks_are_short_and_blind_to_line_ends():
    assert tables.mark("a\r\nb") == tables.mark("a\nb")
    assert len(tables.mark("")) == 12


def test_no_difference_is_worked_out_for_a_wrong_cell(curator):
    make_character("ada")
    data = written(Character.objects.for_sheets(), paths=["tags", "creator"])
    rows = spreadsheets.read(data, most_rows=9)
    [line] = rows.lines
    cells = [*line.cells[:2], "wrong-tag," * (limits.LIST_ITEMS + 1), "Mia"]
    file = SimpleUploadedFile("t.csv", spreadsheets.written(rows.header, rows=[cells]))

    response = curator.post(IMPORT, {"file": file})

    [shown] = response.context["rows"]
    assert [title for title, _ in shown.changes] == [COLUMNS["creator"].title]
    assert "Keep at most 1,000 items" in response.content.decode()
    assert response.content.count(b"wrong-tag") == 0
