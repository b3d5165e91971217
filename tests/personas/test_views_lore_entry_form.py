"""The form of one entry: every field, two people at once, checks while writing."""

import uuid

import pytest
from django.urls import reverse

from core import limits
from core.models import User
from core.roles import Role
from personas.domain.lore.sheets import (
    BookSheet,
    ChatRole,
    EntrySheet,
    Logic,
    Position,
)
from personas.forms.lorebooks import ENTRY_PARTS, LOGICS, POSITIONS, ROLES, EntryForm
from personas.models import Lorebook, LoreEntry
from personas.services import lore_entries, lore_removing, lorebooks
from tests.clients import client_as, client_of
from tests.core.form_browser import submitted
from tests.factories import NOW, make_person
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}
SCRIPT = {"headers": {"hx-request": "true"}}


@pytest.fixture
def cora() -> User:
    return make_person(Role.CURATOR, username="cora")


@pytest.fixture
def curator(cora):
    return client_of(cora)


def make(*sheets: EntrySheet) -> Lorebook:
    return lorebooks.create_book(
        sheet=BookSheet(name="Harbour"), entries=list(sheets), **WHO
    )


@pytest.fixture
def book() -> Lorebook:
    return make(*(EntrySheet(title=t, keys=[t]) for t in ("Lamp", "Ship", "Pier")))


def entry_of(book: Lorebook, title: str = "Lamp") -> LoreEntry:
    return book.entries.get(title=title)


def url(book: Lorebook, title: str = "Lamp", **query) -> str:
    arguments = [book.book_id, entry_of(book, title).entry_id]
    return reverse("personas:lore-entry", args=arguments, query=query or None)


def new_url(book: Lorebook, **query) -> str:
    return reverse(
        "personas:lore-entry-create", args=[book.book_id], query=query or None
    )


def posted(client, address: str, **changes) -> dict:
    """What a browser without scripts sends for the form at an address."""
    return sent(client.get(address, **SCRIPT)) | changes


def sent(response) -> dict:
    """The same for the form that was answered, which is all of the answer."""
    return dict(submitted(response.content.decode()).lists())


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# -- Every field ----------------------------------------------------------------------


def test_form_has_every_field_but_how_the_entry_came():
    names = [name for part in ENTRY_PARTS for name in part.names]

    assert len(names) == len(set(names))
    assert {*names, "origin"} == set(EntrySheet.model_fields)


def test_choices_have_words_for_every_value():
    assert set(LOGICS) == set(Logic)
    assert set(POSITIONS) == set(Position)
    assert set(ROLES) == set(ChatRole)


FULL = EntrySheet(
    title="Lamp\nof two lines",
    keys=[" lamp", "/a{1,2}, b/i", "two\nlines"],
    secondary_keys=["night", "a,b"],
    logic=Logic.NOT_ALL,
    is_selective=False,
    content="@@depth 3\r\nIt is lit.  \n",
    is_enabled=False,
    is_constant=True,
    case_sensitive=True,
    whole_words=False,
    use_regex=True,
    scan_depth=0,
    probability=12.5,
    use_probability=False,
    position=Position.OUTLET,
    depth=0,
    role=ChatRole.ASSISTANT,
    outlet="Shore",
    order=-3,
    priority=0,
    ignore_budget=True,
    exclude_recursion=True,
    prevent_recursion=True,
    delay_until_recursion=2,
    group="a, b",
    group_weight=7,
    group_override=True,
    use_group_scoring=False,
    sticky=1,
    cooldown=2,
    delay=3,
    character_filter={"names": ["Pip"], "tags": ["sea"], "is_exclude": True},
    triggers=["normal"],
    automation_id="x",
    is_vectorized=True,
    extensions={"other": {"n": 1.0}},
    origin={"uid": 7, "displayIndex": 3},
)


def test_saving_what_nobody_touched_changes_nothing(curator):
    book = make(FULL)
    entry = book.entries.get()
    address = reverse("personas:lore-entry", args=[book.book_id, entry.entry_id])

    response = curator.post(address, posted(curator, address), follow=True)

    entry.refresh_from_db()
    assert entry.to_sheet() == FULL
    assert entry.revision == 1
    assert "Nothing was changed." in text_of(response)


def test_changed_field_is_saved_and_the_others_stay(curator):
    book = make(FULL)
    entry = book.entries.get()
    address = reverse("personas:lore-entry", args=[book.book_id, entry.entry_id])

    response = curator.post(address, posted(curator, address, order="8"), follow=True)

    entry.refresh_from_db()
    assert entry.to_sheet() == FULL.model_copy(update={"order": 8})
    assert "is saved" in text_of(response)


def test_parts_that_are_as_usual_begin_folded():
    assert EntryForm(book_id="x", current=None).folded == {
        "when",
        "where",
        "limits",
        "kept",
    }


