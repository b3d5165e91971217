"""The table of feelings, and the file of it."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core import limits
from core.roles import Role
from relationships.views.table import USUAL, read_sort
from tests.clients import client_as
from tests.factories import NOW
from tests.personas.counting import queries
from tests.relationships.talking import talk
from tests.relationships_data import make_cast, make_circle, make_feelings

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
PAGE = reverse("relationships:page")
FILE = reverse("relationships:table-csv")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def three() -> None:
    make_cast(["ada"], display_name="Zelda")
    make_feelings({("ada", "bo"): 4.25, ("bo", "ada"): -8})
    make_feelings(
        {("bo", "cy"): 1},
        at=NOW - DAY,
        resting=0.5,
        events=7,
        tension=0.4,
        warmth=120,
        rivalry=-30,
    )


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def keys(response) -> list[str]:
    return [row.key for row in response.context["rows"]]


def test_row_says_all_of_a_direction(viewer, three):
    response = viewer.get(PAGE, {"view": "table", "q": "cy"})

    [row] = response.context["rows"]
    text = text_of(response)
    assert row.feeling.text == "+0.95"
    assert row.tension == "0.36"
    assert "Warmth +0.12, Rivalry −0.03" in text
    assert (
        '<td class="table__number" data-label="Interactions" data-cell="events">7</td>'
        in text
    )
    assert (
        '<td class="table__number" data-label="Resting" data-cell="resting">+0.50</td>'
        in text
    )
    assert "1 of 3 feelings." in text


def test_strongest_stand_first_and_the_sign_is_not_told_by_colour(viewer, three):
    response = viewer.get(PAGE, {"view": "table"})

    text = text_of(response)
    assert keys(response) == ["bo>ada", "ada>bo", "bo>cy"]
    assert '▼</span><span data-part="text">−8.00</span>' in text
    assert '▲</span><span data-part="text">+4.25</span>' in text
    assert ">Nemesis</span>" in text


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("who", ["bo>cy", "bo>ada", "ada>bo"]),
        ("-who", ["ada>bo", "bo>ada", "bo>cy"]),
        ("toward", ["ada>bo", "bo>cy", "bo>ada"]),
        ("feeling", ["bo>ada", "bo>cy", "ada>bo"]),
        ("-feeling", ["ada>bo", "bo>cy", "bo>ada"]),
        ("-resting", ["bo>cy", "bo>ada", "ada>bo"]),
        ("-events", ["bo>cy", "bo>ada", "ada>bo"]),
        ("-tension", ["bo>cy", "bo>ada", "ada>bo"]),
        ("-traits", ["bo>cy", "bo>ada", "ada>bo"]),
        ("changed", ["bo>cy", "bo>ada", "ada>bo"]),
        ("nonsense", ["bo>ada", "ada>bo", "bo>cy"]),
    ],
)
def test_heads_sort(viewer, three, sort, expected):
    assert keys(viewer.get(PAGE, {"view": "table", "sort": sort})) == expected


def test_heads_say_how_it_is_sorted_and_turn_it_around(viewer, three):
    response = viewer.get(
        PAGE, {"view": "table", "sort": "-feeling", "tag": "x", "q": "b"}
    )

    heads = {head.column.name: head for head in response.context["heads"]}
    assert heads["feeling"].sorted == "descending"
    assert heads["feeling"].query == "view=table&tag=x&q=b&sort=feeling"
    assert heads["who"].query == "view=table&tag=x&q=b&sort=who"
    assert heads["events"].query.endswith("sort=-events")


def test_usual_order_needs_no_name():
    assert USUAL.text == ""
    assert read_sort("-strength") == USUAL
    assert read_sort("") == USUAL


def test_pages_keep_filters_and_order(viewer):
    make_circle(9)

    first = viewer.get(PAGE, {"view": "table", "sort": "who"})
    second = viewer.get(PAGE, {"view": "table", "sort": "who", "page": "2"})

    assert len(first.context["rows"]) == limits.PAGE_SIZE
    assert len(second.context["rows"]) == 9 * 8 - limits.PAGE_SIZE
    assert not set(keys(first)) & set(keys(second))
    assert "sort=who&amp;page=2" in text_of(first)


def test_page_beyond_the_last_is_the_last(viewer, three):
    assert len(keys(viewer.get(PAGE, {"view": "table", "page": "99"}))) == 3


def test_past_is_shown_as_it_was(viewer):
    make_cast(["ada", "bo"])
    talk("ada", "bo", "compliment", at=NOW - 2 * DAY)
    talk("ada", "bo", "insult", at=NOW)

    then = viewer.get(PAGE, {"view": "table", "at": (NOW - 2 * DAY).isoformat()})

    assert [row.feeling.milli for row in then.context["rows"]] == [3_000, 2_400]
    text = text_of(then)
    assert "data-past" in text
    assert "?at=2026-10-30T00%3A00%3A00Z" in text


def test_nothing_yet_and_nothing_that_matches_are_said(viewer):
    assert "No interactions yet" in text_of(viewer.get(PAGE, {"view": "table"}))

    make_feelings({("ada", "bo"): 1})

    assert "No feeling matches" in text_of(
        viewer.get(PAGE, {"view": "table", "min": "5"})
    )


def test_number_of_queries_is_flat(viewer):
    make_circle(3)
    few = queries(viewer, f"{PAGE}?view=table")

    make_circle(12)

    assert queries(viewer, f"{PAGE}?view=table") == few


def test_strangers_see_nothing():
    assert client_as(None).get(FILE).status_code == 403


# -- The file -------------------------------------------------------------------------


def read(response) -> list[dict[str, str]]:
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_file_has_every_row_that_matches_and_plain_numbers(viewer, three):
    response = viewer.get(FILE, {"sort": "feeling", "min": "2"})

    first, second = read(response)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="feelings-2026-11-01.csv"' in response["Content-Disposition"]
    assert (first["who_id"], first["toward_id"]) == ("bo", "ada")
    assert (first["feeling"], first["band"]) == ("-8", "nemesis")
    assert second["feeling"] == "4.25"
    assert second["last_change"] == "2026-11-01T00:00:00+00:00"


def test_file_runs_no_formula(viewer):
    make_cast(["ada"], display_name='=HYPERLINK("x")')
    make_feelings({("ada", "bo"): 1})

    [row] = read(viewer.get(FILE))

    assert row["who"] == '\'=HYPERLINK("x")'


def test_file_queries_are_flat(viewer):
    make_circle(3)
    few = queries(viewer, FILE)

    make_circle(12)

    assert queries(viewer, FILE) == few
