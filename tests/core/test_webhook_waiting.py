"""How long messages wait between attempts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.waiting import ATTEMPTS, FIRST, GIVE_UP_AFTER, LONGEST, wait_after


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (20, 3600), (5000, 3600)],
)
def test_waits_double_up_to_an_hour(attempts, seconds):
    assert wait_after(attempts, jitter=0) == timedelta(seconds=seconds)


@given(st.integers(1, 100), st.floats(0, 1))
def test_jitter_shortens_by_a_quarter_at_most(attempts, jitter):
    wait = wait_after(attempts, jitter=jitter)

    full = wait_after(attempts, jitter=0)
    assert FIRST * 0.75 <= full * 0.75 <= wait <= full <= LONGEST


def test_all_attempts_fit_into_the_time_that_a_message_has():
    assert sum((wait_after(at, jitter=0) for at in range(1, ATTEMPTS)), timedelta()) < (
        GIVE_UP_AFTER
    )
