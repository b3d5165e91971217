"""What happened lately, and the moment that is shown."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from core.models import User
from core.roles import Role
from personas.models import Character
from relationships.models import LedgerRow
from relationships.services import adjusting
from relationships.views import ledger_shown, moment
from relationships.views.ledger_shown import Cursor
from tests.clients import client_as
from tests.factories import NOW, make_person
from tests.personas.counting import queries
from tests.relationships.talking import talk
from tests.relationships_data import make_cast

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
PAGE = reverse("relationships:page")
ROWS = reverse("relationships:timeline")
NEWER = reverse("relationships:newer")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def cast() -> None:
    make_cast(["ada", "bo", "cy"])


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def mia() -> User:
    return make_person(Role.MANAGER, username="mia")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def entries(client, **query):
    response = client.get(PAGE, {"view": "timeline", **query})
    return response.context["history"].entries


# -- The timeline ---------------------------------------------------------------------


def test_event_is_one_entry_with_both_sums(viewer):
    talk("bo", "ada", "insult")

    response = viewer.get(PAGE, {"view": "timeline"})

    [entry] = response.context["history"].entries
    text = text_of(response)
    assert (entry.title, entry.source.name, entry.target.name) == (
        "Insult",
        "Bo",
        "Ada",
    )
    assert [side.told.moved for side in entry.sides] == [
        "0.000 → −3.000",
        "0.000 → −2.400",
    ]
    assert "<strong>Insult</strong>: Bo to Ada" in text
    assert "−3.000 × answering side 0.8 = −2.400" in text
    assert "now Rival" in text


def test_newest_stand_first_under_their_days(viewer):
    for days in (2, 1, 0):
        talk("ada", "bo", "message", at=NOW - days * DAY)
    talk("ada", "bo", "answer")

    days = viewer.get(PAGE, {"view": "timeline"}).context["history"].days

    assert [(day.isoformat(), len(of)) for day, of in days] == [
        ("2026-11-01", 2),
        ("2026-10-31", 1),
        ("2026-10-30", 1),
    ]
    assert "Sunday, 1 November 2026" in text_of(viewer.get(ROWS))


def test_what_was_done_by_hand_stands_among_them(viewer, mia):
    args = {"source": "ada", "target": "bo", "actor": mia, "now": NOW}
    adjusting.set_value(affinity=8_000, resting=None, reason="Truce", **args)
    adjusting.reset(reason="Anew", **args)

    text = text_of(viewer.get(ROWS))

    assert "<strong>Reset</strong>: Ada and Bo" in text
    assert "<strong>Set by hand</strong>: Ada toward Bo" in text
    assert "“Truce” – mia" in text


def test_pages_follow_each_other_without_gap_or_repeat(viewer):
    for number in range(70):
        talk("ada", "bo", "message", at=NOW - DAY + number // 3 * MINUTE)
    seen, query = [], {"view": "timeline"}

    for _ in range(4):
        response = viewer.get(PAGE, query)
        page = response.context["history"]
        seen += [entry.row.event_id for entry in page.entries]
        if page.older is None:
            break
        query["before"] = page.older.text

    assert len(seen) == 70
    assert seen == sorted(seen, reverse=True)
    assert "Back to the newest" in text_of(response)


def test_rows_of_a_reset_stay_together_at_the_end_of_a_page(viewer, mia):
    adjusting.reset(source="ada", target="bo", reason="x", actor=mia, now=NOW - DAY)
    for number in range(ledger_shown.PAGE - 1):
        talk("ada", "bo", "message", at=NOW - DAY + (number + 1) * MINUTE)

    found = entries(viewer)

    assert len(found) == ledger_shown.PAGE
    assert found[-1].title == "Reset"
    assert len(found[-1].sides) == 2


def test_filters_leave_what_is_between_those_who_match(viewer):
    talk("ada", "bo", "compliment")
    talk("bo", "cy", "insult")

    assert [e.title for e in entries(viewer, sign="positive")] == ["Compliment"]
    assert [e.title for e in entries(viewer, q="cy")] == ["Insult"]
    assert entries(viewer, min="9") == []


def test_search_through_much_stops_and_can_go_on(viewer, monkeypatch):
    talk("bo", "cy", "insult", at=NOW - DAY)
    for number in range(60):
        talk("ada", "bo", "message", at=NOW - DAY + (number + 1) * MINUTE)
    monkeypatch.setattr(ledger_shown, "LOOKED_THROUGH", 30)
    monkeypatch.setattr(ledger_shown, "_WINDOW", 10)

    response = viewer.get(PAGE, {"view": "timeline", "q": "cy"})

    page = response.context["history"]
    assert (page.entries, page.is_cut) == ([], True)
    assert "Look further back" in text_of(response)
    further = entries(viewer, q="cy", before=page.older.text)
    assert [e.title for e in further] == ["Insult"]


def test_windows_are_read_until_a_page_is_full(viewer, monkeypatch):
    for number in range(40):
        talk("bo", "cy", "insult", at=NOW - 2 * DAY + number * MINUTE)
        talk("ada", "bo", "message", at=NOW - 2 * DAY + number * MINUTE)
    monkeypatch.setattr(ledger_shown, "_WINDOW", 7)

    found = viewer.get(PAGE, {"view": "timeline", "q": "cy"}).context["history"]

    assert len(found.entries) == ledger_shown.PAGE
    rest = viewer.get(PAGE, {"view": "timeline", "q": "cy", "before": found.older.text})
    assert len(rest.context["history"].entries) == 10


def test_past_shows_what_had_happened_by_then(viewer):
    talk("ada", "bo", "compliment", at=NOW - 2 * DAY)
    talk("ada", "bo", "insult", at=NOW)

    response = viewer.get(PAGE, {"view": "timeline", "at": (NOW - DAY).isoformat()})

    assert [e.title for e in response.context["history"].entries] == ["Compliment"]
    assert "data-feed " not in text_of(response)


def test_characters_that_were_archived_are_left_out(viewer):
    talk("ada", "bo", "compliment")
    talk("bo", "cy", "insult")
    Character.objects.filter(character_id="cy").update(archived_at=NOW)

    assert [e.title for e in entries(viewer)] == ["Compliment"]


def test_nothing_yet_is_said(viewer):
    assert "No interactions yet" in text_of(viewer.get(PAGE, {"view": "timeline"}))
    assert "Nothing matches" in text_of(
        viewer.get(PAGE, {"view": "timeline", "q": "x"})
    )


def test_kind_that_was_removed_keeps_its_id(viewer):
    talk("ada", "bo", "compliment")
    LedgerRow.objects.update(kind="serenade", band="adored")

    response = viewer.get(ROWS)

    assert "<strong>serenade</strong>" in text_of(response)
    assert "now adored" in text_of(response)


def test_rows_alone_say_which_change_they_are_as_new_as(viewer):
    talk("ada", "bo", "compliment")

    response = viewer.get(ROWS)

    assert text_of(response).startswith('<div class="feed__days">')
    assert "X-Live-Seq" in response
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("query", ["", "?q=a"])
def test_number_of_queries_is_flat(viewer, query):
    talk("ada", "bo", "compliment")
    few = queries(viewer, f"{ROWS}{query}")

    for number in range(29):
        talk("bo", "cy", "insult", at=NOW - DAY + number * MINUTE)
        talk("cy", "ada", "insult", at=NOW - DAY + number * MINUTE)

    assert queries(viewer, f"{ROWS}{query}") <= few + 1


@pytest.mark.parametrize("url", [ROWS, NEWER])
def test_strangers_see_nothing(url):
    assert client_as(None).get(url).status_code == 403


def test_cursor_survives_its_text():
    cursor = Cursor(at=datetime(2026, 11, 1, 12, 30, 1, 123_456, tzinfo=UTC), pk=42)

    assert Cursor.read(cursor.text) == cursor


# -- The moment -----------------------------------------------------------------------


def test_slider_has_the_days_since_the_first_row(viewer):
    talk("ada", "bo", "compliment", at=NOW - 5 * DAY)

    response = viewer.get(PAGE, {"view": "table"})

    found = response.context["moment"]
    assert (found.first.isoformat(), found.last, found.shown) == ("2026-10-27", 5, 5)
    assert [mark.number for mark in found.marks] == [0, 1, 2, 3, 4, 5]
    assert "As of" not in text_of(response)


@pytest.mark.parametrize(
    ("ago", "step", "last"),
    [
        (5 * MINUTE, 1, 4),
        (120 * MINUTE, 1, 119),
        (180 * MINUTE, 5, 36),
        (DAY, 15, 96),
        (DAY + 11 * 60 * MINUTE, 30, 70),
    ],
)
def test_slider_of_a_short_history_steps_in_minutes(viewer, ago, step, last):
    talk("ada", "bo", "compliment", at=NOW - ago)

    response = viewer.get(PAGE, {"view": "table"})

    found = response.context["moment"]
    assert (found.step_minutes, found.last, found.shown) == (step, last, last)
    assert found.start == NOW - ago + MINUTE
    assert len(found.marks) <= 31
    assert f'data-step="{step}"' in text_of(response)


@pytest.mark.parametrize(("ago", "shown"), [(60, 0), (50, 9), (0, 58), (90, 0)])
def test_slider_stands_on_the_minute_shown(viewer, ago, shown):
    talk("ada", "bo", "compliment", at=NOW - 60 * MINUTE)

    response = viewer.get(
        PAGE, {"view": "table", "at": (NOW - ago * MINUTE).isoformat()}
    )

    assert response.context["moment"].shown == shown


@pytest.mark.parametrize("at", [None, NOW])
def test_in_the_first_minute_there_is_nothing_to_go_back_to(viewer, at):
    talk("ada", "bo", "compliment", at=NOW)

    query = {"at": at.isoformat()} if at else {}
    text = text_of(viewer.get(PAGE, {"view": "table", **query}))

    assert "There is no earlier moment" in text
    assert "data-moment-day" not in text


def test_many_days_have_few_marks(viewer):
    talk("ada", "bo", "compliment", at=NOW - 300 * DAY)

    marks = viewer.get(PAGE, {"view": "table"}).context["moment"].marks

    assert len(marks) == 31
    assert marks[1].number == 10


@pytest.mark.parametrize(("days", "shown"), [(2, 3), (9, 0)])
def test_slider_stands_on_the_day_shown(viewer, days, shown):
    talk("ada", "bo", "compliment", at=NOW - 5 * DAY)

    response = viewer.get(PAGE, {"view": "table", "at": (NOW - days * DAY).isoformat()})

    assert response.context["moment"].shown == shown


def test_without_a_ledger_there_is_no_slider(viewer):
    response = viewer.get(PAGE, {"view": "table"})

    assert response.context["moment"] is None
    assert "data-moment" not in text_of(response)


def test_past_has_a_way_back_that_keeps_the_filters(viewer):
    talk("ada", "bo", "compliment", at=NOW - 5 * DAY)

    response = viewer.get(
        PAGE, {"view": "table", "q": "ada", "at": (NOW - DAY).isoformat()}
    )

    text = text_of(response)
    assert "As of <time" in text
    assert 'href="?view=table&amp;q=ada" data-shortcut="l"' in text
    assert '<input type="hidden" name="q" value="ada">' in text
    assert "No newer changes since then" in text


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "No newer changes"), (1, "2 newer changes"), (2, "4 newer changes")],
)
def test_newer_changes_are_counted(viewer, count, words):
    talk("ada", "bo", "compliment", at=NOW - DAY)
    for _ in range(count):
        talk("ada", "bo", "compliment")

    response = viewer.get(NEWER, {"at": (NOW - DAY).isoformat()})

    assert f"{words} since then" in text_of(response)


def test_counting_stops(viewer, monkeypatch):
    monkeypatch.setattr(moment, "MOST_COUNTED", 3)
    for _ in range(3):
        talk("ada", "bo", "compliment")

    text = text_of(viewer.get(NEWER, {"at": (NOW - DAY).isoformat()}))

    assert "More than 3 newer changes since then" in text


def test_one_change_is_one(viewer, mia):
    adjusting.set_value(
        source="ada",
        target="bo",
        affinity=1,
        resting=None,
        reason="x",
        actor=mia,
        now=NOW,
    )

    text = text_of(viewer.get(NEWER, {"at": (NOW - DAY).isoformat()}))

    assert "1 newer change since then" in text
