"""Background work of this app; each task may run twice safely."""

from random import SystemRandom

from celery import shared_task
from django.utils import timezone

from evolution.services import applying, offering


@shared_task(name="evolution.apply_stages")
def apply_stages() -> int:
    """Carry out what was decided about stages; how many went live or back."""
    return applying.apply_due(clock=timezone.now, rng=SystemRandom())


@shared_task(name="evolution.offer_stages")
def offer_stages() -> int:
    """Offer stages that were published below a count meanwhile; how many."""
    now = timezone.now()
    offering.unflag(now=now)
    return offering.sweep(now=now)
