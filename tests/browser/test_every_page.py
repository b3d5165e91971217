"""Every page: what axe-core finds in both schemes, and whether it fits a phone."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import axe_findings, fill_in_sign_in

PAGES = [
    "/",
    "/characters/pip/",
    "/characters/pip/draft/",
    "/characters/pip/preview/",
    "/characters/pip/mixer/",
    "/characters/pip/edit/",
    "/characters/pip/edit/diff/",
    "/characters/pip/edit/history/",
    "/characters/pip/review/",
    "/characters/pip/edit/test/",
    "/characters/pip/samples/",
    "/characters/pip/duplicate/",
    "/characters/pip/versions/1/",
    "/publish/",
    "/publish/?ids=pip,page",
    "/publications/",
    "/schedule/",
    "/frameworks/chaotic/",
    "/frameworks/chaotic/edit/",
    "/frameworks/chaotic/edit/diff/",
    "/frameworks/chaotic/edit/history/",
    "/frameworks/chaotic/publish/",
    "/frameworks/chaotic/publish/reach/?of=pip",
    "/frameworks/chaotic/publish/difference/?character=pip",
    "/frameworks/chaotic/duplicate/",
    "/frameworks/chaotic/versions/1/",
    "/admin/personas/character/",
    "/admin/personas/character/?q=kettle",
    "/table/",
    "/table/import/",
    "/import/",
    "/characters/pip/export/",
    "/export/?ids=pip,page",
    "/admin/personas/character/add/",
    "/admin/personas/framework/",
    "/contexts/",
    "/contexts/new/",
    "/contexts/formal/edit/",
    "/contexts/history/",
    "/lorebooks/",
    "/lorebook-new/",
    "/lorebooks/mizzlemouth/",
    "/lorebooks/mizzlemouth/?q=sea&show=on&sort=tokens",
    "/lorebooks/mizzlemouth/entries/new/",
    "/lorebooks/mizzlemouth/test/",
    "/lorebooks/mizzlemouth/settings/",
    "/lorebooks/mizzlemouth/publish/",
    "/lorebooks/mizzlemouth/history/",
    "/lorebooks/mizzlemouth/history/1/",
    "/growth/",
    "/growth/?show=waiting",
    "/growth/pip/",
    "/growth/pip/editor/",
    "/relationships/?view=graph",
    "/relationships/?view=matrix",
    "/relationships/?view=table",
    "/relationships/?view=timeline",
    "/relationships/pip/page/",
    "/routing/",
    "/routing/?q=unknown",
    "/routing/names/",
    "/routing/simulator/",
    "/routing/simulator/?message=Tea,%20Pip?&channel=c1",
    "/channels/",
    "/routing/forget/",
    "/people/",
    "/people/roles/",
    "/invitations/",
    "/keys/",
    "/keys/new/",
    "/webhooks/",
    "/webhooks/?state=deleted",
    "/webhooks/new/",
    "/audit/",
    "/settings/",
    "/accounts/2fa/",
    "/accounts/password/change/",
    "/api/v1/docs",
    "/relationship-kinds/",
    "/relationship-kinds/new/",
    "/relationship-kinds/insult/edit/",
    "/relationship-kinds/history/",
    "/relationship-bands/",
    "/relationship-bands/friend/edit/",
    "/relationship-words/",
    "/relationship-words/trust-above-200/edit/",
    "/now/",
    "/now/?character=pip&channel=4711",
]


@pytest.fixture(scope="module")
def page(browser, server) -> Page:
    """One browser for all of them, in which nothing is changed."""
    context = browser.new_context(base_url=server.site.url)
    page = context.new_page()
    page.goto("/")
    fill_in_sign_in(page, user=server.site.user, password=server.site.password)
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_it_fits_a_phone(page, path, keep):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")

    response = page.goto(path)

    assert response.status == 200
    assert axe_findings(page) == []
    page.emulate_media(color_scheme="dark")
    # Of all that is judged, only colours are others.
    assert axe_findings(page, rules=["color-contrast"]) == []
    page.set_viewport_size({"width": 360, "height": 740})
    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    keep(page, f"phone-{path.strip('/').replace('/', '-').partition('?')[0] or 'home'}")
    assert wider <= 0
