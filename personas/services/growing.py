"""What growth adds to characters, and what of it went into versions.

Whoever publishes reads it here; it outlives drafts, frameworks and imports. Only
evolution writes it, with the character's progress locked.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from personas.domain.growing import NO_GROWTH, Growth
from personas.domain.sheets import EvolutionStage
from personas.models import ApprovedGrowth, CharacterVersion, VersionGrowth


def growth_of(character_pks: Collection[int]) -> dict[int, Growth]:
    """Character pk → what its next version is compiled with; without growth, absent.

    One query.
    """
    rows = ApprovedGrowth.objects.filter(character__in=character_pks)
    return {row.character_id: _growth(row) for row in rows}


def growth_of_one(character_pk: int) -> Growth:
    """What the character's next version is compiled with."""
    return growth_of([character_pk]).get(character_pk, NO_GROWTH)


def growth_of_id(character_id: str) -> Growth:
    """The same by the character's id."""
    row = ApprovedGrowth.objects.filter(character__character_id=character_id).first()
    return _growth(row) if row is not None else NO_GROWTH


def kept_with(version: CharacterVersion) -> Growth:
    """What went into a version; without a query where ``growth`` was selected."""
    row = getattr(version, "growth", None)
    return _growth(row) if row is not None else NO_GROWTH


def _growth(row: ApprovedGrowth | VersionGrowth) -> Growth:
    return Growth(
        count=row.count,
        stages=tuple(EvolutionStage.model_validate(stage) for stage in row.stages),
        trait_words=tuple(row.trait_words),
    )


def keep(found: Mapping[int, Growth]) -> None:
    """Record what new versions were compiled with; version pk → growth."""
    VersionGrowth.objects.bulk_create(
        VersionGrowth(
            version_id=pk,
            count=growth.count,
            stages=_dumped(growth.stages),
            trait_words=list(growth.trait_words),
        )
        for pk, growth in found.items()
        if not growth.is_empty
    )


def set_stages(
    character_pk: int, *, stages: Sequence[EvolutionStage], count: int, now: datetime
) -> None:
    """Within a transaction: the stages that act from the next version on.

    ``count`` is how many interactions the character has had.
    """
    ApprovedGrowth.objects.update_or_create(
        character_id=character_pk,
        defaults={"stages": _dumped(stages), "count": count, "updated_at": now},
    )


def set_trait_words(words: Mapping[int, Sequence[str]], *, now: datetime) -> None:
    """Within a transaction: how characters have drifted; pk → sentences. One query."""
    ApprovedGrowth.objects.bulk_create(
        [
            ApprovedGrowth(character_id=pk, trait_words=list(sentences), updated_at=now)
            for pk, sentences in words.items()
        ],
        update_conflicts=True,
        unique_fields=["character"],
        update_fields=["trait_words", "updated_at"],
    )


def _dumped(stages: Sequence[EvolutionStage]) -> list[dict[str, Any]]:
    return [stage.model_dump(mode="json", exclude_defaults=True) for stage in stages]
