"""Characters as files: which form, and the files themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render

from core import limits
from core.access import allows
from core.roles import Action
from personas.domain.cards.writing import CardForm
from personas.models import Character
from personas.services import exporting, sandbox
from personas.services.exporting import ORIGINAL
from personas.views.publish import ids_of
from personas.views.shown import face_of

MOST: Final = limits.PAGE_SIZE_MAX
"""Characters of one archive."""
_BUSY: Final = "The server is reading many files at this moment. Try again soon."
_NO_FILES: Final = " Other files that came with the card do not fit into it."
_WITH_FILES: Final = " Other files that came with the card go along."
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    CardForm.PNG: (
        "Picture (PNG)",
        (
            "The character's picture with the card in it, as most sites and programs"
            f" exchange characters.{_NO_FILES}"
        ),
    ),
    CardForm.V3_JSON: (
        "Card V3 (JSON)",
        (
            "The newest card format as text; all that is known here comes back when it"
            f" is imported again.{_WITH_FILES}"
        ),
    ),
    CardForm.V2_JSON: (
        "Card V2 (JSON)",
        f"The older card format as text, for programs that do not know V3.{_NO_FILES}",
    ),
    CardForm.CHARX: (
        "CHARX",
        f"An archive of the V3 card and its pictures, as RisuAI uses.{_WITH_FILES}",
    ),
    ORIGINAL: (
        "As it came",
        (
            "The file that it was imported from, byte for byte, without what was"
            " changed here since."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Form:
    """A form to choose; ``missing`` says why it cannot be had."""

    value: str
    title: str
    text: str
    missing: str = ""


def _forms(character: Character | None = None) -> list[Form]:
    found = []
    for value, (title, text) in _FORMS.items():
        missing = ""
        if character is not None and value == ORIGINAL and not character.card_file_id:
            missing = "It was written here, not imported."
        if character is not None and value == CardForm.PNG and not character.picture_id:
            missing = "It has no picture; give it one in the editor."
        found.append(Form(str(value), title, text, missing))
    return found


@allows(GET=Action.IMPORT)
def character_export(request: HttpRequest, character_id: str) -> HttpResponse:
    """The forms to choose from; with ``form``, the file."""
    rows = Character.objects.for_sheets()
    character = get_object_or_404(rows, character_id=character_id)
    form = request.GET.get("form")
    if form is None:
        return _page(request, character=character)
    if form not in exporting.FORMS:
        raise Http404("There is no such form.")
    try:
        file = exporting.export_card(character, form=form)
    except (exporting.NoOriginal, exporting.CannotExport) as error:
        return _page(request, character=character, problem=str(error), status=409)
    except sandbox.Busy:
        return _page(request, character=character, problem=_BUSY, status=503)
    response = HttpResponse(file.content, content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _page(
    request: HttpRequest, *, character: Character, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "character": character,
        "face": face_of(character),
        "forms": _forms(character),
        "problem": problem,
    }
    return render(request, "personas/export_character.html", context, status=status)


@allows(GET=Action.IMPORT, POST=Action.IMPORT)
def export_many(request: HttpRequest) -> HttpResponseBase:
    """Several characters, named by ``ids``: the form to choose; by POST, a zip."""
    data = request.POST if request.method == "POST" else request.GET
    ids = ids_of(data)[:MOST]
    rows = Character.objects.filter(character_id__in=ids).order_by("character_id")
    form = request.POST.get("form", "")
    if request.method == "POST" and rows.exists() and form in exporting.FORMS:
        return _archive(ids, form=form)
    problem = ""
    if request.method == "POST":
        problem = "Choose a form." if rows.exists() else "Nobody is chosen."
    found = [(row, face_of(row)) for row in rows]
    context: dict[str, Any] = {
        "rows": found,
        "ids": ",".join(row.character_id for row, _ in found),
        "forms": _forms(),
        "chosen": form or str(CardForm.V3_JSON),
        "problem": problem,
        "most": MOST,
    }
    status = 422 if problem else 200
    return render(request, "personas/export_many.html", context, status=status)


def _archive(ids: list[str], *, form: str) -> StreamingHttpResponse:
    rows = Character.objects.for_sheets().filter(character_id__in=ids)
    pieces = exporting.export_cards(rows.order_by("character_id"), form=form)
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="characters.zip"'
    response["Cache-Control"] = "private, no-store"
    return response