def test_part_that_says_something_begins_open(curator):
    book = make(EntrySheet(title="Lamp", sticky=2))

    folded = curator.get(url(book)).context["folded"]

    assert "kept" not in folded
    assert "when" in folded


def test_fields_that_nobody_obeys_are_said_to_be_so(curator, book):
    assert "Nothing here obeys them" in text_of(curator.get(url(book)))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("order", "much", "whole number"),
        ("probability", "101", "between 0 and 100"),
        ("position", "nowhere", "not one of the available choices"),
        ("content", "x" * (limits.LORE_ENTRY_BYTES + 1), "Shorten this text to 64 KiB"),
        ("keys", "k" * 2_001, "2,000"),
        ("content", "a\0b", "NUL"),
    ],
)
def test_bad_values_are_named_and_kept(curator, book, name, value, words):
    data = posted(curator, url(book), **{name: value, "title": "Mine"})

    response = curator.post(url(book), data)

    assert response.status_code == 422
    assert words.casefold() in text_of(response).casefold()
    assert "Mine" in text_of(response)
    assert entry_of(book).revision == 1


# -- Where one goes -------------------------------------------------------------------


def test_saving_leads_back_to_the_list_as_it_was(curator, book):
    address = url(book, q="a", sort="order")

    response = curator.post(address, posted(curator, address, title="Light"))

    assert response["Location"] == reverse(
        "personas:lorebook-entries", args=["harbour"], query={"q": "a", "sort": "order"}
    )


def test_save_and_next_opens_the_next_of_the_search(curator):
    book = make(*(EntrySheet(title=t) for t in ("Lamp", "Ship", "Lamplight")))
    address = url(book, q="lamp")

    response = curator.post(address, posted(curator, address, title="Other", _next="1"))

    assert response["Location"] == url(book, "Lamplight", q="lamp")


def test_save_and_next_of_the_last_says_so(curator, book):
    address = url(book, "Pier")
    data = posted(curator, address, title="End", _next="1")

    response = curator.post(address, data, follow=True)

    assert "It was the last of the list." in text_of(response)


def test_neighbours_are_linked(curator, book):
    text = text_of(curator.get(url(book, "Ship")))

    assert url(book, "Lamp") in text
    assert url(book, "Pier") in text
    assert "2 of 3" in text


def test_script_gets_the_form_alone_and_is_told_in_json(curator, book):
    text = text_of(curator.get(url(book), **SCRIPT))
    assert "<html" not in text

    response = curator.post(
        url(book), posted(curator, url(book), order="3", _next="1"), **SCRIPT
    )

    assert response.json() == {
        "text": "“Lamp” is saved. Bots see it once the lorebook is published.",
        "entry_id": entry_of(book).entry_id.hex,
        "next": url(book, "Ship"),
    }


# -- New ones -------------------------------------------------------------------------


def test_new_entry_stands_at_the_end(curator, book):
    data = posted(curator, new_url(book), title="Quay", keys="quay\nwharf")

    curator.post(new_url(book), data)

    last = book.entries.order_by("place").last()
    assert (last.title, last.keys) == ("Quay", ["quay", "wharf"])
    assert last.to_sheet().position == Position.BEFORE_CHARACTER


def test_new_entry_stands_after_another(curator, book):
    address = new_url(book, after=entry_of(book).entry_id.hex)

    curator.post(address, posted(curator, address, title="Quay"))

    rows = book.entries.order_by("place")
    assert list(rows.values_list("title", flat=True)) == [
        "Lamp",
        "Quay",
        "Ship",
        "Pier",
    ]


def test_new_entry_after_one_that_is_gone_keeps_what_was_written(curator, book):
    address = new_url(book, after=uuid.UUID(int=1).hex)

    response = curator.post(address, posted(curator, address, title="Quay"))

    assert response.status_code == 422
    assert "Quay" in text_of(response)
    assert book.entries.count() == 3


def test_full_book_takes_no_more_and_says_so(curator, book, monkeypatch):
    monkeypatch.setattr(limits, "LORE_ENTRIES", 3)

    response = curator.post(new_url(book), posted(curator, new_url(book), title="Q"))

    assert response.status_code == 422
    assert "at most 3 entries" in text_of(response)


# -- Two at once ----------------------------------------------------------------------


def test_stale_save_shows_both_and_loses_nothing(curator, book):
    data = posted(curator, url(book), content="Mine.", order="5")
    entry = entry_of(book)
    lore_entries.save_entry(
        book_id=book.book_id,
        entry_id=entry.entry_id,
        sheet=EntrySheet(title="Lamp", keys=["Lamp"], content="Theirs.", depth=9),
        revision=1,
        **WHO,
    )

    response = curator.post(url(book), data, **SCRIPT)

    assert response.status_code == 412
    found = {
        c.name: (c.mine, c.theirs, c.choice) for c in response.context["conflicts"]
    }
    assert found == {
        "content": ("Mine.", "Theirs.", "mine"),
        "depth": ("4", "9", "theirs"),
        "order": ("5", "100", "mine"),
    }
    assert curator.post(url(book), sent(response)).status_code == 302
    sheet = entry_of(book).to_sheet()
    assert (sheet.content, sheet.depth, sheet.order) == ("Mine.", 9, 5)


