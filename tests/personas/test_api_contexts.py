"""Kinds of conversation as bots ask for them: ``context`` in ``api.md``."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
import time_machine
from django.test import Client

from core import policy
from core.live import watcher
from core.roles import Scope
from personas.domain.contexts import DEFAULT_CONTEXTS, ConversationContext
from personas.models import CompiledPrompt
from personas.policy import CONVERSATION_CONTEXTS, FRAMEWORK_BLENDING_ENABLED
from personas.services import importing, publishing
from personas.services.importing import SourceFile
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_framework

pytestmark = pytest.mark.django_db(transaction=True)

SEEDED = ["casual", "creative", "educational", "formal", "technical"]


@pytest.fixture
def bot() -> Client:
    return bot_client(Scope.PROMPT_READ)


@pytest.fixture
def blending() -> None:
    """The four frameworks; ada blends them, bob does not; both are live."""
    for key in ("neuro", "assistant", "caring", "chaotic"):
        make_framework(key, interaction_style={"tone": f"{key} tone"})
    make_character("ada", framework_blending={"enabled": True})
    make_character("bob")
    publish("ada", "bob")


def publish(*ids: str) -> None:
    publishing.publish(character_ids=ids, note="N", author=None, now=NOW)


def switch(*, is_on: bool) -> None:
    put(FRAMEWORK_BLENDING_ENABLED, is_on)


def put(name: str, value) -> None:
    policy.set_value(name=name, value=value, actor=None, now=datetime.now(UTC))


def get(client: Client, path: str, **headers: str):
    return client.get(f"/api/v1/{path}", headers=headers)


def prompt(client: Client, query: str = "", character_id: str = "ada"):
    response = get(client, f"personas/{character_id}/prompt{query}")
    assert response.status_code == 200, response.content
    return response.json()


def etag(client: Client, query: str = "", character_id: str = "ada") -> str:
    return get(client, f"personas/{character_id}/prompt{query}")["ETag"]


def changed(client: Client, cursor: str) -> list[str]:
    body = get(client, f"changes?since={cursor}").json()
    return sorted(row["character_id"] for row in body["changed"])


# -- Which prompt ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("context", "weights", "tone"),
    [
        ("technical", {"neuro": 0.8, "assistant": 0.2}, "neuro tone"),
        ("casual", {"caring": 0.6, "chaotic": 0.4}, "caring tone"),
        ("formal", {"assistant": 1.0}, "assistant tone"),
        ("creative", {"chaotic": 0.7, "caring": 0.3}, "chaotic tone"),
        ("educational", {"assistant": 0.8, "neuro": 0.2}, "assistant tone"),
    ],
)
def test_each_kind_has_its_blended_prompt(blending, bot, context, weights, tone):
    body = prompt(bot, f"?context={context}")

    assert body["context"] == context
    assert body["blend"]["weights"] == weights
    assert tone in body["system_prompt"]


def test_without_a_kind_it_is_the_plain_prompt(blending, bot):
    body = prompt(bot)

    assert (body["context"], body["blend"]) == (None, None)
    assert "neuro tone" in body["system_prompt"]


@pytest.mark.parametrize(
    ("alias", "context"),
    [
        ("creative_task", "creative"),
        ("analytical_task", "technical"),
        ("playful_chat", "casual"),
        ("emotional_support", "casual"),
        ("debate", "formal"),
    ],
)
def test_an_alias_gets_the_very_same_bytes(blending, bot, alias, context):
    by_alias = get(bot, f"personas/ada/prompt?context={alias}")
    by_id = get(bot, f"personas/ada/prompt?context={context}")

    assert by_alias.content == by_id.content
    assert by_alias["ETag"] == by_id["ETag"]


def test_who_does_not_blend_has_the_plain_prompt_in_every_kind(blending, bot):
    plain = prompt(bot, character_id="bob")

    for context in SEEDED:
        body = prompt(bot, f"?context={context}", character_id="bob")
        assert body == {**plain, "context": context}
    tags = {etag(bot, f"?context={c}", character_id="bob") for c in SEEDED}
    assert len(tags | {etag(bot, character_id="bob")}) == len(SEEDED) + 1


def test_text_that_looks_like_the_key_stays_as_it_is(bot):
    make_character(
        "ada", display_name='A","context":null', description='"context":null'
    )
    publish("ada")

    body = prompt(bot, "?context=casual")

    assert body["context"] == "casual"
    assert body["display_name"] == 'A","context":null'
    assert '"context":null' in body["system_prompt"]


def test_a_kind_made_after_publishing_gets_the_plain_prompt(blending, bot):
    new = ConversationContext(context="sea", aliases=["tide"])
    put(CONVERSATION_CONTEXTS, (*DEFAULT_CONTEXTS, new))

    body = prompt(bot, "?context=tide")

    assert (body["context"], body["blend"]) == ("sea", None)


def test_a_kind_that_is_gone_from_the_table_is_served_by_versions_that_have_it(
    blending, bot
):
    put(CONVERSATION_CONTEXTS, DEFAULT_CONTEXTS[1:])

    assert prompt(bot, "?context=technical")["blend"] is not None
    gone = get(bot, "personas/bob/prompt?context=technical")
    assert gone.status_code == 422


def test_what_a_version_itself_calls_by_a_name_comes_before_an_alias(bot):
    make_framework("assistant", interaction_style={"tone": "other"})
    weights = [{"context": "debate", "framework_id": "assistant", "weight": 1.0}]
    make_character("ada", framework_blending={"enabled": True, "weights": weights})
    publish("ada")

    assert prompt(bot, "?context=debate")["context"] == "debate"


@pytest.mark.parametrize("name", ["gossip", "", "Casual", "casual ", "auto"])
@pytest.mark.parametrize("version", ["", "version=1&"])
def test_unknown_kinds_are_refused_with_those_there_are(blending, bot, name, version):
    response = get(bot, f"personas/ada/prompt?{version}context={name}")

    body = response.json()
    assert (response.status_code, body["code"]) == (422, "unknown_context")
    assert body["errors"][0]["pointer"] == "/context"
    for known in (*SEEDED, "creative_task"):
        assert known in body["errors"][0]["detail"]
    assert ("compose" in body["detail"]) == (name == "auto")


def test_a_pinned_version_has_its_kinds_and_is_asked_again(blending, bot):
    response = get(bot, "personas/ada/prompt?version=1&context=playful_chat")

    body = response.json()
    assert (body["version"], body["label"], body["context"]) == (1, None, "casual")
    assert body["blend"]["weights"] == {"caring": 0.6, "chaotic": 0.4}
    # Settings decide what a kind gets, so that these bytes are not for ever.
    assert response["Cache-Control"] == "private, no-cache, stale-if-error=86400"
    plain = get(bot, "personas/ada/prompt?version=1")
    assert plain["Cache-Control"].endswith("immutable")


def test_no_kind_is_compiled_on_a_get(
    blending, bot, monkeypatch, django_assert_num_queries
):
    prompt(bot)
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)
    monkeypatch.setattr(publishing, "compile_persona", None)

    with django_assert_num_queries(0):
        for query in ("?context=casual", "?context=debate"):
            for character_id in ("ada", "bob"):
                prompt(bot, query, character_id=character_id)
    assert CompiledPrompt.objects.count() == 7


# -- The switch ------------------------------------------------------------------------


def test_switched_off_everybody_gets_the_plain_prompt_at_once(blending, bot):
    plain, blended = prompt(bot), prompt(bot, "?context=casual")
    tags = etag(bot), etag(bot, "?context=casual")

    switch(is_on=False)

    assert prompt(bot, "?context=casual") == {**plain, "context": "casual"}
    pinned = prompt(bot, "?version=1&context=casual")
    assert (pinned["context"], pinned["blend"]) == ("casual", None)
    assert prompt(bot) == plain
    assert etag(bot) == tags[0]
    assert etag(bot, "?context=casual") != tags[1]
    known = get(bot, "personas/ada/prompt?context=casual", If_None_Match=tags[1])
    assert known.status_code == 200

    switch(is_on=True)

    assert prompt(bot, "?context=casual") == blended
    known = get(bot, "personas/ada/prompt?context=casual", If_None_Match=tags[1])
    assert known.status_code == 304


def test_the_switch_is_a_change_of_those_who_blend(blending, bot):
    cursor = get(bot, "changes").json()["cursor"]

    switch(is_on=False)

    assert changed(bot, cursor) == ["ada"]
    cursor = get(bot, f"changes?since={cursor}").json()["cursor"]
    assert changed(bot, cursor) == []


def test_other_names_are_a_change_of_everybody_and_words_of_nobody(blending, bot):
    cursor = get(bot, "changes").json()["cursor"]
    first, *others = DEFAULT_CONTEXTS

    worded = first.model_copy(update={"vocabulary": ["kettle"]})
    put(CONVERSATION_CONTEXTS, (worded, *others))
    assert changed(bot, cursor) == []

    renamed = worded.model_copy(update={"aliases": ["tech"]})
    put(CONVERSATION_CONTEXTS, (renamed, *others))
    assert changed(bot, cursor) == ["ada", "bob"]


def test_bundle_holds_all_kinds_and_their_names_while_they_are_served(blending, bot):
    response = get(bot, "bundle")
    body = response.json()

    assert [(p["character_id"], p["context"]) for p in body["prompts"]] == [
        ("ada", None),
        *(("ada", context) for context in SEEDED),
        ("bob", None),
    ]
    assert body["prompts"][1] == prompt(bot, "?context=casual")
    assert body["contexts"][1] == {
        "context": "casual",
        "title": "Casual",
        "aliases": ["playful_chat", "emotional_support"],
    }

    switch(is_on=False)

    again = get(bot, "bundle", If_None_Match=response["ETag"])
    assert again.status_code == 200
    assert [p["context"] for p in again.json()["prompts"]] == [None, None]


def test_bundle_is_another_when_a_kind_is_called_otherwise(blending, bot):
    known = get(bot, "bundle")["ETag"]
    first, *others = DEFAULT_CONTEXTS

    put(CONVERSATION_CONTEXTS, (first.model_copy(update={"aliases": []}), *others))

    assert get(bot, "bundle", If_None_Match=known).status_code == 200


def test_a_switch_turned_in_another_process_comes_with_its_change(blending, bot):
    cursor = get(bot, "changes").json()["cursor"]
    plain = prompt(bot)

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=2)):
        original, watcher.PROCESS.catch_up = watcher.PROCESS.catch_up, lambda s: None
        try:
            switch(is_on=False)
        finally:
            watcher.PROCESS.catch_up = original
        # Only the stream of characters is looked at: what the process remembers
        # of settings may be a second older than the change it tells of.
        policy._values = {FRAMEWORK_BLENDING_ENABLED: True}

        assert changed(bot, cursor) == ["ada"]
        assert prompt(bot, "?context=casual") == {**plain, "context": "casual"}


def test_an_imported_kind_is_served_by_its_old_name_and_by_ours(bot):
    make_framework("neuro")
    make_framework("caring", interaction_style={"tone": "caring tone"})
    rules = [{"context": "creative_task", "framework": "caring", "weight": 0.7}]
    data = {
        "name": "Ada",
        "extensions": {
            "framework_blending": {
                "enabled": True,
                "base_framework": "neuro",
                "blend_rules": rules,
            }
        },
    }
    file = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    source = SourceFile(
        name="ada.json",
        stem="ada",
        raw=orjson.dumps(file),
        read_text=lambda _: None,
    )
    importing.import_files([source], replace_existing=False, actor=None, now=NOW)
    publish("ada")

    old = get(bot, "personas/ada/prompt?context=creative_task")
    ours = get(bot, "personas/ada/prompt?context=creative")

    assert old.content == ours.content
    assert old.json()["blend"]["weights"] == {"caring": 0.7, "neuro": 0.3}
