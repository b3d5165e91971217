"""Comparing, asking for a review, publishing and going back, as people do it."""

import json
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings, within

SECRET = "a-long-enough-secret"
# Both while the server is away: what falls due, and what came to its end.
FALLS_DUE = """
from datetime import timedelta
from django.utils import timezone
from personas.services import labels
now = timezone.now()
labels.schedule(
    character_id="loam", label="staging", move_at=now + timedelta(seconds=1),
    until=now + timedelta(hours=1), note="Only for the fair", author=None, now=now,
)
"""
ENDS = """
from django.utils import timezone
from personas.models import ScheduledMove
ScheduledMove.objects.filter(
    character__character_id="loam"
).update(until=timezone.now())
"""


@pytest.fixture
def join(sign_in, open_page, site):
    """A browser of somebody new with a role, by its title."""

    def enter(role: str, name: str, **options) -> Page:
        admin = sign_in()
        admin.goto("/invitations/")
        admin.get_by_label(role).check()
        admin.get_by_role("button", name="Make the link").click()
        address = admin.locator("#invitation-link").inner_text()
        page = open_page(**options)
        page.goto(address)
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password", exact=True).fill(SECRET)
        page.get_by_label("Password once more").fill(SECRET)
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("/")
        return page

    return enter


def open_editor(page: Page, character_id: str) -> None:
    page.goto(f"/characters/{character_id}/edit/")
    expect(page.get_by_role("tab", name="Diff")).to_be_visible()


def describe(page: Page, text: str) -> None:
    """Type a description and have it saved."""
    page.get_by_label("Description", exact=True).first.fill(text)
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved. Bots do not see it yet.").first).to_be_visible()


def confirm(page: Page, name: str) -> None:
    page.locator("dialog[open]").get_by_role("button", name=name).click()


def needs(page: Page):
    return page.locator("#home-needs")


def test_a_review_is_asked_for_sent_back_and_dismissed(join, sign_in, keep):
    curator, manager = join("Curator", "nina"), sign_in()
    manager.goto("/")
    open_editor(curator, "page")
    describe(curator, "A page boy who remembers every name but his own.")

    curator.get_by_role("link", name="Ask for review").click()
    keep(curator, "review-asking")
    assert axe_findings(curator) == []
    curator.locator("dialog[open]").get_by_label("Note").fill("He is funnier so.")
    curator.get_by_role("button", name="Ask", exact=True).click()

    expect(curator.get_by_text("Review asked")).to_be_visible()
    assert curator.url.endswith("/characters/page/edit/")
    # The manager's home page moves by itself.
    expect(needs(manager)).to_contain_text("nina asks to publish Page.")
    expect(needs(manager)).to_contain_text("He is funnier so.")
    keep(manager, "review-needs-you")

    manager.get_by_role("link", name="Look at it").click()
    expect(manager.get_by_text("Publishing it as Live answers this.")).to_be_visible()
    keep(manager, "review-publish-sheet")
    manager.get_by_role("link", name="Send it back instead").click()
    manager.get_by_label("Note").fill("Keep the lantern.")
    manager.get_by_role("button", name="Send back").click()
    expect(manager.get_by_text("Sent back to nina").first).to_be_visible()

    curator.goto("/")
    expect(needs(curator)).to_contain_text("Keep the lantern.")
    keep(curator, "review-sent-back")
    curator.get_by_role("button", name="Dismiss").click()
    expect(curator.get_by_text("Dismissed.").first).to_be_visible()
    expect(needs(curator)).not_to_contain_text("Keep the lantern.")


def test_publishing_answers_the_request(join, sign_in, site):
    curator, manager = join("Curator", "otto"), sign_in()
    open_editor(curator, "pip")
    describe(curator, "A kettle who whistles at dawn.")
    curator.get_by_role("link", name="Ask for review").click()
    curator.locator("dialog[open]").get_by_label("Note").fill("Dawn is better.")
    curator.get_by_role("button", name="Ask", exact=True).click()
    expect(curator.get_by_text("Review asked")).to_be_visible()

    manager.goto("/publish/?ids=pip")
    manager.get_by_label("Note").fill("Yes, dawn.")
    manager.get_by_role("button", name="Publish", exact=True).click()
    confirm(manager, "Publish")
    expect(manager.get_by_text("1 character published as Live").first).to_be_visible()

    manager.goto("/")
    expect(needs(manager)).not_to_contain_text("otto")
    served = json.loads(site.get("/api/v1/personas/pip/prompt"))
    assert "A kettle who whistles at dawn." in served["system_prompt"]


