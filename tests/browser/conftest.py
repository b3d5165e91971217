"""A real server process and a real browser for the tests in this folder."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.server import Server, Site

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Colours on their way from one to another are nobody's choice.
SETTLED = """() => Promise.allSettled(
  document.getAnimations()
    .filter((each) => each.playState === "running")
    .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
    .map((each) => each.finished))"""
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# Browsers and servers share few cores; who waits for nothing loses nothing.
PATIENCE = 30_000  # Milliseconds.
expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever measures speed runs alone, without having to say so."""
    for item in items:
        if item.path.stem.endswith("_speed"):
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()
    assert '"level": "error"' not in server.log.read_text(), server.log.read_text()


@pytest.fixture
def site(server: Server) -> Site:
    assert server.site is not None
    return server.site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Opens pages of new people's browsers; fails on script errors and CSP reports."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(**options) -> Page:
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture(scope="session")
def cookies() -> dict[tuple[str, str], Any]:
    """Of those who signed in before; key: the site's address and the name."""
    return {}


@pytest.fixture
def sign_in(open_page, site: Site, cookies) -> Callable[..., Page]:
    """A browser of the admin, or of another person, on the home page.

    Who signed in before is so still, as in a browser that was closed and opened
    again; only where the session has ended is the form filled in once more.
    """

    def enter(user: str = site.user, password: str = site.password, **options) -> Page:
        who = (site.url, user)
        page = open_page(**options)
        page.context.add_cookies(cookies.get(who, []))
        page.goto("/")
        if urlsplit(page.url).path != "/":
            fill_in_sign_in(page, user=user, password=password)
            cookies[who] = page.context.cookies()
        return page

    return enter


def fill_in_sign_in(page: Page, *, user: str, password: str) -> None:
    """Fill in the form of the page to sign in, which leads home."""
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")


@pytest.fixture
def keep(request) -> Callable[[Page, str], None]:
    """Keeps a screenshot where ``SCREENSHOTS`` names a folder."""
    folder = os.environ.get("SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return take


def axe_findings(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """What axe-core finds on the page, one line each; empty is good.

    ``rules`` are those that it applies; none means all.
    """
    page.evaluate(SETTLED)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{v['id']}: {node['target']} {node['failureSummary']}"
        for v in found["violations"]
        for node in v["nodes"]
    ]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block must not take longer."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start <= seconds
