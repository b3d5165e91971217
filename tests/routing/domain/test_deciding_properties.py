"""Decisions over made-up rosters and messages, against a slow and plain decider."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from personas.domain.matching import comparable
from personas.domain.sheets import ReplyMode
from routing.domain.deciding import decide
from routing.domain.messages import (
    DEFAULT_STEPS,
    Activity,
    Decision,
    Message,
    PairFacts,
    Place,
    Quieted,
    State,
    Terms,
)
from routing.domain.roster import Member, Roster
from tests.routing.slow_decider import decide_slowly

# Words that are parts of one another, fold alike, or stand without spaces.
WORDS = (
    "toad toadette toadstool tom tomorrow art party arbiter the ice cream icecream a"
    " straße STRASSE café cafe\u0301 CAFE жаба Жаба жабка κόσμος ΚΌΣΜΟΣ İs is ﬁn fin"
    " 猫 大好き 猫舌 ねこ カタ ｶﾞ ガ か\u3099 ปลา พี่ปลา ก กำ 🍄 👩‍🍳 C++ c c# .NET net"
    " don't don’t don 2 2nd x x\u0302 한국 한 #art"
)
words = st.sampled_from(WORDS.split())
spaces = st.sampled_from([" ", " ", " ", "-", "_", "  ", "\u2011", ""])
gaps = st.sampled_from([" ", " ", " ", ", ", "", "-", "\n", " _ ", "! ", ".", "\u3000"])
IDS = ("ada", "bo", "cy", "dee", "eli", "fay")
ids = st.sampled_from(IDS)
CHANNELS = ("c1", "kitchen", "#kitchen", "Kitchen Table", "#", "")
numbers = st.floats(0, 1, exclude_max=True)


@st.composite
def joined(draw: st.DrawFn, *, gaps: st.SearchStrategy[str], most: int) -> str:
    """Words, with something between them."""
    made = ""
    for at in range(draw(st.integers(0, most))):
        made += (draw(gaps) if at else "") + draw(words)
    return made


phrases = st.lists(joined(gaps=spaces, most=3), max_size=3).map(tuple)
texts = joined(gaps=gaps, most=10)
activities = st.builds(
    Activity,
    name=st.sampled_from(["", "Chess", "CHESS", "go"]),
    category=st.sampled_from(["", "Board game", "board-game", "gaming"]),
)
members = st.builds(
    Member,
    character_id=ids,
    version=st.integers(1, 3),
    weight=st.sampled_from([1000, 1000, 0, 1, 500, 1250, 3000]),
    names=phrases,
    interests=phrases,
    avoidances=phrases,
    domain=joined(gaps=spaces, most=2),
    channels=st.lists(st.sampled_from(CHANNELS), max_size=2).map(tuple),
    activities=st.lists(activities, max_size=2).map(tuple),
    reply_mode=st.sampled_from(ReplyMode),
)
casts = st.lists(members, max_size=6, unique_by=lambda m: m.character_id)
messages = st.builds(
    Message,
    text=texts,
    author_character_id=st.none() | st.none() | ids,
    mentions=st.lists(ids | st.just("unknown"), max_size=2).map(tuple),
    activity=st.none() | activities,
    ignore_sticky=st.booleans(),
)
some_ids = st.frozensets(ids, max_size=3)
places = st.builds(
    Place,
    names=st.sampled_from(
        [(), ("c1",), ("c2", "kitchen"), ("c2", "#Kitchen-table"), ("kitchen", "#")]
    ),
    reply_mode=st.sampled_from([m for m in ReplyMode if m is not ReplyMode.CHANNEL]),
    allow=st.none() | st.none() | st.frozensets(ids),
    deny=some_ids,
    default_character_id=st.none() | st.just("") | ids,
)
quiets = st.builds(
    Quieted,
    quiet_id=st.just("q"),
    character_id=ids,
    other_character_id=st.none() | ids,
) | st.just(Quieted("q"))
all_terms = st.builds(
    Terms,
    is_enabled=st.sampled_from([True] * 9 + [False]),
    steps=st.just(DEFAULT_STEPS)
    | st.lists(st.sampled_from(DEFAULT_STEPS), unique=True).map(tuple),
    sticky_seconds=st.just(300),
    response_chance=st.sampled_from([1.0, 0.5, 0.0]),
    default_character_id=st.just("") | ids,
    place=places,
    quiets=st.lists(quiets, max_size=2).map(tuple) | st.just(()),
)
states = st.builds(
    State,
    sticky=st.none() | st.tuples(ids, st.sampled_from([0.0, 299.9, 300.0])),
    chain=st.integers(0, 5),
    channel_answers=st.sampled_from([0, 11, 12]),
)
pairs = st.builds(PairFacts, answers=st.sampled_from([0, 5, 6]), probability=numbers)


def decided(
    roster: Roster,
    message: Message,
    *,
    state: State,
    terms: Terms,
    pair: PairFacts,
    drawn: list[float],
) -> Decision:
    return decide(
        roster,
        message,
        state=state,
        terms=terms,
        pair_facts=lambda _: pair,
        rng=iter(drawn).__next__,
    )


def plain(decision: Decision) -> dict[str, Any]:
    """The decision, as the slow one tells it."""
    return {
        "character_id": decision.character_id,
        "reason": decision.reason,
        "respond": decision.respond,
        "respond_reason": decision.respond_reason,
        "scores": {c.character_id: c.score for c in decision.candidates},
        "skipped": [(s.step, s.would_have_been) for s in decision.skipped],
    }


@given(casts, messages, states, all_terms, pairs, st.lists(numbers, min_size=3))
def test_a_decision_is_the_slow_one(cast, message, state, terms, pair, drawn):
    found = decided(
        Roster.of(cast), message, state=state, terms=terms, pair=pair, drawn=drawn
    )

    rest = iter(drawn)
    expected = decide_slowly(
        cast, message, state=state, terms=terms, pair=pair, numbers=rest
    )
    assert plain(found) == expected
    assert [d.drawn for d in found.draws] == drawn[: len(drawn) - len(list(rest))]


@given(casts, st.lists(st.tuples(ids, members), max_size=4), messages, all_terms)
def test_a_patched_roster_decides_as_one_made_anew(cast, changes, message, terms):
    roster = Roster.of(cast)
    now = {member.character_id: member for member in cast}

    for gone, come in changes:
        roster = roster.patched(put=[come], drop=[gone])
        now.pop(gone, None)
        now[come.character_id] = come

    anew = Roster.of(now.values())
    assert dict(roster.members) == now
    assert roster.digest == anew.digest
    given = {"state": State(), "terms": terms, "pair": PairFacts(0, 1), "drawn": [0.5]}
    drawn = {**given, "drawn": [0.5] * 3}
    assert decided(roster, message, **drawn) == decided(anew, message, **drawn)


@given(casts, messages)
def test_places_show_the_phrase_in_the_message_as_sent(cast, message):
    decision = decided(
        Roster.of(cast),
        message,
        state=State(),
        terms=Terms(),
        pair=PairFacts(0, 1),
        drawn=[0.5] * 3,
    )

    for signal in (s for c in decision.candidates for s in c.signals):
        if signal.start is not None:
            # More than the phrase where folding took one letter apart.
            shown = message.text[signal.start : signal.end]
            assert comparable(signal.phrase) in comparable(shown)
