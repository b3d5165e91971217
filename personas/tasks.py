"""Background work of this app; each task may run twice safely."""

from typing import Final

from celery import shared_task
from django.utils import timezone

from personas.services import framework_runs, imports, labels

RESUME_SECONDS: Final = 5
"""How often runs that nobody works at are looked for."""


@shared_task(name="personas.move_due_labels")
def move_due_labels() -> int:
    """Do the scheduled label moves that are due."""
    return labels.move_due(now=timezone.now())


@shared_task(name="personas.publish_framework")
def publish_framework(*, run_id: int) -> None:
    """Prepare a framework's publish and switch, if nobody else is at it."""
    framework_runs.work(run_id=run_id, clock=timezone.now)


@shared_task(name="personas.resume_framework_runs")
def resume_framework_runs() -> int:
    """Take up publishes of frameworks whose worker is gone; how many."""
    ids = framework_runs.overdue(now=timezone.now())
    for run_id in ids:
        # Offered again the next time, if nobody takes it until then.
        publish_framework.apply_async(kwargs={"run_id": run_id}, expires=RESUME_SECONDS)
    return len(ids)


@shared_task(name="personas.read_imports")
def read_imports() -> int:
    """Read files that came in, for some seconds; how many were read."""
    return imports.read_waiting(clock=timezone.now)


@shared_task(name="personas.prune_imports")
def prune_imports() -> int:
    """Forget old imports that nobody finished; how many."""
    return imports.prune(now=timezone.now())
