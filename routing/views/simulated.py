"""What was tried, in words and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

from routing.services.simulating import DRAFT, RosterName, Simulated
from routing.views.decision_score import (
    KIND_WORDS,
    Drawn,
    Marked,
    Scores,
    draw_of,
    marked,
    scores_of,
)
from routing.views.decision_steps import Stage, checks_of, steps_of
from routing.views.record import Record, Who, percent, points

MOST_LEFT_OUT: Final = 10
"""Drafts that could not be tried and are named; the rest are counted."""
TITLES: Final[Mapping[RosterName, str]] = {"production": "Live", DRAFT: "Drafts"}


@dataclass(frozen=True, slots=True)
class Bar:
    """How many of the runs ended like this; ``width`` is percent of the bar."""

    who: Who | None
    words: str
    share: str
    count: int
    width: str


class Side:
    """One roster's answer, for the page."""

    def __init__(self, found: Simulated, *, roster: RosterName) -> None:
        self.roster, self.title = roster, TITLES[roster]
        self.found = found
        self.record = Record(found.row, also=self._drawn_by_chance(found))
        self.decision = found.row
        self.sentence = str(found.answer["explanation"])

    @staticmethod
    def _drawn_by_chance(found: Simulated) -> list[str]:
        ids = [share.character_id for share in found.distribution]
        return [one for one in ids if one is not None]

    @property
    def winner(self) -> Who | None:
        winner = self.record.winner
        return None if winner is None else self.record.who(winner)

    @cached_property
    def message(self) -> Marked:
        return marked(self.record)

    @cached_property
    def scores(self) -> Scores:
        return scores_of(self.record)

    @cached_property
    def steps(self) -> list[Stage]:
        return steps_of(self.record)

    @cached_property
    def checks(self) -> list[Stage]:
        return checks_of(self.record)

    @cached_property
    def draw(self) -> Drawn | None:
        return draw_of(self.record)

    @cached_property
    def bars(self) -> list[Bar]:
        """How the runs ended, the most frequent first."""
        bars = []
        for share in self.found.distribution:
            who = share.character_id
            part = share.count / self.found.runs
            bars.append(
                Bar(
                    who=None if who is None else self.record.who(who),
                    words=self.said(who, respond=share.respond),
                    share=percent(part),
                    count=share.count,
                    width=f"{100 * part:.3f}",
                )
            )
        return bars

    def said(self, who: str | None, *, respond: bool) -> str:
        """How a run ended."""
        if who is None:
            return "Nobody answers"
        verb = "answers" if respond else "stays silent"
        return f"{self.record.name(who)} {verb}"

    @property
    def likeliest(self) -> str:
        """How most runs ended, or all."""
        often = " most often" if len(self.bars) > 1 else ""
        return f"{self.bars[0].words}{often}"

    @property
    def is_left_to_chance(self) -> bool:
        return bool(self.found.decision.draws)

    @property
    def left_out(self) -> list[tuple[str, str]]:
        return list(islice(self.found.left_out.items(), MOST_LEFT_OUT))

    @property
    def left_out_more(self) -> int:
        return max(0, len(self.found.left_out) - MOST_LEFT_OUT)


# -- Both, side by side ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """Something that only one of the two has, or that is another there."""

    words: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate on both sides; an empty total: no candidate there."""

    who: Who
    live: str
    drafts: str
    change: str
    notes: Sequence[Note]

    @property
    def differs(self) -> bool:
        return bool(self.change or self.notes)


@dataclass(frozen=True, slots=True)
class Difference:
    """What publishing the drafts would change; rows that differ stand first."""

    verdict: str
    is_other_answer: bool
    rows: Sequence[Row]


def difference(live: Side, drafts: Side) -> Difference:
    """``drafts`` against ``live``."""
    theirs = {c["character_id"]: c for c in live.record.candidates}
    ours = {c["character_id"]: c for c in drafts.record.candidates}
    rows = [
        _row(drafts.record.who(name), theirs.get(name), ours.get(name))
        for name in dict.fromkeys((*ours, *theirs))
    ]
    rows.sort(key=lambda row: not row.differs)
    is_other = live.bars[0].words != drafts.bars[0].words
    if is_other:
        verdict = (
            f"Publishing the drafts would change the answer. Live: {live.likeliest}."
            f" Drafts: {drafts.likeliest}."
        )
    elif _shares(live) != _shares(drafts):
        verdict = f"{live.bars[0].words} either way, but not equally often."
    elif any(row.differs for row in rows):
        verdict = f"{live.likeliest} either way. Some scores differ."
    else:
        verdict = f"{live.likeliest} either way. Nothing differs."
    return Difference(verdict, is_other, rows)


def _shares(side: Side) -> set[tuple[str, str]]:
    return {(bar.words, bar.share) for bar in side.bars}


def _row(
    who: Who, live: Mapping[str, Any] | None, drafts: Mapping[str, Any] | None
) -> Row:
    before, after = ((one or {}).get("score", 0.0) for one in (live, drafts))
    change = after - before
    sign = "+" if change > 0 else ""
    return Row(
        who=who,
        live=points(before) if live else "",
        drafts=points(after) if drafts else "",
        change=f"{sign}{points(change)}" if change else "",
        notes=_notes(live, drafts),
    )


def _notes(
    live: Mapping[str, Any] | None, drafts: Mapping[str, Any] | None
) -> list[Note]:
    before, after = _signals(live), _signals(drafts)
    notes = [Note(words, is_new=True) for words in after if words not in before]
    notes += [Note(words, is_new=False) for words in before if words not in after]
    if live and drafts and live["weight"] != drafts["weight"]:
        words = f"weight {points(live['weight'])} → {points(drafts['weight'])}"
        notes.append(Note(words, is_new=True))
    return notes


def _signals(candidate: Mapping[str, Any] | None) -> list[str]:
    found = [] if candidate is None else candidate["signals"]
    words = (
        f"{KIND_WORDS.get(each['kind'], each['kind'])} “{each['phrase']}”"
        for each in found
    )
    return list(dict.fromkeys(words))
