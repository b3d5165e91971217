"""Which addresses a webhook may have, as written and as resolved.

Source: ``reference/reliability.md`` §1 and §4 (row 62), restated: https, every
address that a name leads to must be public, and forms that hide another address
(mapped, translated, tunnelled) are judged by what they hide.
"""

import re
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Final
from urllib.parse import urlsplit

LENGTH: Final = 2000
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_LOCAL_NAMES: Final = ("localhost", "local", "internal", "home.arpa", "lan")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_TEREDO: Final = IPv6Network("2001::/32")
_DOCUMENTATION: Final = IPv6Network("3fff::/20")  # not yet known to Python 3.11

Address = IPv4Address | IPv6Address


class AddressRefused(Exception):
    """Nothing may be sent there; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: ``path`` with its query, ``host`` without brackets."""

    scheme: str
    host: str
    port: int
    path: str


def target_of(url: str, *, is_private_allowed: bool) -> Target:
    """The parts of an address that a webhook may have; names are not looked up.

    Raises:
        AddressRefused: it may not have it.
    """
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise AddressRefused(
            "Write the address without spaces, and letters beyond a–z in their"
            " encoded form (xn--… in names, %… behind them)."
        )
    if len(url) > LENGTH:
        raise AddressRefused(f"Addresses have at most {LENGTH} characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused(
            "This is no address. Write it like https://example.org/hook."
        ) from None
    _check_scheme(parts.scheme, is_private_allowed=is_private_allowed)
    if "@" in parts.netloc:
        raise AddressRefused(
            "Leave the name and password out of the address; messages are signed."
        )
    if parts.fragment or url.endswith("#"):
        raise AddressRefused("Leave out “#” and what follows; it is never sent.")
    host = parts.hostname or ""
    _check_host(host, is_private_allowed=is_private_allowed)
    usual = 443 if parts.scheme == "https" else 80
    _check_port(port, is_private_allowed=is_private_allowed)
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port or usual, f"{parts.path or '/'}{query}")


def _check_scheme(scheme: str, *, is_private_allowed: bool) -> None:
    if scheme == "https" or (scheme == "http" and is_private_allowed):
        return
    raise AddressRefused("The address must begin with https://.")


def _check_port(port: int | None, *, is_private_allowed: bool) -> None:
    if port is None or port == 443 or port >= 1024 or (port and is_private_allowed):
        return
    raise AddressRefused("The port must be 443 or one from 1024 up.")


def _check_host(host: str, *, is_private_allowed: bool) -> None:
    address = literal(host)
    if address is not None:
        if not (is_private_allowed or is_public(address)):
            raise AddressRefused(
                "This address is a private one; use one that is reachable from the"
                " internet."
            )
        return
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("The address names no host. Write https://example.org/…")
    # Resolvers read 2130706433, 0x7f.1 and 127.1 as addresses, each in its own way.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1], re.IGNORECASE):
        raise AddressRefused("Write numeric addresses as four numbers: 192.0.2.1.")
    name = f".{host.lower()}"
    is_local = any(name.endswith(f".{local}") for local in _LOCAL_NAMES)
    if not is_private_allowed and (is_local or len(labels) == 1):
        raise AddressRefused(
            f"“{host}” is a name of a private network; use one that is reachable from"
            " the internet."
        )


def literal(host: str) -> Address | None:
    """The address that ``host`` is, if it is no name; zones (``%eth0``) are names."""
    try:
        return None if "%" in host else ip_address(host)
    except (AddressValueError, ValueError):
        return None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet reaches the same machine by it."""
    if isinstance(address, IPv4Address):
        is_special = (
            address.is_multicast or address.is_reserved or address.is_unspecified
        )
        return address.is_global and not is_special
    hidden = _hidden_in(address)
    if hidden is not None:
        return is_public(hidden)
    # Teredo hides its client behind a server; nobody receives webhooks by it.
    is_odd = address in _TEREDO or address in _DOCUMENTATION
    return address in _GLOBAL_UNICAST and address.is_global and not is_odd


def _hidden_in(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at, if there is one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.sixtofour
