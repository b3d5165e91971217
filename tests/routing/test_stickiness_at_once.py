"""Two server processes decide for the same channels at once: none sees half of it.

``SOAK=1`` asks ten times as much.
"""

import http.client
import json
import os
import random
import threading
import time

import pytest

from tests.routing.asking import ROUTE
from tests.routing.test_killed import Serving, database_url

__all__ = ["database_url"]

SOAK = os.environ.get("SOAK") == "1"
CLIENTS = 6
EACH = 400 if SOAK else 40
CHANNELS = ("1", "2")
NAMES = ("ada", "bob", "eve")

PREPARE = f"""
from django.core.management import call_command
from personas.services import publishing
from tests.core.api_client import make_key
from tests.factories import NOW, make_character
call_command("migrate", interactive=False, verbosity=0)
for name in {NAMES}:
    make_character(name)
publishing.publish(character_ids=list({NAMES}), note="N", author=None, now=NOW)
for number in range({CLIENTS}):
    print(make_key("route:decide", name=str(number))[1])
"""
FOUND = """
import json
from routing.models import Decision
rows = Decision.objects.order_by("pk").values_list(
    "channel_id", "text", "reason", "respond", "character__character_id"
)
print(json.dumps(list(rows)))
"""


class Asking(threading.Thread):
    """A bot that names somebody or nobody, of one server after the other."""

    def __init__(self, *, key: str, number: int, ports: list[int]) -> None:
        super().__init__(daemon=True)
        self.problem = ""
        self._ports = ports
        self._number = number
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
        }

    def run(self) -> None:
        rng = random.Random(self._number)
        for turn in range(EACH):
            text = f"{rng.choice(NAMES)}!" if rng.random() < 0.4 else "And then?"
            body = {
                "channel_id": rng.choice(CHANNELS),
                "message": text,
                "message_id": f"{self._number}-{turn}",
            }
            self._ask(body, port=rng.choice(self._ports))
            if self.problem:
                return

    def _ask(self, body: dict[str, str], *, port: int) -> None:
        """Until it is answered; a bot does so where the server is too busy."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("POST", ROUTE, json.dumps(body), self._headers)
                response = connection.getresponse()
                said = response.read()
            finally:
                connection.close()
            if response.status == 200:
                return
            if response.status not in {429, 503}:
                self.problem = f"{response.status}: {said!r}"
                return
            time.sleep(0.1)
        self.problem = "No answer in time."


@pytest.mark.timeout(3_600 if SOAK else 400)
def test_two_servers_agree_on_who_is_in_conversation(tmp_path, database_url):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    servers = [Serving(folder, database_url=database_url) for folder in folders]
    keys = servers[0].manage("shell", "-v0", "-c", PREPARE).split()
    try:
        for server in servers:
            server.start()
        bots = [
            Asking(key=key, number=number, ports=[server.port for server in servers])
            for number, key in enumerate(keys)
        ]
        for bot in bots:
            bot.start()
        for bot in bots:
            bot.join(300)
        rows = json.loads(servers[0].manage("shell", "-v0", "-c", FOUND))
    finally:
        for server in servers:
            server.kill()

    assert [bot.problem for bot in bots] == [""] * CLIENTS
    assert len(rows) == CLIENTS * EACH
    last: dict[str, str] = {}
    went_on = 0
    for channel, text, reason, responds, name in rows:
        if text == "And then?":
            expected = (
                ("sticky", last[channel]) if channel in last else ("nobody", None)
            )
            assert (reason, name) == expected
            went_on += reason == "sticky"
        else:
            assert (reason, name) == ("mention", text[:-1])
        if responds:
            last[channel] = name
    assert went_on > EACH
