"""Entering reports: what they move is locked, moved in memory, written at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.keys import BotPrincipal
from evolution.services import counting
from evolution.services.counting import GrowthRules
from personas.catalog import Entry, Snapshot
from personas.models.labels import PRODUCTION
from relationships.domain.amounts import points_of
from relationships.domain.compatibility import compatibility
from relationships.domain.feelings import Event, Row, Rules, comparable_topics
from relationships.domain.kinds import Kind
from relationships.services import moving
from routing.domain.events import Reported
from routing.models import Interaction
from routing.services.judging import Person

_NO_TOPICS: Final[Mapping[str, Any]] = {"interests": (), "avoidances": ()}


@dataclass(frozen=True, slots=True)
class Facts:
    """By what a transaction counts."""

    rules: Rules
    kinds: Mapping[str, Kind]
    snapshot: Snapshot
    growth: GrowthRules

    def published(self, character_id: str) -> Entry | None:
        return self.snapshot.entry(character_id, label=PRODUCTION)

    def liking(self, one: str, other: str) -> int:
        """The compatibility of two characters by their published sheets."""
        a, b = self._topics(one), self._topics(other)
        return compatibility(
            interests_a=a["interests"],
            avoidances_a=a["avoidances"],
            interests_b=b["interests"],
            avoidances_b=b["avoidances"],
        )

    def _topics(self, character_id: str) -> Mapping[str, Any]:
        entry = self.published(character_id)
        return _NO_TOPICS if entry is None else entry.routing


class Ledger:
    """Everything that reports move, locked; entered in memory, then written at once."""

    def __init__(
        self,
        events: Sequence[Reported],
        *,
        bot: BotPrincipal,
        people: Mapping[str, Person],
        facts: Facts,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._facts = facts
        self._pks = {name: person.pk for name, person in people.items()}
        self._rows: list[Interaction] = []
        self._likings: dict[tuple[str, str], int] = {}
        if not events:
            return
        # In this order, everywhere: counts, then pairs.
        self._counts = counting.lock(
            {self._pks[event.character_id] for event in events}, rules=facts.growth
        )
        self._pairs = moving.lock(
            {
                (self._pks[event.character_id], self._pks[event.other_character_id])
                for event in events
                if event.other_character_id is not None
            }
        )
        # The clock of whoever wrote last may have been ahead of ours.
        moments = (clock(), self._counts.latest, self._pairs.latest)
        self._now = max(at for at in moments if at is not None)

    def enter(self, event: Reported, *, digest: str) -> dict[str, Any]:
        """Count one report; its answer."""
        number = len(self._rows)
        entry = self._facts.published(event.character_id)
        counted = self._counts.add(
            self._pks[event.character_id],
            count=event.count,
            kind=event.kind,
            stages={} if entry is None else entry.stages,
            report=number,
            now=self._now,
        )
        answer = {
            "id": event.id,
            "status": "accepted",
            "character_id": event.character_id,
            "count": counted.count,
            "crossed": counted.crossed,
            "affinity": self._move(event, number=number),
        }
        if self._bot.is_test:
            answer["test"] = True
        self._rows.append(
            Interaction(
                bot_id=self._bot.bot_id,
                event_id=event.id,
                character_id=self._pks[event.character_id],
                kind=event.kind,
                other_id=self._pks.get(event.other_character_id or ""),
                user_id=event.user_id or "",
                channel_id=event.channel_id or "",
                server_id=event.server_id or "",
                occurred_at=event.occurred_at or self._now,
                created_at=self._now,
                intensity=event.milli_intensity,
                count=event.count,
                counted=counted.added,
                topics=event.topics,
                digest=digest,
                answer=answer,
            )
        )
        return answer

    def _move(self, event: Reported, *, number: int) -> dict[str, Any] | None:
        """What it did to both feelings, for the answer; ``None`` if a user was met."""
        other = event.other_character_id
        if other is None:
            return None
        source, target = self._pks[event.character_id], self._pks[other]
        spoken, met = self._pairs.move(
            source,
            target,
            event=Event(
                is_low_speaker=source < target,
                kind=self._facts.kinds[event.kind],
                intensity=event.milli_intensity,
                topics=comparable_topics(event.topics),
                compatibility=self._liking(event.character_id, other),
            ),
            rules=self._facts.rules,
            now=self._now,
            report=number,
        )
        return {
            "speaker_to_responder": _told(spoken),
            "responder_to_speaker": _told(met),
        }

    def _liking(self, one: str, other: str) -> int:
        key = (one, other) if one < other else (other, one)
        if key not in self._likings:
            self._likings[key] = self._facts.liking(*key)
        return self._likings[key]

    def save(self) -> None:
        """Write all that was entered, and tell about it."""
        if not self._rows:
            return
        Interaction.objects.bulk_create(self._rows)
        event_ids = {number: row.pk for number, row in enumerate(self._rows)}
        moving.save(
            self._pairs,
            event_ids=event_ids,
            bands=self._facts.rules.bands,
            now=self._now,
        )
        counting.save(self._counts, event_ids=event_ids, now=self._now)


def _told(row: Row) -> dict[str, Any]:
    """One direction's change in points."""
    return {
        "before": points_of(row.before),
        "after": points_of(row.after),
        "seq": row.seq,
    }
