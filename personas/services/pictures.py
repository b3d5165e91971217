"""Pictures: decoded, re-encoded and stored; nothing is fetched or passed through."""

import hashlib
from datetime import datetime

from personas.models import Picture
from personas.services import sandbox
from personas.services.reencoding import BadPicture, Made

__all__ = ["BadPicture", "digest_of", "keep", "store"]


def digest_of(made: Made, /) -> str:
    """The key under which a picture is, or would be, stored."""
    return hashlib.sha256(made.content).hexdigest()


def keep(made: Made, /, *, now: datetime) -> Picture:
    """Store a picture once, however often it comes."""
    picture, _ = Picture.objects.get_or_create(
        digest=digest_of(made),
        defaults={
            "content": made.content,
            "width": made.width,
            "height": made.height,
            "created_at": now,
        },
    )
    return picture


def store(raw: bytes, *, now: datetime) -> Picture:
    """Decode in the reader's own process, and keep what that made of it.

    Raises:
        BadPicture: too large, of another kind, or damaged; says which. Also if so
            many files are being read that this one's turn does not come.
    """
    try:
        made = sandbox.reencoded(raw)
    except sandbox.Busy as error:
        raise BadPicture(str(error)) from error
    return keep(made, now=now)
