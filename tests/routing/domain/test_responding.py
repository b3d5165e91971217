"""Whether the chosen one answers, in the order of the rules."""

from dataclasses import replace

import pytest

from personas.domain.sheets import ReplyMode
from routing.domain.messages import (
    Draw,
    Message,
    PairFacts,
    Place,
    Quieted,
    State,
    Terms,
)
from routing.domain.responding import Response, response
from routing.domain.roster import Member

NEW = State()
ADA = Member("ada", 1)
BY_USER, BY_PERSONA = Message("x"), Message("x", author_character_id="bo")
FREELY = Place(reply_mode=ReplyMode.FREELY)
TERMS = Terms(place=FREELY)
CALM = PairFacts(answers=5, probability=0.5)


def ask(
    *drawn: float,
    member: Member | None = ADA,
    step: str = "content",
    message: Message = BY_USER,
    state: State = NEW,
    terms: Terms = TERMS,
    pair: PairFacts | None = None,
) -> Response:
    """All numbers must be drawn, and facts of the pair asked only for a persona."""
    numbers = iter(drawn)

    def facts(character_id: str) -> PairFacts:
        assert character_id == "ada"
        assert pair is not None
        return pair

    found = response(
        member,
        step=step,
        message=message,
        state=state,
        terms=terms,
        pair_facts=facts,
        rng=numbers.__next__,
    )
    assert list(numbers) == []
    return found


def said(found: Response) -> tuple[bool, str]:
    return found.respond, found.reason


def test_a_user_is_answered():
    assert ask() == Response(respond=True, reason="chance")
    assert ask(step="mention") == Response(respond=True, reason="mention")


@pytest.mark.parametrize(
    ("quiets", "reason"),
    [
        ((Quieted("q"),), "quiet"),
        ((Quieted("q", "ada"),), "chain"),
        ((Quieted("p", "x"), Quieted("q")), "quiet"),
        ((), "chain"),
    ],
)
def test_quiet_comes_first_and_then_the_chain(quiets, reason):
    state = State(chain=5)

    found = ask(step="mention", state=state, terms=replace(TERMS, quiets=quiets))

    assert said(found) == (False, reason)


def test_a_chain_at_its_cap_may_go_on():
    assert said(ask(state=State(chain=4))) == (True, "chance")


def test_nobody_stays_silent():
    assert said(ask(member=None, step="nobody")) == (False, "nobody")
    quiet = replace(TERMS, quiets=(Quieted("q"),))
    assert said(ask(member=None, step="nobody", terms=quiet)) == (False, "quiet")


@pytest.mark.parametrize(
    ("answers", "channel_answers", "expected"),
    [(5, 11, (True, "mention")), (6, 0, (False, "budget")), (0, 12, (False, "budget"))],
)
def test_budgets_hold_between_personas_though_one_is_named(
    answers, channel_answers, expected
):
    pair = PairFacts(answers, probability=0.0)

    found = ask(
        step="mention",
        message=BY_PERSONA,
        state=State(channel_answers=channel_answers),
        pair=pair,
    )

    assert said(found) == expected
    assert found.pair == pair
    assert found.draws == ()


def test_budgets_are_not_for_users():
    assert said(ask(state=State(channel_answers=99))) == (True, "chance")


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [(0.49, (True, "chance")), (0.5, (False, "probability"))],
)
def test_between_personas_a_draw_decides(drawn, expected):
    found = ask(drawn, message=BY_PERSONA, pair=CALM)

    assert said(found) == expected
    assert found.draws == (Draw("probability", drawn, against=0.5),)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("mode", "step", "may"),
    [
        (ReplyMode.NEVER, "sticky", False),
        (ReplyMode.NEVER, "mention", True),
        (ReplyMode.WHEN_ADDRESSED, "sticky", False),
        (ReplyMode.WHEN_ADDRESSED, "content", False),
        (ReplyMode.WHEN_ADDRESSED, "mention", True),
        (ReplyMode.IN_CONVERSATION, "sticky", True),
        (ReplyMode.IN_CONVERSATION, "activity", False),
        (ReplyMode.IN_CONVERSATION, "fallback", False),
        (ReplyMode.FREELY, "content", True),
    ],
)
def test_the_channel_and_the_persona_each_have_a_mode(mode, step, may, as_text):
    mode = mode.value if as_text else mode
    here = replace(TERMS, place=Place(reply_mode=mode))

    of_channel = ask(step=step, terms=here)
    own = ask(step=step, member=replace(ADA, reply_mode=mode))

    assert of_channel.respond == own.respond == may
    if not may:
        assert (of_channel.reason, own.reason) == ("channel_mode", "policy")


def test_the_channel_is_asked_before_the_persona():
    never = replace(ADA, reply_mode=ReplyMode.NEVER)

    assert said(ask(member=never, terms=Terms())) == (False, "channel_mode")


@pytest.mark.parametrize(
    ("chance", "drawn", "expected"),
    [
        (1.0, (), True),
        (0.0, (), False),
        (0.5, (0.49,), True),
        (0.5, (0.5,), False),
    ],
)
def test_the_chance_to_answer_is_drawn_last(chance, drawn, expected):
    found = ask(*drawn, terms=replace(TERMS, response_chance=chance))

    assert said(found) == (expected, "chance")
    assert found.draws == tuple(Draw("chance", d, against=chance) for d in drawn)


def test_probability_is_drawn_before_the_chance():
    terms = replace(TERMS, response_chance=0.5)

    found = ask(0.1, 0.2, message=BY_PERSONA, pair=CALM, terms=terms)

    assert [draw.of for draw in found.draws] == ["probability", "chance"]
