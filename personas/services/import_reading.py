"""Reading files that came in: what is in them, told before anything is written."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import OperationalError, transaction
from django.db.models import Q

from personas.domain.dialects import UnreadableFile
from personas.domain.remarks import Action, Remark
from personas.models import ImportItem
from personas.services import announcing, sandbox
from personas.services.import_duplicates import duplicates_of
from personas.services.import_files import keep_name, let_go, safe_name, storable
from personas.services.import_parsing import Incoming, parsed
from personas.services.sandboxed import Neighbour

log = structlog.get_logger(__name__)

State = ImportItem.State
TAKEN_FOR: Final = timedelta(minutes=2)
"""A file that was taken to be read so long ago is offered to others again."""
LOT_SECONDS: Final = 20.0
_REMARKS: Final = 500
_SCRIPTS: Final = 100
_UNEXPECTED: Final = (
    "Something went wrong that should not have. It is in the server's log; tell"
    " whoever runs the server."
)


def to_json(remarks: Iterable[Remark], /) -> list[dict[str, str]]:
    """Remarks as items and REST have them; a flood of them is cut short."""
    listed = list(remarks)
    found = [
        {
            "field": storable(remark.field),
            "action": remark.action.value,
            "detail": storable(remark.detail),
        }
        for remark in listed[:_REMARKS]
    ]
    if len(listed) > _REMARKS:
        more = f"{len(listed) - _REMARKS:,} more remarks are not shown."
        found.append({"field": "", "action": Action.KEPT.value, "detail": more})
    return found


def incoming_of(item: ImportItem, /) -> Incoming:
    """The item's file, read from its kept bytes.

    Raises:
        UnreadableFile: whatever is wrong with it, in words for its author.
        sandbox.Busy: try again later.
    """
    if item.file is None:
        raise UnreadableFile(item.problem)
    return parsed(bytes(item.file.content), name=item.name, read_text=_neighbours(item))


def _neighbours(item: ImportItem) -> Neighbour:
    """Files that came with it, in the same folder: old prompts name texts so."""
    folder = item.name.rpartition("/")[0]

    def read_text(name: str) -> bytes | None:
        if "/" in name or "\\" in name or "\0" in name:
            return None
        wanted = f"{folder}/{name}" if folder else name
        beside = ImportItem.objects.filter(batch=item.batch_id, name=safe_name(wanted))
        found = beside.exclude(file=None).select_related("file").order_by("pk").first()
        return bytes(found.file.content) if found and found.file else None

    return read_text


def read_item(item: ImportItem, *, now: datetime) -> ImportItem:
    """Read a waiting item: it becomes ready, or refused by name.

    Any number of workers may do it; the first one's answer stays. Bytes of what is
    refused stay only if they are few: see ``import_files.let_go``.

    Raises:
        sandbox.Busy: try again later; the item goes on waiting.
    """
    return read_whole(item, now=now)[0]


def read_whole(
    item: ImportItem, *, now: datetime
) -> tuple[ImportItem, Incoming | None]:
    """As ``read_item``, with what was read; ``None`` if nothing was this time."""
    if item.state != State.WAITING:
        return item, None
    try:
        incoming = incoming_of(item)
    except UnreadableFile as error:
        return _refuse(item, problem=_with_place(error), now=now), None
    values = {"state": State.READY, "found": _found(incoming, item=item)}
    return _save(item, values=values, now=now), incoming


def _refuse(item: ImportItem, *, problem: str, now: datetime) -> ImportItem:
    values = {"state": State.REFUSED, "problem": problem, "found": {}}
    return _save(item, values=values, now=now)


def _with_place(error: UnreadableFile) -> str:
    where = f" (at {error.pointer})" if error.pointer else ""
    return storable(f"{error}{where}") or "This file cannot be read."


def _found(incoming: Incoming, *, item: ImportItem) -> dict[str, Any]:
    """As ``ImportItem`` describes it."""
    duplicates = duplicates_of(incoming, digest=item.file_id or "")
    book = incoming.card.book
    return {
        "title": incoming.title,
        "kind": incoming.kind,
        "container": str(incoming.card.container),
        "dialect": incoming.dialect,
        "object_id": incoming.object_id,
        "book": {"name": book.sheet.name, "entries": len(book.entries)}
        if book is not None
        else None,
        "remarks": to_json(incoming.remarks),
        "scripts": [storable(text) for text in incoming.card.scripts[:_SCRIPTS]],
        "duplicates": [duplicate.to_json() for duplicate in duplicates],
        "fresh": next((d.fresh for d in duplicates if d.fresh), ""),
    }


def look_again(item: ImportItem, *, now: datetime) -> ImportItem:
    """What is found of a ready item now: what is here may have changed since."""
    if item.state != State.READY:
        return item
    try:
        found = _found(incoming_of(item), item=item)
    except (UnreadableFile, sandbox.Busy):
        # What was found before is what can be told.
        return item
    return _save(item, values={"found": found}, state=State.READY, now=now)


@transaction.atomic
def _save(
    item: ImportItem,
    *,
    values: dict[str, Any],
    state: str = State.WAITING,
    now: datetime,
) -> ImportItem:
    """Write ``values`` if the item is still in ``state``."""
    if ImportItem.objects.filter(pk=item.pk, state=state).update(**values, read_at=now):
        _settle_file(item, state=values.get("state", state))
        announcing.import_changed(item, now=now)
    item.refresh_from_db(fields=["state", "found", "problem", "read_at"])
    return item


def _settle_file(item: ImportItem, *, state: str) -> None:
    if state == State.REFUSED:
        let_go(item)
    elif item.file is not None:
        keep_name(item.file, name=item.name)


# -- In the background -------------------------------------------------------------


def read_waiting(*, clock: Callable[[], datetime]) -> int:
    """Read what waits, oldest first, for some seconds; how many were read.

    May run in several workers at once: each takes an item for itself first, by
    ``read_at``. What a dead worker took is read by another after a while.
    """
    began, count = clock(), 0
    while (clock() - began).total_seconds() < LOT_SECONDS:
        item = _take(now=clock())
        if item is None:
            break
        try:
            read_item(item, now=clock())
        except sandbox.Busy:
            break
        except ImportItem.DoesNotExist:
            # Somebody forgot its batch meanwhile.
            log.info("import_forgotten", item_id=item.pk)
        except OperationalError:
            raise
        except Exception:
            # One bad file stops nobody; the log has what is wrong with us.
            log.exception("import_failed", item_id=item.pk)
            _refuse(item, problem=_UNEXPECTED, now=clock())
        count += 1
    return count


def _take(*, now: datetime) -> ImportItem | None:
    free = Q(read_at=None) | Q(read_at__lt=now - TAKEN_FOR)
    while True:
        rows = ImportItem.objects.waiting().filter(free)
        item = rows.select_related("file").first()
        if item is None:
            return None
        same = ImportItem.objects.waiting().filter(pk=item.pk, read_at=item.read_at)
        if same.order_by().update(read_at=now):
            return item
