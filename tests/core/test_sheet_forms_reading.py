"""Reading what was submitted: typed values, rows, trees, JSON, and anything else."""

import json
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import limits
from core.sheet_forms import SheetField
from core.sheet_forms import posted as posted_module
from core.sheet_forms.blueprint import OVERFULL
from core.sheet_forms.posted import MAX_PARTS, PARTS_PER_NAME, Overfull, Posted
from personas.domain import sheets
from personas.domain.sheets import CharacterSheet, FrameworkSheet

CHARACTER = SheetField(CharacterSheet)
FRAMEWORK = SheetField(FrameworkSheet)

NAMES = st.sampled_from(
    [
        *CharacterSheet.model_fields,
        *FrameworkSheet.model_fields,
        *("identity", "details", "changes", "rules", "items", "key", "kind", "value"),
        *("rows", "0", "1", "2", "10", "00", "-1", "1000000000", "²", "", "x"),
        *("_shown", "_spare", "_remove", "_order", "_was", "_json"),
    ]
)
PATHS = st.lists(NAMES, max_size=7).map(lambda parts: ".".join(["x", *parts]))
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "on", "1", "-5", "1e999", "list", "object", "number", "flag", "nothing"]
    ),
    st.sampled_from(["{", '{"a":1,"a":2}', "[" * 99, '"\\ud800"', "NaN", "only"]),
    st.sampled_from(["\ud800", "\x00", "9" * 5000, "9999999999", "\r", "\r\n"]),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(PATHS | st.sampled_from(["x__json", "x__as_json"]), TEXTS),
        max_size=14,
    ),
    st.sampled_from([CHARACTER, FRAMEWORK]),
)
def test_whatever_is_posted_is_read_judged_and_drawn(pairs, field):
    data = QueryDict(mutable=True)
    for name, text in pairs:
        data.appendlist(name, text)

    reading = field.widget.value_from_datadict(data, {}, "x")
    field.widget.value_omitted_from_data(data, {}, "x")
    judgement = field.blueprint.judge(reading)
    field.has_changed({}, reading)
    page = field.widget.render("x", reading, {"id": "id_x"})

    assert judgement.problems or json.dumps(judgement.value)
    assert "data-sheet" in page


def read(annotation, data):
    """The value or the problems of a field called x, as ``(where, message)``."""
    field = SheetField(annotation)
    pairs = QueryDict(mutable=True)
    pairs.update({f"x{name}": text for name, text in data.items()})
    judged = field.blueprint.judge(field.widget.value_from_datadict(pairs, {}, "x"))
    if judged.problems:
        return [(problem.where, problem.message) for problem in judged.problems]
    return judged.value


def test_a_huge_index_is_only_a_name():
    rows = {".999999999": "last", ".5": "first", ".1000000000": "not a row"}

    assert read(sheets.Texts, rows) == ["first", "last"]


def test_names_deeper_than_any_sheet_are_left_out():
    name = "x" + ".0.rows" * 5000

    assert Posted.under({name: "deep"}, name="x").is_empty


def test_long_names_cannot_grow_a_tree_faster_than_their_number(monkeypatch):
    made = 0

    class Counted(Posted):
        def __init__(self):
            nonlocal made
            made += 1
            super().__init__()

    monkeypatch.setattr(posted_module, "Posted", Counted)
    names = {f"x.{at}{'.a' * (MAX_PARTS - 1)}": "" for at in range(1000)}

    with pytest.raises(Overfull):
        Counted.under(names, name="x")

    assert made <= PARTS_PER_NAME * len(names) + 2 * MAX_PARTS


def test_a_form_of_too_many_parts_is_refused_and_drawn_small():
    field = SheetField.for_model_field(CharacterSheet, "extensions")
    data = QueryDict(mutable=True)
    data.update({f"x.{at}{'.a' * 90}": "" for at in range(1000)})

    reading = field.widget.value_from_datadict(data, {}, "x")

    assert [problem.message for problem in field.blueprint.judge(reading).problems] == [
        OVERFULL
    ]
    assert field.has_changed({}, reading)
    assert not field.widget.value_omitted_from_data(data, {}, "x")
    assert len(field.widget.render("x", reading, {"id": "id_x"})) < 20_000


def test_long_names_behind_the_json_box_are_not_read():
    data = QueryDict(mutable=True)
    data.update({f"x__json.{at}{'.a' * 90}": "" for at in range(1000)})
    data.update({"x__json": "{}", "x__as_json": "1"})

    reading = CHARACTER.widget.value_from_datadict(data, {}, "x")

    assert (reading.json_text, reading.is_overfull) == ("{}", False)


def test_a_deep_tree_with_one_row_on_each_level_is_no_such_form():
    data = {"": ""}
    for depth in range(limits.JSON_DEPTH - 1):
        data[".0" + ".rows.0" * depth + ".kind"] = "list"

    value = read(dict[str, Any], data)

    assert str(value).count("[") == limits.JSON_DEPTH - 1


def test_rows_of_a_tree_are_counted_together_and_none_is_lost_silently():
    data = {}
    for at in range(2):
        data |= {f".{at}.key": f"k{at}", f".{at}.kind": "list"}
        data |= {f".{at}.rows.{row}.value": "" for row in range(limits.LIST_ITEMS)}

    [(_, message)] = read(dict[str, Any], data)

    # The first group and 999 of its rows are kept, one row and the second group not.
    assert message.startswith("Keep at most 1,000 rows; 2 more were sent")


