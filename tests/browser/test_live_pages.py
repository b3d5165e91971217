"""The pages' half of the live mechanism, against a server that follows a script."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_script import Script


@pytest.fixture
def script():
    script = Script()
    script.start()
    yield script
    script.stop()


@pytest.fixture
def page(browser, script):
    context = browser.new_context(base_url=script.url)
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def hurried(page) -> Page:
    """Its clock can be moved on with ``clock.fast_forward``."""
    page.clock.install()
    return page


@pytest.fixture
def rooms(page, script) -> Page:
    """A page that is live and has read its snapshot at number 5."""
    page.goto("/")
    expect(page.locator("#log li")).to_have_text(["snapshot 5"])
    return page


def lines(page: Page) -> list[str]:
    return page.locator("#log li").all_text_contents()


def expect_lines(page: Page, *texts: str) -> None:
    expect(page.locator("#log li")).to_have_text(list(texts))


def chip(page: Page):
    return page.locator("[data-live-status]")


def expect_chip(page: Page, state: str, text: str) -> None:
    expect(chip(page)).to_have_attribute("data-state", state)
    expect(chip(page).locator("[aria-hidden]")).to_contain_text(text)


# -- Snapshots and changes ----------------------------------------------------------


def test_it_subscribes_first_and_then_reads_the_snapshot(rooms, script):
    assert script.subscriptions() == [None]
    assert script.snapshots == 1
    expect_chip(rooms, "live", "Live")


def test_changes_are_shown_in_order_and_once(rooms, script):
    script.change(6, 7)
    script.change(6, 7)
    script.change(4, 5)
    script.change(8, 8)

    expect_lines(rooms, "snapshot 5", "6 7", "8")


def test_a_gap_is_filled_by_asking(rooms, script):
    script.change(6, 6)
    script.head = 8
    script.change(9, 9)

    expect_lines(rooms, "snapshot 5", "6", "7 8 9")
    assert script.subscriptions() == [None, 6]
    assert script.snapshots == 1


def test_a_change_that_only_a_heartbeat_tells_of_is_asked_for(rooms, script):
    script.head = 6
    script.tell({"hb": {"rooms": 6}})

    expect_lines(rooms, "snapshot 5", "6")


def test_changes_that_come_while_reading_are_kept(page, script):
    def answers(message):
        # Confirmed at 5; before the page has its snapshot, more happens.
        frame = {"stream": "rooms", "seq": [5, 6], "ops": [{"n": 6}]}
        return [*script.usual(message), frame] if "sub" in message else []

    script.answers = answers
    page.goto("/")

    expect_lines(page, "snapshot 5", "6")


@pytest.mark.parametrize("reason", ["gap", "overflow", "epoch"])
def test_a_resync_reads_the_snapshot_again(rooms, script, reason):
    script.head = 2 if reason == "epoch" else 9
    script.tell({"stream": "rooms", "resync": reason})
    expect_lines(rooms, "snapshot 5", f"snapshot {script.head}")

    script.change(script.head + 1, script.head + 1)

    expect_lines(rooms, "snapshot 5", f"snapshot {script.head - 1}", str(script.head))
    assert script.snapshots == 2


def test_a_snapshot_that_fails_is_tried_again(hurried, rooms, script):
    script.snapshot_status = 503
    script.tell({"stream": "rooms", "resync": "gap"})
    script.wait_until(lambda: script.snapshots == 2)
    hurried.clock.fast_forward(1_500)
    expect_chip(rooms, "behind", "Reading again")
    script.snapshot_status = 200
    hurried.clock.fast_forward(12_000)

    expect_lines(rooms, "snapshot 5", "snapshot 5")
    expect_chip(rooms, "live", "Live")


# -- Lost connections ---------------------------------------------------------------


@pytest.mark.alone
def test_it_comes_back_and_catches_up_within_five_seconds(rooms, script):
    script.drop()
    script.head = 7

    took = script.wait_until(lambda: lines(rooms) == ["snapshot 5", "6 7"])

    assert took < 5
    assert script.subscriptions() == [None, 5]
    assert script.snapshots == 1


@pytest.mark.alone
def test_a_connection_that_died_silently_is_noticed(rooms, script):
    script.deafen()
    script.head = 6

    took = script.wait_until(lambda: lines(rooms) == ["snapshot 5", "6"])

    assert took < 5
    assert script.subscriptions() == [None, 5]


def test_it_reads_snapshots_while_there_is_no_socket(hurried, rooms, script):
    script.refuses = True
    script.drop()
    script.head = 6
    script.wait_until(lambda: script.opened > 1)
    hurried.clock.fast_forward(4_000)
    expect_lines(rooms, "snapshot 5", "snapshot 6")

    script.head = 7
    hurried.clock.fast_forward(5_000)

    expect_lines(rooms, "snapshot 5", "snapshot 6", "snapshot 7")
    expect_chip(rooms, "offline", "Live paused, ")
    said = chip(rooms).get_by_role("status")
    expect(said).to_have_text("Live updates are paused.")
    script.refuses = False
    hurried.clock.fast_forward(12_000)
    expect_chip(rooms, "live", "Live")
    expect(said).to_have_text("Live updates are back.")


def test_it_says_nothing_of_short_breaks(rooms, script):
    script.drop()
    script.wait_until(lambda: script.opened == 2)
    script.wait_until(lambda: len(script.subscriptions()) == 2)

    expect_chip(rooms, "live", "Live")
    expect(chip(rooms).get_by_role("status")).to_have_text("")


def test_a_page_that_opens_without_a_socket_reads_its_snapshot(hurried, page, script):
    script.refuses = True
    page.goto("/")
    script.wait_until(lambda: script.opened)
    hurried.clock.fast_forward(4_000)

    script.wait_until(lambda: lines(page) == ["snapshot 5"])


def test_a_server_that_is_behind_says_so(hurried, rooms, script):
    error = {"error": {"code": "behind", "detail": "The database is away."}}
    script.answers = lambda _: [error]
    script.tell(error)
    hurried.clock.run_for(6_000)

    expect_chip(rooms, "offline", "Live paused, ")
    script.answers = script.usual
    hurried.clock.run_for(3_000)
    expect_chip(rooms, "live", "Live")


def test_an_unavailable_subscription_is_tried_again(hurried, page, script):
    error = {"error": {"code": "unavailable", "detail": "Try again."}}
    script.answers = lambda message: [error] if "sub" in message else []
    page.goto("/")
    script.wait_until(script.subscriptions)
    script.answers = script.usual
    hurried.clock.run_for(2_000)

    expect_lines(page, "snapshot 5")


@pytest.mark.parametrize(
    ("code", "text", "link"),
    [(4401, "Signed out", "Sign in"), (4403, "No longer allowed", "Reload")],
)
def test_a_lost_right_ends_it(hurried, rooms, script, code, text, link):
    script.drop(code)

    expect_chip(rooms, "offline", text)
    expect(chip(rooms).get_by_role("link", name=link)).to_be_visible()
    hurried.clock.run_for(20_000)
    time.sleep(0.2)
    assert script.opened == 1


def test_signing_out_elsewhere_is_noticed_when_reading(rooms, script):
    script.snapshot_status = 401
    script.tell({"stream": "rooms", "resync": "gap"})

    expect_chip(rooms, "offline", "Signed out")


def test_it_does_not_hammer_a_server_that_has_enough(hurried, page, script):
    script.close_code = 4429
    page.goto("/")
    script.wait_until(lambda: script.opened)
    # Its clock also goes on by itself; ten seconds are the least it waits.
    hurried.clock.run_for(4_000)
    time.sleep(0.2)
    assert script.opened == 1

    hurried.clock.run_for(10_000)

    script.wait_until(lambda: script.opened == 2)


# -- Regions ------------------------------------------------------------------------


@pytest.fixture
def region(page, script):
    """A page with a live region, which is read once when the socket is there."""
    page.goto("/region")
    script.wait_until(lambda: script.fragments == 1)
    expect_chip(page, "live", "Live")
    return page.locator("#rooms")


def test_a_region_is_rendered_again(region, script):
    script.region = "<p>new</p>"
    script.change(6, 6, key="hall")

    expect(region).to_have_text("new")
    script.region = "<p>newer</p>"
    script.change(7, 7, key="hall")
    expect(region).to_have_text("newer")


def test_a_region_is_read_once_for_many_changes(region, script):
    for n in range(6, 26):
        script.change(n, n, key="hall")
    script.wait_until(lambda: script.fragments >= 2)
    time.sleep(0.5)

    # A slow machine may hear of them in two lots.
    assert script.fragments <= 3


def test_a_region_with_a_key_leaves_others_alone(region, script):
    script.region = "<p>new</p>"
    script.change(6, 6, key="cellar")
    time.sleep(0.5)

    assert script.fragments == 1


def test_a_region_keeps_focus_scroll_and_what_is_open(region, page, script):
    inside = (
        '<details><summary>More</summary>text</details><button id="go">Go</button>'
        '<pre class="box"></pre><a href="#rooms">Up {}</a>'
    )
    script.region = inside.format("old")
    script.change(6, 6, key="hall")
    expect(region.get_by_role("link")).to_have_text("Up old")
    page.locator("summary").click()
    region.get_by_role("link").focus()

    script.region = inside.format("new")
    script.change(7, 7, key="hall")

    expect(region.get_by_role("link")).to_have_text("Up new")
    expect(region.get_by_role("link")).to_be_focused()
    expect(page.locator("details")).to_have_attribute("open", "")


def test_nothing_is_replaced_under_somebody_who_types(region, page, script):
    script.region = '<input aria-label="Name"><p>old</p>'
    script.change(6, 6, key="hall")
    page.get_by_label("Name").fill("Ada")
    script.region = '<input aria-label="Name"><p>new</p>'
    script.change(7, 7, key="hall")
    script.wait_until(lambda: script.fragments == 3)
    time.sleep(0.3)
    expect(region).to_have_text("old")
    expect(page.get_by_label("Name")).to_have_value("Ada")

    page.get_by_label("Name").blur()

    expect(region).to_have_text("new")


def test_a_region_that_was_taken_away_is_not_read(region, page, script):
    page.evaluate("document.querySelector('#rooms').remove()")
    script.change(6, 6, key="hall")
    script.wait_until(lambda: {"unsub": "rooms"} in script.heard)

    assert script.fragments == 1
