"""Fixtures for every test."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_socket import socket_allow_hosts

from core import keys, rates
from core.live import watcher
from personas import lore_firings
from personas.services import lore_trying
from tests.flushing import flush_empties_all

__all__ = ["flush_empties_all"]


def pytest_configure(config: pytest.Config) -> None:
    """A database of this run's own, so that several may run side by side."""
    config.addinivalue_line(
        "markers", "alone: it measures time, so no other test may run beside it"
    )
    config.addinivalue_line(
        "markers",
        "own_database: its processes bring theirs, so it need not run on another one",
    )
    config.addinivalue_line(
        "markers", "example: one of a pure rule, whose outcome no database changes"
    )
    # Limits by the clock tell of the machine, not of what is tested.
    # Each run draws others: many runs find what one with more examples would.
    examples.register_profile(
        "patient",
        deadline=None,
        max_examples=40,
        suppress_health_check=[HealthCheck.too_slow],
    )
    examples.load_profile("patient")
    # Every test client has middleware of its own, which would read all static files.
    settings.WHITENOISE_AUTOREFRESH = True
    # Argon2 takes a tenth of a second on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        # A file, so that threads and processes of a test share it.
        # Nor need it outlast a power cut.
        database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
        folder = tempfile.mkdtemp(prefix="dramatis-test-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        database.setdefault("TEST", {})["NAME"] = str(Path(folder) / "test.sqlite3")
    else:
        database.setdefault("TEST", {})["NAME"] = f"test_dramatis_{os.getpid()}"
        # The pool's connections would outlive the test database.
        database["OPTIONS"].pop("pool", None)
        database["OPTIONS"]["options"] += " -c synchronous_commit=off"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Tell examples of pure rules from what is drawn."""
    for item in items:
        is_drawn = getattr(item.obj, "is_hypothesis_test", False)
        if item.path.parent.name == "domain" and not is_drawn:
            item.add_marker(pytest.mark.example)


@pytest.fixture(autouse=True)
def rested() -> None:
    """What this process remembers of the test before is forgotten."""
    rates.limiter.cache_clear()
    watcher.PROCESS._failed_at = None
    lore_trying.forget()
    # What waits to be written would be written by whichever test ends a request next.
    keys.LAST_USES.__init__()
    lore_firings.FIRINGS.__init__()


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Only this machine may be talked to."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
