"""Bot keys: made, shown once, checked without the database, revoked everywhere.

A key reads ``drm_live_<public id>_<secret>_<checksum>``, or ``drm_test_…`` for
one whose events never count. The secret has 256 random bits, so its SHA-256 is
all that is kept. The checksum lets scanners of leaked secrets, and we ourselves,
tell a mistyped key from an unknown one.
"""

import hashlib
import re
import secrets
import string
import threading
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.core.signals import request_finished
from django.db import Error, connection, transaction
from django.db.models import Q
from django.dispatch import receiver

from core import audit, limits
from core.live import changes, watcher
from core.live.reading import Change
from core.live.streams import KEYS
from core.models import BotKey, User
from core.roles import Scope

PREFIX: Final = "drm_"
NAME_LENGTH: Final = 100
LAST_USE_EVERY: Final = timedelta(minutes=1)
USABLE_SECONDS: Final = 3_600.0
"""How long keys are good while the database does not answer."""

_ALPHABET: Final = string.digits + string.ascii_letters
_PUBLIC_ID_LENGTH: Final = 12
_SECRET_LENGTH: Final = 43  # 62**43 > 2**256
_KEY: Final = re.compile(
    rf"drm_(?:live|test)_([0-9A-Za-z]{{{_PUBLIC_ID_LENGTH}}})"
    rf"_[0-9A-Za-z]{{{_SECRET_LENGTH}}}_[0-9a-f]{{8}}"
)
_SCOPES: Final = frozenset(Scope)
_LABEL: Final = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_log: Final = structlog.get_logger(__name__)


class KeyRefused(Exception):
    """No key can be made like this; the message says what to change."""


@dataclass(frozen=True, slots=True)
class BotPrincipal:
    """Who a bot is, as views see it in ``request.auth``.

    ``label`` is the label its reads are pinned to, or empty; ``public_id`` is the
    part of the key that may be shown and logged. ``bot_id`` is the row of the bot's
    first key: the same for all keys that it was exchanged for.
    """

    key_id: int
    name: str
    scopes: frozenset[Scope]
    label: str
    is_test: bool
    expires_at: datetime | None
    public_id: str = ""
    bot_id: int = 0


# -- The text of a key -------------------------------------------------------------


def public_id_of(text: str) -> str | None:
    """The key's public part, or ``None`` if this is no key or was mistyped."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    body, _, checksum = text.rpartition("_")
    return match[1] if _checksum(body) == checksum else None


def digest_of(text: str) -> str:
    """What is stored of a key: SHA-256, in hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode('ascii')):08x}"


def _new_text(*, is_test: bool) -> tuple[str, str]:
    """A new public id, and the whole key."""
    public_id = "".join(secrets.choice(_ALPHABET) for _ in range(_PUBLIC_ID_LENGTH))
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    body = f"{PREFIX}{'test' if is_test else 'live'}_{public_id}_{secret}"
    return public_id, f"{body}_{_checksum(body)}"


# -- Making and revoking -----------------------------------------------------------


@transaction.atomic
def create_key(
    *,
    name: str,
    scopes: Collection[str],
    label: str = "",
    is_test: bool = False,
    expires_at: datetime | None = None,
    actor: User | None,
    now: datetime,
    replaces: BotKey | None = None,
) -> tuple[BotKey, str]:
    """The new key's row and its text, which nobody can read again.

    ``actor`` is ``None`` for a command. The order of ``scopes`` is that of the
    table of scopes. With ``replaces`` it is the same bot's next key.

    Raises:
        KeyRefused: a value cannot be used.
    """
    name = name.strip()
    _check(name=name, scopes=scopes, label=label, expires_at=expires_at, now=now)
    public_id, text = _new_text(is_test=is_test)
    key = BotKey.objects.create(
        name=name,
        public_id=public_id,
        digest=digest_of(text),
        scopes=[str(scope) for scope in Scope if scope in scopes],
        label=label,
        is_test=is_test,
        created_by=actor,
        created_at=now,
        expires_at=expires_at,
        first_id=(replaces.first_id or replaces.pk) if replaces else None,
    )
    audit.record(
        actor=actor, action="key.create", obj=key, after=_described(key), now=now
    )
    changes.announce(stream=KEYS.name, key=str(key.pk), op={"revoked": False}, now=now)
    return key, text


@transaction.atomic
def revoke_key(*, key: BotKey, actor: User | None, now: datetime) -> None:
    """Close the key for good, in every process; again does nothing."""
    still_open = BotKey.objects.filter(pk=key.pk, revoked_at=None)
    if not still_open.update(revoked_at=now):
        return
    key.revoked_at = now
    audit.record(
        actor=actor,
        action="key.revoke",
        obj=key,
        before={"revoked_at": None},
        after={"revoked_at": now},
        now=now,
    )
    changes.announce(stream=KEYS.name, key=str(key.pk), op={"revoked": True}, now=now)


