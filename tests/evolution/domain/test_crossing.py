"""Milestones passed: design, section 5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.domain.crossing import crossed

MARKS = (50, 100, 500, 1_000, 5_000)
COUNTS = st.integers(0, 10_000)
MILESTONES = st.lists(st.integers(1, 10_000), max_size=30)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (48, 49, []),
        (49, 50, [50]),
        (50, 51, []),
        (0, 5_000, [50, 100, 500, 1_000, 5_000]),
        (50, 50, []),
        (120, 20, []),
        (49, 149, [50, 100]),
    ],
)
def test_crossed_when_old_is_below_and_new_is_not(old, new, expected):
    assert crossed(old, new, milestones=MARKS) == expected


def test_a_milestone_named_twice_and_out_of_order_is_told_once_in_order():
    assert crossed(0, 100, milestones=[100, 50, 100, 50]) == [50, 100]


@given(COUNTS, st.lists(st.integers(0, 100), max_size=20), MILESTONES)
def test_however_a_count_jumps_each_milestone_is_crossed_once_and_in_order(
    start, jumps, milestones
):
    passed, count = [], start
    for jump in jumps:
        passed += crossed(count, count + jump, milestones=milestones)
        count += jump

    assert passed == sorted(set(passed))
    assert passed == crossed(start, count, milestones=milestones)


@given(COUNTS, COUNTS, MILESTONES)
def test_what_is_crossed_lies_between(old, new, milestones):
    found = crossed(old, new, milestones=milestones)

    assert set(found) == {m for m in milestones if old < m <= new}
