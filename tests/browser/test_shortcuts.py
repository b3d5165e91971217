"""Keys that work on every page, and switching them off."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

PLACES = ["/", "/admin/personas/character/", "/audit/"]


def keys_dialog(page: Page):
    return page.get_by_role("dialog", name="Keyboard shortcuts")


def finder(page: Page):
    return page.get_by_role("dialog", name="Go to")


@pytest.mark.parametrize("path", PLACES)
def test_a_question_mark_shows_the_keys_of_the_page(sign_in, path):
    page = sign_in()
    page.goto(path)

    page.keyboard.press("?")

    expect(keys_dialog(page)).to_be_visible()
    expect(keys_dialog(page).get_by_text("Frameworks", exact=True)).to_be_visible()
    assert axe_findings(page) == []
    page.keyboard.press("Escape")
    expect(keys_dialog(page)).to_be_hidden()


def test_keys_that_a_page_declares_are_listed_and_work(sign_in):
    page = sign_in()
    page.goto("/characters/pip/")

    page.keyboard.press("?")
    expect(keys_dialog(page).get_by_text("Edit", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")

    page.wait_for_url("**/characters/pip/edit/")


def test_g_and_a_letter_open_places_also_from_the_admin(sign_in):
    page = sign_in()
    page.goto("/admin/personas/framework/")

    page.keyboard.press("g")
    page.keyboard.press("c")

    page.wait_for_url("**/admin/personas/character/")


def test_a_slash_goes_to_the_search(sign_in):
    page = sign_in()
    page.goto("/")

    page.keyboard.press("/")

    expect(page.get_by_label("Search the cast")).to_be_focused()
    expect(page.get_by_label("Search the cast")).to_have_value("")


def test_keys_are_text_where_somebody_types(sign_in):
    page = sign_in()
    page.goto("/")
    field = page.get_by_label("Search the cast")
    field.focus()

    page.keyboard.type("g c ? / e")

    expect(field).to_have_value("g c ? / e")
    expect(keys_dialog(page)).to_be_hidden()


def test_keys_without_modifiers_can_be_switched_off_for_good(sign_in):
    page = sign_in()
    page.goto("/")
    page.keyboard.press("?")
    keys_dialog(page).get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.goto("/publications/")

    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("h")

    expect(keys_dialog(page)).to_be_hidden()
    assert page.url.endswith("/publications/")
    # The menu still opens the list, and there they are switched on again.
    page.get_by_text("Account:").locator("xpath=..").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    keys_dialog(page).get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(keys_dialog(page)).to_be_visible()


def test_the_finder_goes_to_a_character_by_a_few_letters(sign_in, keep):
    page = sign_in()
    page.goto("/audit/")

    page.keyboard.press("Control+k")
    expect(finder(page).get_by_text("Saved last")).to_be_visible()
    page.keyboard.type("barn")
    expect(finder(page).get_by_role("link").first).to_contain_text("Barnaby Wick")
    keep(page, "finder")
    assert axe_findings(page) == []
    page.keyboard.press("Enter")

    page.wait_for_url("**/characters/barnaby_wick/")


def test_the_finder_takes_enter_before_its_answer_came(sign_in):
    page = sign_in()
    page.keyboard.press("Control+k")
    expect(finder(page).get_by_text("Saved last")).to_be_visible()

    page.keyboard.type("pippa")
    page.keyboard.press("Enter")

    page.wait_for_url("**/characters/pippa/")


def test_the_finder_is_walked_with_arrows(sign_in):
    page = sign_in()
    page.keyboard.press("Control+k")
    page.keyboard.type("steady")
    found = finder(page).get_by_role("link")
    expect(found.filter(has_text="Framework")).to_have_count(1)

    page.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(finder(page).get_by_label("Character or framework")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(found.last).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url("**/frameworks/**")


def test_archiving_offers_to_be_taken_back(sign_in):
    page = sign_in()
    page.goto("/characters/loam/")
    page.get_by_text("More", exact=True).locator("xpath=..").click()
    page.get_by_role("button", name="Archive", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Archive").click()
    expect(page.get_by_text("Loam is archived.")).to_be_visible()

    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Loam is back.")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_be_visible()
