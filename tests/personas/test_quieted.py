"""Quieted characters, as bots are told of them."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from core.live import pokes
from core.live.watcher import Watcher
from core.roles import Scope
from personas import quieting as quiet_served
from personas.catalog import Catalog, Served
from personas.quieting import Quiet, Quiets
from personas.services import publishing
from personas.services.announcing import STREAM
from routing.services import quieting
from routing.services.quieting import By, Target
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_framework

# On commit is when changes are numbered and snapshots patched.
pytestmark = pytest.mark.django_db(transaction=True)

BOT = By(key_name="Watchman")
HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bot(clock) -> Client:
    make_framework()
    for name in ("ada", "bob"):
        make_character(name, framework_id="neuro")
    publishing.publish(character_ids=["ada", "bob"], note="N", author=None, now=NOW)
    return bot_client(Scope.PROMPT_READ)


def quiet(target=None, *, until=None, reason="Spam"):
    target = target or Target()
    return quieting.quiet(target, until=until, reason=reason, by=BOT, now=NOW).row


def told(row) -> dict:
    until = row.until and row.until.isoformat().replace("+00:00", "Z")
    return {"quiet_id": str(row.quiet_id), "until": until, "reason": row.reason}


def get(bot: Client, path: str, **headers):
    return bot.get(f"/api/v1/{path}", headers=headers)


def listed(bot: Client) -> dict:
    rows = get(bot, "personas").json()["results"]
    return {row["character_id"]: row["quiet"] for row in rows}


def test_lists_prompts_and_bundles_tell_of_it(bot):
    row = quiet(Target("ada"), until=NOW + HOUR, reason='Said "quiet":null, {{user}}')

    assert listed(bot) == {"ada": told(row), "bob": None}
    prompt = get(bot, "personas/ada/prompt").json()
    assert prompt["quiet"] == told(row)
    assert get(bot, "personas/bob/prompt").json()["quiet"] is None
    bundle = {p["character_id"]: p for p in get(bot, "bundle").json()["prompts"]}
    assert bundle["ada"] == prompt
    casual = get(bot, "personas/ada/prompt?context=casual").json()
    assert (casual["quiet"], casual["context"]) == (told(row), "casual")
    composed = bot.post(
        "/api/v1/personas/ada/compose", {"messages": []}, "application/json"
    )
    assert composed.json()["quiet"] == told(row)


def test_the_tag_changes_when_and_only_when_the_body_does(bot, clock):
    before = get(bot, "personas/ada/prompt")
    other = get(bot, "personas/bob/prompt")["ETag"]
    bundle = get(bot, "bundle")["ETag"]
    row = quiet(Target("ada"), until=NOW + HOUR)

    after = get(bot, "personas/ada/prompt", **{"If-None-Match": before["ETag"]})

    assert after.status_code == 200
    assert get(bot, "personas/bob/prompt")["ETag"] == other
    assert get(bot, "bundle")["ETag"] != bundle
    tag = {"If-None-Match": after["ETag"]}
    assert get(bot, "personas/ada/prompt", **tag).status_code == 304
    quieting.lift(row.quiet_id, by=BOT, now=NOW)
    again = get(bot, "personas/ada/prompt", **tag)
    assert (again["ETag"], again.content) == (before["ETag"], before.content)


def test_it_ends_by_the_clock_although_no_task_ran(bot, clock):
    quiet(Target("ada"), until=NOW + HOUR)
    assert listed(bot)["ada"]

    clock.shift(HOUR)

    assert listed(bot) == {"ada": None, "bob": None}
    assert get(bot, "personas/ada/prompt").json()["quiet"] is None


def test_changes_tell_when_it_begins_and_ends(bot, clock):
    cursor = get(bot, "changes").json()["cursor"]
    row = quiet(Target("ada"), until=NOW + HOUR)

    begun = get(bot, f"changes?since={cursor}").json()

    (change,) = begun["changed"]
    assert (change["character_id"], change["quiet"]) == ("ada", told(row))
    assert change["content_hash"]
    clock.shift(HOUR)
    assert quieting.end_due(now=NOW + HOUR) == 1
    (change,) = get(bot, f"changes?since={begun['cursor']}").json()["changed"]
    assert (change["character_id"], change["quiet"]) == ("ada", None)


def test_changes_tell_of_everybody_when_everything_is_quiet(bot):
    cursor = get(bot, "changes").json()["cursor"]
    row = quiet()

    changed = get(bot, f"changes?since={cursor}").json()["changed"]

    assert {c["character_id"]: c["quiet"] for c in changed} == {
        "ada": told(row),
        "bob": told(row),
    }
    assert listed(bot) == {"ada": told(row), "bob": told(row)}


@pytest.mark.parametrize(
    "target",
    [Target("ada", "bob"), Target("ada", channel_id="c1"), Target(channel_id="c1")],
)
def test_what_holds_only_somewhere_is_not_told(bot, target):
    cursor = get(bot, "changes").json()["cursor"]
    quiet(target)

    assert listed(bot) == {"ada": None, "bob": None}
    assert get(bot, f"changes?since={cursor}").json()["changed"] == []


def test_a_version_by_its_number_never_changes(bot):
    before = get(bot, "personas/ada/prompt?version=1")
    quiet(Target("ada"))

    after = get(bot, "personas/ada/prompt?version=1")

    assert (after["ETag"], after.content) == (before["ETag"], before.content)
    assert after.json()["quiet"] is None


def test_other_processes_tell_of_it_although_no_hint_reaches_them(bot, monkeypatch):
    monkeypatch.setattr(pokes.PROCESS, "send", lambda *args, **options: None)
    mine, live = Catalog(), Watcher()
    leave = live.follow(STREAM, callback=mine.apply)
    try:
        live.ensure_fresh(STREAM)
        assert mine.read()[0].quiets.quiet("ada", now=NOW) is None

        row = quiet(Target("ada"))

        # Its thread looks every half second; here it looks once.
        live.ensure_fresh(STREAM)
        found = mine.read()[0].quiets.quiet("ada", now=NOW)
        assert found is not None
        assert found.told() == told(row)
    finally:
        leave()


def switch(quiet_id: str, *, character_id=None, hours: int | None = None) -> Quiet:
    until = None if hours is None else NOW + hours * HOUR
    return Quiet(quiet_id, character_id, until, "Spam")


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ([], None),
        ([switch("a", character_id="bob")], None),
        ([switch("a", hours=0)], None),
        ([switch("a", hours=1), switch("b", character_id="ada", hours=2)], "b"),
        ([switch("a", hours=3), switch("b", character_id="ada", hours=2)], "a"),
        ([switch("a", hours=3), switch("b", character_id="ada")], "b"),
        ([switch("b"), switch("a", character_id="ada")], "a"),
        ([switch("b", hours=1), switch("c", hours=2), switch("a", hours=2)], "a"),
    ],
)
def test_of_several_the_longest_is_told(switches, expected):
    found = Quiets.of(switches).quiet("ada", now=NOW)

    assert (found and found.quiet_id) == expected


def test_an_own_key_of_the_name_is_left_alone():
    body = b'{"config":{"extra":{"quiet":null}},"quiet":null,"compiled_at":"x"}'

    found = Served('"tag"', body).while_quiet(switch("a"))

    assert found.body.startswith(
        b'{"config":{"extra":{"quiet":null}},"quiet":{"quiet_id"'
    )
    assert found.etag.startswith('"tag-quiet-')


def test_without_a_provider_nobody_is_quiet(monkeypatch):
    monkeypatch.setattr(quiet_served, "_providers", [])

    assert quiet_served.read() == Quiets()
