"""``manage.py reindex_search``."""

from typing import Any

from core.management.migrated import MigratedCommand
from personas.services import searching


class Command(MigratedCommand):
    help = "Write anew what characters are found by. Safe at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{searching.reindex()} characters can be found.")
