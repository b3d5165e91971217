"""One file of an import: what became of each field, its picture and its prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from core.access import allows
from core.roles import Action
from personas.domain.dialects import UnreadableFile
from personas.models import ImportItem
from personas.services import imports, sandbox
from personas.services.import_reading import incoming_of
from personas.views.import_shown import rows_of

_GROUPS: Final = (
    ("dropped", "Dropped", "Not taken over"),
    ("repaired", "Repaired", "Taken over, changed"),
    ("kept", "Kept", "Not used here; goes out with exports, unless it says otherwise"),
    ("mapped", "Mapped", "Taken over as it is"),
)
_WITH_PICTURES: Final = frozenset({"png", "charx", "jpeg", "webp"})


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that had the same fate; each with ``field``, ``detail``."""

    name: str
    title: str
    words: str
    remarks: list[Mapping[str, str]]


def item_or_404(pk: int, item_pk: int) -> ImportItem:
    rows = ImportItem.objects.select_related("batch", "file")
    return get_object_or_404(rows, pk=item_pk, batch=pk)


def _groups(remarks: list[dict[str, str]]) -> list[Group]:
    found = [
        Group(name, title, words, [r for r in remarks if r["action"] == name])
        for name, title, words in _GROUPS
    ]
    return [group for group in found if group.remarks]


@allows(GET=Action.IMPORT)
def import_item(request: HttpRequest, pk: int, item_pk: int) -> HttpResponse:
    """All that is known of a file; for the script, only the part below its row."""
    item = item_or_404(pk, item_pk)
    found = item.found
    outcome = found.get("outcome")
    context: dict[str, Any] = {
        "batch": item.batch,
        "row": rows_of([item])[0],
        "groups": _groups((outcome or found).get("remarks", [])),
        "scripts": found.get("scripts", []),
        "made_books": outcome["made_books"] if outcome else [],
        "duplicates": found.get("duplicates", []),
        "has_prompt": found.get("kind") == "character",
        "may_have_picture": found.get("kind") == "character"
        and found.get("container") in _WITH_PICTURES,
    }
    is_fragment = bool(getattr(request, "htmx", False))
    name = "_import_report" if is_fragment else "import_item"
    return render(request, f"personas/{name}.html", context)


@allows(GET=Action.IMPORT)
def import_preview(request: HttpRequest, pk: int, item_pk: int) -> HttpResponse:
    """The prompt that a new draft would give; compiled because a person asks."""
    item = item_or_404(pk, item_pk)
    preview = imports.preview_of(item)
    context = {
        "batch": item.batch,
        "row": rows_of([item])[0],
        "preview": preview,
        "problem": preview.problem if preview else "This file gives no prompt.",
    }
    is_fragment = bool(getattr(request, "htmx", False))
    name = "_import_preview" if is_fragment else "import_preview"
    return render(request, f"personas/{name}.html", context)


@allows(GET=Action.IMPORT)
def import_picture(request: HttpRequest, pk: int, item_pk: int) -> HttpResponse:
    """The card's own picture, written anew; never one from elsewhere."""
    item = item_or_404(pk, item_pk)
    try:
        picture = incoming_of(item).picture
    except (UnreadableFile, sandbox.Busy) as error:
        raise Http404("There is no picture.") from error
    if picture is None:
        raise Http404("There is no picture.")
    response = HttpResponse(picture.content, content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response
