"""Many editors of one lorebook at once, on real connections: nothing lost, no gap."""

import uuid
from typing import Any

import pytest

from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Lorebook, LorebookVersion, LoreEntry
from personas.services import lore_entries, lore_publishing, lore_removing, lorebooks
from personas.services.lore_entries import StaleEntry
from personas.services.lore_publishing import Published
from tests.factories import NOW
from tests.personas.test_concurrency import THREADS, at_once

pytestmark = pytest.mark.django_db(transaction=True)

WHO: dict[str, Any] = {"actor": None, "now": NOW}


@pytest.fixture
def ids() -> list[uuid.UUID]:
    """The ids of a book's entries, one for each thread."""
    book = lorebooks.create_book(
        sheet=BookSheet(name="Book"),
        entries=[EntrySheet(title=str(n)) for n in range(THREADS)],
        **WHO,
    )
    return [entry.entry_id for entry in lorebooks.entries_of(book)]


def save(entry_id: uuid.UUID, text: str, revision: int) -> LoreEntry:
    return lore_entries.save_entry(
        book_id="book",
        entry_id=entry_id,
        sheet=EntrySheet(title=text),
        revision=revision,
        **WHO,
    )


def publish() -> Published:
    return lore_publishing.publish_book(book_id="book", note="N", **WHO)


def test_editors_of_different_entries_lose_nothing(ids):
    def edit(at: int) -> None:
        for turn in range(5):
            save(ids[at], f"{at} {turn}", turn + 1)

    results = at_once(*[lambda at=at: edit(at) for at in range(THREADS)])

    assert results == [None] * THREADS
    rows = lorebooks.entries_of(Lorebook.objects.get())
    assert [row.title for row in rows] == [f"{at} 4" for at in range(THREADS)]
    assert Lorebook.objects.get().revision == 1 + 5 * THREADS


def test_of_editors_of_one_entry_one_wins_and_the_rest_see_what_was_saved(ids):
    results = at_once(
        *[lambda n=n: save(ids[0], f"text {n}", 1) for n in range(THREADS)]
    )

    saved = [r for r in results if isinstance(r, LoreEntry)]
    stale = [r for r in results if isinstance(r, StaleEntry)]
    assert (len(saved), len(stale)) == (1, THREADS - 1)
    assert {error.current.title for error in stale} == {saved[0].title}
    assert Lorebook.objects.get().revision == 2


def test_publishing_while_others_edit_move_and_remove_leaves_whole_versions(ids):
    def edit() -> None:
        for turn in range(4):
            save(ids[0], f"turn {turn}", turn + 1)

    def move() -> None:
        for turn in range(4):
            lore_entries.move_entries(
                book_id="book", entry_ids=[ids[1 + turn % 3]], **WHO
            )

    def remove_and_put_back() -> None:
        for _ in range(3):
            done = lore_removing.remove_entries(
                book_id="book", revisions={ids[4]: 1, ids[5]: 1}, **WHO
            )
            assert len(done.entries) == 2
            lore_removing.put_back(book_id="book", entries=done.entries, **WHO)

    def publish_some() -> None:
        for _ in range(4):
            publish()

    results = at_once(edit, move, remove_and_put_back, publish_some, publish_some)

    assert results == [None] * 5
    last = publish().version
    versions = LorebookVersion.objects.order_by("number")
    numbers = [version.number for version in versions]
    assert numbers == list(range(1, len(numbers) + 1))
    # Both or none: removing two is one act.
    for version in versions:
        kept = lore_publishing.sheets_of(version).keys()
        assert (ids[4] in kept) == (ids[5] in kept)
        assert len(kept) in (THREADS, THREADS - 2)
    rows = lorebooks.entries_of(Lorebook.objects.get())
    assert list(lore_publishing.sheets_of(last)) == [row.entry_id for row in rows]
    assert Lorebook.objects.get().published == last


def test_one_draft_published_by_many_makes_one_version(ids):
    results = at_once(*[publish] * THREADS)

    assert sum(r.is_new for r in results) == 1
    assert LorebookVersion.objects.count() == 1


def test_books_of_one_name_made_at_once_get_ids_of_their_own():
    def make() -> str:
        sheet = BookSheet(name="Port")
        return lorebooks.create_book(sheet=sheet, **WHO).book_id

    results = at_once(*[make] * THREADS)

    assert sorted(results) == ["port", *(f"port_{n}" for n in range(2, THREADS + 1))]
