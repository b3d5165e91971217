"""Signing in, editing, publishing and seeing it live, as people do."""

import json
import re
import urllib.error

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import within


def edit_description(page: Page, text: str, *, name: str = "Pip") -> None:
    """Through the list, the form and its button, as a curator would."""
    page.goto("/admin/personas/character/")
    page.get_by_role("row").filter(has_text=name).first.get_by_role(
        "link", name="Edit"
    ).click()
    page.get_by_label("Description", exact=True).first.fill(text)
    page.get_by_role("button", name="Save draft").click()
    # Told once everything is saved; the head says when it was saved before.
    expect(page.get_by_text("Bots do not see it yet").first).to_be_visible()


def publish(page: Page, character_id: str, note: str) -> None:
    page.goto(f"/publish/?ids={character_id}")
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Publish").click()
    expect(page.get_by_text(note).first).to_be_visible()


def prompt(site, character_id: str = "pip") -> dict:
    return json.loads(site.get(f"/api/v1/personas/{character_id}/prompt"))


def test_wrong_password_is_refused_with_words(open_page, keep):
    page = open_page()
    page.goto("/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("is not right").first).to_be_visible()
    keep(page, "sign-in-refused")


@pytest.mark.alone
def test_edit_is_published_and_seen_by_bot_and_second_browser(sign_in, site, keep):
    page, other = sign_in(), sign_in()
    other.goto("/")
    expect(other.locator("[data-live-status]").first).to_have_attribute(
        "data-state", "live"
    )
    text = "A kettle on wheels who has just learned to whistle."

    version = prompt(site)["version"]

    edit_description(page, text)
    keep(page, "edited")
    assert text not in prompt(site)["system_prompt"]

    publish(page, "pip", "Pip learned to whistle")
    keep(page, "published")
    with within(1.5):
        expect(other.get_by_text("Pip learned to whistle").first).to_be_visible()
    keep(other, "live-update")
    served = prompt(site)
    assert text in served["system_prompt"]
    assert served["version"] == version + 1


def test_undo_from_home_brings_the_old_prompt_back(sign_in, site, keep):
    page = sign_in()
    before = prompt(site, "loam")
    edit_description(page, "A golem who regrets this sentence.", name="Loam")
    publish(page, "loam", "A regrettable edit")
    page.goto("/")

    page.get_by_role("button", name="Undo : A regrettable edit").first.click()
    page.locator("dialog[open]").get_by_role("button", name="Take back").click()

    expect(page.get_by_text("Taken back.").first).to_be_visible()
    keep(page, "undone")
    assert prompt(site, "loam") == {
        **before,
        "label": "production",
    }


def test_two_curators_saving_one_draft_lose_nothing(sign_in, keep):
    first, second = sign_in(), sign_in()
    for page in (first, second):
        page.goto("/admin/personas/character/")
        page.get_by_role("row").filter(has_text="Barnaby").first.get_by_role(
            "link", name="Edit"
        ).click()
    first.get_by_label("Description", exact=True).first.fill("What the first wrote.")
    first.get_by_role("button", name="Save draft").click()
    expect(first.locator("[data-save-state]")).to_contain_text("Saved")

    second.get_by_label("Description", exact=True).first.fill("What the second wrote.")
    second.get_by_role("button", name="Save draft").click()

    expect(second.get_by_text("What the first wrote.").first).to_be_visible()
    expect(second.get_by_label("Description", exact=True).first).to_have_value(
        "What the second wrote."
    )
    keep(second, "conflict")


def test_killed_server_loses_nothing_and_the_page_recovers(sign_in, server, site, keep):
    page = sign_in()
    page.goto("/")
    expect(page.locator("[data-live-status]").first).to_have_attribute(
        "data-state", "live"
    )
    served = prompt(site)

    server.kill()
    status = page.locator("[data-live-status]").first
    expect(status).to_have_attribute(
        "data-state", re.compile("^(offline|behind|connecting)$"), timeout=15_000
    )
    keep(page, "server-gone")
    server.start()

    expect(status).to_have_attribute("data-state", "live", timeout=15_000)
    assert prompt(site) == served
    assert page.reload().status == 200


def test_viewer_sees_and_may_not_change(sign_in, open_page, site, keep):
    admin = sign_in()
    admin.goto("/invitations/")
    admin.get_by_label("Viewer").check()
    admin.get_by_role("button", name="Make the link").click()
    address = admin.locator("#invitation-link").inner_text()

    page = open_page()
    page.goto(address)
    page.get_by_label("Username").fill("vesna")
    page.get_by_label("Password", exact=True).fill("a-long-enough-secret")
    page.get_by_label("Password once more").fill("a-long-enough-secret")
    keep(page, "join")
    page.get_by_role("button", name="Join").click()
    page.wait_for_url("/")

    assert page.goto("/characters/pip/").status == 200
    assert page.goto("/publish/?ids=pip").status == 403
    keep(page, "viewer-refused")
    assert page.goto("/keys/").status == 403
    assert page.goto("/admin/personas/character/").status == 200


def test_without_a_key_a_bot_gets_nothing(site):
    with pytest.raises(urllib.error.HTTPError) as caught:
        site.get("/api/v1/personas", Authorization="Bearer wrong")

    with caught.value as answer:
        assert answer.code == 401
