"""The pages of traits that drift, and the settings of growth."""

from dataclasses import replace

import pytest
from django.urls import reverse

from core import policy
from core.models import AuditEntry, PolicySetting
from core.roles import Role
from evolution.domain.drifting import DEFAULT_TRAITS, TraitSpec
from evolution.policy import (
    PERSONA_EVOLUTION_MILESTONES,
    PERSONA_EVOLUTION_MODE,
    PERSONA_TRAITS,
)
from evolution.services import traits
from evolution.services.traits import EditedMeanwhile, NoSuchTable
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


def page(client, name, *args):
    return client.get(reverse(f"evolution:trait-{name}", args=args))


def send(client, name, *args, **data):
    return client.post(reverse(f"evolution:trait-{name}", args=args), data)


def controls(spec: TraitSpec, *, started: str, **changes: str) -> dict[str, str]:
    """What a browser sends of the form."""
    data = {"started": started, "title": spec.title, "steps": "", "words": ""}
    for at, row in enumerate(spec.steps):
        data |= {f"steps.{at}.kind": row.kind, f"steps.{at}.step": str(row.step)}
    for at, words in enumerate(spec.words):
        data |= {f"words.{at}.at": str(words.at), f"words.{at}.words": words.words}
    return data | changes


def table() -> tuple[TraitSpec, ...]:
    return traits.current().table


def test_the_list_shows_steps_and_words(manager):
    text = page(manager, "list").content.decode()

    assert "Playfulness" in text
    assert "+0.006" in text
    assert "0.2 or more" in text
    assert "-0.5 or less" in text
    assert "{{char}} has grown a little warmer" in text


def test_the_list_says_when_growth_is_off(manager, mia):
    policy.set_value(name="PERSONA_EVOLUTION_ENABLED", value=False, actor=mia, now=NOW)

    assert "Growth is off" in page(manager, "list").content.decode()


def test_without_traits_the_list_offers_to_add_one(manager, mia):
    policy.set_value(name=PERSONA_TRAITS, value=(), actor=mia, now=NOW)

    text = page(manager, "list").content.decode()

    assert "No traits" in text
    assert "Add the first" in text


def test_a_viewer_sees_and_cannot_edit():
    viewer = client_as(Role.VIEWER)

    assert page(viewer, "list").status_code == 200
    assert "New trait" not in page(viewer, "list").content.decode()
    assert page(viewer, "history").status_code == 200
    assert page(viewer, "create").status_code == 403
    assert page(viewer, "edit", "warmth").status_code == 403
    assert send(viewer, "remove", "warmth").status_code == 403
    assert send(viewer, "put-back").status_code == 403


def test_a_trait_is_edited_and_audited(manager, mia):
    spec = DEFAULT_TRAITS[0]
    data = controls(spec, started=traits.started_from(spec), title="Heart")

    response = send(manager, "edit", "warmth", **data)

    assert response.status_code == 302
    assert table()[0].title == "Heart"
    assert table()[0].steps == spec.steps
    assert table()[0].words == spec.words
    assert table()[1:] == DEFAULT_TRAITS[1:]
    entry = AuditEntry.objects.get(action="setting.changed")
    assert entry.actor == mia


def test_the_form_shows_what_is_there(manager):
    text = page(manager, "edit", "warmth").content.decode()

    assert 'value="compliment"' in text
    assert "openly warm" in text


def test_a_trait_is_added_at_the_end(manager):
    spec = TraitSpec.model_validate(
        {"trait": "calm", "title": "Calm", "steps": [{"kind": "answer", "step": 0.01}]}
    )

    response = send(
        manager, "create", **controls(spec, started=traits.NEW), trait="calm"
    )

    assert response.status_code == 302
    assert table()[-1] == spec


def test_an_id_that_is_taken_is_refused(manager):
    data = controls(TraitSpec(trait="x"), started=traits.NEW)

    response = send(manager, "create", **data, trait="warmth")

    assert response.status_code == 422
    assert "a trait with this id already" in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps.0.step": "0.5"}, "0.1"),
        ({"steps.1.kind": "agreement"}, "each kind one step"),
        ({"words.0.at": "0"}, "other than 0"),
    ],
)
def test_what_will_not_do_is_said_and_nothing_is_saved(manager, changes, words):
    spec = DEFAULT_TRAITS[0]
    data = controls(spec, started=traits.started_from(spec), **changes)

    response = send(manager, "edit", "warmth", **data)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not PolicySetting.objects.exists()


def test_what_somebody_else_did_meanwhile_is_shown_and_nothing_is_lost(manager):
    spec = DEFAULT_TRAITS[0]
    data = controls(spec, started=traits.started_from(spec), title="Mine")
    theirs = spec.model_copy(update={"title": "Theirs"})
    traits.save(theirs, started=traits.started_from(spec), actor=None, now=NOW)

    response = send(manager, "edit", "warmth", **data)

    text = response.content.decode()
    assert response.status_code == 412
    assert "Theirs" in text
    assert 'value="Mine"' in text
    assert table()[0].title == "Theirs"
    # Saving again has mine.
    data["started"] = traits.started_from(theirs)
    assert send(manager, "edit", "warmth", **data).status_code == 302
    assert table()[0].title == "Mine"


