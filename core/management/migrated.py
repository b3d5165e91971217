"""Commands that need the tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class MigratedCommand(BaseCommand):
    """Says what to do when the database is not up to date, instead of failing in it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Raises CommandError on a database with migrations still to come."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError(
                "The database is not up to date. Run manage.py migrate first."
            )
        return super().execute(*args, **options)
