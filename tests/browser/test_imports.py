"""Importing: files dropped, read, chosen, imported and exported."""

import base64
import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.personas.domain.card_made import in_charx, in_png, v3

DROP = """
async (files) => {
  const data = new DataTransfer();
  for (const {name, content} of files) {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  for (const type of ['dragenter', 'dragover', 'drop']) {
    const init = {dataTransfer: data, bubbles: true, cancelable: true};
    document.querySelector('h1').dispatchEvent(new DragEvent(type, init));
  }
}
"""


def card(name: str, **data) -> bytes:
    return json.dumps(v3(name=name, **data)).encode()


def payload(name: str, content: bytes) -> dict:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Drop files on the page, wherever, and wait for the import's own page."""
    page.goto("/import/")
    listed = [
        {"name": name, "content": base64.b64encode(content).decode()}
        for name, content in files.items()
    ]
    page.evaluate(DROP, listed)
    page.wait_for_url("**/import/*/")


def row(page: Page, name: str):
    return page.locator("[data-key]").filter(has_text=name)


def wait_until_read(page: Page) -> None:
    expect(page.locator("#import-progress")).to_have_attribute("data-waiting", "0")


def wide(page: Page) -> int:
    return page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )


def test_dropped_files_are_read_chosen_and_imported(sign_in, keep):
    page = sign_in()
    lore = {"entries": {"0": {"key": ["tea"], "content": "Tea is at four."}}}
    drop(
        page,
        {
            "dropped one.png": in_png(v3(name="Dropped One", description="Tall.")),
            "two.charx": in_charx(v3(name="Dropped Two")),
            "three.json": card("Dropped Three", tags="a, b"),
            "tea.json": json.dumps(lore).encode(),
            "broken.json": b'{"spec": ',
        },
    )

    wait_until_read(page)
    expect(page.locator("[data-key]")).to_have_count(5)
    broken = row(page, "broken.json")
    expect(broken.locator(".field__error")).to_be_visible()
    assert len(broken.locator(".field__error").inner_text()) > 20
    keep(page, "import-read")

    one = row(page, "Dropped One")
    one.locator("summary").click()
    expect(one.get_by_role("heading", name="Mapped")).to_be_visible()
    picture = one.locator("img")
    expect(picture).to_have_js_property("naturalWidth", 2)
    one.get_by_role("link", name="Show the prompt").click()
    expect(one.locator("pre")).to_contain_text("Tall.")
    keep(page, "import-report")

    one.get_by_label("Id of a new one").fill("the_first")
    row(page, "Dropped Three").get_by_label("What to do").select_option("skip")
    expect(row(page, "Dropped Three").locator("[data-import-id]")).to_be_hidden()
    page.get_by_role("button", name="Import 3, leave out 1").click()

    expect(page.get_by_text("3 imported. Nothing is published.")).to_be_visible()
    expect(row(page, "Dropped Three").locator(".badge")).to_have_text("Left out")
    expect(row(page, "two.charx").locator(".badge")).to_have_text("Imported")
    keep(page, "import-done")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # Colours move to those of the other scheme.
        page.evaluate(
            "() => Promise.all(document.getAnimations().map((a) => a.finished))"
        )
        assert axe_findings(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert wide(page) <= 0
    keep(page, "import-done-phone-dark")
    page.set_viewport_size({"width": 1280, "height": 800})

    page.get_by_role("link", name="publish the characters").click()
    expect(page.get_by_text("Dropped Two").first).to_be_visible()
    page.goto("/characters/the_first/")
    expect(page.get_by_role("heading", name="Dropped One")).to_be_visible()


def test_replacing_a_draft_is_asked_and_a_failure_is_told_on_its_row(sign_in, keep):
    page = sign_in()
    drop(page, {"again.json": card("Again", creator="Mo", scenario="Old.")})
    wait_until_read(page)
    page.get_by_role("button", name="Import 1").click()
    expect(row(page, "again.json").locator(".badge")).to_have_text("Imported")

    drop(page, {"again2.json": card("Again", creator="Mo", scenario="New.")})
    wait_until_read(page)
    again = row(page, "again2.json")
    choice = again.get_by_label("What to do")
    expect(choice).to_have_value("")
    keep(page, "import-duplicate")
    page.get_by_role("button", name="Import 1").click()
    expect(again.get_by_role("alert")).to_contain_text("Choose first what to do")

    choice.select_option("replace:again")
    page.get_by_role("button", name="Import 1").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("1 draft is replaced")
    keep(page, "import-replace")
    page.get_by_role("button", name="Replace").click()

    expect(again.locator(".badge")).to_have_text("Imported")
    page.goto("/characters/again/draft/")
    expect(page.get_by_text("New.", exact=True)).to_be_visible()


def test_all_by_keyboard(sign_in):
    page = sign_in()
    page.goto("/import/")
    chooser = page.get_by_label("Drop files here, or choose them")
    chooser.focus()
    chooser.set_input_files([payload("keys.json", card("By Keys"))])
    page.wait_for_url("**/import/*/")
    wait_until_read(page)

    page.get_by_role("button", name="Import 1").focus()
    page.keyboard.press("Enter")

    expect(row(page, "keys.json").locator(".badge")).to_have_text("Imported")
    page.get_by_role("link", name="By Keys", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/characters/by_keys/")


def test_without_script_by_plain_forms(sign_in):
    page = sign_in(java_script_enabled=False)
    page.goto("/import/")
    page.get_by_label("Drop files here, or choose them").set_input_files(
        [payload("plain.json", card("Plainly")), payload("bad.json", b"{")]
    )
    page.get_by_role("button", name="Send the files").click()
    for _ in range(60):
        if not page.get_by_text("Reading:").count():
            break
        page.wait_for_timeout(500)
        page.reload()

    page.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_text("1 imported as drafts.")).to_be_visible()
    page.locator("summary").filter(has_text="plain.json").click()
    page.get_by_role("link", name="Field by field").click()
    expect(page.get_by_role("heading", name="Mapped")).to_be_visible()


def test_lost_network_is_told_and_what_did_not_arrive_is_sent_again(sign_in, keep):
    page = sign_in()
    page.goto("/import/")
    page.route("**/import/upload/", lambda route: route.fulfill(status=413, json={}))
    page.locator("input[type=file]").set_input_files(
        [payload("lost.json", card("Lost")), payload("gone.json", card("Gone"))]
    )
    expect(page.get_by_text("0 of 2 sent, 2 did not arrive.")).to_be_visible()
    expect(page.locator("[data-import-files] li").first).to_contain_text("lost.json")
    keep(page, "import-lost")

    page.unroute("**/import/upload/")
    page.get_by_role("button", name="Send again what did not arrive").click()

    page.wait_for_url("**/import/*/")
    expect(page.locator("[data-key]")).to_have_count(2)


def test_stopped_import_goes_on_where_it_was(sign_in):
    page = sign_in()
    drop(page, {f"go{n}.json": card(f"Going {n}") for n in range(7)})
    wait_until_read(page)
    seen = []

    def second_fails(route):
        seen.append(route)
        if len(seen) == 2:
            route.fulfill(status=403, json={"detail": "Not now."})
        else:
            route.continue_()

    page.route("**/commit/", second_fails)
    page.get_by_role("button", name="Import 7").click()
    expect(page.get_by_text("Not now.")).to_be_visible()

    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_text("7 imported as drafts.")).to_be_visible()
    assert len(seen) == 3


@pytest.mark.parametrize("form", ["Card V3 (JSON)", "The older card format"])
def test_export_is_downloaded(sign_in, form):
    page = sign_in()
    page.goto("/characters/pip/export/")

    with page.expect_download() as download:
        page.locator("li").filter(has_text=form).get_by_role("link").click()

    assert download.value.suggested_filename.startswith("pip.")
