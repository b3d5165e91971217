"""Looking things up in the audit log."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from core import audit, limits
from core.models import AuditEntry
from core.roles import Role
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def admin():
    return client_of(make_person(Role.ADMIN, username="boss"))


def _record(**given) -> AuditEntry:
    values = {
        "actor": None,
        "action": "thing.changed",
        "obj": ("thing", "7", "Seven"),
        "now": NOW,
    }
    return audit.record(**{**values, **given})


def _list(client, **query):
    return client.get(reverse("core:audit-list"), query)


def _found(client, **query) -> list[int]:
    return [line.entry.pk for line in _list(client, **query).context["lines"]]


def _export(client, **query) -> list[dict[str, str]]:
    response = client.get(reverse("core:audit-export"), query)
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_newest_come_first_with_what_they_changed(admin):
    _record()
    _record(before={"role": "viewer"}, after={"role": "admin"}, note="For the fair.")

    response = _list(admin)

    entries = [line.entry.note for line in response.context["lines"]]
    assert entries == ["For the fair.", ""]
    text = response.content.decode()
    assert "<del>viewer</del> → <ins>admin</ins>" in text


@pytest.mark.parametrize(
    "query",
    [
        {"person": "ana"},
        {"action": "book.opened"},
        {"action": "book."},
        {"type": "book"},
        {"id": "9"},
        {"q": "nine liv"},
        {"q": "whiskers"},
        {"q": "tabby"},
        {"q": "for the fair"},
        {"since": "2026-11-03"},
        {"since": "2026-11-03", "until": "2026-11-03"},
        {"type": "book", "id": "9", "person": "ana"},
    ],
)
def test_each_filter_finds_the_one(admin, query):
    for other in (NOW, NOW + DAY):
        _record(now=other)
    ana = make_person(Role.CURATOR, username="ana")
    one = _record(
        actor=ana,
        action="book.opened",
        obj=("book", "9", "Nine Lives"),
        before={"cat": "whiskers"},
        after={"cat": "tabby"},
        note="For the fair.",
        now=datetime(2026, 11, 3, 23, 59, tzinfo=UTC),
    )

    assert _found(admin, **query) == [one.pk]


def test_until_names_the_last_day(admin):
    _record(now=NOW)

    assert _found(admin, until="2026-11-01")
    assert not _found(admin, until="2026-10-31")


def test_a_date_that_is_none_is_said_beside_the_field(admin):
    _record()

    response = _list(admin, since="soon")

    assert response.status_code == 422
    assert response.context["filter"].errors["since"]
    assert not response.context["lines"]


@pytest.mark.parametrize("text", ["%", "_", "'; --", "\0", "x" * 5000, "🐈"])
def test_odd_text_is_searched_for_or_refused_but_never_breaks(admin, text):
    _record()

    for name in ("q", "person", "action", "type", "id"):
        assert _list(admin, **{name: text}).status_code in {200, 422}


def test_pages_follow_one_another_without_gap_or_repeat(admin):
    rows = [_record() for _ in range(120)]

    seen, query = [], {}
    while query is not None:
        context = _list(admin, **query).context
        seen += [line.entry.pk for line in context["lines"]]
        older = context["older"]
        query = dict(pair.split("=") for pair in older.split("&")) if older else None

    assert seen == sorted((row.pk for row in rows), reverse=True)


def test_older_pages_keep_the_filter(admin):
    for _ in range(60):
        _record(action="book.opened")
        _record()

    context = _list(admin, action="book.opened").context

    assert context["older"].startswith("action=book.opened&below=")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("filter_", ["since", "until"])
def test_first_and_last_of_all_days_are_days(admin, filter_, day):
    _record(now=NOW)
    is_within = (filter_, day) in {("since", "0001-01-01"), ("until", "9999-12-31")}

    assert bool(_found(admin, **{filter_: day})) is is_within
    # That the export was taken is an entry too.
    assert bool(_export(admin, **{filter_: day})) is is_within


@pytest.mark.parametrize(
    "below", ["", "x", "-1", "1e9", "9" * 18, "9" * 19, "9" * 5000, "²"]
)
def test_a_place_that_is_none_is_no_error(admin, below):
    assert _list(admin, below=below).status_code == 200


class TestEditsThatFollowOneAnother:
    """An editor that saves by itself makes an entry with each pause."""

    @pytest.fixture
    def mia(self):
        return make_person(Role.CURATOR, username="mia")

    def edit(self, actor, *, minutes=0, action="thing.edited", **given):
        given.setdefault("before", {"text": f"at {minutes}"})
        given.setdefault("after", {"text": f"after {minutes}"})
        now = NOW + timedelta(minutes=minutes)
        return _record(actor=actor, action=action, now=now, **given)

    def test_stand_in_one_row_with_the_first_before_and_the_last_after(
        self, admin, mia
    ):
        first = self.edit(mia, before={"text": "a", "name": "N"}, after={"text": "b"})
        second = self.edit(mia, minutes=4, before={"text": "b"}, after={"text": "c"})
        last = self.edit(
            mia,
            minutes=10,
            before={"text": "c", "tags": ["x"]},
            after={"text": "d", "tags": ["y"]},
        )

        response = _list(admin)

        (line,) = response.context["lines"]
        assert line.entries == (last, second, first)
        told = {c.field: (c.before, c.after) for c in line.changes}
        assert told == {
            "text": ("a", "d"),
            "name": ("N", None),
            "tags": ('[\n  "x"\n]', '[\n  "y"\n]'),
        }
        page = response.content.decode()
        assert "3 times since" in page
        for entry in line.entries:
            assert reverse("core:audit-detail", args=[entry.pk]) in page
        assert AuditEntry.objects.filter(action="thing.edited").count() == 3

    def test_what_was_changed_back_is_no_change(self, admin, mia):
        self.edit(mia, before={"on": True}, after={"on": False})
        self.edit(mia, minutes=1, before={"on": False}, after={"on": True})

        response = _list(admin)

        (line,) = response.context["lines"]
        assert line.changes == []
        assert "Changed back" in response.content.decode()

    @pytest.mark.parametrize(
        "other",
        [
            {"minutes": 10.1},
            {"obj": ("thing", "8", "Eight")},
            {"obj": ("book", "7", "Seven")},
            {"action": "other.edited"},
            {"action": "thing.changed"},
            {"note": "Because."},
            {"actor": None},
        ],
    )
    def test_others_stand_by_themselves(self, admin, mia, other):
        first = self.edit(mia)
        second = self.edit(**{"actor": mia, "minutes": 1, **other})

        assert _found(admin) == [second.pk, first.pk]

    def test_those_of_another_between_end_a_row(self, admin, mia):
        bo = make_person(Role.CURATOR, username="bo")
        entries = [self.edit(who, minutes=n) for n, who in enumerate((mia, bo, mia))]

        assert _found(admin) == [entry.pk for entry in reversed(entries)]

    def test_pages_count_entries_so_nothing_is_missed(self, admin, mia, monkeypatch):
        monkeypatch.setattr(limits, "PAGE_SIZE", 3)
        entries = [self.edit(mia, minutes=n) for n in range(4)]

        response = _list(admin)
        below = str(entries[1].pk)

        (line,) = response.context["lines"]
        assert len(line.entries) == 3
        assert f"below={below}" in response.context["older"]
        assert _found(admin, below=below) == [entries[0].pk]


def test_long_values_are_cut_in_the_list_and_whole_on_their_page(admin):
    entry = _record(before={"text": "a" * 5000}, after={"text": "b" * 5000})

    listed = _list(admin).content.decode()
    whole = admin.get(reverse("core:audit-detail", args=[entry.pk])).content.decode()

    assert "b" * 401 not in listed
    assert "All of it" in listed
    assert "b" * 5000 in whole


def test_values_are_text_only(admin):
    _record(after={"<b>": "<script>alert(1)</script>"}, note="<i>x</i>")

    text = _list(admin).content.decode()

    assert "<script>alert(1)" not in text
    assert "<i>x" not in text


def test_switches_lists_and_nothing_read_well(admin):
    _record(
        before={"is_active": True, "tags": ["a"], "until": None},
        after={"is_active": False, "tags": ["a", "b"], "until": "soon"},
    )

    changes = {c.field: c for c in _list(admin).context["lines"][0].changes}

    assert (changes["is active"].before, changes["is active"].after) == ("on", "off")
    assert '"b"' in changes["tags"].after
    assert changes["until"].before == "nothing"


def test_an_empty_log_says_so(admin):
    assert "No entries" in _list(admin).content.decode()


def test_the_number_of_queries_is_flat(admin, django_assert_num_queries):
    ana = make_person(Role.CURATOR)
    for _ in range(60):
        _record(actor=ana)
    _list(admin)

    # Session, person, role; settings: look, values; entries, actions.
    with django_assert_num_queries(7):
        _list(admin)


class TestExport:
    def test_it_holds_what_the_filter_finds(self, admin):
        _record(action="book.opened", before={"a": 1}, after={"a": 2})
        _record()

        rows = _export(admin, action="book.opened")

        assert [row["action"] for row in rows] == ["book.opened"]
        assert rows[0]["before"] == '{"a": 1}'
        assert rows[0]["at"] == "2026-11-01T00:00:00+00:00"

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_no_cell_is_taken_for_a_formula(self, admin, start):
        _record(note=f"{start}HYPERLINK()", obj=("thing", "7", f"{start}1+1"))

        row = _export(admin, type="thing")[0]

        assert row["note"] == f"'{start}HYPERLINK()"
        assert row["object_name"] == f"'{start}1+1"

    def test_cells_fit_a_spreadsheet(self, admin):
        _record(after={"text": "x" * 50_000})

        assert len(_export(admin)[-1]["after"]) < 32_767

    def test_taking_it_is_recorded(self, admin):
        _export(admin, person="ana")

        entry = AuditEntry.objects.get(action="audit.exported")
        assert (entry.actor_name, entry.note) == ("boss", "person=ana")

    def test_a_wrong_filter_exports_nothing(self, admin):
        response = admin.get(reverse("core:audit-export"), {"since": "soon"})

        assert response.status_code == 422
        assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR, Role.MANAGER])
@pytest.mark.parametrize("name", ["audit-list", "audit-export"])
def test_others_are_refused(role, name):
    assert client_as(role).get(reverse(f"core:{name}")).status_code == 403