def _check(
    *,
    name: str,
    scopes: Collection[str],
    label: str,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise KeyRefused(f"Name the key in 1 to {NAME_LENGTH} printable characters.")
    unknown = [scope for scope in scopes if scope not in _SCOPES]
    if unknown:
        raise KeyRefused(
            f"There is no scope {unknown[0]}; choose among {', '.join(Scope)}."
        )
    if not scopes:
        raise KeyRefused("Give the key at least one scope.")
    if label and (len(label) > limits.SLUG_LENGTH or not _LABEL.fullmatch(label)):
        raise KeyRefused(
            "Write the label in lower-case letters and digits, with single - or _"
            f" between them, at most {limits.SLUG_LENGTH} in all."
        )
    if expires_at is not None and expires_at <= now:
        raise KeyRefused("Let the key expire in the future, or never.")


def _described(key: BotKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "public_id": key.public_id,
        "scopes": key.scopes,
        "label": key.label,
        "is_test": key.is_test,
        "expires_at": key.expires_at,
    }


# -- Checking ----------------------------------------------------------------------


class KeyRing:
    """All keys that open something, by digest; read again when any changes.

    While the database is away, the keys known last go on opening, for an hour at
    most: a key that is revoked meanwhile cannot be written down either.
    """

    def __init__(
        self,
        *,
        live: watcher.Watcher = watcher.PROCESS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._clock = clock
        self._lock = threading.Lock()
        self._principals: Mapping[str, BotPrincipal] | None = None
        self._confirmed_at = clock()
        live.follow(KEYS.name, callback=self._follow)

    def find(self, text: str, *, now: datetime) -> BotPrincipal | None:
        """Whose key this is; ``None`` if it opens nothing, for whatever reason.

        Raises:
            django.db.Error: the keys are not known, and cannot be read.
        """
        if public_id_of(text) is None:
            return None
        principal = self._current().get(digest_of(text))
        if principal is None or _is_over(principal, now=now):
            return None
        return principal

    def _current(self) -> Mapping[str, BotPrincipal]:
        if self._live.ensure_fresh(KEYS.name):
            self._confirmed_at = self._clock()
        principals = self._principals
        is_usable = self._clock() - self._confirmed_at < USABLE_SECONDS
        return principals if principals is not None and is_usable else self._read()

    def _follow(self, *, changes: Sequence[Change], head: int, reset: bool) -> None:
        self._read()

    def _read(self) -> Mapping[str, BotPrincipal]:
        # Expiry is judged on use, since nothing is announced when a key expires.
        rows = BotKey.objects.filter(revoked_at=None)
        # Locked, so that of two readings the later one is kept.
        with self._lock:
            self._principals = {row.digest: _principal(row) for row in rows}
            self._confirmed_at = self._clock()
            return self._principals


def _is_over(principal: BotPrincipal, *, now: datetime) -> bool:
    return principal.expires_at is not None and principal.expires_at <= now


def _principal(row: BotKey) -> BotPrincipal:
    return BotPrincipal(
        key_id=row.pk,
        name=row.name,
        # A scope of a newer release, met after going back to an older one, opens
        # nothing.
        scopes=frozenset(Scope(scope) for scope in row.scopes if scope in _SCOPES),
        label=row.label,
        is_test=row.is_test,
        expires_at=row.expires_at,
        public_id=row.public_id,
        bot_id=row.first_id or row.pk,
    )


RING: Final = KeyRing()
"""The keys as this process knows them."""


# -- When a key was last used ------------------------------------------------------


class LastUses:
    """Writes ``last_used_at``, at most once a minute per key, after the answer."""

    def __init__(self) -> None:
        # By public id, which, unlike the row's number, is never used again.
        self._noted: dict[str, datetime] = {}
        self._waiting: dict[str, datetime] = {}

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    def note(self, principal: BotPrincipal, *, now: datetime) -> None:
        """Remember the use; ``write`` stores it."""
        before = self._noted.get(principal.public_id)
        if before is None or now - before >= LAST_USE_EVERY:
            self._noted[principal.public_id] = now
            self._waiting[principal.public_id] = now

    def write(self) -> None:
        """Store what waits; a database that refuses only costs the remark."""
        while self._waiting:
            try:
                public_id, at = self._waiting.popitem()
            except KeyError:  # Another thread was quicker.
                return
            # Another process may have written within the same minute.
            due = Q(last_used_at=None) | Q(last_used_at__lte=at - LAST_USE_EVERY)
            try:
                BotKey.objects.filter(due, public_id=public_id).update(last_used_at=at)
            except Error as error:
                _log.warning("keys.last_use_not_written", error=type(error).__name__)


LAST_USES: Final = LastUses()


@receiver(request_finished)
def _write_last_uses(**_: Any) -> None:
    if not LAST_USES.is_waiting:
        return
    LAST_USES.write()
    # Django has put this thread's connection away already. (Within a transaction
    # there is none to put away: then this is a test.)
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
