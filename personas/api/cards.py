"""Character cards in and out: a dry run, then a choice; and files of drafts."""

import uuid
from typing import Any, Final, Literal, cast

import orjson
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from pydantic import Field
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.parameters import Body, Query, read_body, read_file, read_query
from core.api.problems import rate_limited
from core.api.schema import describe
from core.keys import BotPrincipal
from core.models import User
from core.problems import FieldError, Problem, body_too_large
from core.roles import Action, Scope
from personas.api import problems
from personas.api.schema import CARD_COMMITTED, CARD_READ, CARD_UPLOAD
from personas.domain.sheets import Slug
from personas.models import Character, ImportItem
from personas.services import exporting, imports, sandbox
from personas.services.imports import CannotImport, Why

CARDS: Final = Needs(action=Action.IMPORT, scope=Scope.CARDS_WRITE)
_BUSY_SECONDS: Final = 30.0
_IDS: Final = {
    "character": "character_id",
    "framework": "framework_id",
    "lorebook": "book_id",
}
_CODES: Final = {
    Why.NOT_READ: problems.NOT_READ,
    Why.BAD_ID: "invalid",
    Why.REFUSED: problems.UNREADABLE_FILE,
    Why.ID_TAKEN: problems.ID_TAKEN,
    Why.NO_TARGET: problems.NO_TARGET,
    Why.ARCHIVED: problems.ARCHIVED,
    Why.CHANGED_MEANWHILE: "conflict",
    Why.CANNOT_BE_STORED: problems.CANNOT_BE_STORED,
}


class CommitBody(Body):
    """``POST cards/{import_id}/commit``."""

    action: Literal["new", "replace", "merge", "skip"] = Field(
        description="As a new one; replace the draft; merge field by field; leave out."
    )
    character_id: Slug | None = Field(
        None,
        description="The id of the new one, or of the one to replace or merge with;"
        " for a framework or lorebook, its id. Left out: a free id, or the likest"
        " duplicate.",
    )


class CardQuery(Query):
    """``GET personas/{character_id}/card``."""

    format: Literal["v2.json", "v3.json", "png", "charx", "original"] = Field(
        "v3.json", description="original: the file as it came, byte for byte."
    )


def _caller(request: Request) -> dict[str, Any]:
    """Whose an import is: a person, or a key by its name and public id."""
    if isinstance(request.auth, BotPrincipal):
        return {
            "actor": None,
            "key_name": f"{request.auth.name} ({request.auth.public_id})",
        }
    return {"actor": cast("User", request.user), "key_name": ""}


def _answer(body: dict[str, Any], *, status: int) -> HttpResponse:
    response = HttpResponse(
        orjson.dumps(body), status=status, content_type="application/json"
    )
    response["Cache-Control"] = "no-store"
    return response


def _busy() -> Problem:
    return rate_limited(retry_after=_BUSY_SECONDS)


class CardsView(APIView):
    """A file, read and told about."""

    access = {"POST": CARDS}
    parser_classes = (MultiPartParser,)

    @describe(
        name="card_upload",
        summary="Read a card, framework or lorebook",
        query=Query,
        body=CARD_UPLOAD,
        answers={201: CARD_READ},
        problems=[problems.UNREADABLE_FILE],
        tag="cards",
    )
    def post(self, request: Request) -> HttpResponse:
        """A dry run: say what is in the file, what became of each field, what is here
        already, and which prompt a new draft would give. Nothing is imported until
        it is committed. The file is PNG, CHARX, JSON, YAML, JPEG or WebP."""
        read_query(request, Query)
        file = read_file(request)
        if (file.size or 0) > limits.UPLOAD_BYTES:
            raise body_too_large(limit=limits.UPLOAD_BYTES)
        now = timezone.now()
        batch = imports.begin(**_caller(request), now=now)
        item = imports.add_single(batch, name=file.name or "", raw=file.read(), now=now)
        try:
            item, preview = imports.read_with_preview(item, now=now)
        except sandbox.Busy as error:
            # Whoever comes again sends the file again.
            imports.discard(batch)
            raise _busy() from error
        if item.state == ImportItem.State.REFUSED:
            # The answer has the reason; nobody could do anything with the rest.
            imports.discard(batch)
            raise Problem(
                problems.UNREADABLE_FILE,
                detail=item.problem,
                errors=[FieldError("/file", "invalid", item.problem)],
            )
        return _answer(_read(item, preview=preview), status=201)


