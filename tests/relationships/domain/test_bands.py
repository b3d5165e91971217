"""Bands of feeling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from relationships.domain.bands import DEFAULT_BANDS, Band, BandTable, band_of

TABLE = TypeAdapter(BandTable)
MIDDLE = Band(band="even", title="Even")


def band(name: str, at: float | None) -> Band:
    return Band(band=name, title=name.title(), at=at)


@pytest.mark.parametrize(
    ("milli", "expected"),
    [
        (-10_000, "nemesis"),
        (-7_000, "nemesis"),
        (-6_999, "rival"),
        (-3_000, "rival"),
        (-2_999, "neutral"),
        (0, "neutral"),
        (2_999, "neutral"),
        (3_000, "friend"),
        (6_999, "friend"),
        (7_000, "close"),
        (10_000, "close"),
    ],
)
def test_an_edge_belongs_to_the_band_away_from_the_middle(milli, expected):
    assert band_of(milli, bands=DEFAULT_BANDS).band == expected


def test_with_the_middle_alone_everything_lies_in_it():
    assert band_of(-10_000, bands=(MIDDLE,)) == MIDDLE


def test_a_table_is_sorted_by_its_edges():
    rows = (band("close", 7.0), MIDDLE, band("rival", -3.0), band("friend", 3.0))

    sorted_rows = TABLE.validate_python(rows)

    assert [row.band for row in sorted_rows] == ["rival", "even", "friend", "close"]


@pytest.mark.parametrize(
    ("milli", "expected"), [(-10_000, "even"), (2_999, "even"), (3_000, "friend")]
)
def test_without_bands_on_one_side_the_middle_has_it_all(milli, expected):
    bands = (MIDDLE, band("friend", 3.0))

    assert band_of(milli, bands=bands).band == expected


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((band("friend", 3.0),), "One band must be the one in the middle"),
        ((MIDDLE, band("odd", None)), "Even and Odd both are the one in the middle"),
        ((MIDDLE, band("even", 2.0)), "“even” stands twice"),
        ((MIDDLE, band("a", 2.0), band("b", 2.0)), "A and B begin at the same number"),
        ((MIDDLE, band("a", 0.0)), "A: 0 lies in the middle band"),
    ],
)
def test_a_table_that_would_be_ambiguous_is_refused(rows, words):
    with pytest.raises(ValidationError, match=words):
        TABLE.validate_python(rows)


@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000))
def test_who_feels_more_is_never_in_a_lower_band(one, other):
    low, high = sorted((one, other))
    places = [row.band for row in DEFAULT_BANDS]

    assert places.index(band_of(low, bands=DEFAULT_BANDS).band) <= places.index(
        band_of(high, bands=DEFAULT_BANDS).band
    )
