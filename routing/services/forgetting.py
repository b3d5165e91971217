"""Old reports keep that they came, not who and where it was.

The row stays for ever, so that no event counts twice; after the time that the
history is kept in full, its details are emptied.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from relationships.domain.compacting import first_kept
from relationships.policy import retention_days
from routing.models import Interaction

AT_ONCE: Final = 2_000
LONGEST: Final = timedelta(minutes=4)
"""Then the next run goes on."""

_DETAILED: Final = ~Q(user_id="") | ~Q(channel_id="") | ~Q(server_id="") | ~Q(topics=[])


def forget_details(*, clock: Callable[[], datetime]) -> int:
    """Empty the details of old reports, in many small steps; of how many."""
    started_at = clock()
    before = first_kept(now=started_at, days=retention_days())
    old = Interaction.objects.filter(_DETAILED, created_at__lt=before).order_by("pk")
    forgotten = last = 0
    while clock() - started_at <= LONGEST:
        ids = list(old.filter(pk__gt=last).values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            break
        Interaction.objects.filter(pk__in=ids).update(
            user_id="", channel_id="", server_id="", topics=[]
        )
        forgotten += len(ids)
        last = ids[-1]
    return forgotten
