"""``manage.py publish ID… | --all``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from core.management.migrated import MigratedCommand
from personas.models import Character, Framework
from personas.models.frameworks import unpublished
from personas.models.labels import PRODUCTION
from personas.services import frameworks, labels, publishing
from personas.services.publishing import Outcome


class Command(MigratedCommand):
    help = "Publish drafts of characters, by id or all that changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID", help="character ids")
        parser.add_argument(
            "--all",
            action="store_true",
            help="every framework, then every character, with unpublished changes",
        )
        parser.add_argument(
            "--framework", action="append", default=[], metavar="ID", dest="frameworks"
        )
        parser.add_argument("--label", default=PRODUCTION)
        parser.add_argument("--note", default="Published by command")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per framework and character; exit 1 if any was refused."""
        ids, framework_ids = list(options["ids"]), list(options["frameworks"])
        if bool(ids or framework_ids) == options["all"]:
            raise CommandError("Name the ids to publish, or --all.")
        if not labels.is_label_name(options["label"]):
            raise CommandError("A label has lower-case letters, digits and dashes.")
        if options["all"]:
            framework_ids = list(
                Framework.objects.active()
                .filter(unpublished())
                .order_by("framework_id")
                .values_list("framework_id", flat=True)
            )
        refused = 0
        for framework_id in framework_ids:
            refused += self._framework(framework_id, note=options["note"])
        if options["all"]:
            rows = Character.objects.active().with_unpublished_changes()
            ids = list(
                rows.order_by("character_id").values_list("character_id", flat=True)
            )
        if ids:
            outcome = publishing.publish(
                character_ids=ids,
                note=options["note"],
                author=None,
                now=timezone.now(),
                label=options["label"],
            )
            refused += self._report(outcome)
        elif not framework_ids:
            self.stdout.write("Nothing has changed.")
        if refused:
            raise CommandError(f"{refused} not published; see above.", returncode=1)

    def _framework(self, framework_id: str, *, note: str) -> int:
        try:
            outcome = frameworks.publish_framework(
                framework_id=framework_id, note=note, author=None, now=timezone.now()
            )
        except Framework.DoesNotExist as error:
            raise CommandError(f"There is no framework {framework_id}.") from error
        self.stdout.write(f"framework {framework_id}")
        return self._report(outcome)

    def _report(self, outcome: Outcome) -> int:
        for character_id, number in outcome.published.items():
            self.stdout.write(f"published {character_id} v{number}")
        for character_id in outcome.unchanged:
            self.stdout.write(f"unchanged {character_id}")
        for character_id in outcome.edited_meanwhile:
            self.stdout.write(f"edited meanwhile {character_id}")
        for character_id, reason in outcome.refused.items():
            self.stdout.write(f"refused {character_id}: {reason}")
        for character_id, warnings in outcome.warnings.items():
            for warning in warnings:
                self.stdout.write(f"note {character_id}: {warning}")
        return len(outcome.refused) + len(outcome.edited_meanwhile)
