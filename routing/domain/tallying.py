"""What of a message speaks for and against each member of a roster.

Source: design, section 4, "Matching" and "Score".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from personas.domain.matching import Normalised, normalised
from routing.domain.messages import Activity, Message, Place, Quieted, Signal
from routing.domain.roster import (
    AVOIDANCE_POINTS,
    Held,
    Many,
    Member,
    Postings,
    Roster,
    Topic,
)

MILLI: Final = 1_000
MENTION_POINTS: Final = 100
CHANNEL_POINTS: Final = 20
ACTIVITY_POINTS: Final = 100
CATEGORY_POINTS: Final = 50

CHANNEL: Final = "channel"
ACTIVITY: Final = "activity"

MENTION: Final = "mention"

Hit = tuple[int, int, Postings]
"""Where a phrase begins and ends in the compared text, and whose it is."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Who of a roster may answer this message here, whatever it says.

    Whom ``out`` names is not in ``allow``.
    """

    roster: Roster
    allow: frozenset[str] | None
    out: frozenset[str]

    @classmethod
    def of(
        cls,
        roster: Roster,
        *,
        author: str | None,
        place: Place,
        quiets: Iterable[Quieted],
    ) -> "Cut":
        """Without the author, those whom the channel keeps out, and quiet ones."""
        out = set(place.deny)
        if author is not None:
            out.add(author)
        for quiet in quiets:
            pair = (quiet.character_id, quiet.other_character_id)
            if quiet.character_id is not None and quiet.other_character_id is None:
                out.add(quiet.character_id)
            elif author is not None and author in pair:
                out.update(one for one in pair if one is not None)
        allow = None if place.allow is None else place.allow - out
        return cls(roster, allow, frozenset(out))

    def member(self, character_id: str) -> Member | None:
        """The member with this id, if it may answer."""
        found = self.roster.members.get(character_id)
        return found if found is not None and self.allows(found) else None

    def allows(self, member: Member) -> bool:
        """Whether this member of the roster may answer."""
        if self.allow is None:
            return member.character_id not in self.out
        return member.character_id in self.allow

    def among(self, held: "tuple[Held, ...] | Many") -> Iterable[Held]:
        """Those who may answer, of whom a phrase is a topic."""
        allow, out = self.allow, self.out
        if allow is None:
            among = held if isinstance(held, tuple) else held.values()
            return [h for h in among if h[0].character_id not in out] if out else among
        if isinstance(held, tuple):
            return [h for h in held if h[0].character_id in allow]
        # Many have it and few may answer: the few are looked up.
        found = [held.get(character_id) for character_id in sorted(allow)]
        return [h for h in found if h is not None]


class Tally:
    """What speaks for and against one member.

    ``points`` for it are before the weight; ``avoidances`` are counted;
    ``activity`` are the points of the activity, which no score includes.
    """

    __slots__ = ("activity", "avoidances", "is_named", "member", "points", "signals")

    def __init__(self, member: Member) -> None:
        self.member = member
        self.points = self.avoidances = self.activity = 0
        self.is_named = False
        self.signals: list[Signal] = []

    @property
    def for_it(self) -> int:
        """Thousandths, avoidances left out."""
        return self.points * self.member.weight

    @property
    def score(self) -> int:
        """Thousandths."""
        return self.for_it + self.avoidances * AVOIDANCE_POINTS * MILLI


class Tallies(dict[str, Tally]):
    """Tallies by character id, of those members that have any."""

    def of(self, member: Member) -> Tally:
        found = self.get(member.character_id)
        if found is None:
            found = self[member.character_id] = Tally(member)
        return found


def tallied(cut: Cut, message: Message, *, names: tuple[str, ...]) -> Tallies:
    """What a message in a channel with this id and name says of each who may answer."""
    tallies = Tallies()
    given = normalised(message.text)
    hits = cut.roster.phrases.find(given)
    _tally_names(cut, tallies, hits=hits, given=given)
    if message.mentions:
        _tally_mentions(cut, tallies, mentions=message.mentions)
    _tally_topics(cut, tallies, hits=hits, given=given)
    for member, channel in cut.roster.preferring(names):
        if cut.allows(member):
            tally = tallies.of(member)
            tally.points += CHANNEL_POINTS
            tally.signals.append(Signal(CHANNEL, channel, CHANNEL_POINTS))
    if message.activity is not None:
        _tally_activity(cut, tallies, activity=message.activity)
    return tallies


def _tally_names(
    cut: Cut, tallies: Tallies, *, hits: list[Hit], given: Normalised
) -> None:
    """Each once, where it is first named; a name within a longer one is none."""
    named = [hit for hit in hits if hit[2].names]
    for start, end, postings in _longest(named):
        for member, name in postings.names:
            if cut.allows(member):
                tally = tallies.of(member)
                if not tally.is_named:
                    place = given.place(start, end=end)
                    _tally_mention(tally, Signal(MENTION, name, MENTION_POINTS, *place))


def _longest(hits: list[Hit]) -> list[Hit]:
    """Where places overlap, the longer; of two as long, the earlier. In order."""
    taken = bytearray(max((end for _, end, _ in hits), default=0))
    longest: list[Hit] = []
    # Sorting keeps the order of those as long.
    for hit in sorted(hits, key=lambda hit: hit[0] - hit[1]):
        start, end, _ = hit
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            longest.append(hit)
    return sorted(longest, key=lambda hit: hit[0])


def _tally_mentions(cut: Cut, tallies: Tallies, *, mentions: tuple[str, ...]) -> None:
    """Those whom the platform says are mentioned, unless the text told them."""
    for character_id in mentions:
        member = cut.member(character_id)
        if member is not None:
            tally = tallies.of(member)
            if not tally.is_named:
                name = member.names[0] if member.names else character_id
                _tally_mention(tally, Signal(MENTION, name, MENTION_POINTS))


def _tally_mention(tally: Tally, signal: Signal) -> None:
    tally.is_named = True
    tally.points += MENTION_POINTS
    tally.signals.append(signal)


def _tally_topics(
    cut: Cut, tallies: Tallies, *, hits: list[Hit], given: Normalised
) -> None:
    """Each phrase once, where it stands first."""
    seen: set[int] = set()
    for start, end, postings in hits:
        # The same phrase may stand further on again.
        if not len(postings.held) or id(postings) in seen:
            continue
        seen.add(id(postings))
        begin, stop = given.place(start, end=end)
        signals: dict[Topic, Signal] = {}
        for member, topics, points, avoidances in cut.among(postings.held):
            tally = tallies.of(member)
            tally.points += points
            tally.avoidances += avoidances
            for topic in topics:
                signal = signals.get(topic)
                if signal is None:
                    signal = signals[topic] = Signal(*topic, begin, stop)
                tally.signals.append(signal)


def _tally_activity(cut: Cut, tallies: Tallies, *, activity: Activity) -> None:
    """The same name, or else the same category."""
    for found, points in (
        (cut.roster.named_like(activity), ACTIVITY_POINTS),
        (cut.roster.of_category(activity), CATEGORY_POINTS),
    ):
        for member, written in found:
            if cut.allows(member):
                tally = tallies.of(member)
                if not tally.activity:
                    tally.activity = points
                    tally.signals.append(Signal(ACTIVITY, written, points))
