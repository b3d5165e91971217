"""The table of a lorebook's entries: windows, choices, acts and taking them back."""

import re
import uuid

import pytest
from django.urls import reverse

from core import limits
from core.models import User
from core.roles import Role
from personas.domain.lore.sheets import BookSheet, EntrySheet, Position
from personas.models import Lorebook, LoreEntry, LoreFiring
from personas.services import lore_entries, lore_undoing, lorebooks
from personas.services.lore_undoing import NothingToUndo
from personas.services.lorebooks import STEP
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}
JSON = {"headers": {"accept": "application/json"}}


@pytest.fixture
def cora() -> User:
    return make_person(Role.CURATOR, username="cora")


@pytest.fixture
def curator(cora):
    return client_of(cora)


def make(*titles: str, **fields) -> Lorebook:
    """A book with an entry for each title, which is also its key and text."""
    return lorebooks.create_book(
        sheet=BookSheet(name="Harbour"),
        entries=[
            EntrySheet(title=t, keys=[t], content=f"About {t}.", **fields)
            for t in titles
        ],
        **WHO,
    )


def make_many(count: int) -> Lorebook:
    book = make()
    LoreEntry.objects.bulk_create(
        LoreEntry(
            lorebook=book,
            place=number * STEP,
            title=f"Entry {number}",
            keys=[f"key {number}", "/sea(?=gull)/"],
            content="A text.",
            tokens=3,
            updated_at=NOW,
        )
        for number in range(1, count + 1)
    )
    return book


def entry_of(book: Lorebook, title: str) -> LoreEntry:
    return book.entries.get(title=title)


def mark(book: Lorebook, title: str) -> str:
    entry = entry_of(book, title)
    return f"{entry.entry_id.hex}:{entry.revision}"


def titles(book: Lorebook, **filters) -> list[str]:
    rows = book.entries.filter(**filters).order_by("place", "pk")
    return list(rows.values_list("title", flat=True))


def url(name: str, *args, **query) -> str:
    return reverse(f"personas:lorebook-{name}", args=args, query=query or None)


def table(book: Lorebook, **query) -> str:
    return url("entries", book.book_id, **query)


def rows_url(book: Lorebook, **query) -> str:
    return url("entries-rows", book.book_id, **query)


def act(client, book: Lorebook, **data):
    return client.post(url("entries-act", book.book_id), data, **JSON)


def shown(response) -> list[str]:
    return [row.entry.title for row in response.context["rows"]]


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# -- The table ------------------------------------------------------------------------


def test_table_tells_of_each_entry_and_of_all():
    book = make("Lamp", is_constant=True, position=Position.AT_DEPTH, depth=7)
    entry = entry_of(book, "Lamp")
    LoreFiring.objects.create(entry_id=entry.entry_id, fired_at=NOW, count=3)

    text = text_of(client_as(Role.VIEWER).get(table(book)))

    for words in ("Lamp", "Always", "At depth 7", '<time datetime="2'):
        assert words in text
    totals = re.sub("<[^>]+>", "", text)
    assert f"1 entry · 1 on · {entry.tokens} tokens in all" in totals


def test_viewers_find_nothing_to_change():
    text = text_of(client_as(Role.VIEWER).get(table(make("Lamp"))))

    assert "data-may-edit" not in text
    assert "data-pick" not in text
    assert reverse("personas:lore-entry-create", args=["harbour"]) not in text


def test_archived_book_is_for_reading(curator):
    book = make("Lamp")
    lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

    text = text_of(curator.get(table(book)))

    assert "Archived" in text
    assert "data-may-edit" not in text


def test_book_without_entries_says_how_to_begin(curator):
    text = text_of(curator.get(table(make())))

    assert "Add the first entry" in text


def test_unknown_book_is_not_there():
    assert client_as(Role.VIEWER).get(url("entries", "nobody")).status_code == 404


def test_markup_in_titles_and_keys_is_text():
    book = make("<b>Lamp</b>")

    text = text_of(client_as(Role.VIEWER).get(table(book)))

    assert "<b>Lamp" not in text
    assert "&lt;b&gt;Lamp" in text


# -- Finding --------------------------------------------------------------------------


