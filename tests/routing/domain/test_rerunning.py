"""A decision once more is what deciding comes to with the same numbers."""

from random import Random

import pytest

from personas.domain.sheets import ReplyMode
from routing.domain.deciding import decide
from routing.domain.messages import Message, PairFacts, Place, State, Step, Terms
from routing.domain.rerunning import rerun
from routing.domain.roster import Member, Roster

FREELY = Place(reply_mode=ReplyMode.FREELY)


def member(name: str, *, weight: int = 1_000) -> Member:
    return Member(name, 1, weight=weight, names=(name.title(),), interests=("tea",))


ROSTER = Roster.of(
    [member("ada"), member("bob", weight=900), member("eve", weight=850)]
)
IDLE = Roster.of([member("ada", weight=0), member("bob", weight=0)])


@pytest.mark.parametrize(
    ("roster", "message", "state", "terms"),
    [
        pytest.param(ROSTER, Message("Ada!"), State(), Terms(), id="no draw"),
        pytest.param(ROSTER, Message("Well."), State(), Terms(), id="nobody"),
        pytest.param(ROSTER, Message("Ada, Bob, Eve"), State(), Terms(), id="close"),
        pytest.param(IDLE, Message("Ada, Bob"), State(), Terms(), id="no weights"),
        pytest.param(
            ROSTER,
            Message("Well."),
            State(sticky=("ada", 1.0)),
            Terms(response_chance=0.5, place=FREELY),
            id="chance",
        ),
        pytest.param(
            ROSTER,
            Message("tea"),
            State(),
            Terms(response_chance=0.3, place=FREELY),
            id="close and chance",
        ),
        pytest.param(
            ROSTER,
            Message("tea", author_character_id="eve"),
            State(chain=1),
            Terms(response_chance=0.7, place=FREELY, steps=(Step.CONTENT,)),
            id="close, probability and chance",
        ),
        pytest.param(
            ROSTER,
            Message("Ada, Bob"),
            State(chain=9),
            Terms(),
            id="close, but too many in a row",
        ),
        pytest.param(
            ROSTER, Message("Ada"), State(), Terms(is_enabled=False), id="disabled"
        ),
    ],
)
def test_runs_end_as_decided(roster, message, state, terms):
    def pair_facts(character_id: str) -> PairFacts:
        return PairFacts(0, {"ada": 0.8, "bob": 0.4}[character_id])

    def decided(seed: int):
        return decide(
            roster,
            message,
            state=state,
            terms=terms,
            pair_facts=pair_facts,
            rng=Random(seed).random,
        )

    first = decided(0)
    for seed in range(200):
        again = rerun(
            first,
            roster=roster,
            message=message,
            state=state,
            terms=terms,
            pair_facts=pair_facts,
            rng=Random(seed).random,
        )
        found = decided(seed)
        assert again == (found.character_id, found.respond)


def test_lowest_and_highest_number_fall_on_first_and_last():
    message = Message("Ada, Bob, Eve")
    given = {
        "roster": ROSTER,
        "message": message,
        "state": State(),
        "terms": Terms(),
        "pair_facts": lambda _: PairFacts(0, 0.0),
    }
    first = decide(
        ROSTER,
        message,
        state=State(),
        terms=Terms(),
        pair_facts=lambda _: PairFacts(0, 0.0),
        rng=lambda: 0.0,
    )

    assert first.character_id == "ada"
    assert rerun(first, **given, rng=lambda: 0.0) == ("ada", True)
    assert rerun(first, **given, rng=lambda: 1 - 2**-53) == ("eve", True)
