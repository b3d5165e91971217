"""Which address a request came from, by as many proxies as we were told of."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """The caller's IP address, or ``None`` if the server does not know it.

    Each of the ``TRUSTED_PROXIES`` proxies appends the address it was called
    from to ``X-Forwarded-For``; what stands further left was sent by the caller
    and is not believed.
    """
    trusted: int = settings.TRUSTED_PROXIES
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if 0 < trusted <= len(forwarded):
        found = _parsed(forwarded[-trusted])
        if found:
            return found
    return _parsed(request.META.get("REMOTE_ADDR") or "")


def _parsed(text: str) -> str | None:
    """The bare address: without port, brackets, zone or IPv4-in-IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)
