"""Publishing lorebooks, their versions, and every way back."""

import pytest
from django.urls import reverse

from core.roles import Role
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Lorebook
from personas.services import (
    lore_entries,
    lore_publishing,
    lore_removing,
    lorebooks,
    publishing,
)
from personas.views.lorebook_changes import compared, draft_state, version_state
from tests.clients import client_as
from tests.factories import NOW, make_character

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}


@pytest.fixture
def manager():
    return client_as(Role.MANAGER)


@pytest.fixture
def book() -> Lorebook:
    return lorebooks.create_book(
        sheet=BookSheet(name="Harbour"),
        entries=[entry(title) for title in ("A", "B", "C", "D")],
        **WHO,
    )


def entry(title: str, **fields) -> EntrySheet:
    return EntrySheet(
        title=title, keys=[title], **{"content": f"About {title}.", **fields}
    )


def url(name: str, *args) -> str:
    return reverse(f"personas:lorebook-{name}", args=["harbour", *args])


def row(title: str):
    return Lorebook.objects.get().entries.get(title=title)


def edit(title: str, **fields) -> None:
    lore_entries.save_entry(
        book_id="harbour",
        entry_id=row(title).entry_id,
        sheet=entry(title, **fields),
        revision=row(title).revision,
        **WHO,
    )


def publish(note: str = "First") -> None:
    lore_publishing.publish_book(book_id="harbour", note=note, **WHO)


def live() -> int | None:
    published = Lorebook.objects.select_related("published").get().published
    return published.number if published else None


def revision() -> int:
    return Lorebook.objects.get().revision


class TestDifference:
    def found(self, book: Lorebook):
        book = Lorebook.objects.select_related("published").get(pk=book.pk)
        return compared(version_state(book.published), after=draft_state(book))

    def test_says_what_was_added_removed_changed_and_moved(self, book):
        publish()
        edit("B", content="Another text about B.")
        lore_removing.remove_entries(
            book_id="harbour", revisions={row("C").entry_id: 1}, **WHO
        )
        lore_entries.add_entry(book_id="harbour", sheet=entry("E"), **WHO)
        lore_entries.move_entries(
            book_id="harbour", entry_ids=[row("D").entry_id], **WHO
        )

        found = self.found(book)

        assert found.added.names == ("E",)
        assert found.removed.names == ("C",)
        assert found.moved.names == ("D",)
        assert [(c.name, [f.title for f in c.fields]) for c in found.changed] == [
            ("B", ["Text"])
        ]
        assert found.tokens == draft_state(book).tokens - 4 * row("A").tokens
        assert not found.is_empty

    def test_nothing_changed_is_empty(self, book):
        publish()

        assert self.found(book).is_empty

    def test_long_lists_are_cut(self, book, monkeypatch):
        publish()
        monkeypatch.setattr("personas.views.lorebook_changes.MOST_DIFFERENCES", 1)
        for title in "ABC":
            edit(title, content="New.")

        found = self.found(book)

        assert [c.name for c in found.changed] == ["A"]
        assert found.changed_names.names == ("B", "C")

    def test_order_turned_round_keeps_one(self, book):
        publish()
        for title in "BCD":
            lore_entries.move_entries(
                book_id="harbour", entry_ids=[row(title).entry_id], **WHO
            )

        assert self.found(book).moved.count == 3

    def test_first_version_adds_everything(self, book):
        found = compared(None, after=draft_state(book))

        assert found.added.count == 4
        assert found.tokens == draft_state(book).tokens


