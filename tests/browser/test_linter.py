"""Names and topics to look at, in the editor and on their page."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Server

_MAKE = """
from django.utils import timezone
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.services import drafts, frameworks
now = timezone.now()
sheet = FrameworkSheet(name="Linted", purpose="To be looked at.")
drafts.create_framework(framework_id="linted", sheet=sheet, actor=None, now=now)
frameworks.publish_framework(framework_id="linted", note="First", author=None, now=now)
for key, name, aliases in (
    ("linted-toad", "Toadwort", ["Chance"]),
    ("linted-other", "Toadwort Minor", ["Lady Fern"]),
):
    sheet = CharacterSheet(display_name=name, aliases=aliases, framework_id="linted")
    drafts.create_character(character_id=key, sheet=sheet, actor=None, now=now)
"""


@pytest.fixture(scope="module", autouse=True)
def cast(server: Server) -> None:
    assert server.site is not None
    server.site.manage("shell", "-c", _MAKE)


def test_the_editor_tells_while_it_is_typed_and_leads_to_the_field(sign_in, keep):
    page = sign_in()
    page.goto("/characters/linted-other/edit/")
    page.locator("[name='nickname']").fill("chance")

    told = page.locator("[data-answer] li").filter(
        has_text="is a name of Toadwort, too"
    )
    expect(told).to_be_visible()
    everyday = page.locator("[data-answer] li").filter(has_text="is an everyday word")
    expect(everyday).to_be_visible()
    keep(page, "advice")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe_findings(page) == []
    told.get_by_role("link", name="Go to it").click()

    expect(page.locator("[name='nickname']")).to_be_focused()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_page_lists_findings_and_leads_to_the_field(sign_in, keep, javascript):
    page = sign_in(java_script_enabled=javascript)
    page.goto("/routing/names/")

    expect(page.get_by_role("heading", name="Warnings")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="“Chance” is an everyday word")
    page.get_by_label("Character", exact=True).select_option(label="Toadwort")
    page.get_by_label("Kind", exact=True).select_option(label="Everyday word")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(row).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    page.set_viewport_size({"width": 360, "height": 740})
    keep(page, f"names-phone-{javascript}")
    row.get_by_role("link", name="Also called").click()

    expect(page).to_have_url("/characters/linted-toad/edit/#field-aliases")
