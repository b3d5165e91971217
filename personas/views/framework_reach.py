"""Whom publishing a framework changes, and how: compared some at a time.

Comparing compiles every prompt of a character. So a page compares the first few
users itself; the rest load as they are scrolled to, and differences of words as
they are opened.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.access import allows
from core.people import may
from core.roles import Action
from personas import policy
from personas.models import Character, Framework, Label
from personas.models.labels import PRODUCTION
from personas.services import frameworks
from personas.services.frameworks import Reach, Touched
from personas.views.comparing import Run, runs
from personas.views.frameworks import framework_or_404
from personas.views.reading import for_cards
from personas.views.shown import Face, face_of
from personas.views.side_options import context_titles

AT_ONCE: Final = 12
"""Characters compared in one go."""
OPEN_AT_ONCE: Final = 6
"""Differences of words that a page works out itself."""
MOST_OTHERS: Final = 200
"""Names listed of those who are not touched."""


@dataclass(frozen=True, slots=True)
class ContextChange:
    """How the prompt for one kind of conversation changes.

    ``runs`` are the words, empty if only tools or settings change; ``None`` if
    ``url`` gives them when they are asked for.
    """

    title: str
    tokens_before: int
    tokens_after: int
    runs: tuple[Run, ...] | None
    url: str

    @property
    def token_change(self) -> int:
        return self.tokens_after - self.tokens_before


@dataclass(frozen=True, slots=True)
class Reached:
    """One character that the framework changes; ``is_chosen`` if ticked."""

    character: Character
    face: Face
    contexts: Sequence[ContextChange]
    is_chosen: bool
    is_blending: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Characters that are not compared yet, as (row, face, ticked) each."""

    rows: Sequence[tuple[Character, Face, bool]]
    url: str


def by_name(framework: Framework) -> list[Character]:
    """Who is live with the framework, as lists show them."""
    rows = for_cards(Character.objects.active().live_with(framework))
    return list(rows.order_by("display_name", "pk"))


def compared(
    framework: Framework,
    *,
    characters: Sequence[Character],
    chosen: Collection[str] | None,
) -> dict[str, Any]:
    """What becomes of these: ``reached``, ``untouched``, ``refused``, ``revision``.

    ``chosen`` ids are ticked; ``None``: all.
    """
    rows = {c.character_id: c for c in characters}
    reach = frameworks.reach(
        framework_id=framework.framework_id, character_ids=rows.keys()
    )
    return {
        "revision": reach.revision,
        "reached": _reached(reach, framework=framework, rows=rows, chosen=chosen),
        "untouched": [c for c in characters if c.character_id in reach.untouched],
        "refused": [
            (c, reach.refused[c.character_id])
            for c in characters
            if c.character_id in reach.refused
        ],
    }


def waiting(
    framework: Framework,
    *,
    characters: Sequence[Character],
    chosen: Collection[str] | None,
) -> list[Waiting]:
    """Those to be compared later, in parts."""
    parts = [characters[at : at + AT_ONCE] for at in range(0, len(characters), AT_ONCE)]
    url = "personas:framework-reach"
    return [
        Waiting(
            rows=[
                (c, face_of(c), chosen is None or c.character_id in chosen)
                for c in part
            ],
            url=reverse(
                url,
                args=[framework.framework_id],
                query={"of": [c.character_id for c in part]},
            ),
        )
        for part in parts
    ]


def others(framework: Framework) -> dict[str, Any]:
    """``others``: names of who is live without it, the first; ``more`` of them.

    ``to_come``: those whose draft uses it and who are not live with it.
    """
    is_live = Exists(Label.objects.filter(character=OuterRef("pk"), name=PRODUCTION))
    active = Character.objects.active()
    users = active.live_with(framework).values("pk")
    rows = active.filter(is_live).exclude(pk__in=users)
    mixed_in = policy.contexts_mixing(framework.framework_id)
    drafted = active.using_framework(framework, mixed_in=mixed_in)
    return {
        "others": _links(rows),
        "more": max(rows.count() - MOST_OTHERS, 0),
        "to_come": _links(drafted.exclude(pk__in=users)),
    }


