"""``/channels/``: the grid of channels and characters."""

import json
import re
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from personas.services import publishing
from routing.models import Channel, Quiet
from routing.services import channels
from routing.services.channels import Reported
from routing.views import channels_shown
from tests.clients import client_as
from tests.factories import NOW, make_character

pytestmark = pytest.mark.django_db

GRID = "/channels/"


@pytest.fixture
def cast() -> None:
    for name in ("ada", "bob"):
        make_character(name)
    publishing.publish(character_ids=["ada", "bob"], note="N", author=None, now=NOW)
    make_character("draft-only")


@pytest.fixture
def tree(cast) -> None:
    channels.sync(
        [
            Reported(id="4711", name="general", category_id="k1"),
            Reported(id="t1", name="A thread", parent_id="4711"),
            Reported(id="k1", name="Talk"),
            Reported(id="123456789012345", name="", category_id="987654321098765"),
            Reported(id="lone", name="lone"),
        ],
        now=NOW,
    )


@pytest.fixture
def viewer(cast) -> Client:
    return client_as(Role.VIEWER)


@pytest.fixture
def manager(cast) -> Client:
    return client_as(Role.MANAGER)


def html_of(client: Client, **query: str) -> str:
    response = client.get(GRID, query)
    assert response.status_code == 200
    return response.content.decode()


def set_settings(channel_id: str, **settings) -> None:
    Channel.objects.filter(channel_id=channel_id).update(settings=settings)


def states(html: str) -> list[str]:
    """Of each cell, by row; those inherited with a tilde."""
    found = re.findall(
        r'data-state="(\w+)"( data-inherited)?>(?:<button|<span id)', html
    )
    return [f"{'~' if pale else ''}{state}" for state, pale in found]


def pressed(html: str, name: str) -> str:
    """What the button whose label begins so would send."""
    found = re.search(rf'value="([\d:a-z]+)" aria-label="{re.escape(name)}', html)
    assert found is not None
    return found[1]


# -- Seeing ----------------------------------------------------------------------------


def test_without_channels_it_says_where_they_come_from(viewer):
    html = html_of(viewer)

    assert "No channels yet" in html
    assert "channels/sync" in html


@pytest.mark.usefixtures("tree")
def test_channels_stand_in_their_categories_and_threads_below(viewer):
    html = html_of(viewer)

    titles = re.findall(r'scope="row"[^>]*><a [^>]*>([^<]+)</a>', html)
    assert titles == ["lone", "Channel 123456789012…", "Talk", "general", "A thread"]
    headings = re.findall(r'scope="rowgroup"><span>([^<]+)<', html)
    assert headings == ["Category 987654321098…"]
    assert "draft-only" not in html.lower()


@pytest.mark.usefixtures("tree")
def test_cells_say_who_may_answer_and_from_where(viewer):
    set_settings("k1", deny=["ada"], reply_mode="never")
    set_settings("4711", allow=["bob"], default_character_id="bob")

    html = html_of(viewer, q="general")

    assert states(html) == ["~never", "may"]
    assert "Ada in general: never answers, from its category" in html
    assert "Bob in general: may answer, set here" in html
    assert "Nobody is answered" in html
    assert "If nobody fits: Bob, set here" in html


@pytest.mark.usefixtures("tree")
def test_characters_of_settings_that_are_not_there_are_shown_by_id(viewer):
    set_settings("lone", default_character_id="gone", deny=["gone"])

    assert "If nobody fits: gone" in html_of(viewer)


@pytest.mark.usefixtures("tree")
def test_quiet_channels_are_marked(viewer):
    Quiet.objects.create(
        channel_id="4711", reason="Film night", created_at=NOW, author_name="Eve"
    )

    html = html_of(viewer)

    # The channel, and the thread in it.
    assert html.count(">Quiet</a>") == 2


@pytest.mark.usefixtures("tree")
def test_search_and_filter(viewer):
    html = html_of(viewer, q="GENER", character="bo")

    assert "A thread" not in html
    assert states(html) == ["~open"]
    assert "No channel matches" in html_of(viewer, q="nothing like it")
    assert "No live character has" in html_of(viewer, character="zoe")
    assert html_of(viewer, q="\0", page="x", columns="-1")


