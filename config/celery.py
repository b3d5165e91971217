"""Background work; ``celery -A config worker -B`` where a broker is set."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("dramatis")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: settings.INSTALLED_APPS)


@setup_logging.connect
def _keep_our_logs(**_: Any) -> None:
    """Connected, so that Celery leaves the log configuration alone."""
