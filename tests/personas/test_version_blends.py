"""Blends of published versions: what is compiled, kept, and made anew."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core import policy as settings
from core.models import User
from personas import policy
from personas.domain.contexts import ConversationContext
from personas.models import (
    BlendFramework,
    Character,
    CharacterVersion,
    Framework,
    FrameworkVersion,
    VersionBlend,
)
from personas.services import blending, drafts, frameworks, publishing
from personas.services.publishing import Outcome
from tests.factories import make_character, make_framework, sheet_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WEIGHTS = [
    {"context": "casual", "framework_id": "neuro", "weight": 1.0},
    {"context": "casual", "framework_id": "chaotic", "weight": 3.0},
    {"context": "pirate", "framework_id": "nobody", "weight": 1.0},
]

pytestmark = pytest.mark.django_db


def blended(**fields) -> Character:
    """A character that mixes; casual by weights of its own."""
    make_framework("neuro", behavioral_patterns={"pace": "slow", "calm": True})
    make_framework("chaotic", behavioral_patterns={"pace": "wild"})
    mixing = {"enabled": True, "weights": WEIGHTS}
    return make_character("ada", framework_blending=mixing, **fields)


def publish(*ids: str, **extra) -> Outcome:
    return publishing.publish(
        character_ids=ids or ["ada"], note="Because", author=None, now=NOW, **extra
    )


def newest() -> CharacterVersion:
    return CharacterVersion.objects.latest("number")


def prompts() -> dict[str, str]:
    return {row.context: row.system_prompt for row in newest().prompts.all()}


def edit_framework(framework_id: str, **changes) -> None:
    row = Framework.objects.get(framework_id=framework_id)
    drafts.save_framework(
        framework_id=framework_id,
        sheet=row.to_sheet().model_copy(update=changes),
        revision=row.revision,
        actor=None,
        now=NOW,
    )


def publish_framework(framework_id: str) -> Outcome:
    return frameworks.publish_framework(
        framework_id=framework_id, note="Because", author=None, now=NOW
    )


def test_every_kind_of_conversation_is_compiled_when_publishing():
    blended()

    publish()

    # The table's own five, less those whose frameworks are all unknown here.
    assert set(prompts()) == {"", "technical", "casual", "formal", "creative"} | {
        "educational"
    }
    assert "- pace: wild" in prompts()["casual"]
    assert "- pace: slow" in prompts()[""]
    assert "- calm: yes" in prompts()["casual"]


def test_who_does_not_blend_has_one_prompt_and_no_weights():
    make_character("ada")

    publish()

    assert set(prompts()) == {""}
    assert not VersionBlend.objects.exists()


def test_a_version_keeps_what_it_was_mixed_from():
    blended()

    publish()

    row = VersionBlend.objects.get(version=newest())
    mixed = {b.framework_version.framework.framework_id for b in row.frameworks.all()}
    assert row.weights["casual"] == {"neuro": 1.0, "chaotic": 3.0}
    assert row.weights["pirate"] == {"nobody": 1.0}
    assert row.weights["technical"] == {"neuro": 0.8, "assistant": 0.2}
    assert mixed == {"neuro", "chaotic"}


def test_what_a_version_was_mixed_from_never_changes():
    blended()
    publish()

    for row in (VersionBlend.objects.get(), BlendFramework.objects.first()):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(row).objects.filter(pk=row.pk)._raw_delete("default")


def test_one_framework_counts_once_in_a_blend():
    blended()
    publish()
    row = BlendFramework.objects.first()

    with pytest.raises(IntegrityError), transaction.atomic():
        BlendFramework.objects.create(
            blend=row.blend, framework_version=row.framework_version
        )


def test_publishing_again_makes_nothing_while_the_mix_is_the_same():
    blended()
    publish()

    assert publish().unchanged == ["ada"]


def test_a_new_version_of_a_mixed_framework_is_something_to_publish():
    blended()
    publish()
    edit_framework("chaotic", behavioral_patterns={"pace": "wilder"})
    frameworks.publish_framework(
        framework_id="chaotic", note="N", author=None, now=NOW, character_ids=[]
    )

    publish()

    assert "- pace: wilder" in prompts()["casual"]


def test_preparing_anew_replaces_one_framework_and_nothing_else():
    character = blended()
    publish()
    edit_framework("neuro", behavioral_patterns={"pace": "slower"})
    frameworks.publish_framework(
        framework_id="neuro", note="N", author=None, now=NOW, character_ids=[]
    )
    table = (ConversationContext(context="casual"),)
    settings.set_value(
        name=policy.CONVERSATION_CONTEXTS, value=table, actor=None, now=NOW
    )
    edit_framework("chaotic", behavioral_patterns={"pace": "wilder"})
    draft = Framework.objects.get(framework_id="chaotic")
    unsaved = FrameworkVersion(
        framework=draft, number=0, inputs=draft.to_sheet().model_dump(mode="json")
    )

    (item,) = publishing.prepare_with_framework(
        unsaved, characters=[character], outcome=Outcome()
    )

    made = {c: body["system_prompt"] for c, body in item.compiled.prompts.items()}
    # Neuro's newer version and the newer table wait for the next publish.
    assert made[""] == prompts()[""]
    assert set(made) == set(prompts())
    assert "- pace: wilder" in made["casual"]
    assert "- calm: yes" in made["casual"]


def test_a_mixed_framework_published_meanwhile_leaves_the_character_alone():
    blended()
    outcome = Outcome()
    prepared = publishing.prepare_drafts(["ada"], label="production", outcome=outcome)
    edit_framework("chaotic", behavioral_patterns={"pace": "wilder"})
    publish_framework("chaotic")

    with transaction.atomic():
        still = publishing.unmoved(prepared, label="production")

    assert still == []


def test_nobody_who_blends_costs_no_query(django_assert_num_queries):
    make_character("ada")
    sheet = sheet_of("ada")

    with django_assert_num_queries(0):
        found = blending.blendable([sheet] * 20)

    assert found.published == {}


def test_publishing_many_blended_characters_asks_no_query_per_row():
    blended()
    mixing = {"enabled": True, "weights": WEIGHTS}
    for number in range(10):
        make_character(f"c{number}", framework_blending=mixing)
    ids = [f"c{number}" for number in range(10)]

    with CaptureQueriesContext(connection) as captured:
        publishing.prepare_drafts(ids, label="production", outcome=Outcome())

    # Settings are in memory outside of a transaction, which a test is.
    asked = [q["sql"] for q in captured if 'FROM "personas_' in q["sql"]]
    # drafts, aliases, stages, labels, frameworks, growth
    assert len(asked) == 6


def test_switching_blending_off_is_audited_by_whom():
    person = User.objects.create_user(username="m", password=None)

    settings.set_value(
        name=policy.FRAMEWORK_BLENDING_ENABLED, value=False, actor=person, now=NOW
    )

    assert policy.is_blending_enabled() is False
