"""``manage.py import_cards PATH… [--replace | --merge] [--dry-run]``."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from core.management.migrated import MigratedCommand
from personas.management.reading import read_limited
from personas.models import ImportBatch, ImportItem
from personas.services import imports
from personas.services.imports import CannotImport

SUFFIXES: Final = frozenset(
    {".png", ".json", ".charx", ".yaml", ".yml", ".jpg", ".jpeg", ".webp", ".zip"}
)
"""What is taken out of folders; a file that is named itself may end in anything."""
Action = ImportItem.Action
# Characters name frameworks and lorebooks.
_ORDER: Final = ("framework", "lorebook", "character")
_SAME: Final = frozenset({"same_content", "same_book"})


class Status(StrEnum):
    """What became of a file."""

    NEW = "new"
    REPLACED = "replaced"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


_DONE: Final = {
    Action.NEW: Status.NEW,
    Action.REPLACE: Status.REPLACED,
    Action.MERGE: Status.MERGED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a file; without ``action``, why nothing is done."""

    status: Status
    action: Action | None = None
    reason: str = ""


class Command(MigratedCommand):
    help = (
        "Import character cards, lorebooks and frameworks from files, folders or"
        " zips, as drafts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        known = parser.add_mutually_exclusive_group()
        known.add_argument(
            "--replace", action="store_true", help="replace drafts that exist already"
        )
        known.add_argument(
            "--merge", action="store_true", help="merge with them field by field"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be done"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print a line per file and one per field; 1 if any was refused."""
        counts: Counter[Status] = Counter()
        refused: list[str] = []
        known = Action.NEW
        if options["replace"] or options["merge"]:
            known = Action.REPLACE if options["replace"] else Action.MERGE
        paths = list(_found(options["paths"]))
        if not paths:
            raise CommandError("There is no card there. Name a file or a folder.")
        batch = imports.begin(actor=None, now=timezone.now())
        try:
            for read in self._read(batch, paths=paths):
                item, decision = read, _decided(read, known=known)
                if decision.action is not None and not options["dry_run"]:
                    item, decision = _committed(item, decision=decision)
                counts[decision.status] += 1
                if decision.status is Status.REFUSED:
                    refused.append(f"{item.name}: {decision.reason}")
                self._print(item, decision, verbosity=options["verbosity"])
        finally:
            _finish(batch, is_dry=options["dry_run"])
        self.stdout.write(", ".join(f"{counts[status]} {status}" for status in Status))
        if refused:
            # Again at the end, where many files do not hide it.
            raise CommandError("\n".join(["Refused:", *refused]), returncode=1)

    def _read(
        self, batch: ImportBatch, *, paths: list[tuple[str, Path]]
    ) -> Iterator[ImportItem]:
        """All items: read first, then each once more when its turn comes, for what
        was imported just before may be the same."""
        items: list[int] = []
        kinds: dict[int, str] = {}
        for name, path in paths:
            added = _added(batch, name=name, path=path)
            for item in added:
                found = imports.read_item(item, now=timezone.now())
                items.append(found.pk)
                kinds[found.pk] = found.found.get("kind", "")
        order = {kind: at for at, kind in enumerate(_ORDER)}
        for pk in sorted(items, key=lambda pk: order.get(kinds[pk], len(order))):
            item = ImportItem.objects.select_related("batch", "file").get(pk=pk)
            yield imports.look_again(item, now=timezone.now())

    def _print(self, item: ImportItem, decision: Decision, *, verbosity: int) -> None:
        found = item.found
        outcome = found.get("outcome") or {}
        object_id = outcome.get("object_id") or found.get("object_id", "")
        what = f" {found['kind']} {object_id}" if found else ""
        dialect = f" ({found['container']}, {found['dialect']})" if found else ""
        reason = f": {decision.reason}" if decision.reason else ""
        self.stdout.write(f"{decision.status:9} {item.name}{what}{dialect}{reason}")
        if verbosity < 1:
            return
        for remark in outcome.get("remarks") or found.get("remarks", []):
            detail = f": {remark['detail']}" if remark["detail"] else ""
            self.stdout.write(f"    {remark['action']:8} {remark['field']}{detail}")


def _added(batch: ImportBatch, *, name: str, path: Path) -> list[ImportItem]:
    now = timezone.now()
    try:
        raw = read_limited(path)
    except OSError as error:
        problem = f"The file cannot be read: {error.strerror or error}."
        return [imports.add_refused(batch, name=name, problem=problem, now=now)]
    return imports.add_file(batch, name=name, raw=raw, now=now)


def _decided(item: ImportItem, *, known: Action) -> Decision:
    """``known`` is what to do with drafts that exist; new ones are refused then."""
    if item.state == ImportItem.State.REFUSED:
        return Decision(Status.REFUSED, reason=item.problem)
    duplicates = [
        d for d in item.found["duplicates"] if d["what"] == item.found["kind"]
    ]
    for found in duplicates:
        if found["kind"] in _SAME:
            reason = f"“{found['title']}” ({found['object_id']}). {found['why']}"
            return Decision(Status.UNCHANGED, reason=reason)
    same = [d for d in duplicates if d["kind"] == "same_card"]
    if not same:
        return Decision(Status.NEW, Action.NEW)
    if known is Action.NEW:
        reason = (
            f"“{same[0]['title']}” ({same[0]['object_id']}) is here already."
            f" {same[0]['why']} Import again with --replace or --merge to change its"
            " draft."
        )
        return Decision(Status.REFUSED, reason=reason)
    return Decision(_DONE[known], known)


def _committed(item: ImportItem, *, decision: Decision) -> tuple[ImportItem, Decision]:
    try:
        done = imports.commit(
            item, action=decision.action or "", actor=None, now=timezone.now()
        )
    except CannotImport as error:
        return item, Decision(Status.REFUSED, reason=str(error))
    return done, decision


def _finish(batch: ImportBatch, *, is_dry: bool) -> None:
    if is_dry:
        imports.discard(batch)
    else:
        imports.close(batch, now=timezone.now())


def _found(paths: list[Path]) -> Iterator[tuple[str, Path]]:
    """Names for the report, and files; of folders those that may be cards.

    Raises:
        CommandError: a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise CommandError(f"There is no file or folder {path}.")
        if not path.is_dir():
            yield path.name, path
            continue
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                yield file.relative_to(path).as_posix(), file
