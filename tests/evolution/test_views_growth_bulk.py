"""The same decision about several stages: asked, carried out, told of each."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.roles import Role
from evolution.models import Crossing
from tests.clients import client_as, client_of
from tests.evolution.growing import WARM, count, make_live, stage_at, work
from tests.factories import make_person

pytestmark = pytest.mark.django_db

BULK = reverse("evolution:stage-bulk")
RESULT = reverse("evolution:stage-bulk-result")
LIST = reverse("evolution:growth-list")


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


@pytest.fixture
def three():
    """Stages of three characters that wait."""
    found = []
    for character_id in ("ada", "bea", "cleo"):
        character = make_live(character_id, stages=[WARM])
        count(character, 50)
        found.append(stage_at(character, 50))
    return found


def pks(crossings):
    return [str(crossing.pk) for crossing in crossings]


def states():
    rows = Crossing.objects.order_by("pk")
    return list(rows.values_list("status", "wants"))


def test_it_asks_first(manager, three):
    response = manager.post(BULK, {"do": "approve", "stages": pks(three)})

    text = response.content.decode()
    assert "Approve 3 growth stages?" in text
    assert "Ada at 50: Warms up" in text
    assert states() == [("waiting", "")] * 3


def test_then_each_is_approved_and_goes_live(manager, three):
    response = manager.post(
        BULK, {"do": "approve", "stages": pks(three[:2]), "sure": "yes"}
    )

    assert response["Location"] == RESULT
    assert states() == [("waiting", "apply")] * 2 + [("waiting", "")]
    assert work() == 2
    result = manager.get(RESULT)
    assert "2 growth stages approved" in result.content.decode()
    assert [line.state.text for line in result.context["done"]] == ["Live", "Live"]


def test_those_that_cannot_be_are_left_alone_and_named(manager, three):
    Crossing.objects.filter(pk=three[0].pk).update(status="rejected")

    asked = manager.post(BULK, {"do": "reject", "stages": pks(three)})

    assert asked.context["going"] == 2
    assert "It is rejected already." in asked.content.decode()


def test_what_changes_between_asking_and_doing_is_told(manager, three):
    Crossing.objects.filter(pk=three[0].pk).update(status="postponed")

    manager.post(BULK, {"do": "postpone", "stages": pks(three), "sure": "yes"})

    text = manager.get(RESULT).content.decode()
    assert "2 growth stages postponed" in text
    assert "Left alone" in text
    assert "It is postponed already." in text


def test_rejecting_needs_a_reason(manager, three):
    data = {"do": "reject", "stages": pks(three), "sure": "yes"}

    refused = manager.post(BULK, {**data, "reason": " "})

    assert refused.status_code == 422
    assert states() == [("waiting", "")] * 3
    manager.post(BULK, {**data, "reason": "Too soon."})
    assert states() == [("rejected", "")] * 3
    assert set(Crossing.objects.values_list("reason", flat=True)) == {"Too soon."}


def test_a_reason_that_is_too_long_decides_nothing(manager, three):
    data = {"do": "postpone", "stages": pks(three), "sure": "yes"}

    response = manager.post(BULK, {**data, "reason": "x" * 2_001})

    assert response.status_code == 422
    assert states() == [("waiting", "")] * 3


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"do": "revert"},
        {"do": "approve"},
        {"do": "approve", "stages": ["x", "-1", "9" * 30, "0"], "sure": "yes"},
    ],
)
def test_nonsense_leads_back(manager, three, data):
    response = manager.post(BULK, data)

    assert response["Location"] == LIST
    assert states() == [("waiting", "")] * 3


def test_without_a_decision_there_is_no_result(manager):
    assert manager.get(RESULT)["Location"] == LIST


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
def test_others_may_not(role, three):
    client = client_as(role)

    response = client.post(BULK, {"do": "approve", "stages": pks(three), "sure": "yes"})

    assert response.status_code == 403
    assert client.get(RESULT).status_code == 403
    assert states() == [("waiting", "")] * 3


def test_the_list_has_the_bar_only_where_something_waits(manager):
    make_live("ada")
    assert 'id="growth-bulk"' not in manager.get(LIST).content.decode()

    count(make_live("bea"), 50)

    assert 'id="growth-bulk"' in manager.get(LIST).content.decode()


def test_query_count_is_flat(manager, three, django_assert_num_queries):
    def asked(stages):
        return manager.post(BULK, {"do": "approve", "stages": pks(stages)})

    asked(three)
    with CaptureQueriesContext(connection) as few:
        asked(three[:1])
    with django_assert_num_queries(len(few)):
        asked(three)
