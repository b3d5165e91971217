"""The mixer by keyboard and by two people, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_findings

URL = "/characters/loam/mixer/?kind=casual"


@pytest.fixture
def mixer(sign_in) -> Page:
    page = sign_in()
    page.goto(URL)
    return page


def kind(page: Page, title: str):
    return page.get_by_role("group", name=title)


def weights(page: Page, title: str) -> dict[str, float]:
    """What the boxes of one kind say."""
    rows = kind(page, title).locator("[data-mixer-weight]")
    return rows.evaluate_all(
        "rows => Object.fromEntries(rows.map(row => [row.dataset.mixerWeight,"
        " Number(row.querySelector('.mixer-row__box input').value)]))"
    )


def own(page: Page, title: str, **shares: float) -> None:
    """Start from these frameworks, taken from the list one after the other."""
    group = kind(page, title)
    while group.get_by_role("button", name="Take away").count():
        group.get_by_role("button", name="Take away").first.click()
    for framework_id, share in shares.items():
        group.get_by_role("combobox").select_option(framework_id)
        group.get_by_role("button", name="Add").click()
        box = group.locator(f"[data-mixer-weight={framework_id}] .mixer-row__box input")
        box.fill(str(share))
        box.press("Tab")


def test_sliders_move_by_keyboard_and_sum_to_100(mixer, keep):
    own(mixer, "Casual", caring=100, chaotic=40, neuro=20)
    assert weights(mixer, "Casual") == {"caring": 48, "chaotic": 32, "neuro": 20}
    slider = kind(mixer, "Casual").get_by_role("slider").first

    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")

    assert weights(mixer, "Casual") == {"caring": 50, "chaotic": 30.8, "neuro": 19.2}
    expect(slider).to_have_attribute("aria-valuetext", "50 percent")
    slider.press("End")
    assert weights(mixer, "Casual") == {"caring": 100, "chaotic": 0, "neuro": 0}
    slider.press("PageDown")
    assert weights(mixer, "Casual") == {"caring": 90, "chaotic": 6.2, "neuro": 3.8}
    expect(kind(mixer, "Casual").get_by_text("Not above 10 %")).to_have_count(2)
    keep(mixer, "mixer")


def test_the_blend_follows_the_sliders_and_nothing_is_saved(mixer):
    own(mixer, "Casual", caring=100, chaotic=30)
    grid = mixer.get_by_role("table")
    expect(grid.get_by_role("columnheader", name=re.compile("70 %"))).to_be_visible()
    first = grid.get_by_role("columnheader").nth(1)
    before = first.inner_text()

    slider = kind(mixer, "Casual").get_by_role("slider").first
    slider.focus()
    slider.press("Home")

    expect(first).not_to_have_text(before)
    expect(first).to_contain_text("100 %")
    expect(mixer.get_by_role("status").filter(has_text="tokens")).to_be_visible()
    other = mixer.context.new_page()
    other.goto(URL)
    assert other.locator("[data-mixer-weight]").count()
    assert weights(other, "Casual") != weights(mixer, "Casual")


def test_only_the_newest_answer_is_shown(mixer):
    own(mixer, "Casual", caring=100, chaotic=30)
    expect(mixer.locator("[data-mixer-result]")).not_to_have_attribute(
        "aria-busy", "true"
    )
    held: list = []

    def hold_the_first(route):
        if not held:
            held.append(route)
        else:
            route.continue_()

    mixer.route("**/mixer/preview/", hold_the_first)
    kind(mixer, "Technical").get_by_role("radio", name="Show its blend").check()
    expect(mixer.locator("[data-mixer-result]")).to_have_attribute("aria-busy", "true")
    kind(mixer, "Formal").get_by_role("radio", name="Show its blend").check()

    expect(
        mixer.get_by_role("heading", name="What comes of it: Formal")
    ).to_be_visible()
    held[0].abort()
    expect(
        mixer.get_by_role("heading", name="What comes of it: Formal")
    ).to_be_visible()


def test_without_the_server_the_weights_stay_and_it_says_so(mixer):
    own(mixer, "Casual", caring=100, chaotic=30)
    mixer.context.set_offline(True)

    kind(mixer, "Casual").get_by_role("slider").first.press("ArrowLeft")

    expect(mixer.get_by_text("cannot be loaded")).to_be_visible()
    assert weights(mixer, "Casual") == {"caring": 69, "chaotic": 31}
    mixer.context.set_offline(False)
    kind(mixer, "Casual").get_by_role("slider").first.press("ArrowLeft")
    expect(mixer.get_by_text("cannot be loaded")).to_have_count(0)


def test_the_installations_weights_and_ones_own_change_places(mixer):
    own(mixer, "Casual", caring=100, neuro=25)
    group = kind(mixer, "Casual")

    group.get_by_label("Use everyone’s weights").check()

    assert weights(mixer, "Casual") == {"caring": 60, "chaotic": 40}
    group.get_by_label("Own weights").check()
    assert weights(mixer, "Casual") == {"caring": 75, "neuro": 25}


def test_a_message_picks_the_kind_that_it_tells_of(mixer):
    mixer.get_by_label("Try a message").fill("Help me debug this function")

    expect(
        mixer.get_by_role("heading", name="What comes of it: Technical")
    ).to_be_visible()
    picked = kind(mixer, "Technical").get_by_role("radio", name="Show its blend")
    expect(picked).to_be_checked()


def test_it_is_saved_and_a_second_person_decides(sign_in, site, keep):
    first, second = sign_in(), sign_in()
    for page in (first, second):
        page.goto("/characters/page/mixer/?kind=creative")
    own(first, "Creative", caring=100, chaotic=30)
    own(second, "Creative", caring=100, chaotic=60)

    first.get_by_role("button", name="Save draft").click()
    expect(first.get_by_text("saved. Bots do not see it yet.")).to_be_visible()
    assert weights(first, "Creative") == {"caring": 70, "chaotic": 30}
    second.get_by_role("button", name="Save draft").click()

    expect(second.get_by_text("Nothing of yours is lost")).to_be_visible()
    assert weights(second, "Creative") == {"caring": 40, "chaotic": 60}
    assert not axe_findings(second)
    keep(second, "mixer-conflict")
    second.get_by_role("button", name="Save draft").click()
    expect(second.get_by_text("saved. Bots do not see it yet.")).to_be_visible()
    prompt = json.loads(site.get("/api/v1/personas/page/prompt"))
    assert prompt["version"] == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_it_reads_well_everywhere(sign_in, scheme, width, keep):
    page = sign_in(color_scheme=scheme, viewport={"width": width, "height": 900})

    page.goto(URL)

    assert not axe_findings(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"mixer-{scheme}-{width}")


def test_it_works_without_scripts(open_page, site):
    page = open_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Username").fill(site.user)
    page.get_by_label("Password", exact=True).fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.goto("/characters/pippa/mixer/?kind=educational")
    group = kind(page, "Educational")
    boxes = group.get_by_role("spinbutton")
    boxes.nth(0).fill("1")
    boxes.nth(1).fill("3")
    boxes.nth(2).fill("")

    page.get_by_role("button", name="Show what comes of it").click()

    expect(page.get_by_role("columnheader", name=re.compile("75 %"))).to_be_visible()
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("saved. Bots do not see it yet.")).to_be_visible()
    boxes = kind(page, "Educational").get_by_role("spinbutton")
    expect(boxes).to_have_count(2)
    assert [boxes.nth(n).input_value() for n in range(2)] == ["25", "75"]


def test_more_than_100_percent_is_said_beside_the_box_and_moves_nothing(mixer):
    own(mixer, "Casual", caring=100, chaotic=40)
    before = weights(mixer, "Casual")
    row = kind(mixer, "Casual").locator("[data-mixer-weight=caring]")
    box = row.locator(".mixer-row__box input")

    box.fill("150")
    box.press("Tab")

    expect(row.get_by_text("Write a percentage from 0 to 100.")).to_be_visible()
    expect(box).to_have_attribute("aria-invalid", "true")
    assert weights(mixer, "Casual") == {**before, "caring": 150}
    box.fill("70")
    box.press("Tab")
    expect(row.get_by_text("Write a percentage")).to_have_count(0)
    expect(box).not_to_have_attribute("aria-invalid", "true")
    assert weights(mixer, "Casual") == {"caring": 70, "chaotic": 30}
