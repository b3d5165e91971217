"""The editor's page in a real browser: form and prompt, panes, keys, widths."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import axe_findings

WHO = "augusta_gale"
PREVIEW = re.compile("/edit/preview/$")
PERSONALITY = "[name='identity.personality']"


@pytest.fixture
def editor(sign_in):
    def open_editor(path: str = f"characters/{WHO}", **options) -> Page:
        page = sign_in(**options)
        page.goto(f"/{path}/edit/")
        # Hidden panes hold it too; what counts is that it has come.
        page.wait_for_selector("#editor-prompt .editor-prompt__span", state="attached")
        return page

    return open_editor


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.name || document.activeElement.id")


def span(page: Page, source: str):
    return page.locator(f"[data-source='{source}']").last


def compiled(page: Page):
    """Waits for the next answer of the preview."""
    return page.expect_response(PREVIEW)


def test_a_click_on_the_prompt_reaches_the_field(editor):
    page = editor()

    span(page, "identity.personality").click()

    assert focused(page) == "identity.personality"
    expect(page.locator(PERSONALITY)).to_be_in_viewport()


def test_enter_on_a_span_reaches_even_a_row(editor):
    page = editor()
    one = span(page, "quirks.1.items.0")

    one.focus()
    page.keyboard.press("Enter")

    assert focused(page) == "quirks.1.items.0"


def test_rows_are_counted_as_they_stand_now(editor):
    page = editor()
    rows = page.locator("#field-identity [data-key=core_traits]")
    second = rows.locator("textarea").nth(1).input_value()
    with compiled(page):
        rows.get_by_role("button", name="Remove Core traits 1").click()
    expect(span(page, "identity.core_traits.0")).to_have_text(f"- {second}")

    span(page, "identity.core_traits.0").click()

    assert page.evaluate("document.activeElement.value") == second


def test_a_folded_group_opens_for_its_field(editor):
    page = editor()
    quirks = page.locator("#field-quirks details")
    page.evaluate(
        "document.querySelectorAll('#field-quirks details').forEach(d => d.open = 0)"
    )

    span(page, "quirks.0.items.1").click()

    assert focused(page) == "quirks.0.items.1"
    assert quirks.first.get_attribute("open") is not None


def test_arrow_keys_go_from_span_to_span(editor):
    page = editor()
    page.locator(".editor-prompt__span[tabindex='0']").focus()
    first = page.evaluate("document.activeElement.textContent")

    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowUp")

    assert second != first
    assert page.evaluate("document.activeElement.textContent") == first
    assert page.locator(".editor-prompt__span[tabindex='0']").count() == 1


def test_a_focused_field_lights_its_spans_and_the_form_keeps_its_place(editor):
    page = editor()
    box = page.locator(PERSONALITY)
    box.scroll_into_view_if_needed()
    place = box.bounding_box()["y"]

    box.focus()

    expect(span(page, "identity.personality")).to_have_class(re.compile("is-lit"))
    expect(span(page, "identity.personality")).to_be_in_viewport()
    assert page.locator(".is-lit").count() == 1
    assert abs(box.bounding_box()["y"] - place) < 2
    page.locator("[name='identity.details.1.value']").focus()
    expect(span(page, "identity.details.1")).to_have_class(re.compile("is-lit"))


def test_what_is_typed_is_in_the_prompt_and_its_price_in_the_list(editor):
    page = editor()
    share = page.locator("[data-section-link=who] [data-section-tokens]")
    before = int(share.inner_text())

    page.locator(PERSONALITY).press("End")
    with compiled(page):
        page.keyboard.insert_text(" Fond of barometers and of being asked about them.")

    expect(page.locator("#editor-prompt")).to_contain_text("Fond of barometers")
    expect(share).not_to_have_text(str(before))
    assert int(share.inner_text()) > before


def test_only_the_newest_answer_is_shown(editor):
    page = editor()

    def hold_the_first(route: Route) -> None:
        if "The second scenario." in (route.request.post_data or ""):
            route.continue_()

    page.route(PREVIEW, hold_the_first)
    box = page.locator("[name=scenario]")
    with page.expect_request(PREVIEW):
        box.fill("The first scenario.")

    # The one before is given up as soon as there is something newer to ask.
    with page.expect_event("requestfailed"):
        box.fill("The second scenario.")

    expect(page.locator("#editor-prompt")).to_contain_text("The second scenario.")
    page.unroute_all(behavior="ignoreErrors")
    assert "The first" not in page.locator("#editor-prompt").inner_text()


def test_what_is_wrong_is_marked_and_the_last_prompt_stays(editor):
    page = editor()
    prompt = page.locator("#editor-prompt").inner_text()
    box = page.locator("[name='model.temperature']")

    with compiled(page):
        box.fill("9")

    expect(
        page.locator("[data-section-link=model] [data-section-error]")
    ).to_be_visible()
    expect(page.locator("#field-model [data-live-error]")).to_contain_text("0 and 2")
    expect(page.locator("[data-answer=prompt]")).to_have_attribute("data-stale", "")
    assert page.locator("#editor-prompt").inner_text() == prompt
    with compiled(page):
        box.fill("0.8")
    expect(page.locator("[data-live-error]")).to_have_count(0)
    expect(page.locator("[data-section-error]:visible")).to_have_count(0)


def test_an_unknown_macro_is_marked_and_leads_to_its_field(editor):
    page = editor()
    box = page.locator("[name=scenario]")
    with compiled(page):
        box.fill("A pier at\n{{hour}}.")

    mark = page.locator(".editor-prompt__unknown").filter(has_text="{{hour}}")
    expect(mark).to_have_count(1)
    page.get_by_role("link", name="Scenario, line 2, column 1").click()

    assert focused(page) == "scenario"


def test_the_user_and_the_framework_can_be_chosen(editor):
    page = editor()
    with compiled(page):
        page.get_by_label("{{user}} is").fill("Bo Smith")
    # Nobody saves by looking.
    assert "Bo Smith" not in page.locator("#editor-form").inner_text()

    with compiled(page):
        page.locator("[name=preview-framework]").select_option("assistant")

    spans = page.locator("[data-url*='/frameworks/assistant/edit/']")
    expect(spans.first).to_be_attached()


def test_a_span_of_the_framework_says_whose_it_is_and_leads_there_if_asked(editor):
    page = editor()
    here = page.url

    page.locator("[data-url*='#field-prompt_template']").first.click()

    note = page.locator("[data-elsewhere]")
    expect(note).to_contain_text(re.compile(r"“.+” belongs to the framework \S+"))
    assert page.url == here
    with page.context.expect_page() as opened:
        note.get_by_role("link", name="Open it in a new tab").click()
    opened.value.wait_for_url("**/frameworks/*/edit/#field-prompt_template")
    assert page.url == here
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()


def test_a_frameworks_own_tree_is_found_and_lit(editor):
    page = editor("frameworks/chaotic")
    source = "behavioral_patterns.spontaneity.interrupts"

    span(page, source).click()

    row = page.locator(".sheet-tree__row", has=page.locator(":focus")).last
    assert row.locator("[data-tree-key] input").first.input_value() == "interrupts"
    row.locator("[data-tree-value] textarea").focus()
    expect(span(page, source)).to_have_class(re.compile("is-lit"))


def test_tabs_work_by_keyboard_and_budget_counts(editor):
    page = editor()
    page.get_by_role("tab", name="Preview").focus()

    page.keyboard.press("ArrowRight")

    assert focused(page) == "tab-budget"
    budget = page.get_by_role("tabpanel", name="Budget")
    expect(budget.get_by_role("row", name="Whole prompt")).to_be_visible()
    expect(budget).to_contain_text("o200k_base")
    page.keyboard.press("End")
    assert focused(page) == "tab-history"
    expect(page.get_by_role("tabpanel", name="History")).to_be_visible()
    expect(budget).to_be_hidden()


@pytest.mark.parametrize("pane", ["Diff", "Test", "History"])
def test_panes_are_loaded_when_they_are_opened(editor, pane):
    page = editor()

    page.get_by_role("tab", name=pane).click()

    panel = page.get_by_role("tabpanel", name=pane)
    expect(panel).not_to_have_attribute("aria-busy", "true")
    expect(panel).not_to_contain_text("cannot be loaded")
    expect(panel.locator(":is(h2, form, p)").first).to_be_visible()
    assert axe_findings(page) == []


def test_a_pane_that_cannot_be_loaded_can_be_tried_again(editor):
    page = editor()
    page.route(re.compile("/edit/history/"), lambda route: route.abort())
    page.get_by_role("tab", name="History").click()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()

    page.unroute_all()
    again.click()

    expect(again).to_be_hidden()


def test_alt_arrows_go_from_section_to_section(editor):
    page = editor()
    page.locator("[name=display_name]").focus()

    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowUp")

    expect(page.get_by_role("heading", name="How they talk")).to_be_focused()
    link = page.locator("[data-section-link=talk]")
    expect(link).to_have_attribute("aria-current", "true")


def test_the_list_of_sections_follows_the_form(editor):
    page = editor()

    page.locator("[data-section-link=card]").click()

    expect(page.locator("[name=creator]")).to_be_in_viewport()
    expect(page.locator("[data-section-link=card]")).to_have_attribute(
        "aria-current", "true"
    )
    page.locator("[data-editor-write]").evaluate("pane => pane.scrollTo(0, 0)")
    expect(page.locator("[data-section-link=who]")).to_have_attribute(
        "aria-current", "true"
    )


def test_control_enter_goes_on_to_publishing(editor):
    page = editor()
    page.locator("[name=display_name]").focus()

    page.keyboard.press("Control+Enter")

    page.wait_for_url(f"**/publish/?ids={WHO}")


def test_control_s_saves(editor):
    page = editor("characters/pip")
    page.locator("[name=creator]").fill("Control S")

    page.keyboard.press("Control+s")
    expect(page.locator("[data-save-state]")).to_contain_text("Saved")

    page.reload()
    expect(page.locator("[name=creator]")).to_have_value("Control S")


def test_narrow_pages_show_one_pane_at_a_time(editor, keep):
    page = editor(viewport={"width": 360, "height": 740})
    form = page.locator("#editor-form")
    expect(form).to_be_visible()
    expect(page.get_by_role("tab", name="Write")).to_have_attribute(
        "aria-selected", "true"
    )

    page.get_by_role("tab", name="Preview").click()

    expect(form).to_be_hidden()
    tabs = page.get_by_role("tablist").bounding_box()
    assert tabs["y"] + tabs["height"] > 720  # At the bottom.
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert axe_findings(page) == []
    keep(page, "editor-narrow")
    span(page, "scenario").click()
    expect(form).to_be_visible()
    assert focused(page) == "scenario"


def test_narrow_pages_choose_sections_from_a_list(editor):
    page = editor(viewport={"width": 360, "height": 740})

    page.get_by_label("Section of the form").select_option("growth")

    expect(page.get_by_role("heading", name="Growth", exact=True)).to_be_in_viewport()
    assert axe_findings(page) == []


def test_between_there_are_form_and_dock(editor):
    page = editor(viewport={"width": 1100, "height": 800})

    expect(page.locator("#editor-form")).to_be_visible()
    expect(page.locator("#editor-prompt")).to_be_visible()
    expect(page.get_by_label("Section of the form")).to_be_visible()
    expect(page.locator("[data-editor-sections]")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [f"characters/{WHO}", "frameworks/neuro"])
def test_axe_finds_nothing(editor, keep, scheme, path):
    page = editor(path, color_scheme=scheme, viewport={"width": 1440, "height": 900})

    assert axe_findings(page) == []
    page.get_by_role("tab", name="Budget").click()
    assert axe_findings(page) == []
    keep(page, f"editor-{path.split('/')[0]}-{scheme}")


def test_without_scripts_it_saves_and_previews(open_page, site):
    page = open_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Username").fill(site.user)
    page.get_by_label("Password", exact=True).fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.goto("/characters/pippa/edit/")
    page.locator("[name=creator]").fill("No scripts")

    page.get_by_role("button", name="Save draft").click()

    assert page.locator("[name=creator]").input_value() == "No scripts"
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Show what is typed as a prompt").click()
    expect(popup.value.locator("#editor-prompt")).to_contain_text("Name:")


def test_a_viewer_reads_the_draft_and_its_prompt(open_page, site):
    site.manage("shell", "-c", VIEWER)
    page = open_page()
    page.goto("/")
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password", exact=True).fill("only-looking-1")
    page.get_by_role("button", name="Sign in").click()

    page.goto(f"/characters/{WHO}/edit/")

    expect(page.get_by_text("Curators edit")).to_be_visible()
    expect(page.locator("#editor-prompt")).to_contain_text("Name: Augusta Gale")
    expect(page.locator(PERSONALITY)).to_be_disabled()
    expect(page.get_by_role("button", name="Save draft")).to_have_count(0)
    span(page, "scenario").click()
    expect(page.locator("[name=scenario]")).to_be_in_viewport()
    assert axe_findings(page) == []


VIEWER = """
from django.contrib.auth.models import Group
from core.models import User
user, made = User.objects.get_or_create(username="vera")
user.set_password("only-looking-1")
user.save()
user.groups.add(Group.objects.get_or_create(name="viewer")[0])
"""
