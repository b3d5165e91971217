"""How near a prompt is to its cap."""

import pytest

from personas.domain.budgets import Standing, standing


@pytest.mark.parametrize(
    ("tokens", "cap", "expected"),
    [
        (10**9, None, Standing.WITHIN),
        (0, 1, Standing.WITHIN),
        (799, 1000, Standing.WITHIN),
        (800, 1000, Standing.NEAR),
        (1000, 1000, Standing.NEAR),
        (1001, 1000, Standing.OVER),
        (2, 1, Standing.OVER),
    ],
)
def test_from_four_fifths_it_is_near_and_above_the_cap_over(tokens, cap, expected):
    assert standing(tokens, cap=cap) == expected
