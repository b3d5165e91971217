"""The list of decisions: what it shows, what it leaves out, and how little it asks."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from routing.models import Channel, Decision
from routing.services.reading import EXCERPT, MOST_COUNTED
from routing.views.feed import ROWS
from tests.clients import client_as
from tests.evolution.growing import make_live
from tests.factories import NOW
from tests.personas.counting import queries
from tests.routing.decisions_data import make_decision

pytestmark = pytest.mark.django_db

FEED = reverse("routing:feed")
PART = reverse("routing:feed-rows")


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def text_of(client, **query):
    return client.get(FEED, query).content.decode()


def shown(client, **query):
    return [row.decision for row in client.get(FEED, query).context["rows"]]


def among(*names):
    return [{"of": "close", "drawn": 0.4, "among": [[name, 1.0] for name in names]}]


class TestRows:
    def test_newest_first_with_winner_channel_and_text(self, viewer):
        make_live("ada")
        Channel.objects.create(
            channel_id="c1", name="tavern", created_at=NOW, updated_at=NOW
        )
        make_decision("ada", text="First?")
        make_decision("ada", text="Second?")

        page = text_of(viewer)

        assert page.index("Second?") < page.index("First?")
        assert "tavern" in page
        assert "Ada" in page

    @pytest.mark.parametrize(
        ("reason", "word"),
        [
            ("mention", "Named"),
            ("sticky", "Went on"),
            ("activity", "Activity"),
            ("content", "Topic"),
            ("fallback", "Default"),
        ],
    )
    def test_a_word_says_how_somebody_was_found(self, viewer, reason, word):
        make_live("ada")
        make_decision("ada", reason=reason)

        [row] = viewer.get(FEED).context["rows"]

        assert row.reason.text == word
        assert row.silent is None

    @pytest.mark.parametrize(
        ("reason", "word"), [("nobody", "Nobody"), ("disabled", "Off")]
    )
    def test_nobody_is_a_reason_and_not_silence(self, viewer, reason, word):
        make_decision(reason=reason)

        [row] = viewer.get(FEED).context["rows"]

        assert (row.reason.text, row.silent) == (word, None)

    def test_a_draw_says_from_how_many(self, viewer):
        make_live("ada")
        make_decision("ada", draws=among("ada", "bob", "cyd"))

        [row] = viewer.get(FEED).context["rows"]

        assert row.reason.text == "Drawn 1 of 3"

    @pytest.mark.parametrize(
        ("why", "word"),
        [
            ("quiet", "Silent: Quiet"),
            ("chain", "Silent: Chain"),
            ("budget", "Silent: Budget"),
            ("probability", "Silent: Feelings"),
            ("channel_mode", "Silent: Channel"),
            ("policy", "Silent: Own rules"),
            ("chance", "Silent: Chance"),
        ],
    )
    def test_whoever_stays_silent_says_why(self, viewer, why, word):
        make_live("ada")
        make_decision("ada", respond=False, respond_reason=why)

        assert word in text_of(viewer)

    def test_what_was_not_delivered_is_marked(self, viewer):
        make_live("ada")
        make_decision("ada", delivered=False)

        assert "Not delivered" in text_of(viewer)

    def test_long_texts_are_cut_and_erased_ones_are_none(self, viewer):
        make_decision(text="x" * (EXCERPT + 1))
        make_decision(text="", text_kept=Decision.Kept.NONE)

        erased, cut = viewer.get(FEED).context["rows"]

        assert cut.excerpt == "x" * EXCERPT + "…"
        assert erased.excerpt == ""
        assert "Text not kept" in text_of(viewer)

    def test_the_text_is_text(self, viewer):
        make_decision(text="<script>alert(1)</script> {{ settings }}")

        page = text_of(viewer)

        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ settings }}" in page

    def test_another_day_is_told_with_its_date(self, viewer):
        make_decision(now=timezone.now() - timedelta(days=3))

        [row] = viewer.get(FEED).context["rows"]

        assert row.time.startswith("20")


class TestFilters:
    @pytest.fixture(autouse=True)
    def decisions(self, db):
        make_live("ada")
        make_live("bob")
        make_decision("ada", channel_id="c1", reason="mention")
        make_decision("bob", channel_id="c2", reason="content", respond=False)
        make_decision(channel_id="c2")

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ({}, 3),
            ({"channel": "c2"}, 2),
            ({"character": "ada"}, 1),
            ({"reason": "content"}, 1),
            ({"silent": "yes"}, 2),
            ({"channel": "c2", "silent": "yes", "reason": "nobody"}, 1),
            ({"reason": "nonsense"}, 3),
            ({"channel": "no such"}, 0),
            ({"character": "a\0da"}, 1),
        ],
    )
    def test_address_chooses(self, viewer, query, count):
        assert len(shown(viewer, **query)) == count

    def test_nothing_matches(self, viewer):
        assert "Nothing matches" in text_of(viewer, channel="no such")

    def test_what_is_asked_for_is_chosen(self, viewer):
        page = text_of(viewer, channel="c9", character="ada")

        assert '<option value="c9" selected>c9</option>' in page
        assert '<option value="ada" selected>Ada</option>' in page


class TestPages:
    def test_older_ones_are_a_link_away(self, viewer):
        make_live("ada")
        for _ in range(ROWS + 2):
            make_decision("ada")
        first = viewer.get(FEED, {"reason": "content"})

        older = viewer.get(f"{FEED}?{first.context['older']}")

        assert len(first.context["rows"]) == ROWS
        assert len(older.context["rows"]) == 2
        assert not older.context["older"]
        assert f'data-src="{PART}' in first.content.decode()
        assert f'data-src="{PART}' not in older.content.decode()

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
    def test_nonsense_is_the_first_page(self, viewer, before):
        make_decision()

        assert len(shown(viewer, before=before)) == 1

    def test_queries_do_not_grow(self, viewer):
        for number in range(3):
            make_live(f"one-{number}")
        make_decision("one-0")
        few = queries(viewer, FEED)
        for number in range(30):
            Channel.objects.create(
                channel_id=f"n{number}", name="x", created_at=NOW, updated_at=NOW
            )
            make_decision(
                f"one-{number % 3}",
                channel_id=f"n{number}",
                draws=among("one-0", "one-1"),
            )

        assert queries(viewer, FEED) == few
        assert queries(viewer, PART) <= few

    def test_empty_it_says_how_to_begin(self, viewer):
        page = text_of(viewer)

        assert "Waiting for messages" in page
        assert "http://testserver/api/v1/route" in page


class TestPart:
    def test_counts_what_is_newer(self, viewer):
        before = make_decision()
        for _ in range(3):
            make_decision()

        part = viewer.get(PART, {"above": before.pk})

        assert 'data-newer="3"' in part.content.decode()
        assert part["Cache-Control"] == "no-store"
        assert part["X-Live-Seq"] == "0"  # Numbers come with the commit.

    def test_counts_what_the_filters_leave(self, viewer):
        before = make_decision(channel_id="c1")
        make_decision(channel_id="c2")

        part = viewer.get(PART, {"above": before.pk, "channel": "c1"})

        assert 'data-newer="0"' in part.content.decode()

    def test_stops_counting(self, viewer, monkeypatch):
        monkeypatch.setattr("routing.services.reading.MOST_COUNTED", 2)
        monkeypatch.setattr("routing.views.feed.MOST_COUNTED", 2)
        for _ in range(3):
            make_decision()

        part = viewer.get(PART, {"above": 0})

        assert 'data-newer="1+"' in part.content.decode()
        assert MOST_COUNTED == 1_000

    def test_nonsense_counts_nothing(self, viewer):
        make_decision()

        assert "data-newer" not in viewer.get(PART, {"above": "x"}).content.decode()


def test_home_shows_the_last_ones(viewer):
    make_live("ada")
    make_decision("ada")
    make_decision()

    page = viewer.get(reverse("routing:home-strip")).content.decode()

    assert "The last 2 messages; 50 % for nobody." in page


def test_home_says_nothing_before_the_first(viewer):
    page = viewer.get(reverse("routing:home-strip")).content.decode()

    assert "Who answers" not in page
