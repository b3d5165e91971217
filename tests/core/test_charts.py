"""Charts as coordinates."""

from datetime import UTC, datetime, timedelta

import pytest

from core.charts import (
    Dot,
    Mark,
    Series,
    day_marks,
    line_chart,
    signed,
    sparkline,
    value_marks,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_line_runs_from_corner_to_corner():
    points = [(START, -10.0), (START + 5 * DAY, 0.0), (START + 10 * DAY, 10.0)]

    chart = line_chart(
        [Series("Ada", points)], since=START, until=START + 10 * DAY, low=-10, high=10
    )

    [line] = chart.lines
    assert (line.number, line.name) == (1, "Ada")
    assert line.path == "M0 100L50 50L100 0"
    assert line.last == Dot("100", "0")
    assert chart.zero == "50"


def test_values_beyond_the_box_lie_on_its_edge_and_other_times_are_left_out():
    points = [
        (START - DAY, 1.0),
        (START, 99.0),
        (START + DAY, -99.0),
        (START + 2 * DAY, 1),
    ]

    chart = line_chart(
        [Series("Ada", points)], since=START, until=START + DAY, low=1, high=2
    )

    assert chart.lines[0].path == "M0 0L100 100"
    assert chart.zero is None


def test_line_stops_where_nothing_is_known_and_one_place_is_a_dot():
    points = [(START + n * DAY, v) for n, v in enumerate([0, None, 1, 1, None, 1])]

    chart = line_chart(
        [Series("Ada", points)], since=START, until=START + 5 * DAY, low=0, high=1
    )

    assert chart.lines[0].path == "M0 100h0M40 0L60 0M100 0h0"


def test_line_without_points_is_empty():
    chart = line_chart(
        [Series("Ada", [])], since=START, until=START + DAY, low=0, high=1
    )

    assert (chart.lines[0].path, chart.lines[0].last) == ("", None)


@pytest.mark.parametrize(("days", "high"), [(0, 1), (-1, 1), (1, 0), (1, -1)])
def test_chart_without_a_span_is_refused(days, high):
    with pytest.raises(ValueError, match="span"):
        line_chart([], since=START, until=START + days * DAY, low=0, high=high)


def test_sparkline_fills_its_box_within_a_margin():
    spark = sparkline([0, 1, 2])

    assert spark.path == "M6 94L50 50L94 6"
    assert spark.last == Dot("94", "6")


def test_sparkline_keeps_bounds_that_are_given():
    assert sparkline([0, 0], low=-1, high=1).path == "M6 50L94 50"


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([], ""),
        ([None, None], ""),
        ([3], "M50 50h0"),
        ([3, 3], "M6 50L94 50"),
        ([0, None, 2], "M6 94h0M94 6h0"),
    ],
)
def test_sparkline_of_little_or_nothing(values, path):
    assert sparkline(values).path == path


def test_days_are_marked_at_midnight_counted_back_from_the_newest():
    marks = day_marks(since=START + DAY / 2, until=START + 4 * DAY + DAY / 2)

    assert [mark.text for mark in marks] == ["2 Nov", "3 Nov", "4 Nov", "5 Nov"]
    assert [mark.at for mark in marks] == ["12.5", "37.5", "62.5", "87.5"]


@pytest.mark.parametrize(("days", "apart"), [(6, 2), (30, 7), (3_000, 501)])
def test_long_spans_have_few_marks_on_whole_days(days, apart):
    until = START + days * DAY

    marks = day_marks(since=START, until=until)

    assert 1 < len(marks) <= 6
    assert marks[-1] == Mark("100", f"{until.day} {until:%b}", "end")
    gap = float(marks[-1].at) - float(marks[-2].at)
    assert gap == pytest.approx(100 * apart / days, abs=0.01)


def test_first_mark_at_the_edge_is_set_against_it():
    first, last = day_marks(since=START, until=START + DAY)

    assert (first.anchor, last.anchor) == ("start", "end")


def test_span_without_a_midnight_has_no_mark():
    assert day_marks(since=START + DAY / 4, until=START + DAY / 2) == []


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-10, 10, ["−10", "−5", "0", "+5", "+10"]),
        (0, 1, ["0", "+0.25", "+0.5", "+0.75", "+1"]),
        (-0.1, 0.3, ["−0.1", "0", "+0.1", "+0.2", "+0.3"]),
        (0, 7, ["0", "+2", "+4", "+6"]),
    ],
)
def test_values_are_marked_at_round_numbers(low, high, words):
    assert [mark.text for mark in value_marks(low=low, high=high)] == words


def test_lowest_value_lies_at_the_bottom():
    first, *_, last = value_marks(low=-10, high=10)

    assert (first.at, last.at) == ("100", "0")


@pytest.mark.parametrize(
    ("value", "words"),
    [(2.5, "+2.5"), (-1, "−1"), (0, "0"), (-0.0001, "0"), (-0.0006, "−0.001")],
)
def test_signed_has_a_real_minus_and_no_sign_at_zero(value, words):
    assert signed(value) == words
