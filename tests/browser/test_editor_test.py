"""Trying a character out in a browser, with a model on this machine."""

import threading

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Server
from tests.llm_server import KEY, MODEL, LlmServer, completion, llm_server


@pytest.fixture(scope="module")
def llm():
    with llm_server() as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory, llm: LlmServer):
    """A site of its own, wired to the model."""
    server = Server(tmp_path_factory.mktemp("site-with-model"))
    server.environment |= {
        "LLM_BASE_URL": llm.url,
        "LLM_API_KEY": KEY,
        "LLM_MODEL": MODEL,
        "LLM_TIMEOUT": "20",
    }
    server.start()
    yield server
    server.stop()
    log = server.log.read_text()
    assert '"level": "error"' not in log, log
    assert KEY not in log
    assert "Is anybody there" not in log


# The first call loads the client, on a machine that tests other things meanwhile.
PATIENTLY = 20_000


def opened(page: Page, path: str = "/characters/pip/edit/test/") -> Page:
    page.goto(path)
    page.locator("[data-test-form]").wait_for()
    return page


def messages(page: Page):
    return page.get_by_label("What is said")


def attempt(page: Page) -> None:
    page.get_by_role("button", name="Try", exact=True).click()


def reply(page: Page, name: str):
    return page.get_by_role("region", name=name)


def test_replies_of_both_sides_are_kept_as_a_sample(sign_in, llm, keep):
    llm.behave = lambda exchange: exchange.echo()
    page = opened(sign_in())
    page.get_by_label("The user’s name").fill("Robin")
    messages(page).first.fill("Is anybody there?")
    page.keyboard.press("Control+Enter")

    for name in ("Draft", "Live"):
        said = reply(page, name)
        answer = said.get_by_text("You said: Is anybody there?")
        expect(answer).to_be_visible(timeout=PATIENTLY)
        expect(said.get_by_text("7 tokens")).to_be_visible()
    expect(page.get_by_text("Both send exactly the same.")).to_be_visible()
    page.get_by_text("Draft: ").click()
    expect(page.locator("#test-draft-prompt")).to_contain_text("[user]")
    keep(page, "tried")
    assert axe_findings(page) == []

    title = page.get_by_label("Title of the sample conversation")
    expect(title).to_have_value("Is anybody there?")
    title.fill("Somebody is there")
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("link", name="Somebody is there").click()

    expect(
        page.get_by_role("heading", level=1, name="Somebody is there")
    ).to_be_visible()
    expect(page.get_by_text("You said: Is anybody there?")).to_have_count(2)
    keep(page, "sample")
    assert axe_findings(page) == []
    page.get_by_role("link", name="Try again").click()
    expect(messages(page).first).to_have_value("Is anybody there?")


def test_messages_are_added_and_removed_by_keyboard(sign_in, llm):
    llm.behave = lambda exchange: exchange.echo()
    page = opened(sign_in())
    messages(page).first.fill("First")
    page.get_by_role("button", name="Add a message").press("Enter")
    page.keyboard.type("Second, by the character")
    page.get_by_role("button", name="Add a message").press("Enter")
    page.keyboard.type("Third")
    page.get_by_role("button", name="Add a message").press("Enter")
    page.get_by_role("button", name="Remove message 4").press("Enter")
    expect(messages(page).last).to_be_focused()
    page.get_by_label("Who says it").last.select_option("Somebody else")
    page.keyboard.type("Kim")

    attempt(page)

    answer = reply(page, "Draft").get_by_text("You said: Kim: Third")
    expect(answer).to_be_visible(timeout=PATIENTLY)
    chat = llm.asked[-1].body["messages"][1:4]
    assert [(m["role"], m["content"]) for m in chat] == [
        ("user", "admin: First"),
        ("assistant", "Second, by the character"),
        ("user", "Kim: Third"),
    ]


