"""The sample bot of the demo: what it tells, and that it ends with the server."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from email.message import Message
from io import BytesIO
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.demo_chat import BOT, NAME, fresh_key
from core.models import BotKey
from personas.domain.sheets import CharacterSheet
from relationships.domain.kinds import DEFAULT_KINDS
from routing.domain.events import Reported
from tests.factories import NOW, make_character

ROOT = Path(settings.BASE_DIR)
CAST = ROOT / "personas" / "sample_cast" / "characters"


@pytest.fixture(scope="module")
def bot():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("demo_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(bot):
    return bot.with_hearers(json.loads(bot.SCRIPT.read_text(encoding="utf-8")))


class Server:
    """In place of the network: it remembers what it was told."""

    def __init__(self, affinity=0.0):
        self.affinity = affinity
        self.told = []

    def get(self, path):
        return {"affinity": self.affinity}

    def post(self, path, body):
        self.told.append((path, body))
        events = body.get("events", [])
        return {"crossed": [], "results": [{"status": "accepted"} for _ in events]}


def stages_of(path):
    sheet = json.loads(path.read_text(encoding="utf-8"))["data"]["extensions"]
    return CharacterSheet.model_validate(
        {"display_name": "X", **sheet["dramatis"]["sheet"]}
    ).evolution_stages


class TestScript:
    def test_everybody_in_it_is_of_the_sample_cast(self, script):
        cast = {path.stem for path in CAST.glob("*.json")}

        named = {line["who"] for line in (*script["before"], *script["visits"])}
        for scene in script["scenes"]:
            named |= {*scene["with"], *(line["who"] for line in scene["lines"])}

        assert named == cast

    def test_every_two_have_a_scene_of_either_mood(self, bot, script):
        for feeling in script["feelings"]:
            for mood in ("sweet", "sour"):
                assert bot.scenes_of(script, feeling, mood=mood)

    def test_lines_of_a_scene_are_said_by_its_two(self, script):
        for scene in script["scenes"]:
            for line in scene["lines"]:
                assert {line["who"], line["to"]} == set(scene["with"])

    def test_every_line_can_be_reported(self, bot, script):
        kinds = {kind.kind for kind in DEFAULT_KINDS}
        lines = [line for scene in script["scenes"] for line in scene["lines"]]

        for line in [*lines, *script["visits"]]:
            event = Reported.model_validate(bot.report_of(line, event_id="e"))
            assert event.kind in kinds
            assert line["text"].strip()

    def test_sweet_scenes_warm_and_sour_ones_cool(self, script):
        base = {kind.kind: kind.base for kind in DEFAULT_KINDS}

        for scene in script["scenes"]:
            total = sum(base[line["kind"]] for line in scene["lines"])
            assert total > 0 if scene["mood"] == "sweet" else total < 0

    def test_some_stage_is_near_for_everybody(self, script):
        """Whoever looks for a minute sees stages being reached."""
        counts = {}
        for told in script["before"]:
            counts[told["who"]] = counts.get(told["who"], 0) + told["count"]

        near = [
            path.stem
            for path in CAST.glob("*.json")
            for stage in stages_of(path)
            if 0 < stage.milestone - counts[path.stem] <= 15
        ]

        assert len(near) >= 5
        assert all(stages_of(path) for path in CAST.glob("*.json"))


class TestBot:
    def test_what_went_before_is_told_in_batches(self, bot, script):
        server = Server()

        bot.tell_of_last_week(server, script, {p.stem for p in CAST.glob("*.json")})

        assert {path for path, _ in server.told} == {"interactions/batch"}
        events = [event for _, body in server.told for event in body["events"]]
        assert len({event["id"] for event in events}) == len(events) > 50
        for event in events:
            Reported.model_validate(event)

    def test_those_who_are_not_live_are_left_out(self, bot, script):
        server = Server()

        bot.tell_of_last_week(server, script, {"pip", "pippa"})
        played = list(islice(bot.lines(server, script, {"pip", "pippa"}), 60))

        events = [event for _, body in server.told for event in body["events"]]
        said = [line for line in played if "channel" not in line]
        assert {line["who"] for line in said} == {"pip", "pippa"}
        assert {event["character_id"] for event in events} == {"pip", "pippa"}

    @pytest.mark.parametrize(("affinity", "mood"), [(-10, "sweet"), (10, "sour")])
    def test_scenes_lead_to_what_two_should_feel(self, bot, script, affinity, mood):
        server = Server(affinity)

        for feeling in script["feelings"]:
            scenes = bot.next_scenes(server, script, feeling)
            assert {scene["mood"] for scene in scenes} == {mood}

    def test_who_answers_a_visitor_is_asked_and_told_again(self, bot, script):
        told = []
        answers = {
            "route": {"decision_id": "d1", "character_id": "pip", "respond": True},
            "decisions/d1/outcome": {},
        }
        server = SimpleNamespace(
            post=lambda path, body: told.append((path, body)) or answers[path]
        )
        question = script["questions"][0]

        bot.ask(server, script, question, message_id="m1")

        (_, asked), (path, outcome) = told
        assert asked["message"] == question["text"]
        assert path == "decisions/d1/outcome"
        assert outcome["delivered"] is True
        (event,) = outcome["events"]
        assert Reported.model_validate(event).character_id == "pip"
        assert event["channel_id"] == question["channel"]

    def test_silence_is_respected(self, bot, script, capsys):
        told = []
        silent = {"respond": False, "explanation": "Nobody fits."}
        server = SimpleNamespace(post=lambda path, body: told.append(path) or silent)

        bot.ask(server, script, script["questions"][0], message_id="m1")

        assert told == ["route"]
        assert "(Nobody fits.)" in capsys.readouterr().out


class TestAsking:
    def test_what_may_pass_is_tried_again(self, bot, monkeypatch):
        answers = [503, 429, ConnectionResetError("gone"), 200]
        waited = _answering(bot, monkeypatch, answers)

        assert bot.Dramatis("http://x", "k").get("personas") == {"ok": True}
        assert len(waited) == 3

    def test_what_is_wrong_is_told_at_once(self, bot, monkeypatch):
        waited = _answering(bot, monkeypatch, [401])

        with pytest.raises(bot.Refused, match="personas"):
            bot.Dramatis("http://x", "k").get("personas")
        assert waited == []

    def test_server_that_stays_away_ends_it(self, bot, monkeypatch):
        _answering(bot, monkeypatch, [ConnectionRefusedError("away")] * bot.TRIES)

        with pytest.raises(bot.Refused, match="no answer"):
            bot.Dramatis("http://x", "k").get("personas")


def _answering(bot, monkeypatch, answers):
    """The network answers so, in turn; the list of waits in between."""
    turns, waited = iter(answers), []

    def urlopen(request, timeout):
        answer = next(turns)
        if isinstance(answer, Exception):
            raise answer
        if answer == 200:
            return BytesIO(b'{"ok": true}')
        raise HTTPError(request.full_url, answer, "no", Message(), BytesIO(b"{}"))

    monkeypatch.setattr(bot.urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(bot.time, "sleep", waited.append)
    return waited


@pytest.mark.django_db
class TestKey:
    def test_key_of_last_time_is_exchanged_so_that_it_is_the_same_bot(self):
        first = fresh_key(now=NOW)
        second = fresh_key(now=NOW + timedelta(hours=1))

        one, two = BotKey.objects.filter(name=NAME).order_by("pk")
        assert first != second
        assert two.first == one
        later = NOW + timedelta(hours=2)
        assert list(BotKey.objects.usable(now=later).filter(name=NAME)) == [two]

    def test_key_lets_the_bot_do_its_work(self):
        make_character("ada")
        key = fresh_key(now=timezone.now())
        client = Client(headers={"authorization": f"Bearer {key}"})

        assert client.get("/api/v1/personas?limit=200").json()["results"] == []
        assert client.get("/api/v1/relationships").json()["pairs"] == []
        refused = client.post("/api/v1/interactions", {}, "application/json")
        assert refused.status_code == 422


@pytest.mark.own_database
def test_demo_talks_and_its_bot_ends_with_it(tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'demo.sqlite3'}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "memory://localhost//",
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("chat: "):
                break
        text = "".join(lines)
        url = re.search(r"^url: (\S+)$", text, re.MULTILINE)[1]
        key = re.search(r"^bot key: (\S+)$", text, re.MULTILINE)[1]
        _wait_for_bands(url, key, wanted={"close", "friend", "rival"})
        process.send_signal(signal.SIGTERM)
        lines += process.stdout.readlines()  # Ends when the bot has ended too.
        assert process.wait(60) == 0, "".join(lines)

    assert "Traceback" not in "".join(lines)
    assert "The chat ends" not in "".join(lines)


def _wait_for_bands(url, key, *, wanted):
    """Ask until somebody feels each of ``wanted``; the test's timeout is the end."""
    request = Request(
        f"{url}/api/v1/relationships", headers={"Authorization": f"Bearer {key}"}
    )
    while True:
        with urlopen(request, timeout=10) as answer:
            found = {pair["band"] for pair in json.load(answer)["pairs"]}
        if wanted <= found:
            return
        time.sleep(0.2)
