"""Who is behind a socket, asked of the database again and again.

A socket outlives its handshake, so the session, the account and the role are
read anew while it is open. Nothing is written here: replacing a session without
a response to carry its cookie would sign the person out.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeVar

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    load_backend,
)
from django.db import connections
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from core.models import User
from core.people import role_of
from core.roles import Role

Answer = TypeVar("Answer")

# Few, so that a thousand sockets at once do not open a thousand connections.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-database")


@dataclass(frozen=True, slots=True)
class Standing:
    """A signed-in person, and their role if they have one."""

    user_id: int
    role: Role | None


async def ask_database(ask: Callable[[], Answer]) -> Answer:
    """Run ``ask`` in one of few threads, so that the server's loop never waits."""

    def answer() -> Answer:
        try:
            return ask()
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(_threads, answer)


def session_key_of(scope: Any) -> str:
    """The session's key from the handshake's cookies, or nothing."""
    cookies = [value for name, value in scope["headers"] if name == b"cookie"]
    jar = parse_cookie(b"; ".join(cookies).decode("latin-1"))
    return jar.get(settings.SESSION_COOKIE_NAME, "")


def standing(session_key: str) -> Standing | None:
    """Whom the session belongs to; ``None`` if it is over or its account closed."""
    if not session_key:
        return None
    session = _sessions().SessionStore(session_key)
    path = session.get(BACKEND_SESSION_KEY)
    if SESSION_KEY not in session or path not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(path).get_user(User._meta.pk.to_python(session[SESSION_KEY]))  # noqa: SLF001
    if not isinstance(user, User) or not user.is_active:
        return None
    if not _is_of_password(session.get(HASH_SESSION_KEY, ""), user=user):
        return None
    return Standing(user_id=user.pk, role=role_of(user))


def _is_of_password(known: str, *, user: User) -> bool:
    """Whether the session was made with the password that the person still has."""
    valid: Final = [
        user.get_session_auth_hash(),
        *user.get_session_auth_fallback_hash(),
    ]
    return any(constant_time_compare(known, one) for one in valid)


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE)
