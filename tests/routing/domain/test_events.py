"""What a bot may report, and when two reports say the same."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from routing.domain.events import OLDEST, Reported, fault_in_time

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BASE = {"id": "e1", "character_id": "ada", "kind": "message"}


def read(**fields: Any) -> Reported:
    return Reported.model_validate_json(json.dumps({**BASE, **fields}))


def refused(**fields: Any) -> list[tuple[str, str]]:
    """Field and kind of each error."""
    with pytest.raises(ValidationError) as caught:
        read(**fields)
    return [(str(e["loc"][0]), e["type"]) for e in caught.value.errors()]


def test_what_is_left_out_has_a_default():
    found = read()

    assert (found.intensity, found.count, found.topics) == (1.0, 1, [])
    assert found.occurred_at is None
    assert found.other_character_id is None


@pytest.mark.parametrize(
    ("intensity", "milli"),
    [(0, 0), (1, 1000), (2, 2000), (0.5, 500), (0.0005, 1), (1.2345, 1235)],
)
def test_intensity_counts_in_thousandths(intensity, milli):
    assert read(intensity=intensity).milli_intensity == milli


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"id": ""}, "string_too_short"),
        ({"id": "x" * 101}, "string_too_long"),
        ({"id": "a\r\nb"}, "bad_format"),
        ({"id": 7}, "string_type"),
        ({"user_id": 1234567890123456789}, "string_type"),
        ({"user_id": "x" * 65}, "string_too_long"),
        ({"channel_id": ""}, "string_too_short"),
        ({"server_id": "\x1b[31m"}, "bad_format"),
        ({"character_id": None}, "string_type"),
        ({"kind": ""}, "string_too_short"),
        ({"intensity": -0.001}, "greater_than_equal"),
        ({"intensity": 1e9}, "less_than_equal"),
        ({"intensity": None}, "float_type"),
        ({"intensity": "1"}, "float_type"),
        ({"intensity": True}, "float_type"),
        ({"count": 0}, "greater_than_equal"),
        ({"count": 101}, "less_than_equal"),
        ({"count": 1.0}, "int_type"),
        ({"count": "7"}, "int_type"),
        ({"count": True}, "int_type"),
        ({"topics": None}, "list_type"),
        ({"topics": ["x"] * 21}, "too_long"),
        ({"occurred_at": "2026-11-01T00:00:00"}, "timezone_aware"),
        ({"occurred_at": "2026-11-01"}, "timezone_aware"),
        ({"occurred_at": 1_790_000_000}, "bad_format"),
        ({"occurred_at": "9999-12-31T23:59:59-12:00"}, "out_of_range"),
        ({"occurred_at": "0001-01-01T00:00:00+12:00"}, "out_of_range"),
        ({"affinity": 10}, "extra_forbidden"),
    ],
)
def test_what_cannot_be_counted_is_refused(fields, kind):
    (name,) = fields

    assert refused(**fields) == [(name, kind)]


@pytest.mark.parametrize("topic", ["", "two\nlines", "\u200b", "x" * 201])
def test_each_topic_is_a_visible_line(topic):
    assert [name for name, _ in refused(topics=["cats", topic])] == ["topics"]


def test_a_topic_counts_once():
    assert read(topics=["cats", " cats ", "dogs"]).topics == ["cats", "dogs"]


@pytest.mark.parametrize("event_id", ["x", "x" * 100, "1:2/3 4", "🎭", "émigré"])
def test_any_printable_id_will_do(event_id):
    assert read(id=event_id).id == event_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"intensity": 1, "count": 1, "topics": [], "user_id": None}),
        ({"intensity": 1}, {"intensity": 1.0}),
        ({"topics": ["a", "b"]}, {"topics": ["b", "a", "a"]}),
        (
            {"occurred_at": "2026-11-01T00:00:00Z"},
            {"occurred_at": "2026-11-01T02:00:00.000+02:00"},
        ),
        ({"topics": ["é"]}, {"topics": ["e\u0301"]}),
    ],
)
def test_two_ways_of_writing_the_same_have_one_digest(one, other):
    assert read(**one).digest == read(**other).digest


CHANGES: list[dict[str, Any]] = [
    {"character_id": "bob"},
    {"kind": "insult"},
    {"other_character_id": "bob"},
    {"user_id": "1"},
    {"channel_id": "1"},
    {"server_id": "1"},
    {"occurred_at": "2026-11-01T00:00:00Z"},
    {"intensity": 0.999},
    {"count": 2},
    {"topics": ["cats"]},
]


def test_whatever_else_is_said_has_another_digest():
    digests = [read(**change).digest for change in [{}, *CHANGES]]

    assert len(set(digests)) == len(digests)


def test_the_id_is_not_part_of_what_is_said():
    assert read(id="other").digest == read().digest


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "intensity": st.floats(0, 2),
            "count": st.integers(1, 100),
            "user_id": st.text("abc1", min_size=1, max_size=64),
            "topics": st.lists(st.sampled_from(["cats", "dogs", "tea"]), max_size=20),
        },
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_fields_and_topics_makes_no_difference(fields, random):
    shuffled = list({**BASE, **fields}.items())
    random.shuffle(shuffled)
    other = dict(shuffled)
    if "topics" in other:
        other["topics"] = random.sample(other["topics"], len(other["topics"]))

    assert Reported.model_validate_json(json.dumps(other)).digest == (
        read(**fields).digest
    )


@pytest.mark.parametrize(
    ("ago", "is_fine"),
    [
        (timedelta(0), True),
        (OLDEST, True),
        (OLDEST + timedelta(microseconds=1), False),
        (-timedelta(microseconds=1), False),
    ],
)
def test_it_happened_within_ninety_days(ago, is_fine):
    fault = fault_in_time(NOW - ago, now=NOW)

    assert (fault is None) == is_fine
    if fault is not None:
        assert (fault.pointer, fault.code) == ("/occurred_at", "out_of_range")


def test_what_lies_ahead_and_what_is_too_old_are_told_apart():
    ahead = fault_in_time(NOW + timedelta(days=1), now=NOW)
    old = fault_in_time(NOW - timedelta(days=91), now=NOW)

    assert "future" in ahead.detail
    assert "90 days" in old.detail


def test_no_time_is_now():
    assert fault_in_time(None, now=NOW) is None
