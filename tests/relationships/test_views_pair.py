"""Two characters on one page, and changing by hand what they feel."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core import policy as settings
from core.models import AuditEntry, User
from core.roles import Role
from relationships import reports
from relationships.models import Affinity, Pair
from relationships.policy import AFFINITY_DAILY_CAP, PERSONA_CONFLICTS_ENABLED
from relationships.services import adjusting
from relationships.views.ledger_shown import Cursor
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person
from tests.personas.counting import queries
from tests.relationships.talking import rows_of, talk
from tests.relationships_data import make_cast

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HTMX = {"headers": {"hx-request": "true"}}


@pytest.fixture
def mia() -> User:
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


@pytest.fixture(autouse=True)
def cast() -> None:
    make_cast(["ada", "bo", "cy"])


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def url(name: str = "pair", one: str = "ada", other: str = "bo") -> str:
    return reverse(f"relationships:{name}", args=[one, other])


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def tag() -> str:
    return "-".join(
        str(Affinity.objects.get(source__character_id=s, target__character_id=t).seq)
        for s, t in (("ada", "bo"), ("bo", "ada"))
    )


def feels(one: str = "ada", other: str = "bo") -> int:
    row = Affinity.objects.get(source__character_id=one, target__character_id=other)
    return row.stored


def value_of(**fields: str) -> dict[str, str]:
    """What the form of the first direction sends."""
    return {
        "started": "0-0",
        "which": "forth",
        "seen": "0.000",
        "affinity": "",
        "resting": "",
        "reason": "A truce",
        **fields,
    }


# -- Looking --------------------------------------------------------------------------


def test_page_shows_both_directions_and_their_sums():
    talk("ada", "bo", "compliment", intensity=1.5, compatibility=1.1)

    text = text_of(client_as(Role.VIEWER).get(url()))

    assert "+3.000 × intensity 1.5 × in common 1.1 = +4.950" in text
    assert "intensity 1.5 × in common 1.1 × answering side 0.8 = +3.960" in text
    assert "0.000 → +4.950" in text
    assert "0.000 → +3.960" in text
    assert text.count("now Friend") == 2


def test_sum_says_what_the_days_limit_cut_and_where_the_scale_ends():
    settings.set_value(name=AFFINITY_DAILY_CAP, value=20.0, actor=None, now=NOW)
    for _ in range(7):
        talk("ada", "bo", "compliment")

    text = text_of(client_as(Role.VIEWER).get(url()))

    assert "+3.000 → cut to +2.000 by the day’s limit" in text
    assert "+10.000 is the most" in text


def test_page_shows_tension_topics_traits_and_what_prompts_say(manager):
    adjusting.set_triggers(
        source="ada",
        target="bo",
        topics=["Cake"],
        reason="x",
        actor=make_person(),
        now=NOW,
    )
    talk("ada", "bo", "message", topics=("cake",))
    for _ in range(4):
        talk("ada", "bo", "compliment")

    text = text_of(manager.get(url()))

    assert "trigger topic" in text
    assert '<li class="chip chip--amber">cake</li>' in text
    assert 'Warmth</dt><dd class="numeric">+0.20' in text
    assert "Ada is warm towards Bo." in text
    assert "Bo is one of the closest friends of Ada" in text
    assert "0.18 in 1 day" in text


def test_chance_is_an_equation_with_a_range():
    talk("ada", "bo", "compliment")

    page = client_as(Role.VIEWER).get(url()).context["pair"]

    chance = page.ways[0].chance
    # 13/20 × 0.9 = 0.585
    assert (chance.least, chance.most) == ("47 %", "70 %")
    assert [number for number, _ in chance.factors] == [
        "0.65",
        "0.9",
        "1",
        "1",
        "0.8–1.2",
    ]
    assert chance.factors[0][1] == "feeling (+3.00 + 10) / 20"
    assert chance.factors[1][1] == "talked 1 time in 24 hours"


def test_feeling_ahead_fades_towards_its_rest(clock):
    talk("ada", "bo", "compliment")
    adjusting.set_value(
        source="ada",
        target="bo",
        affinity=8_000,
        resting=-2_000,
        reason="x",
        actor=make_person(),
        now=NOW,
    )

    ahead = client_as(Role.VIEWER).get(url()).context["pair"].ways[0].ahead

    assert [(days, f.text) for days, f in ahead] == [
        (1, "+7.00"),
        (7, "+2.78"),
        (30, "−1.58"),
    ]


def test_two_who_never_met_have_a_page():
    text = text_of(client_as(Role.VIEWER).get(url()))

    assert "Nothing has happened between them yet." in text
    assert text.count('data-part="text">0.00<') == 2


def test_order_of_the_address_is_the_order_of_the_page():
    talk("ada", "bo", "insult")

    ways = client_as(Role.VIEWER).get(url(one="bo", other="ada")).context["pair"].ways

    assert [(w.source.character_id, w.feeling.milli) for w in ways] == [
        ("bo", -2_400),
        ("ada", -3_000),
    ]


def test_chart_and_table_have_thirty_days(clock):
    talk("ada", "bo", "compliment", at=NOW - 40 * DAY)
    talk("ada", "bo", "compliment", at=NOW - 2 * DAY)

    past = client_as(Role.VIEWER).get(url()).context["pair"].past

    assert len(past.days) == 31
    assert past.days[0].values == ("+2.48", "+1.98")
    assert past.days[-1].values[0] == "+0.94"
    line = past.chart.lines[0]
    assert line.name == "Ada → Bo"
    # It begins at the left edge, from before; the last change is a step upwards.
    assert line.path.startswith("M0 ")
    x = f"{100 * 28 / 30:.2f}"
    assert line.path.count(f"L{x} ") == 2


def test_chart_of_many_changes_has_one_of_each_hour():
    for number in range(500):
        talk("ada", "bo", "message", at=NOW - DAY + number * timedelta(minutes=1))

    line = client_as(Role.VIEWER).get(url()).context["pair"].past.chart.lines[0]

    assert line.path.count("L") < 60


def test_past_is_shown_as_it_was_and_cannot_be_changed(manager):
    talk("ada", "bo", "compliment", at=NOW - 2 * DAY)
    talk("ada", "bo", "insult", at=NOW - DAY)

    response = manager.get(url(), {"at": (NOW - 2 * DAY).isoformat()})

    page = response.context["pair"]
    text = text_of(response)
    assert page.ways[0].feeling.milli == 3_000
    assert [entry.title for entry in page.history.entries] == ["Compliment"]
    assert "As of" in text
    assert "Back to live" in text
    assert "Change by hand" not in text
    assert "data-live-src" not in text


def test_moment_before_everything_is_empty(manager):
    talk("ada", "bo", "compliment")

    response = manager.get(url(), {"at": (NOW - DAY).isoformat()})

    assert response.context["pair"].ways[0].feeling.milli == 0
    assert "Nothing had happened between them by then." in text_of(response)


def test_moment_that_is_none_is_said_and_now_is_shown(manager):
    text = text_of(manager.get(url(), {"at": "yesterday"}))

    assert "is no time like" in text
    assert "Change by hand" in text


@pytest.mark.parametrize("name", ["pair", "pair-now"])
def test_a_moment_at_the_beginning_of_time_is_said(manager, name):
    response = manager.get(url(name), {"at": "0001-01-01T00:00:00+14:00"})

    assert response.status_code == 200


@pytest.mark.parametrize("name", ["pair-set", "pair-reset"])
def test_a_start_with_too_many_digits_is_stale(manager, name):
    talk("ada", "bo", "compliment")

    response = manager.post(
        url(name), value_of(started="9" * 4_400 + "-1", affinity="1")
    )

    assert response.status_code == 412


def test_tension_of_the_past_is_the_later_rows(manager):
    talk("ada", "bo", "insult", at=NOW - 2 * DAY)

    response = manager.get(url(), {"at": (NOW - DAY).isoformat()})

    assert response.context["pair"].tension == "0.18"


def test_conflicts_that_are_off_are_said():
    settings.set_value(name=PERSONA_CONFLICTS_ENABLED, value=False, actor=None, now=NOW)

    text = text_of(client_as(Role.VIEWER).get(url()))

    assert "Switched off in the settings." in text


def test_reports_that_were_taken_back_are_marked(monkeypatch):
    number = talk("ada", "bo", "compliment")
    monkeypatch.setattr(reports, "voided", lambda *args, **kwargs: {number})

    [entry] = client_as(Role.VIEWER).get(url()).context["pair"].history.entries

    assert entry.is_void


# -- History --------------------------------------------------------------------------


def test_history_joins_both_directions_and_pages_by_cursor():
    for number in range(45):
        talk("ada", "bo", "message", at=NOW - 2 * DAY + number * timedelta(minutes=1))
    client = client_as(Role.VIEWER)
    seen, address = [], url()

    while address:
        page = client.get(address)
        for entry, forth, back in page.context["pair"].lines:
            seen.append((forth.seq, back.seq))
            assert entry.source.character_id == "ada"
        query = page.context["older_query"]
        address = f"{url()}?{query}" if query else ""

    assert seen == [(number, number) for number in range(45, 0, -1)]


def test_rows_of_one_moment_keep_their_order():
    for kind in ("compliment", "insult", "banter"):
        talk("ada", "bo", kind)

    entries = client_as(Role.VIEWER).get(url()).context["pair"].history.entries

    assert [entry.title for entry in entries] == ["Banter", "Insult", "Compliment"]


def test_what_was_done_by_hand_names_its_author_and_reason(mia):
    args = {"source": "ada", "target": "bo", "actor": mia, "now": NOW}
    adjusting.set_value(affinity=4_000, resting=None, reason="<Truce>", **args)
    adjusting.set_value(affinity=None, resting=1_000, reason="Old friends", **args)
    adjusting.reset(reason="Anew", **args)

    response = client_as(Role.VIEWER).get(url())

    entries = response.context["pair"].history.entries
    text = text_of(response)
    assert [e.title for e in entries] == ["Reset", "Resting value set", "Set by hand"]
    assert [len(e.sides) for e in entries] == [2, 1, 1]
    assert "“&lt;Truce&gt;” – mia" in text
    assert "it now fades towards +1.000" in text
    assert "+4.000 → 0.000" in text


def test_half_that_compaction_left_alone_names_who_acted():
    talk("bo", "ada", "compliment")
    speaker, met = rows_of("bo", "ada")[0], rows_of("ada", "bo")[0]
    speaker.delete()
    met.folded = 3
    met.save()

    [entry] = client_as(Role.VIEWER).get(url()).context["pair"].history.entries

    assert (entry.source.character_id, len(entry.sides), entry.folded) == ("bo", 1, 3)


@pytest.mark.parametrize(
    "text", ["", "x", "1", "1-", "-1", "1-2-3", "9" * 19 + "-1", "9" * 18 + "-1", "²-1"]
)
def test_what_is_no_cursor_shows_the_newest(text):
    talk("ada", "bo", "compliment")

    page = client_as(Role.VIEWER).get(url(), {"before": text}).context["pair"]

    assert Cursor.read(text) is None
    assert len(page.history.entries) == 1


def test_number_of_queries_is_flat(manager):
    talk("ada", "bo", "compliment")
    manager.get(url())
    few = queries(manager, url())

    for number in range(60):
        talk("ada", "bo", "insult", at=NOW - DAY + number * timedelta(minutes=1))

    assert queries(manager, url()) == few
    assert few <= 24


# -- Refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [("ada", "nobody"), ("nobody", "ada"), ("x", "x")]
)
@pytest.mark.parametrize("name", ["pair", "pair-now"])
def test_unknown_characters_are_not_found(name, one, other, manager):
    assert manager.get(url(name, one, other)).status_code == 404


@pytest.mark.parametrize("name", ["pair-set", "pair-reset", "pair-topics", "pair-undo"])
@pytest.mark.parametrize(("one", "other"), [("ada", "nobody"), ("ada", "ada")])
def test_nothing_is_changed_for_unknown_characters(name, one, other, manager):
    assert manager.post(url(name, one, other)).status_code == 404


def test_one_character_alone_is_told_so(manager):
    response = manager.get(url(one="ada", other="ada"))

    assert response.status_code == 404
    assert "Nobody feels anything for themselves" in text_of(response)


@pytest.mark.parametrize("name", ["pair-set", "pair-reset", "pair-topics", "pair-undo"])
def test_curators_change_nothing_and_see_no_forms(name):
    client = client_as(Role.CURATOR)

    assert client.post(url(name), value_of()).status_code == 403
    assert "Change by hand" not in text_of(client.get(url()))
    assert not Pair.objects.exists()


@pytest.mark.parametrize("name", ["pair", "pair-now"])
def test_strangers_see_nothing(name):
    assert client_as(None).get(url(name)).status_code == 403


# -- Changing -------------------------------------------------------------------------


def test_value_is_set_with_reason_and_audit(manager, mia):
    response = manager.post(url("pair-set"), value_of(affinity="4.5"), follow=True)

    assert feels() == 4_500
    [row] = rows_of("ada", "bo")
    assert (row.cause, row.reason, row.author) == ("set", "A truce", mia)
    entry = AuditEntry.objects.get(action="feeling.set")
    assert entry.after["affinity"] == 4.5
    assert "What Ada feels for Bo is set." in text_of(response)


def test_other_direction_is_set_from_the_same_page(manager):
    manager.post(url("pair-set"), value_of(which="back", affinity="−2,5", resting="1"))

    assert feels("bo", "ada") == -2_500
    assert rows_of("ada", "bo") == []
    assert Affinity.objects.get(source__character_id="bo").resting == 1_000


@pytest.mark.parametrize("which", ["forth", "back"])
def test_directions_whose_numbers_differ_are_told_apart(manager, which):
    talk("ada", "bo", "compliment")
    manager.post(url("pair-set"), value_of(started="1-1", affinity="5"))
    assert tag() == "2-1"

    response = manager.post(
        url("pair-set"), value_of(started="2-1", which=which, affinity="1")
    )

    assert response.status_code == 302
    [*_, undo] = [m.extra_tags for m in response.wsgi_request._messages]
    assert "It is as it was" in text_of(manager.post(undo, follow=True))


def test_undo_sets_back_what_was_there(manager):
    talk("ada", "bo", "compliment")
    response = manager.post(
        url("pair-set"), value_of(started=tag(), affinity="-4", resting="2")
    )
    [undo] = [m.extra_tags for m in response.wsgi_request._messages]

    response = manager.post(undo, follow=True)

    assert "It is as it was before." in text_of(response)
    row = Affinity.objects.get(source__character_id="ada")
    assert (row.stored, row.resting) == (3_000, 0)
    assert [r.reason for r in rows_of("ada", "bo")] == ["", "A truce", "Undo"]


def test_undo_after_something_else_changes_nothing(manager):
    response = manager.post(url("pair-set"), value_of(affinity="-4"))
    [undo] = [m.extra_tags for m in response.wsgi_request._messages]
    talk("ada", "bo", "compliment")

    response = manager.post(undo, follow=True)

    assert "nothing was set back" in text_of(response)
    assert feels() == -1_000


@pytest.mark.parametrize(
    "query",
    [
        "",
        "which=back&affinity=x&started=0-0",
        "affinity=--1&started=0-0",
        "affinity=99999&started=0-0",
        "which=topics&topic=%00&started=other",
    ],
)
def test_undo_of_anything_else_is_refused(manager, query):
    response = manager.post(f"{url('pair-undo')}?{query}", follow=True)

    assert "nothing was set back" in text_of(response)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": ""}, "Say why"),
        ({"reason": "   "}, "Say why"),
        ({}, "Give a feeling, a resting value, or both."),
        ({"affinity": "11"}, "Give at most 10."),
        ({"resting": "-10.001"}, "Give at least -10."),
        ({"affinity": "1.0001"}, "Give at most three decimals."),
        ({"affinity": "lots"}, "Give a number, such as"),
        ({"affinity": "NaN"}, "Give a number, such as"),
        ({"affinity": "1", "which": "sideways"}, "Set what Ada feels for Bo"),
        ({"affinity": "1", "reason": "x" * 1_001}, "at most 1000 characters"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(manager, fields, words):
    response = manager.post(url("pair-set"), value_of(**fields))

    assert response.status_code == 422
    assert words in text_of(response)
    assert not Affinity.objects.exclude(seq=0).exists()


def test_stale_value_shows_both_and_keeps_what_was_written(manager):
    talk("ada", "bo", "compliment")
    started = tag()
    talk("bo", "ada", "insult")

    response = manager.post(
        url("pair-set"), value_of(started=started, seen="+3.00", affinity="6")
    )

    text = text_of(response)
    assert response.status_code == 412
    assert 'You saw <strong class="numeric">+3.00</strong>' in text
    assert 'now it is <strong class="numeric">+0.60</strong>' in text
    assert "Insult by Bo" in text
    assert 'value="6"' in text
    assert feels() == 600

    again = manager.post(
        url("pair-set"), value_of(started=tag(), seen="+0.60", affinity="6")
    )
    assert again.status_code == 302
    assert feels() == 6_000


@pytest.mark.parametrize("started", ["x", "1", "1-x", "²-1"])
def test_start_that_is_none_is_stale(manager, started):
    talk("ada", "bo", "compliment")

    response = manager.post(url("pair-set"), value_of(started=started, affinity="6"))

    assert response.status_code == 412


def test_reset_empties_both_and_the_tension(manager):
    talk("ada", "bo", "insult")

    response = manager.post(
        url("pair-reset"), {"started": tag(), "reason": "Anew"}, follow=True
    )

    assert (feels(), feels("bo", "ada")) == (0, 0)
    assert response.context["pair"].tension == "0"
    assert "Ada and Bo feel nothing for each other now." in text_of(response)
    assert AuditEntry.objects.filter(action="feeling.reset", note="Anew").exists()


def test_reset_needs_a_reason_and_is_stale_like_others(manager):
    talk("ada", "bo", "insult")

    assert manager.post(url("pair-reset"), {"started": tag()}).status_code == 422
    stale = manager.post(url("pair-reset"), {"started": "0-0", "reason": "x"})

    assert stale.status_code == 412
    assert feels() == -3_000


def test_topics_are_saved_and_undone(manager):
    manager.post(
        url("pair-topics"), {"started": "", "topics": "Old\nolder", "reason": "x"}
    )

    response = manager.post(
        url("pair-topics"),
        {"started": "old\nolder", "topics": "Cake \n\n  the  Sea", "reason": "x"},
    )

    assert Pair.objects.get().trigger_topics == ["cake", "the sea"]
    *_, undo = [m.extra_tags for m in response.wsgi_request._messages]
    manager.post(undo)
    assert Pair.objects.get().trigger_topics == ["old", "older"]


def test_topics_that_others_changed_are_shown(manager):
    manager.post(url("pair-topics"), {"started": "", "topics": "theirs", "reason": "x"})

    response = manager.post(
        url("pair-topics"), {"started": "", "topics": "mine", "reason": "x"}
    )

    text = text_of(response)
    assert response.status_code == 412
    assert 'now it is <strong class="numeric">theirs</strong>' in text
    assert ">mine</textarea>" in text.replace("\r", "").replace(" mine", "mine")


def test_topics_that_are_too_long_are_refused(manager):
    data = {"started": "", "topics": "x" * 201, "reason": "x"}

    response = manager.post(url("pair-topics"), data)

    assert response.status_code == 422
    assert "at most 200 characters" in text_of(response)


def test_long_topics_have_no_undo(manager):
    topics = "\n".join(f"{n:03}{'x' * 190}" for n in range(20))

    response = manager.post(
        url("pair-topics"), {"started": "", "topics": topics, "reason": "x"}
    )

    [told] = response.wsgi_request._messages
    assert told.extra_tags == ""


# -- Fragments ------------------------------------------------------------------------


def test_fragment_is_the_same_without_a_page(manager):
    talk("ada", "bo", "compliment")

    response = manager.get(url(), **HTMX)

    text = text_of(response)
    assert text.startswith('<div class="pair" id="pair"')
    assert "<html" not in text
    assert "X-Live-Seq" in response


def test_fragments_answer_with_a_toast_and_an_undo(manager):
    response = manager.post(url("pair-set"), value_of(affinity="1"), **HTMX)

    told = json.loads(response["HX-Trigger"])["pair:told"]
    assert response.status_code == 200
    assert told["text"] == "What Ada feels for Bo is set."
    undone = manager.post(told["undo"], **HTMX)
    assert feels() == 0
    again = manager.post(told["undo"], **HTMX)
    assert json.loads(again["HX-Trigger"])["pair:told"]["kind"] == "error"
    assert 'id="pair"' in text_of(undone)


def test_what_is_wrong_is_a_fragment_too(manager):
    response = manager.post(url("pair-set"), value_of(), **HTMX)

    assert response.status_code == 200
    assert "Give a feeling, a resting value, or both." in text_of(response)


def test_region_that_moves_is_rendered_alone_and_names_its_keys(manager):
    response = manager.get(url("pair-now"))

    text = text_of(response)
    assert text.startswith('<div class="pair__now')
    assert 'data-live-key="ada&gt;bo bo&gt;ada"' in text
