"""How many queries a page asks, whatever the process already knows."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def queries(client: Client, url: str) -> int:
    """Queries of one GET, after another that fills the caches of the process."""
    assert client.get(url).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return len(captured)
