"""Fill what characters are found by, for those that were there before."""

import json

from django.db import migrations

from personas.domain.searching import normalised, stored_text
from personas.domain.sheets import CharacterSheet

RELATED = {"framework_id", "avatar", "aliases", "evolution_stages"}


def fill(apps, schema_editor):
    character_model = apps.get_model("personas", "Character")
    search_text = apps.get_model("personas", "SearchText")
    live_label = apps.get_model("personas", "Label")
    prompt_model = apps.get_model("personas", "CompiledPrompt")
    done = search_text.objects.values_list("character_id", flat=True)
    rows = character_model.objects.exclude(pk__in=done).select_related("framework")
    for character in rows.order_by("pk").iterator(chunk_size=100):
        text = stored_text(_sheet(character), character_id=character.character_id)
        label = live_label.objects.filter(character=character, name="production")
        prompt = prompt_model.objects.filter(
            context="", version__in=label.values("version")
        ).first()
        search_text.objects.create(
            character=character,
            draft=text,
            prompt=_prompt(prompt.body) if prompt else "",
        )


def _sheet(character):
    # Fields that came later have no column yet.
    names = [
        name
        for name in CharacterSheet.model_fields
        if name not in RELATED and hasattr(character, name)
    ]
    values = {name: getattr(character, name) for name in names}
    aliases = character.aliases.order_by("position").values_list("text", flat=True)
    stages = character.stages.order_by("position").values(
        "milestone", "title", "description", "changes"
    )
    return CharacterSheet.model_validate(
        values
        | {
            "framework_id": character.framework.framework_id,
            "avatar": character.picture_id or "",
            "aliases": list(aliases),
            "evolution_stages": list(stages),
        }
    )


def _prompt(body):
    return normalised(json.loads(body)["system_prompt"])


class Migration(migrations.Migration):
    dependencies = [("personas", "0004_blends_append_only")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
