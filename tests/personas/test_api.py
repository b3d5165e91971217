"""What bots read: ``api.md``."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.test import Client
from PIL import Image

from core.live import watcher
from core.live.changes import prune
from core.models import LiveStream
from core.roles import Role, Scope
from personas.models import CompiledPrompt
from personas.services import drafts, labels, pictures, publishing
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_framework, sheet_of

# On commit is when changes are numbered and snapshots patched.
pytestmark = pytest.mark.django_db(transaction=True)

PROMPT_FIELDS = {
    "persona_id",
    "character_id",
    "framework_id",
    "display_name",
    "version",
    "label",
    "context",
    "content_hash",
    "system_prompt",
    "sections",
    "tokens",
    "tools",
    "tools_required",
    "config",
    "voice",
    "behavior",
    "rag",
    "greetings",
    "post_history",
    "evolution",
    "blend",
    "quiet",
    "compiled_at",
}


@pytest.fixture
def bot() -> Client:
    return bot_client(Scope.PROMPT_READ)


def publish(*ids: str, label: str = "production", note: str = "N"):
    return publishing.publish(
        character_ids=ids, note=note, author=None, now=NOW, label=label
    )


def edit(character_id: str, **changes) -> None:
    sheet = sheet_of(character_id).model_copy(update=changes)
    revision = drafts.Character.objects.get(character_id=character_id).revision
    drafts.save_character(
        character_id=character_id,
        sheet=sheet,
        revision=revision,
        actor=None,
        now=NOW,
    )


def get(client: Client, path: str, **headers: str):
    return client.get(f"/api/v1/{path}", headers=headers)


def problem(response, *, status: int, code: str) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code
    assert body["request_id"] == response["X-Request-ID"]
    return body


def test_prompt_has_every_field_of_the_contract(bot):
    make_character("ada", description="A clerk.")
    publish("ada")

    response = get(bot, "personas/ada/prompt")

    body = response.json()
    assert set(body) == PROMPT_FIELDS
    assert body["persona_id"] == "ada@neuro"
    assert (body["version"], body["label"], body["context"]) == (1, "production", None)
    assert "A clerk." in body["system_prompt"]
    assert [s["name"] for s in body["sections"]] == [
        "identity",
        "behavior",
        "knowledge",
        "interaction",
        "anti_hallucination",
    ]
    assert body["tokens"]["count"] > 0
    assert body["compiled_at"] == "2026-11-01T00:00:00Z"
    assert response["X-Freshness"] == "fresh"
    assert response["Cache-Control"] == "private, no-cache, stale-if-error=86400"


def test_same_prompt_is_304_and_a_changed_one_is_not(bot):
    make_character("ada")
    publish("ada")
    etag = get(bot, "personas/ada/prompt")["ETag"]

    same = get(bot, "personas/ada/prompt", If_None_Match=etag)
    weak = get(bot, "personas/ada/prompt", If_None_Match=f'"x", W/{etag}')
    edit("ada", description="New")
    publish("ada")
    changed = get(bot, "personas/ada/prompt", If_None_Match=etag)

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    assert weak.status_code == 304
    assert changed.status_code == 200
    assert "New" in changed.json()["system_prompt"]


def test_entity_tag_stays_when_nothing_served_changes(bot):
    make_character("ada")
    publish("ada")
    etag = get(bot, "personas/ada/prompt")["ETag"]

    edit("ada", description="Only a draft")
    drafts.set_active(character_id="ada", is_active=False, actor=None, now=NOW)

    assert get(bot, "personas/ada/prompt")["ETag"] == etag


def test_fetch_asks_the_database_nothing(bot, monkeypatch, django_assert_num_queries):
    make_character("ada")
    publish("ada")
    etag = get(bot, "personas/ada/prompt")["ETag"]
    # As in the server, where a thread looks.
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)

    with django_assert_num_queries(0):
        assert get(bot, "personas/ada/prompt").status_code == 200
        assert get(bot, "personas/ada/prompt", If_None_Match=etag).status_code == 304
        assert get(bot, "personas").status_code == 200
        assert get(bot, "bundle").status_code == 200


def test_fetch_never_compiles(bot, monkeypatch):
    make_character("ada")
    publish("ada")

    def refuse(*args, **kwargs):
        raise AssertionError("compiled on a GET")

    monkeypatch.setattr(publishing, "compile_persona", refuse)

    assert get(bot, "personas/ada/prompt").status_code == 200


def test_label_of_the_key_unless_asked_for_another():
    make_character("ada", description="One")
    publish("ada")
    edit("ada", description="Two")
    publish("ada", label="staging")
    bot = bot_client(Scope.PROMPT_READ, label="staging")

    own = get(bot, "personas/ada/prompt").json()
    asked = get(bot, "personas/ada/prompt?label=production").json()

    assert (own["label"], own["version"]) == ("staging", 2)
    assert (asked["label"], asked["version"]) == ("production", 1)


def test_pinned_version_is_immutable_and_has_no_label(bot):
    make_character("ada", description="One")
    publish("ada")
    edit("ada", description="Two")
    publish("ada")

    response = get(bot, "personas/ada/prompt?version=1")

    body = response.json()
    assert (body["version"], body["label"]) == (1, None)
    assert "One" in body["system_prompt"]
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    again = get(bot, "personas/ada/prompt?version=1", If_None_Match=response["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("personas/nobody/prompt", 404, "unknown_character"),
        ("personas/..%2f..%2fetc%2fpasswd/prompt", 404, "not_found"),
        ("personas/%0d%0aERROR forged/prompt", 404, "unknown_character"),
        ("personas/ada/prompt?label=staging", 404, "not_labelled"),
        ("personas/ada/prompt?version=9", 404, "unknown_version"),
        ("personas/nobody/prompt?version=9", 404, "unknown_character"),
        ("personas/ada/prompt?version=1&label=production", 400, "label_and_version"),
        ("personas/ada/prompt?version=0", 400, "bad_parameter"),
        ("personas/ada/prompt?version=x", 400, "bad_parameter"),
        ("personas/ada/prompt?version=1&version=1", 400, "bad_parameter"),
        ("personas/ada/prompt?label=Not A Label", 400, "bad_parameter"),
        ("personas/ada/prompt?context=gossip", 422, "unknown_context"),
        ("personas/ada/prompt?context=auto", 422, "unknown_context"),
        ("personas/ada/prompt?context=", 422, "unknown_context"),
        ("personas/ada/prompt?version=1&context=gossip", 422, "unknown_context"),
        ("personas/ada/prompt?version=1&context=auto", 422, "unknown_context"),
        ("personas/ada/prompt?lable=production", 400, "unknown_parameter"),
        ("personas?limit=1000000", 400, "bad_parameter"),
        ("personas?ordering=password", 400, "unknown_parameter"),
        ("personas?name__regex=a", 400, "unknown_parameter"),
        ("personas?cursor=x", 400, "bad_cursor"),
        ("personas?updated_since=yesterday", 400, "bad_parameter"),
        ("personas?updated_since=2026-01-01T00:00:00", 400, "bad_parameter"),
        ("changes?since=x", 400, "bad_parameter"),
        ("changes?since=99999999", 410, "cursor_expired"),
        ("bundle?context=x", 400, "unknown_parameter"),
        ("bundle?label=prodction", 404, "not_labelled"),
        ("personas?label=prodction", 404, "not_labelled"),
        ("nothing", 404, "not_found"),
    ],
)
def test_bad_requests_say_what_is_wrong(bot, path, status, code):
    make_character("ada")
    publish("ada")

    body = problem(get(bot, path), status=status, code=code)

    assert body["detail"]


def test_typo_is_passed_over_if_the_caller_prefers(bot):
    make_character("ada")
    publish("ada")

    response = get(bot, "personas/ada/prompt?lable=x", Prefer="handling=lenient")

    assert response.status_code == 200
    assert "lable" in response["Preference-Applied"]


def test_without_key_nobody_reads_and_people_read_by_session(client):
    make_character("ada")
    publish("ada")

    problem(get(client, "personas/ada/prompt"), status=401, code="not_authenticated")
    assert get(client_as(Role.VIEWER), "personas/ada/prompt").status_code == 200
    problem(get(client_as(None), "personas"), status=403, code="role_too_low")
    wrong = bot_client(Scope.ROUTE_DECIDE)
    body = problem(get(wrong, "personas"), status=403, code="missing_scope")
    assert "prompt:read" in body["detail"]


def test_list_is_paged_filtered_and_searched(bot):
    make_character("ada", tags=["Sea"], aliases=["The Clerk"])
    make_character("bob", tags=["land"])
    make_character("eve")
    publish("ada", "bob", "eve")

    first = get(bot, "personas?limit=2").json()
    second = get(bot, f"personas?limit=2&cursor={first['next']}").json()

    def ids(query: str) -> list[str]:
        results = get(bot, f"personas?{query}").json()["results"]
        return [row["character_id"] for row in results]

    assert [r["character_id"] for r in first["results"]] == ["ada", "bob"]
    assert [r["character_id"] for r in second["results"]] == ["eve"]
    assert second["next"] is None
    assert ids("tag=sea") == ["ada"]
    assert ids("q=clerk") == ["ada"]
    assert ids("label=staging") == []
    assert ids("updated_since=2026-11-01T00:00:01Z") == []
    assert ids("updated_since=2026-11-01T01:00:00%2B01:00") == ["ada", "bob", "eve"]
    assert set(first["results"][0]) == {
        "character_id",
        "persona_id",
        "display_name",
        "framework_id",
        "version",
        "label",
        "avatar_url",
        "tags",
        "active",
        "quiet",
        "content_hash",
        "published_at",
    }


def test_cursor_of_another_list_is_refused(bot):
    for character_id in ("ada", "bob"):
        make_character(character_id)
    publish("ada", "bob")
    cursor = get(bot, "personas?limit=1").json()["next"]

    response = get(bot, f"personas?limit=1&q=b&cursor={cursor}")

    problem(response, status=400, code="bad_cursor")


def test_active_flag_acts_at_once_without_publishing(bot):
    make_character("ada")
    publish("ada")

    drafts.set_active(character_id="ada", is_active=False, actor=None, now=NOW)

    [row] = get(bot, "personas").json()["results"]
    assert row["active"] is False


def test_archived_character_is_not_served(bot):
    make_character("ada")
    publish("ada")
    get(bot, "personas/ada/prompt")

    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    problem(get(bot, "personas/ada/prompt"), status=404, code="unknown_character")
    problem(
        get(bot, "personas/ada/prompt?version=1"), status=404, code="unknown_character"
    )


def test_bundle_holds_every_prompt_and_the_phrases(bot):
    make_character("ada", aliases=["Ad"], topic_interests=["sea"])
    make_character("bob")
    publish("ada", "bob")

    response = get(bot, "bundle")

    body = response.json()
    single = get(bot, "personas/ada/prompt").json()
    assert [p["character_id"] for p in body["prompts"]] == ["ada", "bob"]
    assert body["prompts"][0] == single
    assert body["roster"][0]["names"] == ["Ada", "Ad"]
    assert body["roster"][0]["interests"] == ["sea"]
    assert get(bot, "bundle", If_None_Match=response["ETag"]).status_code == 304
    drafts.set_active(character_id="ada", is_active=False, actor=None, now=NOW)
    assert get(bot, "bundle", If_None_Match=response["ETag"]).status_code == 200


def test_changes_name_what_is_served_anew_and_not_drafts(bot):
    make_character("ada")
    make_character("bob")
    publish("ada", "bob")
    start = get(bot, "changes").json()

    edit("ada", description="Draft only")
    nothing = get(bot, f"changes?since={start['cursor']}").json()
    publish("ada")
    something = get(bot, f"changes?since={nothing['cursor']}").json()

    served = get(bot, "personas/ada/prompt").json()
    assert [c["character_id"] for c in start["changed"]] == ["ada", "bob"]
    assert nothing["changed"] == []
    assert something["changed"] == [
        {"character_id": "ada", "content_hash": served["content_hash"], "quiet": None}
    ]
    again = get(bot, f"changes?since={something['cursor']}").json()
    assert again == {"changed": [], "cursor": something["cursor"]}


def test_change_that_takes_a_character_away_has_no_hash(bot):
    make_character("ada")
    publication = publish("ada").publication
    cursor = get(bot, "changes").json()["cursor"]

    labels.undo(publication_id=publication.pk, author=None, now=NOW)

    changed = get(bot, f"changes?since={cursor}").json()["changed"]
    assert changed == [{"character_id": "ada", "content_hash": None, "quiet": None}]


def test_cursor_that_was_pruned_says_to_fetch_again(bot):
    make_character("ada")
    publish("ada")

    prune(now=datetime.now(UTC) + timedelta(days=30))

    assert LiveStream.objects.get(name="personas").floor > 0
    problem(get(bot, "changes?since=0"), status=410, code="cursor_expired")


def test_what_another_process_publishes_is_seen(bot):
    """Rows that this process wrote nothing of, as another would leave them."""
    make_character("ada")
    publish("ada")
    get(bot, "personas/ada/prompt")
    make_framework("other")

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=2)):
        # The snapshot is not patched by a commit, only by looking.
        original, watcher.PROCESS.catch_up = watcher.PROCESS.catch_up, lambda s: None
        try:
            edit("ada", framework_id="other")
            publish("ada")
        finally:
            watcher.PROCESS.catch_up = original
        served = get(bot, "personas/ada/prompt").json()

    assert served["framework_id"] == "other"


def test_stale_is_said_when_the_database_cannot_be_asked(bot, monkeypatch):
    make_character("ada")
    publish("ada")
    get(bot, "personas/ada/prompt")
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: False)

    response = get(bot, "personas/ada/prompt")

    assert response.status_code == 200
    assert response["X-Freshness"] == "stale"


def test_avatar_address_is_whole_and_open_to_all(bot, client):
    make_framework("neuro")
    from_card = _picture_of("ada")

    [row] = get(bot, "personas").json()["results"]

    assert row["avatar_url"] == f"http://testserver/pictures/{from_card}.png"
    picture = client.get(f"/pictures/{from_card}.png")
    assert picture.status_code == 200
    assert picture["Content-Type"] == "image/png"


def _picture_of(character_id: str) -> str:

    file = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    picture = pictures.store(file.getvalue(), now=NOW)
    make_character(character_id, avatar=picture.digest)
    publish(character_id)
    return picture.digest


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(bot, method):
    response = getattr(bot, method)("/api/v1/personas")

    problem(response, status=405, code="method_not_allowed")
    assert "GET" in response["Allow"]


def test_html_is_never_given(bot):
    make_character("ada")
    publish("ada")

    response = get(bot, "personas/ada/prompt", Accept="text/html")

    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content)
    assert CompiledPrompt.objects.count() == 1
