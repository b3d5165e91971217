"""What has expired in the cache goes, what has not stays."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from core.services import cached
from core.tasks import prune_cache

pytestmark = pytest.mark.django_db


def kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM core_cache")
        return cursor.fetchone()[0]


def test_only_what_has_expired_is_dropped():
    cache.set("soon", "x" * 1000, 60)
    cache.set("later", "y", 3600)
    cache.set("never", "z", None)

    dropped = cached.drop_expired(now=timezone.now() + timedelta(minutes=2))

    assert dropped == 1
    assert kept() == 2
    assert cache.get("later") == "y"


def test_the_task_drops_nothing_that_can_be_read():
    cache.set("later", "y", 3600)

    assert prune_cache() == 0
    assert cache.get("later") == "y"
