"""The table of characters, by keyboard, by clipboard and without script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

TABLE = "/table/?column=display_name&column=tags&column=framework_id&column=creator"


def open_table(page: Page) -> None:
    page.goto(TABLE)
    expect(page.locator("[data-grid-save]")).to_have_text("Save 0 changes")


def control(page: Page, name: str):
    return page.locator(f"[name='{name}']")


def cell(page: Page, name: str):
    return page.locator("td").filter(has=control(page, name))


def focused(page: Page) -> str:
    """The name of the control that is chosen, and whether it is edited."""
    return page.evaluate(
        """() => {
          const at = document.activeElement;
          const inner = at.querySelector('input, textarea, select');
          return inner ? `cell ${inner.name}` : `edit ${at.name ?? at.textContent}`;
        }"""
    )


def paste(page: Page, text: str) -> None:
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData('text/plain', text);
          const init = {clipboardData: data, bubbles: true, cancelable: true};
          document.activeElement.dispatchEvent(new ClipboardEvent('paste', init));
        }""",
        text,
    )


def test_cells_are_edited_by_keyboard_alone_and_saved(sign_in, keep):
    page = sign_in()
    open_table(page)

    cell(page, "loam.creator").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("The table")
    page.keyboard.press("Enter")
    assert focused(page) == "cell nettie_crabapple.creator"
    page.keyboard.type("Typed over")
    page.keyboard.press("Tab")
    assert focused(page) == "edit page.display_name"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "edit nettie_crabapple.creator"
    page.keyboard.type(" and thrown away")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "cell loam.tags"
    expect(page.locator("[data-grid-save]")).to_have_text("Save 2 changes")
    keep(page, "table-edited")
    page.keyboard.press("Control+s")

    expect(page.get_by_text("2 drafts saved.").first).to_be_visible()
    expect(control(page, "loam.creator")).to_have_value("The table")
    expect(control(page, "nettie_crabapple.creator")).to_have_value("Typed over")


def test_a_block_is_pasted_and_taken_back(sign_in):
    page = sign_in()
    open_table(page)
    was = control(page, "loam.tags").input_value()
    cell(page, "loam.framework_id").focus()

    paste(page, 'Steady Hand\tgolem, calm\tAnn\nnowhere\t"one\ntwo"\tBob\n')

    expect(control(page, "loam.tags")).to_have_value("golem, calm")
    expect(control(page, "loam.framework_id")).to_have_value("assistant")
    expect(control(page, "loam.creator")).to_have_value("Ann")
    expect(control(page, "nettie_crabapple.tags")).to_have_value("one\ntwo")
    expect(control(page, "nettie_crabapple.creator")).to_have_value("Bob")
    expect(page.get_by_text("1 cell of the block had no place here.")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(control(page, "loam.tags")).to_have_value(was)
    expect(page.locator("[data-grid-save]")).to_be_disabled()
    page.keyboard.press("Control+Shift+z")
    expect(control(page, "loam.creator")).to_have_value("Ann")


def test_two_people_in_one_table_lose_nothing(sign_in, keep):
    first, second = sign_in(), sign_in()
    open_table(first)
    open_table(second)
    for page, text in ((first, "First wins"), (second, "Second came later")):
        control(page, "barnaby_wick.creator").fill(text)
    control(second, "pippa.creator").fill("Beside it")
    control(second, "barnaby_wick.display_name").press("End")
    first.locator("[data-grid-save]").click()
    expect(first.get_by_text("1 draft saved.").first).to_be_visible()

    second.locator("[data-grid-save]").click()

    expect(second.get_by_text("1 row not saved yet.")).to_be_visible()
    expect(control(second, "barnaby_wick.creator")).to_have_value("Second came later")
    expect(second.get_by_text("First wins")).to_be_visible()
    keep(second, "table-conflict")
    assert axe_findings(second) == []
    second.locator("[data-grid-save]").click()
    expect(second.get_by_text("1 draft saved.").first).to_be_visible()
    open_table(first)
    expect(control(first, "barnaby_wick.creator")).to_have_value("Second came later")
    expect(control(first, "pippa.creator")).to_have_value("Beside it")


def test_a_wrong_cell_is_marked_and_nothing_typed_is_lost(sign_in, keep):
    page = sign_in()
    page.goto("/table/?column=model.temperature&column=creator_notes")
    control(page, "page.model.temperature").fill("hot")
    control(page, "page.creator_notes").fill("Kept, though the other is wrong.")

    page.locator("[data-grid-save]").click()

    wrong = control(page, "page.model.temperature")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_value("hot")
    expect(control(page, "page.creator_notes")).to_have_value(
        "Kept, though the other is wrong."
    )
    keep(page, "table-wrong")
    assert axe_findings(page) == []


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chosen_column_menu_and_a_cell_fit_and_have_no_findings(
    sign_in, width, scheme
):
    page = sign_in(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(TABLE)
    page.get_by_text("Columns 4").click()
    page.get_by_role("checkbox", name="Scenario").check()
    assert axe_findings(page) == []
    page.get_by_role("button", name="Show these").click()

    expect(control(page, "pip.scenario")).to_be_visible()
    control(page, "pip.scenario").click()
    assert axe_findings(page) == []
    wider = "document.documentElement.scrollWidth - window.innerWidth"
    assert page.evaluate(wider) <= 0


def test_without_script_the_table_is_a_form(sign_in, site, open_page):
    page = sign_in()
    state = page.context.storage_state()
    plain = open_page(java_script_enabled=False, storage_state=state)
    plain.goto(TABLE)
    control(plain, "augusta_gale.creator").fill("No script")

    plain.get_by_role("button", name="Save changes").click()

    assert "1 draft saved." in plain.content()
    assert control(plain, "augusta_gale.creator").input_value() == "No script"


def test_a_csv_file_goes_out_is_changed_and_comes_back(sign_in, tmp_path, keep):
    page = sign_in()
    page.goto("/table/?column=creator&column=tags&q=clement")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    path = tmp_path / "table.csv"
    download.value.save_as(path)
    text = path.read_bytes().decode("utf-8-sig")
    head, _, rest = text.partition("\r\n")
    assert head == "character_id,revision,tags,creator"
    changed = f"{head}\r\n{rest.rstrip()}=2+2\r\n"
    path.write_bytes(changed.encode("utf-8-sig"))
    page.get_by_role("link", name="Upload CSV…").click()
    page.get_by_label("CSV file").set_input_files(path)

    page.get_by_role("button", name="Show what would change").click()

    expect(page.get_by_text("Would change").first).to_be_visible()
    keep(page, "table-dry-run")
    assert axe_findings(page) == []
    page.get_by_role("button", name="Save 1 draft").click()
    expect(page.get_by_text("1 draft saved.").first).to_be_visible()
