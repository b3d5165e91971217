"""Two characters in the drawer and on their page, the timeline, and the past."""

import json
import re
import urllib.request
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

PAIR = "/relationships/pip/page/"
_EVENTS = count(1)
_TALK = """
from datetime import timedelta
from django.utils import timezone
from tests.relationships.talking import talk
from relationships.models import LedgerRow
import tests.relationships.talking as talking
from itertools import count
last = LedgerRow.objects.order_by("-event_id").exclude(event_id=None).first()
talking._numbers = count(10_000_000)
now = timezone.now()
for days in (5, 3, 1):
    talk("bosun_klyosh", "loam", "compliment", at=now - timedelta(days=days))
"""


@pytest.fixture
def report(site):
    """A bot reports what ``one`` said to ``other``."""

    def send(one: str, other: str, kind: str) -> None:
        event = {
            "id": f"pair-{next(_EVENTS)}",
            "character_id": one,
            "other_character_id": other,
            "kind": kind,
        }
        request = urllib.request.Request(
            f"{site.url}/api/v1/interactions",
            data=json.dumps(event).encode(),
            headers={
                "Authorization": f"Bearer {site.key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 201

    return send


@pytest.fixture(scope="module")
def past(server) -> None:
    """Three days with compliments, of which the oldest is five days ago."""
    server.site.manage("shell", "--verbosity", "0", "-c", _TALK)


def open_form(page: Page, words: str) -> None:
    page.locator("summary", has_text=words).click()


def form(page: Page, words: str):
    return page.locator("details", has=page.locator("summary", has_text=words))


def big(page: Page, which: str):
    return page.locator(f'#pair [data-way="{which}"] [data-part="text"]')


def test_drawer_is_opened_set_undone_and_left_by_keyboard(sign_in, report, keep):
    report("pip", "page", "compliment")
    page = sign_in()
    page.goto("/relationships/?view=table&q=pip")
    row = page.locator('[data-direction="pip>page"]')
    link = row.get_by_role("link")
    link.focus()
    page.keyboard.press("Enter")

    drawer = page.get_by_role("dialog", name="Pip and Page")
    expect(drawer).to_be_visible()
    expect(drawer.get_by_role("heading", name="What led here")).to_be_visible()
    assert axe_findings(page) == []
    keep(page, "pair-drawer")
    back = big(page, "back").inner_text()

    open_form(page, "Set what Pip feels for Page")
    set_form = form(page, "Set what Pip feels for Page")
    set_form.get_by_label("Feeling now").fill("-4.5")
    set_form.get_by_label("Why").fill("They fell out over the kettle")
    page.keyboard.press("Enter")

    expect(big(page, "forth")).to_have_text("−4.50")
    expect(big(page, "back")).to_have_text(back)
    expect(drawer.get_by_text("“They fell out over the kettle”")).to_be_visible()
    # The table behind repaints its cells by itself.
    expect(row.locator('[data-feeling] [data-part="text"]')).to_have_text("−4.50")
    expect(row.locator('[data-part="band"]')).to_have_text("Rival")

    page.get_by_role("button", name="Undo").click()

    expect(drawer.get_by_text("“Undo”")).to_be_visible()
    expect(row.locator('[data-part="band"]')).not_to_have_text("Rival")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(link).to_be_focused()


def test_page_moves_by_itself_and_the_form_starts_from_what_is_seen(sign_in, report):
    page = sign_in()
    page.goto(PAIR)
    before = page.locator(".pair-history tbody tr").count()

    report("page", "pip", "banter")

    expect(page.locator(".pair-history tbody tr").first).to_contain_text(
        "Banter by Page"
    )
    expect(page.locator(".pair-history tbody tr")).to_have_count(min(before + 1, 20))
    open_form(page, "Set what Page feels for Pip")
    set_form = form(page, "Set what Page feels for Pip")
    set_form.get_by_label("Resting value").fill("1")
    set_form.get_by_label("Why").fill("Old friends")
    set_form.get_by_role("button", name="Set").click()

    expect(page.locator(".pair-history tbody tr").first).to_contain_text(
        "it now fades towards +1.000"
    )


def test_change_that_began_before_another_shows_both(sign_in, report, keep):
    page = sign_in()
    page.goto(PAIR)
    open_form(page, "Set what Pip feels for Page")
    set_form = form(page, "Set what Pip feels for Page")
    set_form.get_by_label("Feeling now").fill("6")
    set_form.get_by_label("Why").fill("A truce")
    seen = big(page, "forth").inner_text()

    report("pip", "page", "insult")
    expect(big(page, "forth")).not_to_have_text(seen)
    set_form.get_by_role("button", name="Set").click()

    notice = page.locator("[data-problems]")
    expect(notice).to_contain_text("Something happened between them")
    expect(notice).to_contain_text("Insult by Pip")
    expect(notice).to_be_focused()
    expect(set_form.get_by_label("Feeling now")).to_have_value("6")
    assert axe_findings(page) == []
    keep(page, "pair-stale")
    set_form.get_by_role("button", name="Set").click()

    expect(big(page, "forth")).to_have_text("+6.00")


def test_reset_asks_first(sign_in, report):
    report("pip", "page", "insult")
    page = sign_in()
    page.goto(PAIR)
    open_form(page, "Reset both")
    reset = form(page, "Reset both")
    reset.get_by_label("Why").fill("A new season")
    reset.get_by_role("button", name="Reset both").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Reset").click()

    expect(big(page, "forth")).to_have_text("0.00")
    expect(big(page, "back")).to_have_text("0.00")


def test_everything_works_without_script(sign_in):
    page = sign_in(java_script_enabled=False)
    page.goto("/relationships/pip/loam/")
    open_form(page, "Choose trigger topics")
    topics = form(page, "Choose trigger topics")
    topics.get_by_label("Trigger topics").fill("The Kettle\nfog")
    topics.get_by_label("Why").fill("They always quarrel")
    topics.get_by_role("button", name="Save topics").click()

    expect(page.locator(".chip", has_text="the kettle")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_new_entries_come_into_the_timeline_or_wait(sign_in, report, keep):
    page = sign_in()
    page.goto("/relationships/?view=timeline")
    expect(page.locator("[data-live-status]")).to_have_attribute("data-state", "live")
    first = page.locator("[data-entry]").first

    report("sir_clement", "loam", "argument")
    expect(first).to_contain_text("Argument: Sir Clement Clank to Loam")

    page.get_by_role("button", name="Pause").click()
    report("loam", "sir_clement", "answer")
    page.get_by_role("button", name=re.compile(r"Show 1 newer")).click()
    expect(first).to_contain_text("Answer: Loam to Sir Clement Clank")
    assert axe_findings(page) == []
    keep(page, "timeline")


def test_past_is_reached_by_the_slider_and_left_again(sign_in, past, report, keep):
    page = sign_in()
    page.goto("/relationships/?view=table&q=bosun_klyosh")
    row = page.locator('[data-direction="bosun_klyosh>loam"]')
    feeling = row.locator('[data-feeling] [data-part="text"]')
    now = feeling.inner_text()
    page.get_by_text("Go back in time").click()
    page.get_by_label("Day", exact=True).focus()
    page.keyboard.press("Home")

    expect(page).to_have_url(re.compile(r"at=\d{4}-\d\d-\d\dT23%3A59"))
    expect(page.get_by_label("Day", exact=True)).to_be_focused()
    expect(page.get_by_text("As of")).to_be_visible()
    expect(feeling).not_to_have_text(now)
    expect(row.locator('[data-cell="events"]')).to_have_text("1")
    assert axe_findings(page) == []
    keep(page, "past")

    newer = page.locator(".moment__newer")
    before = int(newer.inner_text().split()[0].replace(",", ""))
    report("bosun_klyosh", "loam", "compliment")
    expect(newer).to_contain_text(f"{before + 2:,} newer")
    expect(row.locator('[data-cell="events"]')).to_have_text("1")

    for view in ("Graph", "Matrix", "Timeline"):
        page.get_by_role("link", name=view, exact=True).click()
        expect(page.get_by_text("As of")).to_be_visible()
    page.get_by_role("link", name="Back to live").click()
    expect(page).not_to_have_url(re.compile("at="))
    expect(page.get_by_text("As of")).to_be_hidden()


def test_a_history_of_minutes_has_a_slider_too(sign_in, past):
    page = sign_in()
    page.goto("/relationships/?view=table")
    start = page.evaluate(
        """() => {
          const at = new Date(Math.floor(Date.now() / 60000) * 60000 - 10 * 60000);
          return at.toISOString().slice(0, 16);
        }"""
    )
    page.route("**/relationships/?view=table*", lambda route: short(route, start))
    page.goto("/relationships/?view=table")
    page.get_by_text("Go back in time").click()
    slider = page.locator("[data-moment-day]")
    expect(slider).to_have_attribute("aria-valuetext", "Now")
    slider.focus()
    page.keyboard.press("Home")

    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d UTC"))
    expect(page).to_have_url(re.compile(f"at={re.escape(start.replace(':', '%3A'))}"))


def short(route, start):
    """The page as it is after ten minutes."""
    answer = route.fetch()
    text = answer.text()
    text = re.sub(r'data-start="[^"]*"', f'data-start="{start}"', text)
    text = re.sub(
        r'data-step="\d+" data-last="\d+"', 'data-step="1" data-last="10"', text
    )
    text = re.sub(r'max="\d+" value="\d+"', 'max="10" value="10"', text)
    route.fulfill(response=answer, body=text)


def test_past_is_reached_without_script(sign_in, past):
    page = sign_in(java_script_enabled=False)
    page.goto("/relationships/?view=table&q=bosun_klyosh")
    page.get_by_text("Go back in time").click()
    moment = page.get_by_label("Moment (UTC)")
    moment.fill(moment.get_attribute("min").replace("T00:00", "T23:59"))
    page.locator("[data-moment-form]").get_by_role("button", name="Show").click()

    expect(page.get_by_text("As of")).to_be_visible()
    expect(page).to_have_url(re.compile("q=bosun_klyosh"))
    page.get_by_role("link", name="Back to live").click()
    expect(page.get_by_text("As of")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawer_fits_a_phone(sign_in, past, scheme):
    page = sign_in(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.goto("/relationships/?view=timeline")
    page.locator("a[data-pair]").first.click()
    expect(page.locator("#pair h3", has_text="What led here")).to_be_visible()

    wider = page.evaluate(
        "() => { const b = document.querySelector('[data-pair-body]');"
        " return b.scrollWidth - b.clientWidth; }"
    )
    assert wider <= 0
    assert axe_findings(page) == []
