"""The filters of relationships: read from an address, written into one, applied."""

from datetime import UTC, datetime, timedelta

import pytest

from personas.models import Character
from relationships.views.filters import Filters, points
from relationships.views.shown import around, load
from tests.factories import NOW
from tests.relationships_data import make_cast, make_feelings

LATER = NOW + timedelta(hours=2)


def parse(**query):
    return Filters.parse(query, now=LATER)


# -- Addresses ----------------------------------------------------------------------


def test_an_address_says_it_all():
    filters, problems = parse(
        view="matrix",
        at="2026-10-31T18:30",
        min="2,5",
        sign="negative",
        apart="0.001",
        events="7",
        changed="week",
        tag=" inn ",
        around="ada",
        depth="2",
        q="pip",
    )

    assert not problems
    assert filters == Filters(
        view="matrix",
        at=datetime(2026, 10, 31, 18, 30, tzinfo=UTC),
        min=2_500,
        sign="negative",
        apart=1,
        events=7,
        changed="week",
        tag="inn",
        around="ada",
        depth=2,
        q="pip",
    )
    assert filters.is_cut


def test_an_empty_address_cuts_nothing():
    filters, problems = parse(min="", events="", q="", view="table")

    assert filters == Filters(view="table")
    assert not problems
    assert not filters.is_cut


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("view", "pie", "none of: graph, matrix, table, timeline"),
        ("min", "much", "no number from 0 to 10"),
        ("min", "10.5", "no number from 0 to 10"),
        ("min", "-1", "no number from 0 to 10"),
        ("min", "nan", "no number from 0 to 10"),
        ("apart", "21", "no number from 0 to 20"),
        ("events", "1.5", "no whole number"),
        ("events", "9" * 30, "no whole number"),
        ("sign", "odd", "none of: positive, negative, opposed"),
        ("changed", "year", "none of: hour, day, week, month"),
        ("depth", "3", "none of: 1, 2"),
        ("at", "yesterday", "no time like"),
        ("at", "2026-02-31T10:00", "no time like"),
        ("at", "2030-01-01T00:00Z", "not come yet"),
    ],
)
def test_what_cannot_be_used_is_said_and_left_out(name, given, words):
    filters, problems = parse(**{name: given})

    assert filters == Filters()
    assert words in problems[name]


@pytest.mark.parametrize(
    "given", ["2026-10-31T18:30:00+02:00", "2026-10-31T18:30:00 02:00"]
)
def test_a_zone_may_be_given_even_where_its_plus_was_not_quoted(given):
    filters, problems = parse(at=given)

    assert filters.at == datetime(2026, 10, 31, 16, 30, tzinfo=UTC)
    assert not problems


@pytest.mark.parametrize(
    "given", ["0001-01-01T00:00:00+14:00", "0001-01-02T00:00", "1969-12-31T23:59"]
)
def test_a_moment_before_everything_is_none(given):
    filters, problems = parse(at=given)

    assert filters.at is None
    assert "is no time like" in problems["at"]


def test_nul_reaches_no_database():
    filters, _ = parse(q="a\0b", tag="\0")

    assert (filters.q, filters.tag) == ("ab", "")


def test_the_query_holds_what_differs_from_the_usual_and_reads_back():
    filters, _ = parse(
        view="graph", at="2026-10-31T18:30", min="2.5", around="ada", depth="2", q="ä b"
    )

    query = filters.query(view="table")

    assert query == (
        "view=table&at=2026-10-31T18%3A30%3A00Z&min=2.5&around=ada&depth=2&q=%C3%A4+b"
    )
    assert Filters().query() == ""
    assert Filters(depth=2).query() == ""


@pytest.mark.parametrize(
    ("milli", "text"), [(3_000, "3"), (-2_500, "-2.5"), (1, "0.001"), (0, "0")]
)
def test_points_are_as_short_as_it_goes(milli, text):
    assert points(milli) == text


# -- What is left -------------------------------------------------------------------


@pytest.fixture
def feelings(db):
    """Four who feel: ada and bo opposed, cy and dee alike; eve feels for nobody."""
    make_cast(["eve"])
    make_feelings({("ada", "bo"): 5, ("bo", "ada"): -4, ("bo", "cy"): 1})
    make_feelings({("cy", "dee"): 8, ("dee", "cy"): 7.5}, at=LATER, events=3)
    Character.objects.filter(character_id__in=["cy", "dee"]).update(tags=["inn"])


def shown(**fields):
    found = load(Filters(**fields), LATER)
    return {
        f"{d.source.character_id}>{d.target.character_id}" for d in found.directions
    }


ALL = {"ada>bo", "bo>ada", "bo>cy", "cy>dee", "dee>cy"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ALL),
        ({"min": 4_500}, {"ada>bo", "cy>dee", "dee>cy"}),
        ({"sign": "positive"}, ALL - {"bo>ada"}),
        ({"sign": "negative"}, {"bo>ada"}),
        ({"sign": "opposed"}, {"ada>bo", "bo>ada"}),
        ({"apart": 1_000}, {"ada>bo", "bo>ada"}),
        ({"apart": 500}, ALL),
        ({"events": 2}, {"cy>dee", "dee>cy"}),
        ({"changed": "hour"}, {"cy>dee", "dee>cy"}),
        ({"changed": "day"}, ALL),
        ({"tag": "inn"}, {"cy>dee", "dee>cy"}),
        ({"tag": "nowhere"}, set()),
        ({"q": "AD"}, {"ada>bo", "bo>ada"}),
        ({"around": "ada"}, {"ada>bo", "bo>ada"}),
        ({"around": "ada", "depth": 2}, ALL - {"cy>dee", "dee>cy"}),
        ({"around": "nobody"}, set()),
        ({"around": "bo", "min": 4_000}, {"ada>bo"}),
    ],
)
def test_each_filter_leaves_its_own(feelings, fields, expected):
    # 4 and 1 have faded a little by then, so the bounds lie beside them.
    assert shown(**fields) == expected


def test_the_strongest_come_first_with_the_other_way_beside(feelings):
    found = load(Filters(), LATER)

    assert [abs(d.value) for d in found.directions] == sorted(
        (abs(d.value) for d in found.directions), reverse=True
    )
    first = found.directions[0]
    assert (first.value, first.opposite, first.apart) == (8_000, 7_500, 500)
    assert [each.name for each in found.characters] == ["Ada", "Bo", "Cy", "Dee"]
    assert (found.total, found.cast) == (5, 5)


def test_the_past_is_as_it_was(feelings):
    found = load(Filters(), LATER, at=NOW + timedelta(hours=1))

    assert len(found.directions) == 3
    assert found.as_of == NOW + timedelta(hours=1)


def test_the_archived_are_not_shown(feelings):
    Character.objects.filter(character_id="bo").update(archived_at=NOW)

    assert shown() == {"cy>dee", "dee>cy"}


@pytest.mark.parametrize("names", [4, 12])
def test_reading_takes_the_same_few_queries(names, django_assert_num_queries, db):
    ids = [f"c{n}" for n in range(names)]
    make_feelings({(a, b): 1 for a in ids for b in ids if a != b})
    load(Filters(), LATER)

    # The rules, the characters, the directions with their pairs.
    with django_assert_num_queries(3):
        load(Filters(), LATER)


def test_around_ends_where_nobody_is_left():
    assert around([("a", "b"), ("c", "d")], start="a", depth=5) == {"a", "b"}
