"""Clearing the database's cache of what has expired."""

from datetime import datetime

from django.conf import settings
from django.db import connection


def drop_expired(*, now: datetime) -> int:
    """Delete what nobody can read any more; how many entries.

    Django does it only once the table is full, and texts may be in it.
    """
    table = connection.ops.quote_name(settings.CACHES["default"]["LOCATION"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE expires < %s",  # noqa: S608 - our own name
            [connection.ops.adapt_datetimefield_value(now)],
        )
        dropped: int = cursor.rowcount
    return dropped
