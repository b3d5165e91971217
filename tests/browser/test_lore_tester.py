"""The tester of lorebooks, publishing them and going back, as people do."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

ENTRIES = [
    {
        "keys": ["lamp", "lantern"],
        "comment": "The lamp room",
        "content": "The lamp room smells of whale oil, and of Captain Brill.",
        "order": 10,
    },
    {
        "keys": ["captain brill"],
        "comment": "Captain Brill",
        "content": "Captain Brill has not slept since the great fog.",
        "order": 20,
    },
    {"keys": ["fog"], "comment": "The great fog", "content": "Grey.", "disable": True},
    *(
        {"keys": [f"rock{n}"], "comment": f"Rock {n}", "content": f"Rock {n} is sharp."}
        for n in range(60)
    ),
]


def world_info() -> str:
    """A lorebook as a file, for the importer."""
    entries = {
        str(at): {
            "uid": at,
            "position": 0,
            "key": values["keys"],
            **{name: value for name, value in values.items() if name != "keys"},
        }
        for at, values in enumerate(ENTRIES)
    }
    return json.dumps({"entries": entries})


@pytest.fixture(scope="module")
def book(server, tmp_path_factory) -> str:
    """A lorebook's id; it has 63 entries and was never published."""
    folder: Path = tmp_path_factory.mktemp("books")
    (folder / "skerry.json").write_text(world_info(), encoding="utf-8")
    server.site.manage("import_prompts", str(folder))
    return "skerry"


@pytest.fixture
def tester(sign_in, book) -> Page:
    page = sign_in()
    page.goto(f"/lorebooks/{book}/test/")
    return page


def say(page: Page, text: str) -> None:
    page.get_by_label("Conversation").fill(text)


def trace(page: Page):
    return page.locator("[data-lore-trace]")


def test_it_answers_while_one_types(tester, keep):
    say(tester, "Robin: Is the LANTERN lit?")

    expect(tester.get_by_text("2 of 63 entries enter")).to_be_visible()
    expect(tester.locator(".lore-mark").first).to_contain_text("LANTERN")
    expect(trace(tester)).to_contain_text("in the text of “The lamp room”")
    keep(tester, "lore-tester")

    say(tester, "Robin: Nothing of note.")
    expect(tester.get_by_text("0 of 63 entries enter")).to_be_visible()


def test_messages_are_added_one_by_one(tester):
    tester.get_by_label("Conversation").fill("")
    tester.get_by_label("Who").fill("Bo")
    tester.get_by_label("Says").fill("a lamp!")
    tester.get_by_label("Says").press("Enter")

    expect(tester.get_by_label("Conversation")).to_have_value("Bo: a lamp!")
    expect(tester.get_by_label("Says")).to_be_focused()
    expect(tester.get_by_text("2 of 63 entries enter")).to_be_visible()


def test_why_not_and_groups_stay_as_they_were_opened(tester):
    say(tester, "Robin: rock3")
    expect(tester.get_by_text("1 of 63 entries enter")).to_be_visible()
    group = trace(tester).locator("details[data-group=key]")
    group.locator("summary").click()
    expect(group.locator(".lore-row")).to_have_count(25)
    group.get_by_role("button", name="Show more").click()
    expect(group.locator(".lore-row")).to_have_count(50)

    tester.get_by_label("Why not …?").fill("great fog")

    expect(tester.get_by_text("1 called “great fog”")).to_be_visible()
    expect(trace(tester).locator(".lore-found")).to_contain_text("It is switched off")
    assert group.evaluate("details => details.open")
    expect(tester.get_by_label("Why not …?")).to_be_focused()


def test_change_is_tried_saved_and_published_and_taken_back(tester, book, keep):
    say(tester, "Robin: The lamp is out.")
    expect(tester.get_by_text("2 of 63 entries enter")).to_be_visible()

    tester.get_by_role("button", name="Change The lamp room").click()
    text = tester.locator("#edit-content")
    expect(tester.locator("#edit-keys")).to_be_focused()
    text.fill("The lamp room smells of whale oil.")

    change = tester.get_by_role("region", name="What your change does")
    expect(change).to_contain_text("Leaves Captain Brill")
    expect(text).to_be_focused()
    keep(tester, "lore-tester-change")
    assert axe_findings(tester) == []

    tester.get_by_role("button", name="Save in the draft").click()
    expect(tester.get_by_text("The entry is saved in the draft").first).to_be_visible()
    expect(tester.get_by_text("1 of 63 entries enter")).to_be_visible()
    expect(tester.locator("#edit-content")).to_have_count(0)

    publish(tester, book, note="First light")
    tester.goto(f"/lorebooks/{book}/test/")
    say(tester, "Robin: The lamp is out.")
    tester.get_by_role("button", name="Change The lamp room").click()
    tester.locator("#edit-content").fill("The lamp room smells of tar.")
    tester.get_by_role("button", name="Save in the draft").click()
    expect(tester.get_by_text("The entry is saved in the draft").first).to_be_visible()

    tester.goto(f"/lorebooks/{book}/publish/")
    expect(tester.locator("del").first).to_contain_text("whale oil")
    keep(tester, "lorebook-publish")
    publish(tester, book, note="Tar")
    keep(tester, "lorebook-history")
    toast = tester.get_by_role("button", name="Undo")
    toast.first.click()
    expect(tester.get_by_text("bots get version 1 again").first).to_be_visible()

    tester.get_by_role("link", name="Version 2", exact=True).click()
    tester.get_by_label("Note").fill("Tar after all")
    keep(tester, "lorebook-version")
    tester.get_by_role("button", name="Roll back").click()
    expect(tester.get_by_text("Bots get version 2").first).to_be_visible()


def publish(page: Page, book: str, *, note: str) -> None:
    page.goto(f"/lorebooks/{book}/publish/")
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Publish").click()
    expect(page.get_by_text(f"“{note}”").first).to_be_visible()


def test_settings_and_who_has_it(sign_in, book, keep):
    page = sign_in()
    page.goto(f"/lorebooks/{book}/settings/")
    page.get_by_label("Give it to").select_option(label="Pip")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("In the draft").first).to_be_visible()
    keep(page, "lorebook-settings")
    assert axe_findings(page) == []

    page.goto(f"/lorebooks/{book}/test/?character=pip")
    say(page, "Robin: The lamp!\nPip: What lamp?")
    expect(page.locator(".lore-test__sum")).to_contain_text("enter")
    expect(page.locator(".lore-part summary").first).to_be_visible()
    keep(page, "lore-tester-character")


def test_character_chooses_lorebooks_by_name(sign_in, book, keep):
    page = sign_in()
    page.goto("/characters/page/edit/#part-knowledge")
    rows = page.locator("#field-lorebooks")
    before = rows.locator("[data-row]:not([data-row-spare]) select").count()
    rows.get_by_role("button", name="Add").first.click()
    rows.locator("select").nth(before).select_option(value=book)

    expect(page.locator("[data-save-state]")).to_contain_text("Saved")
    rows.scroll_into_view_if_needed()
    keep(page, "lorebook-control")
    page.reload()
    expect(page.locator("#field-lorebooks select").nth(before)).to_have_value(book)
    assert axe_findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["test", "settings", "publish", "history"])
def test_pages_have_no_findings_and_fit_a_phone(sign_in, book, keep, scheme, name):
    page = sign_in(color_scheme=scheme, viewport={"width": 360, "height": 740})
    page.goto(f"/lorebooks/{book}/{name}/")

    assert axe_findings(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    keep(page, f"lorebook-{name}-{scheme}-360")
    assert width <= 360
