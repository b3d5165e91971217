"""The text that characters are found by, kept with their drafts and live prompts.

What writes it runs in the transaction of the change that it follows, so that
nobody is found by what is no longer there.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import StrIndex

from personas.domain.searching import (
    AFTER_NAMES,
    AFTER_TAGS,
    PROMPT,
    Excerpt,
    Part,
    excerpts,
    is_covered,
    normalised,
    parts_of,
    stored_text,
    words_of,
)
from personas.domain.sheets import CharacterSheet
from personas.models import Character, CompiledPrompt, Label, SearchText
from personas.models.characters import CharacterQuerySet
from personas.models.labels import PRODUCTION

PLAIN: Final = ""
"""The context of the prompt that is searched."""
_BATCH: Final = 100


def keep_draft(character: Character, *, sheet: CharacterSheet) -> None:
    """Keep what the draft of ``character`` is found by from now on."""
    text = stored_text(sheet, character_id=character.character_id)
    if not SearchText.objects.filter(character=character).update(draft=text):
        SearchText.objects.create(character=character, draft=text)


def keep_prompts(versions: Mapping[int, int | None]) -> None:
    """Keep the prompts of what is live now.

    ``versions`` maps the pk of a character to that of its production version;
    ``None`` where it has none any more.
    """
    prompts = _prompts([pk for pk in versions.values() if pk is not None])
    rows = SearchText.objects.filter(character__in=versions).defer("draft")
    changed = []
    for row in rows:
        version = versions[row.character_id]
        row.prompt = normalised(prompts.get(version, "")) if version else ""
        changed.append(row)
    SearchText.objects.bulk_update(changed, ["prompt"], batch_size=_BATCH)


def _prompts(version_pks: Sequence[int]) -> dict[int, str]:
    """Version pk → its plain system prompt."""
    rows = CompiledPrompt.objects.filter(version__in=version_pks, context=PLAIN)
    return {row.version_id: row.system_prompt for row in rows}


def reindex() -> int:
    """Write all texts anew; how many characters there are."""
    count = 0
    pks = list(Character.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), _BATCH):
        batch = pks[start : start + _BATCH]
        with transaction.atomic():
            rows = Character.objects.select_for_update(
                of=("self",), no_key=True
            ).for_sheets()
            for character in rows.filter(pk__in=batch).order_by("pk"):
                keep_draft(character, sheet=character.to_sheet())
                count += 1
            live = Label.objects.filter(character__in=batch, name=PRODUCTION)
            versions = dict(live.values_list("character_id", "version_id"))
            keep_prompts({pk: versions.get(pk) for pk in batch})
    return count


def found(rows: CharacterQuerySet, /, *, query: str) -> CharacterQuerySet:
    """Those in whose draft or live prompt every word of ``query`` occurs.

    ``search_rank`` is lower the better the places are: names, tags, other fields,
    the prompt, summed over the words. Positions are compared instead of patterns,
    so that no character is a wildcard and both databases agree on case.
    """
    names_end = StrIndex(F("search__draft"), Value(AFTER_NAMES))
    tags_end = StrIndex(F("search__draft"), Value(AFTER_TAGS))
    rank: Combinable = Value(0, output_field=IntegerField())
    for word in words_of(query):
        place = StrIndex(F("search__draft"), Value(word))
        prompt = StrIndex(F("search__prompt"), Value(word))
        # Names and tags stand first, so that the first place is the best one.
        name = f"place_{len(rows.query.annotations)}"
        rows = rows.alias(**{name: place, f"{name}_prompt": prompt})
        rows = rows.filter(Q(**{f"{name}__gt": 0}) | Q(**{f"{name}_prompt__gt": 0}))
        rank = rank + Case(
            When(**{name: 0}, then=Value(3)),
            When(**{f"{name}__lt": names_end}, then=Value(0)),
            When(**{f"{name}__lt": tags_end}, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    return rows.annotate(search_rank=rank)


def best_first(rows: CharacterQuerySet, /) -> CharacterQuerySet:
    """What ``found`` gave, in the order in which pages show it."""
    order: tuple[str, ...] = ("search_rank", "display_name", "pk")
    return rows.order_by(*order)


def excerpts_of(pks: Sequence[int], /, *, query: str) -> dict[int, list[Excerpt]]:
    """Character pk → where the words of ``query`` stand, for one page of a list."""
    words = words_of(query)
    if not words or not pks:
        return {}
    parts: dict[int, list[Part]] = {
        character.pk: parts_of(
            character.to_sheet(), character_id=character.character_id
        )
        for character in Character.objects.for_sheets().filter(pk__in=pks)
    }
    unseen = [pk for pk, of in parts.items() if not is_covered(of, words=words)]
    if unseen:
        live = Label.objects.filter(character__in=unseen, name=PRODUCTION)
        versions = dict(live.values_list("character_id", "version_id"))
        prompts = _prompts(list(versions.values()))
        for pk, version in versions.items():
            parts[pk].append(Part(PROMPT, prompts.get(version, "")))
    return {pk: excerpts(of, words=words) for pk, of in parts.items()}