def test_entry_removed_meanwhile_is_offered_as_a_new_one(curator, book):
    address = url(book)
    data = posted(curator, address, content="Mine.")
    lore_removing.remove_entries(
        book_id=book.book_id, revisions={entry_of(book).entry_id: 1}, **WHO
    )

    response = curator.post(address, data, **SCRIPT)

    assert response.status_code == 412
    assert "Somebody removed this entry" in text_of(response)
    curator.post(new_url(book), sent(response))
    assert entry_of(book).content == "Mine."


def test_save_without_a_revision_is_stale(curator, book):
    data = posted(curator, url(book), revision="", content="Mine.")

    assert curator.post(url(book), data).status_code == 412


# -- Roles ----------------------------------------------------------------------------


def test_viewer_reads_and_does_not_save(curator, book):
    viewer = client_as(Role.VIEWER)
    text = text_of(viewer.get(url(book)))

    assert "Curators edit" in text
    assert "Save and next" not in text
    data = posted(curator, url(book), title="Mine")
    assert viewer.post(url(book), data).status_code == 403
    assert viewer.get(new_url(book)).status_code == 403
    assert viewer.post(new_url(book), {"title": "Mine"}).status_code == 403
    assert entry_of(book).revision == 1


def test_archived_book_is_read_only(curator, book):
    data = posted(curator, url(book), title="Mine")
    lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

    assert "Restore it to edit" in text_of(curator.get(url(book)))
    response = curator.post(url(book), data)
    assert response.status_code == 422
    assert "Mine" in text_of(response)


def test_entry_that_is_not_there(curator, book):
    other = make(EntrySheet(title="Elsewhere"))
    for entry_id in (uuid.UUID(int=1), other.entries.get().entry_id):
        address = reverse("personas:lore-entry", args=[book.book_id, entry_id])
        assert curator.get(address).status_code == 404


def test_form_asks_as_much_among_many(curator, book):
    few = queries(curator, url(book))
    for number in range(30):
        sheet = EntrySheet(title=f"More {number}")
        lore_entries.add_entry(book_id=book.book_id, sheet=sheet, **WHO)

    assert queries(curator, url(book)) == few


# -- Checking -------------------------------------------------------------------------


def check(client, book: Lorebook, **data):
    address = reverse("personas:lore-entry-check", args=[book.book_id])
    return client.post(address, data)


def test_check_names_keys_that_can_never_match(curator, book):
    response = check(curator, book, keys="lamp\n/sea(?=gull)/", secondary_keys="/(/")

    text = text_of(response)
    assert 'data-bad-key="keys" data-bad-at="1"' in text
    assert "cannot look ahead or behind" in text
    assert 'data-bad-key="secondary_keys" data-bad-at="0"' in text
    assert "<html" not in text


def test_check_takes_keys_as_the_form_says(curator, book):
    plain = check(curator, book, keys="(lamp")
    pattern = check(curator, book, keys="(lamp", use_regex="true")

    assert plain.context["bad_keys"] == []
    assert [key.text for key in pattern.context["bad_keys"]] == ["(lamp"]


def test_check_counts_tokens_and_reads_decorators(curator, book):
    head = (
        "@@activate\n@@position after_desc\n@@depth 4\n@@role user\n@@scan_depth 3\n"
        "@@additional_keys moon, sun\n@@exclude_keys rain\n@@unknown 1\n"
    )

    response = check(curator, book, content=f"{head}It is lit.")

    assert response.context["decorators"] == [
        "Enters always, whether or not a key is seen.",
        "Place: after the character.",
        "At a depth of 4 messages before the end.",
        "As whose message: the user’s.",
        "Looks through 3 messages.",
        "Further keys: moon, sun.",
        "Not when one of these is seen: rain.",
    ]
    assert "<code>@@unknown</code> is kept and not obeyed" in text_of(response)
    assert response.context["text_tokens"] < response.context["tokens"]


def test_check_of_what_never_enters(curator, book):
    response = check(curator, book, content="@@dont_activate\nText")

    assert response.context["decorators"] == ["Never enters."]


def test_check_lists_some_of_many_keys(curator, book):
    keys = ", ".join(f"k{n}" for n in range(30))

    response = check(curator, book, content=f"@@additional_keys {keys}\nText")

    assert response.context["decorators"][0].endswith("k19 and 10 more.")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"content": "x" * (limits.LORE_ENTRY_BYTES + 1)},
        {"keys": "/" + "(" * 1_900 + "/"},
        {"keys": "\0", "content": "\0"},
        {"use_regex": "nonsense", "keys": "["},
    ],
)
def test_check_of_anything_answers(curator, book, data):
    assert check(curator, book, **data).status_code == 200
