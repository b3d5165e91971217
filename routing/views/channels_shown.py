"""Channels as their grid shows them: in order, with what holds in each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from personas.models import Character
from personas.models.labels import PRODUCTION
from personas.views.shown import Face, face_of
from routing.models import Channel
from routing.services import switches
from routing.services.inheriting import (
    CATEGORY,
    DEFAULT,
    OWN,
    PARENT,
    Answers,
    InForce,
    category_of,
    in_force,
    lineage,
    settings_of,
)

MODE_TITLES: Final[Mapping[str, str]] = {
    "never": "Nobody is answered",
    "when_addressed": "When named",
    "in_conversation": "When named, or in conversation",
    "freely": "Freely",
}
ORIGIN_TITLES: Final[Mapping[str, str]] = {
    OWN: "set here",
    PARENT: "from its channel",
    CATEGORY: "from its category",
    DEFAULT: "nothing set",
}
_ID_SHOWN: Final = 12
_MARKS: Final[Mapping[Answers, str]] = {
    Answers.MAY: "✓",
    Answers.NEVER: "✕",
    Answers.OPEN: "·",
}
_STATES: Final[Mapping[Answers, str]] = {
    Answers.MAY: "may answer",
    Answers.NEVER: "never answers",
    Answers.OPEN: "may answer, as everybody",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A channel without its settings."""

    pk: int
    channel_id: str
    name: str
    category_id: str
    parent_id: str

    @property
    def title(self) -> str:
        return title_of(self.channel_id, name=self.name)


def title_of(channel_id: str, /, *, name: str, what: str = "Channel") -> str:
    """The name; of one that has none, the beginning of its id."""
    if name:
        return name
    cut = f"{channel_id[:_ID_SHOWN]}…" if len(channel_id) > _ID_SHOWN else channel_id
    return f"{what} {cut}"


def url_of(channel_id: str, /) -> str:
    """The channel's page."""
    return reverse("routing:channel", args=[channel_id])


# -- Which channels, in which order ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A channel in the list; ``depth`` counts the threads above it.

    ``group`` is the id of its category, empty outside of any.
    """

    channel: Known
    group: str
    depth: int
    is_category: bool


def known_channels() -> dict[str, Known]:
    """All by id, in one query."""
    rows = Channel.objects.order_by().values_list(
        "pk", "channel_id", "name", "category_id", "parent_id"
    )
    return {row[1]: Known(*row) for row in rows.iterator()}


def in_order(known: Mapping[str, Known]) -> list[Place]:
    """Categories by name, channels by name within, threads after their channel."""
    groups = {
        each.channel_id: category_of(each, known=known) for each in known.values()
    }
    categories = set(groups.values()) - {""}
    others = [each for each in known.values() if each.channel_id not in categories]
    children: dict[str, list[Known]] = {}
    tops: dict[str, list[Known]] = {}
    for each in sorted(others, key=_by_title):
        if each.parent_id in known:
            children.setdefault(each.parent_id, []).append(each)
        else:
            tops.setdefault(groups[each.channel_id], []).append(each)
    found: dict[str, Place] = {}
    for group in ["", *sorted(categories, key=lambda each: _group_key(each, known))]:
        if group in known:
            _branch(known[group], group=group, children=children, found=found)
        for each in tops.get(group, ()):
            _branch(each, group=group, children=children, found=found)
    # Threads of threads of themselves: bots may tell anything.
    for each in sorted(others, key=_by_title):
        _branch(each, group=groups[each.channel_id], children=children, found=found)
    return list(found.values())


def _branch(
    top: Known,
    *,
    group: str,
    children: Mapping[str, Sequence[Known]],
    found: dict[str, Place],
) -> None:
    """Put a channel and all threads below it into ``found``, each once."""
    waiting = [(top, 0)]
    while waiting:
        each, depth = waiting.pop()
        if each.channel_id in found:
            continue
        is_category = each.channel_id == group
        found[each.channel_id] = Place(each, group, depth, is_category)
        below = reversed(children.get(each.channel_id, ()))
        waiting += [(child, depth + 1) for child in below]


def _group_key(group: str, known: Mapping[str, Known]) -> tuple[str, str]:
    return heading_of(group, known=known).casefold(), group


def heading_of(group: str, /, *, known: Mapping[str, Known]) -> str:
    """The title of a category, which bots may not have told of."""
    if not group:
        return "Without a category"
    name = known[group].name if group in known else ""
    return title_of(group, name=name, what="Category")


def _by_title(each: Known) -> tuple[str, str]:
    return each.title.casefold(), each.channel_id


def matching(places: Sequence[Place], *, words: str) -> list[Place]:
    """Those whose name or id holds the words."""
    wanted = words.casefold()
    return [
        place
        for place in places
        if wanted in place.channel.name.casefold()
        or wanted in place.channel.channel_id.casefold()
    ]


# -- Which characters ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A character who could answer."""

    pk: int
    character_id: str
    name: str
    face: Face


