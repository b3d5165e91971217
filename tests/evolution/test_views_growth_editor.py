"""The pane of the editor that tells what each growth stage changes."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from evolution.services import stages
from personas.models import Framework
from tests.clients import client_as, client_of
from tests.evolution.growing import WARM, count, make_live, stage, stage_at, work
from tests.factories import make_character, make_person
from tests.personas.counting import queries
from tests.personas.test_editor import address, fill
from tests.personas.test_views_characters import edit

pytestmark = pytest.mark.django_db

URL = reverse("evolution:growth-editor", args=["ada"])


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


def shown(client, **query):
    return client.get(URL, query).context


def test_each_stage_tells_what_it_adds_to_those_before(curator):
    make_character(
        evolution_stages=[
            stage(50, "Warms up", tone="warmer"),
            stage(100, "Cools down", tone="cooler"),
        ]
    )

    first, second = shown(curator)["stages"]

    texts = ["".join(run.text for run in s.changes[0].runs) for s in (first, second)]
    assert "warmer" in texts[0]
    assert "cooler" not in texts[0]
    assert [run.text for run in second.changes[0].runs if run.is_removed] == ["warmer"]


def test_stages_are_told_by_milestone_however_they_stand(curator):
    make_character(evolution_stages=[stage(100), stage(50)])

    assert [s.stage.milestone for s in shown(curator)["stages"]] == [50, 100]


def test_below_the_count_a_new_one_will_be_offered(curator):
    count(make_live(stages=[WARM]), 80)
    edit(evolution_stages=[WARM, stage(70, "Dares"), stage(90, "Leads")])

    found = {s.stage.milestone: s.state.text for s in shown(curator)["stages"]}

    assert found == {50: "Waiting", 70: "Will be offered", 90: "Ahead"}
    assert "The count is past it" in curator.get(URL).content.decode()


def test_what_was_reached_stays_as_it_was(curator):
    count(make_live(stages=[WARM]), 50)
    edit(evolution_stages=[stage(50, "Warms up", tone="colder")])

    [found] = shown(curator)["stages"]

    assert found.is_edited
    assert "It was reached as it was then" in curator.get(URL).content.decode()


def test_prompts_before_and_after_the_stage_asked_for(curator):
    make_character(
        evolution_stages=[
            stage(50, "Warms up", tone="warmer"),
            stage(100, "Hums", new_quirks=["hums"]),
        ]
    )

    first = shown(curator)["comparison"]
    second = shown(curator, stage="100")["comparison"]

    assert "warmer" not in first.before.text
    assert "warmer" in first.after.text
    assert "hums" not in first.after.text
    assert "warmer" in second.before.text
    assert "hums" in second.after.text


@pytest.mark.parametrize("asked", ["7", "x", "-1", ""])
def test_a_stage_that_is_not_there_means_the_first(curator, asked):
    make_character(evolution_stages=[WARM])

    assert shown(curator, stage=asked)["asked"].milestone == 50


def test_what_is_typed_counts_and_is_not_saved(curator):
    character = make_character(evolution_stages=[WARM])
    data = fill(curator, address(character), description="Sells tea by the pier.")

    response = curator.post(URL, data)

    assert "tea by the pier" in response.context["comparison"].before.text
    assert b"<html" not in response.content
    character.refresh_from_db()
    assert character.description == ""


def test_a_stage_that_does_not_fit_says_why(curator):
    bad = {"milestone": 50, "changes": {"behavior": {"reactions": {"chance": "x"}}}}
    make_character(evolution_stages=[bad])

    [found] = shown(curator)["stages"]

    assert "cannot change the behavior" in found.problem


def test_without_stages_it_says_how_to_begin(curator):
    make_character()

    assert "No stages yet." in curator.get(URL).content.decode()


def test_a_framework_that_was_never_published_gives_no_prompt(curator):
    make_character(evolution_stages=[WARM])
    Framework.objects.update(published=None)

    assert "never published" in curator.get(URL).content.decode()


def test_live_stages_lead_to_their_page(curator):
    character = make_live(stages=[WARM])
    count(character, 50)
    crossing = stage_at(character, 50)
    mia = make_person(Role.MANAGER)
    stages.approve(stage_id=crossing.pk, actor=mia, now=timezone.now())
    work()

    [found] = shown(curator)["stages"]

    assert found.state.text == "Live"
    assert found.url == reverse("evolution:stage-detail", args=[crossing.pk])


def test_the_editor_has_the_pane_and_viewers_may_look():
    make_character(evolution_stages=[WARM])
    viewer = client_of(make_person(Role.VIEWER))

    text = viewer.get(reverse("personas:character-edit", args=["ada"])).content.decode()

    assert f'data-src="{URL}"' in text
    assert viewer.get(URL).status_code == 200


def test_query_count_does_not_grow_with_stages(curator):
    make_character(evolution_stages=[WARM])
    few = queries(curator, URL)

    edit(evolution_stages=[stage(at, tone="new") for at in range(10, 200, 10)])

    assert queries(curator, URL) == few
