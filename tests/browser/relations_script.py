"""What tests of relationships ask of pages and of a server."""

import json
import time
import urllib.request
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page

from tests.browser.server import Site

STATE = """async () => {
  const { store } = await import("/static/js/relations-store.js");
  const rows = [...store.directions];
  return Object.fromEntries(rows.map(([key, { value }]) => [key, value]));
}"""
DRAWN = """async () => (await import("/static/js/relations-graph.js")).drawn()"""


def report(site: Site, who: str, kind: str, other: str) -> dict[str, Any]:
    """Tell as a bot that ``who`` acted toward ``other``."""
    event = {
        "id": uuid4().hex,
        "character_id": who,
        "kind": kind,
        "other_character_id": other,
    }
    request = urllib.request.Request(
        f"{site.url}/api/v1/interactions",
        data=json.dumps(event).encode(),
        headers={
            "Authorization": f"Bearer {site.key}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read())


def felt(site: Site) -> dict[str, int]:
    """Direction → thousandths, as bots read them."""
    data = json.loads(site.get("/api/v1/relationships"))
    return {
        f"{pair['source']}>{pair['target']}": round(1_000 * pair["affinity"])
        for pair in data["pairs"]
    }


def state(page: Page) -> dict[str, int]:
    """The same, as the page knows it."""
    return page.evaluate(STATE)


def drawn(page: Page) -> dict[str, Any]:
    """``lines`` of the graph with their values, ``places`` of characters."""
    return page.evaluate(DRAWN)


def wait_until_equal(page: Page, site: Site, *, seconds: float = 5) -> float:
    """How long it took until the page knew what bots read; fails if it never does."""
    start = time.monotonic()
    while True:
        # A minute may pass between the two.
        known, read = state(page), felt(site)
        took = time.monotonic() - start
        if known == read:
            return took
        if took > seconds:
            different = {k: (known.get(k), read.get(k)) for k in known.keys() | read}
            raise AssertionError({k: v for k, v in different.items() if v[0] != v[1]})
        page.wait_for_timeout(100)
