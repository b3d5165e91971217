"""The editor saves by itself, and two people who edit one draft lose nothing."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Server

SAVED = re.compile(r"^Saved \d")
PASSWORD = "tea-and-fog-42"
_MOST = 40
_MAKE = f"""
from django.contrib.auth.models import Group
from django.utils import timezone
from core.models import User
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.services import drafts, frameworks
now = timezone.now()
sheet = FrameworkSheet(name="Saving", purpose="To be saved.")
drafts.create_framework(framework_id="saving", sheet=sheet, actor=None, now=now)
frameworks.publish_framework(framework_id="saving", note="First", author=None, now=now)
for number in range({_MOST}):
    sheet = CharacterSheet(
        display_name=f"Wick {{number}}",
        framework_id="saving",
        description="A lamplighter.",
        tags=["fog"],
        identity={{"who": "A person.", "origin": "The harbour"}},
    )
    key = f"saving-{{number}}"
    drafts.create_character(character_id=key, sheet=sheet, actor=None, now=now)
grace = User.objects.create_user(username="grace", password="{PASSWORD}")
grace.groups.add(Group.objects.get_or_create(name="curator")[0])
"""
_SIGN_OUT = """
from django.contrib.sessions.models import Session
from core.models import User
pk = str(User.objects.get(username="grace").pk)
for session in Session.objects.all():
    if session.get_decoded().get("_auth_user_id") == pk:
        session.delete()
