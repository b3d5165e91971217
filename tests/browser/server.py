"""A real server process of the demo, on a free port."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Less than a test may take, so that what the server said is told, not only where
# the test was; a machine with much else to do needs ten times the usual.
READY_SECONDS = 100
_LINE = re.compile(r"^(url|user|password|bot key): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """A running server and how to get in."""

    url: str
    user: str
    password: str
    key: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """Run a management command on the same database."""
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

    def get(self, path: str, **headers: str) -> str:
        """What a bot gets."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            headers={"Authorization": f"Bearer {self.key}", **headers},
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read().decode()


class Server:
    """``manage.py demo`` in a process of its own, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "server.log"
        self.environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "HOST": "127.0.0.1",
            "PORT": "0",
        }
        self.site: Site | None = None
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Site:
        """Start and wait until it answers; the port stays over restarts."""
        started = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--no-chat"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            lines = self._wait(started)
        except BaseException:
            # Nobody else knows of it; it would stay when the tests are over.
            self.kill()
            raise
        if self.site is None:
            self.site = Site(
                url=lines["url"],
                user=lines["user"],
                password=lines["password"],
                key=lines["bot key"],
                environment=self.environment,
            )
            self.environment["PORT"] = lines["url"].rpartition(":")[2]
        return self.site

    def _wait(self, started: int) -> dict[str, str]:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            text = self.log.read_text()[started:]
            found = dict(
                re.findall(r"^(url|user|password|bot key): (.+)$", text, re.MULTILINE)
            )
            if "url" in found and (self.site is not None or "bot key" in found):
                return found
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"The server did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(20)