@pytest.fixture
def varied() -> Lorebook:
    book = make("Lamp", "Ship", "Маяк")
    sheets = [
        EntrySheet(title="Off", is_enabled=False, content="Nothing", order=5),
        EntrySheet(title="Always", is_constant=True, content="Ever " * 50, order=900),
        EntrySheet(title="Bad", keys=["/sea(?=gull)/"]),
        EntrySheet(title="Late", keys=["x"], secondary_keys=[r"/(a)\1/"]),
        EntrySheet(title="Quoted", keys=['a "quay"', r"/\bpier\b/"]),
    ]
    for sheet in sheets:
        lore_entries.add_entry(book_id=book.book_id, sheet=sheet, **WHO)
    LoreFiring.objects.create(
        entry_id=entry_of(book, "Ship").entry_id, fired_at=NOW, count=1
    )
    book.refresh_from_db()
    return book


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "lamp"}, ["Lamp"]),
        ({"q": "ABOUT ship"}, ["Ship"]),
        ({"q": "маяк"}, ["Маяк"]),
        ({"q": "МАЯК"}, ["Маяк"]),
        ({"q": '"quay"'}, ["Quoted"]),
        ({"q": r"\bpier"}, ["Quoted"]),
        ({"q": "%"}, []),
        ({"q": "\0lamp"}, ["Lamp"]),
        ({"show": "off"}, ["Off"]),
        ({"show": "always"}, ["Always"]),
        ({"show": "patterns"}, ["Bad", "Late"]),
        ({"show": "always", "q": "ever"}, ["Always"]),
        ({"sort": "order", "show": "always"}, ["Always"]),
    ],
)
def test_entries_are_found(varied, query, expected):
    response = client_as(Role.VIEWER).get(rows_url(varied, **query))

    assert shown(response) == expected
    assert response.context["total"] == len(expected)


def test_never_fired_and_on_leave_out_the_others(varied):
    client = client_as(Role.VIEWER)

    assert "Ship" not in shown(client.get(rows_url(varied, show="never")))
    assert "Off" not in shown(client.get(rows_url(varied, show="on")))


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("", "Lamp"),
        ("order", "Always"),
        ("-order", "Off"),
        ("tokens", "Always"),
        ("-tokens", "Bad"),
        ("fired", "Ship"),
        ("-fired", "Lamp"),
        ("nonsense", "Lamp"),
    ],
)
def test_entries_are_ordered(varied, sort, first):
    response = client_as(Role.VIEWER).get(rows_url(varied, sort=sort))

    assert shown(response)[0] == first


def test_longest_not_fired_stands_before_what_fired(varied):
    response = client_as(Role.VIEWER).get(rows_url(varied, sort="-fired"))

    assert shown(response)[-1] == "Ship"


def test_pattern_that_became_usable_is_not_found_any_more(varied):
    client = client_as(Role.VIEWER)
    assert "Bad" in shown(client.get(rows_url(varied, show="patterns")))
    entry = entry_of(varied, "Bad")

    lore_entries.save_entry(
        book_id=varied.book_id,
        entry_id=entry.entry_id,
        sheet=EntrySheet(title="Bad", keys=["/seagull/"]),
        revision=entry.revision,
        **WHO,
    )

    assert shown(client.get(rows_url(varied, show="patterns"))) == ["Late"]


# -- Windows --------------------------------------------------------------------------


def test_windows_of_ten_thousand_rows_ask_as_much_as_of_one():
    client = client_as(Role.CURATOR)
    few, many = make_many(1), make_many(limits.LORE_ENTRIES)

    for address in (table, rows_url):
        expected = queries(client, address(few))
        assert queries(client, address(many)) == expected
    response = client.get(rows_url(many, at="9950"))
    assert response.context["at"] == 9900
    assert shown(response)[0] == "Entry 9901"
    assert len(shown(response)) == 100
    assert response.context["total"] == limits.LORE_ENTRIES
    # Rows are short, whatever the texts are.
    assert len(response.content) < 500_000


