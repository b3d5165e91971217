"""The one module that reads the environment; wiring only, policy is in rows.

Every variable is listed in ``docs/deploy.md``. A value that cannot be used
stops the start with its name, never with what it holds.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, *, default: str = "") -> str:
    """The variable, or the content of the file that ``NAME_FILE`` points to."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names a file that cannot be read: {error.strerror}."
            ) from error
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """Raises ImproperlyConfigured unless the value says yes or no."""
    value = text(name, default="1" if default else "").strip().lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"Set {name} to 1 or 0.")
    return value in _TRUE


def number(name: str, *, default: int, least: int = 0) -> int:
    """Raises ImproperlyConfigured unless the value is a whole number ≥ ``least``."""
    value = text(name, default=str(default))
    if not value.isdecimal() or int(value) < least:
        raise ImproperlyConfigured(f"Set {name} to a whole number from {least} up.")
    return int(value)


def items(name: str) -> list[str]:
    """Comma-separated values, without blanks."""
    return [item.strip() for item in text(name).split(",") if item.strip()]


def origin(name: str) -> str:
    """An address as ``scheme://host[:port]``, or empty; a path is refused."""
    value = text(name).rstrip("/")
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        raise ImproperlyConfigured(
            f"Set {name} to an address like https://cast.example.org, without a path."
        )
    return value


def endpoint(name: str) -> str:
    """An address of a service, path included, or empty; without a slash at its end."""
    value = text(name).strip().rstrip("/")
    if not value:
        return ""
    if not _is_endpoint(value):
        raise ImproperlyConfigured(
            f"Set {name} to an address like https://api.example.org/v1, without a"
            " password or a question mark in it."
        )
    return value


def _is_endpoint(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    has_more = parts.username or parts.password or parts.query or parts.fragment
    return parts.scheme in {"http", "https"} and has_place and not has_more


def header(name: str) -> str:
    """A secret that travels in a header, or empty."""
    value = text(name).strip()
    if not (value.isascii() and value.isprintable()):
        raise ImproperlyConfigured(
            f"{name} holds characters that no key has. Copy it again."
        )
    return value


def secret_key(var_dir: Path) -> str:
    """``SECRET_KEY``, else a random one kept beside the database for this machine."""
    value = text("SECRET_KEY")
    if value:
        if len(value) < 32:
            raise ImproperlyConfigured("Make SECRET_KEY at least 32 characters long.")
        return value
    path = var_dir / "secret_key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        pass
    var_dir.mkdir(parents=True, exist_ok=True)
    try:
        # Exclusive, so that of two processes starting at once only one writes.
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")
