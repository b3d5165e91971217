"""The server process: taken ports, the demo's promises, tasks on time."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management.base import CommandError

from config import server
from config.server import bound_socket
from personas import tasks
from personas.models import Label
from personas.services import labels, publishing
from tests.factories import make_character

ROOT = Path(settings.BASE_DIR)


def test_taken_port_says_what_to_do():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(CommandError, match="PORT=8001"):
            bound_socket(host="127.0.0.1", port=port)


def test_impossible_port_says_what_to_do():
    with pytest.raises(CommandError, match="cannot be used"):
        bound_socket(host="127.0.0.1", port=99999)


class Demo:
    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}",
            "REDIS_URL": "",
            "CELERY_BROKER_URL": "memory://localhost//",
            "HOST": "127.0.0.1",
            "PORT": "0",
        }

    def run(self, *arguments: str, until: str) -> str:
        """Start, read lines until one matches, end it with Ctrl-C."""
        with subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if re.search(until, line):
                    break
            process.send_signal(signal.SIGINT)
            lines += process.stdout.readlines()
            assert process.wait(60) == 0, "".join(lines)
        return "".join(lines)

    def manage(self, *arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return result.stdout


@pytest.mark.own_database
def test_demo_prints_credentials_once_keeps_its_data_and_ends_on_ctrl_c(tmp_path):
    demo = Demo(tmp_path)

    first = demo.run(until="^curl ")
    start = time.monotonic()
    second = demo.run(until="CREDENTIALS=new")
    seconds = time.monotonic() - start
    third = demo.run("--new-credentials", until="^curl ")

    assert "Traceback" not in first + second + third
    for line in ("url: ", "user: ", "password: ", "bot key: "):
        assert len(re.findall(f"^{line}", first, re.MULTILINE)) == 1
    assert "password" not in second.replace("new password", "")
    assert "bot key: " in third
    assert seconds < 60  # A guard against hanging; the goal is five.


@pytest.mark.own_database
def test_demo_resets_only_what_it_made(tmp_path):
    demo = Demo(tmp_path)
    demo.manage("migrate", "-v0")

    refused = subprocess.run(
        [sys.executable, "manage.py", "demo", "--reset"],
        cwd=ROOT,
        env=demo.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert refused.returncode == 1
    assert "not made by the demo" in refused.stderr


@pytest.mark.django_db
def test_due_moves_are_done_by_the_task(monkeypatch):
    now = datetime.now(UTC)
    make_character("ada")
    publishing.publish(character_ids=["ada"], note="N", author=None, now=now)
    labels.schedule(
        character_id="ada",
        label="staging",
        move_at=now + timedelta(milliseconds=1),
        until=None,
        note="N",
        author=None,
        now=now,
    )

    assert tasks.move_due_labels() == 1
    assert tasks.move_due_labels() == 0
    assert Label.objects.filter(name="staging").count() == 1


@pytest.mark.own_database
def test_reset_leaves_a_running_server_alone(tmp_path):
    with server._lock(fcntl.LOCK_SH):
        with (
            pytest.raises(CommandError, match="Stop it first"),
            server.nobody_serving(),
        ):
            raise AssertionError("inside beside a server")
        # Another server may run beside the first.
        with server._lock(fcntl.LOCK_SH):
            pass


@pytest.mark.own_database
def test_commands_on_an_empty_database_say_to_migrate(tmp_path):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'no.sqlite3'}"}

    result = subprocess.run(
        [sys.executable, "manage.py", "import_prompts", "personas/sample_cast"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert "manage.py migrate" in result.stderr
    assert "Traceback" not in result.stderr
