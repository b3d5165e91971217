"""The grid of channels and the page of one, in a browser."""

import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

CHANNELS = [
    {"id": "4711", "name": "general", "category_id": "k1"},
    {"id": "t1", "name": "A thread", "parent_id": "4711"},
    {"id": "k1", "name": "Talk"},
    {"id": "lone/some", "name": ""},
]


@pytest.fixture(scope="module", autouse=True)
def told(server):
    """Channels, told of by the bot of the site."""
    request = urllib.request.Request(
        f"{server.site.url}/api/v1/channels/sync",
        data=json.dumps(CHANNELS).encode(),
        headers={
            "Authorization": f"Bearer {server.site.key}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


@pytest.fixture
def page(sign_in) -> Page:
    page = sign_in()
    page.goto("/channels/")
    return page


def sign(page: Page, label: str):
    return page.get_by_role("button", name=label)


def test_a_sign_is_pressed_and_pressed_back(page, keep):
    cell = sign(page, "Pip in general:")
    expect(cell).to_have_text("·")

    cell.click()

    expect(page.get_by_text("never answers in general now.")).to_be_visible()
    expect(cell).to_have_text("✕")
    expect(cell).to_be_focused()
    # The thread inherits it.
    expect(
        sign(page, "Pip in A thread: never answers, from its channel")
    ).to_be_visible()
    keep(page, "channels-pressed")
    assert axe_findings(page) == []

    cell.press("Enter")

    expect(cell).to_have_text("·")


def test_arrow_keys_go_from_sign_to_sign(page):
    cell = sign(page, "Pip in general:")
    cell.focus()

    page.keyboard.press("ArrowDown")

    expect(sign(page, "Pip in A thread:")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    expect(sign(page, "Pip in A thread:")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(cell).to_be_focused()


def test_names_stay_while_the_rest_scrolls(page):
    page.set_viewport_size({"width": 420, "height": 600})
    frame = page.locator(".channels-grid__frame")
    name = page.get_by_role("rowheader", name="general")
    before = name.bounding_box()

    frame.evaluate("(frame) => { frame.scrollLeft = 200; }")

    assert frame.evaluate("(frame) => frame.scrollLeft") > 0
    assert name.bounding_box()["x"] == before["x"]


def test_settings_are_saved_and_undone(page, keep):
    page.get_by_role("link", name="Channel lone/some", exact=True).click()
    page.get_by_label("When characters answer").select_option("freely")

    page.get_by_role("button", name="Save").click()

    holds = page.locator(".channel-holds")
    expect(holds).to_contain_text("Freely set here")
    keep(page, "channel-saved")
    assert axe_findings(page) == []
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(holds).to_contain_text("When named, or in conversation nothing set")


def test_without_scripts_a_press_works_too(open_page, site):
    page = open_page(java_script_enabled=False)
    page.goto("/channels/")
    page.get_by_label("Username").fill(site.user)
    page.get_by_label("Password", exact=True).fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.goto("/channels/?q=general")

    sign(page, "Pip in general:").click()

    assert "q=general" in page.url
    expect(sign(page, "Pip in general: never answers, set here")).to_be_visible()
    sign(page, "Pip in general:").click()
    expect(sign(page, "Pip in general: may answer, as everybody")).to_be_visible()


@pytest.mark.parametrize("path", ["/channels/", "/channels/4711/"])
def test_axe_finds_nothing_and_it_fits_a_phone(page, path, keep):
    page.goto(path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe_findings(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    keep(page, f"channels-phone-{path.strip('/').replace('/', '-')}")
    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    assert wider <= 0


def test_only_the_lists_that_count_are_seen(page):
    page.goto("/channels/4711/")
    allowed = page.get_by_role("group", name="Only these")
    expect(allowed).to_be_hidden()

    page.get_by_label("Who may answer").select_option("only")

    expect(allowed).to_be_visible()
