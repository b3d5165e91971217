"""One decision explained: the scores, the draw, the words of the message."""

import pytest

from core.roles import Role
from routing.models import Decision
from tests.clients import client_as
from tests.evolution.growing import make_live
from tests.routing.decisions_data import (
    TEA,
    by_topic,
    candidate,
    make_decision,
    page_of,
    signal,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def cast(db):
    return [make_live(name) for name in ("ada", "bob", "cyd")]


class TestScores:
    def test_each_kind_has_its_points_and_words(self, viewer, cast):
        line = candidate(
            "ada",
            210,
            signal("mention", "Ada", 100, 0),
            signal("mention", "Addie", 100, 4),
            signal("interest", "tea", 50, 8),
            signal("interest", "cake", 50, 12),
            signal("domain", "history", 30, 17),
            signal("channel", "tavern", 20),
            signal("avoidance", "tax", -100, 25),
            weight=1.24,
        )
        decision = make_decision("ada", reason="mention", candidates=[line])

        [found] = page_of(viewer, decision).context["scores"].lines

        cells = (found.mention, found.interest, found.domain, found.channel)
        assert [cell.points for cell in cells] == ["100", "100", "30", "20"]
        assert found.avoidance.points == "−100"
        assert found.interest.phrases == ("tea", "cake")
        assert (found.subtotal, found.weight, found.total) == ("250", "1.24", "210")
        assert found.is_winner

    def test_the_line_stands_below_the_close_ones(self, viewer, cast):
        page = page_of(viewer, by_topic())

        scores = page.context["scores"]
        assert (scores.floor, scores.first_below) == ("80", 2)
        assert [line.share for line in scores.lines] == ["100 %", "80 %", "50 %"]
        text = page.content.decode()
        row = text.index("Close from 80 points on")
        assert text.index('id="score-bob"') < row < text.index('id="score-cyd"')

    def test_a_best_one_alone_has_a_line_too(self, viewer, cast):
        lines = [candidate("ada", 100, close=True), candidate("bob", 79.999)]
        page = page_of(viewer, make_decision("ada", candidates=lines))

        assert page.context["scores"].first_below == 1

    def test_other_steps_have_no_line(self, viewer, cast):
        lines = [candidate("bob", 100), candidate("ada", 10)]
        decision = make_decision("ada", reason="sticky", candidates=lines)

        assert page_of(viewer, decision).context["scores"].floor == ""

    def test_those_left_out_are_counted(self, viewer, cast):
        decision = make_decision(
            "ada", candidates=[candidate("ada", 1)], answer={"candidates_omitted": 7}
        )

        assert "7 more with lower scores" in page_of(viewer, decision).content.decode()

    def test_whoever_is_no_more_is_named_by_the_id(self, viewer, cast):
        decision = make_decision("ada", candidates=[candidate("gone", 10)])

        assert "gone" in page_of(viewer, decision).content.decode()


class TestDraw:
    def test_shares_and_where_the_number_fell(self, viewer, cast):
        draw = page_of(viewer, by_topic()).context["draw"]

        assert [(s.who.name, s.share, s.x, s.width) for s in draw.shares] == [
            ("Ada", "25 %", "0.000", "25.000"),
            ("Bob", "75 %", "25.000", "75.000"),
        ]
        assert (draw.number, draw.x) == ("0.250000", "25.000")

    def test_without_weights_all_have_the_same(self, viewer, cast):
        among = [["ada", 0.0], ["bob", 0.0]]
        draws = [{"of": "close", "drawn": 0.1, "against": None, "among": among}]
        decision = make_decision("ada", draws=draws)

        draw = page_of(viewer, decision).context["draw"]

        assert [share.share for share in draw.shares] == ["50 %", "50 %"]

    def test_there_may_be_none(self, viewer, cast):
        assert page_of(viewer, make_decision("ada")).context["draw"] is None


class TestMessage:
    def test_matched_words_are_marked_with_whom_they_are_for(self, viewer, cast):
        page = page_of(viewer, by_topic())

        marks = [p for p in page.context["message"].parts if p.of]
        assert [(p.text, p.of) for p in marks] == [("know", "2"), ("tea", "0 1")]
        assert marks[1].title == "Ada: interest “tea”; Bob: knows about “tea”"
        assert "".join(p.text for p in page.context["message"].parts) == TEA
        assert [who.name for _, who in page.context["message"].whose] == [
            "Ada",
            "Bob",
            "Cyd",
        ]

    def test_offsets_count_characters_not_bytes(self, viewer, cast):
        text = "🫖🫖 tea, Ä tea"
        line = candidate("ada", 50, signal("interest", "tea", 50, 3))
        decision = make_decision("ada", text=text, candidates=[line])

        marks = [p for p in page_of(viewer, decision).context["message"].parts if p.of]

        assert [p.text for p in marks] == ["tea"]

    def test_overlapping_words_are_cut_where_they_overlap(self, viewer, cast):
        lines = [
            candidate("ada", 50, signal("interest", "green tea", 50, 0)),
            candidate("bob", -100, signal("avoidance", "tea leaves", -100, 6)),
        ]
        decision = make_decision("ada", text="green tea leaves", candidates=lines)

        parts = page_of(viewer, decision).context["message"].parts

        assert [(p.text, p.of, p.is_avoided) for p in parts] == [
            ("green ", "0", False),
            ("tea", "0 1", False),
            (" leaves", "1", True),
        ]

    def test_of_an_excerpt_only_what_is_there(self, viewer, cast):
        line = candidate("ada", 100, signal("interest", "tea", 50, 400))
        decision = make_decision(
            "ada", text="x" * 200, text_kept=Decision.Kept.EXCERPT, candidates=[line]
        )

        page = page_of(viewer, decision)

        assert not any(part.of for part in page.context["message"].parts)
        assert "Only the beginning is kept" in page.content.decode()

    def test_erased_text_is_said_to_be(self, viewer):
        decision = make_decision(text="", text_kept=Decision.Kept.NONE)

        assert "The text is not kept" in page_of(viewer, decision).content.decode()

    def test_the_text_is_text(self, viewer, cast):
        line = candidate("ada", 50, signal("interest", '"><b>', 50, 0))
        decision = make_decision("ada", text='"><b> {% now %}', candidates=[line])

        page = page_of(viewer, decision).content.decode()

        assert "&quot;&gt;&lt;b&gt;</mark> {% now %}" in page
        assert "<b>" not in page
