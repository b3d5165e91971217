"""``manage.py export_cards [ID…] --form FORM --to FOLDER|FILE.zip``."""

import zipfile
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.db.models import QuerySet

from core.management.migrated import MigratedCommand
from personas.models import Character
from personas.services import exporting

_ZIP: Final = ".zip"
_AT_ONCE: Final = 100


class Command(MigratedCommand):
    help = "Write characters as cards, to a folder or into one zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "ids",
            nargs="*",
            metavar="ID",
            help="characters; without any, all that are not archived",
        )
        parser.add_argument(
            "--form", choices=exporting.FORMS, default="png", help="default: png"
        )
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER|FILE.zip")
        parser.add_argument(
            "--replace", action="store_true", help="overwrite files that are there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Overwrite nothing unasked; 1 if somebody could not be written."""
        rows = _chosen(options["ids"])
        to: Path = options["to"]
        write = _write_zip if to.suffix.lower() == _ZIP else _write_folder
        try:
            left_out = write(
                rows.iterator(_AT_ONCE),
                to=to,
                form=options["form"],
                is_replacing=options["replace"],
            )
        except FileExistsError as error:
            raise CommandError(
                f"{error.filename} is there already. Choose another place, or"
                " overwrite with --replace."
            ) from error
        except OSError as error:
            raise CommandError(
                f"{error.filename or to} cannot be written: {error.strerror}."
            ) from error
        count = rows.count() - len(left_out)
        self.stdout.write(f"{count} characters written to {to}")
        if left_out:
            raise CommandError("\n".join(["Not written:", *left_out]), returncode=1)


def _chosen(ids: list[str]) -> QuerySet[Character]:
    """Raises CommandError for an id that nobody has."""
    rows = Character.objects.for_sheets().order_by("character_id")
    if not ids:
        return rows.active()
    rows = rows.filter(character_id__in=ids)
    known = set(rows.values_list("character_id", flat=True))
    missing = [character_id for character_id in ids if character_id not in known]
    if missing:
        raise CommandError(f"There is no character {', '.join(missing)}.")
    return rows


def _write_folder(
    rows: Iterable[Character], *, to: Path, form: str, is_replacing: bool
) -> list[str]:
    """Who could not be written, and why; raises OSError."""
    to.mkdir(parents=True, exist_ok=True)
    left_out: list[str] = []
    for file in exporting.exported(rows, form=form):
        if file.name == exporting.LEFT_OUT:
            left_out = file.content.decode().splitlines()
        else:
            with (to / file.name).open("wb" if is_replacing else "xb") as target:
                target.write(file.content)
    return left_out


def _write_zip(
    rows: Iterable[Character], *, to: Path, form: str, is_replacing: bool
) -> list[str]:
    """As ``_write_folder``; who is missing is told in the zip too."""
    with to.open("wb" if is_replacing else "xb") as target:
        for piece in exporting.export_cards(rows, form=form):
            target.write(piece)
    with zipfile.ZipFile(to) as archive:
        if exporting.LEFT_OUT not in archive.namelist():
            return []
        return archive.read(exporting.LEFT_OUT).decode().splitlines()
