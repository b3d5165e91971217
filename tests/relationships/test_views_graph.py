"""The page of relationships, its snapshot, and the places in the graph."""

import gzip
import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core.live.changes import current_head
from core.models import AuditEntry
from core.policy import set_value
from core.roles import Role
from personas.models import Character
from personas.services.drafts import archive_character
from relationships.models import GraphPlace
from relationships.services import placing
from relationships.views import snapshot as snapshots
from tests.clients import client_as
from tests.factories import NOW
from tests.personas.counting import queries
from tests.relationships_data import make_cast, make_circle, make_feelings

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=2)
PAGE = "/relationships/"
SNAPSHOT = "/relationships/snapshot/"
PLACES = "/relationships/places/"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def text_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def script_of(text):
    found = re.search(r'id="relations-config"[^>]*>(.*?)</script>', text)
    return json.loads(found.group(1))


# -- The page -----------------------------------------------------------------------


@pytest.mark.parametrize(("count", "view"), [(20, "graph"), (21, "matrix")])
def test_a_few_are_a_graph_and_many_a_matrix(viewer, count, view):
    make_cast([f"c{n}" for n in range(count)])

    text = text_of(viewer, PAGE)

    assert f"data-relations-{view}" in text
    assert script_of(text)["filters"]["view"] == view


@pytest.mark.parametrize("view", ["graph", "matrix", "table", "timeline"])
def test_each_view_keeps_the_filters_in_its_tabs(viewer, view):
    make_feelings({("ada", "bo"): 5})

    text = text_of(viewer, f"{PAGE}?view={view}&min=2.5&around=ada")

    for other in ("graph", "matrix", "table", "timeline"):
        assert f'href="?view={other}&amp;min=2.5&amp;around=ada"' in text
    current = re.search(r'data-relations-view="(\w+)" aria-current="page"', text)
    assert current.group(1) == view
    assert (
        'name="min" min="0" max="10" step="any" inputmode="decimal" value="2.5"' in text
    )
    assert '<option value="ada" selected>Ada</option>' in text


@pytest.mark.parametrize("view", ["graph", "matrix"])
def test_drawings_offer_the_table_first(viewer, view):
    text = text_of(viewer, f"{PAGE}?view={view}&sign=negative")

    main = text[text.index('id="relations-view"') :]
    link = re.search(r"<a [^>]*>", main).group()
    assert 'href="?view=table&amp;sign=negative"' in link
    assert "<noscript>" in main


def test_what_is_wrong_with_an_address_is_said(viewer):
    text = text_of(viewer, f"{PAGE}?min=many&tag=gone")

    assert "“many” is no number from 0 to 10." in text
    assert '<option value="gone" selected>gone (not there)</option>' in text


def test_names_are_text(viewer):
    make_cast(["eve"], display_name="</script><b>Eve", tags=["<i>"])

    text = text_of(viewer, PAGE)

    assert "<b>Eve" not in text
    assert "<i>" not in text
    assert "&lt;/script&gt;&lt;b&gt;Eve" in text


def test_the_script_knows_who_may_move_whom(viewer):
    assert not script_of(text_of(viewer, PAGE))["may_edit"]
    text = text_of(client_as(Role.CURATOR), PAGE)

    assert script_of(text)["may_edit"]
    assert 'data-graph-act="tidy"' in text


@pytest.mark.parametrize("view", ["graph", "matrix"])
def test_the_page_of_many_asks_no_more(viewer, view):
    make_circle(3)
    few = queries(viewer, f"{PAGE}?view={view}")
    make_circle(30)

    assert queries(viewer, f"{PAGE}?view={view}") == few


def test_nobody_sees_it_without_a_role(client):
    for url in (PAGE, SNAPSHOT):
        assert client.get(url).status_code in {302, 401}
        assert client_as(None).get(url).status_code == 403


# -- The snapshot -------------------------------------------------------------------


def snapshot(client, query="", **headers):
    response = client.get(f"{SNAPSHOT}{query}", **headers)
    assert response.status_code == 200
    return response.json()


def directions(data):
    ids = [each["id"] for each in data["characters"]]
    rows = [
        data["directions"][at : at + 9] for at in range(0, len(data["directions"]), 9)
    ]
    return {(ids[row[0]], ids[row[1]]): row[2:] for row in rows}


def test_the_snapshot_tells_what_is_stored(viewer):
    make_feelings(
        {("ada", "bo"): 5, ("bo", "ada"): -1.5}, resting=1, tension=0.25, events=4
    )
    GraphPlace.objects.create(character_id=_pk("ada"), x=1.5, y=-2)

    data = snapshot(viewer)

    ago = 2 * 3_600_000
    assert directions(data) == {
        ("ada", "bo"): [5_000, ago, 1_000, 1, 4, 250, ago],
        ("bo", "ada"): [-1_500, ago, 1_000, 1, 4, 250, ago],
    }
    assert data["total"] == 2
    assert data["now"] == LATER.timestamp() * 1_000
    assert data["at"] is None
    assert data["rates"] == [[None, 0.1]]
    assert ["Nemesis", -7_000] in data["bands"]
    ada = data["characters"][0]
    assert (ada["id"], ada["name"], ada["place"]) == ("ada", "Ada", [1.5, -2])
    assert data["characters"][1]["place"] is None


def _pk(character_id):
    return Character.objects.get(character_id=character_id).pk


def test_the_snapshot_of_a_moment_is_of_that_moment(viewer):
    make_feelings({("ada", "bo"): 5})
    make_feelings({("ada", "bo"): 7}, at=NOW + timedelta(minutes=90))

    then = snapshot(viewer, "?at=2026-11-01T01:00:00Z")
    now = snapshot(viewer)

    assert directions(then)["ada", "bo"][0] == 5_000
    assert then["at"] == (NOW + timedelta(hours=1)).timestamp() * 1_000
    assert directions(now)["ada", "bo"][0] == 7_000


