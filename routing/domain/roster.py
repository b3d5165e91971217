"""Who may answer, and by which words, places and activities they are found.

A roster never changes: one with a member more, less or other is made from it, at the
same cost whatever its size, and shares all the rest.
Source: design, section 4; ``reference/performance.md``, C.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from rpds import HashTrieMap

from personas.domain.matching import comparable
from personas.domain.sheets import ReplyMode
from routing.domain.messages import Activity
from routing.domain.phrases import PhraseMap

INTEREST: Final = "interest"
DOMAIN: Final = "domain"
AVOIDANCE: Final = "avoidance"
INTEREST_POINTS: Final = 50
DOMAIN_POINTS: Final = 30
AVOIDANCE_POINTS: Final = -100
_DIGEST_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Member:
    """A published character, as far as it is routed on.

    ``version`` is the version's primary key, ``weight`` is in thousandths.
    """

    character_id: str
    version: int
    weight: int = 1_000
    names: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    avoidances: tuple[str, ...] = ()
    domain: str = ""
    channels: tuple[str, ...] = ()
    activities: tuple[Activity, ...] = ()
    reply_mode: ReplyMode = ReplyMode.CHANNEL


Named = tuple[tuple[Member, str], ...]
"""Members, each with the words for it as its sheet writes them."""


class Topic(NamedTuple):
    """A phrase that is no name, as a sheet writes it; points are before the weight."""

    kind: str
    phrase: str
    points: int


class Held(NamedTuple):
    """What a phrase is to a member: its topics of each kind, what speaks for it all
    told, and how many are avoidances."""

    member: Member
    topics: tuple[Topic, ...]
    points: int
    avoidances: int


Many: TypeAlias = "HashTrieMap[str, Held]"
MANY: Final = 64
"""From so many members on, those of a phrase are looked up by id."""


class Postings(NamedTuple):
    """Whose name a phrase is, and whose topic."""

    names: Named = ()
    held: "tuple[Held, ...] | Many" = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """Members by id, and the indexes over them; see the module."""

    members: "HashTrieMap[str, Member]"
    phrases: PhraseMap[Postings]
    _channels: "HashTrieMap[str, Named]"
    _activities: "HashTrieMap[str, Named]"
    _sum: int

    @classmethod
    def of(cls, members: Iterable[Member]) -> "Roster":
        """All of these; of two with one id, the last."""
        none: HashTrieMap[str, Named] = HashTrieMap()
        empty = cls(HashTrieMap(), PhraseMap.empty(), none, none, 0)
        return empty.patched(put=members)

    @property
    def digest(self) -> str:
        """64 hex digits that stand for which versions of which characters these are.

        A sum of hashes, so that it needs no order and follows each change at once.
        """
        return f"{self._sum:064x}"

    def patched(
        self, *, put: Iterable[Member] = (), drop: Iterable[str] = ()
    ) -> "Roster":
        """Without these ids, here or not, and with these members, new or changed."""
        roster = self
        for character_id in drop:
            roster = roster.lacking(character_id)
        for member in put:
            roster = roster.lacking(member.character_id).having(member)
        return roster

    def preferring(self, names: Iterable[str]) -> Iterator[tuple[Member, str]]:
        """Who prefers the channel with this id and name, each once.

        ``names`` starts with the id, which is compared exactly; names are compared as
        phrases are, without a leading ``#``.
        """
        told: set[str] = set()
        for at, name in enumerate(names):
            key = _channel_name(name) if at else f"={name}"
            for member, preferred in self._channels.get(key, ()):
                if member.character_id not in told:
                    told.add(member.character_id)
                    yield member, preferred

    def named_like(self, activity: Activity) -> Named:
        """Who has an activity of the same name."""
        return self._activities.get(f"n{comparable(activity.name)}", ())

    def of_category(self, activity: Activity) -> Named:
        """Who has an activity of the same category."""
        return self._activities.get(f"c{comparable(activity.category)}", ())

    def having(self, member: Member) -> "Roster":
        """With this member, whose id is not here yet."""
        put: list[tuple[str, Postings]] = []
        for phrase, (name, own) in _own(member).items():
            names, held = self.phrases.get(phrase) or Postings()
            if name is not None:
                names = (*names, (member, name))
            if own is not None:
                held = _joined(held, own)
            put.append((phrase, Postings(names, held)))
        return Roster(
            self.members.insert(member.character_id, member),
            self.phrases.patched(put=put),
            _entered(self._channels, member, keys=_channels(member)),
            _entered(self._activities, member, keys=_activities(member)),
            (self._sum + _number(member)) % 2**_DIGEST_BITS,
        )

    def lacking(self, character_id: str) -> "Roster":
        """Without the member with this id, if there is one."""
        member = self.members.get(character_id)
        if member is None:
            return self
        put: list[tuple[str, Postings]] = []
        drop: list[str] = []
        for phrase in _own(member):
            found = self.phrases.get(phrase) or Postings()
            names = tuple([one for one in found.names if one[0] is not member])
            held = _parted(found.held, character_id)
            if names or len(held):
                put.append((phrase, Postings(names, held)))
            else:
                drop.append(phrase)
        return Roster(
            self.members.remove(character_id),
            self.phrases.patched(put=put, drop=drop),
            _left(self._channels, member, keys=_channels(member)),
            _left(self._activities, member, keys=_activities(member)),
            (self._sum - _number(member)) % 2**_DIGEST_BITS,
        )


def _joined(held: "tuple[Held, ...] | Many", own: Held) -> "tuple[Held, ...] | Many":
    if not isinstance(held, tuple):
        return held.insert(own.member.character_id, own)
    held = (*held, own)
    if len(held) < MANY:
        return held
    return HashTrieMap({one.member.character_id: one for one in held})


def _parted(
    held: "tuple[Held, ...] | Many", character_id: str
) -> "tuple[Held, ...] | Many":
    if isinstance(held, tuple):
        return tuple([one for one in held if one.member.character_id != character_id])
    return held.discard(character_id)


def _number(member: Member) -> int:
    content = f"{member.character_id}\0{member.version}".encode()
    return int.from_bytes(hashlib.sha256(content).digest())


def _own(member: Member) -> Mapping[str, tuple[str | None, Held | None]]:
    """What each compared phrase of a member is: its name, its topic.

    Of those that compare equal, each kind has the first.
    """
    names = {comparable(name): name for name in reversed(member.names)}
    topics: dict[str, dict[str, Topic]] = {}
    for kind, points, phrases in (
        (INTEREST, INTEREST_POINTS, member.interests),
        (DOMAIN, DOMAIN_POINTS, (member.domain,)),
        (AVOIDANCE, AVOIDANCE_POINTS, member.avoidances),
    ):
        for phrase in phrases:
            kinds = topics.setdefault(comparable(phrase), {})
            kinds.setdefault(kind, Topic(kind, phrase, points))
    held = {key: _held(member, kinds) for key, kinds in topics.items()}
    return {key: (names.get(key), held.get(key)) for key in {**names, **held} if key}


def _held(member: Member, kinds: Mapping[str, Topic]) -> Held:
    points = sum(t.points for kind, t in kinds.items() if kind != AVOIDANCE)
    return Held(member, tuple(kinds.values()), points, int(AVOIDANCE in kinds))


def _channels(member: Member) -> Mapping[str, str]:
    keys: dict[str, str] = {}
    for channel in member.channels:
        for key in (f"={channel}", _channel_name(channel)):
            if len(key) > 1:
                keys.setdefault(key, channel)
    return keys


@lru_cache(maxsize=4_096)
def _channel_name(name: str) -> str:
    return "#" + comparable(comparable(name).removeprefix("#"))


def _activities(member: Member) -> Mapping[str, str]:
    keys: dict[str, str] = {}
    for activity in member.activities:
        for letter, text in (("n", activity.name), ("c", activity.category)):
            key = letter + comparable(text)
            if len(key) > 1:
                keys.setdefault(key, text)
    return keys


def _entered(
    index: "HashTrieMap[str, Named]", member: Member, *, keys: Mapping[str, str]
) -> "HashTrieMap[str, Named]":
    for key, written in keys.items():
        index = index.insert(key, (*index.get(key, ()), (member, written)))
    return index


def _left(
    index: "HashTrieMap[str, Named]", member: Member, *, keys: Mapping[str, str]
) -> "HashTrieMap[str, Named]":
    for key in keys:
        others = tuple([pair for pair in index[key] if pair[0] is not member])
        index = index.insert(key, others) if others else index.remove(key)
    return index
