"""Cells of the table: what they show, and what their text means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from personas.domain import cells
from personas.domain.cells import COLUMNS, Kind, Unreadable
from personas.domain.sheets import CharacterSheet, Terms

TERMS = TypeAdapter(Terms)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def terms(items):
    try:
        return TERMS.validate_python(items)
    except ValidationError:
        return None


@settings(deadline=None)
@given(st.lists(TEXTS).map(terms).filter(lambda found: found is not None))
def test_a_list_comes_back_from_its_cell(items):
    text = cells.shown(items, kind=Kind.TERMS)

    assert cells.read(text, kind=Kind.TERMS) == items


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_from_its_cell(number):
    text = cells.shown(number, kind=Kind.NUMBER)

    assert cells.read(text, kind=Kind.NUMBER) == number


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        (" , ,\n", []),
        ("tea, cake", ["tea", "cake"]),
        ("tea\r\ncake\rscones", ["tea", "cake", "scones"]),
        ('"tea, green", cake', ["tea, green", "cake"]),
        ('"a ""quoted"" word"', ['a "quoted" word']),
        ('5" pipe', ['5" pipe']),
        ("tea; cake", ["tea; cake"]),
    ],
)
def test_commas_and_lines_separate_the_items_of_a_list(text, items):
    assert cells.read(text, kind=Kind.TERMS) == items


def test_items_are_quoted_only_where_they_must_be():
    items = ["tea, green", 'a "quoted" word', "cake"]

    text = cells.shown(items, kind=Kind.TERMS)

    assert text == '"tea, green", "a ""quoted"" word", cake'


@pytest.mark.parametrize("text", ['"open', '"closed" and more, x', '"a""'])
def test_a_quotation_mark_that_is_wrong_is_told(text):
    with pytest.raises(Unreadable, match="quotation mark"):
        cells.read(text, kind=Kind.TERMS)


@pytest.mark.parametrize(
    "text", ["", "hot", "0,7", "1.2.3", "nan", "inf", "1e999", "٣"]
)
def test_what_is_no_number_is_told(text):
    with pytest.raises(Unreadable, match="number"):
        cells.read(text, kind=Kind.NUMBER)


@pytest.mark.parametrize("text", ["", "1.5", "5e2", "9" * 19, "²"])
def test_what_is_no_whole_number_is_told(text):
    with pytest.raises(Unreadable, match="whole number"):
        cells.read(text, kind=Kind.WHOLE)


@pytest.mark.parametrize(
    "text", ["when_addressed", "When addressed", " WHEN ADDRESSED "]
)
def test_a_choice_is_read_as_it_is_kept_or_shown(text):
    assert cells.read(text, kind=Kind.CHOICE) == "when_addressed"


def test_every_column_is_a_field_of_the_sheet_and_comes_back():
    sheet = CharacterSheet(display_name="Ada", framework_id="neuro")
    values = sheet.model_dump(mode="json")

    changes = {}
    for path, column in COLUMNS.items():
        text = cells.shown(cells.value_at(values, path=path), kind=column.kind)
        changes[path] = cells.read(text, kind=column.kind)

    changed = cells.with_values(values, changes=changes)
    assert CharacterSheet.model_validate(changed) == sheet
    assert all(column.title for column in COLUMNS.values())


def test_titles_of_columns_tell_them_apart():
    titles = [column.title.casefold() for column in COLUMNS.values()]

    assert len(set(titles)) == len(titles)


def test_changing_values_leaves_the_others_alone():
    values = {"a": {"b": 1, "c": 2}, "d": 3}

    changed = cells.with_values(values, changes={"a.b": 9})

    assert changed == {"a": {"b": 9, "c": 2}, "d": 3}
    assert values == {"a": {"b": 1, "c": 2}, "d": 3}


def test_line_ends_alone_are_no_difference():
    assert cells.is_same_text("a\r\nb", "a\nb")
    assert not cells.is_same_text("a\n\nb", "a\nb")
