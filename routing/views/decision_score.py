"""The table of scores, the draw, and the words of the message that counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from routing.domain.deciding import CLOSE_DENOMINATOR, CLOSE_NUMERATOR
from routing.views.record import Record, Who, percent, points

KIND_WORDS: Final[Mapping[str, str]] = {
    "mention": "name",
    "interest": "interest",
    "domain": "knows about",
    "channel": "preferred channel",
    "avoidance": "avoids",
    "activity": "activity",
}
_MOST_FOR_NAME: Final = 100
CLOSE: Final = CLOSE_NUMERATOR / CLOSE_DENOMINATOR
"""What part of the best score still counts as close."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Points of one kind, and the phrases that brought them."""

    points: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate of the table."""

    who: Who
    mention: Cell | None
    interest: Cell | None
    domain: Cell | None
    channel: Cell | None
    activity: Cell | None
    avoidance: Cell | None
    subtotal: str
    weight: str
    total: str
    share: str
    is_close: bool
    is_winner: bool
    is_below: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """All candidates, the best first.

    ``floor`` is the least score that is close, where scores decided; the line stands
    above ``first_below``.
    """

    lines: Sequence[Line]
    floor: str
    omitted: int

    @property
    def first_below(self) -> int:
        """The place of the first one below the line; that of none if all are close."""
        below = (at for at, line in enumerate(self.lines) if line.is_below)
        return next(below, len(self.lines))

    @property
    def has_activity(self) -> bool:
        return any(line.activity for line in self.lines)


def scores_of(record: Record, /) -> Scores:
    """The table, as recorded."""
    best = max((c["score"] for c in record.candidates), default=0)
    floor = floor_of(record)
    return Scores(
        lines=[_line(c, record, best=best, floor=floor) for c in record.candidates],
        floor=points(floor) if floor is not None else "",
        omitted=int(record.answer.get("candidates_omitted") or 0),
    )


def floor_of(record: Record, /) -> float | None:
    """The least score that was close; other steps than by topic compare no scores."""
    best = max((float(c["score"]) for c in record.candidates), default=0.0)
    if record.reason != "content" or best <= 0:
        return None
    return CLOSE * best if record.floor is None else record.floor


def _line(
    candidate: Mapping[str, Any], record: Record, *, best: float, floor: float | None
) -> Line:
    score = candidate["score"]
    signals = candidate["signals"]
    named = min(_MOST_FOR_NAME, _sum(signals, "mention"))
    rest = sum(_sum(signals, kind) for kind in ("interest", "domain", "channel"))
    who = candidate["character_id"]
    return Line(
        who=record.who(who),
        mention=_cell(signals, "mention"),
        interest=_cell(signals, "interest"),
        domain=_cell(signals, "domain"),
        channel=_cell(signals, "channel"),
        activity=_cell(signals, "activity"),
        avoidance=_cell(signals, "avoidance"),
        subtotal=points(named + rest),
        weight=points(candidate["weight"]),
        total=points(score),
        share=percent(score / best) if best > 0 else "",
        is_close=candidate["close"],
        is_winner=who == record.winner,
        is_below=floor is not None and score < floor,
    )


def _sum(signals: Iterable[Mapping[str, Any]], kind: str) -> float:
    return sum((float(s["points"]) for s in signals if s["kind"] == kind), 0.0)


def _cell(signals: Iterable[Mapping[str, Any]], kind: str) -> Cell | None:
    found = [s for s in signals if s["kind"] == kind]
    if not found:
        return None
    total = _sum(found, kind)
    if kind == "mention":
        total = min(_MOST_FOR_NAME, total)
    return Cell(points(total), tuple(s["phrase"] for s in found if s["phrase"]))


# -- The draw -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """One of those drawn from; ``x`` and ``width`` are percent of the bar."""

    who: Who
    weight: str
    share: str
    x: str
    width: str
    series: int
    is_winner: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """The number, where it fell, and who had which share."""

    number: str
    x: str
    shares: Sequence[Share]


def draw_of(record: Record, /) -> Drawn | None:
    """The draw among those who were close, if there was one."""
    draw = record.draw("close")
    if draw is None:
        return None
    among = [(who, weight) for who, weight in draw["among"]]
    if not any(weight for _, weight in among):
        # Nobody has a weight: then all have the same chance.
        among = [(who, 1) for who, _ in among]
    whole = sum(weight for _, weight in among) or 1
    shares, x = [], 0.0
    for number, (who, weight) in enumerate(among):
        share = weight / whole
        shares.append(
            Share(
                who=record.who(who),
                weight=points(weight),
                share=percent(share),
                x=f"{x:.3f}",
                width=f"{100 * share:.3f}",
                series=number % 6 + 1,
                is_winner=who == record.winner,
            )
        )
        x += 100 * share
    return Drawn(f"{draw['drawn']:.6f}", f"{100 * draw['drawn']:.3f}", shares)


# -- The message --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the message; ``of`` are the numbers of those whom it counted for."""

    text: str
    of: str = ""
    title: str = ""
    is_avoided: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """The message in pieces, and whose words can be looked at alone."""

    parts: Sequence[Part]
    whose: Sequence[tuple[int, Who]]


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    number: int
    words: str
    is_avoided: bool


def marked(record: Record, /) -> Marked:
    """The text as far as it is kept; offsets count characters of the whole one."""
    text = record.decision.text
    marks = list(_marks(record, length=len(text)))
    # Cut wherever a mark begins or ends: they may overlap.
    ends = {0, len(text), *(m.start for m in marks), *(m.end for m in marks)}
    cuts = sorted(ends)
    parts = [
        _part(text[start:end], [m for m in marks if m.start <= start and end <= m.end])
        for start, end in pairwise(cuts)
    ]
    numbers = sorted({m.number for m in marks})
    ids = [c["character_id"] for c in record.candidates]
    return Marked(parts, [(number, record.who(ids[number])) for number in numbers])


def _marks(record: Record, *, length: int) -> Iterable[_Mark]:
    for number, candidate in enumerate(record.candidates):
        name = record.name(candidate["character_id"])
        for signal in candidate["signals"]:
            start, end = signal.get("start"), signal.get("end")
            if start is None or end is None or not 0 <= start < end <= length:
                continue
            kind = signal["kind"]
            words = f"{name}: {KIND_WORDS.get(kind, kind)} “{signal['phrase']}”"
            yield _Mark(start, end, number, words, kind == "avoidance")


def _part(text: str, marks: Sequence[_Mark]) -> Part:
    if not marks:
        return Part(text)
    return Part(
        text,
        of=" ".join(str(number) for number in sorted({m.number for m in marks})),
        title="; ".join(dict.fromkeys(m.words for m in marks)),
        is_avoided=all(m.is_avoided for m in marks),
    )
