"""Moments are read as RFC 3339 has them, and never as seconds."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from core.moments import Moment

MOMENT = TypeAdapter(Moment)


def test_a_moment_with_an_offset_is_told_in_utc():
    found = MOMENT.validate_python("2026-01-31T18:30:00+02:00")

    assert found == datetime(2026, 1, 31, 16, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["0", "-1", "1763884800", "1.5", 0, 1.5])
def test_seconds_are_no_moment(text):
    with pytest.raises(ValidationError) as caught:
        MOMENT.validate_python(text)

    assert caught.value.errors()[0]["type"] == "bad_format"


@pytest.mark.parametrize("text", ["2026-01-31T18:30:00", "soon", ""])
def test_what_has_no_offset_is_no_moment(text):
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


def test_a_moment_without_a_date_in_utc_is_out_of_range():
    with pytest.raises(ValidationError) as caught:
        MOMENT.validate_python("0001-01-01T00:00:00+14:00")

    assert caught.value.errors()[0]["type"] == "out_of_range"
