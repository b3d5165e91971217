"""A key for a bot, from the command line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from core.keys import KeyRefused, create_key
from core.management.migrated import MigratedCommand
from core.roles import BOT_SCOPES, Scope


class Command(MigratedCommand):
    help = "Make a bot key; it is printed as the last line, and never again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="which bot it is for")
        parser.add_argument(
            "--scope",
            action="append",
            metavar="SCOPE",
            help=f"what it may do, once for each of: {', '.join(Scope)};"
            f" without any: {', '.join(BOT_SCOPES)}",
        )
        parser.add_argument(
            "--label", default="", help="the label its reads are pinned to"
        )
        parser.add_argument(
            "--test", action="store_true", help="events of this key never count"
        )
        parser.add_argument(
            "--expires-days", type=int, metavar="N", help="days until it expires"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        days = options["expires_days"]
        try:
            key, text = create_key(
                name=options["name"],
                scopes=options["scope"] or BOT_SCOPES,
                label=options["label"],
                is_test=options["test"],
                expires_at=None if days is None else now + timedelta(days=days),
                actor=None,
                now=now,
            )
        except KeyRefused as error:
            raise CommandError(str(error)) from error
        except OverflowError as error:
            raise CommandError("Let the key expire sooner, or never.") from error
        self.stdout.write(f"{key.name}: {', '.join(key.scopes)}.")
        self.stdout.write("Keep this key; it cannot be shown again:")
        self.stdout.write(text)
