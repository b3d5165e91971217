"""The growth stages of what is live, as pages read them."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from personas.domain.sheets import EvolutionStage
from personas.models import CharacterVersion, Label
from personas.models.labels import PRODUCTION

_KEPT: Final = 2_000
Stages = tuple[EvolutionStage, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """What is live of a character: its version, since when, its stages by milestone."""

    version_pk: int
    number: int
    since: datetime
    stages: Stages


class _Known:
    """Stages by the hash of the sheet that holds them, which never change.

    A whole sheet is read once for them, not for every page.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[str, Stages] = OrderedDict()
        self._lock = Lock()

    def take(self, hashes: Collection[str]) -> dict[str, Stages]:
        with self._lock:
            found = {key: self._found[key] for key in hashes if key in self._found}
            for key in found:
                self._found.move_to_end(key)
        return found

    def keep(self, stages: Mapping[str, Stages]) -> None:
        with self._lock:
            self._found.update(stages)
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)


_known: Final = _Known()


def live_of(character_pks: Collection[int]) -> dict[int, Live]:
    """Character pk → what is live of it; in one query, or two for new versions."""
    rows = list(
        Label.objects.filter(character__in=character_pks, name=PRODUCTION).values_list(
            "character_id",
            "version_id",
            "version__number",
            "version__inputs_hash",
            "moved_at",
        )
    )
    stages = _stages({row[3]: row[1] for row in rows})
    return {
        pk: Live(version, number, since, stages[inputs_hash])
        for pk, version, number, inputs_hash, since in rows
    }


def _stages(versions: Mapping[str, int]) -> dict[str, Stages]:
    """``versions`` maps the hash of a sheet to the pk of a version that holds it."""
    known = _known.take(versions)
    missing = [pk for inputs_hash, pk in versions.items() if inputs_hash not in known]
    if missing:
        rows = CharacterVersion.objects.filter(pk__in=missing)
        read = {row.inputs_hash: _sorted(row) for row in rows.iterator(chunk_size=100)}
        _known.keep(read)
        known |= read
    return known


def _sorted(version: CharacterVersion) -> Stages:
    stages = version.to_sheet().evolution_stages
    return tuple(sorted(stages, key=lambda stage: stage.milestone))
