"""The record of a decision, as its page reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from personas.models import Character
from personas.views.shown import Face, face
from routing.models import Decision

MILLI: Final = 1_000


@dataclass(frozen=True, slots=True)
class Who:
    """A character as the page names it; without a face if there is no such one."""

    character_id: str
    name: str
    face: Face | None = None


class Record:
    """One decision with the names of all whom it is about."""

    def __init__(self, decision: Decision, /, *, also: Iterable[str] = ()) -> None:
        self.decision = decision
        self.answer: Mapping[str, Any] = decision.answer
        self.state: Mapping[str, Any] = decision.state
        self.asked: Mapping[str, Any] = decision.asked
        self.terms: Mapping[str, Any] = decision.terms.body
        self._names = _names({*self._ids(), *also})

    @property
    def reason(self) -> str:
        return self.decision.reason

    @property
    def respond_reason(self) -> str:
        return self.decision.respond_reason

    @property
    def winner(self) -> str | None:
        return self.answer.get("character_id")

    @property
    def author(self) -> str | None:
        author = self.decision.author
        return author.character_id if author else None

    @property
    def place(self) -> Mapping[str, Any]:
        place: Mapping[str, Any] = self.terms.get("place") or {}
        return place

    @property
    def context(self) -> str:
        """The kind of conversation that was served; empty for none."""
        return self.answer.get("context") or ""

    @property
    def quiets(self) -> list[Mapping[str, Any]]:
        return list(self.terms.get("quiets") or ())

    @property
    def candidates(self) -> list[Mapping[str, Any]]:
        return list(self.answer.get("candidates") or ())

    @property
    def floor(self) -> float | None:
        return self.answer.get("close_floor")

    @cached_property
    def skipped(self) -> Mapping[str, str | None]:
        """Step → who it would have been."""
        rows = self.answer.get("skipped") or ()
        return {row["step"]: row["would_have_been"] for row in rows}

    def draw(self, of: str) -> Mapping[str, Any] | None:
        """The number drawn for it, if one was."""
        draws = self.answer.get("draws") or ()
        return next((each for each in draws if each["of"] == of), None)

    def candidate(self, character_id: str) -> Mapping[str, Any] | None:
        found = (c for c in self.candidates if c["character_id"] == character_id)
        return next(found, None)

    def who(self, character_id: str) -> Who:
        return self._names.get(character_id) or Who(character_id, character_id)

    def is_known(self, character_id: str) -> bool:
        """Whether there is such a character."""
        return character_id in self._names

    def name(self, character_id: str | None) -> str:
        return self.who(character_id).name if character_id else "nobody"

    def _ids(self) -> set[str]:
        found: set[str | None] = {self.winner, self.author}
        found |= {each["character_id"] for each in self.candidates}
        found |= set(self.skipped.values())
        found |= {who for draw in self._draws() for who, _ in draw.get("among") or ()}
        found |= set(self.asked.get("mentions") or ())
        found |= {*(self.place.get("allow") or ()), *(self.place.get("deny") or ())}
        found |= {self.place.get("default_character_id")}
        found |= {self.terms.get("default_character_id")}
        for quiet in self.quiets:
            found |= {quiet.get("character_id"), quiet.get("other_character_id")}
        if self.state.get("sticky"):
            found.add(self.state["sticky"][0])
        return {each for each in found if each}

    def _draws(self) -> Iterable[Mapping[str, Any]]:
        return self.answer.get("draws") or ()


def _names(character_ids: set[str]) -> Mapping[str, Who]:
    rows = Character.objects.filter(character_id__in=character_ids)
    columns = rows.values_list("character_id", "display_name", "picture_id")
    return {
        character_id: Who(
            character_id,
            name,
            face(character_id, name=name, digest=picture or ""),
        )
        for character_id, name, picture in columns
    }


def points(value: float, /) -> str:
    """An amount as people read it: no noughts behind the point, a real minus."""
    return f"{value:,.3f}".rstrip("0").rstrip(".").replace("-", "−")


def seconds(value: float, /) -> str:
    """A span in words."""
    whole = round(value)
    if whole < 120:
        return f"{whole} second" if whole == 1 else f"{whole} seconds"
    return f"{whole // 60} minutes"


def percent(value: float, /) -> str:
    """A share from 0 to 1."""
    return f"{100 * value:.1f}".removesuffix(".0") + " %"
