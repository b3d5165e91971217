"""Lore as bots get it: ``compose`` with entries in place, and ``lore/activate``."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core import keys
from core.live import watcher
from core.roles import Role, Scope
from personas import lore_firings
from personas.catalog import catalog
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Character, LoreFiring
from personas.services import (
    drafts,
    lore_entries,
    lore_publishing,
    lorebooks,
    publishing,
)
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character

# On commit is when changes are numbered and snapshots patched.
pytestmark = pytest.mark.django_db(transaction=True)

WHO: dict[str, Any] = {"actor": None, "now": NOW}
TALK = [
    {"name": "Bob", "text": "Tell me of the lighthouse."},
    {"name": "Ada", "text": "It stands on the cliff."},
]


def make_book(name: str, *entries: dict[str, Any], **fields: Any) -> str:
    """A published book; entries are sheets, in any order of fields."""
    book = lorebooks.create_book(
        sheet=BookSheet(name=name, **fields),
        entries=[EntrySheet.model_validate(each) for each in entries],
        **WHO,
    )
    lore_publishing.publish_book(book_id=book.book_id, note="N", **WHO)
    return book.book_id


def publish(*character_ids: str) -> publishing.Outcome:
    return publishing.publish(
        character_ids=character_ids, note="N", author=None, now=NOW
    )


LIGHT = {"title": "Light", "keys": ["lighthouse"], "content": "The lamp is green."}
CLIFF = {
    "title": "Cliff",
    "keys": ["cliff"],
    "content": "{{char}} fell here, {{user}}.",
    "position": "after_character",
}
DEEP = {
    "title": "Deep",
    "keys": ["lighthouse"],
    "content": "Speak low.",
    "position": "at_depth",
    "depth": 1,
}
SLEEPS = {"title": "Sleeps", "keys": ["submarine"], "content": "Never."}


@pytest.fixture
def bot() -> Client:
    """A bot; ada is live with a harbour book, eve without any."""
    make_book("Harbour", LIGHT, CLIFF, DEEP, SLEEPS)
    make_character("ada", nickname="Countess", lorebooks=["harbour"])
    make_character("eve")
    publish("ada", "eve")
    return bot_client(Scope.PROMPT_READ)


def post(client: Client, path: str, body: Any, **options: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(
        f"/api/v1/{path}", text, content_type="application/json", **options
    )


def composed(client: Client, character_id: str = "ada", **fields: Any) -> Any:
    response = post(
        client, f"personas/{character_id}/compose", {"messages": TALK, **fields}
    )
    assert response.status_code == 200, response.content
    return response.json()


def activated(client: Client, character_id: str = "ada", **fields: Any) -> Any:
    body = {"character_id": character_id, "messages": TALK, **fields}
    response = post(client, "lore/activate", body)
    assert response.status_code == 200, response.content
    return response.json()


def titles(answer: Any, name: str = "lore") -> list[str]:
    return [one["title"] for one in answer[name]]


# -- Compose ---------------------------------------------------------------------------


def test_lore_stands_where_its_entries_say(bot):
    served = bot.get("/api/v1/personas/ada/prompt").json()

    answer = composed(bot)

    assert answer["chat"] == [
        {
            "role": "system",
            "content": "The lamp is green.\n\n"
            f"{served['system_prompt']}\n\nCountess fell here, Bob.",
        },
        {"role": "user", "content": "Tell me of the lighthouse."},
        {"role": "system", "content": "Speak low."},
        {"role": "assistant", "content": "It stands on the cliff."},
    ]
    assert answer["system_prompt"] == answer["chat"][0]["content"]
    assert answer["tokens"]["count"] > served["tokens"]["count"]
    assert titles(answer) == ["Light", "Cliff", "Deep"]
    assert [one["position"] for one in answer["lore"]] == [
        "before_character",
        "after_character",
        "at_depth",
    ]
    assert answer["lore"][0]["tokens"] > 0


def test_the_trace_says_why_each_entry_entered_or_did_not(bot):
    rows = {row["title"]: row for row in composed(bot)["trace"]}

    assert set(rows) == {"Light", "Cliff", "Deep", "Sleeps"}
    light, sleeps = rows["Light"], rows["Sleeps"]
    assert (light["fired"], light["cause"], light["key"]) == (True, "key", "lighthouse")
    assert light["reason"] == "One of its keys was seen."
    span = light["span"]
    text = TALK[span["message"]]["text"]
    assert text[span["start"] : span["end"]] == "lighthouse"
    assert (light["pass"], light["book"]) == (0, "harbour")
    assert (sleeps["fired"], sleeps["gate"]) == (False, "key")
    assert "key" not in sleeps


def test_the_characters_own_messages_are_looked_through(bot):
    answer = composed(bot, messages=[{"name": "Countess", "text": "Mind the cliff."}])

    assert titles(answer) == ["Cliff"]


def test_reading_a_prompt_is_as_it_was(bot):
    served = bot.get("/api/v1/personas/ada/prompt").json()

    assert "lore" not in served
    assert "lamp" not in json.dumps(served)


def test_without_books_in_play_nothing_is_added(bot):
    served = bot.get("/api/v1/personas/eve/prompt").json()

    answer = composed(bot, "eve")

    assert (answer["lore"], answer["trace"], answer["trace_left_out"]) == ([], [], 0)
    assert answer["system_prompt"] == served["system_prompt"]


def test_a_budget_bounds_the_lore(bot):
    answer = composed(bot, budget_tokens=0)

    assert answer["lore"] == []
    rows = {row["title"]: row["gate"] for row in answer["trace"]}
    assert rows == {
        "Light": "budget",
        "Cliff": "budget",
        "Deep": "budget",
        "Sleeps": "key",
    }


def test_chance_comes_out_the_same_for_the_same_seed(bot):
    make_book(
        "Dice",
        *[
            {"title": f"{n}", "is_constant": True, "content": "x", "probability": 50}
            for n in range(20)
        ],
        for_everybody=True,
    )

    seeded = [titles(composed(bot, "eve", seed=seed)) for seed in (1, 1, 2)]
    decided = [composed(bot, "eve", decision_id=key) for key in ("a", "a", "b")]
    free = composed(bot, "eve")

    assert seeded[0] == seeded[1] != seeded[2]
    assert titles(decided[0]) == titles(decided[1])
    assert decided[0]["seed"] == decided[1]["seed"] != decided[2]["seed"]
    assert composed(bot, "eve", seed=7, decision_id="a")["seed"] == 7
    assert titles(composed(bot, "eve", seed=free["seed"])) == titles(free)
    assert titles(activated(bot, "eve", seed=1), "entries") == seeded[0]


def test_macros_of_the_character_are_expanded_by_the_seed_and_not_on_reading(bot):
    make_character(
        "max",
        description="Rolls {{roll:1000}}. {{// hush}}Likes {{random:tea,rum}}.",
        first_message="{{reverse:abc}} {{unknown:x}} {{user}}",
    )
    publish("max")
    served = bot.get("/api/v1/personas/max/prompt").json()
    assert "{{roll:1000}}" in served["system_prompt"]

    one, same, other = (composed(bot, "max", seed=seed) for seed in (1, 1, 2))

    assert one == same
    assert one["system_prompt"] != other["system_prompt"]
    assert "{{r" not in one["system_prompt"]
    assert "hush" not in one["system_prompt"]
    identity = next(s["text"] for s in one["sections"] if "Rolls" in s["text"])
    assert identity in one["system_prompt"]
    assert one["greetings"]["first_message"] == "cba {{unknown:x}} Ada"


def test_a_name_that_looks_like_a_macro_stays_as_named(bot):
    answer = composed(bot, user_name="{{roll:6}}")

    assert "Countess fell here, {{roll:6}}." in answer["system_prompt"]


def test_of_very_many_entries_the_trace_tells_those_that_entered(bot):
    entries = [{"title": f"e{n}", "keys": ["zzz"], "content": "x"} for n in range(1005)]
    make_book("Aaa", *entries, for_everybody=True)

    answer = composed(bot)

    assert (len(answer["trace"]), answer["trace_left_out"]) == (1000, 9)
    fired = [row["title"] for row in answer["trace"] if row["fired"]]
    assert fired == ["Light", "Cliff", "Deep"]
    assert len(activated(bot)["trace"]) == 1009


def test_it_asks_the_database_nothing(bot, monkeypatch, django_assert_num_queries):
    composed(bot)
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)

    with django_assert_num_queries(0):
        assert titles(composed(bot)) == ["Light", "Cliff", "Deep"]
        assert titles(activated(bot), "entries") == ["Light", "Cliff", "Deep"]


# -- Activate --------------------------------------------------------------------------


def test_activate_tells_texts_trace_and_totals(bot):
    answer = activated(bot, seed=3)

    assert [one["text"] for one in answer["entries"]] == [
        "The lamp is green.",
        "Countess fell here, Bob.",
        "Speak low.",
    ]
    assert answer["tokens"] == sum(one["tokens"] for one in answer["entries"])
    assert (answer["seed"], answer["bounds"], answer["trace_left_out"]) == (3, [], 0)
    assert len(answer["trace"]) == 4


def test_activate_names_limits_that_were_reached(bot):
    make_book("Deep", {"keys": ["zzz"], "scan_depth": 500}, for_everybody=True)
    talk = [{"name": "Bob", "text": "word " * 1500}] * 30

    answer = activated(bot, messages=talk)

    assert [bound["bound"] for bound in answer["bounds"]] == ["messages"]
    assert answer["bounds"][0]["detail"].startswith("Older messages")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"character_id": "nobody"}, 404, "unknown_character"),
        ({"label": "staging"}, 404, "not_labelled"),
        ({"character_id": "Not A Slug"}, 422, "invalid"),
        ({"character_id": 5}, 422, "invalid"),
        ({"messages": "hello"}, 422, "invalid"),
        ({"messages": [{"name": "", "text": "x"}]}, 422, "invalid"),
        ({"messages": [{"name": "B", "text": "ä" * 4097}]}, 422, "invalid"),
        ({"messages": [{"name": "B", "text": ""}] * 1001}, 422, "invalid"),
        ({"budget_tokens": -1}, 422, "invalid"),
        ({"seed": 1.5}, 422, "invalid"),
        ({"user_name": ""}, 422, "invalid"),
        ({"context": "casual"}, 422, "unknown_field"),
    ],
)
def test_what_will_not_do_is_said(bot, fields, status, code):
    response = post(
        bot, "lore/activate", {"character_id": "ada", "messages": TALK, **fields}
    )

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "5"])
def test_bodies_that_cannot_be_used_are_refused(bot, text):
    assert post(bot, "lore/activate", text).status_code in (400, 422)


def test_who_may_read_prompts_may_activate_and_nobody_else(bot, client):
    body = {"character_id": "ada", "messages": []}

    def status(caller: Client) -> int:
        return post(caller, "lore/activate", body).status_code

    assert status(client_as(Role.VIEWER)) == 200
    assert status(client) == 401
    assert status(client_as(None)) == 403
    assert status(bot_client(Scope.ROUTE_DECIDE)) == 403
    assert bot.get("/api/v1/lore/activate").status_code == 405


def test_its_schema_names_every_field_of_the_answers(bot):
    schema = client_as(Role.VIEWER).get("/api/v1/schema").json()

    def described(path: str) -> Any:
        answer = schema["paths"][f"/api/v1/{path}"]["post"]["responses"]["200"]
        return answer["content"]["application/json"]["schema"]["properties"]

    activate = described("lore/activate")
    assert set(activated(bot)) == set(activate)
    for row in activated(bot)["trace"]:
        assert set(row) <= set(activate["trace"]["items"]["properties"])
    assert set(activated(bot)["entries"][0]) == set(
        activate["entries"]["items"]["properties"]
    )
    compose = described("personas/{character_id}/compose")
    assert set(composed(bot)["lore"][0]) == set(compose["lore"]["items"]["properties"])


def test_the_largest_conversation_is_looked_through(bot):
    talk = [{"name": f"P{n % 7}", "text": "some words " * 80} for n in range(1000)]

    assert activated(bot, messages=talk)["entries"] == []
    assert len(composed(bot, messages=talk)["chat"]) == 1001


# -- What is in play -------------------------------------------------------------------


def test_a_published_change_is_served_and_a_draft_is_not(bot):
    book = lorebooks.Lorebook.objects.get(book_id="harbour")
    light = lorebooks.entries_of(book)[0]
    lore_entries.save_entry(
        book_id="harbour",
        entry_id=light.entry_id,
        sheet=light.to_sheet().model_copy(update={"content": "It is red."}),
        revision=1,
        **WHO,
    )
    assert "The lamp is green." in composed(bot)["system_prompt"]

    lore_publishing.publish_book(book_id="harbour", note="N", **WHO)
    assert "It is red." in composed(bot)["system_prompt"]

    lore_publishing.roll_back(book_id="harbour", number=1, note="N", **WHO)
    assert "The lamp is green." in composed(bot)["system_prompt"]


def test_binding_a_book_goes_live_with_the_character(bot):
    ada = Character.objects.for_sheets().get(character_id="ada")
    drafts.save_character(
        character_id="ada",
        sheet=ada.to_sheet().model_copy(update={"lorebooks": []}),
        revision=ada.revision,
        **WHO,
    )
    assert titles(composed(bot)) == ["Light", "Cliff", "Deep"]

    publish("ada")

    assert composed(bot)["lore"] == []


def test_a_book_for_everybody_is_in_play_once_and_after_those_named(bot):
    make_book("All", {"title": "All", "is_constant": True, "content": "Air."})
    assert titles(composed(bot, "eve")) == []
    lorebooks.save_book(
        book_id="all",
        sheet=BookSheet(name="All", for_everybody=True),
        revision=1,
        **WHO,
    )
    lore_publishing.publish_book(book_id="all", note="N", **WHO)

    assert titles(composed(bot, "eve")) == ["All"]
    assert [row["book"] for row in composed(bot)["trace"]] == ["harbour"] * 4 + ["all"]


def test_an_archived_book_is_out_of_play_until_it_is_restored(bot):
    make_book("Other", {"title": "Other", "is_constant": True, "content": "x"})
    lorebooks.archive_book(book_id="other", is_archived=True, **WHO)
    make_character("zed", lorebooks=["other"])
    publish("zed")
    assert composed(bot, "zed")["trace"] == []

    lorebooks.archive_book(book_id="other", is_archived=False, **WHO)

    assert titles(composed(bot, "zed")) == ["Other"]


def test_characters_with_the_same_books_share_one_index_and_books_one_copy(bot):
    make_book("Second", {"content": "x"})
    make_character("cid", lorebooks=["harbour"])
    make_character("dot", lorebooks=["harbour", "second", "nowhere"])
    publish("cid", "dot")

    lore = catalog.read()[0].lore

    ada, dot = lore.index(("harbour",)), lore.index(("harbour", "second", "nowhere"))
    entries = catalog.read()[0].entries
    assert entries["ada"]["production"].books == entries["cid"]["production"].books
    assert ada.books[0] is dot.books[0]
    assert [book.book_id for book in dot.books] == ["harbour", "second"]


# -- When entries fired ----------------------------------------------------------------


@pytest.fixture
def firings(monkeypatch) -> lore_firings.Firings:
    """Those of this test alone, always due."""
    fresh = lore_firings.Firings()
    monkeypatch.setattr(fresh, "_written_at", -1e9)
    monkeypatch.setattr(lore_firings, "FIRINGS", fresh)
    return fresh


def counts() -> list[int]:
    return sorted(LoreFiring.objects.values_list("count", flat=True))


def test_entries_that_entered_a_prompt_of_a_bot_are_counted(bot, firings):
    fired = {one["entry_id"] for one in composed(bot)["lore"]}
    assert {row.entry_id.hex for row in LoreFiring.objects.all()} == fired
    first = LoreFiring.objects.latest("fired_at").fired_at

    composed(bot, budget_tokens=0)
    composed(bot)
    assert counts() == [1, 1, 1]  # Not yet: lots are seconds apart.
    firings.write()

    assert counts() == [2, 2, 2]
    assert LoreFiring.objects.latest("fired_at").fired_at > first


def test_people_test_keys_and_looks_at_lore_do_not_count(bot, firings):
    _, text = keys.create_key(
        name="T", scopes=[Scope.PROMPT_READ], is_test=True, actor=None, now=NOW
    )

    assert len(composed(client_as(Role.ADMIN))["lore"]) == 3
    assert (
        len(composed(Client(headers={"Authorization": f"Bearer {text}"}))["lore"]) == 3
    )
    activated(bot)
    firings.write()

    assert counts() == []


def test_many_are_written_in_lots_and_counted_up(firings):
    ids = [f"{n:032x}" for n in range(450)]
    firings.note([*ids, ids[0]], now=NOW)
    firings.write()
    firings.note(ids[:2], now=NOW.replace(year=2020))
    firings.write()

    assert LoreFiring.objects.count() == 450
    assert counts()[-2:] == [2, 3]
    assert LoreFiring.objects.get(count=3).fired_at == NOW


def test_a_database_that_refuses_costs_only_the_counts(firings, monkeypatch, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE personas_lorefiring RENAME TO gone")
    try:
        firings.note([f"{1:032x}"], now=NOW)
        firings.write()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO personas_lorefiring")

    firings.write()
    assert counts() == []
