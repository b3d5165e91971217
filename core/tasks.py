"""Background work of this app; each task may run twice safely."""

import threading
from random import SystemRandom
from typing import Final

from celery import shared_task
from django.utils import timezone

from core.live.changes import prune
from core.services import cached, webhook_sending

_delivering: Final = threading.Lock()


@shared_task(name="core.prune")
def prune_live_changes() -> None:
    """Drop live changes that nobody can still be waiting for."""
    prune(now=timezone.now())


@shared_task(name="core.prune_cache")
def prune_cache() -> int:
    """Drop what has expired in the cache."""
    return cached.drop_expired(now=timezone.now())


@shared_task(name="core.deliver_webhooks")
def deliver_webhooks() -> int:
    """Make the attempts at webhooks that are due; how many."""
    # One at a time in this process: a webhook that hangs must not take the threads
    # that other work waits for.
    if not _delivering.acquire(blocking=False):
        return 0
    try:
        return webhook_sending.deliver(clock=timezone.now, rng=SystemRandom())
    finally:
        _delivering.release()


@shared_task(name="core.prune_webhooks")
def prune_webhooks() -> int:
    """Drop messages to webhooks that are old; how many."""
    return webhook_sending.prune(now=timezone.now())
