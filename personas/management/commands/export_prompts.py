"""``manage.py export_prompts DIR``."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from core.management.migrated import MigratedCommand
from personas.services.exporting import export_files


class Command(MigratedCommand):
    help = "Write every framework and character draft to a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR")
        parser.add_argument(
            "--replace", action="store_true", help="overwrite files that are there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse before writing anything if a file would be lost."""
        root: Path = options["directory"]
        files = dict(export_files())
        taken = [name for name in files if (root / name).exists()]
        if taken and not options["replace"]:
            raise CommandError(
                f"{root / taken[0]} is there already. Choose an empty folder, or"
                " overwrite with --replace."
            )
        for name, content in files.items():
            path = root / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            except OSError as error:
                raise CommandError(
                    f"{path} cannot be written: {error.strerror}."
                ) from error
        self.stdout.write(f"{len(files)} files written to {root}")