def _links(rows: Any) -> list[dict[str, str]]:
    found = rows.order_by("display_name", "pk").values("character_id", "display_name")
    return list(found[:MOST_OTHERS])


def _reached(
    reach: Reach,
    *,
    framework: Framework,
    rows: dict[str, Character],
    chosen: Collection[str] | None,
) -> list[Reached]:
    titles = context_titles()
    by_id: dict[str, list[Touched]] = {}
    for touched in reach.touched:
        by_id.setdefault(touched.character_id, []).append(touched)
    shown, found = 0, []
    for character_id, character in rows.items():
        if character_id not in by_id:
            continue
        inside = sorted(by_id[character_id], key=lambda t: _place(t, places=[*titles]))
        found.append(
            Reached(
                character=character,
                face=face_of(character),
                contexts=[
                    _change(
                        t,
                        framework=framework,
                        title=titles.get(t.context, t.context),
                        is_shown=shown + at < OPEN_AT_ONCE,
                    )
                    for at, t in enumerate(inside)
                ],
                is_chosen=chosen is None or character_id in chosen,
                is_blending=character_id in reach.blending,
            )
        )
        shown += len(inside)
    return found


def _place(touched: Touched, *, places: Sequence[str]) -> tuple[int, str]:
    """The plain prompt first, then as the installation orders its kinds."""
    context = touched.context
    return (places.index(context) if context in places else len(places)), context


def _change(
    touched: Touched, *, framework: Framework, title: str, is_shown: bool
) -> ContextChange:
    return ContextChange(
        title=title,
        tokens_before=touched.tokens_before,
        tokens_after=touched.tokens_after,
        runs=_runs(touched) if is_shown else None,
        url=reverse(
            "personas:framework-difference",
            args=[framework.framework_id],
            query={"character": touched.character_id, "context": touched.context},
        ),
    )


def _runs(touched: Touched) -> tuple[Run, ...]:
    return runs(touched.pieces) if touched.before != touched.after else ()


# -- What loads later ----------------------------------------------------------------


@allows(GET=Action.EDIT_DRAFTS)
def framework_reach(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Compare the users that ``of`` names; those in ``ids`` stay ticked."""
    framework = framework_or_404(framework_id)
    asked = request.GET.getlist("of")[:AT_ONCE]
    characters = [c for c in by_name(framework) if c.character_id in asked]
    context = {
        "framework": framework,
        **compared(framework, characters=characters, chosen=request.GET.getlist("ids")),
        "may_publish": may(request.user, action=Action.PUBLISH),
    }
    return _fragment_or_page(request, name="framework_reach", context=context)


@allows(GET=Action.EDIT_DRAFTS)
def framework_difference(request: HttpRequest, framework_id: str) -> HttpResponse:
    """The words that change for one ``character`` in one ``context``."""
    framework = framework_or_404(framework_id)
    character_id = request.GET.get("character", "")
    asked = request.GET.get("context", "")
    character = next(
        (c for c in frameworks.users(framework) if c.character_id == character_id), None
    )
    if character is None:
        raise Http404("No live character of this id uses the framework.")
    reach = frameworks.reach(framework_id=framework_id, character_ids=[character_id])
    found = next((t for t in reach.touched if t.context == asked), None)
    context = {
        "framework": framework,
        "character": character,
        "title": context_titles().get(asked, asked) if found else "",
        "is_touched": found is not None,
        "runs": _runs(found) if found else (),
    }
    return _fragment_or_page(request, name="framework_difference", context=context)


def _fragment_or_page(
    request: HttpRequest, *, name: str, context: dict[str, Any]
) -> HttpResponse:
    is_fragment = bool(getattr(request, "htmx", False))
    template = f"personas/{'_' if is_fragment else ''}{name}.html"
    return render(request, template, context)
