"""Quieting and lifting: what is written, told and refused."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.models import AuditEntry, LiveChange
from core.roles import Role
from personas.models import Character
from routing.models import Channel, Quiet
from routing.services import quieting
from routing.services.quieting import By, NoSuchQuiet, NotValid, Target, TooMany
from tests.factories import NOW, make_character, make_person

pytestmark = pytest.mark.django_db

BOT = By(key_name="Watchman")
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> list[Character]:
    return [make_character(name) for name in ("ada", "bob")]


def quiet(target=None, *, until=None, reason="Spam", by=BOT, now=NOW):
    return quieting.quiet(
        target or Target(), until=until, reason=reason, by=by, now=now
    )


def told(stream: str) -> list[dict]:
    rows = LiveChange.objects.filter(stream=stream).order_by("pk")
    return [row.op for row in rows if row.op.get("kind") == "quiet"]


def test_a_person_quiets_a_character_with_a_reason_that_is_logged(cast):
    person = make_person(Role.MANAGER)

    outcome = quiet(Target("ada"), until=NOW + HOUR, by=By(person))

    row = outcome.row
    assert outcome.is_new
    assert (row.character, row.author, row.reason) == (cast[0], person, "Spam")
    assert list(quieting.current(now=NOW)) == [row]
    entry = AuditEntry.objects.get(action="quiet.begun")
    assert (entry.actor, entry.object_name, entry.note) == (person, "Ada", "Spam")
    assert entry.after["until"] == (NOW + HOUR).isoformat()


def test_a_bot_is_logged_by_the_name_of_its_key(cast):
    row = quiet(Target("ada")).row

    assert (row.author, row.author_name) == (None, "Watchman")
    entry = AuditEntry.objects.get(action="quiet.begun")
    assert (entry.actor, entry.actor_name) == (None, "Watchman")


def test_processes_and_pages_are_told_without_the_reason(cast):
    row = quiet(Target("ada")).row

    op = {"kind": "quiet", "quiet_id": str(row.quiet_id), "is_on": True}
    assert told("switches") == told("routing") == [op]
    assert told("personas") == [{"kind": "quiet", "character_id": "ada"}]
    assert "Spam" not in str(list(LiveChange.objects.values_list("op", "key")))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target(), [{"kind": "quiet", "character_id": None}]),
        (Target("ada", "bob"), []),
        (Target("ada", channel_id="c1"), []),
        (Target(channel_id="c1"), []),
    ],
)
def test_characters_change_only_if_they_are_silenced_everywhere(cast, target, expected):
    quiet(target)

    assert told("personas") == expected


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target(), "Everything"),
        (Target("ada"), "Ada"),
        (Target("ada", "bob"), "Ada and Bob, to each other"),
        (Target("ada", channel_id="c1"), "Ada, in #lore"),
        (Target(channel_id="c2"), "#c2"),
    ],
)
def test_what_it_silences_in_words(cast, target, words):
    Channel.objects.create(channel_id="c1", name="lore", created_at=NOW, updated_at=NOW)
    row = quiet(target).row

    names = quieting.channel_names([row])
    assert quieting.words_of(row, channel_names=names) == words


@pytest.mark.parametrize(
    ("target", "options", "pointer", "code"),
    [
        (Target("zoe"), {}, "/character_id", "not_a_choice"),
        (Target("ada", "zoe"), {}, "/other_character_id", "not_a_choice"),
        (Target("", "bob"), {}, "/character_id", "required"),
        (Target("ada", "ada"), {}, "/other_character_id", "invalid"),
        (Target("ada"), {"until": NOW}, "/until", "out_of_range"),
        (Target("ada"), {"reason": " \n "}, "/reason", "required"),
        (Target("ada"), {"reason": "x" * 1_001}, "/reason", "too_long"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    cast, target, options, pointer, code
):
    with pytest.raises(NotValid) as caught:
        quiet(target, **options)

    assert [(e.pointer, e.code) for e in caught.value.errors] == [(pointer, code)]
    assert not Quiet.objects.exists()
    assert not told("switches")


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        (HOUR, 2 * HOUR, 2 * HOUR),
        (HOUR, None, None),
        (2 * HOUR, HOUR, 2 * HOUR),
        (None, HOUR, None),
        (None, None, None),
    ],
)
def test_the_same_again_prolongs_and_never_shortens(cast, first, then, ends):
    def end(length):
        return None if length is None else NOW + length

    made = quiet(Target("ada", "bob"), until=end(first)).row

    again = quiet(
        Target("bob", "ada"), until=end(then), reason="Worse", by=By(None, "X")
    )

    assert not again.is_new
    row = Quiet.objects.get()
    assert (row.pk, row.until) == (made.pk, end(ends))
    is_longer = first != ends
    assert row.reason == ("Worse" if is_longer else "Spam")
    assert row.author_name == ("X" if is_longer else "Watchman")
    prolonged = AuditEntry.objects.filter(action="quiet.prolonged")
    assert prolonged.count() == is_longer
    assert len(told("switches")) == 1 + is_longer


def test_another_channel_is_another_switch(cast):
    assert quiet(Target("ada", channel_id="c1")).is_new
    assert quiet(Target("ada", channel_id="c2")).is_new
    assert quiet(Target("ada")).is_new


def test_one_that_is_over_by_the_clock_is_not_prolonged(cast):
    quiet(Target("ada"), until=NOW + HOUR)

    later = quiet(Target("ada"), until=NOW + 3 * HOUR, now=NOW + HOUR)

    assert later.is_new


def test_there_may_not_be_any_number_of_them(cast, monkeypatch):
    monkeypatch.setattr(quieting, "MOST", 1)
    quiet(Target("ada"))

    with pytest.raises(TooMany, match="lift some"):
        quiet(Target("bob"))


def test_lifting_twice_is_lifting_once(cast):
    row = quiet(Target("ada")).row
    person = make_person(Role.MANAGER)

    lifted = quieting.lift(row.quiet_id, by=By(person), now=NOW + HOUR)
    again = quieting.lift(row.quiet_id, by=BOT, now=NOW + 2 * HOUR)

    assert lifted.lifted_at == again.lifted_at == NOW + HOUR
    assert again.lifted_by_name == str(person)
    assert AuditEntry.objects.filter(action="quiet.lifted").count() == 1
    assert told("switches")[-1]["is_on"] is False
    assert len(told("switches")) == len(told("personas")) == 2
    assert list(quieting.past(now=NOW + HOUR)) == [row]


def test_lifting_what_never_was_says_so():
    with pytest.raises(NoSuchQuiet):
        quieting.lift("00000000-0000-4000-8000-000000000000", by=BOT, now=NOW)


def test_those_whose_time_is_over_are_marked_and_told_once(cast):
    due = quiet(Target("ada"), until=NOW + HOUR).row
    quiet(Target("bob"), until=NOW + 2 * HOUR)
    quiet(Target())

    assert quieting.end_due(now=NOW + HOUR) == 1
    assert quieting.end_due(now=NOW + HOUR) == 0

    due.refresh_from_db()
    assert (due.lifted_at, due.lifted_by_name) == (NOW + HOUR, "")
    assert told("personas")[-1] == {"kind": "quiet", "character_id": "ada"}
    assert quieting.lift(due.quiet_id, by=BOT, now=NOW + 2 * HOUR).lifted_by_name == ""


@pytest.mark.parametrize(
    "fields",
    [{"reason": ""}, {"until": NOW}, {"other_id": "same"}, {"character": None}],
)
def test_the_database_refuses_what_must_not_be(cast, fields):
    row = quiet(Target("ada", "bob")).row
    if fields.get("other_id") == "same":
        fields = {"other_id": row.character_id}

    with pytest.raises(IntegrityError), transaction.atomic():
        Quiet.objects.filter(pk=row.pk).update(**fields)


def test_lists_take_as_many_queries_however_long(cast, django_assert_num_queries):
    for number in range(12):
        quiet(Target("ada", "bob", f"c{number}"))

    with django_assert_num_queries(2):
        rows = list(quieting.current(now=NOW))
        names = quieting.channel_names(rows)
        for row in rows:
            quieting.words_of(row, channel_names=names)
