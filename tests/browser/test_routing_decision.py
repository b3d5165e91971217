"""One decision explained, as somebody looks at it."""

import itertools
import json
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Site

_numbers = itertools.count(1)
TEXT = "🫖 Pippa and Loam, what about tea?"


@pytest.fixture
def decision(site: Site) -> Callable[..., dict]:
    """A decision about a message, and what became of it."""

    def post(path: str, body: dict) -> dict:
        request = urllib.request.Request(
            f"{site.url}/api/v1/{path}",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {site.key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=15) as response:
            return json.loads(response.read())

    def decide(message: str = TEXT, **outcome) -> dict:
        channel_id = f"why-{next(_numbers)}"
        decided = post("route", {"channel_id": channel_id, "message": message})
        if outcome:
            post(f"decisions/{decided['decision_id']}/outcome", outcome)
        return decided

    decide.post = post
    return decide


@pytest.fixture
def opened(sign_in, decision) -> Callable[..., Page]:
    def open_one(**options) -> Page:
        decided = decision()
        page = sign_in(**options)
        page.goto(f"/routing/{decided['decision_id']}/")
        return page

    return open_one


def test_it_begins_with_one_sentence_and_marks_the_words(opened, keep):
    page = opened()

    expect(page.locator(".decision-sentence")).to_contain_text("Pippa")
    marks = page.locator(".decision-message mark")
    assert marks.all_inner_texts()[:2] == ["Pippa", "Loam"]
    expect(page.locator(".decision-message__text")).to_have_text(TEXT)
    keep(page, "routing-decision")


def test_marks_of_one_alone(opened):
    page = opened()
    pippa = page.locator(".decision-message mark", has_text="Pippa")
    loam = page.locator(".decision-message mark", has_text="Loam")

    page.get_by_label("Words that counted for").select_option(label="Loam")

    expect(pippa).to_have_class("decision-mark is-other")
    expect(loam).to_have_class("decision-mark")
    page.locator("#score-pippa a").focus()
    expect(pippa).to_have_class("decision-mark")
    expect(loam).to_have_class("decision-mark is-other")
    page.locator("#score-pippa a").blur()
    expect(loam).to_have_class("decision-mark")


def test_deciding_again_gives_the_same(opened):
    page = opened()

    page.get_by_role("button", name="Decide again").click()

    expect(page.get_by_text("Same result")).to_be_visible()


def test_why_not_somebody_else(opened):
    page = opened()

    page.locator("select[name=why_not]").select_option("barnaby_wick")
    page.get_by_role("button", name="Ask").click()

    expect(page.locator(".decision-answer")).to_contain_text(
        "Barnaby Wick is not named in the message"
    )


def test_all_of_it_works_without_scripts(opened):
    page = opened(java_script_enabled=False)

    page.get_by_role("button", name="Decide again").click()

    expect(page.get_by_text("Same result")).to_be_visible()
    expect(page.locator(".decision-message mark").first).to_have_text("Pippa")


def test_the_outcome_comes_in_by_itself(sign_in, decision):
    decided = decision()
    page = sign_in()
    page.goto(f"/routing/{decided['decision_id']}/")
    expect(page.locator("[data-live-status]").first).to_have_attribute(
        "data-state", "live"
    )
    expect(page.locator("#outcome")).to_contain_text("has not told yet")

    decision.post(
        f"decisions/{decided['decision_id']}/outcome",
        {"delivered": True, "latency_ms": 812, "reply_message_id": "r-1"},
    )

    expect(page.locator("#outcome")).to_contain_text("812 ms")


def test_axe_finds_nothing_and_it_fits_a_phone(opened, keep):
    page = opened()
    page.get_by_role("button", name="Decide again").click()
    expect(page.get_by_text("Same result")).to_be_visible()
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = axe_findings(page)
    assert found == {"light": [], "dark": []}

    page.set_viewport_size({"width": 360, "height": 740})

    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    keep(page, "phone-routing-decision")
    assert wider <= 0


def test_the_channel_leads_on(sign_in, decision):
    first = decision.post("route", {"channel_id": "why-way", "message": "Hello Pip"})
    second = decision.post("route", {"channel_id": "why-way", "message": "Hello Pippa"})
    page = sign_in()
    page.goto(f"/routing/{first['decision_id']}/")

    page.get_by_role("link", name="Later here").click()

    page.wait_for_url(f"**/routing/{second['decision_id']}/")
    page.keyboard.press("k")
    page.wait_for_url(f"**/routing/{first['decision_id']}/")
