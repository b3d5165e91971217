"""Who could answer if all drafts were published as they are.

Only for trying: what bots ask is decided from versions. What a draft says is kept by
its hash, so that only drafts that changed are read; nothing has to be announced.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.db.models import Exists, OuterRef
from pydantic import ValidationError

from core.sheet_forms.words import explain
from personas.domain.growing import NO_GROWTH, BadStage, Growth, grown
from personas.domain.sheets import CharacterSheet
from personas.models import ApprovedGrowth, Character, Label
from personas.models.labels import PRODUCTION
from personas.services import growing
from relationships.domain.amounts import milli_of
from routing.domain.messages import Activity
from routing.domain.roster import Member, Roster

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Drafts:
    """The roster of drafts; ``left_out`` maps ids to why somebody is not on it.

    ``names`` are what the members are called, ``personas`` their persona ids.
    """

    roster: Roster
    names: Mapping[str, str]
    personas: Mapping[str, str]
    left_out: Mapping[str, str]


class _Key(NamedTuple):
    """What tells that a draft, or the growth that it would be published with,
    changed."""

    character_id: str
    draft_hash: str
    grown_at: datetime | None


class _Asked(NamedTuple):
    """A character, as far as it is looked at each time."""

    pk: int
    key: _Key
    display_name: str
    framework_id: str
    is_ready: bool

    @property
    def persona_id(self) -> str:
        return f"{self.key.character_id}@{self.framework_id}"


class DraftRosters:
    """A process's own. Safe to use from any thread."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        # What each draft came to: its member, or why there is none.
        self._made: dict[_Key, Member | str] = {}
        self._roster = Roster.of(())

    def read(self) -> Drafts:
        """The drafts of all characters that are switched on and not archived.

        Two queries, and four for each 500 drafts that were not looked at before.
        Each is on the roster as publishing would make it, with the growth that was
        approved. Without a published framework only those are on it that are live.
        Whether prompts are too long is not looked at, since that needs all of them.
        """
        with self._making:
            asked = list(_asked())
            made = self._made
            new = [each for each in asked if each.key not in made]
            # Replaced, not added to, so that what nobody has any more is forgotten.
            made = self._made = {
                **{each.key: made[each.key] for each in asked if each.key in made},
                **_made(new),
            }
            left_out: dict[str, str] = {}
            members: dict[str, Member] = {}
            for each in asked:
                found = made.get(each.key)
                if not each.is_ready:
                    left_out[each.key.character_id] = (
                        "Their framework was never published."
                    )
                elif isinstance(found, Member):
                    members[each.key.character_id] = found
                elif found is not None:
                    left_out[each.key.character_id] = found
            roster = self._roster = _patched(self._roster, members)
        return Drafts(
            roster=roster,
            names=MappingProxyType(
                {each.key.character_id: each.display_name for each in asked}
            ),
            personas=MappingProxyType(
                {each.key.character_id: each.persona_id for each in asked}
            ),
            left_out=MappingProxyType(left_out),
        )


def _asked() -> Iterator[_Asked]:
    rows = (
        Character.objects.active()
        .filter(is_active=True)
        .annotate(
            is_live=Exists(
                Label.objects.filter(character=OuterRef("pk"), name=PRODUCTION)
            )
        )
        .order_by("character_id")
    )
    grown_at = dict(ApprovedGrowth.objects.values_list("character_id", "updated_at"))
    for (
        pk,
        character_id,
        draft_hash,
        name,
        framework_id,
        published,
        is_live,
    ) in rows.values_list(
        "pk",
        "character_id",
        "draft_hash",
        "display_name",
        "framework__framework_id",
        "framework__published",
        "is_live",
    ):
        yield _Asked(
            pk,
            _Key(character_id, draft_hash, grown_at.get(pk)),
            name,
            framework_id,
            is_live or published is not None,
        )


def _made(asked: Sequence[_Asked]) -> dict[_Key, Member | str]:
    made: dict[_Key, Member | str] = {}
    for start in range(0, len(asked), _AT_ONCE):
        some = {each.pk: each.key for each in asked[start : start + _AT_ONCE]}
        growths = growing.growth_of(some.keys())
        for character in Character.objects.filter(pk__in=some).for_sheets():
            growth = growths.get(character.pk, NO_GROWTH)
            key = some[character.pk]
            made[key] = _member_or_why(character, key=key, growth=growth)
    return made


def _member_or_why(character: Character, *, key: _Key, growth: Growth) -> Member | str:
    try:
        sheet = grown(character.to_sheet(), stages=growth.stages)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f"Their draft cannot be read: {where}: {explain(first)}"
    except BadStage as error:
        return str(error)
    return member_of(sheet, character_id=character.character_id, version=_version(key))


def _version(key: _Key) -> int:
    """A number that stands for the draft; below zero, which no version's key is."""
    content = f"{key.draft_hash}\0{key.grown_at}".encode()
    return -1 - int.from_bytes(hashlib.sha256(content).digest()[:7])


def member_of(sheet: CharacterSheet, *, character_id: str, version: int) -> Member:
    """What ``routing.services.rosters`` makes of a version with this sheet."""
    preferences = sheet.activity_preferences
    return Member(
        character_id=character_id,
        version=version,
        weight=milli_of(sheet.routing_weight),
        names=tuple(sheet.names),
        interests=tuple(sheet.topic_interests),
        avoidances=tuple(sheet.topic_avoidances),
        domain=sheet.knowledge_domain.primary,
        channels=tuple(preferences.channels),
        activities=tuple(
            Activity(name=each.name, category=each.category)
            for each in preferences.activities
        ),
        reply_mode=sheet.behavior.reply_mode,
    )


def _patched(roster: Roster, members: Mapping[str, Member]) -> Roster:
    old: Any = roster.members
    put = [each for name, each in members.items() if old.get(name) is not each]
    drop = [name for name in old if name not in members]
    return roster.patched(put=put, drop=drop) if put or drop else roster


DRAFT_ROSTERS: Final = DraftRosters()
"""This process's own."""