@pytest.mark.usefixtures("tree")
def test_viewers_see_no_buttons(viewer):
    assert 'name="cell"' not in html_of(viewer)


def test_odd_ids_have_a_page(manager):
    ids = ["a/b", "ä?#%", "..", "x" * 64]
    for channel_id in ids:
        channels.seen(channel_id, now=NOW)

    html = html_of(manager)

    assert html.count('scope="row"') == len(ids)
    for channel_id in ("a/b", "ä?#%", "x" * 64):
        address = f"{GRID}{quote(channel_id)}/"
        assert f'href="{address}"' in html
        assert manager.get(address).status_code == 200


def test_circles_are_shown_once(viewer):
    for channel_id, parent in (("a", "b"), ("b", "a"), ("c", "c")):
        channels.seen(channel_id, now=NOW)
        Channel.objects.filter(channel_id=channel_id).update(parent_id=parent)

    assert html_of(viewer).count('scope="row"') == 3


def test_many_come_in_pages_with_as_many_queries(viewer, django_assert_num_queries):
    channels.sync([Reported(id="c", name="c")], now=NOW)
    html_of(viewer)

    # Session, person, role, channels, characters, settings; what the watcher of live
    # changes looks up, for the community's name and for quiet switches.
    with django_assert_num_queries(8):
        html_of(viewer)

    rows = [
        Reported(id=f"c{n}", name=f"name {n}", category_id=f"k{n % 7}")
        for n in range(120)
    ]
    channels.sync(rows, now=NOW)
    # The first request after a change also has the process's copies follow it.
    html_of(viewer)
    with django_assert_num_queries(8):
        html = html_of(viewer)
    assert html.count('scope="row"') == 50
    assert html_of(viewer, page="3").count('scope="row"') == 21


def test_order_of_very_many_is_quick():
    known = {
        f"c{n}": channels_shown.Known(n, f"c{n}", f"n{n}", "", f"c{n - 1}" if n else "")
        for n in range(5_000)
    }

    places = channels_shown.in_order(known)

    assert [place.depth for place in places] == list(range(5_000))


# -- Pressing --------------------------------------------------------------------------


@pytest.mark.usefixtures("tree")
def test_a_press_changes_the_cell_and_another_changes_it_back(manager):
    never = pressed(html_of(manager), "Ada in general")

    response = manager.post(GRID, {"cell": never, "seen": "q=general&page=1"})

    row = Channel.objects.get(channel_id="4711")
    assert response.status_code == 302
    assert response["Location"].startswith(f"{GRID}?q=general&page=1#cell-{row.pk}-")
    assert row.settings == {"deny": ["ada"]}
    may = pressed(html_of(manager), "Ada in general")
    manager.post(GRID, {"cell": may})
    assert Channel.objects.get(channel_id="4711").settings == {}
    assert AuditEntry.objects.filter(action="channel.edited").count() == 2


@pytest.mark.usefixtures("tree")
def test_a_press_by_script_gets_the_grid(manager):
    never = pressed(html_of(manager), "Ada in general")

    response = manager.post(
        GRID,
        {"cell": never, "seen": "q=general&evil=1"},
        headers={"HX-Request": "true"},
    )

    told = json.loads(response["HX-Trigger"])["toast"]
    assert told == {"text": "Ada never answers in general now.", "kind": "success"}
    html = response.content.decode()
    assert "<html" not in html
    assert states(html) == ["never", "~open"]
    assert 'value="q=general"' in html


@pytest.mark.parametrize(
    "cell", ["", "nonsense", "1:2", "999:999:may", f"{'9' * 30}:1:may", "²:1:may"]
)
@pytest.mark.usefixtures("tree")
def test_a_press_of_what_is_not_there(manager, cell):
    response = manager.post(GRID, {"cell": cell}, headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert json.loads(response["HX-Trigger"])["toast"]["kind"] == "error"
    assert manager.post(GRID, {"cell": cell}).status_code == 302


@pytest.mark.usefixtures("tree")
def test_curators_press_nothing():
    assert client_as(Role.CURATOR).post(GRID, {"cell": "1:1:may"}).status_code == 403


def test_the_page_has_its_name():
    assert reverse("routing:channels") == GRID
