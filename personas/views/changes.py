"""Publications as the history tells them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Prefetch, QuerySet

from core.models import User
from core.people import may
from core.roles import Action
from personas.models import LabelMove, Publication
from personas.models.labels import PRODUCTION
from personas.views.shown import Face, LabelName, face

MOST_MOVES: Final = 5
"""Moves shown of each publication in a list."""

_ICONS: Final = {
    Publication.Kind.PUBLISH: "publish",
    Publication.Kind.FRAMEWORK: "book",
    Publication.Kind.ROLL_BACK: "history",
    Publication.Kind.LABEL: "arrow-right",
    Publication.Kind.SCHEDULE: "clock",
    Publication.Kind.UNDO: "undo",
}
_VERBS: Final = {
    Publication.Kind.PUBLISH: "published",
    Publication.Kind.FRAMEWORK: "published the framework",
    Publication.Kind.ROLL_BACK: "rolled back",
    Publication.Kind.LABEL: "moved a label of",
    Publication.Kind.SCHEDULE: "had scheduled",
    Publication.Kind.UNDO: "took back",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One label going from a version to another; 0 stands for no version."""

    character_id: str
    name: str
    face: Face
    label: LabelName
    before: int
    after: int

    @property
    def is_live(self) -> bool:
        return self.label.name == PRODUCTION


@dataclass(frozen=True, slots=True)
class Change:
    """A publication, some of its moves, and whether this person may undo it."""

    publication: Publication
    icon: str
    verb: str
    moves: list[Move]
    more: int
    may_undo: bool

    @property
    def is_undone(self) -> bool:
        return hasattr(self.publication, "undone_by")


def moves_of(rows: QuerySet[LabelMove]) -> QuerySet[LabelMove]:
    """Moves with names and numbers, but none of the texts."""
    return (
        rows.select_related("character", "from_version", "to_version")
        .only(
            "publication_id",
            "label",
            "character__character_id",
            "character__display_name",
            "character__picture_id",
            "from_version__number",
            "to_version__number",
        )
        .order_by("character__character_id", "pk")
    )


def publications() -> QuerySet[Publication]:
    """Newest first, with the first moves of each and how many there are."""
    first = moves_of(LabelMove.objects.all())[:MOST_MOVES]
    return (
        Publication.objects.select_related("framework_version__framework", "undone_by")
        .defer("framework_version__inputs")
        .annotate(move_count=Count("moves"))
        .prefetch_related(Prefetch("moves", first, to_attr="first_moves"))
        .order_by("-created_at", "-pk")
    )


def changes(rows: Iterable[Publication], *, viewer: User) -> list[Change]:
    """``rows`` come from ``publications``."""
    may_publish = may(viewer, action=Action.PUBLISH)
    return [
        change(
            row,
            moves=row.first_moves,  # type: ignore[attr-defined]
            more=row.move_count - len(row.first_moves),  # type: ignore[attr-defined]
            may_publish=may_publish,
        )
        for row in rows
    ]


def change(
    publication: Publication,
    *,
    moves: Iterable[LabelMove],
    more: int,
    may_publish: bool,
) -> Change:
    kind = Publication.Kind(publication.kind)
    return Change(
        publication=publication,
        icon=_ICONS[kind],
        verb=_VERBS[kind],
        moves=[_move(row) for row in moves],
        more=more,
        may_undo=may_publish and not hasattr(publication, "undone_by"),
    )


def _move(row: LabelMove) -> Move:
    character = row.character
    return Move(
        character_id=character.character_id,
        name=character.display_name,
        face=face(
            character.character_id,
            name=character.display_name,
            digest=character.picture_id or "",
        ),
        label=LabelName.of(row.label),
        before=row.from_version.number if row.from_version else 0,
        after=row.to_version.number if row.to_version else 0,
    )
