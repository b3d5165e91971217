"""Rows of the ledger in words and numbers."""

import pytest

from relationships.domain.bands import DEFAULT_BANDS
from relationships.models import LedgerRow
from relationships.views.feeling_shown import feeling_of
from relationships.views.ledger_words import (
    factor,
    percent,
    points,
    sign_of,
    title_of,
    told,
)

BANDS = {"close": "Close"}


def row(**fields) -> LedgerRow:
    """A compliment that moved a feeling from 4 to 7."""
    values = {
        "cause": LedgerRow.Cause.EVENT,
        "kind": "compliment",
        "base": 3_000,
        "wanted": 3_000,
        "change": 3_000,
        "before": 4_000,
        "after": 7_000,
    }
    return LedgerRow(**{**values, **fields})


def test_sum_is_written_out_with_what_cut_it_and_where_it_led():
    said = told(
        row(
            base=2_000,
            intensity=1_500,
            compatibility=1_100,
            wanted=3_300,
            change=3_000,
            band="close",
        ),
        bands=BANDS,
    )

    assert said.sentence == (
        "+2.000 × intensity 1.5 × in common 1.1 = +3.300 → cut to +3.000 by the day’s"
        " limit; +4.000 → +7.000, now Close"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "+3.000"),
        ({"base": 0, "wanted": 0, "change": 0}, "no change"),
        ({"compatibility": 900, "wanted": 2_700}, "+3.000 × at odds 0.9 = +2.700"),
        ({"factor": 800, "wanted": 2_400}, "+3.000 × answering side 0.8 = +2.400"),
        (
            {"base": -3_000, "tension_before": 250, "wanted": -3_750},
            "−3.000 × tension 1.25 = −3.750",
        ),
        # Tension only makes worse what is bad.
        ({"tension_before": 250}, "+3.000"),
        ({"intensity": 0, "wanted": 0}, "+3.000 × intensity 0 = 0.000"),
    ],
)
def test_product_leaves_factors_of_one_out(fields, words):
    assert told(row(**fields), bands=BANDS).sum == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"before": 9_000, "after": 10_000}, "+10.000 is the most"),
        ({"before": 7_000, "after": 10_000}, ""),
        (
            {"before": -9_000, "change": -3_000, "after": -10_000},
            "−10.000 is the least",
        ),
        ({"before": -7_000, "change": -3_000, "after": -10_000}, ""),
    ],
)
def test_ends_of_the_scale_are_said(fields, words):
    assert told(row(**fields), bands=BANDS).held == words


def test_what_does_not_move_stays():
    said = told(row(change=0, before=4_000, after=4_000), bands=BANDS)

    assert (said.moved, said.sign) == ("stays at +4.000", "")


@pytest.mark.parametrize(
    ("cause", "title", "sentence"),
    [
        ("set", "Set by hand", "+4.000 → −1.000"),
        ("reset", "Reset", "+4.000 → −1.000"),
        ("void", "Reports taken back", "+4.000 → −1.000"),
        ("resting", "Resting value set", "it now fades towards +0.500"),
    ],
)
def test_what_was_done_by_hand_has_no_sum(cause, title, sentence):
    by_hand = row(cause=cause, kind="", after=-1_000, resting=500)

    assert title_of(by_hand, kinds={}) == title
    assert told(by_hand, bands=BANDS).sentence == sentence
    assert told(by_hand, bands=BANDS).sign == "down"


def test_kind_has_its_title_or_its_id():
    assert title_of(row(), kinds={"compliment": "Praise"}) == "Praise"
    assert title_of(row(), kinds={}) == "compliment"


@pytest.mark.parametrize(
    ("milli", "text"),
    [(4_000, "+4.000"), (-2_500, "−2.500"), (0, "0.000"), (-1, "−0.001")],
)
def test_points_have_a_sign_and_three_places(milli, text):
    assert points(milli) == text


def test_points_that_round_to_nothing_have_no_sign():
    assert points(-4, places=2) == "0.00"


@pytest.mark.parametrize(
    ("milli", "text"), [(1_500, "1.5"), (1_000, "1"), (0, "0"), (991, "0.991")]
)
def test_factor_is_as_short_as_it_goes(milli, text):
    assert factor(milli) == text


def test_small_words():
    assert percent(0.585) == "58 %"
    assert [sign_of(n) for n in (-1, 0, 1)] == ["down", "", "up"]


@pytest.mark.parametrize(
    ("milli", "x", "width", "title"),
    [
        (10_000, "50.00", "50.00", "Close"),
        (-10_000, "0.00", "50.00", "Nemesis"),
        (-5_000, "25.00", "25.00", "Rival"),
        (0, "50.00", "0.00", "Neutral"),
    ],
)
def test_bar_begins_in_the_middle(milli, x, width, title):
    feeling = feeling_of(milli, bands=DEFAULT_BANDS)

    assert (feeling.x, feeling.width, feeling.title) == (x, width, title)
