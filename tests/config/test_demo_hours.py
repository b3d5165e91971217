"""The sample chat over hours: feelings stay where stories can still go on."""

import importlib.util
import json
import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from config.demo_chat import BOT
from personas.domain.sheets import CharacterSheet
from relationships.domain.bands import DEFAULT_BANDS
from relationships.domain.compatibility import compatibility
from relationships.domain.feelings import Event, PairState, Rules, apply
from relationships.domain.kinds import DEFAULT_KINDS
from relationships.domain.states import comparable_topics
from tests.factories import NOW

CAST = Path(settings.BASE_DIR) / "personas" / "sample_cast" / "characters"
KINDS = {kind.kind: kind for kind in DEFAULT_KINDS}
RULES = Rules(
    rates=((None, Decimal("0.1")),),
    escalation=200,
    conflicts_enabled=True,
    cap=None,
    bands=DEFAULT_BANDS,
)
TOPICS = comparable_topics(["magnets", "knees", "fog"])
PACE = 6  # seconds, as the bot's own


@pytest.fixture(scope="module")
def bot():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("demo_bot_for_hours", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script(bot):
    return bot.with_hearers(json.loads(bot.SCRIPT.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def sheets():
    """What each of the cast likes and avoids to talk about."""
    found = {}
    for path in CAST.glob("*.json"):
        sheet = json.loads(path.read_text(encoding="utf-8"))["data"]["extensions"]
        found[path.stem] = CharacterSheet.model_validate(
            {"display_name": "X", **sheet["dramatis"]["sheet"]}
        )
    return found


class World:
    """A server of the rules alone, with a clock of its own.

    Every topic of the script heats two up, as if somebody had said so.
    """

    def __init__(self, sheets):
        self._sheets = sheets
        self.now = NOW
        self.pairs = {}
        self.kinds = []

    def seconds(self):
        return (self.now - NOW).total_seconds()

    def get(self, path):
        _, one, other = path.split("/")
        low, high = sorted((one, other))
        state = self.pairs.get((low, high), PairState())
        forth, back = (
            {
                "affinity": state.feeling(is_low=who == low).at(
                    self.now, rates=RULES.rates
                )
                / 1_000,
                "tension": state.tension_now(self.now, rates=RULES.rates) / 1_000,
            }
            for who in (one, other)
        )
        return {**forth, "reverse": back}

    def post(self, path, body):
        for event in body.get("events", [body]):
            self._count(event)
        return {"crossed": [], "results": []}

    def _count(self, event):
        if "other_character_id" not in event:
            return
        who, to = event["character_id"], event["other_character_id"]
        self.kinds.append(event["kind"])
        pair = (min(who, to), max(who, to))
        topics = comparable_topics(event["topics"])
        one, other = (self._sheets[name] for name in pair)
        state = self.pairs.get(pair, PairState(triggers=TOPICS))
        self.pairs[pair], _, _ = apply(
            state,
            Event(
                is_low_speaker=who == pair[0],
                kind=KINDS[event["kind"]],
                intensity=round(event["intensity"] * 1_000),
                topics=topics,
                compatibility=compatibility(
                    interests_a=one.topic_interests,
                    avoidances_a=one.topic_avoidances,
                    interests_b=other.topic_interests,
                    avoidances_b=other.topic_avoidances,
                ),
            ),
            rules=RULES,
            now=self.now,
        )


@pytest.mark.parametrize("seed", range(3))
def test_after_two_hours_nobody_is_at_the_end(bot, script, sheets, seed, monkeypatch):
    monkeypatch.setattr(random, "choice", random.Random(seed).choice)
    cast = set(sheets)
    world = World(sheets)
    bot.tell_of_last_week(world, script, cast)
    tact = bot.Tact(world, script, clock=world.seconds)
    wanted = {frozenset((f["of"], f["for"])): f["wanted"] for f in script["feelings"]}
    gentle = []

    for number, said in enumerate(bot.lines(world, script, cast)):
        is_lively = number < bot.LIVELY_LINES
        world.now += timedelta(seconds=bot.LIVELY_SECONDS if is_lively else PACE)
        if "channel" in said:  # A visitor asks; whoever answers feels no other for it.
            continue
        line = tact.measured(said, is_lively=is_lively)
        world.post("interactions", bot.report_of(line, event_id=str(number)))
        if not is_lively:
            gentle.append(line["kind"])
        if world.now - NOW > timedelta(hours=2):
            break

    for pair in world.pairs:
        felt = world.get(f"relationships/{pair[0]}/{pair[1]}")
        assert felt["tension"] <= 0.6
        for side in (felt, felt["reverse"]):
            assert abs(side["affinity"]) <= 8.5
            assert side["affinity"] * wanted[frozenset(pair)] > 0
    sour = sum(KINDS[kind].base < 0 for kind in gentle)
    assert sour <= len(world.pairs) * 6
    assert set(gentle) - {k.kind for k in DEFAULT_KINDS if k.base < 0} <= (
        bot.GENTLE_KINDS
    )


def test_quarrels_of_two_are_far_apart(bot, script, sheets):
    world = World(sheets)
    now = [0.0]
    tact = bot.Tact(world, script, clock=lambda: now[0])
    line = {
        "who": "page",
        "to": "bosun_klyosh",
        "kind": "disagreement",
        "text": "Hush.",
    }

    kinds = []
    for at in (0, bot.SOUR_SECONDS - 1, bot.SOUR_SECONDS):
        now[0] = at
        kinds.append(tact.measured(line, is_lively=False)["kind"])

    assert kinds == ["disagreement", "message", "disagreement"]


@pytest.mark.parametrize(
    ("kind", "told"), [("compliment", "message"), ("question", "question")]
)
def test_gentle_chat_has_small_talk_alone(bot, script, sheets, kind, told):
    tact = bot.Tact(World(sheets), script)
    line = {"who": "pip", "to": "pippa", "kind": kind, "text": "Oh!"}

    assert tact.measured(line, is_lively=False)["kind"] == told


def test_what_leads_away_from_what_is_wanted_is_mere_talk(bot, script, sheets):
    tact = bot.Tact(World(sheets), script)
    line = {"who": "pip", "to": "pippa", "kind": "insult", "text": "Kettle!"}

    assert tact.measured(line, is_lively=True)["kind"] == "message"
    assert {kind.kind: kind.base for kind in DEFAULT_KINDS} == bot.POINTS
