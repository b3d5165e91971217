"""``manage.py import_prompts PATH… [--publish] [--replace]``."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from core.management.migrated import MigratedCommand
from personas.management.reading import read_limited
from personas.services import drafts, frameworks, lore_publishing, publishing
from personas.services.importing import FileReport, SourceFile, Status, import_files
from personas.services.publishing import Outcome


class Command(MigratedCommand):
    help = "Import characters, frameworks and lorebooks from files, as drafts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--publish", action="store_true", help="publish what was imported"
        )
        parser.add_argument(
            "--replace", action="store_true", help="change drafts that exist already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print a line per file and one per field, publish if asked."""
        files = list(_files(options["paths"]))
        if not files:
            raise CommandError("There is no .json file there. Name a file or a folder.")
        now = timezone.now()
        reports = import_files(
            files, replace_existing=options["replace"], actor=None, now=now
        )
        for report in reports:
            self._print(report, verbosity=options["verbosity"])
        refused = [
            f"{r.name}: {r.reason}" for r in reports if r.status == Status.REFUSED
        ]
        if options["publish"]:
            refused += self._publish(reports)
        counts = Counter(report.status for report in reports)
        self.stdout.write(", ".join(f"{counts[status]} {status}" for status in Status))
        if refused:
            # Again at the end, where many files do not hide it.
            raise CommandError("\n".join(["Refused:", *refused]), returncode=1)

    def _print(self, report: FileReport, *, verbosity: int) -> None:
        what = f" {report.kind} {report.object_id}" if report.kind else ""
        dialect = f" ({report.dialect})" if report.dialect else ""
        reason = f": {report.reason}" if report.reason else ""
        self.stdout.write(f"{report.status:9} {report.name}{what}{dialect}{reason}")
        if verbosity < 1:
            return
        for remark in report.remarks:
            detail = f": {remark.detail}" if remark.detail else ""
            self.stdout.write(f"    {remark.action:8} {remark.field}{detail}")

    def _publish(self, reports: list[FileReport]) -> list[str]:
        """Publish all that is in; what was refused, a line each."""
        done = [r for r in reports if r.status != Status.REFUSED]
        note = "Imported from files"
        refused: list[str] = []
        for framework_id in dict.fromkeys(
            r.object_id for r in done if r.kind == "framework"
        ):
            try:
                outcome = frameworks.publish_framework(
                    framework_id=framework_id,
                    note=note,
                    author=None,
                    now=timezone.now(),
                )
            except (drafts.Archived, drafts.StaleRevision) as error:
                refused.append(f"{framework_id}: {error}")
            else:
                refused += self._print_outcome(outcome)
        for book_id in dict.fromkeys(r.object_id for r in done if r.kind == "lorebook"):
            refused += self._publish_book(book_id, note=note)
        ids = [r.object_id for r in done if r.kind == "character"]
        outcome = publishing.publish(
            character_ids=ids, note=note, author=None, now=timezone.now()
        )
        return refused + self._print_outcome(outcome)

    def _publish_book(self, book_id: str, *, note: str) -> list[str]:
        try:
            published = lore_publishing.publish_book(
                book_id=book_id, note=note, actor=None, now=timezone.now()
            )
        except drafts.Archived as error:
            return [f"{book_id}: {error}"]
        if published.is_new:
            self.stdout.write(f"published {book_id} v{published.version.number}")
        return []

    def _print_outcome(self, outcome: Outcome) -> list[str]:
        for character_id, number in outcome.published.items():
            self.stdout.write(f"published {character_id} v{number}")
        return [
            *(f"{key}: not published: {why}" for key, why in outcome.refused.items()),
            *(f"{key}: edited meanwhile" for key in outcome.edited_meanwhile),
        ]


def _files(paths: list[Path]) -> Iterator[SourceFile]:
    for path in paths:
        if not path.exists():
            raise CommandError(f"There is no file or folder {path}.")
        found = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        for file in found:
            yield _source(file, root=path if path.is_dir() else path.parent)


def _source(file: Path, *, root: Path) -> SourceFile:
    def read_text(name: str) -> bytes | None:
        neighbour = file.parent / name
        if Path(name).name != name:
            return None
        try:
            return read_limited(neighbour)
        except OSError:
            return None

    raw, problem = b"", ""
    try:
        raw = read_limited(file)
    except OSError as error:
        problem = f"The file cannot be read: {error.strerror or error}."
    return SourceFile(
        name=str(file.relative_to(root)),
        stem=file.stem,
        raw=raw,
        read_text=read_text,
        problem=problem,
    )
