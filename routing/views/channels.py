"""All channels: who may answer where, changed with one press."""

import json
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.models import Character
from routing.models import Channel
from routing.services import channels
from routing.services.channels import NoSuchChannel, NotValid
from routing.views import channels_shown as shown

COLUMNS_AT_ONCE: Final = 40
_KEPT: Final = ("q", "character", "page", "columns")
"""Of an address, what says which part of the grid is seen."""
_PRESSED_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Pressed:
    """A cell's button: who, where, and whether to answer from now on."""

    channel: Channel
    character: Character
    may: bool


@allows(GET=Action.SEE, POST=Action.EDIT_SETTINGS)
def channel_list(request: HttpRequest) -> HttpResponse:
    """GET shows the grid; POST changes one cell of it."""
    if request.method == "POST":
        return _press(request)
    return render(request, "routing/channels.html", _grid(request, given=request.GET))


def _press(request: HttpRequest) -> HttpResponse:
    given = QueryDict(request.POST.get("seen", "")[: limits.LINE_LENGTH])
    pressed = _pressed(request.POST.get("cell", ""))
    kind, anchor = "error", ""
    if pressed is None:
        text = "Reload the page, then try again: there is no such channel any more."
    else:
        anchor = f"#cell-{pressed.channel.pk}-{pressed.character.pk}"
        try:
            channels.let_answer(
                channel_id=pressed.channel.channel_id,
                character_id=pressed.character.character_id,
                may=pressed.may,
                actor=signed_in(request),
                now=timezone.now(),
            )
        except (NoSuchChannel, NotValid) as error:
            text = str(error)
        else:
            kind, text = "success", _told(pressed)
    if "HX-Request" in request.headers:
        context = _grid(request, given=given)
        response = render(request, "routing/_channels_grid.html", context)
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": kind}})
        return response
    (messages.success if kind == "success" else messages.error)(request, text)
    query = _query(given)
    return redirect(f"{reverse('routing:channels')}?{query}{anchor}")


def _pressed(text: str) -> Pressed | None:
    """What a button sent; ``None`` if that is of no channel and character."""
    parts = text.split(":")
    if len(parts) != _PRESSED_PARTS or not all(map(_is_number, parts[:2])):
        return None
    channel = Channel.objects.filter(pk=int(parts[0])).first()
    character = Character.objects.filter(pk=int(parts[1])).first()
    if channel is None or character is None:
        return None
    return Pressed(channel, character, may=parts[2] == "may")


def _is_number(text: str) -> bool:
    is_number = text.isascii() and text.isdecimal()
    return is_number and len(text) <= limits.INTEGER_DIGITS


def _told(pressed: Pressed) -> str:
    name, where = pressed.character.display_name, _title(pressed.channel)
    if pressed.may:
        return f"{name} may answer in {where}."
    return f"{name} never answers in {where} now."


def _title(channel: Channel) -> str:
    return shown.title_of(channel.channel_id, name=channel.name)


def _query(given: QueryDict) -> str:
    kept = QueryDict(mutable=True)
    for name in _KEPT:
        text = given.get(name)
        if text:
            kept[name] = str(text)
    return kept.urlencode()


def _grid(request: HttpRequest, *, given: QueryDict) -> dict[str, Any]:
    words = _words(given, "q")
    who = _words(given, "character")
    known = shown.known_channels()
    places = shown.in_order(known)
    if words:
        places = shown.matching(places, words=words)
    page = Paginator(places, limits.PAGE_SIZE).get_page(given.get("page"))
    everybody = shown.columns()
    wanted = [column for column in everybody if _is_meant(column, words=who)]
    columns = Paginator(wanted, COLUMNS_AT_ONCE).get_page(given.get("columns"))
    seen, among = list(page.object_list), list(columns.object_list)
    return {
        "words": words,
        "who": who,
        "has_channels": bool(known),
        "has_characters": bool(everybody),
        "page": page,
        "columns_page": columns,
        "columns": among,
        "everybody": everybody,
        "rows": shown.rows(seen, known=known, among=among, now=timezone.now()),
        "seen": _query(given),
        "may_quiet": may(request.user, action=Action.QUIET),
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }


def _words(given: QueryDict, name: str) -> str:
    return str(given.get(name, "")).replace("\0", "").strip()[: limits.NAME_LENGTH]


def _is_meant(column: shown.Column, *, words: str) -> bool:
    wanted = words.casefold()
    return wanted in column.name.casefold() or wanted in column.character_id
