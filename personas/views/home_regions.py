"""What each region of the home page shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from core.models import BotKey
from core.needs import Need, provided
from core.people import may
from core.roles import Action
from core.views.requests import search_words, signed_in
from personas.models import (
    Character,
    Framework,
    Label,
    Lorebook,
    Publication,
    ReviewRequest,
    ScheduledMove,
)
from personas.models.frameworks import unpublished
from personas.models.labels import PRODUCTION
from personas.models.lorebooks import unpublished_books
from personas.services import searching
from personas.views import changes
from personas.views.reading import for_cards
from personas.views.shown import Face, face_of

CARDS: Final = 48
RECENT: Final = 8
DRAFTS: Final = 5
REVIEWS: Final = 10
SOON: Final = timedelta(days=1)
LATE: Final = timedelta(minutes=1)
"""A move that is due for longer than this shows that nobody does the work."""


@dataclass(frozen=True, slots=True)
class Card:
    """One character of the cast."""

    character: Character
    face: Face


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a new installation."""

    title: str
    text: str
    is_done: bool
    url: str = ""
    action: str = ""
    command: str = ""


# -- Where to start ----------------------------------------------------------------


def start(request: HttpRequest) -> dict[str, Any]:
    """``start``: the steps of a new installation, until all are done."""
    steps = [_first_character(request), _first_key(request), _first_publish(request)]
    return {"start": [] if all(step.is_done for step in steps) else steps}


def _first_character(request: HttpRequest) -> Step:
    may_import = may(request.user, action=Action.IMPORT)
    return Step(
        "Bring in characters",
        "Import the cards and prompt files you have, frameworks and characters"
        " together.",
        is_done=Character.objects.exists(),
        url=reverse("personas:import-list") if may_import else "",
        action="Import files",
        command="manage.py import_prompts FOLDER",
    )


def _first_key(request: HttpRequest) -> Step:
    may_make = may(request.user, action=Action.MANAGE_KEYS)
    return Step(
        "Make a bot key",
        "With it your bot fetches prompts."
        if may_make
        else "With it your bot fetches prompts. An admin makes it.",
        is_done=BotKey.objects.exists(),
        url=reverse("core:key-create") if may_make else "",
        action="Make a key",
    )


def _first_publish(request: HttpRequest) -> Step:
    may_publish = may(request.user, action=Action.PUBLISH)
    return Step(
        "Publish",
        "Drafts stay here; bots get what you publish."
        if may_publish
        else "Drafts stay here; bots get what a manager publishes.",
        is_done=Publication.objects.exists(),
        url=reverse("personas:publish") if may_publish else "",
        action="Choose what to publish",
    )


# -- What waits --------------------------------------------------------------------


def needs(request: HttpRequest, *, now: datetime) -> dict[str, Any]:
    """``needs``: what waits for somebody, most urgent first."""
    found = [
        *_scheduled(now),
        *_blocked(),
        *_sent_back(request),
        *_asked(request),
        *_changed(request),
        *_not_live(request),
        *_frameworks(),
        *_lorebooks(),
        *provided(request, now=now),
    ]
    return {"needs": sorted(found, key=lambda need: not need.is_urgent)}


def _scheduled(now: datetime) -> list[Need]:
    moves = ScheduledMove.objects.open()
    waiting = Q(started_at=None)
    row = moves.aggregate(
        late=Count("pk", filter=waiting & Q(move_at__lte=now - LATE)),
        late_at=Min("move_at", filter=waiting & Q(move_at__lte=now - LATE)),
        soon=Count("pk", filter=waiting & Q(move_at__gt=now, move_at__lte=now + SOON)),
        soon_at=Min("move_at", filter=waiting & Q(move_at__gt=now)),
    )
    url = reverse("personas:schedule-list")
    found = []
    if row["late"]:
        text = "late: is the background work running?"
        found.append(
            Need(
                f"{_count(row['late'], 'scheduled change')} {_is(row['late'])} {text}",
                url,
                "See the schedule",
                count=row["late"],
                since=row["late_at"],
                is_urgent=True,
            )
        )
    if row["soon"]:
        text = f"{_count(row['soon'], 'scheduled change')} within a day."
        found.append(
            Need(text, url, "See the schedule", count=row["soon"], at=row["soon_at"])
        )
    return found


def _blocked() -> list[Need]:
    """Whose publish would be refused because of their framework."""
    bad = Q(framework__published=None) | Q(framework__archived_at__isnull=False)
    row = (
        Character.objects.active()
        .filter(bad)
        .aggregate(count=Count("pk"), since=Min("created_at"))
    )
    if not row["count"]:
        return []
    return [
        Need(
            f"{_count(row['count'], 'character')} cannot be published, because the"
            " framework never was.",
            reverse("admin:personas_framework_changelist"),
            "See frameworks",
            count=row["count"],
            since=row["since"],
            is_urgent=True,
        )
    ]


def _asked(request: HttpRequest) -> list[Need]:
    """Drafts that a manager is asked to publish, the longest waiting first."""
    if not may(request.user, action=Action.PUBLISH):
        return []
    rows = ReviewRequest.objects.open().filter(character__archived_at=None)
    found = list(_with_names(rows.order_by("asked_at", "pk"))[: REVIEWS + 1])
    needs = [
        Need(
            f"{row.asked_by} asks to publish {row.character}.",
            reverse("personas:publish", query={"ids": row.character.character_id}),
            "Look at it",
            since=row.asked_at,
            quote=row.note,
        )
        for row in found[:REVIEWS]
    ]
    if len(found) > REVIEWS:
        needs.append(
            Need(
                f"More than {REVIEWS} drafts wait for a manager.",
                reverse("personas:publish"),
                "Review and publish",
            )
        )
    return needs


