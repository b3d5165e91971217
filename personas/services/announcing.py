"""Telling live pages, bots and other processes what changed."""

from datetime import datetime
from typing import Final

from core.live.changes import announce
from personas.models import Character, Framework, FrameworkRun, ImportItem, Lorebook

STREAM: Final = "personas"

BLENDING: Final = "blending"
LOREBOOK: Final = "lorebook"
QUIET: Final = "quiet"
SWITCH: Final = "switch"
NAMES: Final = "names"
WORDS: Final = "words"


def character_changed(character: Character, *, what: str, now: datetime) -> None:
    """Announce a character; ``what`` is draft, served, active or archived.

    The op names the character only by id and kind of change: readers load what
    they show, so that a hint lost or doubled does no harm.
    """
    announce(
        stream=STREAM,
        key=character.character_id,
        op={
            "kind": "character",
            "character_id": character.character_id,
            "what": what,
            "revision": character.revision,
        },
        now=now,
    )


def framework_changed(framework: Framework, *, what: str, now: datetime) -> None:
    """Announce a framework; ``what`` is draft, published, archived or run."""
    announce(
        stream=STREAM,
        key=f"framework:{framework.framework_id}",
        op={
            "kind": "framework",
            "framework_id": framework.framework_id,
            "what": what,
            "revision": framework.revision,
        },
        now=now,
    )


def framework_run_changed(run: FrameworkRun, *, now: datetime) -> None:
    """Announce how far publishing a framework in the background is."""
    announce(
        stream=STREAM,
        key=f"framework-run:{run.pk}",
        op={
            "kind": "framework_run",
            "run_id": run.pk,
            "state": run.state,
            "done": run.done,
            "total": run.total,
        },
        now=now,
    )


def lorebook_changed(book: Lorebook, *, what: str, now: datetime) -> None:
    """Announce a lorebook; ``what`` is draft (entries too), published or archived."""
    announce(
        stream=STREAM,
        key=f"lorebook:{book.book_id}",
        op={
            "kind": LOREBOOK,
            "book_id": book.book_id,
            "what": what,
            "revision": book.revision,
        },
        now=now,
    )


def import_changed(item: ImportItem, *, now: datetime) -> None:
    """Announce how far a file that came in is."""
    announce(
        stream=STREAM,
        key=f"import:{item.import_id}",
        op={"kind": "import", "batch_id": item.batch_id, "item_id": item.pk},
        now=now,
    )


def blending_changed(*, what: str, now: datetime) -> None:
    """Announce how blended prompts are asked for.

    ``what`` is ``SWITCH`` (they are served, or no longer), ``NAMES`` (ids or
    aliases of kinds of conversation) or ``WORDS`` (all else about the kinds).
    """
    announce(
        stream=STREAM,
        key=f"{BLENDING}:{what}",
        op={"kind": BLENDING, "what": what},
        now=now,
    )


def quiet_changed(character_id: str | None, *, now: datetime) -> None:
    """Announce that a character is quieted, or no longer; ``None``: that all are."""
    announce(
        stream=STREAM,
        key=f"{QUIET}:{character_id or ''}",
        op={"kind": QUIET, "character_id": character_id},
        now=now,
    )
