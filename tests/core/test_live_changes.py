from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError

from core.live import changes as live
from core.live import streams
from core.live.changes import Gone, announce, announce_all, current_head, read_since
from core.live.numbering import make_stream, number
from core.models import LiveChange, LiveStream
from core.roles import Action

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STREAM = "settings"


def tell(*keys: str, now: datetime = NOW) -> None:
    with transaction.atomic():
        announce_all(
            stream=STREAM, changes=[(key, {"name": key}) for key in keys], now=now
        )


def numbers() -> list[tuple[int | None, str]]:
    return list(LiveChange.objects.order_by("pk").values_list("seq", "key"))


@pytest.mark.django_db
def test_a_change_has_no_number_before_commit(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        announce(stream=STREAM, key="a", op={"name": "a"}, now=NOW)

        assert numbers() == [(None, "a")]
        assert current_head(STREAM) == 0

    assert numbers() == [(1, "a")]
    assert current_head(STREAM) == 1


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_never_told():
    with transaction.atomic():
        announce(stream=STREAM, key="a", op={}, now=NOW)
        transaction.set_rollback(True)
    tell("b")

    assert numbers() == [(1, "b")]


@pytest.mark.django_db(transaction=True)
def test_a_failure_to_tell_does_not_fail_the_write(monkeypatch, caplog):
    def number_not(stream: str) -> int:
        raise IntegrityError

    monkeypatch.setattr(live, "number", number_not)

    tell("a")

    assert numbers() == [(None, "a")]
    assert "on_commit" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_announcing_outside_a_transaction_raises():
    with pytest.raises(TransactionManagementError, match="transaction"):
        announce(stream=STREAM, key="a", op={}, now=NOW)


@pytest.mark.django_db
def test_announcing_to_an_unknown_stream_raises():
    with pytest.raises(streams.UnknownStream, match="nowhere"):
        announce(stream="nowhere", key="a", op={}, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 101])
def test_announcing_an_unusable_key_raises(key):
    with pytest.raises(ValueError, match="1 to 100"):
        announce(stream=STREAM, key=key, op={}, now=NOW)


@pytest.mark.django_db
def test_many_changes_cost_the_same_queries(django_assert_num_queries):
    make_stream(STREAM)

    # stream, changes
    with django_assert_num_queries(2):
        announce_all(stream=STREAM, changes=[(str(n), {}) for n in range(50)], now=NOW)


@pytest.mark.django_db
def test_numbers_follow_commits_not_ids():
    make_stream(STREAM)
    for pk in (20, 10):
        LiveChange.objects.create(
            pk=pk, stream_id=STREAM, key=str(pk), op={}, created_at=NOW
        )
        number(STREAM)

    assert numbers() == [(2, "10"), (1, "20")]


@pytest.mark.django_db
def test_what_is_numbered_together_keeps_its_order():
    tell(*"abc")
    tell("d")

    assert number(STREAM) == 4
    assert numbers() == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


@pytest.mark.django_db(transaction=True)
def test_numbering_inside_a_transaction_raises():
    make_stream(STREAM)
    LiveChange.objects.create(stream_id=STREAM, key="a", op={}, created_at=NOW)

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        number(STREAM)


@pytest.mark.django_db
def test_reading_gives_what_came_after():
    tell(*"abcd")
    number(STREAM)

    page = read_since(stream=STREAM, since=1, limit=2)

    assert [(c.seq, c.key, c.op) for c in page.changes] == [
        (2, "b", {"name": "b"}),
        (3, "c", {"name": "c"}),
    ]
    assert page.head == 4
    assert read_since(stream=STREAM, since=4, limit=2).changes == []


@pytest.mark.django_db
def test_reading_a_stream_without_changes_gives_none():
    assert read_since(stream=STREAM, since=0, limit=2) == live.Page([], head=0)
    assert current_head(STREAM) == 0


@pytest.mark.django_db
def test_reading_from_the_future_says_epoch():
    tell("a")
    number(STREAM)

    with pytest.raises(Gone) as gone:
        read_since(stream=STREAM, since=2, limit=2)

    assert gone.value.reason == "epoch"


@pytest.mark.django_db
def test_pruning_keeps_the_newest(monkeypatch):
    monkeypatch.setattr(live, "KEPT_ROWS", 2)
    tell(*"abcd")
    number(STREAM)

    dropped = live.prune(now=NOW)

    assert dropped == 2
    assert numbers() == [(3, "c"), (4, "d")]
    assert live.prune(now=NOW) == 0
    with pytest.raises(Gone) as gone:
        read_since(stream=STREAM, since=1, limit=9)
    assert gone.value.reason == "gap"
    assert len(read_since(stream=STREAM, since=2, limit=9).changes) == 2


@pytest.mark.django_db
def test_pruning_drops_the_old_but_not_the_unnumbered():
    tell("old", now=NOW - timedelta(days=8))
    number(STREAM)
    tell("young", now=NOW - timedelta(days=6))
    number(STREAM)
    tell("unnumbered", now=NOW - timedelta(days=8))

    live.prune(now=NOW)

    assert numbers() == [(2, "young"), (None, "unnumbered")]


@pytest.mark.django_db
def test_numbers_go_on_after_everything_was_pruned():
    tell(*"ab")
    number(STREAM)
    live.prune(now=NOW + timedelta(days=30))
    tell("c")

    assert number(STREAM) == 3
    assert numbers() == [(3, "c")]


@pytest.mark.django_db
def test_rows_pruned_while_reading_are_missed_loudly():
    tell(*"abc")
    number(STREAM)
    LiveChange.objects.filter(seq__lte=2).delete()

    with pytest.raises(Gone):
        read_since(stream=STREAM, since=0, limit=9)


@pytest.mark.django_db
def test_a_number_is_given_once():
    tell(*"ab")
    number(STREAM)

    with pytest.raises(IntegrityError), transaction.atomic():
        LiveChange.objects.update(seq=1)


@pytest.mark.django_db
def test_a_floor_above_the_head_is_refused():
    make_stream(STREAM)

    with pytest.raises(IntegrityError), transaction.atomic():
        LiveStream.objects.update(floor=F("head") + 1)


@pytest.mark.django_db
def test_making_a_stream_twice_keeps_its_numbers():
    tell("a")
    number(STREAM)

    make_stream(STREAM)

    assert current_head(STREAM) == 1


def test_registering_again_changes_nothing():
    streams.register(streams.KEYS)

    assert streams.stream_named("keys").action is None


def test_registering_another_stream_of_that_name_raises():
    with pytest.raises(ValueError, match="another"):
        streams.register(streams.Stream("keys", Action.SEE))


@pytest.mark.parametrize("name", ["", "Rooms", "rooms2", "räume", "a" * 33])
def test_registering_an_unusable_name_raises(name):
    with pytest.raises(ValueError, match="letters"):
        streams.register(streams.Stream(name, None))


def test_people_follow_public_streams_only():
    names = {s.name for s in streams.public_streams()}

    assert "personas" in names
    assert not names & {"keys", "people", "settings"}


@pytest.mark.django_db
def test_foreign_keys_hold(django_db_blocker):
    tell("a")

    connection.check_constraints()
