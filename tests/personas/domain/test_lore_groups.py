"""Of the entries of one group, one enters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.lore.groups import Member, groups_of, settle
from personas.domain.lore.tracing import GroupDraw


def member(number: int, *groups: str, weight: int = 100, goes_first: bool = False):
    return Member(number, f"e{number}", "book", groups, weight, goes_first)


def settled(*standing: Member, taken=None, number: float = 0.0):
    return settle(standing, taken=taken or {}, number_for=lambda group: number)


def winners(*standing: Member, **more) -> list[int]:
    return [n for n, outcome in settled(*standing, **more).items() if outcome.has_won]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("", ()),
        ("a", ("a",)),
        (" a , b,a,,", ("a", "b")),
        (",".join(map(str, range(40))), tuple(map(str, range(32)))),
    ],
)
def test_groups_are_between_commas(written, names):
    assert groups_of(written) == names


def test_alone_in_its_group_an_entry_wins_without_a_draw():
    (outcome,) = settled(member(1, "a")).values()

    assert outcome.has_won
    assert outcome.draw == GroupDraw("a", "e1", "book", 1, 0, None)


@pytest.mark.parametrize(
    ("number", "winner"), [(0.0, 1), (0.24, 1), (0.25, 2), (0.99, 2)]
)
def test_the_draw_is_by_weight(number, winner):
    standing = member(1, "a", weight=50), member(2, "a", weight=150)

    found = settled(*standing, number=number)

    assert [n for n, one in found.items() if one.has_won] == [winner]
    assert found[1].draw == GroupDraw("a", f"e{winner}", "book", 2, 200, number * 200)


def test_a_weight_of_zero_never_wins_against_another():
    standing = member(1, "a", weight=0), member(2, "a", weight=1)

    assert winners(*standing, number=0.0) == [2]


def test_without_any_weight_the_first_wins():
    assert winners(member(1, "a", weight=0), member(2, "a", weight=0)) == [1]


def test_who_goes_first_wins_whatever_the_weights():
    standing = (
        member(1, "a"),
        member(2, "a", weight=0, goes_first=True),
        member(3, "a", goes_first=True),
    )

    assert winners(*standing) == [2]


def test_a_group_that_is_taken_lets_nobody_in_by_any_name_of_it():
    taken = {"b": member(9, "b")}

    found = settled(member(1, "a", "b"), member(2, "a"), taken=taken)

    assert not found[1].has_won
    assert found[1].draw == GroupDraw("b", "e9", "book", 1, 0, None)
    assert found[2].has_won


def test_an_entry_of_two_groups_must_win_both():
    standing = member(1, "a", "b"), member(2, "a"), member(3, "b", goes_first=True)

    assert winners(*standing) == [3]


def test_a_group_whose_members_all_fell_before_draws_nothing():
    standing = member(1, "a", goes_first=True), member(2, "a", "b")

    assert winners(*standing) == [1]


MEMBERS = st.lists(
    st.builds(
        member,
        st.integers(),
        st.sampled_from("abc"),
        weight=st.integers(0, 3),
        goes_first=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one.number,
)


@given(MEMBERS, st.floats(0, 1, exclude_max=True))
def test_each_group_has_one_winner(standing, number):
    found = settled(*standing, number=number)

    won = [one.groups[0] for one in standing if found[one.number].has_won]
    assert sorted(won) == sorted({group for one in standing for group in one.groups})
