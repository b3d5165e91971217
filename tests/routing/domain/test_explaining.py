"""Decisions in one sentence each."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from routing.domain.explaining import sentence
from routing.domain.messages import (
    Candidate,
    Decision,
    Draw,
    Message,
    PairFacts,
    Signal,
    State,
)
from routing.domain.roster import Roster
from tests.routing.domain.test_deciding_properties import (
    all_terms,
    casts,
    decided,
    messages,
    numbers,
    pairs,
    st,
    states,
)

NAMES = {"ada": "Ada", "bo": "Bo", "cy": "Cy", "dee": "Dee"}
STATE = State(sticky=("ada", 41.7), chain=5, channel_answers=12)


def tell(
    reason: str,
    *signals: Signal,
    respond: str = "mention",
    mentions: tuple[str, ...] = (),
    state: State = STATE,
    more: tuple[Candidate, ...] = (),
    **given: Any,
) -> str:
    """Of a decision for Ada; ``respond`` starts with ``no`` where she stays silent."""
    own = Candidate("ada", 100_000, 1_000, is_close=True, signals=signals)
    decision = Decision(
        "ada",
        reason,
        respond=not respond.startswith("no "),
        respond_reason=respond.removeprefix("no "),
        candidates=(own, *more) if signals else more,
        **given,
    )
    message = Message("", mentions=mentions)
    return sentence(decision, message=message, state=state, names=NAMES)


def close(*ids: str) -> tuple[Draw, ...]:
    return (Draw("close", 0.5, among=tuple((one, 1_000) for one in ids)),)


NAMED = Signal("mention", "Ada", 100, 0, 3)
TEA = Signal("interest", "tea", 50, 4, 7)
JAM = Signal("domain", "jam", 30, 8, 11)
HALL = Signal("channel", "hall", 20)
CHESS = Signal("activity", "Chess", 100)
BO = Candidate("bo", 100_000, 1_000, is_close=False, signals=(NAMED,))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (tell("mention", NAMED), "Ada: named in the message."),
        (tell("mention", NAMED, mentions=("ada",)), "Ada: mentioned in the message."),
        (
            tell("mention", NAMED, draws=close("ada", "bo")),
            "Ada: drawn from 2 who are addressed (Ada and Bo).",
        ),
        (
            tell("sticky", respond="chance"),
            "Ada: answered here 41 seconds ago and nobody else is named.",
        ),
        (
            tell("sticky", respond="chance", more=(BO,)),
            "Ada: answered here 41 seconds ago.",
        ),
        (
            tell("sticky", NAMED, state=replace(STATE, sticky=("ada", 1.0))),
            "Ada: answered here 1 second ago and nobody else is named.",
        ),
        (
            tell("sticky", state=replace(STATE, sticky=("ada", 150.0))),
            "Ada: answered here 2 minutes ago and nobody else is named.",
        ),
        (
            tell("sticky", state=State()),
            "Ada: answered here 0 seconds ago and nobody else is named.",
        ),
        (tell("activity", CHESS), "Ada: the best fit for the activity “Chess”."),
        (
            tell("activity", CHESS, draws=close("ada", "bo", "cy", "dee", "x")),
            "Ada: drawn from 5 who fit the activity alike (Ada, Bo, Cy and 2 more).",
        ),
        (
            tell("content", TEA, JAM, HALL, NAMED),
            "Ada: the best fit for “tea” and “jam”.",
        ),
        (tell("content", NAMED, HALL), "Ada: named in the message and the best fit."),
        (tell("content", HALL), "Ada: the best fit for the channel “hall”."),
        (
            tell("content", TEA, draws=close("ada", "bo", "x")),
            "Ada: drawn from 3 whose scores are close (Ada, Bo and x).",
        ),
        (
            tell("fallback", respond="chance"),
            "Ada: the one who answers here if nobody else fits.",
        ),
        (
            tell(
                "content",
                TEA,
                respond="chance",
                draws=(Draw("probability", 0.25, 0.5), Draw("chance", 0.4321, 0.9)),
            ),
            (
                "Ada: the best fit for “tea”; 0.25 was drawn, below the chance of 0.5;"
                " 0.432 was drawn, below the chance of 0.9."
            ),
        ),
    ],
)
def test_who_answers_and_why(told, expected):
    assert told == expected


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (tell("mention", NAMED, respond="no quiet"), "a quiet switch is on here"),
        (
            tell("mention", NAMED, respond="no chain"),
            "the last 5 messages here are all by characters",
        ),
        (
            tell("mention", NAMED, respond="no budget", pair=PairFacts(1, 0.5)),
            (
                "within 10 minutes characters have answered each other once in this"
                " pair and 12 times here, which is enough"
            ),
        ),
        (
            tell("mention", NAMED, respond="no budget"),
            (
                "within 10 minutes characters have answered each other 0 times in this"
                " pair and 12 times here, which is enough"
            ),
        ),
        (
            tell(
                "mention",
                NAMED,
                respond="no probability",
                draws=(*close(), Draw("probability", 0.81, 0.42)),
            ),
            "0.81 was drawn, which is not below the chance that these two talk, 0.42",
        ),
        (
            tell("mention", NAMED, respond="no channel_mode"),
            "the channel lets nobody answer such a message unaddressed",
        ),
        (
            tell("mention", NAMED, respond="no policy"),
            "by their own rules they do not answer such a message unaddressed",
        ),
        (
            tell(
                "mention", NAMED, respond="no chance", draws=(Draw("chance", 1, 0.5),)
            ),
            "1 was drawn, which is not below the chance of any answer, 0.5",
        ),
        (
            tell("mention", NAMED, respond="no chance"),
            "the chance of any answer is 0",
        ),
    ],
)
def test_who_stays_silent_and_why(told, why):
    assert told == f"Ada stays silent (named in the message): {why}."


def nobody(*candidates: Candidate, why: str = "nobody", reason: str = "nobody") -> str:
    decision = Decision(
        None, reason, respond=False, respond_reason=why, candidates=candidates
    )
    return sentence(decision, message=Message(""), state=STATE, names=NAMES)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (nobody(reason="disabled"), "Nobody answers: routing is switched off."),
        (
            nobody(),
            "Nobody fits: nobody is named, and no character's topics are met.",
        ),
        (
            nobody(replace(BO, score=-50_500)),
            "Nobody fits: no score is above 0, and the best is −50.5 of Bo.",
        ),
        (
            nobody(BO),
            "Nobody fits: of the steps that are switched on, none found anybody.",
        ),
        (nobody(why="quiet"), "Nobody fits, and a quiet switch is on here."),
        (
            nobody(why="chain"),
            "Nobody fits, and the last 5 messages here are all by characters.",
        ),
    ],
)
def test_why_nobody_answers(told, expected):
    assert told == expected


@given(casts, messages, states, all_terms, pairs, st.lists(numbers, min_size=3))
def test_every_decision_has_a_sentence(cast, message, state, terms, pair, drawn):
    decision = decided(
        Roster.of(cast), message, state=state, terms=terms, pair=pair, drawn=drawn
    )

    told = sentence(decision, message=message, state=state, names={})

    assert told.endswith(".")
    assert "“”" not in told
    assert told.startswith(decision.character_id or "Nobody")
    assert ("stays silent" in told) == (
        decision.character_id is not None and not decision.respond
    )
