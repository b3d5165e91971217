"""The chance that one answers another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.probability import odds


def test_the_chance_is_the_product_of_all_that_is_returned():
    found = odds(
        affinity=4_000, tension=500, recent_events=2, compatibility=1_200, seed=7
    )

    assert (found.affinity, found.base) == (4.0, 0.7)
    assert (found.recent_events, found.history) == (2, 0.8)
    assert found.compatibility == 1.2
    assert (found.tension, found.calm) == (0.5, 0.6)
    assert found.seed == 7
    assert found.probability == pytest.approx(0.7 * 0.8 * 1.2 * 0.6 * found.random)


@pytest.mark.parametrize(
    ("events", "history"), [(0, 1.0), (3, 0.7), (7, 0.3), (8, 0.3), (10_000, 0.3)]
)
def test_many_recent_events_lower_it_to_three_tenths(events, history):
    found = odds(
        affinity=0, tension=0, recent_events=events, compatibility=1_000, seed=1
    )

    assert found.history == history


def test_the_same_seed_says_the_same():
    one, same, other = (
        odds(affinity=0, tension=0, recent_events=0, compatibility=1_000, seed=seed)
        for seed in (1, 1, 2)
    )

    assert one == same
    assert one.random != other.random


def test_a_nemesis_never_answers_and_the_closest_at_most_surely():
    never = odds(
        affinity=-10_000, tension=0, recent_events=0, compatibility=1_500, seed=1
    )
    surely = odds(
        affinity=10_000, tension=0, recent_events=0, compatibility=1_500, seed=1
    )

    assert never.probability == 0
    assert surely.probability == 1


@given(
    affinity=st.integers(-10_000, 10_000),
    tension=st.integers(0, 1_000),
    events=st.integers(0, 10**6),
    compatibility=st.integers(500, 1_500),
    seed=st.integers(),
)
def test_it_is_a_chance(affinity, tension, events, compatibility, seed):
    found = odds(
        affinity=affinity,
        tension=tension,
        recent_events=events,
        compatibility=compatibility,
        seed=seed,
    )

    assert 0 <= found.probability <= 1
    assert 0.8 <= found.random <= 1.2