def test_pages_without_scripts():
    response = client_as(Role.VIEWER).get(table(make_many(250), page="3"))

    assert shown(response) == [f"Entry {n}" for n in range(201, 251)]
    assert "Page 3 of 3" in text_of(response)
    assert 'aria-rowindex="202"' in text_of(response)


@pytest.mark.parametrize(
    "at", ["", "-5", "1e9", "nonsense", "9" * 40, "١", "999999999"]
)
def test_places_that_are_none_do_no_harm(at):
    assert client_as(Role.VIEWER).get(rows_url(make("Lamp"), at=at)).status_code == 200


def test_window_around_an_entry():
    book = make_many(250)
    wanted = entry_of(book, "Entry 131").entry_id.hex

    response = client_as(Role.VIEWER).get(rows_url(book, around=wanted))

    assert response.context["at"] == 100
    assert response.context["found"] == 130


@pytest.mark.parametrize("around", ["nonsense", uuid.UUID(int=1).hex, "é" * 32])
def test_window_around_nothing_is_that_of_the_place(around):
    book = make_many(150)

    response = client_as(Role.VIEWER).get(rows_url(book, around=around, at="120"))

    assert response.context["found"] is None
    assert response.context["at"] == 100


def test_ids_of_all_that_match_in_order():
    book = make("Lamp", "Ship", "Lamplight")

    response = client_as(Role.VIEWER).get(url("entries-ids", book.book_id, q="lamp"))

    assert response.json() == {
        "ids": [[entry_of(book, t).entry_id.hex, 1] for t in ("Lamp", "Lamplight")]
    }


# -- Acts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "column", "value"),
    [
        ({"act": "off"}, "is_enabled", False),
        ({"act": "always"}, "is_constant", True),
        ({"act": "order", "value": "-7"}, "order", -7),
    ],
)
def test_many_are_changed_and_taken_back(curator, data, column, value):
    book = make("Lamp", "Ship", "Pier")
    marks = [mark(book, "Lamp"), mark(book, "Pier")]

    told = act(curator, book, ids=marks, **data).json()

    assert titles(book, **{column: value}) == ["Lamp", "Pier"]
    assert told["text"].startswith("2 entries")
    undone = curator.post(told["undo"], **JSON).json()
    assert undone["text"] == "Undone: 2 entries as before."
    assert titles(book, **{column: value}) == []


@pytest.mark.parametrize(("value", "depth"), [("12", 12), ("0", 0), ("", None)])
def test_depth_of_looking_is_set_for_many(curator, value, depth):
    book = make("Lamp", scan_depth=3)

    told = act(
        curator, book, act="scan_depth", value=value, ids=[mark(book, "Lamp")]
    ).json()

    assert entry_of(book, "Lamp").to_sheet().scan_depth == depth
    curator.post(told["undo"], **JSON)
    assert entry_of(book, "Lamp").to_sheet().scan_depth == 3


def test_one_is_switched_by_its_button(curator):
    book = make("Lamp", "Ship")

    response = act(curator, book, one=f"off:{mark(book, 'Ship')}")

    assert response.json()["text"] == "1 entry switched off."
    assert titles(book, is_enabled=False) == ["Ship"]


def test_on_keyed_and_nothing_to_change(curator):
    book = make("Lamp", is_constant=True, is_enabled=False)

    act(curator, book, act="on", ids=[mark(book, "Lamp")])
    act(curator, book, act="keyed", ids=[mark(book, "Lamp")])
    told = act(curator, book, act="on", ids=[mark(book, "Lamp")]).json()

    entry = entry_of(book, "Lamp")
    assert (entry.is_enabled, entry.is_constant) == (True, False)
    assert told == {"text": "Nothing was changed.", "kind": "info", "undo": ""}


def test_what_others_changed_meanwhile_is_left_and_said(curator):
    book = make("Lamp", "Ship")
    seen = [mark(book, "Lamp"), mark(book, "Ship")]
    act(curator, book, act="always", ids=[mark(book, "Ship")])

    told = act(curator, book, act="off", ids=seen).json()

    assert titles(book, is_enabled=False) == ["Lamp"]
    assert told["kind"] == "warning"
    assert "1 entry left as it is" in told["text"]


