"""The bytes of files that came in: kept once, under a name that works, and let go."""

import hashlib
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from personas.models import CardFile, Character, ImportItem
from personas.models.imports import NAME_LENGTH

REFUSED_BYTES: Final = 1_000_000
"""How large a refused file may be for its bytes to stay."""


def storable(text: str, /) -> str:
    """The text without what no database takes: NUL and halves of pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def safe_name(name: str, /) -> str:
    """A file's name to show and to keep, never a path to write to."""
    shown = "".join(c for c in storable(name) if c.isprintable()).strip()
    return shown[-NAME_LENGTH:] or "unnamed"


def kept(raw: bytes, *, name: str, now: datetime) -> CardFile:
    """Store a file's bytes, once however often they come; in a transaction.

    Locked, lest pruning take it away before something names it. The first name
    stays until the file is read under another: see ``keep_name``.
    """
    digest = hashlib.sha256(raw).hexdigest()
    rows = CardFile.objects.select_for_update(no_key=True).defer("content")
    found = rows.filter(pk=digest).first()
    if found is not None:
        return found
    values = {"name": name, "content": raw, "size": len(raw), "created_at": now}
    file, _ = CardFile.objects.get_or_create(digest=digest, defaults=values)
    return file


def keep_name(file: CardFile, *, name: str) -> None:
    """Call a file what it was called when it could be read.

    Its ending tells how to read it again; the same bytes may have come before with
    one that says nothing. A name with the same ending changes nothing.
    """
    if _suffix(file.name) == _suffix(name):
        return
    CardFile.objects.filter(pk=file.pk).update(name=name)
    file.name = name


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def let_go(item: ImportItem) -> None:
    """Take a refused item's bytes from it if they are large; it goes on saying why.

    Nothing reads a refused item again: whoever has a newer release gives the file
    again. Small ones stay with their batch until that is forgotten, for they may be
    the texts that older prompt files beside them name.
    """
    if item.file is None or item.file.size <= REFUSED_BYTES:
        return
    digest, item.file = item.file.pk, None
    item.save(update_fields=["file"])
    drop_free(CardFile.objects.filter(pk=digest))


def drop_free(rows: QuerySet[CardFile]) -> None:
    """Delete those of ``rows`` that nothing names any more."""
    item = ImportItem.objects.filter(file=OuterRef("pk"))
    character = Character.objects.filter(card_file=OuterRef("pk"))
    free = rows.exclude(Exists(item) | Exists(character))
    for pk in list(free.values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked first, then looked at again: see ``kept``.
            locked = CardFile.objects.select_for_update().filter(pk=pk)
            list(locked.values_list("pk"))
            free.filter(pk=pk).delete()