class TestPublishing:
    def post(self, client, **changes):
        data = {"note": "Because", "revision": revision(), **changes}
        return client.post(url("publish"), data, follow=True)

    def test_page_shows_words_tokens_and_who(self, manager, book):
        publish()
        make_character("ada", lorebooks=["harbour"])
        make_character("bob", lorebooks=["harbour"])
        publishing.publish(character_ids=["ada"], note="n", author=None, now=NOW)
        edit("B", content="About Berta.")

        page = manager.get(url("publish")).content.decode()

        assert "<del>B</del><ins>Berta</ins>" in page
        assert "Live with it: " in page
        assert "/characters/ada/" in page
        assert "when they are published themselves" in page

    def test_published_and_taken_back(self, manager, book):
        publish()
        edit("B", content="New.")

        page = self.post(manager).content.decode()
        after = live()
        back = manager.post(url("publish-undo", 2, 1), follow=True)

        assert "Version 2 of Harbour is live." in page
        assert url("publish-undo", 2, 1) in page
        assert after == 2
        assert live() == 1
        assert "Undo: Because" not in back.content.decode()
        assert "bots get version 1 again" in back.content.decode()

    def test_undo_of_what_moved_on_is_refused(self, manager, book):
        publish()
        edit("B", content="New.")
        publish("Second")
        edit("B", content="Newer.")
        publish("Third")

        manager.post(url("publish-undo", 2, 1))
        manager.post(url("publish-undo", 3, 9))
        manager.post(url("publish-undo", 3, 3))

        assert live() == 3

    def test_note_is_required(self, manager, book):
        for note in ("", "   ", "x" * 1_001, "a\0b"):
            assert self.post(manager, note=note).status_code == 422
        assert live() is None

    def test_draft_edited_meanwhile_is_shown_first(self, manager, book):
        old = revision()
        edit("B", content="New.")

        answer = self.post(manager, revision=old)

        assert answer.status_code == 412
        assert "was edited meanwhile" in answer.content.decode()
        assert live() is None

    def test_unchanged_says_so(self, manager, book):
        publish()

        page = manager.get(url("publish")).content.decode()
        told = self.post(manager).content.decode()

        assert "the draft is what bots get already" in page
        assert "<textarea" not in page
        assert "Nothing has changed" in told
        assert Lorebook.objects.get().versions.count() == 1

    def test_changed_and_changed_back_says_so(self, manager, book):
        publish()
        edit("B", content="New.")
        edit("B")

        assert "changed back" in manager.get(url("publish")).content.decode()

    def test_archived_is_not_published(self, manager, book):
        lorebooks.archive_book(book_id="harbour", is_archived=True, **WHO)

        assert self.post(manager).status_code == 200
        assert live() is None

    def test_for_everybody_is_said(self, manager, book):
        lorebooks.save_book(
            book_id="harbour",
            sheet=BookSheet(name="Harbour", for_everybody=True),
            revision=1,
            **WHO,
        )

        assert "Everybody:" in manager.get(url("publish")).content.decode()


