"""What can be decided about a stage, and when not."""

import pytest

from evolution.domain.deciding import Act, Stand, WrongState, decided

OPEN = ["offered", "waiting", "postponed"]
SETTLED = ["rejected", "reverted"]


@pytest.mark.parametrize("status", OPEN + SETTLED)
def test_approving_wants_it_applied(status):
    assert decided(Stand(status), act=Act.APPROVE) == Stand(status, "apply")


def test_approving_calls_off_a_taking_back():
    assert decided(Stand("applied", "revert"), act=Act.APPROVE) == Stand("applied")


@pytest.mark.parametrize("act", [Act.POSTPONE, Act.REJECT])
@pytest.mark.parametrize(
    "stand",
    [*map(Stand, ["offered", "waiting"]), *(Stand(s, "apply") for s in OPEN + SETTLED)],
)
def test_putting_away_also_calls_off_an_approval(act, stand):
    status = {Act.POSTPONE: "postponed", Act.REJECT: "rejected"}[act]

    assert decided(stand, act=act) == Stand(status)


def test_what_was_postponed_can_be_rejected():
    assert decided(Stand("postponed"), act=Act.REJECT) == Stand("rejected")


def test_what_is_live_can_be_taken_back():
    assert decided(Stand("applied"), act=Act.REVERT) == Stand("applied", "revert")


@pytest.mark.parametrize(
    ("act", "stand", "message"),
    [
        (Act.APPROVE, Stand("waiting", "apply"), "approved already"),
        (Act.APPROVE, Stand("applied"), "live already"),
        (Act.APPROVE, Stand("noted"), "Nothing changes"),
        (Act.POSTPONE, Stand("postponed"), "postponed already"),
        (Act.POSTPONE, Stand("applied"), "Take it back"),
        (Act.POSTPONE, Stand("rejected"), "rejected already"),
        (Act.REJECT, Stand("rejected"), "rejected already"),
        (Act.REJECT, Stand("applied", "revert"), "Take it back"),
        (Act.REJECT, Stand("noted"), "Nothing changes"),
        (Act.REVERT, Stand("applied", "revert"), "being taken back"),
        (Act.REVERT, Stand("waiting", "apply"), "not live yet"),
        (Act.REVERT, Stand("waiting"), "never live"),
        (Act.REVERT, Stand("reverted"), "taken back already"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(act, stand, message):
    with pytest.raises(WrongState, match=message):
        decided(stand, act=act)
