"""Whatever the weights and the numbers drawn, a run ends as it would be decided."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from personas.domain.sheets import ReplyMode
from routing.domain.deciding import decide
from routing.domain.messages import Message, PairFacts, Place, State, Terms
from routing.domain.rerunning import rerun
from routing.domain.roster import Member, Roster

UNITS = st.floats(min_value=0, max_value=1, exclude_max=True)
WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=5)


def numbers(drawn: list[float]) -> Callable[[], float]:
    return iter([*drawn, 0.5, 0.5, 0.5]).__next__


@given(
    weights=WEIGHTS,
    is_persona=st.booleans(),
    chance=UNITS,
    first=st.lists(UNITS, max_size=3),
    again=st.lists(UNITS, max_size=3),
)
def test_runs_end_as_decided(weights, is_persona, chance, first, again):
    roster = Roster.of(
        Member(f"c{at}", at, weight=weight, interests=("tea",))
        for at, weight in enumerate(weights)
    )
    message = Message("tea", author_character_id="c0" if is_persona else None)
    terms = Terms(response_chance=chance, place=Place(reply_mode=ReplyMode.FREELY))
    asked = {
        "state": State(chain=int(is_persona)),
        "terms": terms,
        "pair_facts": lambda name: PairFacts(0, int(name[1:]) / 5),
    }
    before = decide(roster, message, **asked, rng=numbers(first))

    found = rerun(before, roster=roster, message=message, **asked, rng=numbers(again))

    expected = decide(roster, message, **asked, rng=numbers(again))
    assert found == (expected.character_id, expected.respond)
