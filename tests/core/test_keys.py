"""Making, checking and revoking bot keys."""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.keys import (
    USABLE_SECONDS,
    BotPrincipal,
    KeyRefused,
    KeyRing,
    LastUses,
    create_key,
    digest_of,
    public_id_of,
    revoke_key,
)
from core.live.watcher import Watcher
from core.models import AuditEntry, BotKey, LiveChange
from core.roles import Role, Scope
from tests.factories import make_person

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make_key(**fields):
    values = {"name": "bot", "scopes": [Scope.PROMPT_READ], "actor": None, "now": NOW}
    return create_key(**{**values, **fields})


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def ring():
    """A ring with a watcher of its own, which looks whenever it is asked."""
    return KeyRing(live=Watcher())


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [{"scopes": []}, {"name": ""}])
def test_key_without_scopes_or_name_is_refused_by_the_database(bad):
    key, _ = make_key()

    with pytest.raises(IntegrityError), transaction.atomic():
        BotKey.objects.filter(pk=key.pk).update(**bad)


# -- Text --------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("is_test", "kind"), [(False, "live"), (True, "test")])
def test_key_text_has_its_parts(is_test, kind):
    key, text = make_key(is_test=is_test)

    pattern = rf"drm_{kind}_{key.public_id}_[0-9A-Za-z]{{43}}_[0-9a-f]{{8}}"
    assert re.fullmatch(pattern, text)
    assert public_id_of(text) == key.public_id


@pytest.mark.django_db
def test_only_the_digest_is_stored():
    key, text = make_key()

    secret = text.split("_")[3]
    stored = str(BotKey.objects.values().get(pk=key.pk))
    assert key.digest == digest_of(text)
    assert secret not in stored
    assert secret not in str(list(AuditEntry.objects.values()))
    assert secret not in str(list(LiveChange.objects.values()))


@pytest.mark.django_db
def test_keys_do_not_repeat():
    texts = {make_key()[1] for _ in range(50)}

    assert len({text.split("_")[3] for text in texts}) == 50


@pytest.mark.django_db
def test_one_mistyped_character_is_noticed():
    _, text = make_key()

    for place in range(len("drm_live_"), len(text)):
        other = "x" if text[place] != "x" else "y"
        assert public_id_of(text[:place] + other + text[place + 1 :]) is None


@given(st.text(max_size=120))
def test_other_text_is_no_key(text):
    assert public_id_of(text) is None
    assert public_id_of(f"drm_live_{text}") is None


# -- Making ------------------------------------------------------------------------


@pytest.mark.django_db
def test_create_key_keeps_what_was_asked_for():
    person = make_person(Role.ADMIN)
    expires_at = NOW + timedelta(days=30)

    key, _ = make_key(
        name="  Discord bot ",
        scopes=["route:decide", "prompt:read", "route:decide"],
        label="staging",
        expires_at=expires_at,
        actor=person,
    )

    key.refresh_from_db()
    assert key.name == "Discord bot"
    assert key.scopes == ["prompt:read", "route:decide"]
    assert (key.label, key.expires_at, key.created_by) == (
        "staging",
        expires_at,
        person,
    )
    assert (key.created_at, key.last_used_at, key.revoked_at) == (NOW, None, None)


@pytest.mark.django_db
def test_create_key_is_audited():
    person = make_person(Role.ADMIN)

    key, _ = make_key(actor=person)

    entry = AuditEntry.objects.get(action="key.create")
    assert (entry.actor, entry.object_id) == (person, str(key.pk))
    assert entry.after["scopes"] == ["prompt:read"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "1 to 100"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"name": "two\nlines"}, "printable"),
        ({"scopes": []}, "at least one scope"),
        ({"scopes": ["prompt:read", "everything"]}, "no scope everything"),
        ({"label": "Not A Label"}, "lower-case"),
        ({"label": "x" * 65}, "at most 64"),
        ({"expires_at": NOW}, "in the future"),
    ],
)
def test_create_key_refuses(fields, words):
    with pytest.raises(KeyRefused, match=words):
        make_key(**fields)

    assert not BotKey.objects.exists()


# -- Checking ----------------------------------------------------------------------


@pytest.mark.django_db
def test_find_tells_whose_key_it_is(ring):
    key, text = make_key(label="staging", is_test=True)

    assert ring.find(text, now=NOW) == BotPrincipal(
        key_id=key.pk,
        name="bot",
        scopes=frozenset({Scope.PROMPT_READ}),
        label="staging",
        is_test=True,
        expires_at=None,
        public_id=key.public_id,
        bot_id=key.pk,
    )


@pytest.mark.django_db
def test_find_knows_no_other_key(ring):
    _, text = make_key()
    BotKey.objects.all().delete()
    make_key()

    assert ring.find(text, now=NOW) is None


