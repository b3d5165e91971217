"""One character's growth: every stage, its traits, its days, what happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import trigger_client_event

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from evolution.models import Crossing, Progress, ProgressDay
from evolution.services import stages
from evolution.services.announcing import STREAM
from evolution.views.growth import for_tracks
from evolution.views.templates import TEMPLATE
from evolution.views.tracks import Track, tracks_of
from evolution.views.words import MODE_TEXTS, MODE_TITLES, counted, state_of
from personas.models import Character
from personas.services import drafts
from personas.views.live import render_live

CHART_DAYS: Final = 30


def character_or_404(character_id: str) -> Character:
    """What tracks show of a character, archived or not."""
    rows = for_tracks(Character.objects.all())
    return get_object_or_404(rows, character_id=character_id)


@allows(GET=Action.SEE)
def growth_detail(request: HttpRequest, character_id: str) -> HttpResponse:
    """The whole track of one character, and what came of each stage."""
    return _live(request, "evolution/growth_detail.html", character_id=character_id)


@allows(GET=Action.SEE)
def growth_state(request: HttpRequest, character_id: str) -> HttpResponse:
    """The part of that page which moves, as the live page loads it."""
    return _live(request, "evolution/_growth_state.html", character_id=character_id)


@allows(GET=Action.SEE)
def growth_strip(request: HttpRequest, character_id: str) -> HttpResponse:
    """A short track, for pages of other apps."""
    return _live(request, "evolution/_strip.html", character_id=character_id)


def _live(request: HttpRequest, template: str, *, character_id: str) -> HttpResponse:
    character = character_or_404(character_id)
    return render_live(
        request, template, lambda: _context(request, character), stream=STREAM
    )


def _context(request: HttpRequest, character: Character) -> dict[str, Any]:
    now = timezone.now()
    [track] = tracks_of([character], now=now)
    return {
        "character": character,
        "track": track,
        "modes": MODE_TITLES.items(),
        "mode_text": MODE_TEXTS[track.mode],
        "days": bars(track.days, today=now.date()),
        "history": history(track),
        "may_adjust": may(request.user, action=Action.ADJUST),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS)
        and not character.is_archived,
    }


# -- Days and history ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart; ``x``, ``y`` and ``height`` fit a box of 100 high."""

    day: date
    added: int
    count: int | None
    x: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Days:
    """Interactions per day; the box is ``width`` wide, ten for each day."""

    bars: tuple[Bar, ...]
    most: int
    width: int

    @property
    def total(self) -> int:
        return sum(bar.added for bar in self.bars)


def bars(days: Iterable[ProgressDay], *, today: date) -> Days:
    """The last days, oldest first, those without anything too."""
    by_day = {day.day: day for day in days}
    all_days = [today - timedelta(days=back) for back in reversed(range(CHART_DAYS))]
    most = max((by_day[day].added for day in all_days if day in by_day), default=0)
    found = []
    for at, day in enumerate(all_days):
        row = by_day.get(day)
        added = row.added if row else 0
        height = 100 * added / most if most else 0.0
        found.append(
            Bar(
                day=day,
                added=added,
                count=row.count if row else None,
                x=10 * at,
                y=f"{100 - height:.1f}",
                height=f"{height:.1f}",
            )
        )
    return Days(tuple(found), most=most, width=10 * CHART_DAYS)


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of what happened; ``url`` leads to the stage."""

    at: datetime
    milestone: int
    icon: str
    text: str
    who: str = ""
    reason: str = ""
    url: str = ""
    version: int = 0


def history(track: Track) -> list[Happened]:
    """What was passed and decided, newest first; of one moment, the highest first."""
    found: list[Happened] = []
    for step in track.steps:
        if step.crossing is not None:
            found += _happened(step.crossing, is_stage=step.is_stage)
    return sorted(found, key=lambda each: (each.at, each.milestone), reverse=True)


def _happened(crossing: Crossing, *, is_stage: bool) -> Sequence[Happened]:
    name = f"“{crossing.title}”" if crossing.title else "a stage"
    url = reverse("evolution:stage-detail", args=[crossing.pk]) if is_stage else ""
    reached = f"Passed {counted(crossing.milestone, 'interaction')}"
    if is_stage:
        reached += f": {name}"
    milestone = crossing.milestone
    found = [Happened(crossing.reached_at, milestone, "check", f"{reached}.", url=url)]
    if crossing.decided_at is not None:
        state = state_of(crossing)
        found.append(
            Happened(
                crossing.decided_at,
                milestone,
                state.icon,
                f"{name[:1].upper()}{name[1:]} at {milestone:,}:"
                f" {state.text.rstrip('…').lower()}.",
                who=crossing.decided_by_name,
                reason=crossing.reason,
                url=url,
                version=crossing.version.number if crossing.version else 0,
            )
        )
    return found


# -- What can be changed -------------------------------------------------------------


@allows(POST=Action.ADJUST)
def growth_mode(request: HttpRequest, character_id: str) -> HttpResponse:
    """How stages go live from now on; what waits keeps waiting."""
    character = character_or_404(character_id)
    mode = request.POST.get("mode", "")
    if mode not in Progress.Mode.values:
        return _told(
            request, character, "Choose one of the three ways, then try again.", "error"
        )
    stages.set_mode(
        character_id=character_id,
        mode=mode,
        actor=signed_in(request),
        now=timezone.now(),
    )
    return _told(request, character, f"{character}: {MODE_TEXTS[mode]}", "success")


def _told(
    request: HttpRequest, character: Character, text: str, kind: str
) -> HttpResponse:
    """Where htmx asks, only the message: the page moves by itself."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        trigger_client_event(response, "toast", {"text": text, "kind": kind})
        return response
    messages.add_message(request, getattr(messages, kind.upper()), text)
    return redirect("evolution:growth-detail", character.character_id)


@allows(POST=Action.EDIT_DRAFTS)
def growth_template(request: HttpRequest, character_id: str) -> HttpResponse:
    """Put the stages of the template into a draft that has none, to be filled in."""
    rows = Character.objects.for_sheets()
    character = get_object_or_404(rows, character_id=character_id)
    sheet = character.to_sheet()
    if sheet.evolution_stages:
        messages.info(request, "The draft has stages already; here they are.")
        return redirect(_editor(character_id))
    try:
        drafts.save_character(
            character_id=character_id,
            sheet=sheet.model_copy(update={"evolution_stages": list(TEMPLATE)}),
            revision=character.revision,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except (drafts.Archived, drafts.StaleRevision) as error:
        messages.error(request, str(error))
        return redirect("evolution:growth-detail", character_id)
    messages.success(
        request, "The draft has five stages now. Say what each changes, then publish."
    )
    return redirect(_editor(character_id))


def _editor(character_id: str) -> str:
    url = reverse("personas:character-edit", args=[character_id])
    return f"{url}#field-evolution_stages"
