"""One way to write a value as bytes."""

import pytest

from personas.domain.canonical import is_same
from personas.domain.sheets import FrameworkSheet


def framework(**patterns: object) -> FrameworkSheet:
    return FrameworkSheet(name="Kind", behavioral_patterns=patterns)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": None}, {}),
    ],
)
def test_kinds_and_orders_of_values_are_content(one, other):
    assert not is_same(framework(**one), framework(**other))
    assert is_same(framework(**one), framework(**one))
