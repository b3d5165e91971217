"""Check that everything counted adds up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.services import checking


class Command(BaseCommand):
    """Says what is wrong, a line each; exits with 1 if anything is."""

    help = (
        "Check that feelings follow from their ledger, counts from reports, milestones"
        " from counts, and that live changes have no gaps. Changes nothing; may run"
        " beside the server."
    )

    def handle(self, **options: Any) -> None:
        """Raises CommandError with the number of findings."""
        found = checking.findings()
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(
                f"{len(found)} things do not add up. Keep a copy of the database, and"
                " report these lines."
            )
        self.stdout.write("Everything adds up.")
