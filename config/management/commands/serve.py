"""``manage.py serve``: pages, REST, websockets and background work, one process."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.migrating import migrate
from config.server import bound_socket, serve


class Command(BaseCommand):
    help = "Serve pages, REST, websockets and background work from one process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--no-migrate", action="store_true", help="do not migrate first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then serve until told to stop."""
        listener = bound_socket(host=options["host"], port=options["port"])
        if not options["no_migrate"]:
            migrate()
        host, port = listener.getsockname()[:2]
        serve(listener, on_ready=lambda: self._say(f"url: http://{host}:{port}"))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        # Whoever waits for it may read a file or a pipe.
        self.stdout.flush()
