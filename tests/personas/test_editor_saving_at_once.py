"""Several editors save one draft in the same moment, on real connections."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from personas.models import Character
from tests.clients import client_as
from tests.factories import make_character, sheet_of
from tests.personas.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SAVE = reverse("personas:character-edit-save", args=["ada"])
MERGE = reverse("personas:character-edit-merge", args=["ada"])
PEOPLE = 5


def save(client: Client, *, revision: int, **fields: str) -> HttpResponse:
    return client.post(
        SAVE, {"section": "who", **fields}, headers={"If-Match": f'"{revision}"'}
    )


def saver(client: Client, text: str) -> Callable[[], HttpResponse]:
    return lambda: save(client, revision=1, description=text)


def test_of_saves_from_one_revision_exactly_one_wins():
    make_character("ada")
    clients = [client_as(Role.CURATOR) for _ in range(PEOPLE)]

    answers = at_once(*[saver(c, f"Text {n}") for n, c in enumerate(clients)])

    statuses = [getattr(answer, "status_code", answer) for answer in answers]
    assert sorted(statuses, key=str) == [200] + [412] * (PEOPLE - 1)
    winner = statuses.index(200)
    assert sheet_of("ada").description == f"Text {winner}"
    assert Character.objects.get(character_id="ada").revision == 2
    assert AuditEntry.objects.filter(action="character.edited").count() == 1


def _add(client: Client, tag: str) -> Callable[[], int]:
    """Add a tag as the editor's script does, until the server has it."""

    def run() -> int:
        revision, base, tags = 1, "[]", tag
        for attempt in range(1, 40):
            answer = save(client, revision=revision, tags=tags)
            if answer.status_code == 200:
                return attempt
            sent = {"base": json.dumps({"tags": base}), "tags": tags}
            merged: dict[str, Any] = client.post(MERGE, sent).json()
            revision = merged["revision"]
            base = merged["base"].get("tags", base)
            tags = "\n".join([*json.loads(base), tag])
        return 0

    return run


def test_whoever_merges_and_tries_again_loses_nobody_a_word():
    make_character("ada")
    clients = [client_as(Role.CURATOR) for _ in range(PEOPLE)]

    attempts = at_once(*[_add(c, f"tag {n}") for n, c in enumerate(clients)])

    assert all(isinstance(attempt, int) and attempt for attempt in attempts)
    assert set(sheet_of("ada").tags) == {f"tag {n}" for n in range(PEOPLE)}
    assert Character.objects.get(character_id="ada").revision == 1 + PEOPLE
