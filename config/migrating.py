"""Migrating before serving, by one process at a time."""

from django.core.management import call_command
from django.db import connection

_LOCK = 7_205_118  # any number that nobody else uses


def migrate() -> None:
    """Bring the database up to date; of several that start at once, one does it.

    SQLite's own write lock does the same where the database is a file.
    """
    if connection.vendor != "postgresql":
        call_command("migrate", interactive=False, verbosity=0)
        return
    with connection.cursor() as cursor:
        # Whoever waits must wait for as long as the other migrates.
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    # The next user of the connection gets the bounds that settings give it.
    connection.close()
