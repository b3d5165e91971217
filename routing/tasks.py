"""Background work of this app; each task may run twice safely."""

from celery import shared_task
from django.utils import timezone

from routing.services import erasing, forgetting, quieting


@shared_task(name="routing.forget_details")
def forget_details() -> int:
    """Empty the details of old reports; of how many."""
    return forgetting.forget_details(clock=timezone.now)


@shared_task(name="routing.end_quiet")
def end_quiet() -> int:
    """Tell of quiet switches whose time is over; how many."""
    return quieting.end_due(now=timezone.now())


@shared_task(name="routing.erase_due_texts")
def erase_due_texts() -> int:
    """Erase texts of messages whose time has come; of how many decisions."""
    return erasing.erase_due_texts(clock=timezone.now)
