"""The page that tells what is quiet: quieting, lifting, taking back, live."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

_BOT = """
from django.utils import timezone
from routing.services import quieting
by = quieting.By(key_name="Watchman")
now = timezone.now()
"""
_QUIET = """
quieting.quiet(
    quieting.Target("page"), until=None, reason="Too loud", by=by, now=now
)
"""
_LIFT = """
for row in quieting.current(now=now):
    quieting.lift(row.quiet_id, by=by, now=now)
"""


@pytest.fixture
def page(sign_in) -> Page:
    return sign_in()


@pytest.fixture
def other(server):
    """Somebody else acts, in another process."""

    def act(script: str) -> None:
        server.site.manage("shell", "--verbosity", "0", "-c", _BOT + script)

    yield act
    act(_LIFT)


def test_a_character_is_quieted_lifted_and_quieted_again(page: Page, other):
    page.goto("/now/?character=pip")
    line = page.locator("#now-title")
    expect(line).to_have_text("Nothing is quiet")
    expect(page.locator("#id_character")).to_have_value("pip")
    expect(page.locator("#id_other")).to_be_hidden()
    expect(page.locator("#id_until")).to_be_hidden()
    page.get_by_label("Until a time").check()
    expect(page.locator("#id_until")).to_be_visible()
    page.get_by_label("15 minutes").check()
    page.locator("#id_reason").fill("Too loud")

    page.get_by_role("button", name="Quiet", exact=True).click()

    expect(line).to_have_text("1 switch is on")
    row = page.locator("#now-state tbody tr")
    expect(row.locator("[data-countdown]")).to_have_text(re.compile(r"1[45]:\d\d left"))
    assert axe_findings(page) == []
    row.get_by_role("button", name="Lift").click()
    expect(line).to_have_text("Nothing is quiet")
    page.get_by_role("button", name="Undo").click()
    expect(line).to_have_text("1 switch is on")
    expect(row).to_contain_text("Too loud")


def test_everything_asks_to_be_sure(page: Page, other):
    page.goto("/now/")
    page.get_by_label("Everything").check()
    expect(page.locator("#id_character")).to_be_hidden()
    page.get_by_label("Until somebody lifts it").check()
    page.locator("#id_reason").fill("A raid")
    page.get_by_role("button", name="Quiet", exact=True).click()
    expect(page.locator("#quiet .errorlist")).to_have_text(
        "Tick this to silence everything."
    )
    expect(page.locator("#now-title")).to_have_text("Nothing is quiet")

    page.get_by_label("Yes, silence").check()
    page.get_by_role("button", name="Quiet", exact=True).click()

    expect(page.locator("#now-title")).to_contain_text("Everything is quiet")
    assert axe_findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe_findings(page, rules=["color-contrast"]) == []
    page.set_viewport_size({"width": 360, "height": 740})
    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    assert wider <= 0


def test_what_others_do_shows_at_once_while_somebody_types(page: Page, other):
    page.goto("/now/")
    page.locator("#id_reason").fill("I am still writing")

    other(_QUIET)

    row = page.locator("#now-state tbody tr")
    expect(row).to_contain_text("Watchman")
    expect(page.locator("#id_reason")).to_have_value("I am still writing")
    other(_LIFT)
    expect(page.locator("#now-title")).to_have_text("Nothing is quiet")


def test_it_works_without_scripts(sign_in, other):
    page = sign_in(java_script_enabled=False)
    page.goto("/now/?character=pip")
    page.locator("#id_reason").fill("Too loud")

    page.get_by_role("button", name="Quiet", exact=True).click()

    expect(page.locator("#now-title")).to_have_text("1 switch is on")
    page.get_by_role("button", name="Lift").click()
    expect(page.locator("#now-title")).to_have_text("Nothing is quiet")
