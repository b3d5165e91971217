"""``GET personas/{character_id}/evolution`` and deciding over REST."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import keys
from core.roles import Role, Scope
from evolution.models import Crossing, Progress
from tests.clients import client_as
from tests.evolution.growing_cases import act, apply_all, crossing, make_grower
from tests.factories import NOW, make_character, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return client_as(Role.MANAGER)


def get(client, character_id="ada", **headers):
    return client.get(reverse("api-evolution", args=[character_id]), headers=headers)


def post(client, act_name, stage_id, body=None):
    url = reverse(f"api-stage-{act_name}", args=[stage_id])
    return client.post(url, body or {}, content_type="application/json")


def test_the_whole_answer(manager):
    make_grower(mode="auto")
    act("ada", 50, kind="banter")
    apply_all()

    body = get(manager).json()

    assert (body["count"], body["mode"]) == (50, "auto")
    assert body["traits"] == {
        "warmth": 0.15,
        "confidence": 0.0,
        "playfulness": 0.3,
        "patience": 0.0,
    }
    assert body["next"] == {"milestone": 100, "remaining": 50}
    passed, ahead = body["stages"]
    assert passed == {
        "stage_id": crossing(50).pk,
        "milestone": 50,
        "title": "Warms up",
        "description": "",
        "status": "applied",
        "wants": None,
        "failure": None,
        "flagged": False,
        "reached_at": "2026-11-01T00:00:00Z",
        "version": 2,
        "changes": passed["changes"],
    }
    assert passed["changes"]["personality"]["tone"] == "warm"
    assert (ahead["stage_id"], ahead["status"], ahead["reached_at"]) == (
        None,
        "ahead",
        None,
    )
    assert ahead["changes"]["knowledge"] == {"add_interests": ["sea"]}


def test_somebody_who_never_acted_and_is_not_live_has_nothing_but_marks(manager):
    make_character("ada")

    body = get(manager).json()

    assert (body["count"], body["mode"], body["stages"]) == (0, "approve", [])
    assert body["next"] == {"milestone": 50, "remaining": 50}


def test_beyond_the_last_milestone_nothing_is_next(manager):
    make_grower()
    Progress.objects.update(count=5_000)

    assert get(manager).json()["next"] is None


@pytest.mark.parametrize("character_id", ["nobody", "a" * 300, "\u0000", "Ada"])
def test_an_unknown_character_is_a_problem(manager, character_id):
    response = get(manager, character_id)

    assert response.status_code == 404
    assert response.json()["code"] == "unknown_character"


def test_unknown_parameters_are_refused(manager):
    make_grower()

    url = reverse("api-evolution", args=["ada"])

    assert manager.get(f"{url}?stage=1").status_code == 400


def test_a_bot_may_look_but_not_decide():
    make_grower()
    act("ada", 50)
    _, text = keys.create_key(name="Bot", scopes=list(Scope), actor=None, now=NOW)
    bot = Client(headers={"Authorization": f"Bearer {text}"})

    assert get(bot).status_code == 200
    response = post(bot, "approve", crossing(50).pk)
    assert (response.status_code, response.json()["code"]) == (403, "people_only")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
def test_deciding_needs_a_manager(role):
    make_grower()
    act("ada", 50)

    response = post(client_as(role), "approve", crossing(50).pk)

    assert (response.status_code, response.json()["code"]) == (403, "role_too_low")
    assert crossing(50).status == "waiting"


def test_deciding_needs_the_csrf_token():
    make_grower()
    act("ada", 50)
    person = make_person(Role.MANAGER)
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)

    assert post(client, "approve", crossing(50).pk).status_code == 403
    assert crossing(50).wants == ""


@pytest.mark.parametrize(
    ("before", "act_name", "status", "wants"),
    [
        ("waiting", "approve", "waiting", "apply"),
        ("waiting", "postpone", "postponed", None),
        ("offered", "reject", "rejected", None),
        ("applied", "revert", "applied", "revert"),
    ],
)
def test_a_decision_answers_with_the_stage(manager, before, act_name, status, wants):
    make_grower()
    act("ada", 50)
    Crossing.objects.update(status=before)

    response = post(manager, act_name, crossing(50).pk, {"reason": "Because."})

    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["wants"]) == (status, wants)
    assert body == get(manager).json()["stages"][0]
    assert crossing(50).reason == "Because."


@pytest.mark.parametrize("act_name", ["approve", "postpone", "reject", "revert"])
@pytest.mark.parametrize("stage_id", ["0", "77", "x", "-1", "9" * 40])
def test_an_unknown_stage_is_a_problem(manager, act_name, stage_id):
    response = post(manager, act_name, stage_id)

    assert (response.status_code, response.json()["code"]) == (404, "unknown_stage")


def test_what_cannot_be_decided_conflicts(manager):
    make_grower()
    act("ada", 50)

    response = post(manager, "revert", crossing(50).pk)

    assert (response.status_code, response.json()["code"]) == (409, "wrong_state")
    assert "never live" in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"reason": 1}, 422), ({"because": "x"}, 422), ({"reason": "x" * 9_000}, 422)],
)
def test_a_body_that_makes_no_sense_is_refused(manager, body, status):
    make_grower()
    act("ada", 50)

    assert post(manager, "approve", crossing(50).pk, body).status_code == status
    assert crossing(50).wants == ""


def test_the_answer_takes_as_many_queries_for_many_stages(
    manager,
):
    stages = [{"milestone": 10 * n} for n in range(1, 41)]
    make_grower(evolution_stages=stages)
    Progress.objects.update(count=0)
    act("ada", 100)
    Crossing.objects.update(status="applied")
    get(manager)

    with CaptureQueriesContext(connection) as captured:
        get(manager)

    tables = [q["sql"] for q in captured if "evolution_" in q["sql"]]
    assert len(tables) == 2
    assert len(captured) <= 10


def test_the_description_tells_of_the_calls(manager):
    text = manager.get(reverse("api-schema")).content.decode()

    for path in (
        "/personas/{character_id}/evolution",
        "/evolution/{stage_id}/approve",
        "/evolution/{stage_id}/postpone",
        "/evolution/{stage_id}/reject",
        "/evolution/{stage_id}/revert",
    ):
        assert path in text
