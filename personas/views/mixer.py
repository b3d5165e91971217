"""The mixer: how much each framework counts, by kind of conversation.

Works by plain forms; ``static/js/mixer.js`` links the sliders and loads what
comes of them while they move.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas import policy
from personas.domain.contexts import Detection, detect, weights_by_context
from personas.domain.sheets import FrameworkBlending
from personas.models import Character
from personas.services import drafts
from personas.services.blending import Weights
from personas.views.characters import character_or_404
from personas.views.editing import why_read_only
from personas.views.mixer_form import (
    OWN,
    Column,
    Known,
    Reading,
    Typed,
    columns,
    known_frameworks,
    percents,
    read,
    typed_from,
    typed_of,
    weights_by_kind,
)
from personas.views.mixer_result import result_of

MESSAGE_LENGTH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """What the form and the stored draft say differently, in words."""

    title: str
    mine: str
    theirs: str


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def character_mixer(request: HttpRequest, character_id: str) -> HttpResponse:
    """The form, with what comes of the kind that ``?kind=`` names; POST saves."""
    character = character_or_404(character_id)
    if request.method == "POST":
        return _save(request, character=character)
    return _page(request, character=character, typed=_opened(character))


@allows(POST=Action.EDIT_DRAFTS)
def character_mixer_preview(request: HttpRequest, character_id: str) -> HttpResponse:
    """What comes of what is typed; nothing is saved.

    A fragment for scripts; without them the whole page, as it was typed.
    """
    character = character_or_404(character_id)
    typed = _typed(request, character=character)
    if getattr(request, "htmx", False):
        context = _shown(request, character=character, typed=typed)
        status = 422 if context["errors"] else 200
        return render(request, "personas/_mixer_result.html", context, status=status)
    return _page(request, character=character, typed=typed)


def _table() -> Weights:
    return weights_by_context(policy.contexts())


def _opened(character: Character) -> Typed:
    return typed_of(_blending(character), table=_table())


def _typed(request: HttpRequest, *, character: Character) -> Typed:
    return typed_from(request.POST, opened=_opened(character), table=_table())


def _blending(character: Character) -> FrameworkBlending:
    return character.to_sheet().framework_blending


def _save(request: HttpRequest, *, character: Character) -> HttpResponse:
    typed = _typed(request, character=character)
    revision = str(request.POST.get("revision", ""))
    if revision != str(character.revision):
        return _stale(request, character_id=character.character_id, typed=typed)
    sheet = character.to_sheet()
    reading = read(typed, current=sheet.framework_blending)
    if reading.blending is None:
        return _page(request, character=character, typed=typed, status=422)
    try:
        saved = drafts.save_character(
            character_id=character.character_id,
            sheet=sheet.model_copy(update={"framework_blending": reading.blending}),
            revision=character.revision,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except drafts.StaleRevision:
        return _stale(request, character_id=character.character_id, typed=typed)
    except drafts.Archived:
        return _page(request, character=character, typed=typed, status=409)
    if saved.revision == character.revision:
        messages.info(request, "Nothing was changed.")
    else:
        messages.success(request, f"Draft of {saved} saved. Bots do not see it yet.")
    query = {"kind": _chosen(request, typed=typed)}
    return redirect(
        reverse("personas:character-mixer", args=[saved.character_id], query=query)
    )


def _stale(request: HttpRequest, *, character_id: str, typed: Typed) -> HttpResponse:
    """The same form once more, now for what somebody else saved meanwhile."""
    character = character_or_404(character_id)
    return _page(request, character=character, typed=typed, status=412, is_stale=True)


def _tried(request: HttpRequest) -> Detection | None:
    """What the message that was tried tells of; ``None`` if none was, just now."""
    message = str(request.POST.get("message", ""))[:MESSAGE_LENGTH]
    if "_try" not in request.POST or not message.strip():
        return None
    return detect([message], contexts=policy.contexts())


def _chosen(
    request: HttpRequest, *, typed: Typed, tried: Detection | None = None
) -> str:
    """The kind whose blend is shown; the first unless told."""
    if tried is not None and tried.context in typed.sources:
        return str(tried.context)
    asked = request.POST.get("kind") or request.GET.get("kind")
    if asked in typed.sources:
        return str(asked)
    return next(iter(typed.sources), "")


def _shown(
    request: HttpRequest, *, character: Character, typed: Typed
) -> dict[str, Any]:
    """The columns, and what comes of the chosen one."""
    sheet = character.to_sheet()
    known = known_frameworks()
    reading = read(typed, current=sheet.framework_blending)
    tried = _tried(request)
    chosen = _chosen(request, typed=typed, tried=tried)
    found = columns(
        typed, errors=reading.errors, known=known, own=sheet.framework_id, chosen=chosen
    )
    column = next((c for c in found if c.is_chosen), None)
    result = None
    if column is not None and _is_readable(column, reading=reading):
        result = result_of(
            sheet,
            character=character,
            context=chosen,
            title=column.title,
            weights=reading.weights.get(chosen),
            known=known,
        )
    return {
        "character": character,
        "columns": found,
        "known": known,
        "chosen": column,
        "errors": reading.errors,
        "result": result,
        "tried": tried,
        "told_by": _told_by(tried),
        "message": str(request.POST.get("message", "")),
        "is_enabled": typed.is_enabled,
        "is_switched_off": not policy.is_blending_enabled(),
    }


def _told_by(tried: Detection | None) -> list[str]:
    """The words that told the kind, each once."""
    if tried is None:
        return []
    found = [e.phrase for e in tried.evidence if e.context == tried.context]
    return list(dict.fromkeys(found))


def _is_readable(column: Column, *, reading: Reading) -> bool:
    # What is wrong with the whole may as well be wrong with this kind.
    is_whole = "" not in reading.errors
    return is_whole and (not column.is_own or column.context in reading.weights)


def _page(
    request: HttpRequest,
    *,
    character: Character,
    typed: Typed,
    status: int = 200,
    is_stale: bool = False,
) -> HttpResponse:
    context = _shown(request, character=character, typed=typed)
    context |= {
        "revision": character.revision,
        "read_only_reason": why_read_only(request, draft=character),
        "may_edit_table": may(request.user, action=Action.EDIT_SETTINGS),
        "is_stale": is_stale,
        "differences": _differences(typed, current=_blending(character), shown=context)
        if is_stale
        else [],
        "data": {
            "frameworks": [
                {
                    "id": f.framework_id,
                    "name": f.name,
                    "note": f.note,
                    "isUsable": f.is_usable,
                }
                for f in context["known"].values()
            ],
            "table": {
                key: [
                    {"id": framework_id, "percent": percent}
                    for framework_id, percent in percents(weights).items()
                ]
                for key, weights in _table().items()
            },
        },
    }
    return render(request, "personas/mixer.html", context, status=status)


def _differences(
    typed: Typed, *, current: FrameworkBlending, shown: Mapping[str, Any]
) -> list[Difference]:
    """Kind by kind, what was typed against what is stored now."""
    stored = {c: percents(w) for c, w in weights_by_kind(current).items()}
    mine = {
        c: typed.weights.get(c, {}) if source == OWN else None
        for c, source in typed.sources.items()
    }
    titles = {column.context: column.title for column in shown["columns"]}
    found = [
        Difference(
            titles.get(context, context),
            mine=_words(mine.get(context), known=shown["known"]),
            theirs=_words(stored.get(context), known=shown["known"]),
        )
        for context in {**mine, **stored}
        if (mine.get(context) or None) != stored.get(context)
    ]
    if typed.is_enabled != current.enabled:
        words = {True: "On", False: "Off"}
        switch = Difference(
            "Blend frameworks", words[typed.is_enabled], words[current.enabled]
        )
        found.insert(0, switch)
    return found


def _words(texts: Mapping[str, str] | None, *, known: Mapping[str, Known]) -> str:
    if texts is None:
        return "Everyone's weights"
    return ", ".join(
        f"{known[key].name if key in known else key} {text} %"
        for key, text in texts.items()
    )
