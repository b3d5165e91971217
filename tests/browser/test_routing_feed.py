"""Decisions as they are made: bots ask by REST, the page hears of it."""

import itertools
import json
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Site

_numbers = itertools.count(1)
MANY = """
from tests.routing.decisions_data import make_decision
for number in range({count}):
    make_decision("pip", text=f"Burst {{number}}", channel_id="burst")
"""
# The longest time in which the page did not draw.
WATCH = """() => {
  window.longest = 0;
  let before = performance.now();
  const look = (now) => {
    window.longest = Math.max(window.longest, now - before);
    before = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.fixture
def ask(site: Site) -> Callable[..., dict]:
    """Asks who answers, as a bot does."""

    def send(message: str, *, channel: str) -> dict:
        body = {
            "channel_id": channel,
            "message_id": f"feed-{next(_numbers)}",
            "message": message,
        }
        request = urllib.request.Request(
            f"{site.url}/api/v1/route",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {site.key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=15) as response:
            return json.loads(response.read())

    return send


@pytest.fixture
def feed(sign_in, ask) -> Callable[[str], Page]:
    """The page of one channel, in which one message was answered before."""

    def open_feed(channel: str) -> Page:
        page = sign_in()
        ask("Hello Pip!", channel=channel)
        page.goto(f"/routing/?channel={channel}")
        expect(page.locator("[data-live-status]").first).to_have_attribute(
            "data-state", "live"
        )
        page.mouse.move(5, 5)
        return page

    return open_feed


def rows(page: Page):
    return page.locator(".decisions__row")


def test_a_decision_comes_in_by_itself(feed, ask, keep):
    page = feed("feed-live")

    ask("And you, Pippa?", channel="feed-live")

    first = rows(page).first
    expect(first).to_contain_text("And you, Pippa?")
    expect(first.locator(".decisions__winner")).to_have_text("Pippa")
    expect(first).to_contain_text("Named")
    expect(rows(page)).to_have_count(2)
    keep(page, "routing-feed")
    assert axe_findings(page) == []


def test_other_channels_stay_out(feed, ask):
    page = feed("feed-filter")

    ask("Elsewhere, Pip", channel="feed-other")
    ask("Here, Pip", channel="feed-filter")

    expect(rows(page).first).to_contain_text("Here, Pip")
    expect(rows(page)).to_have_count(2)


def test_paused_it_counts_and_shows_when_asked(feed, ask):
    page = feed("feed-pause")
    page.get_by_role("button", name="Pause").click()
    page.mouse.move(5, 5)

    for number in range(3):
        ask(f"Message {number}, Pip", channel="feed-pause")

    show = page.locator("[data-decisions-show]")
    expect(show).to_have_text("3 new · Show")
    expect(rows(page)).to_have_count(1)
    show.click()
    expect(rows(page)).to_have_count(4)
    expect(rows(page).first).to_contain_text("Message 2, Pip")
    expect(show).to_be_hidden()
    expect(page.get_by_role("button", name="Paused: go on")).to_be_focused()


def test_pointing_at_it_holds_it_back(feed, ask):
    page = feed("feed-hover")
    rows(page).first.hover()

    ask("One more, Pip", channel="feed-hover")

    expect(page.locator("[data-decisions-show]")).to_have_text("1 new · Show")
    expect(rows(page)).to_have_count(1)
    page.mouse.move(5, 5)
    expect(rows(page)).to_have_count(2)
    expect(page.locator("[data-decisions-show]")).to_be_hidden()


def test_after_a_lost_connection_nothing_is_missing(feed, ask):
    page = feed("feed-gap")
    page.context.set_offline(True)
    for number in range(4):
        ask(f"Missed {number}, Pip", channel="feed-gap")

    page.context.set_offline(False)

    expect(rows(page)).to_have_count(5)
    expect(rows(page).first).to_contain_text("Missed 3, Pip")


def test_very_many_at_once_do_not_freeze_it(feed, site):
    page = feed("burst")
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if "/rows/" in request.url else None,
    )
    page.evaluate(WATCH)
    started = page.evaluate("() => performance.now()")

    site.manage("shell", "-c", MANY.format(count=300))

    expect(rows(page).first).to_contain_text("Burst 299")
    expect(rows(page)).to_have_count(50)
    seconds = (page.evaluate("() => performance.now()") - started) / 1000
    assert len(asked) <= seconds + 2
    # Everything else runs on the same few cores.
    assert page.evaluate("() => window.longest") < 1_000


def test_keys_go_down_open_and_pause(feed, ask):
    page = feed("feed-keys")
    ask("Second, Pip", channel="feed-keys")
    expect(rows(page)).to_have_count(2)

    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Paused: go on")).to_be_visible()
    page.keyboard.press("j")
    expect(rows(page).nth(0).locator("a")).to_be_focused()
    page.keyboard.press("j")
    expect(rows(page).nth(1).locator("a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    page.wait_for_url("**/routing/*-*/")
    expect(page.locator(".decision-sentence")).to_contain_text("Pip")


def test_without_scripts_it_is_a_list_with_links(sign_in, ask):
    ask("Without scripts, Pip", channel="feed-plain")
    page = sign_in(java_script_enabled=False)
    page.goto("/routing/")
    page.get_by_label("Channel").select_option("feed-plain")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(rows(page)).to_have_count(1)
    rows(page).locator("a").click()

    expect(page.get_by_role("heading", name="The message")).to_be_visible()


def test_a_pasted_chat_link_leads_to_the_decision(sign_in, ask):
    decided = ask("By its link, Pip", channel="4711")
    message_id = f"feed-{next(_numbers) - 1}"
    page = sign_in()
    page.goto("/routing/")

    page.get_by_label("Go to a decision").fill(
        f"https://discord.com/channels/77/4711/{message_id}"
    )
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/routing/{decided['decision_id']}/")


def test_home_shows_who_answered_last(sign_in, ask):
    ask("For home, Pip", channel="feed-home")
    page = sign_in()
    page.goto("/")

    strip = page.locator("#home-routing")
    expect(strip.get_by_role("link", name="Pip: Named").first).to_be_visible()
