"""Waits between attempts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.domain.retrying import LONGEST, wait_after


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 2), (2, 4), (3, 8), (10, 1_024), (11, 2_048), (12, 3_600), (9_999, 3_600)],
)
def test_each_wait_is_twice_the_last_up_to_an_hour(attempts, seconds):
    assert wait_after(attempts, jitter=0) == timedelta(seconds=seconds)


def test_jitter_shortens_by_up_to_a_fifth():
    assert wait_after(12, jitter=1) == timedelta(minutes=48)
    assert wait_after(1, jitter=0.5) == timedelta(seconds=1.8)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_wait_is_never_longer_than_an_hour_nor_nothing(attempts, jitter):
    assert timedelta(seconds=1) < wait_after(attempts, jitter=jitter) <= LONGEST
