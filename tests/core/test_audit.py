"""What the audit log keeps of an act."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core import audit
from core.models import AuditEntry, User
from core.roles import Role
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db
THING = ("thing", "7", "Seven")


def _record(**given) -> AuditEntry:
    values = {"actor": None, "action": "thing.changed", "obj": THING, "now": NOW}
    audit.record(**{**values, **given})
    return AuditEntry.objects.latest("id")


def test_it_keeps_who_did_what_to_what_and_when():
    ana = make_person(Role.CURATOR, username="ana", first_name="Ana", last_name="Lima")

    entry = _record(actor=ana, note="For the fair.")

    assert entry.actor == ana
    assert (entry.actor_name, entry.role) == ("Ana Lima", "curator")
    assert (entry.object_type, entry.object_id, entry.object_name) == THING
    assert (entry.action, entry.note, entry.at) == (
        "thing.changed",
        "For the fair.",
        NOW,
    )


def test_a_row_is_named_by_its_label():
    person = make_person(username="bo")

    entry = _record(obj=person)

    assert entry.object_type == "core.user"
    assert (entry.object_id, entry.object_name) == (str(person.pk), "bo")


def test_without_a_person_it_was_the_system():
    assert _record().actor_name == "system"
    assert _record(actor_name="bot Harbour").actor_name == "bot Harbour"


@pytest.mark.parametrize(
    ("before", "after", "kept_before", "kept_after"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2}, {"b": 3}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({"a": 1}, {"a": 1, "b": None}, {}, {"b": None}),
        ({"a": 1}, {}, {"a": 1}, {}),
        (None, {"a": 1}, None, {"a": 1}),
        ({"a": 1}, None, {"a": 1}, None),
        (None, None, None, None),
    ],
)
def test_only_what_differs_is_kept(before, after, kept_before, kept_after):
    entry = _record(before=before, after=after)

    assert (entry.before, entry.after) == (kept_before, kept_after)


@pytest.mark.parametrize("name", ["password", "digest", "secret", "token"])
def test_secrets_never_enter(name):
    entry = _record(before={name: "old"}, after={name: "canary", "role": "admin"})

    assert (entry.before, entry.after) == ({}, {"role": "admin"})


def test_text_that_is_too_long_is_cut_rather_than_refused():
    entry = _record(obj=("t" * 100, "i" * 200, "n" * 300), actor_name="s" * 300)

    assert len(entry.object_type) == 64
    assert len(entry.object_id) == 100
    assert len(entry.object_name) == 200
    assert len(entry.actor_name) == 200


def test_a_nul_in_an_address_is_dropped():
    assert _record(obj=("page", "/a\0b", "/a\0b")).object_id == "/ab"


def test_a_person_who_acted_cannot_be_deleted():
    ana = make_person(username="ana")
    _record(actor=ana)

    with pytest.raises(Exception, match="protected"):
        ana.delete()

    assert User.objects.filter(pk=ana.pk).exists()


def test_a_request_leaves_its_address_and_id(settings):
    settings.TRUSTED_PROXIES = 0
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
    request.request_id = "abc-1"

    def view(request):
        _record()
        return HttpResponse()

    audit.remember_request(view)(request)

    inside, outside = AuditEntry.objects.latest("id"), _record()
    assert (inside.ip_address, inside.request_id) == ("203.0.113.7", "abc-1")
    assert (outside.ip_address, outside.request_id) == (None, "")


def test_the_middleware_is_in_place(settings):
    place = settings.MIDDLEWARE.index("core.audit.remember_request")

    assert place > settings.MIDDLEWARE.index("core.middleware.request_id")
