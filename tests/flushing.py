"""Lets transactional tests empty the tables that Django cannot empty itself.

After a test with ``transactional_db`` Django empties the tables of all models.
On SQLite it does so by DELETE, which the triggers of ``core.append_only``
refuse: they are dropped first and put back last, in the same transaction. On
Postgres it truncates, which makes each table's files anew and waits for the disk, a
second for every test; deleting the few rows is a hundred times as fast, with
triggers and foreign keys asleep until the transaction ends. Only a superuser may do
that; for others it is the usual way.
The cache's table belongs to no model; it is emptied with the others.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.postgresql.base import DatabaseWrapper as Postgres
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

from core.append_only import PREFIX

CACHE_TABLE = "core_cache"


def _triggers(operations: BaseDatabaseOperations) -> list[tuple[str, str]]:
    """Name and SQL of each trigger that refuses on SQLite."""
    with operations.connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'trigger' AND name GLOB %s",
            [f"{PREFIX}_*"],
        )
        return cursor.fetchall()


def _is_superuser(operations: BaseDatabaseOperations) -> bool:
    with operations.connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()[0]


def _emptying_all(flush: Callable[..., list[str]]) -> Callable[..., list[str]]:
    def sql_flush(
        self: BaseDatabaseOperations, style: Any, tables: list[str], **options: Any
    ) -> list[str]:
        if self.connection.vendor == "postgresql":
            if not _is_superuser(self):
                return flush(self, style, [*tables, CACHE_TABLE], **options)
            return [
                "SET LOCAL session_replication_role = replica",
                *(
                    f"DELETE FROM {self.quote_name(name)}"
                    for name in (*tables, CACHE_TABLE)
                ),
            ]
        triggers = _triggers(self)
        return [
            *(f"DROP TRIGGER {self.quote_name(name)}" for name, _ in triggers),
            *flush(self, style, [*tables, CACHE_TABLE], **options),
            *(sql for _, sql in triggers),
        ]

    return sql_flush


@pytest.fixture(scope="session", autouse=True)
def flush_empties_all() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for operations in (SQLite.ops_class, Postgres.ops_class):
            patch.setattr(operations, "sql_flush", _emptying_all(operations.sql_flush))
        yield
