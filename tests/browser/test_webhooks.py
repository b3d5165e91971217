"""Webhooks in a real browser: the outcome of a test arrives by itself."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import axe_findings


@pytest.fixture
def page(sign_in):
    """The page of a new webhook, whose receiver does not exist."""
    page = sign_in()
    page.goto("/webhooks/new/")
    page.get_by_label("Name").fill("Nobody")
    page.get_by_label("Address").fill("https://receiver.invalid/hook")
    page.get_by_label("A character goes live").check()
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.locator("#webhook-secret")).to_contain_text("whsec_")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="Nobody")).to_be_visible()
    yield page
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_outcome_of_a_test_is_shown_when_it_arrives(page, width, keep):
    page.set_viewport_size({"width": width, "height": 740})

    page.get_by_role("button", name="Send a test").click()

    # Its name is looked up, or that takes too long; nothing is asked of the page.
    row = page.get_by_role("row", name="Test")
    expect(row.get_by_text("Given up")).to_be_visible()
    expect(row).to_contain_text("1")
    keep(page, f"webhook-{width}")
    assert axe_findings(page) == []
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Attempts")).to_be_visible()
    assert axe_findings(page) == []
    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    assert wider <= 0
    page.get_by_role("link", name="Nobody").click()
    expect(page.get_by_role("heading", name="Sent")).to_be_visible()


def test_pause_and_resume_can_be_seen(page):
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Pause").click()
    paused = page.get_by_text("Paused; nothing is sent to it, except tests.")
    expect(paused).to_be_visible()

    page.get_by_role("button", name="Resume").first.click()

    expect(page.get_by_text("Messages are sent to it again.")).to_be_visible()
    expect(paused).to_have_count(0)
