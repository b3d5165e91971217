"""One decision explained: who, why, why not others, and whether it holds."""

from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from core.access import allows
from core.live.changes import current_head
from core.people import may
from core.roles import Action
from core.views.requests import search_words
from personas.models import Character
from personas.views.live import SEQ
from routing.models import Decision
from routing.services import reading, replaying
from routing.services.announcing import STREAM
from routing.services.replaying import TextNotKept
from routing.views.decision_score import draw_of, marked, scores_of
from routing.views.decision_steps import checks_of, steps_of
from routing.views.decision_terms import facts_of, terms_of
from routing.views.record import Record
from routing.views.why_not import why_not
from routing.views.words import reason_chip, silent_chip

DIFFERING: Final = {
    "character_id": "who answers",
    "version_pk": "the version",
    "respond": "whether it responds",
    "respond_reason": "why it responds or not",
    "reason": "how somebody was found",
    "close_floor": "the line for close scores",
    "candidates": "the scores",
    "candidates_omitted": "how many were left out",
    "skipped": "what later steps would have said",
    "draws": "the draws",
}


@allows(GET=Action.SEE)
def decision_detail(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """All of it; ``?why_not=`` asks about one character."""
    return _page(request, decision_id)


@allows(POST=Action.SEE)
def decision_replay(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Decide again from the record; writes nothing."""
    row = get_object_or_404(_rows(), decision_id=decision_id)
    replay = _replayed(row)
    if request.headers.get("HX-Request") == "true":
        context = {"replay": replay, "decision": row}
        return render(request, "routing/_decision_replay.html", context)
    return _page(request, decision_id, replay=replay)


@allows(GET=Action.SEE)
def decision_outcome(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """What became of it alone, as the live page reads it again."""
    seq = current_head(STREAM.name)
    row = get_object_or_404(Decision, decision_id=decision_id)
    context = {"decision": row, "live_seq": seq}
    response = render(request, "routing/_decision_outcome.html", context)
    response[SEQ] = str(seq)
    response["Cache-Control"] = "no-store"
    return response


def _rows() -> "QuerySet[Decision]":
    return Decision.objects.select_related(
        "author", "character", "version", "roster", "terms", "bot"
    ).defer("version__inputs")


def _replayed(row: Decision) -> dict[str, Any]:
    try:
        replay = replaying.replay(row)
    except TextNotKept as error:
        return {"problem": str(error)}
    ids = {replay.answer["character_id"]} - {None}
    names = Character.objects.filter(character_id__in=ids)
    return {
        "is_same": replay.is_same,
        "differing": [DIFFERING.get(name, name) for name in replay.differing],
        "sentence": replay.answer["explanation"],
        "winner": names.values_list("display_name", flat=True).first(),
    }


def _page(
    request: HttpRequest, decision_id: UUID, *, replay: dict[str, Any] | None = None
) -> HttpResponse:
    seq = current_head(STREAM.name)
    row = get_object_or_404(_rows(), decision_id=decision_id)
    asked = search_words(request, name="why_not")[:64]
    record = Record(row, also=[asked] if asked else [])
    channel = reading.channel_names([row.channel_id]).get(row.channel_id, "")
    context = {
        "decision": row,
        "record": record,
        "sentence": record.answer.get("explanation", ""),
        "winner": record.who(record.winner) if record.winner else None,
        "channel": channel or row.channel_id,
        "reason": reason_chip(row),
        "silent": silent_chip(row),
        "steps": steps_of(record),
        "checks": checks_of(record),
        "message": marked(record),
        "scores": scores_of(record),
        "draw": draw_of(record),
        "terms": terms_of(record),
        "facts": facts_of(record),
        "why_not": _why_not(record, asked),
        "cast": _cast(record),
        "replay": replay,
        "may_quiet": may(request.user, action=Action.QUIET),
        "live_seq": seq,
        **_neighbours(row),
    }
    return render(request, "routing/decision.html", context)


def _why_not(record: Record, asked: str) -> Any:
    """The answer about whoever is asked for; ``None`` without one."""
    if not asked or not record.is_known(asked):
        return {"unknown": asked} if asked else None
    return why_not(record, character_id=asked)


def _cast(record: Record) -> list[tuple[str, str]]:
    """Whom one can ask about: everybody but who was chosen."""
    rows = Character.objects.exclude(character_id=record.winner or "")
    names = rows.order_by("display_name", "pk")
    return list(names.values_list("character_id", "display_name"))


def _neighbours(row: Decision) -> dict[str, Any]:
    """The decisions of this channel before and after it."""
    here = Decision.objects.filter(channel_id=row.channel_id).only("decision_id")
    return {
        "earlier": here.filter(pk__lt=row.pk).order_by("-pk").first(),
        "later": here.filter(pk__gt=row.pk).order_by("pk").first(),
    }
