"""Lets only our own pages open sockets.

A browser sends the session's cookie with a socket that any page opens, so the
page's origin has to be one of ours: scheme, host and port. Channels' own check
compares host names only.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[Any, Any, Any], Awaitable[None]]
Origin = tuple[str, str, int]

_PORTS: Final = {"http": 80, "https": 443}


def own_pages_only(application: Application) -> Application:
    """Refuse, with 403 and before accepting, sockets that other pages open."""

    async def judge(scope: Any, receive: Any, send: Any) -> None:
        serve = application if is_own(scope) else refuse
        await serve(scope, receive, send)

    return judge


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Answer the handshake with 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})


def is_own(scope: dict[str, Any]) -> bool:
    """Whether the handshake comes from a page of this site."""
    origins, hosts = (_header(scope, name) for name in (b"origin", b"host"))
    if len(origins) != 1 or len(hosts) != 1:
        return False
    origin, host = _parsed(origins[0]), hosts[0]
    domain, _ = split_domain_port(host)
    # As for pages: a foreign name that leads to this server is not ours.
    if (
        origin is None
        or not domain
        or not validate_host(domain, settings.ALLOWED_HOSTS)
    ):
        return False
    scheme = "https" if scope.get("scheme") in {"wss", "https"} else "http"
    ours = [f"{scheme}://{host}", *settings.ALLOWED_ORIGINS]
    return origin in [_parsed(one) for one in ours]


def _header(scope: dict[str, Any], name: bytes) -> list[str]:
    return [v.decode("latin-1") for n, v in scope["headers"] if n.lower() == name]


def _parsed(text: str) -> Origin | None:
    """Scheme, host and port; ``None`` unless it is an origin of the web."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
