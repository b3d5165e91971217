"""The sample bot that ``make demo`` starts beside the server."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from django.conf import settings
from django.db import transaction

from core import keys
from core.models import BotKey
from core.roles import Scope
from core.services.keys import rotate_key

BOT: Final = Path(settings.BASE_DIR) / "examples" / "demo_bot.py"
NAME: Final = "Demo chat"
_SCOPES: Final = (
    Scope.PROMPT_READ,
    Scope.ROUTE_DECIDE,
    Scope.INTERACTION_WRITE,
    Scope.RELATIONSHIP_READ,
)
_GOOD_FOR: Final = timedelta(days=30)
_END_SECONDS: Final = 5


class DemoChat:
    """The bot in a process of its own, speaking REST only; it ends with the block."""

    def __init__(self, *, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it was started."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        # What the characters say is for those who run it by hand; what goes wrong is
        # for everybody. The key is not to be seen in a list of processes.
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, str(BOT), self._url],
            env={"DRAMATIS_KEY": self._key, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Ctrl-C in the terminal is for the server, which ends the bot in turn.
            start_new_session=True,
        )


@transaction.atomic
def fresh_key(*, now: datetime) -> str:
    """The chat's key: last time's exchanged for a new one, so it is the same bot."""
    old = BotKey.objects.usable(now=now).filter(name=NAME).order_by("pk").last()
    if old is None:
        _, text = keys.create_key(
            name=NAME,
            scopes=list(_SCOPES),
            actor=None,
            expires_at=now + _GOOD_FOR,
            now=now,
        )
        return text
    # Its text is kept nowhere, so it cannot be used again.
    _, text = rotate_key(
        key=old, overlap=timedelta(), expires_at=now + _GOOD_FOR, actor=None, now=now
    )
    return text
