"""``manage.py demo``: a sample cast, an admin, a bot key, and the server."""

import contextlib
import secrets
import signal
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from config.demo_chat import DemoChat, fresh_key
from config.migrating import migrate
from config.server import bound_socket, nobody_serving, serve
from core import audit, keys
from core.models import AuditEntry, User
from core.roles import BOT_SCOPES, Role
from core.services import people
from personas.models import Character

SAMPLE_CAST = Path(settings.BASE_DIR) / "personas" / "sample_cast"
ADMIN = "admin"
MADE = "demo.made"
_TALKING = (
    "chat: a sample bot makes the characters talk; without it: make demo CHAT=off"
)


class Command(BaseCommand):
    help = "Serve with a sample cast; makes an admin and a bot key the first time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-credentials", action="store_true", help="a new password and key"
        )
        parser.add_argument(
            "--reset", action="store_true", help="throw the demo's data away first"
        )
        parser.add_argument(
            "--no-chat", action="store_true", help="the characters stay silent"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the data, then serve; credentials are printed once it answers."""
        listener = bound_socket(host=settings.HOST, port=settings.PORT)
        if options["reset"]:
            with nobody_serving():
                self._reset()
        address = f"http://{_address(listener.getsockname())}"
        url = settings.PUBLIC_URL or address
        migrate()
        lines = [f"url: {url}"]
        if not User.objects.exists():
            self._load_cast()
            lines += self._credentials(url=url)
        elif options["new_credentials"]:
            lines += self._credentials(url=url)
        else:
            lines.append("The data of last time is here; for a new password and key:")
            lines.append("make demo CREDENTIALS=new")
        if options["no_chat"]:
            serve(listener, on_ready=lambda: self._say(lines))
        else:
            self._serve_talking(listener, lines=[*lines, _TALKING], address=address)

    def _serve_talking(
        self, listener: socket.socket, *, lines: list[str], address: str
    ) -> None:
        """Serve with the chat beside it, which ends when the server does."""
        chat = DemoChat(url=_reachable(address), key=fresh_key(now=timezone.now()))

        def go() -> None:
            chat.start()
            self._say(lines)

        # The server passes on by what it was ended; that must not skip the chat's end.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with chat, contextlib.suppress(KeyboardInterrupt):
            serve(listener, on_ready=go)

    def _say(self, lines: list[str]) -> None:
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def _load_cast(self) -> None:
        call_command(
            "import_prompts",
            str(SAMPLE_CAST),
            publish=True,
            verbosity=0,
            stdout=_Quiet(),
        )
        audit.record(
            actor=None,
            action=MADE,
            obj=("site", "demo", "Demo"),
            before=None,
            after=None,
            now=timezone.now(),
        )

    def _credentials(self, *, url: str) -> list[str]:
        """A new password for the admin and a new key; as lines to print."""
        now = timezone.now()
        password = secrets.token_urlsafe(12)
        admin = User.objects.filter(username=ADMIN).first()
        if admin is None:
            admin = people.create_person(
                username=ADMIN, password=password, role=Role.ADMIN, actor=None, now=now
            )
        else:
            admin.set_password(password)
            admin.save(update_fields=["password"])
        _, key = keys.create_key(
            name=f"Demo bot {now:%Y-%m-%d %H:%M}",
            scopes=list(BOT_SCOPES),
            actor=admin,
            now=now,
        )
        some = Character.objects.active().order_by("character_id").first()
        path = f"personas/{some.character_id}/prompt" if some else "personas"
        return [
            f"user: {ADMIN}",
            f"password: {password}",
            f"bot key: {key}",
            f"curl -H 'Authorization: Bearer {key}' {url}/api/v1/{path}",
        ]

    def _reset(self) -> None:
        """Drop everything, but only in a database that the demo made."""
        tables = connection.introspection.table_names()
        if tables and not (
            "core_auditentry" in tables
            and AuditEntry.objects.filter(action=MADE).exists()
        ):
            raise CommandError(
                "This database was not made by the demo; it is left as it is."
            )
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            return
        path = Path(connection.settings_dict["NAME"])
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


class _Quiet:
    """Swallows a command's report."""

    def write(self, text: str) -> int:
        return len(text)


def _address(name: tuple[Any, ...]) -> str:
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reachable(url: str) -> str:
    """Where this machine reaches what listens everywhere."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
