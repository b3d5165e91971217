"""Rosters: by what members are found, and what stands for who they are."""

from dataclasses import replace

import pytest

from routing.domain.messages import Activity
from routing.domain.roster import MANY, Member, Roster

ADA = Member("ada", 1, names=("Ada",), interests=("music",), channels=("c1",))
BO = Member("bo", 2, names=("Bo",), interests=("music", "Tea"))


def test_a_digest_stands_for_who_is_there_in_which_version():
    roster = Roster.of([ADA, BO])

    assert len(roster.digest) == 64
    assert roster.digest == Roster.of([BO, ADA]).digest
    assert roster.digest == Roster.of([ADA, replace(BO, weight=5)]).digest
    assert roster.digest != Roster.of([ADA, replace(BO, version=3)]).digest
    assert roster.digest != Roster.of([ADA]).digest
    assert roster.digest != Roster.of([replace(ADA, version=2), BO]).digest
    assert Roster.of([]).digest == "0" * 64


def test_patching_leaves_the_old_roster_as_it_was():
    old = Roster.of([ADA, BO])

    new = old.patched(put=[replace(BO, version=9, interests=())], drop=["ada"])

    assert dict(old.members) == {"ada": ADA, "bo": BO}
    assert list(new.members) == ["bo"]
    assert old.phrases.get("tea") is not None
    assert new.phrases.get("tea") is None


def test_dropping_somebody_unknown_changes_nothing():
    roster = Roster.of([ADA])

    assert roster.patched(drop=["unknown"]).digest == roster.digest


def test_a_phrase_of_very_many_can_be_patched():
    cast = [Member(f"m{at}", at, interests=("music",)) for at in range(MANY + 1)]

    roster = Roster.of(cast).patched(drop=[one.character_id for one in cast[1:]])
    again = roster.patched(put=cast[1:], drop=["m0"])

    assert [one.member for one in held(roster)] == cast[:1]
    assert {one.member.character_id for one in held(again)} == {
        one.character_id for one in cast[1:]
    }
    assert roster.patched(drop=["m0"]).phrases.get("music") is None


def held(roster):
    found = roster.phrases.get("music").held
    return list(found if isinstance(found, tuple) else found.values())


@pytest.mark.parametrize(
    ("channels", "names", "preferred"),
    [
        (("c1",), ("c1", "Hall"), "c1"),
        (("C1",), ("c1", "Hall"), None),  # An id is compared exactly.
        (("hall",), ("c1", "#Hall"), "hall"),
        (("# HALL",), ("c1", "hall"), "# HALL"),
        (("great hall",), ("c1", "Great-Hall"), "great hall"),
        (("c1", "hall"), ("c1", "hall"), "c1"),
        (("hall",), ("hall",), "hall"),
        (("", "#"), ("", "#"), None),
        ((), ("c1", "hall"), None),
        (("c1",), (), None),
    ],
)
def test_a_channel_is_preferred_by_id_or_name(channels, names, preferred):
    member = replace(ADA, channels=channels)

    found = list(Roster.of([member]).preferring(names))

    assert found == ([] if preferred is None else [(member, preferred)])


def test_activities_are_found_by_name_and_by_category():
    member = replace(
        ADA,
        activities=(
            Activity("Chess", "Board games"),
            Activity("chess", "board-games"),
            Activity("Go"),
        ),
    )
    roster = Roster.of([member])

    assert roster.named_like(Activity("CHESS")) == ((member, "Chess"),)
    assert roster.of_category(Activity("", "board games")) == ((member, "Board games"),)
    assert roster.named_like(Activity("", "Go")) == ()
    assert roster.of_category(Activity("Go", "")) == ()
    gone = roster.patched(drop=["ada"])
    assert gone.named_like(Activity("Go")) == ()


def test_two_with_the_same_preference_are_both_found():
    roster = Roster.of([ADA, replace(BO, channels=("c1",))])

    assert [m.character_id for m, _ in roster.preferring(("c1",))] == ["ada", "bo"]
    left = roster.patched(drop=["ada"])
    assert [m.character_id for m, _ in left.preferring(("c1",))] == ["bo"]
