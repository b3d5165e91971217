"""Lorebooks and their entries: nothing lost, everything undoable, little asked."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydantic import ValidationError

from core import limits
from core.live.changes import read_since
from core.models import AuditEntry
from core.roles import Role
from personas.domain.canonical import sheet_hash
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Character, Lorebook, LorebookVersion, LoreEntry
from personas.services import (
    drafts,
    lore_entries,
    lore_publishing,
    lore_removing,
    lorebooks,
    publishing,
)
from personas.services.announcing import STREAM
from personas.services.drafts import Archived, IdTaken
from personas.services.lore_entries import NoSuchPlace, StaleEntry
from personas.services.lorebooks import BookInUse, StaleBook, TooManyEntries
from personas.services.publishing import NothingToPublish
from personas.tokens import count_tokens
from tests.factories import NOW, make_character, make_person

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}


def make(*titles: str, **fields) -> Lorebook:
    """A book with an entry for each title, which is also its key and text."""
    return lorebooks.create_book(
        sheet=BookSheet(name=fields.pop("name", "Harbour"), **fields),
        entries=[entry(title) for title in titles],
        **WHO,
    )


def entry(title: str, **fields) -> EntrySheet:
    return EntrySheet(title=title, keys=[title], content=f"About {title}.", **fields)


def titles(book: Lorebook) -> list[str]:
    return [row.title for row in lorebooks.entries_of(book)]


def ids(book: Lorebook, *wanted: str) -> list[uuid.UUID]:
    found = {row.title: row.entry_id for row in lorebooks.entries_of(book)}
    return [found[title] for title in wanted]


def revisions(book: Lorebook, *wanted: str) -> dict[uuid.UUID, int]:
    rows = lorebooks.entries_of(book)
    return {r.entry_id: r.revision for r in rows if r.title in wanted}


def revision() -> int:
    return Lorebook.objects.get().revision


def last_audit() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


# -- Books -----------------------------------------------------------------------------


def test_a_book_is_made_whole_with_an_id_from_its_name():
    sheet = BookSheet(
        name="Häfen & Meer",
        scan_depth=3,
        extensions={"b": 1, "a": {"z": None}},
        origin={"x": [1]},
    )
    entries = [entry("Quay", depth=7, origin={"uid": 4}), entry("Gull", order=-5)]

    book = lorebooks.create_book(
        sheet=sheet, entries=entries, fingerprint="f" * 64, **WHO
    )

    stored = Lorebook.objects.get()
    assert stored.book_id == "hafen_meer"
    assert (stored.revision, stored.published, stored.is_archived) == (1, None, False)
    assert lorebooks.to_book(stored).sheet == sheet
    assert lorebooks.to_book(stored).entries == tuple(entries)
    assert lorebooks.from_same_file("f" * 64) == [book]
    assert lorebooks.from_same_file("") == []
    assert [row.tokens for row in lorebooks.entries_of(book)] == [
        count_tokens("About Quay."),
        count_tokens("About Gull."),
    ]
    assert last_audit().action == "lorebook.created"
    assert last_audit().after["entries"] == 2


def test_ids_of_books_are_never_given_twice():
    make(name="Port")
    second = make(name="Port")
    lorebooks.archive_book(book_id="port", is_archived=True, **WHO)

    third = make(name="PORT!")
    nameless = make(name="。")

    assert (second.book_id, third.book_id) == ("port_2", "port_3")
    assert nameless.book_id == "lorebook"


def test_names_that_begin_alike_and_are_long_get_ids_of_their_own():
    made = [make(name="w" * 200).book_id for _ in range(3)]

    assert made == ["w" * 64, "w" * 62 + "_2", "w" * 62 + "_3"]


def test_an_id_that_somebody_chose_and_that_is_taken_is_refused():
    make(name="Port")

    with pytest.raises(IdTaken, match="“port” is taken"):
        lorebooks.create_book(sheet=BookSheet(name="Other"), book_id="port", **WHO)

    assert Lorebook.objects.count() == 1


def test_a_free_id_that_is_taken_this_moment_makes_way(monkeypatch):
    make(name="Port")
    offered = iter(["port", "port_9"])
    monkeypatch.setattr(lorebooks, "free_id", lambda name: next(offered))

    assert make(name="Port").book_id == "port_9"


def test_more_entries_than_a_book_holds_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "LORE_ENTRIES", 2)

    with pytest.raises(TooManyEntries, match="at most 2 entries"):
        make("a", "b", "c")
    book = make("a", "b")
    with pytest.raises(TooManyEntries):
        lore_entries.add_entry(book_id=book.book_id, sheet=entry("c"), **WHO)

    assert titles(book) == ["a", "b"]


def test_saving_a_book_keeps_before_and_after():
    book = make("a", description="Old")
    person = make_person(Role.CURATOR)

    lorebooks.save_book(
        book_id=book.book_id,
        sheet=BookSheet(name="Harbour", description="New"),
        revision=1,
        actor=person,
        now=NOW,
    )

    record = last_audit()
    assert (record.actor, record.action) == (person, "lorebook.edited")
    assert record.before == {"description": "Old"}
    assert record.after == {"description": "New"}
    assert (revision(), titles(book)) == (2, ["a"])


def test_saving_the_same_changes_nothing():
    book = make("a")
    audited = AuditEntry.objects.count()

    lorebooks.save_book(book_id=book.book_id, sheet=book.to_sheet(), revision=1, **WHO)

    assert (revision(), AuditEntry.objects.count()) == (1, audited)


def test_a_book_that_somebody_changed_is_not_overwritten():
    book = make("a")
    began = sheet_hash(book.to_sheet())
    save = {"book_id": book.book_id, "revision": 1, "began_hash": began, **WHO}
    lorebooks.save_book(**save, sheet=BookSheet(name="Theirs"))

    with pytest.raises(StaleBook, match="changed meanwhile") as caught:
        lorebooks.save_book(**save, sheet=BookSheet(name="Mine"))

    assert caught.value.current.name == "Theirs"


def test_a_book_of_which_only_entries_changed_is_saved_all_the_same():
    book = make("a")
    began = sheet_hash(book.to_sheet())
    lore_entries.add_entry(book_id=book.book_id, sheet=entry("b"), **WHO)
    mine = {"sheet": BookSheet(name="Mine"), "revision": 1, **WHO}

    with pytest.raises(StaleBook):
        lorebooks.save_book(book_id=book.book_id, **mine)
    lorebooks.save_book(book_id=book.book_id, began_hash=began, **mine)

    assert (Lorebook.objects.get().name, revision()) == ("Mine", 3)


def test_changes_are_announced(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        book = make("a")
        lore_entries.add_entry(book_id=book.book_id, sheet=entry("b"), **WHO)
        lore_publishing.publish_book(book_id=book.book_id, note="N", **WHO)

    page = read_since(stream=STREAM, since=0, limit=10)
    told = [change.op for change in page.changes if change.op["kind"] == "lorebook"]
    assert [op["what"] for op in told] == ["draft", "draft", "published"]
    assert told[-1] == {
        "kind": "lorebook",
        "book_id": "harbour",
        "what": "published",
        "revision": 2,
    }


# -- Archiving -------------------------------------------------------------------------


def test_an_archived_book_cannot_be_edited_until_it_is_restored():
    book = make("a")
    lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)
    lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

    with pytest.raises(Archived):
        lore_entries.add_entry(book_id=book.book_id, sheet=entry("b"), **WHO)
    with pytest.raises(Archived):
        lore_publishing.publish_book(book_id=book.book_id, note="N", **WHO)
    lorebooks.archive_book(book_id=book.book_id, is_archived=False, **WHO)

    lore_entries.add_entry(book_id=book.book_id, sheet=entry("b"), **WHO)
    acts = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(acts) == [
        "lorebook.created",
        "lorebook.archived",
        "lorebook.restored",
        "lorebook.entry_added",
    ]


def test_a_book_that_characters_name_cannot_be_archived():
    book = make("a")
    make(name="Harbour")  # An id that begins alike.
    make_character("ada", lorebooks=["harbour"])
    make_character("bob", description='"harbour"', lorebooks=["harbour_2"])
    make_character("cid", lorebooks=["harbour"])
    publishing.publish(character_ids=["cid"], note="N", author=None, now=NOW)
    cid = make_draft_without_books("cid")

    with pytest.raises(BookInUse, match="named by ada, cid") as caught:
        lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

    assert caught.value.character_ids == ["ada", "cid"]
    assert cid.lorebooks == []
    assert not Lorebook.objects.get(book_id="harbour").is_archived


def make_draft_without_books(character_id: str):
    character = Character.objects.for_sheets().get(character_id=character_id)
    return drafts.save_character(
        character_id=character_id,
        sheet=character.to_sheet().model_copy(update={"lorebooks": []}),
        revision=character.revision,
        actor=None,
        now=NOW,
    )


def test_a_book_published_for_everybody_cannot_be_archived():
    book = make("a", for_everybody=True)
    lore_publishing.publish_book(book_id=book.book_id, note="N", **WHO)

    with pytest.raises(BookInUse, match="for everybody") as caught:
        lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

    assert caught.value.character_ids == []


# -- One entry -------------------------------------------------------------------------


def test_an_entry_is_added_at_the_end_or_after_another():
    book = make("a", "b")

    lore_entries.add_entry(book_id=book.book_id, sheet=entry("end"), **WHO)
    (first,) = ids(book, "a")
    lore_entries.add_entry(
        book_id=book.book_id, sheet=entry("second"), after=first, **WHO
    )

    assert titles(book) == ["a", "second", "b", "end"]
    assert revision() == 3


def test_an_entry_is_not_added_after_one_that_is_gone():
    book = make("a")

    with pytest.raises(NoSuchPlace):
        lore_entries.add_entry(
            book_id=book.book_id, sheet=entry("b"), after=uuid.uuid4(), **WHO
        )

    assert (titles(book), revision()) == (["a"], 1)


def test_every_field_of_an_entry_is_kept():
    book = make("a")
    full = EntrySheet.model_validate(
        {
            "title": "T",
            "keys": ["/k/i", " spaced "],
            "secondary_keys": ["s"],
            "logic": "not_all",
            "is_selective": False,
            "content": "@@depth 3\nText",
            "is_enabled": False,
            "is_constant": True,
            "case_sensitive": False,
            "whole_words": True,
            "use_regex": False,
            "scan_depth": 0,
            "probability": 12.5,
            "use_probability": False,
            "position": "at_depth",
            "depth": 9,
            "role": "assistant",
            "outlet": "o",
            "order": -3,
            "priority": 4,
            "ignore_budget": True,
            "exclude_recursion": True,
            "prevent_recursion": True,
            "delay_until_recursion": 2,
            "group": "g,h",
            "group_weight": 7,
            "group_override": True,
            "use_group_scoring": False,
            "sticky": 1,
            "cooldown": 2,
            "delay": 3,
            "character_filter": {"names": ["n"], "tags": ["t"], "is_exclude": True},
            "triggers": ["normal"],
            "automation_id": "x",
            "is_vectorized": True,
            "extensions": {"z": 1, "a": [None, {"b": 2.5}]},
            "origin": {"uid": 3},
        }
    )
    assert set(full.model_dump(exclude_defaults=True)) == set(EntrySheet.model_fields)

    added = lore_entries.add_entry(book_id=book.book_id, sheet=full, **WHO)

    found = lore_entries.find_entry(book_id=book.book_id, entry_id=added.entry_id)
    assert found.to_sheet() == full
    version = lore_publishing.publish_book(
        book_id=book.book_id, note="N", **WHO
    ).version
    assert lore_publishing.sheets_of(version)[added.entry_id] == full


def test_two_editors_of_different_entries_lose_nothing():
    book = make("a", "b")
    (a, b) = ids(book, "a", "b")

    for key, text in ((a, "New a"), (b, "New b")):
        lore_entries.save_entry(
            book_id=book.book_id,
            entry_id=key,
            sheet=entry("x", is_constant=True).model_copy(update={"content": text}),
            revision=1,
            **WHO,
        )

    rows = lorebooks.entries_of(book)
    assert [(r.content, r.revision) for r in rows] == [("New a", 2), ("New b", 2)]
    assert rows[0].tokens == 2
    assert revision() == 3


def test_an_entry_that_somebody_saved_is_not_overwritten():
    book = make("a")
    (key,) = ids(book, "a")
    save = {"book_id": book.book_id, "entry_id": key, "revision": 1, **WHO}
    lore_entries.save_entry(**save, sheet=entry("Theirs"))
    audited = AuditEntry.objects.count()

    with pytest.raises(StaleEntry, match="changed meanwhile") as caught:
        lore_entries.save_entry(**save, sheet=entry("Mine"))

    assert caught.value.current.title == "Theirs"
    assert caught.value.current.revision == 2
    assert (revision(), AuditEntry.objects.count()) == (2, audited)


def test_an_entry_that_somebody_removed_says_so():
    book = make("a")
    seen = revisions(book, "a")
    lore_removing.remove_entries(book_id=book.book_id, revisions=seen, **WHO)

    with pytest.raises(StaleEntry, match="removed this entry") as caught:
        lore_entries.save_entry(
            book_id=book.book_id,
            entry_id=next(iter(seen)),
            sheet=entry("Mine"),
            revision=1,
            **WHO,
        )

    assert caught.value.current is None


def test_saving_an_entry_audits_what_changed_and_nothing_if_nothing_did():
    book = make("a")
    (key,) = ids(book, "a")
    save = {"book_id": book.book_id, "entry_id": key, "revision": 1, **WHO}
    lore_entries.save_entry(**save, sheet=entry("a"))
    assert revision() == 1

    lore_entries.save_entry(**save, sheet=entry("a", order=7))

    assert last_audit().before == {"entries": [{"entry_id": key.hex, "order": 100}]}
    assert last_audit().after == {"entries": [{"entry_id": key.hex, "order": 7}]}


# -- Many at once ----------------------------------------------------------------------


def test_many_entries_are_changed_at_once():
    book = make("a", "b", "c")

    done = lore_entries.change_entries(
        book_id=book.book_id,
        revisions=revisions(book, "a", "c"),
        changes={"is_enabled": False, "order": 5, "position": "at_depth", "depth": 2},
        **WHO,
    )

    assert set(done.changed) == set(ids(book, "a", "c"))
    rows = {r.title: (r.to_sheet(), r.revision) for r in lorebooks.entries_of(book)}
    changed = {"is_enabled": False, "order": 5, "position": "at_depth", "depth": 2}
    assert rows["a"] == (
        EntrySheet.model_validate(entry("a").model_dump() | changed),
        2,
    )
    assert rows["b"] == (entry("b"), 1)
    assert rows["c"][1] == 2
    assert revision() == 2
    assert last_audit().action == "lorebook.entries_changed"
    assert last_audit().before["entries"][0] == {
        "entry_id": ids(book, "a")[0].hex,
        "is_enabled": True,
        "order": 100,
        "position": "before_character",
        "depth": 4,
    }


def test_a_bulk_change_leaves_what_others_changed_and_says_so():
    book = make("a", "b", "c")
    seen = revisions(book, "a", "b", "c") | {uuid.uuid4(): 1}
    a, b, c = ids(book, "a", "b", "c")
    lore_entries.save_entry(
        book_id=book.book_id, entry_id=b, sheet=entry("b2"), revision=1, **WHO
    )
    lore_removing.remove_entries(book_id=book.book_id, revisions={c: 1}, **WHO)

    done = lore_entries.change_entries(
        book_id=book.book_id, revisions=seen, changes={"is_constant": True}, **WHO
    )

    assert done.changed == (a,)
    assert set(done.left) == set(seen) - {a}
    assert [r.is_constant for r in lorebooks.entries_of(book)] == [True, False]


def test_a_bulk_change_to_what_is_there_changes_nothing():
    book = make("a", "b")

    done = lore_entries.change_entries(
        book_id=book.book_id,
        revisions=revisions(book, "a", "b"),
        changes={"is_enabled": True},
        **WHO,
    )

    assert (done.changed, done.left, revision()) == ((), (), 1)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"content": "x"}, KeyError),
        ({"nonsense": 1}, KeyError),
        ({"order": "many"}, ValidationError),
        ({"probability": 101}, ValidationError),
    ],
)
def test_a_bulk_change_that_cannot_be_is_refused(changes, error):
    book = make("a")

    with pytest.raises(error):
        lore_entries.change_entries(
            book_id=book.book_id,
            revisions=revisions(book, "a"),
            changes=changes,
            **WHO,
        )

    assert revision() == 1


@pytest.mark.parametrize(
    ("moving", "anchor", "result"),
    [
        ("d", {"after": "a"}, "adbc"),
        ("d", {"before": "a"}, "dabc"),
        ("d", {}, "dabc"),
        ("a", {"after": "d"}, "bcda"),
        ("db", {"before": "c"}, "abdc"),
        ("ca", {}, "acbd"),
        ("abc", {"after": "d"}, "dabc"),
        ("abcd", {}, "abcd"),
        ("b", {"after": "a"}, "abcd"),
    ],
)
def test_entries_are_moved(moving, anchor, result):
    book = make(*"abcd")
    there = {side: ids(book, title)[0] for side, title in anchor.items()}

    done = lore_entries.move_entries(
        book_id=book.book_id, entry_ids=ids(book, *moving), **there, **WHO
    )

    assert "".join(titles(book)) == result
    assert revision() == (1 if result == "abcd" else 2)
    assert len(done.changed) == (0 if result == "abcd" else len(moving))
    assert {r.revision for r in lorebooks.entries_of(book)} == {1}


def test_entries_can_be_moved_to_one_place_again_and_again():
    book = make(*"abc")
    (first,) = ids(book, "a")

    for turn in range(80):
        mover = "bc"[turn % 2]
        lore_entries.move_entries(
            book_id=book.book_id, entry_ids=ids(book, mover), after=first, **WHO
        )
        assert titles(book)[:2] == ["a", mover]


def test_entries_in_one_place_are_in_the_order_of_their_making_and_can_be_parted():
    book = make(*"abc")
    LoreEntry.objects.update(place=5)
    assert titles(book) == ["a", "b", "c"]

    lore_entries.move_entries(
        book_id=book.book_id,
        entry_ids=ids(book, "c"),
        after=ids(book, "a")[0],
        **WHO,
    )

    assert titles(book) == ["a", "c", "b"]


def test_entries_are_not_moved_to_one_that_is_gone_or_moves_itself():
    book = make(*"ab")
    (a,) = ids(book, "a")

    for anchor in (uuid.uuid4(), a):
        with pytest.raises(NoSuchPlace):
            lore_entries.move_entries(
                book_id=book.book_id, entry_ids=[a], after=anchor, **WHO
            )
    gone = uuid.uuid4()
    done = lore_entries.move_entries(book_id=book.book_id, entry_ids=[gone], **WHO)

    assert (done.changed, done.left, revision()) == ((), (gone,), 1)


# -- Removing --------------------------------------------------------------------------


def test_removed_entries_can_be_put_back_as_they_were():
    book = make(*"abcd")
    before = [(r.entry_id, r.place, r.to_sheet()) for r in lorebooks.entries_of(book)]

    done = lore_removing.remove_entries(
        book_id=book.book_id, revisions=revisions(book, "b", "d"), **WHO
    )
    assert titles(book) == ["a", "c"]
    found = lore_removing.removal(book_id=book.book_id, audit_id=done.audit_id)
    assert found == done.entries
    restored = lore_removing.put_back(book_id=book.book_id, entries=found, **WHO)
    again = lore_removing.put_back(book_id=book.book_id, entries=found, **WHO)

    after = [(r.entry_id, r.place, r.to_sheet()) for r in lorebooks.entries_of(book)]
    assert after == before
    assert set(restored) == set(ids(book, "b", "d"))
    assert again == ()
    assert revision() == 3


def test_what_others_changed_is_not_removed():
    book = make(*"ab")
    seen = revisions(book, "a", "b")
    a, b = ids(book, "a", "b")
    lore_entries.save_entry(
        book_id=book.book_id, entry_id=a, sheet=entry("a2"), revision=1, **WHO
    )

    done = lore_removing.remove_entries(book_id=book.book_id, revisions=seen, **WHO)
    nothing = lore_removing.remove_entries(
        book_id=book.book_id, revisions={a: 1}, **WHO
    )

    assert ([e.entry_id for e in done.entries], done.left) == ([b], (a,))
    assert (nothing.audit_id, nothing.entries, nothing.left) == (None, (), (a,))
    assert titles(book) == ["a2"]


def test_a_removal_is_found_only_in_its_own_book():
    book, other = make("a"), make("b", name="Other")
    done = lore_removing.remove_entries(
        book_id=book.book_id, revisions=revisions(book, "a"), **WHO
    )

    with pytest.raises(AuditEntry.DoesNotExist):
        lore_removing.removal(book_id=other.book_id, audit_id=done.audit_id)
    with pytest.raises(AuditEntry.DoesNotExist):
        lore_removing.removal(book_id=book.book_id, audit_id=done.audit_id - 1)


def test_entries_are_not_put_back_into_a_book_that_is_full(monkeypatch):
    book = make(*"ab")
    done = lore_removing.remove_entries(
        book_id=book.book_id, revisions=revisions(book, "a"), **WHO
    )
    monkeypatch.setattr(limits, "LORE_ENTRIES", 1)

    with pytest.raises(TooManyEntries):
        lore_removing.put_back(book_id=book.book_id, entries=done.entries, **WHO)


# -- Publishing ------------------------------------------------------------------------


def publish(book: Lorebook, **fields) -> lore_publishing.Published:
    return lore_publishing.publish_book(
        book_id=book.book_id, **{"note": "N", **WHO, **fields}
    )


def test_publishing_freezes_the_draft():
    book = make("a", "b", scan_depth=6)
    person = make_person(Role.MANAGER)

    done = publish(book, note=" First ", actor=person)

    version = LorebookVersion.objects.get()
    assert done == lore_publishing.Published(version, is_new=True)
    assert (version.number, version.note, version.author) == (1, "First", person)
    assert version.sheet == {"name": "Harbour", "scan_depth": 6}
    assert (version.entry_count, version.revision) == (2, 1)
    assert version.tokens == count_tokens("About a.") + count_tokens("About b.")
    assert list(lore_publishing.sheets_of(version).values()) == [entry("a"), entry("b")]
    assert Lorebook.objects.get().published == version
    assert (
        not Lorebook.objects.select_related("published").get().has_unpublished_changes
    )
    assert last_audit().after == {"version": 1}
    assert last_audit().note == "First"


def test_publishing_what_is_published_makes_nothing():
    book = make("a")
    first = publish(book)

    again = publish(book)

    assert again == lore_publishing.Published(first.version, is_new=False)
    assert LorebookVersion.objects.count() == 1


def test_numbers_have_no_gaps_and_a_note_is_needed():
    book = make("a")
    publish(book)
    lore_entries.add_entry(book_id=book.book_id, sheet=entry("b"), **WHO)
    with pytest.raises(NothingToPublish):
        publish(book, note="  ")
    with pytest.raises(StaleBook):
        publish(book, revision=1)

    assert publish(book, revision=2).version.number == 2


def test_rolling_back_serves_the_older_version_and_leaves_the_draft():
    book = make("a")
    first = publish(book).version
    lore_entries.add_entry(book_id=book.book_id, sheet=entry("b"), **WHO)
    publish(book)
    back = {"book_id": book.book_id, "note": "Oops", **WHO}

    lore_publishing.roll_back(number=1, **back)

    assert Lorebook.objects.get().published == first
    assert titles(book) == ["a", "b"]
    assert last_audit().before == {"version": 2}
    assert last_audit().after == {"version": 1}
    with pytest.raises(lore_publishing.AlreadyPublished):
        lore_publishing.roll_back(number=1, **back)
    with pytest.raises(LorebookVersion.DoesNotExist):
        lore_publishing.roll_back(number=9, **back)


def test_an_older_version_is_restored_into_the_draft():
    book = make(*"abcd")
    publish(book)
    kept = lorebooks.to_book(Lorebook.objects.get())
    a, b, c, d = ids(book, *"abcd")
    lore_entries.save_entry(
        book_id=book.book_id, entry_id=a, sheet=entry("A"), revision=1, **WHO
    )
    lore_removing.remove_entries(book_id=book.book_id, revisions={b: 1}, **WHO)
    lore_entries.move_entries(book_id=book.book_id, entry_ids=[d], **WHO)
    lore_entries.add_entry(book_id=book.book_id, sheet=entry("e"), **WHO)
    lorebooks.save_book(
        book_id=book.book_id, sheet=BookSheet(name="Else"), revision=5, **WHO
    )
    restore = {"book_id": book.book_id, "number": 1, **WHO}

    with pytest.raises(StaleBook):
        lore_publishing.restore_into_draft(revision=5, **restore)
    lore_publishing.restore_into_draft(revision=6, **restore)

    restored = Lorebook.objects.get()
    assert lorebooks.to_book(restored) == kept
    rows = lorebooks.entries_of(restored)
    assert [row.entry_id for row in rows] == [a, b, c, d]
    assert [row.revision for row in rows] == [3, 1, 1, 1]
    assert restored.revision == 7
    assert len(last_audit().before["entries"]) == 4
    assert restored.published.number == 1
    same = lore_publishing.restore_into_draft(revision=7, **restore)
    assert same.revision == 7


# -- How much is asked -----------------------------------------------------------------


def test_a_book_of_the_largest_size_takes_few_queries():
    entries = [entry(f"e{n}") for n in range(limits.LORE_ENTRIES)]
    # SQLite takes few values at once, so a lot has fewer rows there.
    lots = 140 if connection.vendor == "sqlite" else 2

    with CaptureQueriesContext(connection) as making:
        book = lorebooks.create_book(
            sheet=BookSheet(name="Large"), entries=entries, **WHO
        )
    seen = dict(book.entries.values_list("entry_id", "revision"))
    with CaptureQueriesContext(connection) as switching:
        lore_entries.change_entries(
            book_id=book.book_id,
            revisions=seen,
            changes={"is_enabled": False},
            **WHO,
        )
    with CaptureQueriesContext(connection) as publishing_it:
        publish(book)
    first, *_, last = book.entries.order_by("place").values_list("entry_id", flat=True)
    with CaptureQueriesContext(connection) as moving:
        lore_entries.move_entries(
            book_id=book.book_id, entry_ids=[last], before=first, **WHO
        )
    with CaptureQueriesContext(connection) as removing:
        done = lore_removing.remove_entries(
            book_id=book.book_id, revisions=dict.fromkeys(seen, 2), **WHO
        )

    assert len(making) <= lots + 12
    for asked in (switching, publishing_it, moving, removing):
        assert len(asked) <= 16
    assert len(done.entries) == limits.LORE_ENTRIES
