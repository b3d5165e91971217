"""Keeping a bot's cache: everything in one call, then only what changed."""

import hashlib
from typing import Any, Final

import orjson
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.parameters import read_query
from core.api.schema import describe
from core.live.changes import Change, Gone, read_since
from core.problems import FieldError, Problem
from personas.api import problems
from personas.api.answering import READ, REVALIDATE, answer, check_label, label_of
from personas.api.queries import BundleQuery, ChangesQuery
from personas.api.schema import BUNDLE, CHANGES
from personas.catalog import (
    Blending,
    Entry,
    Served,
    Snapshot,
    catalog,
    is_of_blending,
    is_of_character,
    is_of_quiet,
)
from personas.domain.contexts import ConversationContext
from personas.services.announcing import NAMES, STREAM, SWITCH

_CHANGES_AT_ONCE: Final = 1_000


class BundleView(APIView):
    """Every prompt with a label, to warm a bot's cache in one call."""

    access = {"GET": READ}

    @describe(
        name="bundle",
        summary="Every prompt with a label",
        query=BundleQuery,
        answers={200: BUNDLE, 304: "The caller has these very bytes."},
        problems=[problems.NOT_LABELLED],
        tag="prompts",
    )
    def get(self, request: Request) -> HttpResponse:
        """Join the ready bodies; 304 if none of them changed."""
        query = read_query(request, BundleQuery)
        label = label_of(request, asked=query.label)
        snapshot, is_fresh = catalog.read()
        check_label(label, snapshot=snapshot)
        entries = snapshot.labelled(label)
        now = timezone.now()
        roster = orjson.dumps([_in_roster(entry) for entry in entries])
        contexts = orjson.dumps([_in_table(c) for c in snapshot.blending.contexts])
        served = [
            each.while_quiet(snapshot.quiets.quiet(entry.character_id, now=now))
            for entry in entries
            for each in _bundled(entry, blending=snapshot.blending)
        ]
        seal = hashlib.sha256(roster + "".join(s.etag for s in served).encode())
        seal.update(label.encode() + contexts)
        body = b"".join(
            (
                b'{"label":',
                orjson.dumps(label),
                b',"prompts":[',
                b",".join(s.body for s in served),
                b'],"roster":',
                roster,
                b',"contexts":',
                contexts,
                b"}",
            )
        )
        return answer(
            request,
            etag=f'"{seal.hexdigest()[:32]}"',
            body=body,
            is_fresh=is_fresh,
            caching=REVALIDATE,
        )


def _in_roster(entry: Entry) -> dict[str, Any]:
    return {
        "character_id": entry.character_id,
        "persona_id": entry.persona_id,
        "version": entry.version,
        "active": entry.is_active,
        **entry.routing,
    }


def _bundled(entry: Entry, *, blending: Blending) -> list[Served]:
    """The plain prompt, then those of the kinds that are blended, by name."""
    if not blending.is_enabled:
        return [entry.prompts[""]]
    return [served for _, served in sorted(entry.prompts.items())]


def _in_table(row: ConversationContext) -> dict[str, Any]:
    return {"context": row.context, "title": row.name, "aliases": row.aliases}


class ChangesView(APIView):
    """Who changed since a cursor, so that a bot fetches only those."""

    access = {"GET": READ}

    @describe(
        name="changes",
        summary="What changed since a cursor",
        query=ChangesQuery,
        answers={200: CHANGES},
        problems=["bad_parameter", problems.CURSOR_EXPIRED],
        tag="prompts",
    )
    def get(self, request: Request) -> HttpResponse:
        """Characters to be fetched anew, and a cursor.

        Their prompt, active flag or label changed, they were quieted or may speak
        again, or settings now have another of their prompts served; the last two
        leave `content_hash` as it was.
        """
        query = read_query(request, ChangesQuery)
        snapshot, _ = catalog.read()
        now = timezone.now()
        label = label_of(request, asked=None)
        if query.since is None:
            ids, cursor = (
                [e.character_id for e in snapshot.labelled(label)],
                snapshot.seq,
            )
        else:
            ids, cursor = _changed_since(query.since, snapshot=snapshot, label=label)
        body = {
            "changed": [
                {
                    "character_id": character_id,
                    "content_hash": entry.content_hash if entry else None,
                    "quiet": quiet.told() if quiet and entry else None,
                }
                for character_id in ids
                for entry in [snapshot.entry(character_id, label=label)]
                for quiet in [snapshot.quiets.quiet(character_id, now=now)]
            ],
            "cursor": str(cursor),
        }
        return HttpResponse(orjson.dumps(body), content_type="application/json")


def _changed_since(
    since: str, *, snapshot: Snapshot, label: str
) -> tuple[list[str], int]:
    """Ids of those that changed, and where to go on.

    Changes after the snapshot come with the next call, lest a bot is told of a
    change together with the content before it.
    """
    if not (since.isascii() and since.isdecimal() and len(since) < 19):
        raise Problem(
            "bad_parameter",
            detail="Give since as you got it in cursor, or leave it out.",
            errors=[FieldError("/since", "bad_format", "This is no cursor of ours.")],
        )
    try:
        page = read_since(stream=STREAM, since=int(since), limit=_CHANGES_AT_ONCE)
    except Gone as error:
        raise Problem(
            problems.CURSOR_EXPIRED,
            detail="Fetch everything again (GET bundle), then follow from the cursor"
            " of GET changes without since.",
        ) from error
    changes = [change for change in page.changes if change.seq <= snapshot.seq]
    ids: dict[str, None] = {}
    for change in changes:
        if is_of_character(change):
            ids[change.op["character_id"]] = None
        elif is_of_blending(change):
            what = change.op["what"]
            ids |= {
                entry.character_id: None
                for entry in snapshot.labelled(label)
                if _is_touched(entry, by=what)
            }
        elif is_of_quiet(change):
            ids |= dict.fromkeys(_quieted(change, snapshot=snapshot, label=label))
    return list(ids), changes[-1].seq if changes else int(since)


def _is_touched(entry: Entry, *, by: str) -> bool:
    """Whether a change of the blending settings changes what bots get of it."""
    return by == NAMES or (by == SWITCH and len(entry.prompts) > 1)


def _quieted(change: Change, *, snapshot: Snapshot, label: str) -> list[str]:
    """Whom the change quiets or lets speak, of those with the label."""
    found = snapshot.labelled(label)
    named = change.op["character_id"]
    return [e.character_id for e in found if named in {None, e.character_id}]
