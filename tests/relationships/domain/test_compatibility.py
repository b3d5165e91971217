"""What two like to talk about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.compatibility import compatibility


@pytest.mark.parametrize(
    ("likes", "avoids", "their_likes", "they_avoid", "expected"),
    [
        ([], [], [], [], 1_000),
        (["tea"], [], ["tea"], [], 1_100),
        (["tea", "rain"], [], ["Tea", "RAIN", "sun"], [], 1_200),
        (["tea"], [], [], ["tea"], 900),
        ([], ["tea"], ["tea"], [], 900),
        (["tea"], ["sun"], ["sun"], ["tea"], 800),
        (["tea"], ["tea"], ["tea"], ["tea"], 900),
        (["Tea_Time", "tea-time"], [], ["tea time", "…", ""], ["", " "], 1_100),
    ],
)
def test_each_topic_in_common_or_avoided_counts_a_tenth(
    likes, avoids, their_likes, they_avoid, expected
):
    found = compatibility(
        interests_a=likes,
        avoidances_a=avoids,
        interests_b=their_likes,
        avoidances_b=they_avoid,
    )

    assert found == expected


def test_it_stays_within_a_half_and_one_and_a_half():
    many = [f"topic {n}" for n in range(9)]
    none: list[str] = []

    assert compatibility(
        interests_a=many, avoidances_a=none, interests_b=many, avoidances_b=none
    ) == (1_500)
    assert compatibility(
        interests_a=many, avoidances_a=none, interests_b=none, avoidances_b=many
    ) == (500)


topics = st.lists(st.sampled_from(["tea", "sun", "rain", "art", "dogs"]))


@given(topics, topics, topics, topics)
def test_it_is_the_same_both_ways(a, b, c, d):
    one = compatibility(interests_a=a, avoidances_a=b, interests_b=c, avoidances_b=d)
    other = compatibility(interests_a=c, avoidances_a=d, interests_b=a, avoidances_b=b)

    assert one == other
    assert 500 <= one <= 1_500
