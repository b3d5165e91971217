"""What characters feel for each other: everybody, two, and setting it by hand."""

import hashlib
import re
from datetime import datetime
from typing import Any, Final

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from core.access import Needs
from core.api.pagination import paginate
from core.api.parameters import PageQuery, Query, read_body, read_query
from core.api.problems import invalid
from core.api.schema import describe
from core.live.changes import current_head
from core.live.reading import EPOCH
from core.models import User
from core.problems import FieldError, Problem
from core.roles import Action, Scope
from personas.api.answering import REVALIDATE, answer, is_known
from personas.api.queries import as_text
from personas.catalog import catalog
from relationships import policy
from relationships.api import bodies, problems
from relationships.api.queries import (
    AdjustBody,
    RelationshipQuery,
    RelationshipsQuery,
    ResetBody,
)
from relationships.api.schema import RELATIONSHIP, RELATIONSHIPS
from relationships.domain.amounts import milli_of
from relationships.domain.feelings import Rules
from relationships.services import adjusting, reading
from relationships.services.adjusting import ChangedMeanwhile, Refused
from relationships.services.announcing import STREAM
from relationships.services.reading import (
    Both,
    Known,
    SameCharacter,
    UnknownCharacter,
)

READ: Final = Needs(action=Action.SEE, scope=Scope.RELATIONSHIP_READ)
WRITE: Final = Needs(action=Action.ADJUST, scope=None)

_TAG: Final = re.compile(r'(?:W/)?"([0-9]{1,19}-[0-9]{1,19})"')


class RelationshipsView(APIView):
    """Everybody at one moment."""

    access = {"GET": READ}

    @describe(
        name="relationships",
        summary="What everybody feels for everybody",
        query=RelationshipsQuery,
        answers={200: RELATIONSHIPS, 304: "The caller has these very bytes."},
        problems=["bad_parameter"],
        tag="relationships",
    )
    def get(self, request: Request) -> HttpResponse:
        """Each direction in which anything ever happened, decayed to `as_of`: the
        present, floored to the minute, or the moment asked for. The past is as the
        ledger has it; older days than are kept in full answer as they ended."""
        query = read_query(request, RelationshipsQuery)
        now = timezone.now()
        _check_past(query.at, now=now)
        moment = now.replace(second=0, microsecond=0) if query.at is None else query.at
        # The number first: what commits meanwhile then comes as a change, again.
        seq = current_head(STREAM)
        rules = policy.known_rules()
        etag = _etag(request, query=query, seq=seq, moment=moment, rules=rules)
        body = None
        if not is_known(request, etag=etag):
            body = _bodies.get(etag) or _body(
                request, query=query, seq=seq, moment=moment, rules=rules
            )
            _keep(etag, body)
        return answer(request, etag=etag, body=body, is_fresh=True, caching=REVALIDATE)


_bodies: dict[str, bytes] = {}
"""The answers made last, by their tags: everybody looks at the same minute."""
_KEPT: Final = 4
"""Each may have ten megabytes."""


def _keep(etag: str, body: bytes) -> None:
    global _bodies  # noqa: PLW0603 - one per process, replaced as a whole
    others = [(tag, each) for tag, each in _bodies.items() if tag != etag]
    _bodies = {**dict(others[1 - _KEPT :]), etag: body}


def _check_past(at: datetime | None, *, now: datetime) -> None:
    """Raises Problem (400) for moments that have not come yet."""
    if at is None or at <= now:
        return
    detail = f"Give a moment that has passed; it is {as_text(now)} here."
    raise invalid([FieldError("/at", "out_of_range", detail)], general="bad_parameter")


def _etag(
    request: Request,
    *,
    query: RelationshipsQuery,
    seq: int,
    moment: datetime,
    rules: Rules,
) -> str:
    """Stands for all that decides about the bytes of the answer."""
    snapshot, _ = catalog.read()
    parts = (
        # Numbers of a database that was restored count anew.
        current_head(EPOCH),
        seq,
        snapshot.seq,
        moment.isoformat(),
        query.at is not None,
        query.least,
        rules,
        settings.PUBLIC_URL or request.build_absolute_uri("/"),
    )
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _body(
    request: Request,
    *,
    query: RelationshipsQuery,
    seq: int,
    moment: datetime,
    rules: Rules,
) -> bytes:
    known = reading.characters()
    found = reading.all_felt(
        known=known,
        moment=moment,
        rules=rules,
        is_past=query.at is not None,
        least=milli_of(query.least),
    )
    return orjson.dumps(
        {
            "as_of": as_text(moment),
            "seq": seq,
            "characters": [
                _listed(each, request=request)
                for each in reading.shown(known, directions=found)
            ],
            "pairs": [bodies.pair_of(felt) for felt in found],
        }
    )


def _listed(known: Known, *, request: Request) -> dict[str, Any]:
    return {
        "character_id": known.character_id,
        "display_name": known.display_name,
        "avatar_url": _avatar_url(known.avatar, request=request),
        "active": known.is_active,
    }


def _avatar_url(avatar: str, *, request: Request) -> str | None:
    """A full address, because bots hand it on to chat platforms."""
    if not avatar:
        return None
    path = reverse("personas:picture", args=[avatar])
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    return str(request.build_absolute_uri(path))