def test_a_moment_that_cannot_be_read_is_a_problem(viewer):
    response = viewer.get(f"{SNAPSHOT}?at=soon")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert "“soon” is no time" in response.json()["detail"]


def test_the_snapshot_knows_how_new_its_cast_is(
    viewer, django_capture_on_commit_callbacks
):
    make_cast(["ada"])
    before = snapshot(viewer)["cast_seq"]

    # Numbers are given after the commit.
    with django_capture_on_commit_callbacks(execute=True):
        archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    assert snapshot(viewer)["cast_seq"] == current_head("personas") > before


def test_the_snapshot_of_the_past_has_the_tension_that_was_written_later(viewer):
    make_feelings({("ada", "bo"): 5}, tension=0.2)
    later = NOW + timedelta(minutes=30)
    make_feelings({("bo", "ada"): 1}, tension=0.6, at=later)

    then = directions(snapshot(viewer, "?at=2026-11-01T01:00:00Z"))
    before = directions(snapshot(viewer, "?at=2026-11-01T00:10:00Z"))

    assert [row[5] for row in then.values()] == [600, 600]
    assert {row[6] for row in then.values()} == {90 * 60_000}
    assert before == {("ada", "bo"): [5_000, 2 * 3_600_000, 0, 1, 1, 200, 7_200_000]}


def test_tension_that_is_switched_off_is_told(viewer):
    set_value(name="PERSONA_CONFLICTS_ENABLED", value=False, actor=None, now=NOW)

    assert not snapshot(viewer)["tension"]


def test_a_large_snapshot_is_packed(viewer):
    make_circle(12)

    response = viewer.get(SNAPSHOT, headers={"Accept-Encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(response.content))["directions"]) == 9 * 132
    assert len(snapshot(viewer)["directions"]) == 9 * 132


def test_of_too_many_the_strongest_are_told(viewer, monkeypatch):
    make_feelings({("ada", "bo"): 1, ("bo", "ada"): -9, ("bo", "cy"): 5})
    monkeypatch.setattr(snapshots, "MOST", 2)

    data = snapshot(viewer)

    assert set(directions(data)) == {("bo", "ada"), ("bo", "cy")}
    assert data["total"] == 3


def test_the_snapshot_of_many_takes_few_queries(viewer):
    make_circle(3)
    few = queries(viewer, SNAPSHOT)
    make_circle(60)

    assert queries(viewer, SNAPSHOT) == few
    assert snapshot(viewer)["total"] == 3_540


# -- Places -------------------------------------------------------------------------


def post(client, places, **options):
    body = json.dumps({"places": places, **options})
    return client.post(PLACES, {"body": body})


def places():
    return {
        row.character.character_id: (row.x, row.y)
        for row in GraphPlace.objects.select_related("character")
    }


def test_places_are_kept_and_recorded():
    make_cast(["ada", "bo"])
    curator = client_as(Role.CURATOR)

    response = post(curator, {"ada": [1.5, -2], "bo": [3, 4]})

    assert response.json() == {"places": {"ada": [1.5, -2], "bo": [3, 4]}}
    assert places() == {"ada": (1.5, -2), "bo": (3, 4)}
    post(curator, {"ada": [9, 9]})
    assert places() == {"ada": (9, 9), "bo": (3, 4)}
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == placing.ACTION
    assert (entry.before, entry.after) == ({"ada": [1.5, -2]}, {"ada": [9, 9]})


def test_of_two_pages_that_arrange_newcomers_the_first_decides():
    make_cast(["ada", "bo"])
    curator = client_as(Role.CURATOR)
    post(curator, {"ada": [1, 1]}, only_new=True)

    response = post(curator, {"ada": [2, 2], "bo": [3, 3]}, only_new=True)

    assert response.json()["places"] == {"ada": [1, 1], "bo": [3, 3]}
    assert places() == {"ada": (1, 1), "bo": (3, 3)}


def test_what_changes_nothing_is_not_recorded():
    make_cast(["ada"])
    curator = client_as(Role.CURATOR)
    post(curator, {"ada": [1, 1]})
    count = AuditEntry.objects.count()

    post(curator, {"ada": [1, 1]})

    assert AuditEntry.objects.count() == count


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"places": {}}',
        '{"places": {"ada": [1]}}',
        '{"places": {"ada": [1, "2"]}}',
        '{"places": {"ada": [1, 1e400]}}',
        '{"places": {"ada": [1, 1e9]}}',
        '{"places": {"ada": [1, NaN]}}',
        '{"places": {"nobody": [1, 1]}}',
        '{"places": {"ada": [1, 1]}, "more": 1}',
    ],
)
def test_what_is_no_place_is_refused(body):
    make_cast(["ada"])

    response = client_as(Role.CURATOR).post(PLACES, {"body": body})

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert not GraphPlace.objects.exists()


def test_a_viewer_moves_nobody():
    make_cast(["ada"])

    assert post(client_as(Role.VIEWER), {"ada": [1, 1]}).status_code == 403
    assert client_as(Role.CURATOR).get(PLACES).status_code == 405
    assert not GraphPlace.objects.exists()


def test_the_page_leads_to_its_parts(viewer):
    script = script_of(text_of(viewer, PAGE))

    assert script["snapshot"] == reverse("relationships:snapshot")
    assert script["places"] == reverse("relationships:places")
    assert script["character"] == "/characters/-character-/"