def test_waiting_is_shown_and_stopped(sign_in, llm, keep):
    llm.behave = lambda exchange: exchange.hang()
    page = opened(sign_in())
    messages(page).first.fill("Take your time")
    attempt(page)
    expect(reply(page, "Draft").get_by_text("Waiting for")).to_contain_text("1 s")
    keep(page, "trying")
    assert axe_findings(page) == []

    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_text("Stopped before a reply came.")).to_have_count(2)
    expect(messages(page).first).to_have_value("Take your time")


def test_one_reply_comes_before_the_other_and_failures_are_told(sign_in, llm):
    first, second = threading.Event(), threading.Lock()

    def one_fails(exchange):
        with second:
            is_first = not first.is_set()
            first.set()
        if is_first:
            exchange.send(401, {"error": {"message": "no"}})
        else:
            exchange.hang()

    llm.behave = one_fails
    page = opened(sign_in())
    messages(page).first.fill("Hello")
    attempt(page)

    told = page.get_by_text("does not accept the key")
    expect(told).to_have_count(1, timeout=PATIENTLY)
    expect(page.get_by_text("Waiting for")).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped before a reply came.")).to_have_count(1)


def test_what_is_wrong_is_marked_and_nothing_lost(sign_in, llm):
    page = opened(sign_in())
    messages(page).first.fill("Stays here")
    page.get_by_role("button", name="Add a message").click()

    attempt(page)

    expect(page.get_by_text("Write what is said")).to_be_visible()
    expect(messages(page).first).to_have_value("Stays here")
    expect(messages(page).last).to_be_focused()


def test_the_site_answers_while_models_are_slow(sign_in, llm, site):
    llm.behave = lambda exchange: exchange.hang()
    page = opened(sign_in())
    for _ in range(8):
        messages(page).first.fill("Think long")
        attempt(page)
        expect(page.get_by_role("button", name="Try", exact=True)).to_be_enabled()
    expect(page.get_by_text("Waiting for")).to_have_count(2)

    assert "system_prompt" in site.get("/api/v1/personas/pip/prompt")
    attempt(page)
    expect(page.get_by_text("are waiting for the model already")).to_be_visible()
    llm.leave.set()


def test_a_network_that_is_away_loses_nothing(sign_in, llm):
    page = opened(sign_in())
    messages(page).first.fill("Typed with care")
    page.context.set_offline(True)

    attempt(page)

    expect(page.get_by_text("What you wrote is still here")).to_be_visible()
    expect(messages(page).first).to_have_value("Typed with care")
    page.context.set_offline(False)
    llm.behave = lambda exchange: exchange.send(200, completion("Back again"))
    llm.leave.clear()


def test_beside_the_editor_a_saved_change_is_tried(sign_in, llm, keep):
    llm.behave = lambda exchange: exchange.echo()
    page = sign_in()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/characters/loam/edit/")
    page.get_by_role("tab", name="Test").click()
    page.locator("[data-test-form]").wait_for()
    page.get_by_label("Description", exact=True).first.fill("A golem who hums softly.")
    messages(page).first.fill("What do you do?")

    # Outside the pane these keys go on to publishing.
    page.keyboard.press("Control+Enter")

    changed = page.locator("[data-test-outcome] ins").first
    expect(changed).to_be_visible(timeout=PATIENTLY)
    expect(page.locator("[data-test-outcome] .diff")).to_contain_text("hums softly")
    expect(messages(page).first).to_have_value("What do you do?")
    keep(page, "tried-beside-the-editor")


def test_without_scripts_it_is_a_page(sign_in, browser, site, llm):
    llm.behave = lambda exchange: exchange.echo()
    page = sign_in(java_script_enabled=False)
    page.goto("/characters/pip/edit/test/")
    messages(page).first.fill("First")
    page.get_by_role("button", name="Add a message").click()
    messages(page).last.fill("Second")
    page.get_by_role("button", name="Remove this message").last.click()

    attempt(page)

    for _ in range(80):
        if page.get_by_text("You said: First").count() == 2:
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.get_by_text("You said: First")).to_have_count(2)