def test_a_trait_removed_meanwhile_can_be_added_anew(manager):
    spec = DEFAULT_TRAITS[0]
    started = traits.started_from(spec)
    traits.remove("warmth", started=started, actor=None, now=NOW)

    response = send(manager, "edit", "warmth", **controls(spec, started=started))

    assert response.status_code == 412
    assert "add it anew" in response.content.decode()


def test_a_trait_that_is_not_there_is_not_found(manager):
    assert page(manager, "edit", "nothing").status_code == 404


def test_removing_can_be_undone(manager):
    spec = DEFAULT_TRAITS[0]
    send(manager, "remove", "warmth", started=traits.started_from(spec))
    assert [s.trait for s in table()] == ["confidence", "playfulness", "patience"]
    assert "Removed Warmth" in page(manager, "list").content.decode()

    row = policy.newest_row(PERSONA_TRAITS)
    send(manager, "put-back", row="0", instead_of=str(row.pk))

    assert table() == DEFAULT_TRAITS
    assert "Added Warmth" in page(manager, "history").content.decode()


def test_what_changed_meanwhile_is_not_removed(manager):
    spec = DEFAULT_TRAITS[0]
    theirs = spec.model_copy(update={"title": "Theirs"})
    traits.save(theirs, started=traits.started_from(spec), actor=None, now=NOW)

    send(manager, "remove", "warmth", started=traits.started_from(spec))

    assert table()[0] == theirs


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"row": "x", "instead_of": "0"},
        {"row": "9" * 30, "instead_of": "0"},
        {"row": "77", "instead_of": "0"},
        {"row": "0", "instead_of": "77"},
    ],
)
def test_putting_back_what_makes_no_sense_changes_nothing(manager, data):
    spec = DEFAULT_TRAITS[0]
    started = traits.started_from(spec)
    traits.remove("warmth", started=started, actor=None, now=NOW)

    assert send(manager, "put-back", **data).status_code == 302

    assert len(table()) == 3


def test_history_begins_empty(manager):
    assert "Never changed" in page(manager, "history").content.decode()


def test_a_table_that_is_not_valid_any_more_is_the_default():
    row = PolicySetting.objects.create(
        name=PERSONA_TRAITS, value=[{"trait": "X!"}], effective_at=NOW
    )

    assert table() == DEFAULT_TRAITS
    with pytest.raises(NoSuchTable):
        traits.put_back(row.pk, instead_of=row.pk, actor=None, now=NOW)


def test_others_who_keep_changing_the_table_are_told_of(monkeypatch):
    spec = DEFAULT_TRAITS[0]
    current = traits.current()
    # The row that every look finds is never the one in force.
    monkeypatch.setattr(traits, "current", lambda: replace(current, row_id=99))

    with pytest.raises(traits.NotValid, match="keep changing"):
        traits.save(
            spec.model_copy(update={"title": "New"}),
            started=traits.started_from(spec),
            actor=None,
            now=NOW,
        )


def test_a_table_that_breaks_a_rule_is_refused():
    for number in range(16):
        traits.save(TraitSpec(trait=f"t{number}"), started="", actor=None, now=NOW)

    with pytest.raises(traits.NotValid, match="at most 20"):
        traits.save(TraitSpec(trait="more"), started="", actor=None, now=NOW)


def test_a_trait_that_came_meanwhile_is_told_of():
    with pytest.raises(EditedMeanwhile, match="Somebody changed"):
        traits.save(
            DEFAULT_TRAITS[0].model_copy(update={"title": "New"}),
            started=traits.NEW,
            actor=None,
            now=NOW,
        )


# -- The other settings --------------------------------------------------------------


def setting(client, name, value):
    return client.post(reverse("core:setting-detail", args=[name]), {"value": value})


def test_milestones_are_written_with_commas(manager):
    text = manager.get(reverse("core:setting-list")).content.decode()
    assert 'value="50, 100, 500, 1000, 5000"' in text

    response = setting(manager, PERSONA_EVOLUTION_MILESTONES, "10, 20,30 40")

    assert response.status_code == 302
    assert policy.value(PERSONA_EVOLUTION_MILESTONES) == (10, 20, 30, 40)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("20, 10", "from the lowest to the highest"),
        ("10, 10", "each number once"),
        ("ten", "no whole number"),
        ("0, 10", "greater than or equal to 1"),
        ("9" * 30, "no whole number"),
    ],
)
def test_milestones_that_will_not_do_are_refused(manager, value, words):
    response = setting(manager, PERSONA_EVOLUTION_MILESTONES, value)

    assert response.status_code == 422
    assert words in response.content.decode()


def test_no_milestones_at_all_are_fine(manager):
    setting(manager, PERSONA_EVOLUTION_MILESTONES, "")

    assert policy.value(PERSONA_EVOLUTION_MILESTONES) == ()


def test_the_way_of_growing_is_chosen_from_three(manager):
    text = manager.get(reverse("core:setting-list")).content.decode()
    assert '<option value="approve" selected>' in text

    assert setting(manager, PERSONA_EVOLUTION_MODE, "wild").status_code == 422
    assert setting(manager, PERSONA_EVOLUTION_MODE, "auto").status_code == 302
    assert policy.value(PERSONA_EVOLUTION_MODE) == "auto"


def test_traits_are_edited_on_their_own_page(manager):
    response = setting(manager, PERSONA_TRAITS, "x")

    assert response.url == reverse("evolution:trait-list")
