"""The simulator, as people use it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

URL = "/routing/simulator/"


@pytest.fixture
def simulator(sign_in) -> Page:
    page = sign_in()
    page.goto(URL)
    return page


def answer(page: Page):
    return page.locator("#simulator-answer")


def test_it_answers_while_one_types(simulator, keep):
    expect(answer(simulator)).to_contain_text("Write a message")

    simulator.get_by_role("textbox", name="Message").fill("Hello Pip, how is Page?")

    expect(answer(simulator).locator(".decision-sentence")).to_contain_text("Pip")
    expect(answer(simulator).locator("mark")).to_have_count(2)
    expect(simulator.get_by_role("textbox", name="Message")).to_be_focused()
    assert simulator.url.endswith(URL)
    keep(simulator, "simulator")
    assert axe_findings(simulator) == []

    simulator.get_by_role("textbox", name="Message").fill("Nothing of note.")
    expect(answer(simulator).locator(".decision-sentence")).to_contain_text("Nobody")


def test_only_the_newest_answer_is_shown(simulator):
    message = simulator.get_by_role("textbox", name="Message")
    message.fill("Pip!")
    message.press_sequentially(" And Page!", delay=120)

    expect(answer(simulator).locator("blockquote")).to_contain_text(
        re.compile(r"And Page .*!")
    )


def test_row_shows_its_own_words(simulator):
    simulator.get_by_role("textbox", name="Message").fill("Hello Pip and Page!")
    expect(answer(simulator).locator("mark")).to_have_count(2)

    simulator.locator("[data-marks-row='1']").hover()
    expect(answer(simulator).locator("mark.is-other")).to_have_count(1)

    simulator.get_by_role("textbox", name="Message").hover()
    expect(answer(simulator).locator("mark.is-other")).to_have_count(0)


def test_both_side_by_side_with_many_runs(simulator, keep):
    simulator.get_by_role("textbox", name="Message").fill("Hello Pip and Page!")
    simulator.get_by_label("Both, side by side").check()
    simulator.get_by_label("Runs").select_option("1000")

    expect(answer(simulator)).to_contain_text("either way")
    expect(
        answer(simulator).get_by_role("heading", name="Live", exact=True)
    ).to_be_visible()
    expect(
        answer(simulator).get_by_role("heading", name="Drafts", exact=True)
    ).to_be_visible()
    expect(answer(simulator).locator(".sim-bars")).to_have_count(2)
    keep(simulator, "simulator-both")
    assert axe_findings(simulator) == []
    simulator.set_viewport_size({"width": 360, "height": 740})
    wider = simulator.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    assert wider <= 0


def test_fields_of_whoever_was_last_come_when_chosen(simulator):
    who = simulator.locator("#sim-sticky_character")
    expect(who).to_be_hidden()

    simulator.get_by_label("A character", exact=True).check()
    expect(who).to_be_visible()
    expect(answer(simulator)).to_contain_text("Name a character.")
    who.fill("pip")

    expect(answer(simulator).locator(".decision-sentence")).to_contain_text("Pip")


def test_keys_ask_at_once(simulator):
    simulator.get_by_label("Seed").fill("5")
    message = simulator.get_by_role("textbox", name="Message")
    message.fill("Hello Pip")
    message.press("Control+Enter")

    expect(answer(simulator).locator(".decision-sentence")).to_contain_text("Pip")


def test_without_scripts(sign_in):
    page = sign_in(java_script_enabled=False)
    page.goto(URL)

    page.get_by_role("textbox", name="Message").fill("Hello Pip")
    page.get_by_role("button", name="Try").click()

    expect(page.locator(".decision-sentence")).to_contain_text("Pip")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("Hello Pip")
    assert page.url.endswith(URL)


def test_feed_leads_here(sign_in):
    page = sign_in()
    page.goto("/routing/")

    page.get_by_role("link", name="Simulator").click()

    page.wait_for_url(URL)