def test_rows_far_beyond_a_lists_own_limit_are_not_drawn_again():
    field = SheetField.for_model_field(CharacterSheet, "evolution_stages")
    [most] = [
        m.max_length for m in CharacterSheet.model_fields["evolution_stages"].metadata
    ]
    data = QueryDict(mutable=True)
    data.update({f"x.{at}.label": "x" for at in range(2 * most + 5)})

    reading = field.widget.value_from_datadict(data, {}, "x")
    words = [problem.message for problem in field.blueprint.judge(reading).problems]

    assert len(reading.filled.items) == 2 * most
    assert (
        f"Keep at most {most} rows; 5 more were sent and are not shown here." in words
    )


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["1", "2", "3"], "abc"),
        (["1", "2", "1"], "cab"),
        (["3", "2", "3"], "bca"),
        (["9", "x", ""], "bca"),
        (["3", "2", "1"], "cba"),
    ],
)
def test_rows_stand_where_their_places_say(order, expected):
    data = {}
    for at, (text, place) in enumerate(zip("abc", order, strict=True)):
        data |= {f".{at}": text, f".{at}._order": place}

    assert read(sheets.Texts, data) == list(expected)


def test_removed_and_empty_spare_rows_are_left_out():
    data = {".0": "a", ".0._remove": "1", ".1": "", ".2": "", ".2._spare": "1"}

    assert read(sheets.Texts, data) == [""]


def test_a_filled_spare_row_counts():
    data = {".0._spare": "1", ".0.key": "at dawn", ".0.value": ""}

    assert read(list[sheets.Trait], data) == [{"key": "at dawn", "value": ""}]


def test_rows_beyond_the_limit_are_refused_and_counted():
    data = {f".{at}": "x" for at in range(limits.LIST_ITEMS + 3)}

    assert read(sheets.Texts, data) == [
        ("", "Keep at most 1,000 rows; 3 more were sent and are not shown here.")
    ]


def test_the_json_counts_only_when_it_is_ticked():
    data = {".0": "boxes", "__json": '["json"]'}

    assert read(sheets.Texts, data) == ["boxes"]
    assert read(sheets.Texts, data | {"__as_json": "1"}) == ["json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\r\n "b" 2}', "Line 2, column 6: Write a colon after the name."),
        ('{"a": [1, 2}', "Line 1, column 12: Write a comma or a closing bracket here."),
        ("", "Line 1, column 1: Write a value here."),
        ('{"a": NaN}', "“a”: Send a finite number, or null."),
        (
            '{"o": {"k": 1, "k": 2}}',
            "“o/k”: This key stands twice in the same object.",
        ),
        ('{"a":' * 33 + "1" + "}" * 33, "Nest at most 32 levels deep."),
        ('{"a": "\\ud800"}', None),
        ("[]", "Write names and values in braces here."),
    ],
)
def test_bad_json_says_where_and_what_to_do(text, message):
    [(_, found)] = read(sheets.Tree, {"__json": text, "__as_json": "1"})

    assert found == message or message is None


def test_json_keeps_line_breaks_that_boxes_cannot():
    data = {"__json": '["a\\rb\\r\\nc"]', "__as_json": "1"}

    assert read(sheets.Texts, data) == ["a\rb\r\nc"]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("text", "7", "7"),
        ("number", "7", 7),
        ("number", " 0.30 ", 0.3),
        ("number", "-1e3", -1000.0),
        ("flag", "Yes", True),
        ("flag", "false", False),
        ("nothing", "", None),
        ("list", "one\n\ntwo", ["one", "two"]),
        ("object", "", {}),
        ("unheard of", "7", "7"),
    ],
)
def test_a_row_of_a_tree_has_the_kind_it_says(kind, text, expected):
    data = {".0.key": "k", ".0.kind": kind, ".0.value": text}

    value = read(sheets.Tree, data)

    assert value == {"k": expected}
    assert type(value["k"]) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("number", "", "This is not a number; write digits only, such as 12 or 0.5."),
        ("number", "1" * 19, "This number is too long; write at most 18 digits."),
        ("number", "1e999", "This number is too large; write a smaller one."),
        ("flag", "maybe", "Choose yes or no."),
        (
            "object",
            "text",
            "A group has rows of its own; move this text into one of them.",
        ),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused(kind, text, message):
    data = {".0.key": "k", ".0.kind": kind, ".0.value": text}

    assert read(sheets.Tree, data) == [("Row 1, value", message)]


def test_two_rows_of_one_name_are_refused_at_the_second():
    data = {
        ".0.key": "k",
        ".0.kind": "object",
        ".0.rows.0.key": "in",
        ".0.rows.1.key": "in",
    }

    assert read(sheets.Tree, data) == [
        (
            "Row 1, inside, row 2, name",
            "“in” is there twice; give one of them another name.",
        )
    ]


def test_an_unticked_box_is_no_and_a_missing_one_is_the_default():
    class Switches(sheets.Sheet):
        on: bool = True

    assert read(Switches, {".on._shown": "1"}) == {"on": False}
    assert read(Switches, {".on._shown": "1", ".on": "1"}) == {"on": True}
    assert read(Switches, {".other": "1"}) == {"on": True}


def test_an_edited_text_keeps_its_windows_line_breaks():
    was = json.dumps("a\r\nb")

    assert read(sheets.Text, {"": "a\r\nb\r\nc", "._was": was}) == "a\r\nb\r\nc"
    assert read(sheets.Text, {"": "a\r\nb\r\nc", "._was": '"a\\rb"'}) == "a\nb\nc"
    assert read(sheets.Text, {"": "a\r\nb", "._was": "not json"}) == "a\nb"
