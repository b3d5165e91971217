"""Growth as managers see it: reports come in by REST, stages go live by the task."""

import itertools
import json
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings
from tests.browser.server import Site

_numbers = itertools.count(1)


@pytest.fixture
def report(site: Site) -> Callable[..., dict]:
    """Reports interactions of a character as a bot does."""

    def send(character_id: str, *, count: int, kind: str = "message") -> dict:
        event = {
            "id": f"growth-{next(_numbers)}",
            "character_id": character_id,
            "kind": kind,
            "count": count,
        }
        request = urllib.request.Request(
            f"{site.url}/api/v1/interactions",
            data=json.dumps(event).encode(),
            headers={
                "Authorization": f"Bearer {site.key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=15) as response:
            return json.loads(response.read())

    return send


def track(page: Page, character_id: str):
    return page.locator(f"#track-{character_id}")


def reach(report, character_id: str, milestone: int) -> None:
    """Report until the character has passed the milestone."""
    counted = report(character_id, count=1)["count"]
    while counted < milestone:
        counted = report(character_id, count=min(milestone - counted, 100))["count"]


def live(page: Page) -> None:
    """Wait until changes are told to the page."""
    expect(page.locator("[data-live-status]").first).to_have_attribute(
        "data-state", "live"
    )


def test_a_track_moves_by_itself_when_a_report_comes(sign_in, report, keep):
    page = sign_in()
    before = report("nettie_crabapple", count=1)["count"]
    page.goto("/growth/")
    live(page)
    others = page.locator("[data-growth-track]:not(#track-nettie_crabapple)")
    others.evaluate_all(
        "all => all.forEach((one) => { one.dataset.untouched = 'yes'; })"
    )

    report("nettie_crabapple", count=7, kind="banter")

    counted = track(page, "nettie_crabapple").locator(".growth-facts__count")
    expect(counted).to_have_text(f"{before + 7:,}")
    # Those that nothing happened to are the same elements still.
    assert others.evaluate_all("all => all.every((one) => one.dataset.untouched)")
    keep(page, "growth-list")


def test_approving_goes_live_by_the_background_task(sign_in, site, report, keep):
    page = sign_in()
    reach(report, "pippa", 50)
    page.goto("/growth/?q=pippa")
    track(page, "pippa").get_by_role("link", name="Review").first.click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    keep(page, "growth-proposal")

    page.get_by_role("button", name="Approve", exact=True).click()

    # No reload: the page hears of it.
    expect(page.locator("#stage-state")).to_contain_text("It is part of what bots get")
    version = page.locator("#stage-state .version").inner_text()
    prompt = json.loads(site.get("/api/v1/personas/pippa/prompt"))
    assert version == f"v{prompt['version']}"
    assert [s["milestone"] for s in prompt["evolution"]["stages"]] == [50]


def test_taking_back_asks_for_nothing_more_than_a_click(sign_in, site, report):
    page = sign_in()
    reach(report, "loam", 50)
    page.goto("/growth/loam/")
    page.get_by_role("link", name="Review").first.click()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator("#stage-state")).to_contain_text("It is part of what bots get")

    page.get_by_role("button", name="Take back").click()

    expect(page.locator("#stage-state")).to_contain_text("was taken back")
    prompt = json.loads(site.get("/api/v1/personas/loam/prompt"))
    assert prompt["evolution"]["stages"] == []


def test_several_are_postponed_at_once(sign_in, report, keep):
    page = sign_in()
    for character_id in ("barnaby_wick", "page"):
        reach(report, character_id, 50)
    page.goto("/growth/?show=waiting")
    for character_id in ("barnaby_wick", "page"):
        track(page, character_id).get_by_role("checkbox").first.check()
    expect(page.get_by_text("2 chosen")).to_be_visible()

    page.get_by_role("button", name="Postpone…").click()
    expect(
        page.get_by_role("heading", name="Postpone 2 growth stages?")
    ).to_be_visible()
    keep(page, "growth-bulk")
    assert axe_findings(page) == []
    page.get_by_role("button", name="Postpone", exact=True).click()

    expect(
        page.get_by_role("heading", name="2 growth stages postponed")
    ).to_be_visible()
    expect(page.locator(".growth-list .badge", has_text="Postponed")).to_have_count(2)


def test_ticks_stay_while_tracks_move(sign_in, report):
    page = sign_in()
    reach(report, "augusta_gale", 50)
    page.goto("/growth/?show=waiting")
    live(page)
    box = track(page, "augusta_gale").get_by_role("checkbox").first
    box.check()
    before = report("augusta_gale", count=1)["count"]

    report("augusta_gale", count=1)

    counted = track(page, "augusta_gale").locator(".growth-facts__count")
    expect(counted).to_have_text(f"{before + 1:,}")
    expect(box).to_be_checked()


def test_the_way_stages_go_live_is_set_where_it_stands(sign_in, report):
    page = sign_in()
    page.goto("/growth/")
    live(page)
    mode = track(page, "sir_clement").get_by_label("Stages go live")

    mode.select_option("frozen")

    expect(page.locator("[data-toasts]")).to_contain_text("nothing goes live")
    page.reload()
    expect(mode).to_have_value("frozen")
    mode.select_option("approve")
    expect(page.locator("[data-toasts]")).to_contain_text("until a manager approves")


def test_by_itself_nobody_has_to_do_anything(sign_in, report):
    page = sign_in()
    page.goto("/growth/bosun_klyosh/")
    live(page)
    page.get_by_label("Stages go live").select_option("auto")
    expect(page.locator("[data-toasts]")).to_contain_text("go live at once")

    reach(report, "bosun_klyosh", 100)

    first = page.locator("#stages tbody tr").first
    expect(first).to_contain_text("Live")


def test_without_scripts_all_of_it_works(sign_in, report):
    page = sign_in(java_script_enabled=False)
    reach(report, "pip", 50)
    page.goto("/growth/?q=pip&show=waiting")
    row = track(page, "pip")
    row.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Reject…").click()
    page.get_by_label("Reason").fill("Not yet.")

    page.get_by_role("button", name="Reject", exact=True).click()

    expect(page.get_by_role("heading", name="1 growth stage rejected")).to_be_visible()


def test_home_tells_what_waits_as_soon_as_it_does(sign_in, report):
    page = sign_in()
    page.goto("/")
    live(page)
    # It waits for nobody else, whichever tests were before.
    heading = page.get_by_role("heading", name="Needs you")
    need = page.locator(".attention__item", has_text="growth waiting")
    before = need.inner_text() if need.count() else ""

    reach(report, "shiome_sayo", 50)

    expect(heading).to_be_visible()
    expect(need).to_be_visible()
    expect(need).not_to_have_text(before, use_inner_text=True)
    need.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", name="Growth", exact=True)).to_be_visible()
    expect(track(page, "shiome_sayo")).to_be_visible()


def test_the_editor_tells_what_a_stage_changes(sign_in, keep):
    page = sign_in()
    page.goto("/characters/pip/edit/")

    page.get_by_role("tab", name="Growth").click()

    pane = page.locator("#pane-growth")
    expect(
        pane.get_by_role("heading", name="The prompt before and after")
    ).to_be_visible()
    stage = pane.get_by_label("Stage")
    second = stage.locator("option").nth(1).get_attribute("value")
    stage.select_option(second)
    expect(pane.get_by_label("Stage")).to_have_value(second)
    keep(page, "growth-editor")
    assert axe_findings(page) == []


def test_the_characters_page_shows_a_strip(sign_in, keep):
    page = sign_in()
    page.goto("/characters/pip/")

    strip = page.locator("#growth-strip")

    expect(strip.get_by_role("link", name="All of it")).to_be_visible()
    keep(page, "growth-strip")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_proposal_is_accessible_and_fits_a_phone(sign_in, report, keep, scheme):
    page = sign_in(color_scheme=scheme, viewport={"width": 360, "height": 740})
    reach(report, "nettie_crabapple", 50)
    page.goto("/growth/nettie_crabapple/")
    page.locator("#stages tbody").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()

    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    keep(page, f"growth-proposal-phone-{scheme}")
    assert wider <= 0
    assert axe_findings(page) == []
