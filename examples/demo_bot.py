"""A small bot: it plays a scripted chat and reports what happens in it.

It knows nothing of the server but its REST interface (``/api/v1/docs``), and needs
nothing but Python, so that it can be read as an example:

1. ask who is there (``GET personas``) and what they feel (``GET relationships``),
2. report interactions, many at once (``POST interactions/batch``) or as they happen
   (``POST interactions``), each with an id of its own,
3. ask who should answer what a visitor says (``POST route``), and tell how that went,
   with what happened (``POST decisions/{id}/outcome``),
4. when no answer comes, send the very same again: it is counted once.

    DRAMATIS_KEY=drm_live_… python examples/demo_bot.py http://127.0.0.1:8000

``make demo`` starts it by itself. Ctrl-C ends it.
"""

import argparse
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

SCRIPT = Path(__file__).with_name("demo_chat.json")
LIVELY_LINES = 110  # At first the chat is fast, so that soon there is much to see.
LIVELY_SECONDS = 0.5
LIVELY_INTENSITY = 0.4
TRIES = 8  # Of one request: about half a minute.
# What happens all day long counts for less than what happens now and then.
GENTLE_INTENSITY = 0.3
GENTLE_KINDS = {"message", "question", "answer", "banter"}
LEAST_INTENSITY = 0.05  # What counts for less is mere talk.
# A quarrel heats two up by 0.2, which takes days to fade; so they quarrel seldom.
HOTTEST = 0.5
SOUR_SECONDS = 20 * 60
SOUR_BEFORE = 2
# How a kind moves feelings, in points, as the server has it unless somebody edits it.
POINTS = {
    "agreement": 2.0,
    "answer": 1.0,
    "argument": -2.0,
    "banter": 1.5,
    "collaboration": 2.5,
    "competition": -0.5,
    "compliment": 3.0,
    "disagreement": -1.0,
    "insult": -3.0,
    "message": 0.0,
    "question": 0.5,
}


class Refused(Exception):
    """The server understood, and said no; the text is its own."""


