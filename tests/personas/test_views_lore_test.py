"""The tester of lorebooks: what enters, why not, and a change that is tried first."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from personas.domain.composing import Message
from personas.domain.lore.sheets import BookSheet, EntrySheet, Position
from personas.forms.lore_trying import read_conversation, write_conversation
from personas.models import Lorebook, LoreEntry, LoreFiring, SampleConversation
from personas.services import (
    lore_entries,
    lore_publishing,
    lore_trying,
    lorebooks,
    publishing,
)
from personas.services.lore_trying import Change, NeverPublished, Trial
from personas.views.characters import character_or_404
from personas.views.lore_traced import Segment, segments
from tests.clients import client_as
from tests.factories import NOW, make_character, make_person

pytestmark = pytest.mark.django_db

WHO = {"actor": None, "now": NOW}
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def forgotten():
    """Rows of a test that is over may have the same keys."""
    lore_trying.forget()


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


def make(*entries: EntrySheet, name: str = "Harbour", **fields) -> Lorebook:
    return lorebooks.create_book(
        sheet=BookSheet(name=name, **fields), entries=entries, **WHO
    )


def entry(title: str, **fields) -> EntrySheet:
    values = {"keys": [title.lower()], "content": f"About the {title}.", **fields}
    return EntrySheet(title=title, **values)


def harbour(**fields) -> Lorebook:
    return make(
        entry("Lantern", content="The lantern hangs by the quay."),
        entry("Quay"),
        entry("Gull", is_enabled=False),
        entry("Storm", secondary_keys=["night"]),
        **fields,
    )


def url(book: Lorebook, name: str = "test") -> str:
    return reverse(f"personas:lorebook-{name}", args=[book.book_id])


def posted(text: str = "Robin: the lantern is lit", **data) -> dict:
    return {"conversation": text, "side": "draft", **data}


def change_of(book: Lorebook, title: str, **changes) -> dict:
    row = book.entries.get(title=title)
    sheet = row.to_sheet()
    values = {
        "entry_id": row.entry_id,
        "revision": row.revision,
        "keys": "\n".join(sheet.keys),
        "content": sheet.content,
        "order": sheet.order,
        "probability": sheet.probability,
        **({"is_enabled": "on"} if sheet.is_enabled else {}),
        **({"is_constant": "on"} if sheet.is_constant else {}),
        **changes,
    }
    return {f"edit-{k}": v for k, v in values.items() if v is not None}


def outcome(client, book: Lorebook, **data):
    answer = client.post(url(book), posted(**data))
    assert answer.status_code == 200
    return answer.context["outcome"]


def names(group) -> list[str]:
    return [shown.name for shown in group.rows]


class TestConversation:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Ann: hello\nBo: hi", [("Ann", "hello"), ("Bo", "hi")]),
            ("hello there", [("User", "hello there")]),
            ("Ann: one\ntwo\n three", [("Ann", "one\ntwo\nthree")]),
            ("Ann: at\n12:30 it rains", [("Ann", "at\n12:30 it rains")]),
            ("Ann: see\nhttps://x.example", [("Ann", "see\nhttps://x.example")]),
            ("Ann: one\n\n\nBo:two", [("Ann", "one"), ("Bo", "two")]),
            ("Ann: one\n Note: two", [("Ann", "one\nNote: two")]),
            ("\n\n", []),
            ("", []),
        ],
    )
    def test_lines_become_messages(self, text, expected):
        assert [(m.name, m.text) for m in read_conversation(text)] == expected

    @pytest.mark.parametrize(
        "said",
        [
            [Message("Ann", "one\nNote: two"), Message("Bo", "three")],
            [Message("Ann", " indented\n more")],
            [Message("Ann", "")],
        ],
    )
    def test_written_conversation_reads_as_it_was(self, said):
        found = read_conversation(write_conversation(said))

        assert [m.text.strip() for m in found] == [m.text.strip() for m in said]
        assert [m.name for m in found] == [m.name for m in said]

    def test_name_that_no_line_can_begin_with_is_made_one(self):
        said = [Message("a: b", "x"), Message("12", "y")]

        assert write_conversation(said) == "a b: x\nUser: y"


class TestTrace:
    def test_every_entry_says_what_became_of_it(self, curator):
        shown = outcome(curator, harbour(), conversation="Robin: a LANTERN, a storm")

        assert names(shown.fired) == ["Lantern", "Quay"]
        assert {g.name: names(g) for g in shown.stopped} == {
            "disabled": ["Gull"],
            "secondary_keys": ["Storm"],
        }
        woken = shown.fired.rows[1]
        assert woken.parent == "Lantern"
        assert woken.row.total == shown.tried.activation.tokens
        assert shown.fired.rows[0].seen_in == 1

    def test_page_tells_it_in_words(self, curator):
        page = curator.post(url(harbour()), posted()).content.decode()

        assert "It is switched off" in page
        assert "in the text of “Lantern”" in page
        assert "Stands before the character" in page
        assert 'title="Lantern"' in page

    def test_nothing_is_written(self, curator):
        book = harbour()
        before = AuditEntry.objects.count()

        outcome(curator, book, **change_of(book, "Quay", content="Another"))

        assert not LoreFiring.objects.exists()
        assert AuditEntry.objects.count() == before
        assert Lorebook.objects.get().revision == book.revision

    def test_roll_and_draw_follow_the_seed(self, curator):
        book = make(
            entry("Die", probability=50.0),
            entry("Red", keys=["card"], group="cards"),
            entry("Black", keys=["card"], group="cards"),
        )
        asked = {"conversation": "Robin: die, card"}

        seeds = [
            {s.name for s in outcome(curator, book, seed=n, **asked).fired.rows}
            for n in range(12)
        ]
        again = outcome(curator, book, seed=3, **asked)

        assert {"Die" in found for found in seeds} == {True, False}
        assert {"Red" in found for found in seeds} == {True, False}
        assert {s.name for s in again.fired.rows} == seeds[3]
        lost = next(g for g in again.stopped if g.name == "group").rows[0]
        assert lost.winner in {"Red", "Black"} - {lost.name}
        assert lost.drawn

    def test_budget_cuts_and_says_so(self, curator):
        book = make(
            entry("Big", content="word " * 50, order=1), entry("Small", order=5)
        )

        shown = outcome(curator, book, conversation="Robin: big small", budget=20)

        assert names(shown.fired) == ["Small"]
        assert [g.name for g in shown.stopped] == ["budget"]

    def test_fields_not_obeyed_are_named(self, curator):
        page = curator.post(url(make(entry("Lantern", sticky=3))), posted())

        assert "Kept, and not obeyed here: Stays for messages." in page.content.decode()

    def test_why_not_finds_by_title_and_by_key(self, curator):
        book = harbour()

        by_title = curator.post(url(book), posted(q="gull"))
        by_key = curator.post(url(book), posted(q="STORM"))
        none = curator.post(url(book), posted(q="kraken"))

        assert names(by_title.context["found"]) == ["Gull"]
        assert names(by_key.context["found"]) == ["Storm"]
        assert "No entry in play is called “kraken”" in none.content.decode()

    def test_many_entries_come_in_parts(self, curator):
        book = make(*(entry(f"E{n}", keys=[f"none{n}"]) for n in range(70)))

        page = curator.post(url(book), posted(), headers=HTMX)
        more = curator.post(url(book), posted(do="more:key:25"), headers=HTMX)
        last = curator.post(url(book), posted(do="more:key:50"), headers=HTMX)
        plain = curator.post(url(book), posted(do="more:key:50"))

        assert page.content.decode().count("lore-row__name") == 25
        assert page.context["outcome"].stopped[0].count == 70
        assert names(more.context["group"])[0] == "E25"
        assert "more:key:50" in more.content.decode()
        assert names(last.context["group"])[-1] == "E69"
        assert "Show more" not in last.content.decode()
        assert names(plain.context["open_group"])[0] == "E50"

    @pytest.mark.parametrize("do", ["more:none:2", "more:key:x", "more:", "change:x"])
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_nonsense_is_answered(self, curator, do, headers):
        answer = curator.post(url(harbour()), posted(do=do), headers=headers)

        assert answer.status_code == 200

    def test_texts_are_data(self, curator):
        book = make(entry("<b>x", keys=["lantern"], content="<script>{0}</script>"))

        page = curator.post(url(book), posted(q="<b>")).content.decode()

        assert "<script>{0}" not in page
        assert "&lt;script&gt;{0}" in page
        assert "<b>x" not in page


class TestPrompt:
    def parts(self, client, book, **data) -> list[str]:
        shown = outcome(client, book, **data)
        return [part.part.text for part in shown.parts]

    def test_entries_stand_where_they_are_sent(self, curator):
        make_character("ada", lorebooks=["harbour"], post_history="Last word.")
        book = make(
            entry("A", is_constant=True, content="before"),
            entry(
                "B",
                is_constant=True,
                content="after",
                position=Position.AFTER_CHARACTER,
            ),
            entry(
                "C",
                is_constant=True,
                content="deep",
                position=Position.AT_DEPTH,
                depth=1,
            ),
            entry(
                "D",
                is_constant=True,
                content="note",
                depth=2,
                position=Position.NOTE_TOP,
            ),
        )

        found = self.parts(
            curator, book, character="ada", conversation="Bo: one\nada: two\nBo: three"
        )

        assert found[0] == "before"
        assert found[2:] == [
            "after",
            "one",
            "note",
            "two",
            "deep",
            "three",
            "Last word.",
        ]

    def test_nobody_gets_the_book_alone(self, curator):
        make(entry("Other", is_constant=True), name="Other", for_everybody=True)
        lore_publishing.publish_book(book_id="other", note="n", **WHO)
        book = make(entry("Mine", is_constant=True, content="{{char}} is here"))

        found = self.parts(curator, book, conversation="Bo: hi")

        assert found == ["{{char}} is here", "hi"]

    def test_character_has_its_books_and_those_for_everybody(self, curator):
        for key, options in (
            ("all", {"for_everybody": True}),
            ("own", {}),
            ("unpublished", {}),
            ("strange", {}),
        ):
            make(entry(key, is_constant=True), name=key, **options)
            if key != "unpublished":
                lore_publishing.publish_book(book_id=key, note="n", **WHO)
        make_character("ada", lorebooks=["own", "unpublished", "harbour"])

        shown = outcome(curator, harbour(), character="ada")

        found = [(s.book_id, s.number) for s in shown.tried.sources]
        assert found == [("own", 1), ("harbour", None), ("all", 1)]
        assert shown.tried.is_bound

    def test_names_and_tags_of_the_character_count(self, curator):
        make_character("ada", nickname="Addie", lorebooks=["harbour"], tags=["sea"])
        book = make(
            entry("A", is_constant=True, character_filter={"names": ["addie"]}),
            entry("B", is_constant=True, character_filter={"tags": ["sea"]}),
            entry("C", is_constant=True, character_filter={"names": ["bob"]}),
            entry("D", is_constant=True, content="{{char}} and {{user}}"),
        )

        shown = outcome(curator, book, character="ada", conversation="Bo: hi")

        assert names(shown.fired) == ["A", "B", "D"]
        assert "Addie and Bo" in [part.part.text for part in shown.parts]

    def test_live_is_what_bots_get(self, curator):
        book = harbour()
        lore_publishing.publish_book(book_id=book.book_id, note="n", **WHO)
        make_character("ada", lorebooks=["harbour"])
        publishing.publish(character_ids=["ada"], note="n", author=None, now=NOW)
        row = book.entries.get(title="Lantern")
        lore_entries.save_entry(
            book_id=book.book_id,
            entry_id=row.entry_id,
            sheet=entry("Lantern", content="Rewritten."),
            revision=1,
            **WHO,
        )

        live = self.parts(curator, book, side="live", character="ada")
        draft = self.parts(curator, book, side="draft", character="ada")

        assert "The lantern hangs by the quay." in live
        assert "Rewritten." in draft

    def test_draft_of_a_book_that_changed_is_read_again(self, curator):
        book = harbour()
        outcome(curator, book)
        lore_entries.add_entry(
            book_id=book.book_id, sheet=entry("New", is_constant=True), **WHO
        )

        assert "New" in names(outcome(curator, book).fired)

    @pytest.mark.parametrize("what", ["book", "character"])
    def test_what_was_never_published_says_so(self, curator, what):
        book = harbour()
        make_character("ada", lorebooks=["harbour"])
        if what == "book":
            publishing.publish(character_ids=["ada"], note="n", author=None, now=NOW)
        else:
            lore_publishing.publish_book(book_id=book.book_id, note="n", **WHO)

        page = curator.post(url(book), posted(side="live", character="ada"))

        told = "was never published" if what == "book" else "is not live"
        assert page.status_code == 200
        assert told in page.content.decode()
        with pytest.raises(NeverPublished):
            lore_trying.run(
                Lorebook.objects.select_related("published").get(pk=book.pk),
                trial=Trial(
                    messages=(), character=character_or_404("ada"), is_live=True
                ),
            )

    def test_kept_conversation_fills_the_form(self, curator):
        ada = make_character("ada", lorebooks=["harbour"])
        sample = SampleConversation.objects.create(
            character=ada,
            title="At sea",
            messages=[
                {"who": "user", "name": "Bo", "text": "one\nMate: two"},
                {"who": "character", "name": "Ada", "text": "three"},
            ],
            author=make_person(),
            created_at=NOW,
        )
        book = harbour()

        form = curator.get(url(book), {"sample": sample.pk}).context["form"]

        assert form["conversation"].value() == "Bo: one\n Mate: two\nAda: three"
        assert form["character"].value() == "ada"

    @pytest.mark.parametrize("asked", ["0", "x", "99999999999999", "٣"])
    def test_unknown_sample_is_left_alone(self, curator, asked):
        assert curator.get(url(harbour()), {"sample": asked}).status_code == 200

    def test_message_is_added_without_scripts(self, curator):
        data = posted("Ann: one\n", do="add", say_name="Bo", say_text="two")

        form = curator.post(url(harbour()), data).context["form"]

        assert form["conversation"].value() == "Ann: one\nBo: two"


class TestChange:
    def test_difference_says_what_enters_and_leaves(self, curator):
        book = harbour()

        shown = outcome(
            curator, book, **change_of(book, "Lantern", content="No more light.")
        )

        found = shown.difference
        assert [p.title for p in found.left] == ["Quay"]
        assert [(a.text, b.text) for a, b in found.rewritten] == [
            ("The lantern hangs by the quay.", "No more light.")
        ]
        assert found.tokens < 0
        assert not found.moved

    def test_key_and_order_are_tried(self, curator):
        book = harbour()

        entered = outcome(
            curator, book, **change_of(book, "Gull", is_enabled="on", keys="lit\nbird")
        )
        moved = outcome(curator, book, **change_of(book, "Lantern", order=900))

        assert [p.title for p in entered.difference.entered] == ["Gull"]
        assert entered.difference.tokens > 0
        assert [a.title for _, a in moved.difference.moved]
        assert not moved.difference.entered

    def test_unchanged_change_says_nothing(self, curator):
        book = harbour()
        data = posted(**change_of(book, "Quay"))

        page = curator.post(url(book), data)

        assert page.context["outcome"].difference.is_empty
        assert "Nothing here" in page.content.decode()

    def test_what_was_not_touched_stays_byte_for_byte(self):
        book = make(
            entry("Odd", keys=[" spaced ", "two\nlines", ""], content="a\r\nb  ")
        )
        client = client_as(Role.CURATOR)
        before = book.entries.get().to_sheet()

        data = change_of(book, "Odd", order=7)
        client.post(url(book, "test-save"), posted(**data))

        after = book.entries.get().to_sheet()
        assert after == before.model_copy(update={"order": 7})

    def test_chance_that_is_set_counts(self, curator):
        book = make(entry("Lantern", use_probability=False))

        shown = outcome(curator, book, **change_of(book, "Lantern", probability=0))

        assert [p.title for p in shown.difference.left] == ["Lantern"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"order": "x"},
            {"order": 10**12},
            {"probability": 101},
            {"probability": "nan"},
            {"probability": "inf"},
            {"keys": "k" * 3_000},
            {"keys": "\n".join("k" for _ in range(1_001))},
            {"content": "x" * (64 * 1024 + 1)},
            {"revision": "0"},
        ],
    )
    @pytest.mark.parametrize("name", ["test", "test-save"])
    def test_bad_change_is_told_and_not_saved(self, curator, name, changes):
        book = harbour()

        answer = curator.post(
            url(book, name),
            posted(**change_of(book, "Lantern", **changes)),
            headers=HTMX,
        )

        assert answer.status_code in (200, 422)
        assert "field__error" in answer.content.decode()
        assert book.entries.get(title="Lantern").revision == 1

    def test_live_is_not_changed(self, curator):
        book = harbour()
        lore_publishing.publish_book(book_id=book.book_id, note="n", **WHO)

        page = curator.post(
            url(book), posted(side="live", **change_of(book, "Lantern", content="X"))
        )

        assert page.context["outcome"].difference is None
        assert "What is live stays" in page.content.decode()

    def test_panel_comes_and_goes(self, curator):
        book = harbour()
        row = book.entries.get(title="Gull")

        come = curator.post(
            url(book), posted(do=f"change:{row.entry_id.hex}"), headers=HTMX
        )
        typing = curator.post(
            url(book), posted(**change_of(book, "Gull")), headers=HTMX
        )
        gone = curator.post(
            url(book), posted(do="discard", **change_of(book, "Gull")), headers=HTMX
        )

        assert 'id="lore-edit"' in come.content.decode()
        assert "Change “Gull”" in come.content.decode()
        # What is typed into stays in the page as it is.
        assert 'id="lore-edit"' not in typing.content.decode()
        assert "Change “Gull”" not in gone.content.decode()
        assert 'id="lore-edit"' in gone.content.decode()

    def test_save_writes_the_draft(self, curator):
        book = harbour()

        answer = curator.post(
            url(book, "test-save"),
            posted(**change_of(book, "Quay", content="Salt and rope.")),
            headers=HTMX,
        )

        row = book.entries.get(title="Quay")
        assert (row.content, row.revision) == ("Salt and rope.", 2)
        assert "saved in the draft" in answer["HX-Trigger"]
        assert answer.context["outcome"].difference is None

    def test_stale_save_shows_theirs_and_keeps_mine(self, curator):
        book = harbour()
        mine = posted(**change_of(book, "Quay", content="Mine."))
        row = book.entries.get(title="Quay")
        lore_entries.save_entry(
            book_id=book.book_id,
            entry_id=row.entry_id,
            sheet=entry("Quay", content="Theirs."),
            revision=1,
            **WHO,
        )

        answer = curator.post(url(book, "test-save"), mine)
        page = answer.content.decode()
        again = curator.post(
            url(book, "test-save"), {**mine, "edit-revision": "2"}, headers=HTMX
        )

        assert answer.status_code == 412
        assert "Theirs" in page
        assert "Mine." in page
        assert 'name="edit-revision" value="2"' in page
        assert again.status_code == 200
        assert book.entries.get(title="Quay").content == "Mine."

    def test_removed_entry_is_told(self, curator):
        book = harbour()
        mine = posted(**change_of(book, "Quay", content="Mine."))
        book.entries.filter(title="Quay").delete()

        answer = curator.post(url(book, "test-save"), mine, headers=HTMX)

        assert "not there any more" in answer["HX-Trigger"]

    def test_archived_book_is_not_written(self, curator):
        book = harbour()
        mine = posted(**change_of(book, "Quay", content="Mine."))
        lorebooks.archive_book(book_id=book.book_id, is_archived=True, **WHO)

        answer = curator.post(url(book, "test-save"), mine)

        assert answer.status_code == 200
        assert "is archived. Restore it" in answer.content.decode()
        assert book.entries.get(title="Quay").content != "Mine."


class TestRolesAndLimits:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_viewer_tries_and_may_not_save(self, method):
        book = harbour()
        viewer = client_as(Role.VIEWER)

        answer = getattr(viewer, method)(url(book), posted())

        assert answer.status_code == 200
        assert 'value="change:' not in answer.content.decode()
        saved = viewer.post(
            url(book, "test-save"), posted(**change_of(book, "Quay", content="x"))
        )
        assert saved.status_code == 403

    def test_without_role_is_refused(self):
        assert client_as(None).get(url(harbour())).status_code == 403

    def test_unknown_book(self, curator):
        assert curator.get("/lorebooks/none/test/").status_code == 404

    @pytest.mark.parametrize(
        "data",
        [
            {"conversation": "Ann: " + "x" * 9_000},
            {"conversation": "Ann: hi\n" * 201},
            {"conversation": "x" * 140_000},
            {"conversation": "a\0b"},
            {"character": "nobody-such"},
            {"seed": "-1"},
            {"seed": "9" * 40},
            {"budget": "x"},
            {"side": "nowhere"},
        ],
    )
    def test_bad_input_is_told_where_it_is(self, curator, data):
        book = harbour()

        page = curator.post(url(book), posted(**data))
        fragment = curator.post(url(book), posted(**data), headers=HTMX)

        assert page.status_code == 422
        assert "errorlist" in page.content.decode()
        assert fragment.status_code == 200
        assert "field__error" in fragment.content.decode()

    def test_empty_form_is_answered(self, curator):
        assert curator.post(url(harbour()), {}).status_code == 200

    def test_query_count_is_flat(self, curator):
        def count(book: Lorebook) -> int:
            lore_trying.forget()
            with CaptureQueriesContext(
                connection,
            ) as asked:
                curator.post(url(book), posted())
            return len(asked)

        few = harbour()
        many = make(*(entry(f"E{n}") for n in range(400)), name="Many")

        count(few)  # What a process reads once.
        assert count(few) == count(many)

    def test_ten_thousand_entries_make_a_small_page(self, curator):
        book = make(entry("Lantern"))
        sheet = entry("None")
        LoreEntry.objects.bulk_create(
            lorebooks.new_entry(book, sheet, place=n + 10**12, now=NOW)
            for n in range(9_999)
        )

        page = curator.post(url(book), posted(), headers=HTMX)

        assert page.context["outcome"].count == 10_000
        assert len(page.content) < 60_000


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], [("abcdef", ())]),
        ([(1, 3, "X")], [("a", ()), ("bc", ("X",)), ("def", ())]),
        (
            [(0, 4, "X"), (2, 6, "Y")],
            [("ab", ("X",)), ("cd", ("X", "Y")), ("ef", ("Y",))],
        ),
        ([(4, 99, "X")], [("abcd", ()), ("ef", ("X",))]),
    ],
)
def test_segments_cut_where_marks_begin_and_end(marks, expected):
    found = segments("abcdef", marks=marks)

    assert found == tuple(Segment(text, who) for text, who in expected)


def test_change_of_another_book_is_left_alone():
    book, other = harbour(), make(entry("Tide"), name="Other")
    row = other.entries.get()

    tried = lore_trying.run(
        Lorebook.objects.select_related("published").get(pk=book.pk),
        trial=Trial(messages=(Message("Ann", "lantern"),)),
        change=Change(row.entry_id, entry("Tide", is_constant=True)),
    )

    assert tried.difference is not None
    assert tried.difference.is_empty
