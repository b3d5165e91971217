"""The list of lorebooks: what it tells, making one, putting one away."""

import pytest
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Lorebook
from personas.services import lore_publishing, lorebooks
from tests.clients import client_as
from tests.factories import NOW, make_character
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}


def make(name: str = "Harbour", *texts: str, **fields) -> Lorebook:
    return lorebooks.create_book(
        sheet=BookSheet(name=name, **fields),
        entries=[EntrySheet(content=text) for text in texts],
        **WHO,
    )


def publish(book: Lorebook) -> None:
    lore_publishing.publish_book(
        book_id=book.book_id, note="First", actor=None, now=NOW
    )


def url(name: str = "list", *args: str, **query: str) -> str:
    return reverse(f"personas:lorebook-{name}", args=args, query=query or None)


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# -- The list -------------------------------------------------------------------------


def test_list_tells_how_each_lorebook_stands():
    make_character("pip", display_name="Pip", lorebooks=["harbour"])
    make("Harbour", "The lamp is lit.", "Ships sleep.")
    publish(make("Moon", "It is far.", for_everybody=True))

    text = text_of(client_as(Role.VIEWER).get(url()))

    assert (
        f'<a href="{reverse("personas:character-detail", args=["pip"])}">Pip</a>'
        in text
    )
    assert "Everybody" in text
    assert "Never published" in text
    assert '<span class="badge badge--live">Live</span>' in text
    assert '<td class="table__number" data-label="Entries">2</td>' in text


def test_list_without_lorebooks_says_how_to_begin():
    text = text_of(client_as(Role.CURATOR).get(url()))

    assert "No lorebooks yet" in text
    assert url("create") in text


def test_viewers_find_no_way_to_begin():
    assert url("create") not in text_of(client_as(Role.VIEWER).get(url()))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"q": "harb"}, ["Harbour"]),
        ({"q": "salt water"}, ["Harbour"]),
        ({"q": "nothing"}, []),
        ({"show": "changes"}, ["Harbour"]),
        ({"show": "archived"}, ["Attic"]),
        ({"show": "nonsense"}, ["Harbour", "Moon"]),
        ({"page": "nonsense"}, ["Harbour", "Moon"]),
        ({"q": "\0"}, ["Harbour", "Moon"]),
    ],
)
def test_list_is_cut_down(query, shown):
    make("Harbour", description="Salt and water")
    publish(make("Moon"))
    lorebooks.archive_book(book_id=make("Attic").book_id, is_archived=True, **WHO)

    response = client_as(Role.VIEWER).get(url(**query))

    assert [line.book.name for line in response.context["lines"]] == shown


def test_search_that_finds_nothing_offers_all():
    make()

    text = text_of(client_as(Role.VIEWER).get(url(q="xyz")))

    assert "No lorebook matches" in text


def test_list_asks_as_much_for_many_as_for_few():
    client = client_as(Role.VIEWER)
    for number in range(3):
        make(f"Book {number}", "Text")
    few = queries(client, url())
    for number in range(3, 30):
        make_character(f"c{number}", lorebooks=[make(f"Book {number}", "T").book_id])

    assert queries(client, url()) == few


def test_rows_come_alone_for_live_pages():
    make()

    response = client_as(Role.VIEWER).get(url("list-rows"))

    assert text_of(response).startswith('<section id="lorebooks"')
    assert response["X-Live-Seq"] != ""


# -- Making ---------------------------------------------------------------------------


def test_curator_makes_a_lorebook_by_its_name():
    response = client_as(Role.CURATOR).post(
        url("create"), {"name": "  The  old\nharbour "}
    )

    book = Lorebook.objects.get()
    assert response["Location"] == url("entries", book.book_id)
    assert book.name == "The old harbour"
    assert AuditEntry.objects.filter(action="lorebook.created").exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b"])
def test_name_that_is_none_is_refused(name):
    response = client_as(Role.CURATOR).post(url("create"), {"name": name})

    assert response.status_code == 422
    assert not Lorebook.objects.exists()


def test_lorebook_called_new_has_its_page():
    book = make("New")

    assert book.book_id == "new"
    assert client_as(Role.VIEWER).get(url("entries", "new")).context["book"] == book


def test_viewer_makes_none():
    response = client_as(Role.VIEWER).post(url("create"), {"name": "Mine"})

    assert response.status_code == 403
    assert not Lorebook.objects.exists()


# -- Putting away ---------------------------------------------------------------------


def test_manager_archives_and_takes_it_back():
    book = make()
    manager = client_as(Role.MANAGER)

    response = manager.post(
        url("archive", book.book_id), {"is_archived": "yes"}, follow=True
    )

    book.refresh_from_db()
    assert book.is_archived
    (message,) = response.context["messages"]
    assert manager.post(message.extra_tags).status_code == 302
    book.refresh_from_db()
    assert not book.is_archived


def test_book_in_use_is_not_archived_and_says_by_whom():
    make_character("pip", lorebooks=["harbour"])
    book = make()

    response = client_as(Role.MANAGER).post(
        url("archive", book.book_id), {"is_archived": "yes"}, follow=True
    )

    book.refresh_from_db()
    assert not book.is_archived
    assert "named by pip" in text_of(response)


def test_curator_archives_nothing():
    book = make()

    response = client_as(Role.CURATOR).post(
        url("archive", book.book_id), {"is_archived": "yes"}
    )

    assert response.status_code == 403