def test_all_that_match_are_meant_without_scripts(curator):
    book = make("Lamp", "Lamplight", "Ship")

    response = curator.post(
        url("entries-act", book.book_id),
        {"act": "off", "all": "yes", "q": "lamp", "page": "1"},
        follow=True,
    )

    assert titles(book, is_enabled=False) == ["Lamp", "Lamplight"]
    assert response.redirect_chain[0][0] == table(book, q="lamp", page=1)
    (message,) = response.context["messages"]
    curator.post(message.extra_tags)
    assert titles(book, is_enabled=False) == []


def test_removed_entries_come_back_where_they_stood(curator):
    book = make("Lamp", "Ship", "Pier")
    marks = [mark(book, "Lamp"), mark(book, "Ship")]

    told = act(curator, book, act="remove", ids=marks).json()

    assert titles(book) == ["Pier"]
    curator.post(told["undo"], **JSON)
    assert titles(book) == ["Lamp", "Ship", "Pier"]


@pytest.mark.parametrize(
    ("data", "order"),
    [
        ({"before": "Lamp"}, ["Pier", "Lamp", "Ship"]),
        ({"after": "Lamp"}, ["Lamp", "Pier", "Ship"]),
    ],
)
def test_entry_is_moved_beside_another_and_back(curator, data, order):
    book = make("Lamp", "Ship", "Pier")
    beside = {k: entry_of(book, v).entry_id.hex for k, v in data.items()}

    told = act(curator, book, act="move", ids=[mark(book, "Pier")], **beside).json()

    assert titles(book) == order
    assert told["text"] == "1 entry moved."
    curator.post(told["undo"], **JSON)
    assert titles(book) == ["Lamp", "Ship", "Pier"]


@pytest.mark.parametrize(
    ("place", "order"),
    [
        ("1", ["Pier", "Lamp", "Ship"]),
        ("2", ["Lamp", "Pier", "Ship"]),
        ("3", ["Lamp", "Ship", "Pier"]),
        ("9999", ["Lamp", "Ship", "Pier"]),
    ],
)
def test_entry_is_moved_to_a_place(curator, place, order):
    book = make("Lamp", "Pier", "Ship")

    act(curator, book, act="move", value=place, ids=[mark(book, "Pier")])

    assert titles(book) == order


def test_move_that_gave_all_new_places_is_taken_back(curator):
    book = make("Lamp", "Ship", "Pier", "Quay")
    # No room between the two.
    book.entries.filter(title="Ship").update(place=STEP + 1)

    told = act(
        curator,
        book,
        act="move",
        ids=[mark(book, "Quay")],
        after=entry_of(book, "Lamp").entry_id.hex,
    ).json()

    assert titles(book) == ["Lamp", "Quay", "Ship", "Pier"]
    assert told["text"] == "1 entry moved."
    curator.post(told["undo"], **JSON)
    assert titles(book) == ["Lamp", "Ship", "Pier", "Quay"]


def test_move_beside_what_is_gone_says_so(curator):
    book = make("Lamp", "Ship")

    response = act(
        curator,
        book,
        act="move",
        ids=[mark(book, "Lamp")],
        after=uuid.UUID(int=1).hex,
    )

    assert response.status_code == 422
    assert "not there any more" in response.json()["text"]


def test_all_entries_moved_to_a_place_stay(curator):
    book = make("Lamp", "Ship")
    marks = [mark(book, "Lamp"), mark(book, "Ship")]

    told = act(curator, book, act="move", value="2", ids=marks).json()

    assert told["text"] == "Nothing was changed."


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"act": "off"},
        {"act": "off", "ids": ["nonsense"]},
        {"act": "off", "ids": [f"{uuid.UUID(int=1).hex}:x"]},
        {"act": "off", "ids": [f"{uuid.UUID(int=1).hex}:{'9' * 30}"]},
        {"act": "nonsense", "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"act": "order", "value": "", "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"act": "order", "value": "1.5", "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"act": "order", "value": "9" * 30, "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"act": "order", "value": "--1", "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"act": "scan_depth", "value": "-1", "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"act": "move", "value": "0", "ids": [f"{uuid.UUID(int=1).hex}:1"]},
        {"one": "off:nonsense"},
        {"one": f"nonsense:{uuid.UUID(int=1).hex}:1"},
        {"act": "off", "all": "yes", "q": "matches nothing"},
    ],
)
def test_acts_that_cannot_be_are_refused_in_words(curator, data):
    book = make("Lamp")

    response = act(curator, book, **data)

    assert response.status_code == 422
    assert response.json()["kind"] == "error"
    assert titles(book, is_enabled=True) == ["Lamp"]


