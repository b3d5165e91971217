"""Background work of this app; each task may run twice safely."""

from celery import shared_task
from django.utils import timezone

from relationships.services import compacting


@shared_task(name="relationships.compact")
def compact() -> int:
    """Fold old days of the ledger; how many rows are gone."""
    return compacting.compact(clock=timezone.now)
