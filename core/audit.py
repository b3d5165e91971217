"""The audit log: who did what, from where, and what it changed.

Entries are never altered; triggers of ``core.append_only`` see to it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.http import HttpRequest, HttpResponse

from core.client_ip import client_ip
from core.models import AuditEntry, User
from core.people import role_of

SYSTEM: Final = "system"
"""The name of whoever acts when no person does: commands, tasks, bots."""

SECRET_FIELDS: Final = frozenset({"password", "digest", "secret", "token"})
"""Fields that never enter the log, whatever a caller hands over."""

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the act at hand comes from; empty outside a request."""

    ip_address: str | None = None
    request_id: str = ""


_NOWHERE: Final = Origin()
_origin: ContextVar[Origin] = ContextVar("audit_origin", default=_NOWHERE)


@contextmanager
def acting_from(origin: Origin) -> Iterator[None]:
    """Entries recorded inside carry ``origin``."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def remember_request(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what a request does is recorded with its address and id."""

    def handle(request: HttpRequest) -> HttpResponse:
        origin = Origin(
            ip_address=client_ip(request),
            request_id=getattr(request, "request_id", ""),
        )
        with acting_from(origin):
            return get_response(request)

    return handle


def record(
    *,
    actor: User | None,
    action: str,
    obj: models.Model | tuple[str, str, str],
    before: Values | None = None,
    after: Values | None = None,
    note: str = "",
    actor_name: str = SYSTEM,
    now: datetime,
) -> AuditEntry:
    """Write one entry; call it in the transaction of the act it describes.

    Without an ``actor`` (a command, a task, a bot) ``actor_name`` says who it
    was. ``obj`` is what was acted on: a row, or ``(type, id, name)``. Of
    ``before`` and ``after`` only the fields that differ are kept, so both may be
    complete.
    """
    object_type, object_id, object_name = _identify(obj)
    before, after = _differing(before, after)
    origin = _origin.get()
    return AuditEntry.objects.create(
        at=now,
        actor=actor,
        actor_name=(str(actor) if actor else actor_name)[:200],
        role=(role_of(actor) or "") if actor else "",
        action=action,
        object_type=object_type[:64],
        # Postgres refuses NUL, and addresses may hold it.
        object_id=object_id.replace("\0", "")[:100],
        object_name=object_name.replace("\0", "")[:200],
        before=before,
        after=after,
        note=note,
        ip_address=origin.ip_address,
        request_id=origin.request_id[:64],
    )


def _identify(obj: models.Model | tuple[str, str, str]) -> tuple[str, str, str]:
    """``(type, id, name)`` of what was acted on; rows by label, ``core.user``."""
    if isinstance(obj, models.Model):
        label: str = obj._meta.label_lower  # noqa: SLF001
        return label, str(obj.pk), str(obj)
    return obj


def _differing(
    before: Values | None, after: Values | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both sides without secrets and without what is the same in both."""
    old, new = before or {}, after or {}
    absent = object()
    names = [
        name
        for name in {**old, **new}
        if name not in SECRET_FIELDS and old.get(name, absent) != new.get(name, absent)
    ]
    return (
        None if before is None else {n: old[n] for n in names if n in old},
        None if after is None else {n: new[n] for n in names if n in new},
    )
