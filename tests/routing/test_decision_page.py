"""One decision explained: steps, checks, the record, what became of it, replay."""

import pytest
from django.urls import reverse

from core.roles import Role
from routing.models import Decision
from tests.clients import client_as
from tests.evolution.growing import make_live
from tests.factories import NOW
from tests.personas.counting import queries
from tests.routing.decisions_data import (
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


def stages(page, name):
    return [(stage.name, stage.state, stage.text) for stage in page.context[name]]


class TestSteps:
    def test_passed_decided_and_what_would_have_been(self, viewer, cast):
        page = page_of(viewer, by_topic())

        assert stages(page, "steps") == [
            ("mention", "passed", "Nobody who could answer here is named."),
            ("sticky", "passed", "Nobody answered here within 5 minutes."),
            ("activity", "passed", "The bot told no activity."),
            ("content", "decided", "Ada was drawn from 2 that fitted about as well."),
            ("fallback", "skipped", "It would have been Cyd."),
        ]

    @pytest.mark.parametrize(
        ("reason", "text"),
        [
            ("mention", "Ada is named."),
            ("sticky", "Ada answered here 41 seconds ago."),
            ("activity", "Ada fits best what the user is doing."),
            ("content", "Ada has the best score."),
            ("fallback", "Ada answers when nobody else fits."),
        ],
    )
    def test_the_one_that_decided(self, viewer, cast, reason, text):
        decision = make_decision("ada", reason=reason, state={"sticky": ["ada", 41.2]})

        found = stages(page_of(viewer, decision), "steps")

        assert (reason, "decided", text) in found

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            (
                {"asked": {"ignore_sticky": True}},
                "The bot asked not to go on with whoever answered last.",
            ),
            (
                {"state": {"sticky": ["bob", 301]}},
                "Bob answered 5 minutes ago, which is too long ago.",
            ),
            (
                {"state": {"sticky": ["bob", 1]}},
                "Bob answered last, but could not answer this message.",
            ),
            (
                {
                    "state": {"sticky": ["bob", 1]},
                    "candidates": [
                        candidate("bob", -100, signal("avoidance", "tea", -100, 24))
                    ],
                },
                "Bob answered last, but avoids “tea”.",
            ),
        ],
    )
    def test_why_nobody_goes_on(self, viewer, cast, fields, text):
        found = stages(page_of(viewer, make_decision("ada", **fields)), "steps")

        assert ("sticky", "passed", text) in found

    @pytest.mark.parametrize(
        ("fields", "step"),
        [
            (
                {"asked": {"mentions": ["bob"]}},
                ("mention", "passed", "Nobody who is mentioned could answer here."),
            ),
            (
                {"asked": {"activity": {"name": "Chess", "category": "games"}}},
                ("activity", "passed", "“Chess” is nobody's activity here."),
            ),
            (
                {},
                (
                    "content",
                    "passed",
                    "The message has nothing to do with anybody.",
                ),
            ),
            (
                {"candidates": [candidate("bob", 0, signal("channel", "c1", 20))]},
                ("content", "passed", "Nobody's score is above zero."),
            ),
            (
                {},
                (
                    "fallback",
                    "passed",
                    "Nobody is set to answer when nobody fits.",
                ),
            ),
            (
                {"terms": {"default_character_id": "bob"}},
                (
                    "fallback",
                    "passed",
                    "Bob is set for that, but could not answer here.",
                ),
            ),
            (
                {"terms": {"steps": ["mention", "sticky", "content", "fallback"]}},
                ("activity", "off", "Switched off then."),
            ),
        ],
    )
    def test_why_it_is_nobody(self, viewer, cast, fields, step):
        assert step in stages(page_of(viewer, make_decision(**fields)), "steps")

    def test_switched_off_nothing_was_looked_at(self, viewer):
        page = page_of(viewer, make_decision(reason="disabled"))

        assert page.context["steps"] == []
        assert page.context["checks"] == []


class TestChecks:
    ORDER = (
        "quiet",
        "chain",
        "budget",
        "probability",
        "mention",
        "channel_mode",
        "policy",
        "chance",
    )

    @pytest.mark.parametrize("why", ORDER)
    def test_each_can_end_it(self, viewer, cast, why):
        decision = make_decision(
            "ada", respond=why == "mention", respond_reason=why, author=cast[1]
        )

        found = page_of(viewer, decision).context["checks"]

        at = self.ORDER.index(why)
        states = ["passed"] * at + ["decided"] + ["skipped"] * (7 - at)
        assert [check.name for check in found] == list(self.ORDER)
        assert [check.state for check in found] == states
        verdict = "It responds." if why == "mention" else "It stays silent."
        assert found[at].text.endswith(verdict)

    def test_numbers_are_told(self, viewer, cast):
        decision = make_decision(
            "ada",
            author=cast[1],
            state={
                "chain": 2,
                "channel_answers": 5,
                "pair": {"answers": 3, "probability": 0.4, "affinity": 2.5},
            },
            draws=[
                {"of": "probability", "drawn": 0.25, "against": 0.4},
                {"of": "chance", "drawn": 0.1, "against": 0.5},
            ],
        )

        page = page_of(viewer, decision)

        texts = [check.text for check in page.context["checks"]]
        assert texts[1] == "2 since a user spoke; at most 4."
        assert "5 of 12 in this channel, 3 of 6 between the two" in texts[2]
        assert texts[3] == "Chance 40 %; 0.25 was drawn."
        assert texts[7] == "Chance 50 %; 0.1 was drawn. It responds."
        assert "Its feeling for the author" in page.content.decode()

    def test_nobody_is_not_asked_whether_to_respond(self, viewer):
        assert page_of(viewer, make_decision()).context["checks"] == []


