"""The pages about bot keys."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.keys import KeyRefused, create_key, digest_of, public_id_of
from core.models import AuditEntry, BotKey, LiveChange, User
from core.roles import BOT_SCOPES, Role, Scope
from core.scope_texts import TEXTS
from core.services.keys import KeyClosed, rotate_key
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def boss() -> User:
    return make_person(Role.ADMIN, username="boss")


@pytest.fixture
def admin(boss):
    return client_of(boss)


def _key(name="harbour", **given) -> BotKey:
    values = {"scopes": [Scope.PROMPT_READ], "actor": None, "now": timezone.now()}
    return create_key(name=name, **{**values, **given})[0]


def _list(client, **query):
    return client.get(reverse("core:key-list"), query)


def _make(client, **data):
    values = {"name": "harbour", "scopes": ["prompt:read"], "days": "365", "label": ""}
    return client.post(reverse("core:key-create"), {**values, **data})


def test_every_scope_is_put_into_words():
    assert set(TEXTS) == set(Scope)


class TestMaking:
    def test_the_form_offers_what_a_bot_needs(self, admin):
        response = admin.get(reverse("core:key-create"))

        form = response.context["form"]
        assert form.fields["days"].choices[0] == ("365", "in a year")
        assert form["scopes"].value() == [scope.value for scope in BOT_SCOPES]
        assert all(text in response.content.decode() for text in TEXTS.values())

    def test_the_key_is_shown_once_and_stored_nowhere(self, admin, boss):
        made = _make(admin)

        first = admin.get(made.url)
        again = admin.get(made.url)

        text = re.search(r"drm_live_\w+", first.content.decode())[0]
        key = BotKey.objects.get()
        assert public_id_of(text) == key.public_id
        assert key.digest == digest_of(text)
        assert first["Cache-Control"] == "no-store"
        assert again.url == reverse("core:key-list")
        assert text not in str(admin.session.items())
        assert AuditEntry.objects.get(action__startswith="key.").actor == boss

    def test_a_ready_line_tries_it(self, admin):
        text = admin.get(_make(admin).url).content.decode()

        key = re.search(r"drm_live_\w+", text)[0]
        assert (
            f"Authorization: Bearer {key}&quot; http://testserver/api/v1/personas"
            in (text)
        )

    def test_a_key_that_cannot_list_gets_no_such_line(self, admin):
        made = _make(admin, scopes=["metrics:read"])

        assert "curl" not in admin.get(made.url).content.decode()

    def test_all_that_was_chosen_is_kept(self, admin):
        _make(
            admin,
            scopes=["route:decide", "prompt:read"],
            label="staging",
            is_test="on",
            days="30",
        )

        key = BotKey.objects.get()
        assert key.scopes == ["prompt:read", "route:decide"]
        assert (key.label, key.is_test) == ("staging", True)
        left = key.expires_at - timezone.now()
        assert timedelta(days=29, hours=23) < left <= timedelta(days=30)

    def test_it_may_never_expire(self, admin):
        _make(admin, days="never")

        assert BotKey.objects.get().expires_at is None

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"scopes": []}, "scopes"),
            ({"scopes": ["everything"]}, "scopes"),
            ({"label": "Not A Label"}, "label"),
            ({"days": "36500"}, "days"),
        ],
    )
    def test_what_will_not_do_is_said_beside_the_field(self, admin, data, field):
        response = _make(admin, **data)

        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert not BotKey.objects.exists()

    def test_what_only_the_service_refuses_is_said_too(self, admin):
        response = _make(admin, name="bell\u0007")

        assert response.status_code == 422
        assert not BotKey.objects.exists()


class TestList:
    def test_it_shows_what_is_in_use(self, admin):
        now = timezone.now()
        _key("harbour", label="staging", is_test=True)
        _key("old", expires_at=now - DAY, now=now - 2 * DAY)

        text = _list(admin).content.decode()

        assert "harbour" in text
        assert "staging" in text
        assert ">Test<" in text
        assert ">old<" not in text

    def test_it_shows_closed_ones_when_asked(self, admin):
        now = timezone.now()
        _key("harbour")
        _key("ended", expires_at=now - DAY, now=now - 2 * DAY)
        revoked = _key("stolen")
        admin.post(reverse("core:key-revoke", args=[revoked.pk]))

        closed = _list(admin, state="closed").context["page"]
        everything = _list(admin, state="all").context["page"]

        assert [key.name for key in closed] == ["ended", "stolen"]
        assert [key.name for key in everything] == ["ended", "harbour", "stolen"]

    @pytest.mark.parametrize("state", ["", "nonsense"])
    def test_it_finds_by_name_and_public_id(self, admin, state):
        key = _key("harbour")
        _key("tower")

        by_name = _list(admin, q="harb", state=state).context["page"]
        by_id = _list(admin, q=key.public_id[:8], state=state).context["page"]

        assert [found.pk for found in by_name] == [key.pk]
        assert [found.pk for found in by_id] == [key.pk]

    def test_without_any_it_says_so(self, admin):
        assert "No keys yet" in _list(admin).content.decode()
        assert "No such key" in _list(admin, q="x").content.decode()

    def test_the_number_of_queries_is_flat(self, admin, django_assert_num_queries):
        for number in range(60):
            _key(f"bot-{number}")
        _list(admin)

        # Session, person, role; settings: look; count, page.
        with django_assert_num_queries(6):
            _list(admin)

    def test_digests_are_not_shown(self, admin):
        key = _key()

        assert key.digest not in _list(admin).content.decode()


class TestRevoking:
    def test_it_closes_the_key(self, admin, boss):
        key = _key()

        response = admin.post(reverse("core:key-revoke", args=[key.pk]))

        key.refresh_from_db()
        assert response.url == reverse("core:key-list")
        assert key.revoked_at is not None

    def test_looking_does_not(self, admin):
        key = _key()

        assert admin.get(reverse("core:key-revoke", args=[key.pk])).status_code == 405


class TestExchanging:
    def _rotate(self, client, key, **data):
        values = {"hours": "24", "days": "365", **data}
        return client.post(reverse("core:key-rotate", args=[key.pk]), values)

    def test_the_new_one_has_the_rights_of_the_old(self, admin):
        old = _key(scopes=[Scope.OPS_WRITE], label="staging", is_test=True)

        made = self._rotate(admin, old)

        new = BotKey.objects.exclude(pk=old.pk).get()
        assert made.url == reverse("core:key-made", args=[new.pk])
        assert (new.name, new.scopes, new.label, new.is_test) == (
            old.name,
            ["ops:write"],
            "staging",
            True,
        )
        assert "drm_test_" in admin.get(made.url).content.decode()

    @pytest.mark.parametrize(
        ("ends", "overlap", "expected"),
        [
            (None, DAY, NOW + DAY),
            (NOW + HOUR, DAY, NOW + HOUR),
            (NOW + 9 * DAY, DAY, NOW + DAY),
            (None, timedelta(), NOW),
        ],
    )
    def test_the_old_one_ends_after_the_overlap_and_never_later_than_it_would(
        self, boss, ends, overlap, expected
    ):
        old = _key(now=NOW - DAY, expires_at=ends)

        rotate_key(key=old, overlap=overlap, expires_at=None, actor=boss, now=NOW)

        old.refresh_from_db()
        assert old.expires_at == expected

    def test_it_is_audited_and_announced(self, boss):
        old = _key(now=NOW)
        LiveChange.objects.all().delete()

        new, _ = rotate_key(key=old, overlap=DAY, expires_at=None, actor=boss, now=NOW)

        entry = AuditEntry.objects.get(action="key.rotated")
        assert entry.note == f"Replaced by {new.public_id}."
        assert entry.before == {"expires_at": None}
        announced = LiveChange.objects.filter(stream="keys").values_list(
            "key", flat=True
        )
        assert set(announced) == {str(old.pk), str(new.pk)}

    def test_a_closed_key_cannot_be_exchanged(self, admin, boss):
        old = _key()
        admin.post(reverse("core:key-revoke", args=[old.pk]))

        response = self._rotate(admin, old)

        assert response.status_code == 422
        assert "make a new key instead" in response.content.decode()
        with pytest.raises(KeyClosed):
            rotate_key(
                key=old, overlap=DAY, expires_at=None, actor=boss, now=timezone.now()
            )

    def test_a_new_key_that_would_be_over_is_refused_and_the_old_stays(self, boss):
        old = _key(now=NOW)

        with pytest.raises(KeyRefused):
            rotate_key(key=old, overlap=DAY, expires_at=NOW, actor=boss, now=NOW)

        old.refresh_from_db()
        assert old.expires_at is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR, Role.MANAGER])
@pytest.mark.parametrize("name", ["key-list", "key-create"])
def test_others_are_refused(role, name):
    assert client_as(role).get(reverse(f"core:{name}")).status_code == 403
