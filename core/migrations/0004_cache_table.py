"""The table behind Django's cache: sign-in limits, shared by all processes."""

from django.core.management import call_command
from django.db import migrations

TABLE = "core_cache"


def add_table(apps, schema_editor):
    call_command(
        "createcachetable",
        TABLE,
        database=schema_editor.connection.alias,
        verbosity=0,
    )


def remove_table(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(TABLE)}")


class Migration(migrations.Migration):
    dependencies = [("core", "0003_audit_append_only")]

    operations = [migrations.RunPython(add_table, remove_table)]