def test_refused_act_without_scripts_says_why(curator):
    book = make("Lamp")

    response = curator.post(
        url("entries-act", book.book_id), {"act": "off"}, follow=True
    )

    (message,) = response.context["messages"]
    assert str(message) == "Choose at least one entry first."


def test_archived_book_is_not_changed(curator):
    book = make("Lamp")
    told = act(curator, book, act="always", ids=[mark(book, "Lamp")]).json()
    lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

    response = act(curator, book, act="off", ids=[mark(book, "Lamp")])
    undone = curator.post(told["undo"], **JSON)

    assert response.status_code == undone.status_code == 422
    assert "archived" in response.json()["text"]
    assert titles(book, is_enabled=True, is_constant=True) == ["Lamp"]


def test_viewer_changes_nothing():
    book = make("Lamp")
    viewer = client_as(Role.VIEWER)

    assert act(viewer, book, act="off", ids=[mark(book, "Lamp")]).status_code == 403
    assert viewer.post(url("entries-undo", book.book_id, 1)).status_code == 403
    assert titles(book, is_enabled=True) == ["Lamp"]


# -- Taking back ----------------------------------------------------------------------


def test_undo_leaves_what_others_changed_since(curator):
    book = make("Lamp", "Ship")
    marks = [mark(book, "Lamp"), mark(book, "Ship")]
    told = act(curator, book, act="order", value="5", ids=marks).json()
    act(curator, book, act="order", value="6", ids=[mark(book, "Ship")])

    undone = curator.post(told["undo"], **JSON).json()

    assert entry_of(book, "Lamp").order == 100
    assert entry_of(book, "Ship").order == 6
    assert "1 entry left as it is" in undone["text"]


@pytest.mark.parametrize("data", [{"act": "off"}, {"act": "move", "value": "2"}])
def test_undoing_twice_changes_nothing(curator, data):
    book = make("Lamp", "Ship")
    told = act(curator, book, ids=[mark(book, "Lamp")], **data).json()
    curator.post(told["undo"], **JSON)

    again = curator.post(told["undo"], **JSON).json()

    assert again["text"] == "Nothing was left to undo."
    assert titles(book, is_enabled=True) == ["Lamp", "Ship"]


def test_undo_raises_revisions_so_that_nobody_saves_over_it(curator):
    book = make("Lamp")
    told = act(curator, book, act="off", ids=[mark(book, "Lamp")]).json()

    curator.post(told["undo"], **JSON)

    assert entry_of(book, "Lamp").revision == 3


def test_undo_of_another_book_or_of_nothing_is_refused(curator):
    book = make("Lamp")
    told = act(curator, book, act="off", ids=[mark(book, "Lamp")]).json()
    other = make("Ship")
    number = told["undo"].rstrip("/").rpartition("/")[2]

    for wrong in (number, "999999999"):
        response = curator.post(url("entries-undo", other.book_id, wrong), **JSON)
        assert response.status_code == 422
    with pytest.raises(NothingToUndo):
        lore_undoing.undo(book_id=other.book_id, audit_id=int(number), **WHO)
    assert titles(book, is_enabled=False) == ["Lamp"]


def test_ten_thousand_are_switched_off_and_on_again(curator):
    book = make_many(limits.LORE_ENTRIES)
    pairs = book.entries.values_list("entry_id", "revision")
    marks = [f"{key.hex}:{revision}" for key, revision in pairs]

    told = act(curator, book, act="off", ids=marks).json()

    assert told["text"] == "10,000 entries switched off."
    assert not book.entries.filter(is_enabled=True).exists()
    curator.post(told["undo"], **JSON)
    assert not book.entries.filter(is_enabled=False).exists()