"""
_ARCHIVE = """
from django.utils import timezone
from personas.services import drafts
drafts.archive_character(
    character_id="{key}", is_archived=True, actor=None, now=timezone.now()
)
"""


@pytest.fixture(scope="session")
def cast(server: Server) -> Iterator[str]:
    """Ids of characters, one for each test."""
    assert server.site is not None
    server.site.manage("shell", "-c", _MAKE)
    return (f"saving-{number}" for number in range(_MOST))


class Draft:
    """A draft that no other test edits."""

    def __init__(self, key: str, *, kind: str = "characters") -> None:
        self.key = key
        self.path = f"/{kind}/{key}/edit/"

    def stored(self, page: Page) -> Any:
        """What the server has by now."""
        html = page.context.request.get(self.path).text()
        start = html.index(">", html.index('id="editor-base"')) + 1
        texts = json.loads(html[start : html.index("</script>", start)])
        return {name: json.loads(text) for name, text in texts.items()}


@pytest.fixture
def draft(cast: Iterator[str]) -> Draft:
    return Draft(next(cast))


@pytest.fixture
def edit(sign_in, draft: Draft) -> Callable[..., Page]:
    """Opens the editor in a browser of its own."""

    def open_editor(*, user: str = "", **options) -> Page:
        names = {"user": user, "password": PASSWORD} if user else {}
        page = sign_in(**names, **options)
        return reopen(page, draft)

    return open_editor


def reopen(page: Page, draft: Draft) -> Page:
    page.goto(draft.path)
    expect(state(page)).to_have_text(SAVED)
    return page


def state(page: Page):
    return page.locator("[data-save-state]")


def box(page: Page, name: str):
    return page.locator(f"#editor-form [name='{name}']")


def write(page: Page, name: str, text: str) -> None:
    box(page, name).fill(text)


def look_over(page: Page) -> None:
    """Nothing of what saving shows keeps anybody out."""
    # What the preview shows meanwhile has tests of its own.
    page.get_by_role("tab", name="History").click()
    assert axe_findings(page) == []


def leave(page: Page) -> None:
    """Take the focus out of every control."""
    page.evaluate("document.activeElement.blur()")


def wait_saved(page: Page, revision: int) -> None:
    expect(page.locator("#editor-form [name=revision]")).to_have_value(str(revision))
    expect(page.locator("#editor-form")).to_have_attribute("data-unsaved", "0")
    expect(state(page)).to_have_text(SAVED)


# -- One person --------------------------------------------------------------------


def test_typing_is_saved_without_pressing_anything(edit, draft):
    page = edit()
    told = page.evaluate_handle(
        "() => { const told = [];"
        " document.addEventListener('editor:saved', e => told.push(e.detail.revision));"
        " return told; }"
    )
    box(page, "description").press("Control+End")
    page.keyboard.type(" She hums.")

    wait_saved(page, 2)

    assert draft.stored(page)["description"] == "A lamplighter. She hums."
    assert told.json_value() == [2]


def test_only_changed_fields_are_sent_and_sections_in_order(edit, draft):
    page = edit()
    sent = []
    page.on("request", lambda r: sent.append(r) if r.url.endswith("/save/") else None)
    write(page, "first_message", "Hello.")
    write(page, "description", "Second.")

    wait_saved(page, 3)

    posts = [r.post_data or "" for r in sent if r.method == "POST"]
    assert len(posts) == 2
    assert 'name="first_message"' in posts[0]
    assert 'name="description"' in posts[1]
    assert 'name="display_name"' not in "".join(posts)
    assert [r.headers["if-match"] for r in sent if r.method == "POST"] == ['"1"', '"2"']


def test_rows_terms_and_pictures_are_saved_too(edit, draft):
    page = edit()
    page.locator("#field-tags .chip-input__entry").press_sequentially("lamp,")
    page.locator("#field-quirks").get_by_role("button", name="Add to Quirks").click()
    page.keyboard.type("habits")
    wait_saved(page, 3)
    png = page.screenshot(clip={"x": 0, "y": 0, "width": 20, "height": 20})
    page.locator("#field-avatar input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": png}
    )
    wait_saved(page, 4)

    expect(page.locator("#field-avatar img")).to_be_visible()
    stored = draft.stored(page)
    assert stored["tags"] == ["fog", "lamp"]
    assert stored["quirks"] == [{"kind": "habits", "items": []}]
    assert len(stored["avatar"]) == 64


def test_what_is_wrong_is_kept_and_told_and_the_rest_is_saved(edit, draft):
    page = edit()
    write(page, "display_name", "")
    write(page, "description", "Saved all the same.")

    expect(state(page)).to_contain_text("Not saved: Name")
    expect(page.locator("#field-display_name")).to_contain_text("Not saved yet:")
    assert draft.stored(page)["description"] == "Saved all the same."
    look_over(page)
    state(page).get_by_role("button", name="Show").click()
    expect(box(page, "display_name")).to_be_focused()
    page.keyboard.type("Wick the Second")
    wait_saved(page, 3)
    expect(page.locator("#field-display_name")).not_to_contain_text("Not saved yet:")


def test_frameworks_are_saved_the_same_way(sign_in, cast):
    framework = Draft("saving", kind="frameworks")
    page = reopen(sign_in(), framework)
    write(page, "purpose", "Saved while typing.")

    wait_saved(page, 2)

    assert framework.stored(page)["purpose"] == "Saved while typing."


def test_the_save_button_says_that_it_is_saved(edit, draft):
    page = edit()
    write(page, "description", "At once.")
    page.keyboard.press("Control+s")

    expect(page.get_by_text("Saved. Bots do not see it yet.")).to_be_visible()
    assert draft.stored(page)["description"] == "At once."


def test_publishing_saves_first(edit, draft):
    page = edit()
    write(page, "description", "To be published.")
    page.locator("[data-publish]").click()

    page.wait_for_url("**/publish/**")
    assert draft.stored(page)["description"] == "To be published."


def test_a_page_that_was_closed_offers_what_was_not_saved(edit, draft):
    page = edit()
    page.context.set_offline(True)
    write(page, "description", "Never sent.")
    expect(state(page)).to_contain_text("no connection")
    page.close()
    page.context.set_offline(False)
    again = reopen(page.context.new_page(), draft)

    expect(
        again.get_by_text(re.compile("Unsaved text from .* was found"))
    ).to_be_visible()
    look_over(again)
    again.get_by_role("button", name="Restore").click()

    expect(box(again, "description")).to_have_value("Never sent.")
    wait_saved(again, 2)
    assert draft.stored(page)["description"] == "Never sent."
    last = reopen(page.context.new_page(), draft)
    expect(last.get_by_text("Unsaved text")).to_have_count(0)


def test_unsaved_text_can_be_thrown_away(edit, draft):
    page = edit()
    page.context.set_offline(True)
    write(page, "description", "Never sent.")
    expect(state(page)).to_contain_text("no connection")
    page.close()
    page.context.set_offline(False)
    again = reopen(page.context.new_page(), draft)
    again.get_by_role("button", name="Throw away").click()
    again.reload()

    expect(state(again)).to_have_text(SAVED)
    again.wait_for_timeout(600)  # As long as other pages are asked for.
    expect(again.get_by_text("Unsaved text")).to_have_count(0)
    expect(box(again, "description")).to_have_value("A lamplighter.")


def test_nothing_says_live_while_saving_is_paused(edit, draft):
    page = edit()
    chip = page.locator("[data-live-status]")
    expect(chip).to_contain_text("Live")
    page.route("**/edit/save/", lambda route: route.abort())

    write(page, "description", "Not sent yet.")

    expect(chip).to_contain_text("Saving paused")
    expect(chip).not_to_contain_text("Live")
    page.unroute("**/edit/save/")
    page.get_by_role("button", name="Try now").click()
    expect(chip).to_contain_text("Live")
    expect(state(page)).to_have_text(SAVED)


def test_leaving_at_once_saves_or_keeps_what_was_typed(edit, draft):
    page = edit()
    write(page, "description", "In a hurry.")
    page.goto("/")
    again = reopen(page, draft)
    page.wait_for_timeout(800)

    if draft.stored(page)["description"] != "In a hurry.":
        again.get_by_role("button", name="Restore").click()
        wait_saved(again, 2)
    assert draft.stored(page)["description"] == "In a hurry."


def test_no_question_is_asked_on_leaving_unless_nothing_could_be_kept(edit, draft):
    page = edit()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.route("**/edit/save/", lambda route: route.abort())
    box(page, "description").press_sequentially("x")
    expect(state(page)).to_contain_text("no connection")
    page.reload()
    assert asked == []

    page.route("**/edit/save/", lambda route: route.abort())
    page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }"
    )
    box(page, "description").press_sequentially("y")
    page.wait_for_timeout(600)
    page.reload()
    assert asked == ["beforeunload"]


def test_a_second_tab_of_the_same_person_is_told_and_asked_nothing(edit, draft):
    first = edit()
    second = reopen(first.context.new_page(), draft)
    write(first, "description", "From the first tab.")
    wait_saved(first, 2)

    expect(box(second, "description")).to_have_value("From the first tab.")
    expect(second.get_by_text("Unsaved text")).to_have_count(0)
    write(second, "description", "From the second.")
    wait_saved(second, 3)
    leave(first)
    expect(box(first, "description")).to_have_value("From the second.")


# -- Two people ----------------------------------------------------------------------


def test_edits_of_different_fields_and_parts_of_one_field_merge(edit, draft):
    mine, theirs = edit(), edit(user="grace")
    box(mine, "identity.who").press("Control+End")
    mine.keyboard.type(" Mine.")
    write(theirs, "identity.origin", "The lighthouse")
    write(theirs, "scenario", "Rain.")
    theirs.locator("#field-tags .chip-input__entry").press_sequentially("theirs,")
    mine.locator("#field-tags .chip-input__entry").press_sequentially("mine,")

    for page in (mine, theirs):
        leave(page)
        expect(page.locator("#editor-form")).to_have_attribute("data-unsaved", "0")
        expect(box(page, "scenario")).to_have_value("Rain.")
        expect(box(page, "identity.origin")).to_have_value("The lighthouse")
        expect(box(page, "identity.who")).to_have_value("A person. Mine.")
        expect(page.locator("#field-tags .chip")).to_have_count(3)
    stored = draft.stored(mine)
    assert stored["scenario"] == "Rain."
    assert stored["identity"]["origin"] == "The lighthouse"
    assert stored["identity"]["who"] == "A person. Mine."
    assert set(stored["tags"]) == {"fog", "mine", "theirs"}
    assert mine.locator("[data-clashes]").count() == 0


def test_the_control_that_has_the_focus_is_not_changed_under_the_hands(edit, draft):
    mine, theirs = edit(), edit(user="grace")
    box(mine, "description").focus()
    write(theirs, "description", "Theirs.")
    wait_saved(theirs, 2)
    expect(mine.locator("#editor-form [name=revision]")).to_have_value("2")
    expect(box(mine, "description")).to_have_value("A lamplighter.")

    box(mine, "scenario").focus()

    expect(box(mine, "description")).to_have_value("Theirs.")
    write(mine, "scenario", "Fog.")
    wait_saved(mine, 3)
    assert draft.stored(mine)["description"] == "Theirs."


def _clash(mine: Page, theirs: Page) -> None:
    """Both change one text, and mine is the later to be sent."""
    mine.route("**/edit/save/", lambda route: route.abort())
    write(mine, "description", "A lamplighter of mine.")
    expect(state(mine)).to_contain_text("no connection")
    write(theirs, "description", "A lamplighter of theirs.")
    wait_saved(theirs, 2)
    mine.unroute("**/edit/save/")
    state(mine).get_by_role("button", name="Try now").click()
    expect(mine.locator("[data-clashes]")).to_be_visible()


def test_edits_of_one_text_are_shown_side_by_side_and_wait_for_a_choice(
    edit, draft, keep
):
    mine, theirs = edit(), edit(user="grace")

    _clash(mine, theirs)

    panel = mine.locator("[data-clashes]")
    expect(panel).to_contain_text("grace changed the same text")
    for number, text in enumerate(["of mine.", "of theirs.", "."]):
        expect(panel.locator(".clash__side").nth(number)).to_contain_text(text)
    expect(panel.locator("ins")).to_have_count(2)
    expect(state(mine)).to_contain_text("Needs your choice")
    expect(box(mine, "description")).to_have_value("A lamplighter of mine.")
    # Writing goes on; saving and publishing wait.
    write(mine, "scenario", "Meanwhile.")
    mine.locator("[data-publish]").click()
    mine.wait_for_timeout(900)
    assert "/edit/" in mine.url
    assert draft.stored(mine)["description"] == "A lamplighter of theirs."
    assert draft.stored(mine)["scenario"] == ""
    look_over(mine)
    keep(mine, "editor-conflict")
    panel.get_by_role("button", name="Use what I chose").click()
    expect(panel.get_by_text("Choose mine or theirs for every text")).to_be_visible()


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_either_text_can_be_chosen(edit, draft, side):
    mine, theirs = edit(), edit(user="grace")
    _clash(mine, theirs)
    write(mine, "scenario", "Meanwhile.")
    label = {"mine": "Keep mine", "theirs": "Take theirs"}[side]

    mine.locator("[data-clashes]").get_by_text(label).click()
    mine.get_by_role("button", name="Use what I chose").click()

    text = f"A lamplighter of {side}."
    expect(mine.locator("[data-clashes]")).to_have_count(0)
    expect(box(mine, "description")).to_have_value(text)
    expect(mine.locator("#editor-form")).to_have_attribute("data-unsaved", "0")
    leave(theirs)
    expect(box(theirs, "description")).to_have_value(text)
    expect(box(theirs, "scenario")).to_have_value("Meanwhile.")
    assert draft.stored(mine)["description"] == text


def test_mine_can_be_brought_back_after_theirs_was_taken(edit, draft):
    mine, theirs = edit(), edit(user="grace")
    _clash(mine, theirs)
    mine.locator("[data-clashes]").get_by_text("Take theirs").click()
    mine.get_by_role("button", name="Use what I chose").click()
    expect(box(mine, "description")).to_have_value("A lamplighter of theirs.")

    mine.get_by_role("button", name="Bring mine back").click()

    expect(box(mine, "description")).to_have_value("A lamplighter of mine.")
    wait_saved(mine, 3)
    assert draft.stored(mine)["description"] == "A lamplighter of mine."


def test_a_choice_that_they_overtook_is_asked_for_again(edit, draft):
    mine, theirs = edit(), edit(user="grace")
    _clash(mine, theirs)
    write(theirs, "description", "A lamplighter of theirs, again.")
    wait_saved(theirs, 3)

    mine.locator("[data-clashes]").get_by_text("Keep mine").click()
    mine.get_by_role("button", name="Use what I chose").click()

    panel = mine.locator("[data-clashes]")
    expect(panel).to_contain_text("again")
    assert draft.stored(mine)["description"] == "A lamplighter of theirs, again."
    panel.get_by_text("Keep mine").click()
    mine.get_by_role("button", name="Use what I chose").click()
    expect(panel).to_have_count(0)
    wait_saved(mine, 4)
    assert draft.stored(mine)["description"] == "A lamplighter of mine."


def test_a_page_reopened_during_a_conflict_still_has_both_texts(edit, draft):
    mine, theirs = edit(), edit(user="grace")
    _clash(mine, theirs)
    mine.reload()
    mine.get_by_role("button", name="Restore").click()

    panel = mine.locator("[data-clashes]")
    expect(panel).to_contain_text("theirs")
    expect(box(mine, "description")).to_have_value("A lamplighter of mine.")
    panel.get_by_text("Keep mine").click()
    mine.get_by_role("button", name="Use what I chose").click()
    wait_saved(mine, 3)
    assert draft.stored(mine)["description"] == "A lamplighter of mine."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_texts_fit_on_a_narrow_page(edit, draft, keep, scheme):
    narrow = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    mine, theirs = edit(**narrow), edit(user="grace")
    _clash(mine, theirs)
    mine.get_by_role("button", name="Choose").click()

    expect(mine.locator("[data-clashes-title]")).to_be_focused()
    assert mine.evaluate("document.documentElement.scrollWidth") <= 360
    assert axe_findings(mine) == []
    keep(mine, f"editor-conflict-narrow-{scheme}")
    # By keyboard alone: to the first choice, theirs, and to the button.
    mine.keyboard.press("Tab")
    mine.keyboard.press("ArrowRight")
    mine.get_by_role("button", name="Use what I chose").press("Enter")
    expect(box(mine, "description")).to_have_value("A lamplighter of theirs.")


# -- Trouble -------------------------------------------------------------------------


def test_a_dropped_network_is_told_and_made_up_for(edit, draft):
    page = edit()
    page.context.set_offline(True)
    write(page, "description", "Offline.")
    expect(state(page)).to_contain_text("Not saved: no connection, trying again")
    write(page, "scenario", "Still typing.")
    page.context.set_offline(False)

    wait_saved(page, 2)
    assert draft.stored(page)["description"] == "Offline."
    assert draft.stored(page)["scenario"] == "Still typing."


def test_a_lost_answer_is_no_conflict_with_oneself(edit, draft):
    page = edit()
    lost = []

    def lose(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/edit/save/", lose)
    write(page, "description", "Saved, but never heard.")
    expect(state(page)).to_contain_text("no connection")
    write(page, "description", "Saved, but never heard. And more.")

    wait_saved(page, 3)
    assert lost
    assert lost[0].status == 200
    assert page.locator("[data-clashes]").count() == 0
    assert draft.stored(page)["description"] == "Saved, but never heard. And more."


def test_an_ended_session_asks_to_sign_in_and_loses_nothing(edit, draft, site, keep):
    page = edit(user="grace")
    site.manage("shell", "-c", _SIGN_OUT)
    write(page, "description", "While signed out.")

    dialog = page.locator("dialog.sign-in-again")
    expect(dialog).to_be_visible()
    expect(state(page)).to_contain_text("you are signed out")
    expect(box(page, "description")).to_be_focused()
    page.keyboard.type(" Still typing.")
    look_over(page)
    keep(page, "editor-signed-out")
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in again").click()
    tab = opened.value
    tab.get_by_label("Username").fill("grace")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/characters/**")
    tab.close()
    page.bring_to_front()
    dialog.get_by_role("button", name="I am back").click()

    expect(dialog).to_be_hidden()
    wait_saved(page, 2)
    assert draft.stored(page)["description"] == "While signed out. Still typing."
    # The live connection is back too.
    expect(page.locator("[data-live-status]").first).to_contain_text("Live")


def test_a_lost_right_is_told_and_the_text_stays(edit, draft, site):
    page = edit(user="grace")
    page.route(
        "**/edit/save/",
        lambda route: route.fulfill(
            status=403,
            content_type="application/problem+json",
            body=json.dumps({"code": "forbidden", "detail": "This is not allowed."}),
        ),
    )
    write(page, "description", "Not allowed.")

    expect(state(page)).to_contain_text("Not saved: This is not allowed.")
    page.unroute("**/edit/save/")
    state(page).get_by_role("button", name="Try again").click()
    wait_saved(page, 2)


def test_an_archived_character_is_told_and_the_text_stays(edit, draft, site):
    page = edit()
    site.manage("shell", "-c", _ARCHIVE.format(key=draft.key))
    write(page, "description", "Too late.")

    expect(state(page)).to_contain_text("is archived")
    expect(box(page, "description")).to_have_value("Too late.")
