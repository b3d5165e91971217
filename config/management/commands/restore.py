"""``manage.py restore FILE``."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import backups


class Command(BaseCommand):
    help = "Read a backup into an empty database, and check what came of it."
    # The database is empty, so there is nothing that checks could look at.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses a database that holds anything."""
        try:
            backups.restore(options["file"])
            found = backups.verify()
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{found.characters} characters, {found.versions} versions; every"
            " content hash agrees."
        )