def _read(item: ImportItem, *, preview: imports.Preview | None) -> dict[str, Any]:
    found = item.found
    return {
        "import_id": str(item.import_id),
        "state": item.state,
        "preview": preview.to_json() if preview is not None else None,
        **{
            name: found[name]
            for name in (
                *("kind", "title", "object_id", "container", "dialect"),
                *("remarks", "scripts", "duplicates", "fresh"),
            )
        },
    }


class CommitView(APIView):
    """A file that was read, imported as somebody chose."""

    access = {"POST": CARDS}

    @describe(
        name="card_commit",
        summary="Import a file that was read",
        query=Query,
        body=CommitBody,
        answers={200: CARD_COMMITTED},
        problems=[
            problems.UNKNOWN_IMPORT,
            problems.UNREADABLE_FILE,
            problems.CANNOT_BE_STORED,
            problems.NOT_READ,
            problems.ID_TAKEN,
            problems.NO_TARGET,
            problems.ARCHIVED,
            "conflict",
        ],
        tag="cards",
    )
    def post(self, request: Request, import_id: str) -> HttpResponse:
        """Store it as a draft; nothing is published. What was imported already stays
        as it is, and the answer is the same again."""
        read_query(request, Query)
        body = read_body(request, CommitBody)
        item = _item(request, import_id=import_id)
        try:
            item = imports.commit(
                item,
                action=body.action,
                character_id=body.character_id,
                actor=_caller(request)["actor"],
                now=timezone.now(),
            )
        except CannotImport as error:
            raise _problem(error) from error
        return _answer(_committed(item), status=200)


def _item(request: Request, *, import_id: str) -> ImportItem:
    """Raises Problem (404), also for what somebody else gave."""
    unknown = Problem(
        problems.UNKNOWN_IMPORT,
        detail="There is no such import of yours. Imports that nobody finishes are"
        " forgotten after 30 days; send the file again.",
    )
    try:
        wanted = uuid.UUID(import_id)
    except ValueError as error:
        raise unknown from error
    rows = ImportItem.objects.select_related("batch", "file")
    item = rows.filter(import_id=wanted).first()
    if item is None:
        raise unknown
    caller = _caller(request)
    if (item.batch.actor, item.batch.key_name) != (
        caller["actor"],
        caller["key_name"],
    ):
        raise unknown
    return item


def _problem(error: CannotImport) -> Problem:
    if error.why is Why.BUSY:
        return _busy()
    return Problem(_CODES[error.why], detail=str(error))


def _committed(item: ImportItem) -> dict[str, Any]:
    outcome = item.found.get("outcome") or {}
    answer = {
        "action": item.action,
        "is_changed": outcome.get("is_changed", False),
        "remarks": outcome.get("remarks", []),
        "made_books": outcome.get("made_books", []),
    }
    if outcome:
        answer[_IDS[item.found["kind"]]] = outcome["object_id"]
    return answer


class CardView(APIView):
    """A character as a file."""

    access = {"GET": CARDS}

    @describe(
        name="card",
        summary="A character's draft as a card",
        query=CardQuery,
        answers={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
        },
        problems=[
            problems.UNKNOWN_CHARACTER,
            problems.NO_ORIGINAL,
            problems.CANNOT_EXPORT,
        ],
        tag="cards",
    )
    def get(self, request: Request, character_id: str) -> HttpResponse:
        """The draft with its lorebooks, for other programs and for importing again;
        or the file that it came from."""
        query = read_query(request, CardQuery)
        rows = Character.objects.for_sheets()
        character = rows.filter(character_id=character_id.replace("\0", "")).first()
        if character is None:
            raise Problem(
                problems.UNKNOWN_CHARACTER,
                detail=f"There is no character {character_id[:80]!r}.",
            )
        try:
            file = exporting.export_card(character, form=query.format)
        except exporting.NoOriginal as error:
            raise Problem(problems.NO_ORIGINAL, detail=str(error)) from error
        except exporting.TryLater as error:
            raise _busy() from error
        except exporting.CannotExport as error:
            raise Problem(problems.CANNOT_EXPORT, detail=str(error)) from error
        response = HttpResponse(file.content, content_type=file.content_type)
        response["Content-Disposition"] = f'attachment; filename="{file.name}"'
        response["Cache-Control"] = "private, no-store"
        return response
