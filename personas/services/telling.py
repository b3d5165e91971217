"""What webhooks are told of publishing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from core.services import webhooks
from personas.models import Character, CharacterVersion, FrameworkRun, Publication
from personas.models.labels import PRODUCTION

VERSION_PUBLISHED: Final = "version.published"
PUBLISH_FAILED: Final = "publish.failed"


def register() -> None:
    """Called once, at start-up."""
    webhooks.register_event(
        VERSION_PUBLISHED,
        "A character goes live",
        "Another version of a character is live: after a publish, a roll-back, a"
        " scheduled change or growth. Without a version it is live no more.",
    )
    webhooks.register_event(
        PUBLISH_FAILED,
        "A publish fails",
        "Something that was to go live by itself was refused or went wrong, and"
        " nobody may be looking: a framework's publish, or growth.",
    )


def labels_moved(
    moved: Iterable[tuple[Character, CharacterVersion | None]],
    *,
    label: str,
    publication: Publication,
    now: datetime,
) -> None:
    """Within the transaction that moved one label; only production is told of."""
    if label != PRODUCTION:
        return
    webhooks.send_all(
        VERSION_PUBLISHED,
        [
            {
                "character_id": character.character_id,
                "version": version.number if version else None,
                "label": label,
                "kind": publication.kind,
                "note": publication.note,
            }
            for character, version in moved
        ],
        now=now,
    )


def run_failed(run: FrameworkRun, *, problem: str, now: datetime) -> None:
    """Within a transaction: nothing of a framework's publish went live."""
    _framework_failed(run, problem=problem, refused={}, now=now)


def run_refused(
    run: FrameworkRun, *, refused: Mapping[str, str], now: datetime
) -> None:
    """Within a transaction: a framework went live, but without ``refused``.

    ``refused`` maps character ids to why; empty, there is nothing to tell.
    """
    if refused:
        problem = "Some characters could not be published with the framework."
        _framework_failed(run, problem=problem, refused=refused, now=now)


def _framework_failed(
    run: FrameworkRun, *, problem: str, refused: Mapping[str, str], now: datetime
) -> None:
    data = {
        "what": "framework",
        "framework_id": run.framework.framework_id,
        "problem": problem,
        "refused": dict(refused),
        "note": run.note,
    }
    webhooks.send(PUBLISH_FAILED, data, now=now)
