"""Bot keys beyond making and revoking: exchanging one without a gap."""

from datetime import datetime, timedelta

from django.db import transaction

from core import audit
from core.keys import create_key
from core.live.changes import announce
from core.live.streams import KEYS
from core.models import BotKey, User


class KeyClosed(Exception):
    """The key opens nothing any more, so there is nothing to hand on."""


@transaction.atomic
def rotate_key(
    *,
    key: BotKey,
    overlap: timedelta,
    expires_at: datetime | None,
    actor: User | None,
    now: datetime,
) -> tuple[BotKey, str]:
    """A key with the rights of ``key``, which itself ends after ``overlap``.

    The new key is good until ``expires_at``; the old one never longer than it
    was. Returns the new row and its text, which nobody can read again.

    Raises:
        KeyClosed: ``key`` was revoked or has run out.
        core.keys.KeyRefused: ``expires_at`` has passed.
    """
    old = BotKey.objects.select_for_update().usable(now=now).filter(pk=key.pk).first()
    if old is None:
        raise KeyClosed(f"“{key}” is closed already; make a new key instead.")
    new, text = create_key(
        name=old.name,
        scopes=old.scopes,
        label=old.label,
        is_test=old.is_test,
        expires_at=expires_at,
        actor=actor,
        now=now,
        replaces=old,
    )
    before = old.expires_at
    old.expires_at = min(before or now + overlap, now + overlap)
    old.save(update_fields=["expires_at"])
    audit.record(
        actor=actor,
        action="key.rotated",
        obj=old,
        before={"expires_at": before},
        after={"expires_at": old.expires_at},
        note=f"Replaced by {new.public_id}.",
        now=now,
    )
    announce(stream=KEYS.name, key=str(old.pk), op={"revoked": False}, now=now)
    return new, text
