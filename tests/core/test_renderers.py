"""How answers become JSON."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, Field

from core.api.renderers import JSONRenderer, to_json


class Answer(BaseModel):
    at: datetime
    least: int = Field(1, alias="min")


def test_times_end_in_z():
    assert to_json(datetime(2026, 1, 31, 12, tzinfo=UTC)) == b'"2026-01-31T12:00:00Z"'


def test_models_are_their_fields():
    answer = Answer(at=datetime(2026, 1, 31, tzinfo=UTC))

    assert to_json({"answer": answer}) == (
        b'{"answer":{"at":"2026-01-31T00:00:00Z","min":1}}'
    )


def test_sets_are_sorted_lists():
    assert to_json({"b", "a"}) == to_json(frozenset({"a", "b"})) == b'["a","b"]'


def test_other_things_have_no_form():
    with pytest.raises(TypeError):
        to_json(object())


@pytest.mark.parametrize(
    ("data", "expected"),
    [(None, b""), (b'{"ready": 1}', b'{"ready": 1}'), ({"é": 1}, '{"é":1}'.encode())],
)
def test_renderer_takes_data_and_ready_bytes(data, expected):
    assert JSONRenderer().render(data) == expected