def columns() -> list[Column]:
    """Whoever is live, by name."""
    rows = Character.objects.active().filter(labels__name=PRODUCTION)
    found = rows.order_by("display_name", "character_id").only(
        "character_id", "display_name", "picture_id"
    )
    return [
        Column(row.pk, row.character_id, row.display_name, face_of(row))
        for row in found
    ]


# -- The grid --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One character in one channel.

    ``label`` says it in words; ``act`` is what a button here sends, and ``does``
    what that would do.
    """

    state: str
    mark: str
    is_inherited: bool
    label: str
    act: str
    does: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A setting in words, and where it comes from."""

    text: str
    origin: str
    is_inherited: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One channel. ``heading`` stands above it where its category begins.

    ``is_quiet``: a switch that is on silences everybody here.
    """

    place: Place
    url: str
    heading: str
    is_quiet: bool
    mode: Fact
    fallback: Fact | None
    cells: list[Cell]


def rows(
    places: Sequence[Place],
    *,
    known: Mapping[str, Known],
    among: Sequence[Column],
    now: datetime,
) -> list[Row]:
    """What holds in these channels for these characters; two queries."""
    switched = switches.read()
    lines = {
        place.channel.channel_id: lineage(place.channel, known=known)
        for place in places
    }
    needed = {each.channel_id for line in lines.values() for _, each in line}
    found = Channel.objects.filter(channel_id__in=needed).only("channel_id", "settings")
    said = {channel.channel_id: settings_of(channel) for channel in found}
    force = {
        channel_id: in_force(
            [
                (what, said[each.channel_id])
                for what, each in line
                if each.channel_id in said
            ]
        )
        for channel_id, line in lines.items()
    }
    names = names_of(
        each.default_character_id
        for each in force.values()
        if each.default_character_id
    )
    told: list[Row] = []
    group = ""
    for place in places:
        channel = place.channel
        holds = force[channel.channel_id]
        is_new = place.group != group and not place.is_category
        group = place.group
        told.append(
            Row(
                place=place,
                url=url_of(channel.channel_id),
                is_quiet=any(
                    each.character_id is None
                    for each in switched.quiets_in(channel.channel_id, now=now)
                ),
                heading=heading_of(place.group, known=known) if is_new else "",
                mode=_fact(MODE_TITLES.get(holds.reply_mode, ""), holds, "reply_mode"),
                fallback=fallback(holds, names=names),
                cells=[_cell(column, channel=channel, holds=holds) for column in among],
            )
        )
    return told


def names_of(ids: Iterable[str | None]) -> dict[str, str]:
    """Names of characters by id; of whom there is none, nothing."""
    wanted = {each for each in ids if each}
    if not wanted:
        return {}
    found = Character.objects.filter(character_id__in=wanted)
    return dict(found.values_list("character_id", "display_name"))


def fallback(holds: InForce, *, names: Mapping[str, str]) -> Fact | None:
    """Who answers if nobody fits; ``None`` where the installation says it."""
    who = holds.default_character_id
    if who is None:
        return None
    return _fact(names.get(who, who) or "nobody", holds, "default_character_id")


def _fact(text: str, holds: InForce, field: str) -> Fact:
    origin = holds.origins[field]
    return Fact(text, ORIGIN_TITLES[origin], is_inherited=origin != OWN)


def _cell(column: Column, *, channel: Known, holds: InForce) -> Cell:
    state, origin = holds.answers(column.character_id)
    may = state is Answers.NEVER
    where = "" if origin == DEFAULT else f", {ORIGIN_TITLES[origin]}"
    does = f"Let {column.name} answer" if may else f"Never let {column.name} answer"
    return Cell(
        state=state.value,
        mark=_MARKS[state],
        is_inherited=origin != OWN,
        label=f"{column.name} in {channel.title}: {_STATES[state]}{where}",
        act=f"{channel.pk}:{column.pk}:{'may' if may else 'never'}",
        does=does,
        anchor=f"cell-{channel.pk}-{column.pk}",
    )
