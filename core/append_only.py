"""Tables whose rows the database itself refuses to change.

SQLite drops a table's triggers whenever a later migration rebuilds the table
(any ``AlterField`` does); such a migration must apply ``append_only`` again.
"""

from typing import Any, Final

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PREFIX: Final = "append_only"
"""Triggers are named ``append_only_<table>_<event>``."""

# The state of 23000 makes Django raise IntegrityError on both databases.
_POSTGRES_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION {PREFIX}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = '23000', MESSAGE = TG_TABLE_NAME || ' is append-only';
END $$
"""


def append_only(table: str, *, allow_delete: bool = False) -> migrations.RunPython:
    """A migration operation that makes ``table`` refuse UPDATE and DELETE.

    With ``allow_delete`` rows may go, but never change. Reversing it lifts the
    refusal. Refused statements raise ``django.db.IntegrityError``.
    """
    events = ["UPDATE"] if allow_delete else ["UPDATE", "DELETE"]

    def forbid(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        _drop(schema_editor, table=table, events=events)
        _create(schema_editor, table=table, events=events)

    def lift(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        _drop(schema_editor, table=table, events=events)

    return migrations.RunPython(forbid, lift)


def _create(
    schema_editor: BaseDatabaseSchemaEditor, *, table: str, events: list[str]
) -> None:
    on = schema_editor.quote_name(table)
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    if not is_sqlite:
        schema_editor.execute(_POSTGRES_FUNCTION)
    for event in events:
        name = _trigger(schema_editor, table=table, event=event)
        if is_sqlite:
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {on} BEGIN"
                f" SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        else:
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {on}"
                f" FOR EACH ROW EXECUTE FUNCTION {PREFIX}()"
            )


def _drop(
    schema_editor: BaseDatabaseSchemaEditor, *, table: str, events: list[str]
) -> None:
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    on = "" if is_sqlite else f" ON {schema_editor.quote_name(table)}"
    for event in events:
        name = _trigger(schema_editor, table=table, event=event)
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def _trigger(schema_editor: BaseDatabaseSchemaEditor, *, table: str, event: str) -> str:
    return schema_editor.quote_name(f"{PREFIX}_{table}_{event.lower()}")