class RelationshipView(APIView):
    """Two characters."""

    access = {"GET": READ, "PUT": WRITE}

    @describe(
        name="relationship",
        summary="What two feel for each other",
        query=RelationshipQuery,
        answers={200: RELATIONSHIP},
        problems=["bad_cursor", problems.UNKNOWN_CHARACTER, problems.SAME_CHARACTER],
        tag="relationships",
    )
    def get(self, request: Request, source: str, target: str) -> HttpResponse:
        """What `source` feels for `target`, the other direction as `reverse`, and a
        page of the history of the first. The `ETag` changes with every row of
        either; send it as `If-Match` to change what you have seen."""
        query = read_query(request, RelationshipQuery)
        return _pair(source, target, query=query)

    @describe(
        name="relationship_set",
        summary="Set a feeling by hand",
        body=AdjustBody,
        answers={200: RELATIONSHIP},
        problems=[
            problems.UNKNOWN_CHARACTER,
            problems.SAME_CHARACTER,
            "if_match_required",
            "stale",
        ],
        tag="relationships",
    )
    def put(self, request: Request, source: str, target: str) -> HttpResponse:
        """Give `affinity`, `resting`, or both, with the reason. Needs the `ETag` of
        the pair as `If-Match`; if anything happened between the two since then,
        nothing is written, and the answer holds what is there, as `current`."""
        read_query(request, Query)
        based_on = _based_on(request)
        body = read_body(request, AdjustBody)
        try:
            adjusting.set_value(
                source=source,
                target=target,
                affinity=None if body.affinity is None else milli_of(body.affinity),
                resting=None if body.resting is None else milli_of(body.resting),
                reason=body.reason,
                actor=_person(request),
                now=timezone.now(),
                based_on=based_on,
            )
        except UnknownCharacter as error:
            raise problems.unknown(error) from error
        except SameCharacter as error:
            raise problems.same(error) from error
        except Refused as error:
            raise invalid([FieldError("", "invalid", str(error))]) from error
        except ChangedMeanwhile as error:
            raise _stale(source, target, error=error) from error
        return _pair(source, target, query=PageQuery())


class ResetView(APIView):
    """Two characters start anew."""

    access = {"POST": WRITE}

    @describe(
        name="relationship_reset",
        summary="Reset what two feel for each other",
        body=ResetBody,
        answers={200: RELATIONSHIP},
        problems=[problems.UNKNOWN_CHARACTER, problems.SAME_CHARACTER, "stale"],
        tag="relationships",
    )
    def post(self, request: Request, source: str, target: str) -> HttpResponse:
        """Both directions and the tension are 0 from now on; resting values and
        trigger topics stay. `If-Match` is obeyed, but not needed."""
        read_query(request, Query)
        has_tag = "If-Match" in request.headers
        based_on = _based_on(request) if has_tag else None
        body = read_body(request, ResetBody)
        try:
            adjusting.reset(
                source=source,
                target=target,
                reason=body.reason,
                actor=_person(request),
                now=timezone.now(),
                based_on=based_on,
            )
        except UnknownCharacter as error:
            raise problems.unknown(error) from error
        except SameCharacter as error:
            raise problems.same(error) from error
        except ChangedMeanwhile as error:
            raise _stale(source, target, error=error) from error
        return _pair(source, target, query=PageQuery())


def _person(request: Request) -> User:
    """Who writes; bots are refused before."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def _based_on(request: Request) -> str | None:
    """The tag that an edit started from; ``None`` for ``*``, which takes any."""
    header = request.headers.get("If-Match")
    if header is None:
        raise Problem(
            "if_match_required",
            detail="Send the ETag of the pair, as GET gave it, as If-Match.",
        )
    if header.strip() == "*":
        return None
    found = _TAG.fullmatch(header.strip())
    if found is None:
        raise Problem(
            "bad_request", detail='Send one ETag of the pair as If-Match: "3-5".'
        )
    return found[1]


def _stale(source: str, target: str, *, error: ChangedMeanwhile) -> Problem:
    now = timezone.now()
    both = reading.between(source, target, moment=now, rules=policy.known_rules())
    return Problem(
        "stale",
        detail=f"{error} Look at what is there now, then send it again with its ETag.",
        headers={"ETag": f'"{both.tag}"'},
        members={"current": bodies.both_of(both, moment=now)},
    )


def _both(source: str, target: str, *, moment: datetime) -> Both:
    try:
        return reading.between(
            source, target, moment=moment, rules=policy.known_rules()
        )
    except UnknownCharacter as error:
        raise problems.unknown(error) from error
    except SameCharacter as error:
        raise problems.same(error) from error


def _pair(source: str, target: str, *, query: PageQuery) -> HttpResponse:
    now = timezone.now()
    both = _both(source, target, moment=now)
    page = paginate(
        reading.history(both.forth),
        order=("-seq",),
        query=query,
        filters={"source": source, "target": target},
    )
    body = {
        **bodies.both_of(both, moment=now),
        "history": [bodies.row_of(row) for row in page.results],
        "next": page.next,
    }
    response = HttpResponse(orjson.dumps(body), content_type="application/json")
    response["ETag"] = f'"{both.tag}"'
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie"
    return response