class TestHistory:
    def two(self) -> None:
        publish()
        edit("B", content="New words.")
        publish("Second")

    def test_lists_versions_with_who_and_why(self, manager, book):
        self.two()

        page = manager.get(url("history")).content.decode()

        assert page.index("“Second”") < page.index("“First”")
        assert page.count("badge--live") >= 1
        assert "4 entries" in page

    def test_none_yet(self, manager, book):
        assert "No versions" in manager.get(url("history")).content.decode()

    @pytest.mark.parametrize(
        ("against", "title"),
        [
            ("", "From version 1 to the draft"),
            ("2", "From version 1 to version 2"),
            ("77", "From version 1 to the draft"),
            ("x", "From version 1 to the draft"),
            ("٢", "From version 1 to the draft"),
        ],
    )
    def test_compares_with_any(self, manager, book, against, title):
        self.two()

        page = manager.get(url("version", 1), {"against": against}).content.decode()

        assert title in page
        assert "New words" in page

    def test_later_stands_second(self, manager, book):
        self.two()

        page = manager.get(url("version", 2), {"against": "1"}).content.decode()

        assert "From version 1 to version 2" in page

    def test_rolled_back_with_a_note_and_undone(self, manager, book):
        self.two()

        refused = manager.post(url("roll-back", 1), {"note": " "})
        page = manager.post(url("roll-back", 1), {"note": "Broken"}, follow=True)
        after = live()
        manager.post(url("publish-undo", 1, 2))

        assert refused.status_code == 422
        assert "Bots get version 1" in page.content.decode()
        assert after == 1
        assert live() == 2

    def test_rolling_back_to_what_is_live_says_so(self, manager, book):
        self.two()

        page = manager.post(url("roll-back", 2), {"note": "x"}, follow=True)

        assert "already" in page.content.decode()

    def test_restored_into_the_draft(self, manager, book):
        self.two()

        manager.post(url("restore", 1), {"revision": revision()})

        assert row("B").content == "About B."
        assert live() == 2

    def test_restoring_over_other_changes_is_refused(self, manager, book):
        self.two()
        old = revision()
        edit("A", content="Mine.")

        answer = manager.post(url("restore", 1), {"revision": old})
        manager.post(url("restore", 1), {"revision": "x"})

        assert answer.status_code == 412
        assert row("A").content == "Mine."

    def test_restoring_the_same_says_so(self, manager, book):
        publish()

        page = manager.post(url("restore", 1), {"revision": revision()}, follow=True)

        assert "is as version 1 already" in page.content.decode()

    def test_archived_stays_as_it_is(self, manager, book):
        self.two()
        lorebooks.archive_book(book_id="harbour", is_archived=True, **WHO)

        manager.post(url("roll-back", 1), {"note": "x"})
        manager.post(url("restore", 1), {"revision": revision()})
        manager.post(url("publish-undo", 2, 1))

        assert live() == 2

    def test_query_counts_are_flat(self, manager, book, django_assert_num_queries):
        publish()
        for n in range(12):
            edit("B", content=f"Text {n}.")
            publish(f"Note {n}")
        manager.get(url("history"))

        # Session, user, groups, its settings, book, count of versions and versions.
        with django_assert_num_queries(7):
            manager.get(url("history"))


class TestRoles:
    def test_curator_looks_and_does_not_publish(self, book):
        publish()
        edit("B", content="New.")
        curator = client_as(Role.CURATOR)

        page = curator.get(url("publish"))

        assert "Managers publish." in page.content.decode()
        data = {"note": "x", "revision": revision()}
        assert curator.post(url("publish"), data).status_code == 403
        assert curator.post(url("roll-back", 1), {"note": "x"}).status_code == 403
        assert curator.post(url("publish-undo", 1, 1)).status_code == 403

    def test_viewer_reads_history_only(self, book):
        publish()
        viewer = client_as(Role.VIEWER)

        assert viewer.get(url("history")).status_code == 200
        assert viewer.get(url("version", 1)).status_code == 200
        assert viewer.get(url("publish")).status_code == 403
        assert viewer.post(url("restore", 1), {"revision": 1}).status_code == 403

    @pytest.mark.parametrize("name", ["version", "roll-back", "restore"])
    def test_unknown_version(self, manager, book, name):
        method = manager.get if name == "version" else manager.post

        assert method(url(name, 9)).status_code == 404


class TestHome:
    def needs(self, client) -> str:
        return client.get(reverse("personas:home-needs")).content.decode()

    def test_unpublished_lorebook_waits(self, manager, book):
        before = self.needs(manager)
        publish()
        live = self.needs(manager)
        edit("B", content="New.")

        assert "Lorebook Harbour was never published." in before
        assert "Lorebook Harbour" not in live
        assert "Lorebook Harbour has changes" in self.needs(manager)

    def test_many_are_told_in_one(self, manager):
        for n in range(6):
            lorebooks.create_book(sheet=BookSheet(name=f"Book {n}"), **WHO)

        page = self.needs(manager)

        assert "6 lorebooks are not live" in page
        assert "Lorebook Book" not in page
