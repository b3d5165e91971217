"""Filters that a person keeps."""

import pytest
from django.urls import reverse

from core.roles import Role
from personas.models import SavedFilter
from personas.services import filters
from personas.views.filtering import kept_part
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_person
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db
LIST = reverse("admin:personas_character_changelist")
KEEP = reverse("personas:filter-keep")


@pytest.fixture
def mia():
    return make_person(Role.VIEWER, username="mia")


def keep(owner, name="Tea", query="q=tea", of="characters"):
    return filters.keep(owner=owner, of=of, name=name, query=query, now=NOW)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("q=tea&o=3", "o=3&q=tea"),
        ("?tag=a%26b&nonsense=1", "tag=a%26b"),
        ("next=//evil.example&p=2", ""),
        ("q=%00x", "q=x"),
        ("q=&archived=yes", "archived=yes"),
        ("javascript:alert(1)", ""),
        ("q=" + "x" * 900, "q=" + "x" * 500),
        ("&".join(f"q={n}" for n in range(99)), ""),
    ],
)
def test_only_what_the_list_knows_is_kept(query, kept):
    assert kept_part(query, of="characters") == kept


def test_a_list_keeps_its_own_parameters():
    assert kept_part("tag=x&changes=yes", of="frameworks") == "changes=yes"


def test_a_kept_filter_is_a_chip_that_leads_back(mia):
    make_character("ada", description="tea")
    client = client_of(mia)

    client.post(KEEP, {"page": "characters", "name": " My  tea ", "query": "q=tea"})

    page = client.get(LIST, {"q": "tea"})
    [chip] = page.context["chips"]
    assert (chip.name, chip.url, chip.is_current) == ("My tea", f"{LIST}?q=tea", True)
    assert len(client.get(chip.url).context["cl"].result_list) == 1


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("characters", "admin:personas_character_changelist"),
        ("frameworks", "admin:personas_framework_changelist"),
        ("table", "personas:character-table"),
    ],
)
def test_each_list_shows_what_was_kept_of_it(mia, page, address):
    client = client_of(mia)

    response = client.post(
        KEEP, {"page": page, "name": "Changed", "query": "changes=yes"}
    )

    assert response.url == f"{reverse(address)}?changes=yes"
    assert "Changed" in client.get(response.url).content.decode()


def test_filters_are_ones_own(mia):
    row = keep(mia)
    other = client_as(Role.ADMIN)

    assert other.get(LIST).context["chips"] == []
    for name in ("filter-rename", "filter-delete"):
        url = reverse(f"personas:{name}", args=[row.pk])
        data = {"page": "characters", "name": "x"}
        assert other.post(url, data).status_code == 404
    assert SavedFilter.objects.get().name == "Tea"


def test_renaming(mia):
    row = keep(mia)

    client_of(mia).post(
        reverse("personas:filter-rename", args=[row.pk]),
        {"page": "characters", "name": "Cake"},
    )

    assert SavedFilter.objects.get().name == "Cake"


def test_deleting_can_be_taken_back(mia):
    row = keep(mia, query="q=tea&tag=a%26b")
    client = client_of(mia)

    client.post(
        reverse("personas:filter-delete", args=[row.pk]), {"page": "characters"}
    )
    assert not SavedFilter.objects.exists()
    [message] = client.get(LIST).context["messages"]
    client.post(message.extra_tags)

    again = SavedFilter.objects.get()
    assert (again.owner, again.name, again.query) == (mia, "Tea", row.query)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "Tea", "\x00"])
def test_a_bad_name_is_told_and_keeps_the_filter(mia, name):
    row = keep(mia)
    client = client_of(mia)

    for url in (KEEP, reverse("personas:filter-rename", args=[keep(mia, "B").pk])):
        client.post(url, {"page": "characters", "name": name, "query": "q=x"})
        [message] = client.get(LIST).context["messages"]
        assert message.level_tag == "error"

    assert SavedFilter.objects.get(pk=row.pk).query == "q=tea"
    assert SavedFilter.objects.count() == 2


def test_nothing_to_keep_is_told(mia):
    with pytest.raises(filters.BadFilter, match="filter first"):
        keep(mia, query="")


def test_there_is_an_end_to_them(mia, monkeypatch):
    monkeypatch.setattr(filters, "MOST", 1)
    keep(mia)

    with pytest.raises(filters.BadFilter, match="delete one"):
        keep(mia, "Other")


def test_an_unknown_page_is_not_found(mia):
    assert client_of(mia).post(KEEP, {"page": "elsewhere"}).status_code == 404


def test_query_count_is_flat(mia):
    client = client_of(mia)
    keep(mia)
    few = queries(client, LIST)
    for at in range(9):
        keep(mia, f"F{at}")

    assert queries(client, LIST) == few


def test_who_has_no_role_is_refused():
    assert client_as(None).post(KEEP, {"page": "characters"}).status_code == 403
