"""The graph and the matrix of relationships, live, by keyboard and with filters."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from relationships.domain.decay import decayed
from tests.browser.conftest import axe_findings, fill_in_sign_in
from tests.browser.relations_script import (
    drawn,
    felt,
    report,
    state,
    wait_until_equal,
)
from tests.browser.server import Server, Site

GRAPH = "/relationships/?view=graph"
MATRIX = "/relationships/?view=matrix"
STARTED = [
    ("pip", "compliment", "page"),
    ("page", "compliment", "pip"),
    ("pip", "compliment", "page"),
    ("loam", "insult", "pip"),
    ("page", "question", "loam"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Server]:
    """A server of this module's own, where some have met."""
    server = Server(tmp_path_factory.mktemp("relations"))
    site = server.start()
    for event in STARTED:
        report(site, *event)
    yield server
    server.stop()


@pytest.fixture
def site(stage: Server) -> Site:
    assert stage.site is not None
    return stage.site


@pytest.fixture
def page(sign_in) -> Page:
    return sign_in()


def open_graph(page: Page, url: str = GRAPH) -> None:
    page.goto(url)
    expect(page.locator("[data-graph-canvas] canvas").first).to_be_visible()
    expect(page.locator("[data-live-status]")).to_have_attribute("data-state", "live")


def open_matrix(page: Page, url: str = MATRIX) -> None:
    page.goto(url)
    expect(page.locator(".matrix__cell").first).to_be_visible()
    expect(page.locator("[data-live-status]")).to_have_attribute("data-state", "live")


def cell(page: Page, who: str, other: str):
    return page.locator(f".matrix__cell[data-row='{who}'][data-column='{other}']")


# -- The graph ----------------------------------------------------------------------


def test_the_graph_draws_what_bots_read(page, site, keep):
    open_graph(page)

    wait_until_equal(page, site)
    lines = drawn(page)["lines"]
    values = felt(site)
    # They feel nearly the same for each other: one line, of the mean.
    for one, other in (("page", "pip"), ("loam", "pip")):
        both = (values[f"{one}>{other}"] + values[f"{other}>{one}"]) / 2
        assert lines[f"{one}={other}"] == pytest.approx(both)
    assert lines["loam=pip"] < -2_000 < 2_000 < lines["page=pip"]
    keep(page, "relations-graph")
    assert axe_findings(page) == []


def test_a_report_repaints_and_moves_nobody(page, site):
    open_graph(page)
    before = drawn(page)

    report(site, "loam", "insult", "pip")

    wait_until_equal(page, site)
    page.wait_for_function(
        """async (old) => (await import("/static/js/relations-graph.js"))
             .drawn().lines["loam=pip"] < old""",
        arg=before["lines"]["loam=pip"],
    )
    assert drawn(page)["places"] == before["places"]


def test_everybody_stands_where_they_stood(page, site, sign_in):
    open_graph(page)
    page.wait_for_function(
        """async () => Object.keys((await import("/static/js/relations-graph.js"))
             .drawn().places).length >= 3"""
    )
    places = drawn(page)["places"]
    # Kept by the first page, for all who come later.
    page.wait_for_function(
        """async () => {
             const { store } = await import("/static/js/relations-store.js");
             const data = await (await fetch(store.config.snapshot)).json();
             return data.characters.filter((each) => each.place).length >= 3;
           }"""
    )

    other = sign_in()
    open_graph(other)

    found = drawn(other)["places"]
    assert found.keys() == places.keys()
    for name, place in places.items():
        assert found[name]["x"] == pytest.approx(place["x"], abs=0.1)
        assert found[name]["y"] == pytest.approx(place["y"], abs=0.1)


