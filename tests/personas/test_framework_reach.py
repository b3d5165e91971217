"""Whom publishing a framework changes, and who is in its way when archived."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import policy
from personas.domain.contexts import ConversationContext, FrameworkWeight
from personas.domain.sheets import FrameworkBlending
from personas.models import Character, CharacterVersion, Framework
from personas.policy import CONVERSATION_CONTEXTS
from personas.services import drafts, frameworks, labels
from tests.factories import NOW, make_character, make_framework
from tests.personas.framework_cases import (
    BLENDING,
    edit_framework,
    live,
    make_blender,
    publish,
)
from tests.personas.test_publishing import edit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_table():
    """Only what characters list themselves is mixed."""
    policy.set_value(name=CONVERSATION_CONTEXTS, value=(), actor=None, now=NOW)


def touched(framework_id="neuro", **options):
    found = frameworks.reach(framework_id=framework_id, **options)
    return {(t.character_id, t.context): t for t in found.touched}


def archive(framework_id):
    return drafts.archive_framework(
        framework_id=framework_id, is_archived=True, actor=None, now=NOW
    )


class TestReach:
    def test_who_only_blends_it_is_changed_where_it_is_mixed(self):
        make_blender("bea")
        make_character("ada")
        publish("ada", "bea")
        edit_framework("caring", interaction_style={"tone": "very gentle"})

        found = touched("caring")

        assert set(found) == {("bea", "casual")}
        added = [p.text for p in found["bea", "casual"].pieces if p.kind == "added"]
        assert "gentle" in "".join(added)
        assert found["bea", "casual"].token_change > 0

    def test_its_own_users_change_in_plain_talk_and_where_it_is_mixed(self):
        weights = [{"context": "casual", "framework_id": "neuro", "weight": 1}]
        blending = {"enabled": True, "weights": weights}
        make_character("ada", framework_blending=blending)
        publish("ada")
        edit_framework(decision_making={"when_unsure": "ask"})

        assert set(touched()) == {("ada", ""), ("ada", "casual")}

    def test_the_template_of_a_framework_that_is_only_mixed_changes_nobody(self):
        make_blender("bea")
        publish("bea")
        edit_framework("caring", prompt_template="{identity} Something else.")

        found = frameworks.reach(framework_id="caring")

        assert found.touched == ()
        assert found.untouched == ("bea",)

    def test_one_that_is_too_light_to_be_mixed_changes_nobody(self):
        weights = [
            {"context": "casual", "framework_id": "neuro", "weight": 0.95},
            {"context": "casual", "framework_id": "caring", "weight": 0.05},
        ]
        make_blender("bea", framework_blending={"enabled": True, "weights": weights})
        publish("bea")
        edit_framework("caring", interaction_style={"tone": "very gentle"})

        assert touched("caring") == {}

    def test_tools_alone_are_a_change_without_words(self):
        make_character("ada")
        publish("ada")
        edit_framework(tool_requirements={"required": ["search"], "optional": []})

        [found] = touched().values()

        assert found.before == found.after
        assert found.token_change == 0

    def test_only_those_asked_for_are_compared(self):
        for character_id in ("ada", "bob"):
            make_character(character_id)
        publish("ada", "bob")
        edit_framework(decision_making={"when_unsure": "ask"})

        assert set(touched(character_ids=["bob", "nobody"])) == {("bob", "")}

    def test_who_cannot_take_it_is_told_with_the_reason(self):
        make_character("ada", description="x " * 50_000)
        publish("ada")
        edit_framework(prompt_template="y " * 100_000)

        found = frameworks.reach(framework_id="neuro")

        assert "Shorten" in found.refused["ada"]
        assert found.touched == ()

    def test_drafts_and_the_archived_are_not_users(self):
        make_character("draft")
        make_character("gone")
        publish("gone")
        drafts.archive_character(
            character_id="gone", is_archived=True, actor=None, now=NOW
        )

        assert frameworks.users(Framework.objects.get()) == []

    def test_nothing_is_written(self):
        make_blender("bea")
        publish("bea")
        edit_framework("caring", interaction_style={"tone": "very gentle"})

        touched("caring")

        assert CharacterVersion.objects.count() == 1
        assert Framework.objects.get(framework_id="caring").versions.count() == 1

    def test_query_count_is_flat(self):
        make_blender("b0")
        publish("b0")
        edit_framework("caring", interaction_style={"tone": "very gentle"})

        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                touched("caring")
            # A server's watcher knows the settings without asking.
            return sum("personas_" in query["sql"] for query in captured)

        few = queries()
        ids = [f"b{at}" for at in range(1, 10)]
        for character_id in ids:
            make_blender(character_id)
        publish(*ids)

        assert queries() == few


class TestPublishing:
    def test_who_only_blends_it_goes_along_with_its_own_framework_untouched(self):
        make_blender("bea")
        publish("bea")
        edit_framework("caring", interaction_style={"tone": "very gentle"})

        outcome = frameworks.publish_framework(
            framework_id="caring", note="N", author=None, now=NOW
        )

        assert outcome.published == {"bea": 2}
        version = CharacterVersion.objects.get(number=2)
        assert version.framework_version.framework.framework_id == "neuro"
        [plain, casual] = [
            version.prompts.get(context=c).system_prompt for c in ("", "casual")
        ]
        assert "gentle" in casual
        assert "gentle" not in plain
        mixed = version.blend.frameworks.values_list(
            "framework_version__framework__framework_id", "framework_version__number"
        )
        assert sorted(mixed) == [("caring", 2), ("chaotic", 1)]

    def test_an_older_own_framework_is_no_obstacle(self):
        make_blender("bea")
        publish("bea")
        edit_framework("neuro", decision_making={"when_unsure": "ask"})
        frameworks.publish_framework(
            framework_id="neuro", note="N", author=None, now=NOW, character_ids=[]
        )
        edit_framework("caring", interaction_style={"tone": "very gentle"})

        outcome = frameworks.publish_framework(
            framework_id="caring", note="N", author=None, now=NOW
        )

        assert outcome.published == {"bea": 2}
        version = CharacterVersion.objects.get(number=2)
        assert version.framework_version.number == 1

    def test_undo_brings_the_old_mixture_back(self):
        make_blender("bea")
        publish("bea")
        edit_framework("caring", interaction_style={"tone": "very gentle"})
        outcome = frameworks.publish_framework(
            framework_id="caring", note="N", author=None, now=NOW
        )

        labels.undo(publication_id=outcome.publication.pk, author=None, now=NOW)

        assert live("bea") == 1
        assert Framework.objects.get(framework_id="caring").published.number == 1


class TestArchiving:
    def test_one_that_is_only_mixed_live_is_in_use(self):
        make_blender("bea")
        publish("bea")
        edit("bea", framework_blending=FrameworkBlending())

        with pytest.raises(drafts.FrameworkInUse, match="bea") as caught:
            archive("caring")

        assert caught.value.character_ids == ["bea"]

    def test_one_that_only_a_draft_mixes_is_in_use(self):
        make_blender("bea")

        with pytest.raises(drafts.FrameworkInUse, match="bea"):
            archive("chaotic")

    @pytest.mark.parametrize(
        "blending",
        [
            {**BLENDING, "enabled": False},
            {
                "enabled": True,
                "weights": [
                    {"context": "formal", "framework_id": "caring_2", "weight": 1}
                ],
            },
        ],
    )
    def test_what_is_not_mixed_is_not_in_use(self, blending):
        make_framework("caring")
        make_framework("formal")
        make_blender(
            "bea",
            framework_blending=blending,
            scenario=('"enabled":true "framework_id":"caring"'),
        )
        publish("bea")

        assert archive("caring").is_archived
        assert archive("formal").is_archived

    def test_users_in_drafts_are_found_with_how_they_use_it(self):
        make_blender("bea")
        make_character("ada", framework_id="caring")
        make_character("eve")

        rows = Character.objects.using_framework(
            Framework.objects.get(framework_id="caring")
        )

        assert [(c.character_id, c.mixes_in_draft) for c in rows] == [
            ("ada", False),
            ("bea", True),
        ]

    def test_one_that_only_the_table_mixes_in_is_in_use(self):
        make_framework("caring")
        table = (
            ConversationContext(
                context="casual",
                weights=[FrameworkWeight(framework_id="caring", weight=1)],
            ),
        )
        policy.set_value(name=CONVERSATION_CONTEXTS, value=table, actor=None, now=NOW)
        weights = [{"context": "casual", "framework_id": "neuro", "weight": 1}]
        for character_id, blending in (
            ("own", {"enabled": True, "weights": weights}),
            ("off", {"enabled": False, "weights": []}),
            ("bea", {"enabled": True, "weights": []}),
        ):
            make_character(character_id, framework_blending=blending)

        with pytest.raises(drafts.FrameworkInUse) as caught:
            archive("caring")

        assert caught.value.character_ids == ["bea"]