def test_rolling_back_and_undoing_from_the_history(sign_in, site, keep):
    page = sign_in()
    before = json.loads(site.get("/api/v1/personas/barnaby_wick/prompt"))
    open_editor(page, "barnaby_wick")
    describe(page, "A keeper who regrets this sentence.")
    page.goto("/publish/?ids=barnaby_wick")
    page.get_by_label("Note").fill("A regrettable edit")
    page.get_by_role("button", name="Publish", exact=True).click()
    confirm(page, "Publish")
    expect(page.get_by_text("1 character published").first).to_be_visible()
    open_editor(page, "barnaby_wick")
    page.get_by_role("tab", name="History").click()
    pane = page.locator("[data-dock-pane=history]")
    expect(pane).to_contain_text("A regrettable edit")
    keep(page, "editor-history")
    assert axe_findings(page) == []

    pane.get_by_role("button", name="Roll back to version 1").click()
    confirm(page, "Roll back")

    expect(page.get_by_text("Version 1 is Live now.").first).to_be_visible()
    after = json.loads(site.get("/api/v1/personas/barnaby_wick/prompt"))
    assert after["version"] == 1
    assert after["system_prompt"] == before["system_prompt"]
    page.get_by_role("tab", name="History").click()
    pane.get_by_role("button", name="Undo : Back to version 1").click()
    confirm(page, "Take back")
    expect(page.get_by_text("Taken back.").first).to_be_visible()
    again = json.loads(site.get("/api/v1/personas/barnaby_wick/prompt"))
    assert again["version"] == 2


def test_the_diff_follows_its_choices_and_what_is_typed(sign_in, keep):
    page = sign_in()
    open_editor(page, "pip")
    description = page.get_by_label("Description", exact=True).first
    description.fill("A kettle who has read one book, twice.")
    page.get_by_role("tab", name="Diff").click()
    pane = page.locator("[data-dock-pane=diff]")
    expect(pane.locator(".field-diff")).to_contain_text("read one book")
    keep(page, "editor-diff")
    assert axe_findings(page) == []

    pane.get_by_label("Kind of conversation").select_option("casual")
    expect(pane.locator(".diff__label")).to_contain_text("Casual: ")
    describe(page, "A kettle who has read two books.")

    expect(pane.locator(".field-diff")).to_contain_text("two books")
    expect(pane.get_by_label("Kind of conversation")).to_have_value("casual")
    expect(description).to_have_value("A kettle who has read two books.")


def test_the_diff_and_the_history_fit_a_phone(sign_in, keep):
    page = sign_in(viewport={"width": 360, "height": 740})
    open_editor(page, "loam")
    for name in ("Diff", "History"):
        page.get_by_role("tab", name=name).click()
        expect(
            page.locator(f"[data-dock-pane={name.lower()}] h2").first
        ).to_be_visible()

        keep(page, f"phone-editor-{name.lower()}")
        wider = page.evaluate(
            "() => document.documentElement.scrollWidth - window.innerWidth"
        )
        assert wider <= 0
        assert axe_findings(page) == []


def test_a_scheduled_move_survives_restarts_both_ways(server, site):
    server.kill()
    site.manage("shell", "-c", FALLS_DUE)
    server.start()
    with within(30):
        while not _is_on_trial(site):
            time.sleep(0.2)

    server.kill()
    site.manage("shell", "-c", ENDS)
    server.start()
    with within(30):
        while _is_on_trial(site):
            time.sleep(0.2)


def _is_on_trial(site) -> bool:
    listed = json.loads(site.get("/api/v1/personas?label=staging"))
    return "loam" in [row["character_id"] for row in listed["results"]]