def test_a_character_is_looked_at_without_a_mouse(page, keep):
    open_graph(page)

    page.get_by_label("Look at").select_option("pip")

    side = page.get_by_role("complementary", name="Chosen character")
    expect(side.get_by_role("link", name="Pip", exact=True)).to_be_visible()
    expect(side.get_by_role("link", name="for Page")).to_have_attribute(
        "href", "/relationships/pip/page/"
    )
    keep(page, "relations-graph-chosen")
    assert axe_findings(page) == []
    before = drawn(page)["places"]["pip"]
    side.get_by_role("button", name="Right").click()
    assert drawn(page)["places"]["pip"]["x"] == pytest.approx(before["x"] + 40)
    side.get_by_role("button", name="Left").click()
    side.get_by_role("button", name="Only around Pip").click()
    expect(page).to_have_url(re.compile("around=pip"))
    side.get_by_role("button", name="Show everybody").click()
    expect(page).not_to_have_url(re.compile("around"))


def test_tidying_can_be_taken_back(page):
    open_graph(page)
    page.get_by_label("Look at").select_option("loam")
    page.get_by_role("button", name="Down").click()
    before = drawn(page)["places"]

    page.get_by_role("button", name="Tidy").click()

    assert drawn(page)["places"] != before
    page.get_by_role("button", name="Undo").click()
    assert drawn(page)["places"] == before


# -- Filters ------------------------------------------------------------------------


def test_filters_act_at_once_and_stay_in_the_address(page):
    open_graph(page)
    assert "loam=page" in drawn(page)["lines"]

    page.get_by_label("Strength at least").fill("4")

    expect(page).to_have_url(re.compile(r"min=4"))
    expect(page.get_by_role("link", name="Table", exact=True)).to_have_attribute(
        "href", re.compile(r"view=table&min=4")
    )
    page.reload()
    expect(page.get_by_label("Strength at least")).to_have_value("4")
    expect(page.locator("[data-relations-told]")).to_contain_text(" of ")
    page.get_by_label("Strength at least").fill("9.9")
    expect(page.get_by_text("No feeling matches")).to_be_visible()
    page.get_by_role("link", name="Show all", exact=True).click()
    expect(page).not_to_have_url(re.compile("min="))
    expect(page.locator("[data-graph-canvas] canvas").first).to_be_visible()


# -- The matrix ---------------------------------------------------------------------


def test_the_matrix_shows_what_bots_read(page, site, keep):
    open_matrix(page)

    wait_until_equal(page, site)
    values = felt(site)
    expect(cell(page, "loam", "pip")).to_have_text(
        f"−{abs(values['loam>pip']) / 1000:.1f}".removesuffix(".0")
    )
    expect(cell(page, "loam", "pip")).to_have_attribute(
        "aria-label", re.compile("Loam feels −.* for Pip")
    )
    keep(page, "relations-matrix")
    assert axe_findings(page) == []


def test_only_changed_cells_are_painted(page, site):
    open_matrix(page)
    page.evaluate(
        """() => {
          window.painted = new Set();
          new MutationObserver((records) => {
            for (const { target } of records) {
              const at = (target.nodeType === 3 ? target.parentElement : target)
                ?.closest(".matrix__cell");
              if (at) window.painted.add(`${at.dataset.row}>${at.dataset.column}`);
            }
          }).observe(document.querySelector("[data-matrix-stage]"),
            {subtree: true, childList: true, characterData: true, attributes: true});
        }"""
    )

    report(site, "page", "argument", "loam")

    expect(cell(page, "page", "loam")).to_have_attribute("data-arrow", "▼")
    painted = page.evaluate("[...window.painted]")
    # A minute that passes meanwhile may fade others.
    assert {"page>loam"} <= set(painted)
    assert len(painted) <= 8


def test_the_matrix_is_walked_by_keyboard(page):
    open_matrix(page)
    page.locator(".matrix__cell").nth(1).focus()

    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("data-row", "page")
    expect(focused).to_have_attribute("data-column", "loam")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_have_attribute("role", "rowheader")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("aria-label", "Page, pinned")
    expect(page.locator("[role=rowheader]").first).to_have_text("Page")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_attribute("data-column", "pip")
    page.keyboard.press("Enter")

    opened = page.locator("dialog[open], h1").filter(has_text=re.compile("Page.*Pip"))
    expect(opened.first).to_be_visible()


