"""CSV files out and in."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.domain import spreadsheets
from personas.domain.spreadsheets import BadFile

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
HEADER = ["character_id", "revision", "x"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.just("ada"), TEXTS, TEXTS)))
def test_every_text_comes_back_as_it_was(rows):
    data = spreadsheets.written(HEADER, rows=rows)

    table = spreadsheets.read(data, most_rows=1_000)

    assert list(table.header) == HEADER
    assert [line.cells for line in table.lines] == rows


@settings(deadline=None)
@given(TEXTS)
def test_no_cell_begins_as_a_formula(text):
    assert not spreadsheets.guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@settings(deadline=None)
@given(TEXTS)
def test_guarding_can_be_taken_back(text):
    assert spreadsheets.unguarded(spreadsheets.guarded(text)) == text


def test_an_apostrophe_of_ones_own_stays():
    assert spreadsheets.unguarded("'twas") == "'twas"


def test_numbers_go_unguarded():
    data = spreadsheets.written(["a", "b"], rows=[("-1", "-1")], plain=frozenset({1}))

    assert data.decode("utf-8-sig") == "a,b\r\n'-1,-1\r\n"


def test_the_file_says_that_it_is_utf8():
    assert spreadsheets.written(["ä"], rows=[]).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_are_numbered_as_an_editor_numbers_them(delimiter):
    rows = ["id,x", "", "a,1", '"b","2', '2"', "c,3"]
    text = "\n".join(rows).replace(",", delimiter)

    table = spreadsheets.read(text.encode(), most_rows=9)

    assert [(line.number, line.cells) for line in table.lines] == [
        (3, ("a", "1")),
        (4, ("b", "2\n2")),
        (6, ("c", "3")),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n , ,\n", "empty"),
        (b"id,x\na,caf\xe9\n", "Line 2 is not UTF-8"),
        ("id\na".encode("utf-16"), "CSV UTF-8"),
        (b"id,x\n\na,b\x00c", "Line 3 holds a NUL"),
        (b'id,x\na,"open', "Line 2 cannot be read"),
        (b'id,x\na,"b"c\n', "Line 2 cannot be read"),
        (b"id\n1\n2\n3\n4\n", "more than 3 rows"),
    ],
)
def test_a_file_that_is_no_table_is_told(data, words):
    with pytest.raises(BadFile, match=words):
        spreadsheets.read(data, most_rows=3)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_a_table_or_told(data):
    with suppress(BadFile):
        assert len(spreadsheets.read(data, most_rows=3).lines) <= 3


def test_a_cell_may_be_as_long_as_a_text():
    data = spreadsheets.written(["a", "b"], rows=[("x", "y" * 262_144)])

    assert len(spreadsheets.read(data, most_rows=1).lines[0].cells[1]) == 262_144


@pytest.mark.parametrize("blank", ["\n", "\r\n", ",,\n", " , \n"])
def test_a_file_of_blank_lines_is_told_before_they_are_all_read(blank):
    few = "id,x\n" + blank * 10_000 + "a,1\n"
    many = "id,x\n" + blank * 10_001 + 'a,"never read'

    assert spreadsheets.read(few.encode(), most_rows=1).lines[0].number == 10_002
    with pytest.raises(BadFile, match="blank lines"):
        spreadsheets.read(many.encode(), most_rows=1)
