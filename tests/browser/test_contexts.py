"""Kinds of conversation: the test box, two managers at once, removing and undo."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def kinds(page: Page) -> list[str]:
    headings = page.locator("article h2").all_inner_texts()
    return [text.strip() for text in headings]


@pytest.mark.parametrize("javascript", [True, False])
def test_test_box_shows_what_a_message_tells(sign_in, keep, javascript):
    page = sign_in(java_script_enabled=javascript)
    page.goto("/contexts/")
    box = page.get_by_role("textbox", name="A message")
    box.fill("A bug in <my> code, lol.\nWe prevent events.")
    page.get_by_role("button", name="See what it tells").click()

    expect(page.get_by_text("This tells of Technical.")).to_be_visible()
    # Without what is only said to those who cannot see the colours.
    marks = page.locator("mark").evaluate_all(
        "marks => marks.map(mark => mark.firstChild.data)"
    )
    assert marks == ["bug", "code", "lol"]
    expect(box).to_have_value("A bug in <my> code, lol.\nWe prevent events.")
    keep(page, f"context-test-{javascript}")


def test_result_of_the_test_box_is_accessible(sign_in):
    page = sign_in()
    page.goto("/contexts/")
    page.get_by_role("textbox", name="A message").fill("a bug, lol, hereby a poem")
    page.get_by_role("button", name="See what it tells").click()
    expect(page.locator("mark")).to_have_count(4)

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe_findings(page) == []


def test_two_managers_at_one_kind_lose_nothing(sign_in, keep):
    first, second = sign_in(), sign_in()
    for page in (first, second):
        page.goto("/contexts/educational/edit/")
    first.get_by_label("Name").fill("Lessons")
    save(first)
    first.wait_for_url("**/contexts/")

    second.get_by_label("Name").fill("School")
    second.get_by_label("Warm Hearth").fill("60")
    expect(second.get_by_text("counts 37.5 %")).to_be_visible()
    save(second)

    expect(
        second.get_by_text("Somebody changed Lessons in the meantime")
    ).to_be_visible()
    expect(second.get_by_label("Name")).to_have_value("School")
    expect(second.locator("del")).to_have_text("Lessons")
    assert axe_findings(second) == []
    keep(second, "context-conflict")
    save(second)
    second.wait_for_url("**/contexts/")
    assert "School" in kinds(second)


def test_removed_kind_comes_back_by_undo(sign_in, keep):
    page = sign_in()
    page.goto("/contexts/")
    before = kinds(page)
    page.goto("/contexts/casual/edit/")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Remove").click()
    page.wait_for_url("**/contexts/")
    assert "Casual" not in kinds(page)

    page.get_by_role("button", name="Undo").click()
    page.locator("dialog[open]").get_by_role("button", name="Undo").click()

    expect(page.get_by_text("The earlier table is back.")).to_be_visible()
    assert kinds(page) == before
    keep(page, "context-undone")