def _sent_back(request: HttpRequest) -> list[Need]:
    """What the person asked for and a manager sent back, until it is settled.

    It is when they dismiss it, when somebody asks anew, or when the draft is live.
    """
    user = signed_in(request)
    newer = ReviewRequest.objects.filter(
        character=OuterRef("character"), pk__gt=OuterRef("pk")
    )
    rows = ReviewRequest.objects.filter(
        ~Exists(newer),
        asked_by=user,
        answer=ReviewRequest.Answer.DECLINED,
        character__in=Character.objects.active().with_unpublished_changes(),
    )
    return [
        Need(
            f"{row.closed_by} sent {row.character} back.",
            reverse("personas:character-edit", args=[row.character.character_id]),
            "Edit the draft",
            since=row.closed_at,
            quote=row.answer_note,
            dismiss_url=reverse(
                "personas:review-withdraw", args=[row.character.character_id, row.pk]
            ),
        )
        for row in _with_names(rows.order_by("closed_at", "pk"))[:REVIEWS]
    ]


_NAMES: Final = ("username", "first_name", "last_name")


def _with_names(rows: QuerySet[ReviewRequest]) -> QuerySet[ReviewRequest]:
    """With who asked and answered, and of the characters only their names."""
    return rows.select_related("character", "asked_by", "closed_by").only(
        "note",
        "answer_note",
        "asked_at",
        "closed_at",
        *(f"{who}__{name}" for who in ("asked_by", "closed_by") for name in _NAMES),
        "character__character_id",
        "character__display_name",
    )


def _is_live() -> Exists:
    return Exists(Label.objects.filter(character=OuterRef("pk"), name=PRODUCTION))


def _to_publish(request: HttpRequest) -> tuple[str, str]:
    """Where drafts are looked through, and the words for it."""
    if may(request.user, action=Action.PUBLISH):
        return reverse("personas:publish"), "Review and publish"
    if may(request.user, action=Action.EDIT_DRAFTS):
        return reverse("personas:publish"), "See changes"
    query = {"changes": "yes"}
    return reverse("admin:personas_character_changelist", query=query), "See them"


def _changed(request: HttpRequest) -> list[Need]:
    row = (
        Character.objects.active()
        .with_unpublished_changes()
        .filter(_is_live())
        .aggregate(count=Count("pk"), since=Min("updated_at"))
    )
    if not row["count"]:
        return []
    url, action = _to_publish(request)
    has = "has" if row["count"] == 1 else "have"
    return [
        Need(
            f"{_count(row['count'], 'character')} {has} changes that are not live.",
            url,
            action,
            count=row["count"],
            since=row["since"],
        )
    ]


def _not_live(request: HttpRequest) -> list[Need]:
    row = (
        Character.objects.active()
        .exclude(_is_live())
        .aggregate(count=Count("pk"), since=Min("created_at"))
    )
    if not row["count"]:
        return []
    url, action = _to_publish(request)
    return [
        Need(
            f"{_count(row['count'], 'character')} {_is(row['count'])} not live yet.",
            url,
            action,
            count=row["count"],
            since=row["since"],
        )
    ]


def _frameworks() -> list[Need]:
    rows = (
        Framework.objects.active()
        .filter(unpublished())
        .order_by("updated_at")
        .values_list("framework_id", "name", "published", "updated_at")
    )
    found = []
    for framework_id, name, published, updated_at in rows:
        what = "has changes that are not live" if published else "was never published"
        found.append(
            Need(
                f"Framework {name} {what}.",
                reverse("personas:framework-detail", args=[framework_id]),
                "See the framework",
                since=updated_at,
            )
        )
    return found


def _lorebooks() -> list[Need]:
    """Each by itself, the oldest change first; more than ``DRAFTS`` in one."""
    rows = Lorebook.objects.active().filter(unpublished_books()).order_by("updated_at")
    found = list(rows.values_list("book_id", "name", "published", "updated_at"))
    if len(found) > DRAFTS:
        text = f"{len(found)} lorebooks are not live as they stand."
        url = reverse("personas:lorebook-list", query={"show": "changes"})
        since = found[0][-1]
        return [Need(text, url, "See lorebooks", count=len(found), since=since)]
    needs = []
    for book_id, name, published, updated_at in found:
        what = "has changes that are not live" if published else "was never published"
        url = reverse("personas:lorebook-entries", args=[book_id])
        text = f"Lorebook {name} {what}."
        needs.append(Need(text, url, "See the lorebook", since=updated_at))
    return needs


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


# -- The cast, and what changed ------------------------------------------------------


def cast(request: HttpRequest) -> dict[str, Any]:
    """``cards`` of one page of the cast, ``page``, ``words`` searched for."""
    words = search_words(request)
    rows = for_cards(Character.objects.active())
    if words:
        rows = searching.best_first(searching.found(rows, query=words))
    else:
        rows = rows.order_by("display_name", "pk")
    page = Paginator(rows, CARDS).get_page(request.GET.get("page"))
    return {
        "page": page,
        "words": words,
        "cards": [Card(c, face_of(c)) for c in page.object_list],
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        "may_import": may(request.user, action=Action.IMPORT),
    }


def recent(request: HttpRequest) -> dict[str, Any]:
    """``changes``: the newest publications; ``drafts``: edited last, not live."""
    drafts = for_cards(Character.objects.active().with_unpublished_changes())
    return {
        "changes": changes.changes(
            changes.publications()[:RECENT], viewer=signed_in(request)
        ),
        "drafts": [
            Card(c, face_of(c)) for c in drafts.order_by("-updated_at", "pk")[:DRAFTS]
        ],
    }
