"""Characters and their prompts. Each call turns parameters into a look at the
snapshot."""

from typing import Any, Final

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.list_pages import paginate_list
from core.api.parameters import read_query
from core.api.schema import describe
from core.problems import FieldError, Problem
from personas import serving
from personas.api import problems
from personas.api.answering import READ, REVALIDATE, answer, check_label, label_of
from personas.api.queries import PersonasQuery, PromptQuery, as_text
from personas.api.schema import PERSONAS, PROMPT
from personas.catalog import Entry, Snapshot, catalog, pinned
from personas.models import CharacterVersion
from personas.quieting import Quiet

_FOR_EVER: Final = "private, max-age=31536000, immutable"


class PersonasView(APIView):
    """Characters that have a version with the label, by id."""

    access = {"GET": READ}

    @describe(
        name="personas",
        summary="Characters with a label",
        query=PersonasQuery,
        answers={200: PERSONAS},
        problems=["bad_cursor", problems.NOT_LABELLED],
        tag="prompts",
    )
    def get(self, request: Request) -> HttpResponse:
        """List characters, filtered and paged, from the snapshot."""
        query = read_query(request, PersonasQuery)
        snapshot, is_fresh = catalog.read()
        label = label_of(request, asked=query.label)
        check_label(label, snapshot=snapshot)
        found = [
            entry for entry in snapshot.labelled(label) if _matches(entry, query=query)
        ]
        page = paginate_list(
            found,
            key=lambda entry: entry.character_id,
            name="personas",
            query=query,
            filters=query.model_dump(exclude={"limit", "cursor"}),
        )
        now = timezone.now()
        body = {
            "results": [
                _listed(
                    entry,
                    request=request,
                    quiet=snapshot.quiets.quiet(entry.character_id, now=now),
                )
                for entry in page.results
            ]
        }
        response = HttpResponse(
            orjson.dumps({**body, "next": page.next}), content_type="application/json"
        )
        response["X-Freshness"] = "fresh" if is_fresh else "stale"
        return response


def _matches(entry: Entry, *, query: PersonasQuery) -> bool:
    if query.tag and query.tag.casefold() not in (t.casefold() for t in entry.tags):
        return False
    if query.updated_since and entry.published_at < query.updated_since:
        return False
    if query.q:
        names = (entry.character_id, *entry.routing["names"])
        return any(query.q.casefold() in name.casefold() for name in names)
    return True


def _listed(entry: Entry, *, request: Request, quiet: Quiet | None) -> dict[str, Any]:
    return {
        "character_id": entry.character_id,
        "persona_id": entry.persona_id,
        "display_name": entry.display_name,
        "framework_id": entry.framework_id,
        "version": entry.version,
        "label": entry.label,
        "avatar_url": _avatar_url(entry, request=request),
        "tags": list(entry.tags),
        "active": entry.is_active,
        "quiet": quiet.told() if quiet else None,
        "content_hash": entry.content_hash,
        "published_at": as_text(entry.published_at),
    }


def _avatar_url(entry: Entry, *, request: Request) -> str | None:
    """A full address, because bots hand it on to chat platforms."""
    if not entry.avatar:
        return None
    path = reverse("personas:picture", args=[entry.avatar])
    return (
        f"{settings.PUBLIC_URL}{path}"
        if settings.PUBLIC_URL
        else request.build_absolute_uri(path)
    )


class PromptView(APIView):
    """A finished prompt."""

    access = {"GET": READ}

    @describe(
        name="prompt",
        summary="A finished prompt",
        query=PromptQuery,
        answers={200: PROMPT, 304: "The caller has these very bytes."},
        problems=[
            problems.UNKNOWN_CHARACTER,
            problems.UNKNOWN_VERSION,
            problems.NOT_LABELLED,
            problems.LABEL_AND_VERSION,
            problems.UNKNOWN_CONTEXT,
        ],
        tag="prompts",
    )
    def get(self, request: Request, character_id: str) -> HttpResponse:
        """Serve ready bytes; nothing is compiled here."""
        query = read_query(request, PromptQuery)
        snapshot, is_fresh = catalog.read()
        if query.version is not None:
            return self._pinned(
                request, character_id=character_id, query=query, snapshot=snapshot
            )
        label = label_of(request, asked=query.label)
        entry = serving.entry_of(snapshot, character_id=character_id, label=label)
        served = serving.prompt_of(
            entry.prompts, context=query.context, blending=snapshot.blending
        ).while_quiet(snapshot.quiets.quiet(character_id, now=timezone.now()))
        return answer(
            request,
            etag=served.etag,
            body=served.body,
            is_fresh=is_fresh,
            caching=REVALIDATE,
        )

    def _pinned(
        self,
        request: Request,
        *,
        character_id: str,
        query: PromptQuery,
        snapshot: Snapshot,
    ) -> HttpResponse:
        if query.label is not None:
            raise Problem(
                problems.LABEL_AND_VERSION,
                detail="Leave out label or version; they may contradict each other.",
                errors=[
                    FieldError("/label", "invalid", "Given beside version."),
                    FieldError("/version", "invalid", "Given beside label."),
                ],
            )
        number = query.version or 0
        prompts = pinned(character_id, number=number)
        if not prompts:
            raise _no_version(character_id, number=number)
        served = serving.prompt_of(
            prompts, context=query.context, blending=snapshot.blending
        )
        return answer(
            request,
            etag=served.etag,
            body=served.body,
            is_fresh=True,
            # Settings decide what a kind of conversation gets; only the plain
            # prompt of a version stays for ever.
            caching=REVALIDATE if query.context else _FOR_EVER,
        )


def _no_version(character_id: str, *, number: int) -> Problem:
    versions = CharacterVersion.objects.filter(
        character__character_id=character_id, character__archived_at=None
    )
    newest = versions.order_by("-number").values_list("number", flat=True).first()
    if newest is None:
        return serving.unknown_character(character_id)
    return Problem(
        problems.UNKNOWN_VERSION,
        detail=f"{character_id} has no version {number}; the newest is {newest}.",
    )
