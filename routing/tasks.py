"""Background work of this app; each task may run twice safely."""

from celery import shared_task
from django.utils import timezone

from routing.services import forgetting


@shared_task(name="routing.forget_details")
def forget_details() -> int:
    """Empty the details of old reports; of how many."""
    return forgetting.forget_details(clock=timezone.now)