def test_sorting_waits_for_the_reader(page, site):
    open_matrix(page)
    page.get_by_label("Order").select_option("strength")
    names = page.locator("[role=rowheader]")
    before = names.all_text_contents()
    again = page.get_by_role("button", name="Sort again")
    expect(again).to_be_hidden()

    report(site, "loam", "compliment", "page")

    expect(again).to_be_visible()
    assert names.all_text_contents() == before
    again.click()
    expect(again).to_be_hidden()


# -- Converging ---------------------------------------------------------------------


def test_what_happened_while_the_network_was_gone_arrives(page, site):
    open_matrix(page)
    page.context.set_offline(True)
    report(site, "pip", "insult", "loam")
    report(site, "pip", "insult", "loam")
    assert state(page) != felt(site)

    page.context.set_offline(False)

    wait_until_equal(page, site)


def test_a_restart_is_survived_by_graph_and_matrix(page, stage, site, sign_in):
    open_graph(page)
    matrix = sign_in()
    open_matrix(matrix)

    stage.kill()
    stage.start()
    report(site, "page", "collaboration", "pip")
    report(site, "loam", "banter", "page")
    took = wait_until_equal(page, site, seconds=8)
    took += wait_until_equal(matrix, site)

    page.wait_for_function(
        """async () => {
          const { store } = await import("/static/js/relations-store.js");
          const { lines } = (await import("/static/js/relations-graph.js")).drawn();
          const mean = (store.direction("loam", "page").value
            + store.direction("page", "loam").value) / 2;
          return lines["loam=page"] === mean;
        }"""
    )
    expect(matrix.locator("[data-live-status]")).to_have_attribute("data-state", "live")
    expect(page.locator("[data-live-status]")).to_have_attribute("data-state", "live")


def test_a_failing_server_is_told_of_and_asked_again(page):
    page.route("**/relationships/snapshot/", lambda route: route.fulfill(status=503))
    page.goto(GRAPH)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("could not be read")
    page.unroute("**/relationships/snapshot/")

    alert.get_by_role("button", name="Try now").click()

    expect(page.locator("[data-graph-canvas] canvas").first).to_be_visible()
    expect(alert).to_be_hidden()


# -- Rules --------------------------------------------------------------------------


def test_the_page_fades_as_the_server_does(page):
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    rates = [
        (None, Decimal("0.1")),
        (now - timedelta(days=4), Decimal("0.5")),
        (now - timedelta(days=1), Decimal(0)),
    ]
    cases = [
        (stored, now - timedelta(minutes=minutes), resting)
        for stored in (-10_000, -777, 1, 5, 4_000)
        for minutes in (-1, 0, 7, 600, 2_880, 9_000)
        for resting in (0, -3_000)
    ]
    page.goto(MATRIX)

    found = page.evaluate(
        """async ([cases, now, rates]) => {
          const { faded } = await import("/static/js/relations-rules.js");
          return cases.map(([stored, since, resting]) =>
            faded(stored, since, resting, now, rates));
        }""",
        [
            [[stored, _ms(since), resting] for stored, since, resting in cases],
            _ms(now),
            [[_ms(since), float(rate)] for since, rate in rates],
        ],
    )

    assert found == [
        decayed(stored, since=since, now=now, resting=resting, rates=tuple(rates))
        for stored, since, resting in cases
    ]


def _ms(at):
    return None if at is None else round(at.timestamp() * 1_000)


