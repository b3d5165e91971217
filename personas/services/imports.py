"""Imports: files that came in, read, told about, and stored as somebody chose.

Bytes are in ``import_files``, reading is in ``import_reading``, storing in
``import_committing``, previews and reports in ``import_reporting``; all that edges
need stands here.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from core import limits
from core.models import User
from personas.domain.cards.archives import SIGNATURES as ZIPS
from personas.domain.cards.parts import Member
from personas.domain.dialects import UnreadableFile
from personas.models import CardFile, ImportBatch, ImportItem
from personas.services import announcing, sandbox
from personas.services.import_committing import CannotImport, Why, commit
from personas.services.import_files import drop_free, kept, safe_name
from personas.services.import_reading import (
    look_again,
    read_item,
    read_waiting,
)
from personas.services.import_reporting import (
    Preview,
    preview_of,
    read_with_preview,
    report_csv,
    report_of,
)

__all__ = [
    "CannotImport",
    "Preview",
    "Why",
    "add_file",
    "add_refused",
    "add_single",
    "begin",
    "close",
    "commit",
    "discard",
    "kept",
    "look_again",
    "preview_of",
    "prune",
    "read_item",
    "read_waiting",
    "read_with_preview",
    "report_csv",
    "report_of",
]

KEPT_FOR: Final = timedelta(days=30)
# What only cards, other programs' packages and Office documents have.
_WHOLE: Final = frozenset(
    {"card.json", "package.json", "manifest.json", "[Content_Types].xml"}
)
_NESTED: Final = (
    "An archive inside an archive, which is not opened. Unpack it and give what is in"
    " it."
)
State = ImportItem.State


def begin(*, actor: User | None, key_name: str = "", now: datetime) -> ImportBatch:
    """A batch for files that come together; ``key_name`` tells whose key it was."""
    return ImportBatch.objects.create(actor=actor, key_name=key_name, created_at=now)


def add_file(
    batch: ImportBatch, *, name: str, raw: bytes, now: datetime
) -> list[ImportItem]:
    """Keep a file's bytes, once, and an item that waits to be read.

    A zip of several files becomes an item for each of them; archives inside it are
    refused by name. A file that is too large becomes a refused item, and so does a
    zip that cannot be opened because too many other files are being read.
    """
    try:
        members = _members(raw)
    except sandbox.Busy as error:
        return [add_refused(batch, name=name, problem=str(error), now=now)]
    if not members:
        return [add_single(batch, name=name, raw=raw, now=now)]
    return [
        add_refused(batch, name=f"{name}/{member.name}", problem=_NESTED, now=now)
        if is_archive
        else add_single(batch, name=member.name, raw=member.content, now=now)
        for member, is_archive in members
    ]


def _members(raw: bytes) -> tuple[tuple[Member, bool], ...]:
    """What is in a zip of several files; nothing for all else, also for cards.

    Raises:
        sandbox.Busy: try again later.
    """
    if not raw.startswith(ZIPS) or len(raw) > limits.UPLOAD_BYTES:
        return ()
    try:
        members = sandbox.members_of(raw)
    except UnreadableFile:
        # Reading the file itself tells what is wrong with it.
        return ()
    names = {member.name for member, _ in members}
    return members if names.isdisjoint(_WHOLE) else ()


@transaction.atomic
def add_single(
    batch: ImportBatch, *, name: str, raw: bytes, now: datetime
) -> ImportItem:
    """As ``add_file`` for a file that counts as one, whatever it is."""
    if len(raw) > limits.UPLOAD_BYTES:
        problem = (
            f"The file is larger than {limits.UPLOAD_BYTES // 1_000_000} MB. Make it"
            " smaller."
        )
        return add_refused(batch, name=name, problem=problem, now=now)
    shown = safe_name(name)
    item = ImportItem.objects.create(
        batch=batch, name=shown, file=kept(raw, name=shown, now=now)
    )
    announcing.import_changed(item, now=now)
    return item


def add_refused(
    batch: ImportBatch, *, name: str, problem: str, now: datetime
) -> ImportItem:
    """An item for a file that could not be taken; ``problem`` says why."""
    item = ImportItem.objects.create(
        batch=batch,
        name=safe_name(name),
        state=State.REFUSED,
        problem=problem,
        read_at=now,
    )
    announcing.import_changed(item, now=now)
    return item


def close(batch: ImportBatch, *, now: datetime) -> None:
    """Nobody is expected to choose anything for this batch any more."""
    batch.closed_at = now
    batch.save(update_fields=["closed_at"])


def discard(batch: ImportBatch) -> None:
    """Forget a batch of which nothing was imported, with its files."""
    digests = list(batch.items.exclude(file=None).values_list("file_id", flat=True))
    if _forget(batch.pk):
        drop_free(CardFile.objects.filter(pk__in=digests))


# -- Pruning -----------------------------------------------------------------------


def prune(*, now: datetime) -> int:
    """Forget old batches of which nothing was imported; how many.

    Files go along, except those that a character or another item came from.
    """
    until = now - KEPT_FOR
    items = ImportItem.objects.filter(batch=OuterRef("pk"))
    touched = items.filter(Q(state=State.DONE) | Q(read_at__gte=until))
    batches = ImportBatch.objects.filter(created_at__lt=until)
    old = batches.exclude(closed_at__gte=until).exclude(Exists(touched))
    count = 0
    for pk in list(old.order_by("pk").values_list("pk", flat=True)):
        count += _forget(pk)
    drop_free(CardFile.objects.filter(created_at__lt=until))
    return count


@transaction.atomic
def _forget(pk: int) -> int:
    items = ImportItem.objects.select_for_update(of=("self",)).filter(batch=pk)
    # Somebody may have imported one of them this moment.
    if any(state == State.DONE for state in items.values_list("state", flat=True)):
        return 0
    _, by_model = ImportBatch.objects.filter(pk=pk).delete()
    return by_model.get(ImportBatch._meta.label, 0)  # noqa: SLF001
