"""The table of a lorebook with as many entries as one may have, and their form."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import axe_findings

ENTRIES = 10_000
_MAKE = """
from django.utils import timezone
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.services import lorebooks
lorebooks.create_book(
    book_id={book_id!r},
    sheet=BookSheet(name={name!r}),
    entries=[
        EntrySheet(
            title=f"Entry {{n}}",
            keys=[f"key {{n}}", "/sea(?=gull)/"],
            content=f"Text of entry {{n}}.",
            is_constant=n % 50 == 1,
        )
        for n in range(1, {count} + 1)
    ],
    actor=None,
    now=timezone.now(),
)
"""
_SAVE = """
from django.utils import timezone
from personas.models import LoreEntry
from personas.services import lore_entries
entry = LoreEntry.objects.get(lorebook__book_id={book_id!r}, title={title!r})
lore_entries.save_entry(
    book_id={book_id!r},
    entry_id=entry.entry_id,
    sheet=entry.to_sheet().model_copy(update={changes!r}),
    revision=entry.revision,
    actor=None,
    now=timezone.now(),
)
"""
_ADD_FIRST = """
from django.utils import timezone
from personas.domain.lore.sheets import EntrySheet
from personas.services import lore_entries
now = timezone.now()
entry = lore_entries.add_entry(
    book_id={book_id!r}, sheet=EntrySheet(title="Newcomer"), actor=None, now=now
)
lore_entries.move_entries(
    book_id={book_id!r}, entry_ids=[entry.entry_id], actor=None, now=now
)
"""


@pytest.fixture(scope="module")
def large(server) -> str:
    """The id of a book that nobody changes."""
    code = _MAKE.format(count=ENTRIES, book_id="large", name="The large one")
    server.site.manage("shell", "--no-imports", "-c", code)
    return "large"


@pytest.fixture
def book(site, request) -> str:
    """The id of a book of twelve entries for this test alone."""
    book_id = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[:60]
    code = _MAKE.format(count=12, book_id=book_id, name="Small")
    site.manage("shell", "--no-imports", "-c", code)
    return book_id


@pytest.fixture
def table(sign_in) -> Callable[..., Page]:
    def open_table(book_id: str, query: str = "", **options) -> Page:
        page = sign_in(**options)
        page.goto(f"/lorebooks/{book_id}/{query}")
        return page

    return open_table


def grid(page: Page) -> Locator:
    return page.get_by_role("grid", name="Entries of")


def row(page: Page, title: str) -> Locator:
    return page.locator("[data-row]").filter(
        has=page.get_by_role("link", name=title, exact=True)
    )


def active(page: Page) -> Locator:
    return page.locator("[data-row].is-active")


def titles(page: Page) -> list[str]:
    return page.locator("[data-row] [data-open]").all_inner_texts()


def keys(page: Page, *pressed: str) -> None:
    for each in pressed:
        page.keyboard.press(each)


def start(page: Page) -> None:
    """The keyboard at the first row."""
    grid(page).focus()
    page.keyboard.press("Home")


def drawer(page: Page) -> Locator:
    return page.locator("dialog[open]")


# -- Ten thousand rows ----------------------------------------------------------------


def test_ten_thousand_rows_scroll_to_the_end_and_back(table, large, keep):
    page = table(large)
    frame = page.locator("[data-frame]")
    expect(grid(page)).to_have_attribute("aria-rowcount", str(ENTRIES + 1))
    expect(page.get_by_text("10,000 entries")).to_be_visible()

    frame.evaluate("frame => { frame.scrollTop = frame.scrollHeight; }")
    last = row(page, "Entry 10000")
    expect(last).to_be_in_viewport()
    expect(last).to_have_attribute("aria-rowindex", str(ENTRIES + 1))
    assert page.locator("[data-grid] tr").count() < 120
    keep(page, "lore-table-end")

    frame.evaluate("frame => { frame.scrollTop = frame.scrollHeight / 2; }")
    expect(row(page, "Entry 5001")).to_be_in_viewport()
    assert page.locator("[data-grid] tr").count() < 120
    frame.evaluate("frame => { frame.scrollTop = 0; }")
    expect(row(page, "Entry 1")).to_be_in_viewport()


def test_room_is_as_large_as_all_rows(table, large):
    page = table(large)
    expect(row(page, "Entry 1")).to_be_visible()

    height = row(page, "Entry 1").evaluate("e => e.getBoundingClientRect().height")
    whole = page.locator("[data-frame]").evaluate("frame => frame.scrollHeight")

    assert abs(whole - ENTRIES * height) < 3 * height


def test_keys_walk_the_whole_table(table, large):
    page = table(large)
    start(page)

    keys(page, "ArrowDown", "ArrowDown")
    expect(active(page)).to_contain_text("Entry 3")
    keys(page, "End")
    expect(active(page)).to_contain_text("Entry 10000")
    keys(page, "ArrowDown", "PageUp", "PageDown")
    expect(active(page)).to_contain_text("Entry 10000")
    keys(page, "Home")
    expect(active(page)).to_contain_text("Entry 1")
    marked = grid(page).get_attribute("aria-activedescendant")
    assert marked == active(page).get_attribute("id")


def test_all_that_match_are_chosen(table, large):
    page = table(large, "?q=entry+99")
    start(page)

    keys(page, "Control+a")

    numbers = [n for n in range(1, ENTRIES + 1) if "99" in str(n)]
    chosen = f"{len(numbers)} entries chosen"
    expect(page.locator("[data-bulk-count]")).to_have_text(chosen)
    keys(page, "Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_opened_at_a_later_page_it_begins_there(table, large):
    page = table(large, "?page=40")

    expect(row(page, "Entry 3901")).to_be_in_viewport()


# -- By keyboard ----------------------------------------------------------------------


def test_space_switches_and_undo_switches_back(table, book):
    page = table(book)
    start(page)

    keys(page, "ArrowDown", "Space")

    switch = row(page, "Entry 2").get_by_role("switch")
    expect(page.get_by_text("1 entry switched off.")).to_be_visible()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.get_by_text("11 on")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(switch).to_have_attribute("aria-checked", "true")


def test_shift_and_arrows_choose_and_delete_removes(table, book, keep):
    page = table(book)
    start(page)

    keys(page, "ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown")
    expect(page.locator("[data-bulk-count]")).to_have_text("4 entries chosen")
    keys(page, "Shift+ArrowUp")
    expect(page.locator("[data-bulk-count]")).to_have_text("3 entries chosen")
    keep(page, "lore-table-chosen")
    keys(page, "Delete")

    expect(page.get_by_text("3 entries removed.")).to_be_visible()
    expect(row(page, "Entry 3")).to_have_count(0)
    assert titles(page)[:2] == ["Entry 1", "Entry 5"]
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "Entry 3")).to_be_visible()
    assert titles(page)[:5] == [f"Entry {n}" for n in range(1, 6)]


def test_alt_and_arrows_move_one_and_many(table, book):
    page = table(book)
    start(page)

    keys(page, "Alt+ArrowDown", "Alt+ArrowDown")
    expect(page.locator("[data-row]").nth(2)).to_contain_text("Entry 1")
    expect(active(page)).to_contain_text("Entry 1")
    keys(page, "Alt+ArrowUp")
    expect(page.locator("[data-row]").nth(1)).to_contain_text("Entry 1")

    # The two before the last, together.
    keys(page, "End", "ArrowUp", "Shift+ArrowUp", "Alt+ArrowDown")
    expect(page.locator("[data-row]").nth(9)).to_contain_text("Entry 12")
    assert titles(page)[-2:] == ["Entry 10", "Entry 11"]


def test_moving_waits_for_the_order_of_the_list(table, book):
    page = table(book, "?sort=-tokens")
    before = titles(page)
    start(page)

    keys(page, "Alt+ArrowDown")

    expect(page.get_by_text("Choose that order first")).to_be_visible()
    assert titles(page) == before


def test_bulk_sets_an_order_and_takes_it_back(table, book):
    page = table(book)
    start(page)
    keys(page, "x", "ArrowDown", "ArrowDown", "x")
    page.get_by_role("textbox", name="Number for").fill("7")
    page.get_by_role("button", name="Set order").click()

    expect(page.get_by_text("2 entries given the order 7.")).to_be_visible()
    expect(row(page, "Entry 3").locator("[data-label=Order]")).to_have_text("7")
    expect(page.locator("[data-bulk-count]")).to_have_text("2 entries chosen")
    page.get_by_role("button", name="Off", exact=True).click()
    expect(page.get_by_text("2 entries switched off.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: 2 entries as before.")).to_be_visible()
    expect(page.get_by_text("12 on")).to_be_visible()


def test_bulk_says_what_is_no_number(table, book):
    page = table(book)
    start(page)
    keys(page, "x")
    page.get_by_role("textbox", name="Number for").fill("many")
    page.get_by_role("button", name="Set order").click()

    expect(page.get_by_text("Write a whole number from")).to_be_visible()


def test_last_entries_may_go_and_come_back(table, book):
    page = table(book)
    start(page)
    keys(page, "Control+a")
    expect(page.locator("[data-bulk-count]")).to_have_text("12 entries chosen")
    keys(page, "Delete")

    expect(page.get_by_text("No entries are left here.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "Entry 12")).to_be_visible()
    expect(page.get_by_text("No entries are left here.")).to_have_count(0)


# -- By mouse -------------------------------------------------------------------------


def test_row_is_dragged_to_another_place(table, book):
    page = table(book)
    handle = row(page, "Entry 1").locator("[data-handle]").bounding_box()
    target = row(page, "Entry 4").bounding_box()

    page.mouse.move(handle["x"] + 8, handle["y"] + 8)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + target["height"] - 6, steps=6)
    expect(page.locator(".lore-table__line")).to_be_visible()
    page.mouse.up()

    expect(page.get_by_text("1 entry moved.")).to_be_visible()
    expect(page.locator("[data-row]").nth(3)).to_contain_text("Entry 1")
    assert titles(page)[:4] == ["Entry 2", "Entry 3", "Entry 4", "Entry 1"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-row]").first).to_contain_text("Entry 1")


def test_click_with_shift_chooses_all_between(table, book):
    page = table(book)
    row(page, "Entry 2").locator("[data-pick]").click()
    row(page, "Entry 6").locator("[data-pick]").click(modifiers=["Shift"])

    expect(page.locator("[data-bulk-count]")).to_have_text("5 entries chosen")


# -- Two people -----------------------------------------------------------------------


def test_changes_of_others_come_in_and_nothing_is_lost(table, book, site):
    page = table(book)
    start(page)
    keys(page, "ArrowDown", "x", "ArrowDown")

    site.manage("shell", "-c", _ADD_FIRST.format(book_id=book))

    expect(row(page, "Newcomer")).to_have_count(1)
    expect(page.get_by_text("13 entries")).to_be_visible()
    expect(active(page)).to_contain_text("Entry 3")
    expect(grid(page)).to_be_focused()
    expect(page.locator("[data-bulk-count]")).to_have_text("1 entry chosen")
    expect(row(page, "Entry 2").locator("[data-pick]")).to_be_checked()


def test_stale_save_shows_both_texts(table, book, site, keep):
    page = table(book)
    start(page)
    keys(page, "Enter")
    text = drawer(page).get_by_label("Text", exact=True)
    text.fill("Mine.")
    changes = {"content": "Theirs.", "order": 3}
    site.manage(
        "shell", "-c", _SAVE.format(book_id=book, title="Entry 1", changes=changes)
    )

    drawer(page).get_by_role("button", name="Save", exact=True).click()

    expect(drawer(page).get_by_text("while you were editing")).to_be_visible()
    expect(drawer(page).get_by_text("Theirs.").first).to_be_visible()
    expect(text).to_have_value("Mine.")
    expect(drawer(page).get_by_text("Only they changed this.")).to_be_visible()
    assert axe_findings(page) == []
    keep(page, "lore-entry-conflict")
    drawer(page).get_by_role("button", name="Save", exact=True).click()
    expect(drawer(page)).to_have_count(0)
    expect(row(page, "Entry 1").locator("[data-label=Order]")).to_have_text("3")


# -- The form -------------------------------------------------------------------------


def test_entry_is_opened_checked_saved_and_the_next_comes(table, book, keep):
    page = table(book)
    start(page)
    keys(page, "Enter")
    expect(drawer(page).locator("#lore-entry-title")).to_be_focused()
    expect(drawer(page).get_by_text("1 key can never match")).to_be_visible()

    drawer(page).get_by_label("Keys", exact=True).fill("/a{1,2}/")
    keys(page, "Enter")
    drawer(page).get_by_label("Text", exact=True).fill("@@depth 2\nWords " * 1)
    expect(drawer(page).get_by_text("At a depth of 2 messages")).to_be_visible()
    chips = drawer(page).locator("#field-keys .chip")
    expect(chips).to_have_count(3)
    expect(chips.nth(1)).to_have_class(re.compile("chip--amber"))
    expect(drawer(page).get_by_text("Not saved yet")).to_be_visible()
    assert axe_findings(page) == []
    keep(page, "lore-entry-drawer")

    keys(page, "Control+Enter")
    expect(drawer(page).locator("#lore-entry-title")).to_have_text("Entry 2")
    keys(page, "Escape")
    expect(drawer(page)).to_have_count(0)
    expect(grid(page)).to_be_focused()
    expect(row(page, "Entry 1").locator(".lore-keys")).to_contain_text("/a{1,2}/")


def test_what_is_not_saved_is_asked_about(table, book):
    page = table(book)
    start(page)
    keys(page, "Enter")
    drawer(page).get_by_label("Text", exact=True).fill("Mine.")

    keys(page, "Escape")
    question = page.get_by_role("alertdialog")
    question.get_by_role("button", name="Cancel").click()
    expect(drawer(page).get_by_label("Text", exact=True)).to_have_value("Mine.")
    keys(page, "Escape")
    question.get_by_role("button", name="Leave").click()

    expect(drawer(page)).to_have_count(0)


def test_letter_begins_a_new_entry(table, book):
    page = table(book)
    start(page)
    keys(page, "n")
    expect(drawer(page).locator("#lore-entry-title")).to_have_text("New entry")
    keys(page, "n")
    drawer(page).get_by_label("Title", exact=True).fill("Quay")
    keys(page, "Control+s")

    expect(drawer(page)).to_have_count(0)
    expect(page.get_by_text("13 entries")).to_be_visible()
    expect(active(page)).to_contain_text("Quay")


def test_wrong_value_stays_in_the_drawer(table, book):
    page = table(book)
    start(page)
    keys(page, "Enter")
    drawer(page).locator("summary", has_text="Where").click()
    drawer(page).get_by_label("Order", exact=True).fill("99999999999")
    drawer(page).get_by_role("button", name="Save", exact=True).click()

    expect(drawer(page).get_by_text("Not saved yet. What you typed")).to_be_visible()
    expect(drawer(page).locator("#field-order .errorlist")).to_be_visible()


def test_without_scripts_it_is_a_paged_table_with_forms(table, large, book):
    page = table(large, java_script_enabled=False)
    expect(page.get_by_text("Page 1 of 100")).to_be_visible()

    page.goto(f"/lorebooks/{book}/")
    row(page, "Entry 3").get_by_role("switch").click()
    expect(page.get_by_text("1 entry switched off.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: 1 entry as before.")).to_be_visible()
    page.get_by_role("link", name="Entry 3", exact=True).click()
    page.get_by_label("Title", exact=True).fill("Third")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Third", exact=True)).to_be_visible()


# -- Everywhere -----------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_table(table, large, scheme, keep):
    page = table(large, color_scheme=scheme)
    start(page)
    keys(page, "x")
    expect(page.locator("[data-bulk]")).to_be_visible()

    assert axe_findings(page) == []
    keep(page, f"lore-table-{scheme}")


def test_phone_shows_cards_that_scroll(table, large, keep):
    page = table(large, viewport={"width": 360, "height": 740})
    start(page)
    keys(page, "End")

    expect(row(page, "Entry 10000")).to_be_in_viewport()
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 360
    assert axe_findings(page) == []
    keep(page, "lore-table-phone")
    row(page, "Entry 10000").locator("[data-open]").click()
    page.wait_for_url("**/entries/**")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Entry 10000")