def test_two_lines_are_drawn_where_one_would_lie(page):
    page.goto(MATRIX)

    drawn_for = page.evaluate(
        """async () => {
          const { drawing, linesOf } =
            await import("/static/js/relations-graph-parts.js");
          const at = (source, target, value) =>
            ({ key: `${source}>${target}`, source, target, value });
          const ids = (forth, back) =>
            linesOf(at("a", "b", forth), back === null ? undefined : at("b", "a", back))
              .map(({ id }) => id);
          const many = [at("a", "b", 9000), at("b", "a", 8000), at("c", "d", -7000),
            at("a", "c", 6000), at("d", "a", 5000)];
          const cut = drawing(many, { characters: 3, lines: 2 });
          return [ids(3000, 1001), ids(3000, 1000), ids(900, -900), ids(500, 0),
            ids(5, null), [...cut.lines.keys()], cut.drawn, [...cut.cast]];
        }"""
    )

    each_way = ["a>b", "b>a"]
    assert drawn_for[:5] == [["a=b"], each_way, each_way, ["a=b"], ["a>b"]]
    assert drawn_for[5:] == [["a=b", "a>c"], 3, ["a", "b", "c"]]


def test_who_feels_alike_stands_together(page):
    page.goto(MATRIX)

    order = page.evaluate(
        """async () => {
          const { bySimilarity, byStrength } =
            await import("/static/js/relations-order.js");
          const group = (id) => Number(id.slice(1)) % 3;
          const ids = [...Array(30).keys()].map((n) => `c${n}`);
          const value = (one, other) => one === other ? 0
            : (group(one) === group(other) ? 6000 : -4000)
              + (Number(one.slice(1)) * 7) % 500;
          return [bySimilarity(ids, value).map(group), bySimilarity([], value),
            bySimilarity(["c1"], value), byStrength(["c1", "c2", "c3"],
              (one, other) => [one, other].includes("c3") ? 9 : 1)];
        }"""
    )

    groups, nobody, alone, strong = order
    assert sum(a != b for a, b in pairwise(groups)) == 2
    assert (nobody, alone) == ([], ["c1"])
    assert strong[0] == "c3"


def test_nothing_yet_says_how_it_begins(tmp_path_factory, browser):
    server = Server(tmp_path_factory.mktemp("quiet"))
    site = server.start()
    context = browser.new_context(base_url=site.url)
    try:
        page = context.new_page()
        page.goto("/")
        fill_in_sign_in(page, user=site.user, password=site.password)
        page.goto(GRAPH)
        expect(page.get_by_text("No interactions yet")).to_be_visible()

        report(site, "pip", "compliment", "page")

        expect(page.locator("[data-graph-canvas] canvas").first).to_be_visible()
        deadline = time.monotonic() + 5
        while not drawn(page)["lines"] and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        assert set(drawn(page)["lines"])
    finally:
        context.close()
        server.stop()


# -- Settings and the cast ----------------------------------------------------------

_SET = """
from datetime import datetime, UTC
from core.policy import set_value
set_value(name={name!r}, value={value!r}, actor=None, now=datetime.now(UTC))
"""
_CAST = """
from datetime import datetime, UTC
from personas.services.drafts import archive_character
archive_character(
    character_id={name!r}, is_archived={gone!r}, actor=None, now=datetime.now(UTC)
)
"""


def test_open_pages_notice_new_rules_and_who_is_put_away(page, site):
    open_matrix(page)
    asked = "**/relationships/snapshot/"

    with page.expect_response(asked) as got:
        site.manage("shell", "-c", _SET.format(name="CONFLICT_DECAY_RATE", value=0.5))
    assert [rate for _, rate in got.value.json()["rates"]] == [0.1, 0.5]
    wait_until_equal(page, site)

    try:
        site.manage("shell", "-c", _CAST.format(name="loam", gone=True))
        expect(cell(page, "loam", "pip")).to_have_count(0)
        expect(cell(page, "page", "pip").first).to_be_visible()
    finally:
        site.manage("shell", "-c", _CAST.format(name="loam", gone=False))
        site.manage("shell", "-c", _SET.format(name="CONFLICT_DECAY_RATE", value=0.1))
    expect(cell(page, "loam", "pip")).to_have_count(1)
