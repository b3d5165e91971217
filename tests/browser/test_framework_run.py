"""Publishing a framework in the background, watched to its end and taken back."""

import json
import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Server

pytestmark = pytest.mark.timeout(600)
COPIES = 30
# What a curator would type into forms, for many characters.
PREPARE = """
from django.utils import timezone
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import Character, Framework
from personas.services import drafts, publishing
now = timezone.now()
pip = Character.objects.for_sheets().get(character_id="pip").to_sheet()
for at in range({copies}):
    sheet = pip.model_copy(update={{"display_name": f"Pip the {{at + 2}}."}})
    drafts.create_character(
        character_id=f"pip_{{at + 2}}", sheet=sheet, actor=None, now=now
    )
publishing.publish(
    character_ids=[f"pip_{{at + 2}}" for at in range({copies})],
    note="Many of them", author=None, now=now,
)
"""
EDIT = """
from django.utils import timezone
from personas.models import Framework
from personas.services import drafts
chaotic = Framework.objects.get(framework_id="chaotic")
style = {{**chaotic.interaction_style, "greeting": {greeting!r}}}
drafts.save_framework(
    framework_id="chaotic", revision=chaotic.revision, actor=None, now=timezone.now(),
    sheet=chaotic.to_sheet().model_copy(update={{"interaction_style": style}}),
)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A site of its own: with so many characters, others would not know theirs."""
    server = Server(tmp_path_factory.mktemp("many"))
    try:
        site = server.start()
        site.manage("shell", "--no-imports", "-c", PREPARE.format(copies=COPIES))
        yield server
    finally:
        server.stop()
    assert '"level": "error"' not in server.log.read_text(), server.log.read_text()


def edit(site, greeting: str) -> None:
    site.manage("shell", "--no-imports", "-c", EDIT.format(greeting=greeting))


def begin(page: Page, note: str) -> None:
    """Through the page that says whom it changes."""
    page.goto("/frameworks/chaotic/publish/", timeout=60_000)
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Publish").click()
    page.wait_for_url(re.compile("/frameworks/chaotic/runs/"))


def prompt(site, character_id: str = "pip") -> str:
    return json.loads(site.get(f"/api/v1/personas/{character_id}/prompt"))[
        "system_prompt"
    ]


def expect_end(page: Page, *, seconds: int) -> None:
    run = page.locator("#framework-run")
    expect(run).to_have_attribute("data-run-state", "done", timeout=seconds * 1_000)
    expect(
        page.get_by_role("heading", name="characters switched together")
    ).to_have_text(re.compile(r"\d+ characters switched together"))


def test_whom_it_changes_loads_as_it_is_scrolled_to(sign_in, site, keep):
    edit(site, "with a wave")
    page = sign_in()
    page.goto("/frameworks/chaotic/publish/", timeout=60_000)
    boxes = page.locator("input[name=ids]")
    many = boxes.count()

    page.get_by_text("Plain prompt").first.click()
    expect(page.locator("ins").filter(has_text="wave").first).to_be_visible()
    waiting = page.get_by_text("Compare the prompts of these").count()
    page.get_by_label("Pip the 9.", exact=True).uncheck()
    page.get_by_role("link", name=re.compile("Compare the prompts")).last.focus()
    parts = page.locator("[hx-trigger=revealed]")
    deadline = time.monotonic() + 60
    # Each that has come moves the others, so they are looked for anew.
    while parts.count() and time.monotonic() < deadline:
        parts.first.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
    expect(page.get_by_text("Compare the prompts of these")).to_have_count(0)
    keep(page, "framework-reach")

    assert waiting >= 2
    assert boxes.count() == many
    assert not page.get_by_label("Pip the 9.", exact=True).is_checked()
    assert page.get_by_label("Pip the 8.", exact=True).is_checked()
    page.locator("details:not([open]) > summary").last.click()
    assert axe_findings(page) == []


def test_it_is_watched_to_the_end_and_taken_back(sign_in, site, keep):
    edit(site, "with a wave")
    before = prompt(site)
    page, other = sign_in(), sign_in()
    other.goto("/frameworks/chaotic/")
    expect(other.locator("[data-live-status]").first).to_have_attribute(
        "data-state", "live"
    )

    begin(page, "They wave now")
    expect(other.get_by_text("is publishing it.")).to_be_visible()
    bar = page.locator("#framework-run progress")
    expect(bar).to_have_attribute("value", re.compile("[1-9]"), timeout=30_000)
    keep(page, "framework-run-preparing")
    assert "with a wave" not in prompt(site)
    expect_end(page, seconds=60)
    keep(page, "framework-run-done")
    expect(other.get_by_text("is publishing it.")).to_have_count(0)

    assert "with a wave" in prompt(site)
    assert "with a wave" in prompt(site, "pip_2")
    assert axe_findings(page) == []

    page.get_by_role("button", name="Undo").click()
    page.locator("dialog[open]").get_by_role("button", name="Take back").click()

    expect(page.get_by_text("Taken back.").first).to_be_visible()
    assert prompt(site) == before


def test_a_server_that_dies_in_between_goes_on_after_its_restart(
    sign_in, site, server, keep
):
    edit(site, "with a bow")
    page = sign_in()
    begin(page, "They bow now")

    server.kill()
    server.start()

    expect_end(page, seconds=90)
    keep(page, "framework-run-resumed")
    assert "with a bow" in prompt(site, "pip_3")
    page.set_viewport_size({"width": 360, "height": 740})
    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    assert wider <= 0