@pytest.mark.django_db
def test_find_of_a_revoked_key_is_nothing(ring):
    key, text = make_key()
    assert ring.find(text, now=NOW)

    revoke_key(key=key, actor=None, now=NOW)

    assert ring.find(text, now=NOW) is None


@pytest.mark.django_db
def test_find_judges_expiry_on_use(ring):
    _, text = make_key(expires_at=NOW + timedelta(hours=1))

    assert ring.find(text, now=NOW + timedelta(minutes=59))
    assert ring.find(text, now=NOW + timedelta(hours=1)) is None


@pytest.mark.django_db
def test_find_drops_scopes_it_does_not_know(ring):
    key, text = make_key()
    BotKey.objects.filter(pk=key.pk).update(scopes=["prompt:read", "from:later"])

    assert ring.find(text, now=NOW).scopes == {Scope.PROMPT_READ}


@pytest.mark.django_db
def test_find_of_malformed_text_asks_nobody(ring, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ring.find("drm_live_nonsense", now=NOW) is None


@pytest.mark.django_db(transaction=True)
def test_find_asks_no_database_while_the_watcher_runs(django_assert_num_queries):
    live = Watcher()
    ring = KeyRing(live=live)
    _, text = make_key()
    live.start()
    try:
        while live.seconds_behind() is None:
            threading.Event().wait(0.01)

        with django_assert_num_queries(0):
            assert ring.find(text, now=NOW)
    finally:
        live.stop()


class Unreachable(Watcher):
    """A watcher that stops seeing the database when told so."""

    is_down = False

    def ensure_fresh(self, stream):
        return False if self.is_down else super().ensure_fresh(stream)


@pytest.mark.django_db
def test_keys_known_last_open_for_an_hour_without_the_database(monkeypatch):
    clock, live = Clock(), Unreachable()
    ring = KeyRing(live=live, clock=clock)
    _, text = make_key()
    assert ring.find(text, now=NOW)
    live.is_down = True

    def fail(*_):
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", fail)
    clock.now = USABLE_SECONDS - 1
    assert ring.find(text, now=NOW)
    clock.now = USABLE_SECONDS
    with pytest.raises(OperationalError):
        ring.find(text, now=NOW)


@pytest.mark.django_db
def test_keys_never_read_are_read_although_the_watcher_sees_nothing():
    live = Unreachable()
    live.is_down = True
    ring = KeyRing(live=live)
    _, text = make_key()

    assert ring.find(text, now=NOW)


# -- Revoking ----------------------------------------------------------------------


@pytest.mark.django_db
def test_revoke_key_is_audited_and_announced_once():
    key, _ = make_key()

    revoke_key(key=key, actor=None, now=NOW)
    revoke_key(key=key, actor=None, now=NOW + timedelta(hours=1))

    key.refresh_from_db()
    assert key.revoked_at == NOW
    assert AuditEntry.objects.filter(action="key.revoke").count() == 1
    changes = LiveChange.objects.filter(stream="keys", key=str(key.pk)).order_by("pk")
    assert [change.op for change in changes] == [{"revoked": False}, {"revoked": True}]


# -- Last use ----------------------------------------------------------------------


def principal_of(key):
    return BotPrincipal(
        key_id=key.pk,
        name=key.name,
        scopes=frozenset(),
        label="",
        is_test=False,
        expires_at=None,
        public_id=key.public_id,
    )


@pytest.mark.django_db
def test_last_use_is_written_once_a_minute(django_assert_num_queries):
    key, _ = make_key()
    uses, principal = LastUses(), principal_of(key)

    uses.note(principal, now=NOW)
    uses.write()
    with django_assert_num_queries(0):
        uses.note(principal, now=NOW + timedelta(seconds=59))
        uses.write()
    key.refresh_from_db()
    assert key.last_used_at == NOW

    later = NOW + timedelta(seconds=60)
    uses.note(principal, now=later)
    uses.write()
    key.refresh_from_db()
    assert key.last_used_at == later


@pytest.mark.django_db
def test_last_use_of_another_process_is_not_overwritten_within_the_minute():
    key, _ = make_key()
    one, other = LastUses(), LastUses()

    one.note(principal_of(key), now=NOW + timedelta(seconds=30))
    one.write()
    other.note(principal_of(key), now=NOW + timedelta(seconds=40))
    other.write()

    key.refresh_from_db()
    assert key.last_used_at == NOW + timedelta(seconds=30)


@pytest.mark.django_db
def test_last_use_that_cannot_be_written_fails_nobody(monkeypatch):
    key, _ = make_key()
    uses = LastUses()
    uses.note(principal_of(key), now=NOW)

    def fail(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(connection, "cursor", fail)
    uses.write()

    assert not uses.is_waiting
