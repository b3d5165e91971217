"""What a ledger says is compared with what is stored."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.checking import check
from relationships.domain.feelings import Cause, Feeling, PairState
from tests.relationships.domain.ledgers import NOON, RULES, Ledger
from tests.relationships.domain.test_replaying import caps, histories, played

DAY = timedelta(days=1)
CALM = replace(RULES, conflicts_enabled=False)


def findings(ledger: Ledger, **final) -> list[str]:
    state = replace(ledger.state, **final)
    return check(ledger.steps, start=ledger.start, final=state, rules=ledger.rules)


def lived() -> Ledger:
    """Rows of every cause: 1 insult, 2 insult, 3 set, 4 message, 5 reset, 6 void."""
    ledger = Ledger()
    ledger.event("insult")
    ledger.event("insult", low=False, at=NOON + DAY)
    ledger.set(4_000, resting=500, at=NOON + DAY)
    ledger.set(resting=-500, low=False, at=NOON + DAY)
    ledger.event("message", at=NOON + 2 * DAY)
    ledger.reset(at=NOON + 3 * DAY)
    ledger.void({1}, at=NOON + 4 * DAY)
    return ledger


def test_what_really_happened_is_clean():
    assert findings(lived()) == []


def test_a_pair_to_whom_nothing_happened_is_clean():
    assert findings(Ledger()) == []


@pytest.mark.parametrize(
    ("number", "values", "words"),
    [
        (2, {"seq": 3}, "lower 3: follows 1, with 0 folded into it"),
        (2, {"folded": 1}, "lower 2: follows 1, with 1 folded into it"),
        (3, {"at": NOON}, "is before the row before it"),
        (1, {"after": -2_999}, "lower 1: after is -2999, not 0 and -3000"),
        (1, {"before": 5, "after": -2_995}, "lower 1: before is 5, not 0"),
        (1, {"wanted": -3_500}, "lower 1: wanted is -3500, not -3000"),
        (1, {"change": -3_001, "after": -3_001}, "change is -3001, of -3000 wanted"),
        (1, {"change": 3_000, "after": 3_000}, "change is 3000, of -3000 wanted"),
        (1, {"factor": 800}, "lower 1: factor is 800, not 1000"),
        (1, {"is_speaker": False}, "one of them must be the speaker’s"),
        (1, {"base": -2_000}, "base is -2000 and -3000"),
        (1, {"compatibility": 900}, "compatibility is 900 and 1000"),
        (1, {"kind": "argument"}, "kind is argument and insult"),
        (1, {"is_trigger": True}, "is_trigger is True and False"),
        (1, {"resting": 7}, "lower 1: resting is 7, not 0"),
        (1, {"events": 2}, "lower 1: events is 2, not 1"),
        (3, {"events": 3}, "lower 3: events is 3, not 2"),
        (1, {"warmth": -40}, "warmth moves by -40 and -50"),
        (3, {"warmth": -40}, "lower 3: traits are"),
        (5, {"trust": 1}, "lower 5: traits are"),
        (1, {"tension_before": 10}, "lower 1: tension before is 10, not 0"),
        (2, {"tension": 100}, "lower 2: tension goes from 180 to 100"),
        (4, {"tension": 900}, "lower 4: tension goes from 342 to 900"),
        (5, {"tension": 5}, "lower 5: tension is 5 after a reset"),
        (5, {"after": 1, "change": -3_149}, "lower 5: after is 1 after a reset"),
        (3, {"wanted": 1}, "which only events may"),
        (4, {"band": "friend"}, "enters the band friend without leaving another"),
    ],
)
def test_a_row_that_was_changed_is_found(number, values, words):
    ledger = lived()
    ledger.change(number, **values)

    assert any(words in found for found in findings(ledger)), findings(ledger)


def test_a_resting_value_that_moves_the_feeling_is_found():
    ledger = Ledger()
    ledger.set(resting=500)
    ledger.change(1, change=10, wanted=10, after=10)

    assert any("not only where it rests" in found for found in findings(ledger))


def test_a_row_that_is_gone_is_found():
    ledger = lived()
    del ledger.low[1]

    found = findings(ledger)

    assert "lower 3: follows 1, with 0 folded into it" in found
    assert "higher 2: lower has no row of interaction 2" in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stored", 1),
        ("updated_at", NOON),
        ("resting", 3),
        ("seq", 9),
        ("events", 9),
        ("warmth", 9),
        ("rivalry", 9),
    ],
)
def test_a_feeling_that_is_stored_otherwise_is_found(name, value):
    ledger = lived()
    low = replace(ledger.state.low, **{name: value})

    (found,) = findings(ledger, low=low)

    assert found.startswith(f"lower: {name} is {value}, its ledger says")


def test_tension_that_is_stored_otherwise_is_found():
    ledger = Ledger()
    ledger.event("insult")

    (found,) = findings(ledger, tension=100)

    assert found.startswith("tension is 100 at")


def test_what_was_spent_of_a_day_is_the_sum_of_its_interactions():
    ledger = Ledger(low=Feeling(spent=500, spent_on=NOON.date()))
    ledger.event("compliment")
    ledger.set(0)
    ledger.event("insult")

    assert ledger.state.low.spent == 6_500
    assert findings(ledger) == []
    low = replace(ledger.state.low, spent=6_000)
    (found,) = findings(ledger, low=low)
    assert found.startswith("lower: 6000 spent on 2026-03-01, its ledger says 6500")


def test_a_void_leaves_open_what_is_spent_of_its_day():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.void({1})
    ledger.event("compliment")

    assert ledger.state.low.spent == 3_000
    assert findings(ledger) == []


def test_the_day_after_a_void_is_told_again():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.void({1})
    ledger.event("compliment", at=NOON + DAY)

    low = replace(ledger.state.low, spent=1)
    assert findings(ledger) == []
    assert len(findings(ledger, low=low)) == 1


def test_a_cut_by_the_cap_is_no_finding():
    ledger = Ledger(rules=replace(CALM, cap=4_000))
    ledger.event("compliment")
    ledger.event("compliment")

    assert findings(ledger) == []


def test_traits_at_their_limit_need_not_move_alike():
    ledger = Ledger(low=Feeling(warmth=980))
    ledger.event("compliment")

    assert ledger.low[0].warmth == 1_000
    assert findings(ledger) == []


def test_editing_the_tables_later_is_no_finding():
    ledger = lived()
    ledger.rules = replace(CALM, escalation=900, cap=1)

    assert findings(ledger) == []


def test_rows_from_when_conflicts_did_not_count_are_no_finding():
    ledger = Ledger()
    ledger.event("insult")
    ledger.rules = CALM
    ledger.event("insult")
    ledger.set(100)
    ledger.rules = RULES
    ledger.event("insult", at=NOON + DAY)

    assert findings(ledger) == []


def test_the_rate_of_its_time_counts_for_each_row():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.event("message", at=NOON + DAY)
    later = (NOON + 2 * DAY, Decimal("0.5"))
    ledger.rules = replace(RULES, rates=(*RULES.rates, later))
    ledger.event("message", at=NOON + 3 * DAY)

    assert ledger.low[2].before == 1_215  # 2700 × 0.9 × 0.5
    assert findings(ledger) == []
    ledger.rules = RULES
    assert "lower 3: before is 1215, not 2187" in findings(ledger)


@pytest.mark.parametrize(("seconds", "is_clean"), [(0, True), (59, True), (61, False)])
def test_a_report_just_after_a_change_of_rate_may_not_have_seen_it(seconds, is_clean):
    ledger = Ledger()
    ledger.event("compliment")
    ledger.event("message", at=NOON + DAY)
    change = (NOON + DAY - timedelta(seconds=seconds), Decimal(1))
    ledger.rules = replace(RULES, rates=(*RULES.rates, change))

    assert (findings(ledger) == []) is is_clean


# -- Folded days -----------------------------------------------------------------------


def folded() -> Ledger:
    ledger = Ledger()
    ledger.event("insult")
    ledger.event("insult")
    ledger.event("compliment", at=NOON + DAY)
    for rows in (ledger.low, ledger.high):
        rows[:2] = [replace(rows[1], folded=1)]
    return ledger


def test_a_folded_day_is_clean():
    assert findings(folded()) == []


def test_a_folded_row_is_still_checked_for_what_it_says_itself():
    ledger = folded()
    ledger.change(1, after=-6_000)

    assert any("after is -6000" in found for found in findings(ledger))


def test_a_row_may_stand_alone_where_the_other_s_was_folded():
    ledger = Ledger()
    ledger.event("insult")
    ledger.set(100, low=False)
    ledger.high[:2] = [replace(ledger.high[1], folded=1)]

    assert findings(ledger) == []


def test_tension_that_a_cold_summary_hides_is_not_missed():
    ledger = Ledger(tension=500, tension_at=NOON)
    ledger.rules = CALM
    ledger.event("insult")
    ledger.event("insult")
    for rows in (ledger.low, ledger.high):
        rows[:2] = [replace(rows[1], folded=1)]

    assert findings(ledger) == []


# -- Always ----------------------------------------------------------------------------


@given(histories, caps)
def test_whatever_happened_is_clean(history, cap):
    assert findings(played(history, cap=cap)) == []


@given(
    histories.filter(lambda history: any(act[0] == "event" for act, _ in history)),
    st.sampled_from(["seq", "before", "after", "wanted", "events", "base"]),
    st.booleans(),
    st.data(),
)
def test_whichever_number_is_changed_is_found(history, name, low, data):
    ledger = played(history, cap=None)
    rows = ledger.low if low else ledger.high
    at = data.draw(st.integers(0, len(rows) - 1))
    row = rows[at]
    if row.cause == Cause.EVENT or name != "base":
        rows[at] = replace(row, **{name: getattr(row, name) + 1})

        assert findings(ledger)


@given(histories, st.sampled_from(["stored", "seq", "events", "trust", "resting"]))
def test_whichever_feeling_is_changed_is_found(history, name):
    ledger = played(history, cap=None)
    value = getattr(ledger.state.high, name) + 1

    assert findings(ledger, high=replace(ledger.state.high, **{name: value}))


def test_an_unknown_start_is_where_the_ledger_goes_on_from():
    ledger = Ledger(low=Feeling(stored=700, updated_at=NOON, seq=12, events=9))
    ledger.event("compliment")

    assert findings(ledger) == []
    ledger.start = PairState()
    assert "lower 13: follows 0, with 0 folded into it" in findings(ledger)
