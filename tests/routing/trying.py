"""Trying messages over REST, and changing drafts."""

import json

from personas.domain.sheets import CharacterSheet
from personas.models import Character
from personas.services import drafts
from tests.factories import NOW, sheet_of
from tests.routing.asking import asked
from tests.routing.reports import send

SIMULATE = "/api/v1/route/simulate"


def simulate(client, text="Hello", **fields):
    return send(client, asked(text, **fields), to=SIMULATE)


def simulated(client, text="Hello", **fields):
    response = simulate(client, text, **fields)
    assert response.status_code == 200, response.content
    return response.json()


def change(character_id: str, **fields) -> None:
    character = Character.objects.get(character_id=character_id)
    values = {**sheet_of(character_id).model_dump(mode="json"), **fields}
    drafts.save_character(
        character_id=character_id,
        sheet=CharacterSheet.model_validate_json(json.dumps(values)),
        revision=character.revision,
        actor=None,
        now=NOW,
    )
