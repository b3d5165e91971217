"""Which frameworks a character's blended prompts are mixed from, as stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from personas import policy
from personas.domain.blending import Blend, blend
from personas.domain.contexts import weights_by_context
from personas.domain.sheets import CharacterSheet
from personas.models import (
    BlendFramework,
    CharacterVersion,
    Framework,
    FrameworkVersion,
    VersionBlend,
)

Weights = Mapping[str, Mapping[str, float]]
"""Kind of conversation → framework id → weight."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a version's prompts are made with, besides its sheet.

    ``own`` is the version of the character's framework; ``weights`` are those
    of its blended prompts, as asked; ``others`` maps the ids of the frameworks
    they name to the versions mixed, unknown ones left out.
    """

    own: FrameworkVersion
    weights: Weights = field(default_factory=dict)
    others: Mapping[str, FrameworkVersion] = field(default_factory=dict)

    def blends(self, *, own: str) -> dict[str, Blend]:
        """Kind of conversation → what it mixes; ``own`` is the framework's id."""
        sheets = {key: version.to_sheet() for key, version in self.others.items()}
        sheets[own] = self.own.to_sheet()
        mixed = {
            context: blend(asked, frameworks=sheets, own=own)
            for context, asked in self.weights.items()
        }
        return {context: found for context, found in mixed.items() if found is not None}

    def replacing(self, version: FrameworkVersion) -> Self:
        """The same with another version of one framework."""
        same = version.framework_id
        return type(self)(
            own=version if self.own.framework_id == same else self.own,
            weights=self.weights,
            others={
                key: version if other.framework_id == same else other
                for key, other in self.others.items()
            },
        )


@dataclass(frozen=True, slots=True)
class Blendable:
    """What there is to mix now: the installation's weights, published versions."""

    table: Weights
    published: Mapping[str, FrameworkVersion]


def blendable(sheets: Iterable[CharacterSheet]) -> Blendable:
    """What these sheets may mix, in one query, or none if nobody blends."""
    mixing = [sheet for sheet in sheets if sheet.framework_blending.enabled]
    if not mixing:
        return Blendable(table={}, published={})
    table = weights_by_context(policy.contexts())
    asked = {
        framework_id
        for sheet in mixing
        for row in weights_of(sheet, table=table).values()
        for framework_id in row
    }
    rows = Framework.objects.filter(
        framework_id__in=asked, published__isnull=False
    ).select_related("published")
    found = {row.framework_id: row.published for row in rows if row.published}
    return Blendable(table=table, published=found)


def weights_of(sheet: CharacterSheet, *, table: Weights) -> Weights:
    """What the sheet asks for; ``table`` counts where it lists nothing of its own.

    Empty for a character that does not blend.
    """
    if not sheet.framework_blending.enabled:
        return {}
    own: dict[str, dict[str, float]] = {}
    for row in sheet.framework_blending.weights:
        own.setdefault(row.context, {})[row.framework_id] = row.weight
    return {**table, **own}


def ingredients_for(
    sheet: CharacterSheet, *, own: FrameworkVersion, available: Blendable | None = None
) -> Ingredients:
    """What the sheet would be compiled with now.

    ``available`` saves the query where several sheets are looked at.
    """
    available = available or blendable([sheet])
    weights = weights_of(sheet, table=available.table)
    asked = sorted({key for row in weights.values() for key in row})
    known = available.published
    return Ingredients(
        own=own,
        weights=weights,
        others={key: known[key] for key in asked if key in known},
    )


def blends_for(sheet: CharacterSheet, *, own: FrameworkVersion) -> dict[str, Blend]:
    """Kind of conversation → what the sheet would be mixed from now."""
    return ingredients_for(sheet, own=own).blends(own=sheet.framework_id)


def ingredients_of(
    versions: Sequence[CharacterVersion],
) -> dict[int, Ingredients]:
    """Version pk → what it was compiled with; ``framework_version`` loaded."""
    kept = {
        row.version_id: row
        for row in VersionBlend.objects.filter(
            version__in=[v.pk for v in versions]
        ).prefetch_related("frameworks__framework_version__framework")
    }
    return {v.pk: _kept(v, row=kept.get(v.pk)) for v in versions}


def _kept(version: CharacterVersion, *, row: VersionBlend | None) -> Ingredients:
    if row is None:
        return Ingredients(own=version.framework_version)
    others = [item.framework_version for item in row.frameworks.all()]
    return Ingredients(
        own=version.framework_version,
        weights=row.weights,
        others={other.framework.framework_id: other for other in others},
    )


def keep(found: Mapping[int, Ingredients]) -> None:
    """Record what new versions were mixed from; version pk → ingredients."""
    mixed = {pk: item for pk, item in found.items() if item.weights}
    rows = VersionBlend.objects.bulk_create(
        VersionBlend(version_id=pk, weights=item.weights) for pk, item in mixed.items()
    )
    BlendFramework.objects.bulk_create(
        BlendFramework(blend=row, framework_version=other)
        for row in rows
        for other in mixed[row.version_id].others.values()
    )
