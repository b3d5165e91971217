"""Controls made from sheets in a real browser, with and without scripts."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import QueryDict
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Request, Route

from core.sheet_forms import SheetField
from personas.domain.sheets import CharacterSheet
from tests.browser.conftest import axe_findings

URL = "http://forms.test"
FIELD = SheetField(CharacterSheet, label="Character")
POLICY = "; ".join(
    f"{name} {' '.join(sources)}"
    for name, sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SHEET = CharacterSheet.model_validate(
    {
        "display_name": "Marigold",
        "framework_id": "caring",
        "aliases": ["Mari", "the lamplighter"],
        "description": '\n\nTwo lines above;  spaces after  \n<b> & "quotes" 日本語 🎭',
        "identity": {
            "personality": "Windows\r\nlines",
            "who": "old\rmac and\r\nnew\n",
            "core_traits": ["patient", "keeps\nlists", ""],
            "details": [{"key": "at dawn", "value": "hums"}],
        },
        "opinions": [{"stance": "loves", "topic": "fog", "items": ["quiet"]}],
        "evolution_stages": [
            {"milestone": 50, "title": "Trusts you"},
            {"milestone": 150, "changes": {"behavior": {"a": 1}}},
        ],
        "model": {"temperature": 1, "extra": {"stop": ["\n", "#"], "seed": 7}},
        "extensions": {"f": 2.0, "t": "7", "y": True, "n": None, "": {"k": [[], {}]}},
    }
).model_dump(mode="json")


class Form:
    """One field on a page of its own; what it sends is kept, not answered."""

    def __init__(self, page: Page, value: Any) -> None:
        self.page = page
        self.sent: QueryDict | None = None
        self._html = render_to_string("core/_styles.html") + (
            f'{FIELD.widget.media}</head><body><main><h1>Form</h1><form method="post">'
            f"{FIELD.widget.render('sheet', value, {'id': 'id_sheet'})}"
            '<button class="save">Save</button></form></main></body></html>'
        )
        page.route(f"{URL}/**", self._answer)
        page.goto(f"{URL}/")

    def _answer(self, route: Route, request: Request) -> None:
        path = request.url.removeprefix(URL)
        if path.startswith(settings.STATIC_URL):
            found = finders.find(path.removeprefix(settings.STATIC_URL))
            suffix = path[path.rindex(".") :]
            route.fulfill(path=found, content_type=KINDS[suffix])
            return
        if request.method == "POST":
            self.sent = QueryDict(request.post_data or "", encoding="utf-8")
        route.fulfill(
            body=f'<!DOCTYPE html><html lang="en"><head><title>F</title>{self._html}',
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": POLICY},
        )

    def save(self) -> Any:
        """Submit and clean; the value that arrives."""
        with self.page.expect_navigation():
            self.page.locator(".save").click()
        assert self.sent is not None
        return FIELD.clean(FIELD.widget.value_from_datadict(self.sent, {}, "sheet"))


@pytest.fixture
def form(browser: Browser) -> Iterator[Callable[..., Form]]:
    complaints: list[str] = []
    contexts = []

    def show(value: Any = SHEET, **options: Any) -> Form:
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        return Form(page, value)

    yield show
    for context in contexts:
        context.close()
    assert not complaints


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_untouched_form_sends_the_value_it_shows(form, has_scripts):
    assert json.dumps(form(java_script_enabled=has_scripts).save()) == json.dumps(SHEET)


def test_terms_are_added_pasted_and_removed_by_keyboard(form):
    page = form()
    box = page.page.get_by_label("Also called")
    box.press_sequentially("Lamp, Wick,half done")
    box.press("Tab")  # What was typed counts without Enter.
    box.press("Backspace")
    box.evaluate(
        "box => { const data = new DataTransfer(); data.setData('text', 'a\\nb, c');"
        " box.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data})); }"
    )
    box.press("ArrowLeft")
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("Delete")
    page.page.get_by_role("button", name="Remove Mari", exact=True).click()

    value = page.save()

    assert value["aliases"] == ["the lamplighter", "Lamp", "Wick", "a", "c"]


def test_rows_are_added_moved_removed_and_brought_back(form):
    page = form()
    rows = page.page.locator("[data-key=core_traits]")
    rows.get_by_role("button", name="Add to Core traits").click()
    page.page.keyboard.type("new")
    rows.get_by_role("button", name="Move up Core traits 4").click()
    rows.get_by_role("button", name="Remove Core traits 1").click()
    rows.get_by_role("button", name="Undo").click()
    rows.get_by_role("button", name="Remove Core traits 2").click()
    rows.get_by_role("button", name="Add to Core traits").click()  # Stays empty.

    assert page.save()["identity"]["core_traits"] == ["patient", "new", ""]


def test_a_new_row_has_working_rows_inside(form):
    page = form()
    stages = page.page.locator("[data-key=evolution_stages]")
    stages.locator("> [data-rows-add]").click()
    page.page.keyboard.type("300")
    stage = stages.locator("> ol > li").last
    stage.get_by_text("Changes", exact=True).click()
    stage.get_by_text("Knowledge", exact=True).click()
    stage.get_by_label("New interests").fill("tides")
    for fact in ("moon", "foam"):
        stage.get_by_role("button", name="Add to Learns about").click()
        page.page.keyboard.type(fact)

    knowledge = page.save()["evolution_stages"][2]["changes"]["knowledge"]

    assert knowledge["add_interests"] == ["tides"]
    assert knowledge["add_expertise"] == ["moon", "foam"]


def test_a_tree_grows_values_of_every_kind(form):
    page = form({**SHEET, "extensions": {}})
    tree = page.page.locator("[data-key=extensions]")

    def add(rows, kind, text="", key=""):
        rows.locator("> [data-rows-add]").click()
        if key:
            page.page.keyboard.type(key)
        row = rows.locator("> ol > li").last
        row.locator("> div [data-tree-kind]").select_option(kind)
        value = row.locator("> div > [data-tree-value]")
        if kind == "flag":
            value.locator("select").select_option(text)
        elif text:
            value.locator("input, textarea").fill(text)
        return row.locator("> [data-rows]")

    rows = tree.locator("> [data-rows]")
    add(rows, "number", "7", key="whole")
    add(rows, "text", "7", key="text")
    add(rows, "nothing", key="none")
    items = add(rows, "list", key="list")
    add(items, "number", "2.0")
    add(items, "flag", "false")
    add(add(items, "object"), "text", "in", key="deep")

    assert json.dumps(page.save()["extensions"]) == json.dumps(
        {"whole": 7, "text": "7", "none": None, "list": [2.0, False, {"deep": "in"}]}
    )


def test_a_changed_kind_keeps_what_was_typed(form):
    page = form({**SHEET, "extensions": {"k": "0.5"}})
    row = page.page.locator("[data-key=extensions] [data-row]")
    for kind in ("list", "nothing", "number"):
        row.locator("[data-tree-kind]").first.select_option(kind)

    assert page.save()["extensions"] == {"k": 0.5}


def test_text_that_becomes_a_list_is_its_items(form):
    page = form({**SHEET, "extensions": {"k": "one\ntwo"}})
    page.page.locator("[data-key=extensions] [data-tree-kind]").select_option("list")

    assert page.save()["extensions"] == {"k": ["one", "two"]}


def test_the_json_shows_what_the_boxes_say(form):
    page = form()
    page.page.get_by_text("Edit as JSON").click()
    text = page.page.locator("[name=sheet__json]")

    assert json.dumps(json.loads(text.input_value())) == json.dumps(SHEET)
    page.page.locator("[name='sheet.display_name']").fill("Ada")
    assert json.loads(text.input_value())["display_name"] == "Ada"


def test_typing_json_takes_the_place_of_the_boxes(form):
    page = form()
    page.page.get_by_text("Edit as JSON").click()
    text = page.page.locator("[name=sheet__json]")
    text.fill(json.dumps({**SHEET, "display_name": "Bea"}))

    assert page.page.locator("[data-sheet-boxes]").evaluate("boxes => boxes.inert")
    assert page.save()["display_name"] == "Bea"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_sticks_out_at_360_pixels(form, scheme):
    page = form(viewport={"width": 360, "height": 740}, color_scheme=scheme).page
    page.evaluate(
        "document.querySelectorAll('details').forEach(d => { d.open = true })"
    )

    assert axe_findings(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360


def test_no_two_elements_share_an_id_after_rows_were_added(form):
    page = form().page
    for name in ("Add to Opinions", "Add to Growth stages"):
        for _ in range(2):
            page.get_by_role("button", name=name, exact=True).click()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")

    assert len(ids) == len(set(ids))
