"""Pages that stay right while rows come and go."""

import json
from datetime import timedelta

import pytest

from core import audit
from core.api.list_pages import paginate_list
from core.api.pagination import paginate
from core.api.parameters import PageQuery
from core.models import AuditEntry
from core.problems import Problem
from tests.core.api_client import EARLY, bot_client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.sample_api")]

ORDER = ("-at", "-id")


def add(name, *, minutes=0):
    audit.record(
        actor=None,
        action="test",
        obj=("thing", name, name),
        now=EARLY + timedelta(minutes=minutes),
    )


@pytest.fixture
def client():
    """A bot; making its key leaves one entry, the oldest of all."""
    return bot_client(now=EARLY - timedelta(days=1))


def fetch(client, **parameters):
    return client.get("/api/v1/log", parameters)


def walk(client, limit):
    """Every page, following ``next``."""
    pages, cursor = [], {}
    while True:
        page = fetch(client, limit=limit, **cursor).json()
        pages.append(page["results"])
        if page["next"] is None:
            return pages
        cursor = {"cursor": page["next"]}


def rows():
    return AuditEntry.objects.filter(action="test")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_hold_each_row_once_and_in_order(client, limit):
    for n in range(7):
        # Several at the same time, so that the second column decides.
        add(f"t{n}", minutes=n // 3)

    pages = walk(client, limit)

    names = [name for page in pages for name in page]
    assert names[:-1] == ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]


def test_pages_are_fifty_long_unless_told(client):
    for n in range(60):
        add(f"t{n}")

    assert len(fetch(client).json()["results"]) == 50


def test_new_rows_do_not_shift_later_pages(client):
    for n in range(4):
        add(f"t{n}", minutes=n)
    first = fetch(client, limit=2).json()

    add("newest", minutes=99)
    second = fetch(client, limit=2, cursor=first["next"]).json()

    assert first["results"] == ["t3", "t2"]
    assert second["results"] == ["t1", "t0"]


def test_page_costs_one_query(django_assert_num_queries):
    for n in range(30):
        add(f"t{n}", minutes=n)
    first = paginate(rows(), order=ORDER, query=PageQuery(limit=5))

    with django_assert_num_queries(1):
        paginate(rows(), order=ORDER, query=PageQuery(limit=5, cursor=first.next))


def test_orders_may_differ_by_column():
    for n in range(6):
        add(f"t{n}", minutes=n // 2)

    names, cursor = [], None
    while True:
        query = PageQuery(limit=2, cursor=cursor)
        page = paginate(rows(), order=("-at", "object_id"), query=query)
        names += [row.object_id for row in page.results]
        cursor = page.next
        if cursor is None:
            break

    assert names == ["t4", "t5", "t2", "t3", "t0", "t1"]


def test_rows_may_be_dictionaries():
    for n in range(3):
        add(f"t{n}", minutes=n)
    values = rows().values("id", "at", "object_id")

    first = paginate(values, order=ORDER, query=PageQuery(limit=2))
    second = paginate(values, order=ORDER, query=PageQuery(limit=2, cursor=first.next))

    assert [row["object_id"] for row in second.results] == ["t0"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": 0}, "bad_parameter"),
        ({"limit": 201}, "bad_parameter"),
        ({"limit": 1000000}, "bad_parameter"),
        ({"page_size": 5}, "unknown_parameter"),
        ({"ordering": "password"}, "unknown_parameter"),
        ({"cursor": "x"}, "bad_cursor"),
        ({"cursor": ""}, "bad_cursor"),
        ({"cursor": "WzFd.é"}, "bad_cursor"),
        ({"cursor": "x" * 5000}, "bad_parameter"),
    ],
)
def test_bad_pages_are_refused(client, parameters, code):
    response = fetch(client, **parameters)

    body = json.loads(response.content)
    assert (response.status_code, body["code"]) == (400, code)
    assert body["errors"][0]["pointer"] == f"/{next(iter(parameters))}"


def test_cursor_belongs_to_its_list():
    for n in range(3):
        add(f"t{n}", minutes=n)
    cursor = paginate(rows(), order=ORDER, query=PageQuery(limit=1)).next
    query = PageQuery(limit=1, cursor=cursor)

    with pytest.raises(Problem, match="exactly"):
        paginate(rows(), order=("-id",), query=query)
    with pytest.raises(Problem, match="exactly"):
        paginate(rows(), order=ORDER, query=query, filters={"action": "test"})


def test_changed_cursor_is_refused():
    for n in range(3):
        add(f"t{n}", minutes=n)
    cursor = paginate(rows(), order=ORDER, query=PageQuery(limit=1)).next

    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        changed = cursor[:place] + other + cursor[place + 1 :]
        with pytest.raises(Problem):
            paginate(rows(), order=ORDER, query=PageQuery(limit=1, cursor=changed))


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_lists_in_memory_have_the_same_pages(limit):
    items, names, cursor = ["a", "b", "c", "d", "e"], [], None
    while True:
        page = paginate_list(
            items,
            key=str,
            name="letters",
            query=PageQuery(limit=limit, cursor=cursor),
        )
        names += page.results
        cursor = page.next
        if cursor is None:
            break

    assert names == items