class Dramatis:
    """The server, as a bot sees it."""

    def __init__(self, url: str, key: str) -> None:
        self._base = f"{url.rstrip('/')}/api/v1/"
        self._key = key

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer; what may pass (no answer, too fast, starting) is tried again.

        That is safe for reports too, because their ids stay the same.

        Raises:
            Refused: the request is wrong, or the server stays away.
        """
        request = urllib.request.Request(  # noqa: S310 - the address is the user's own
            urllib.parse.urljoin(self._base, path),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
            },
        )
        problem = ""
        for attempt in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    problem = error.read().decode(errors="replace")
                if error.code < 500 and error.code != 429:
                    raise Refused(f"{method} {path}: {problem}") from None
                wait = float(error.headers.get("Retry-After") or 2**attempt / 4)
            except OSError as error:  # Refused, cut off, or too slow.
                problem, wait = str(error), 2**attempt / 8
            time.sleep(min(wait, 15))
        raise Refused(f"{method} {path}: no answer ({problem}).")


# -- What happened before anybody looked ---------------------------------------------


def tell_of_last_week(server: Dramatis, script: Any, cast: set[str]) -> None:
    """Report in batches what the script says went before."""
    events = [
        {
            "id": f"before-{number}",
            "character_id": told["who"],
            "kind": told["kind"],
            "user_id": told["user"],
            "channel_id": "harbour",
            "count": told["count"],
        }
        for number, told in enumerate(script["before"])
        if told["who"] in cast
    ]
    for number, feeling in enumerate(script["feelings"]):
        if {feeling["of"], feeling["for"]} <= cast:
            events += [
                report_of(line, event_id=f"before-{number}-{at}")
                for at, line in enumerate(before_of(script, feeling))
            ]
    for start in range(0, len(events), 100):
        batch = {"events": events[start : start + 100]}
        for result in server.post("interactions/batch", batch)["results"]:
            if result["status"] == "rejected":
                print(f"{result['id']}: {result['detail']}", file=sys.stderr)


def before_of(script: Any, feeling: Any) -> list[dict[str, Any]]:
    """The lines that led where two are, each with its ``intensity``.

    Of quarrels the first words count, the rest was talk: see ``HOTTEST``.
    """
    lines = []
    sour = 0
    for scene in scenes_of(script, feeling, mood=mood_for(feeling["wanted"])):
        for line in scene["lines"] if feeling["before"] else ():
            sour += is_sour(line)
            is_talk = is_sour(line) and sour > SOUR_BEFORE
            told = mere_talk(line) if is_talk else line
            lines.append({**told, "intensity": feeling["before"]})
    return lines


# -- What happens now ----------------------------------------------------------------


def play(server: Dramatis, script: Any, cast: set[str], *, pace: float) -> NoReturn:
    """Play scenes, one after the other, for ever; each line is reported at once."""
    run = uuid.uuid4().hex[:8]  # Ids of this evening are not those of the last one.
    tact = Tact(server, script)
    for number, said in enumerate(lines(server, script, cast)):
        if "channel" in said:
            ask(server, script, said, message_id=f"chat-{run}-{number}")
            time.sleep(min(LIVELY_SECONDS, pace) if number < LIVELY_LINES else pace)
            continue
        is_lively = number < LIVELY_LINES
        line = tact.measured(said, is_lively=is_lively)
        print(f"{line['who']}: {line['text']}", flush=True)
        body = report_of(line, event_id=f"chat-{run}-{number}")
        counted = server.post("interactions", body)
        for milestone in counted["crossed"]:
            print(f"*** {line['who']} has reached {milestone} interactions!")
        time.sleep(min(LIVELY_SECONDS, pace) if is_lively else pace)
    raise AssertionError("The chat has no end.")


def ask(server: Dramatis, script: Any, question: Any, *, message_id: str) -> None:
    """Have somebody answer a visitor, if anybody should: two calls for a reply."""
    print(f"{question['user']}: {question['text']}", flush=True)
    asked = {
        "channel_id": question["channel"],
        "message": question["text"],
        "message_id": message_id,
        "user_id": question["user"],
    }
    if "activity" in question:
        asked["activity"] = question["activity"]
    decision = server.post("route", asked)
    if not decision["respond"]:
        print(f"({decision['explanation']})")
        return
    who = decision["character_id"]
    # A real bot would have a model speak; see ``compose``.
    began = time.monotonic()
    reply = next((line for line in script["visits"] if line["who"] == who), None)
    outcome: dict[str, Any] = {"delivered": reply is not None}
    if reply is not None:
        print(f"{who}: {reply['text']}", flush=True)
        outcome["latency_ms"] = round(1000 * (time.monotonic() - began))
        outcome["events"] = [
            {
                **report_of({**reply, "user": question["user"]}, event_id=message_id),
                "channel_id": question["channel"],
            }
        ]
    server.post(f"decisions/{decision['decision_id']}/outcome", outcome)


class Tact:
    """Sees to it that no line leads two further than they should come.

    A chat that goes on for hours would else end with everybody at the far ends.
    """

    def __init__(
        self,
        server: Dramatis,
        script: Any,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._wanted = {
            frozenset((each["of"], each["for"])): each["wanted"]
            for each in script["feelings"]
        }
        self._clock = clock
        self._sour_at: dict[frozenset[str], float] = {}

    def measured(self, line: Any, *, is_lively: bool) -> dict[str, Any]:
        """The line with its ``intensity``; mere talk, if it would lead too far."""
        most = LIVELY_INTENSITY if is_lively else GENTLE_INTENSITY
        if "to" not in line:
            return {**line, "intensity": most}
        two = frozenset((line["who"], line["to"]))
        felt = self._server.get(f"relationships/{line['who']}/{line['to']}")
        if is_sour(line):
            is_fit = felt["tension"] <= HOTTEST and (is_lively or self._may_sour(two))
        else:
            is_fit = is_lively or line["kind"] in GENTLE_KINDS
        # Towards what is wanted on both sides, and no further than the nearer one.
        sign = -1 if POINTS[line["kind"]] < 0 else 1
        missing = min(
            sign * (self._wanted[two] - side["affinity"])
            for side in (felt, felt["reverse"])
        )
        points = abs(POINTS[line["kind"]]) * (1 + felt["tension"] * is_sour(line))
        intensity = min(most, missing / points) if points else 0
        if not is_fit or intensity < LEAST_INTENSITY:
            return {**mere_talk(line), "intensity": most}
        if is_sour(line):
            self._sour_at[two] = self._clock()
        return {**line, "intensity": round(intensity, 2)}

    def _may_sour(self, two: frozenset[str]) -> bool:
        at = self._sour_at.get(two)
        return at is None or self._clock() - at >= SOUR_SECONDS


def is_sour(line: Any) -> bool:
    """Whether it may heat two up: by its kind, or by a topic they quarrel about."""
    return POINTS[line["kind"]] < 0 or bool(line.get("topics"))


def mere_talk(line: Any) -> dict[str, Any]:
    """The line as one that moves no feeling."""
    return {**line, "kind": "message", "topics": []}


def lines(server: Dramatis, script: Any, cast: set[str]) -> Iterator[dict[str, Any]]:
    """Scene by scene; in between a visitor says something, often two things."""
    feelings = [f for f in script["feelings"] if {f["of"], f["for"]} <= cast]
    questions = script["questions"]
    while True:
        feeling = random.choice(feelings)  # noqa: S311
        scene = random.choice(next_scenes(server, script, feeling))  # noqa: S311
        yield from scene["lines"]
        start = random.randrange(len(questions))  # noqa: S311
        yield from questions[start : start + 2]


def next_scenes(server: Dramatis, script: Any, feeling: Any) -> list[Any]:
    """Scenes that lead towards what the two should feel for each other.

    Without it, an evening of compliments would make everybody everybody's friend.
    """
    felt = server.get(f"relationships/{feeling['of']}/{feeling['for']}")
    missing = feeling["wanted"] - felt["affinity"]
    return scenes_of(script, feeling, mood=mood_for(missing))


def mood_for(missing: float) -> str:
    return "sweet" if missing > 0 else "sour"


def scenes_of(script: Any, feeling: Any, *, mood: str) -> list[Any]:
    """The scenes of two characters in one mood; there is at least one of each."""
    two = {feeling["of"], feeling["for"]}
    return [s for s in script["scenes"] if set(s["with"]) == two and s["mood"] == mood]


def report_of(line: Any, *, event_id: str) -> dict[str, Any]:
    """What the server is told of one line: what kind of thing it was, not the words."""
    report = {
        "id": event_id,
        "character_id": line["who"],
        "kind": line["kind"],
        "channel_id": "harbour",
        "intensity": line.get("intensity", 1),
        "topics": line.get("topics", []),
    }
    if "to" in line:
        report["other_character_id"] = line["to"]
    else:
        report["user_id"] = line["user"]
    return report


# -- Starting and ending -------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="Plays a scripted chat.")
    parser.add_argument("url", help="where the server is, http://127.0.0.1:8000")
    parser.add_argument(
        "--pace", type=float, default=6.0, help="seconds between lines, after a minute"
    )
    given = parser.parse_args()
    key = os.environ.get("DRAMATIS_KEY", "")
    if not key:
        sys.exit("Set DRAMATIS_KEY to a bot key, as the page “Bot keys” makes them.")
    script = with_hearers(json.loads(SCRIPT.read_text(encoding="utf-8")))
    server = Dramatis(given.url, key)
    cast = {
        each["character_id"] for each in server.get("personas?limit=200")["results"]
    }
    if not any({f["of"], f["for"]} <= cast for f in script["feelings"]):
        sys.exit("Nobody of the sample cast is live here, so there is no chat to play.")
    server.post("channels/sync", script["channels"])
    if not server.get("relationships")["pairs"]:
        tell_of_last_week(server, script, cast)
    play(server, script, cast, pace=given.pace)


def with_hearers(script: Any) -> Any:
    """The script, with each line of a scene said to the other one of the two."""
    for scene in script["scenes"]:
        first, second = scene["with"]
        for line in scene["lines"]:
            line["to"] = second if line["who"] == first else first
    return script


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
    except Refused as error:
        sys.exit(f"The chat ends: {error}")