class TestRest:
    def test_earlier_and_later_of_this_channel(self, viewer):
        first = make_decision()
        make_decision(channel_id="other")
        second = make_decision()

        page = page_of(viewer, second)

        assert page.context["earlier"] == first
        assert page.context["later"] is None
        assert page_of(viewer, first).context["later"] == second

    def test_exact_version_seed_and_lore(self, viewer, cast):
        entry = {"entry_id": "1", "title": "The kettle", "position": "top", "tokens": 9}
        decision = make_decision(
            "ada",
            composed={
                "context": "",
                "content_hash": "x",
                "tokens": 321,
                "lore": [entry],
            },
        )

        page = page_of(viewer, decision).content.decode()

        assert "/characters/ada/versions/1/" in page
        assert "A prompt of 321 tokens" in page
        assert "The kettle" in page
        assert f"<code>{decision.seed}</code>" in page

    def test_what_became_of_it(self, viewer, cast):
        decision = make_decision(
            "ada",
            delivered=True,
            latency_ms=812,
            reply_message_id="r-9",
            reply_excerpt="With milk.",
            outcome_at=NOW,
        )
        url = reverse("routing:decision-outcome", args=[decision.decision_id])

        part = viewer.get(url)

        text = part.content.decode()
        assert "812 ms" in text
        assert "r-9" in text
        assert "With milk." in text
        assert part["X-Live-Seq"] == "0"

    def test_what_nobody_told_yet(self, viewer, cast):
        page = page_of(viewer, make_decision("ada")).content.decode()
        silent = page_of(viewer, make_decision()).content.decode()

        assert "The bot has not told yet." in page
        assert "Nothing: it stays silent." in silent

    def test_settings_then_lead_to_settings_now(self, viewer, cast):
        quiet = {"quiet_id": "1", "character_id": "bob", "other_character_id": "cyd"}
        place = {"allow": ["ada"], "deny": ["bob"], "default_character_id": ""}
        decision = make_decision(
            "ada",
            terms={"quiets": [quiet], "place": place, "default_character_id": "cyd"},
        )

        terms = {f.title: f.value for f in page_of(viewer, decision).context["terms"]}

        assert terms["Goes on for"] == "5 minutes"
        assert terms["If nobody fits"] == "Cyd"
        assert terms["Only these may answer"] == "Ada"
        assert terms["These never answer"] == "Bob"
        assert terms["If nobody fits here"] == "nobody"
        assert terms["Quiet"] == "Bob and Cyd, toward each other"

    def test_there_is_no_such_decision(self, viewer):
        url = reverse("routing:decision", args=["00000000-0000-4000-8000-000000000000"])

        assert viewer.get(url).status_code == 404
        assert viewer.post(f"{url}replay/").status_code == 404
        assert viewer.get(f"{url}outcome/").status_code == 404

    def test_queries_do_not_grow(self, viewer, cast):
        few = by_topic()
        lines = [
            candidate(f"x-{n}", 10, signal("interest", "x", 50)) for n in range(50)
        ]
        many = make_decision("ada", candidates=lines)

        def url(decision):
            return reverse("routing:decision", args=[decision.decision_id])

        assert queries(viewer, url(many)) <= queries(viewer, url(few))


class TestReplay:
    def replay(self, client, decision, **headers):
        url = reverse("routing:decision-replay", args=[decision.decision_id])
        return client.post(url, headers=headers).content.decode()

    def test_the_same_comes_out(self, viewer, cast):
        decision = make_decision("ada", text="Hello Ada", reason="mention")
        row = candidate("ada", 100, signal("mention", "Ada", 100, 6), close=True)
        decision.respond_reason = "mention"
        decision.answer |= {"candidates": [row], "respond_reason": "mention"}
        decision.answer["skipped"] = [
            {"step": step, "would_have_been": who}
            for step, who in (
                ("sticky", None),
                ("activity", None),
                ("content", "ada"),
                ("fallback", None),
            )
        ]
        decision.save()

        part = self.replay(viewer, decision, hx_request="true")

        assert "Same result" in part
        assert "<html" not in part

    def test_another_result_says_what_differs(self, viewer, cast):
        decision = make_decision("ada", text="Hello Bob", reason="mention")

        part = self.replay(viewer, decision, hx_request="true")

        assert "Another result: Bob" in part
        assert "who answers" in part

    def test_nobody_may_come_out(self, viewer, cast):
        decision = make_decision("ada", text="Hm", reason="mention")

        page = self.replay(viewer, decision)

        assert "Another result: Nobody" in page
        assert "<html" in page

    @pytest.mark.parametrize("kept", [Decision.Kept.EXCERPT, Decision.Kept.NONE])
    def test_without_the_text_it_cannot(self, viewer, cast, kept):
        decision = make_decision("ada", text="", text_kept=kept)

        assert "It cannot be decided again." in self.replay(viewer, decision)
