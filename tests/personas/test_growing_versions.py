"""Approved growth in everything that is compiled: design, sections 3 and 5."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.roles import Role
from personas import going_live
from personas.catalog import Catalog
from personas.domain.growing import NO_GROWTH
from personas.domain.sheets import EvolutionStage
from personas.models import ApprovedGrowth, Character, CharacterVersion, VersionGrowth
from personas.services import drafts, frameworks, growing, publishing
from personas.views.prompts import preview_of
from personas.views.sides import Asked, draft_side, version_side
from tests.clients import client_as
from tests.factories import NOW, make_character, sheet_of
from tests.personas.test_editor_preview import preview, text_by_source

pytestmark = pytest.mark.django_db

STAGE = EvolutionStage.model_validate(
    {
        "milestone": 50,
        "title": "Warms up",
        "changes": {
            "personality": {"new_quirks": ["hums"]},
            "knowledge": {"add_interests": ["sea"], "remove_interests": ["rain"]},
        },
    }
)


def publish(character_id: str = "ada", label: str = "production"):
    return publishing.publish(
        character_ids=[character_id], note="N", author=None, now=NOW, label=label
    )


def grow(character: Character, *stages: EvolutionStage, count: int = 60) -> None:
    growing.set_stages(character.pk, stages=stages, count=count, now=NOW)


@pytest.fixture
def ada():
    character = make_character("ada", topic_interests=["rain", "tea"])
    publish()
    return character


def newest() -> CharacterVersion:
    return CharacterVersion.objects.select_related("growth").latest("number")


def prompt() -> str:
    return newest().prompts.get(context="").system_prompt


def test_growth_is_read_as_it_was_written(ada):
    grow(ada, STAGE)
    growing.set_trait_words({ada.pk: ["Kind."]}, now=NOW)

    found = growing.growth_of([ada.pk])[ada.pk]

    assert (found.count, found.stages, found.trait_words) == (60, (STAGE,), ("Kind.",))
    assert growing.growth_of_id("ada") == found
    assert growing.growth_of_id("nobody") == NO_GROWTH


def test_trait_words_of_many_are_kept_with_one_query(django_assert_num_queries):
    pks = [make_character(f"c{n}").pk for n in range(12)]
    growing.set_trait_words({pks[0]: ["Old."]}, now=NOW)

    with django_assert_num_queries(1):
        growing.set_trait_words({pk: ["New."] for pk in pks}, now=NOW)

    assert {g.trait_words for g in growing.growth_of(pks).values()} == {("New.",)}


def test_setting_stages_leaves_the_words_and_the_other_way_round(ada):
    growing.set_trait_words({ada.pk: ["Kind."]}, now=NOW)
    grow(ada, STAGE)
    growing.set_trait_words({ada.pk: ["Cold."]}, now=NOW)

    row = ApprovedGrowth.objects.get()
    assert (len(row.stages), row.trait_words) == (1, ["Cold."])


def test_a_publish_compiles_with_what_is_approved_and_keeps_it(ada):
    grow(ada, STAGE)

    assert publish().published == {"ada": 2}

    assert "- hums" in prompt()
    assert growing.kept_with(newest()) == growing.growth_of_one(ada.pk)
    assert newest().inputs["quirks"] == []


def test_growth_alone_is_no_edit_of_the_draft(ada):
    grow(ada, STAGE)
    publish()

    ada.refresh_from_db()
    assert ada.draft_hash == newest().inputs_hash
    assert publish().unchanged == ["ada"]


def test_words_enter_the_next_version_and_wait_until_then(ada):
    growing.set_trait_words({ada.pk: ["{{char}} is kinder."]}, now=NOW)
    assert "kinder" not in prompt()

    publish()

    assert "- Ada is kinder." in prompt()


def test_words_that_move_between_compiling_and_switching_do_not_matter(
    ada, monkeypatch
):
    growing.set_trait_words({ada.pk: ["Kind."]}, now=NOW)
    prepare = publishing.prepare_drafts

    def prepare_then_drift(*args, **kwargs):
        items = prepare(*args, **kwargs)
        growing.set_trait_words({ada.pk: ["Cold."]}, now=NOW)
        return items

    monkeypatch.setattr(publishing, "prepare_drafts", prepare_then_drift)

    assert publish().published == {"ada": 2}
    # What it was compiled with, not what was true a moment later.
    assert "Kind." in prompt()
    assert newest().growth.trait_words == ["Kind."]


def test_a_stage_that_cannot_be_compiled_refuses_the_publish(ada):
    bad = EvolutionStage.model_validate(
        {"milestone": 5, "changes": {"behavior": {"proactive": 3}}}
    )
    grow(ada, bad)

    assert "proactive" in publish().refused["ada"]


def test_the_facts_that_are_routed_on_are_the_grown_ones(ada):
    grow(ada, STAGE)
    publish()

    snapshot, _ = Catalog().read()

    routing = snapshot.entry("ada", label="production").routing
    assert routing["interests"] == ["tea", "sea"]


def test_the_snapshot_reads_growth_without_a_query_for_each():
    for number in range(10):
        grow(make_character(f"c{number}"), STAGE)
        publish(f"c{number}")

    with CaptureQueriesContext(connection) as captured:
        Catalog().read()

    asked = [q["sql"] for q in captured if "growth" in q["sql"]]
    # The process’s own snapshot follows beside this one; none asks for each row.
    assert len(asked) <= 3, asked


def test_a_frameworks_reach_shows_what_publishing_it_would_do(ada):
    grow(ada, STAGE)
    publish()
    framework = newest().framework_version.framework

    same = frameworks.reach(framework_id="neuro")
    drafts.save_framework(
        framework_id="neuro",
        sheet=framework.to_sheet().model_copy(update={"prompt_template": "New."}),
        revision=framework.revision,
        actor=None,
        now=NOW,
    )
    other = frameworks.reach(framework_id="neuro")

    assert same.untouched == ("ada",)
    [touched] = other.touched
    assert "- hums" in touched.before
    assert "- hums" in touched.after
    assert "New." in touched.after


def test_comparing_uses_what_each_version_kept(ada):
    grow(ada, STAGE)
    publish()
    grow(ada)

    one, two = (
        version_side(version, character_id="ada", asked=Asked())
        for version in CharacterVersion.objects.order_by("number")
    )
    draft = draft_side(sheet_of("ada"), character_id="ada", asked=Asked())

    assert [("- hums" in side.text) for side in (one, two, draft)] == [
        False,
        True,
        False,
    ]


def test_comparing_after_growth_takes_the_sheets_own_stages():
    character = make_character("ada", evolution_stages=[STAGE.model_dump(mode="json")])
    growing.set_trait_words({character.pk: ["Kind."]}, now=NOW)
    publish()

    side = version_side(newest(), character_id="ada", asked=Asked(milestone=50))

    assert "- hums" in side.text
    assert "Kind." in side.text


def test_the_preview_of_a_draft_shows_approved_growth(ada):
    grow(ada, STAGE)

    preview = preview_of(sheet_of("ada"), character_id="ada", framework=ada.framework)

    assert "- hums" in preview.prompt.text


def test_the_editor_traces_growth_to_no_field(ada):
    grow(ada, STAGE)
    growing.set_trait_words({ada.pk: ["Kind."]}, now=NOW)
    response = preview(client_as(Role.CURATOR), ada)

    spans = response.context["spans"]
    of_growth = [span for span in spans if span.title == "Growth"]
    text = "".join(mark.text for span in of_growth for mark in span.marks)
    assert "- hums" in text
    assert "- sea" in text
    assert "- Kind." in text
    assert {(span.source, span.url) for span in of_growth} == {("", "")}
    # What was authored still leads to its own place.
    assert text_by_source(response)["topic_interests.1"] == "- tea"


def test_followers_hear_of_what_went_live_within_the_transaction(ada, monkeypatch):
    heard = []

    def follow(versions, now):
        assert transaction.get_connection().in_atomic_block
        heard.append({pk: v.number for pk, v in versions.items()})

    monkeypatch.setattr(going_live, "_followers", {})
    going_live.register(follow, name="test")
    grow(ada, STAGE)

    publish()
    publish(label="staging")

    assert heard == [{ada.pk: 2}]


def test_a_version_without_growth_has_no_row_of_it(ada):
    assert not VersionGrowth.objects.exists()
    assert growing.kept_with(newest()) == NO_GROWTH
