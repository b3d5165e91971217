"""All feelings at once, as small as can be, for the graph, matrix and live table.

The page's script knows the same rules: it lets values fade by itself and filters.
"""

import gzip
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from django.db.models import BigIntegerField, Func
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from core.access import allows, answers_problems
from core.live.changes import current_head
from core.problems import FieldError, Problem
from core.roles import Action
from personas.services.announcing import STREAM as CAST
from relationships import policy
from relationships.models import Affinity
from relationships.services import placing
from relationships.services.announcing import STREAM
from relationships.services.reading import rows_at
from relationships.views.filters import Filters
from relationships.views.shown import Who, characters

MOST: Final = 60_000
"""Directions that a browser is given; beyond, the strongest."""
_LARGE: Final = 2_000
"""Bytes below which packing is not worth its time."""
_FAST: Final = 1  # Ten times as fast as the best, and a fifth larger.

Row = tuple[int, int, int, int | None, int, int, int, int, int | None]
"""Source, target, stored, updated at, resting, seq, events, tension, tension at.

Times are milliseconds since 1970.
"""


class Milliseconds(Func):
    """A time as whole milliseconds since 1970, without making an object of it."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = (
            "CAST(ROUND((julianday(%(expressions)s) - 2440587.5) * 86400000)"
            " AS INTEGER)"
        )
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(ROUND(EXTRACT(EPOCH FROM %(expressions)s) * 1000) AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, **context)


@allows(GET=Action.SEE)
@answers_problems
def snapshot(request: HttpRequest) -> HttpResponse:
    """Characters and directions, now or at ``?at=``; ``seq`` is read first."""
    now = timezone.now()
    filters, problems = Filters.parse(request.GET, now=now)
    if "at" in problems:
        error = FieldError("/at", "bad_format", problems["at"])
        raise Problem("bad_parameter", detail=problems["at"], errors=[error])
    seq, cast_seq = current_head(STREAM), current_head(CAST)
    who = characters()
    # Straight from the database: whoever was told of new rules reads this at once.
    rules = policy.rules()
    rows = _now(who) if filters.at is None else _then(who, at=filters.at)
    total = len(rows)
    if total > MOST:
        rows = sorted(rows, key=lambda row: -abs(row[2]))[:MOST]
    body = {
        "seq": seq,
        "cast_seq": cast_seq,
        "now": _milliseconds(now),
        "at": _milliseconds(filters.at),
        "rates": [[_milliseconds(at), float(rate)] for at, rate in rules.rates],
        "bands": [[band.title, band.at_milli] for band in rules.bands],
        # Rows of the past know by themselves whether there was tension.
        "tension": rules.conflicts_enabled or filters.at is not None,
        "characters": _characters(who),
        "directions": _flat(rows, who=who, now=now),
        "total": total,
    }
    return _packed(request, orjson.dumps(body))


def _packed(request: HttpRequest, body: bytes) -> HttpResponse:
    """Large ones are packed; nothing in them is secret from whoever may read them."""
    is_packed = len(body) > _LARGE and "gzip" in request.headers.get(
        "Accept-Encoding", ""
    )
    content = gzip.compress(body, compresslevel=_FAST) if is_packed else body
    response = HttpResponse(content, content_type="application/json")
    response["Cache-Control"] = "no-store"
    if is_packed:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _now(who: dict[int, Who]) -> list[Row]:
    """As stored: the script decays, so that a full matrix costs little here."""
    rows = Affinity.objects.filter(seq__gt=0).values_list(
        "source_id",
        "target_id",
        "stored",
        Milliseconds("updated_at"),
        "resting",
        "seq",
        "events",
        "pair__tension",
        Milliseconds("pair__tension_at"),
    )
    return [row for row in rows if row[0] in who and row[1] in who]


def _then(who: dict[int, Who], *, at: datetime) -> list[Row]:
    return [
        (
            source,
            target,
            row.stored,
            _milliseconds(row.updated_at),
            row.resting,
            row.seq,
            row.events,
            row.tension,
            _milliseconds(row.tension_at),
        )
        for source, target, row in rows_at(at)
        if source in who and target in who
    ]


def _characters(who: dict[int, Who]) -> list[dict[str, Any]]:
    places = placing.places()
    return [
        {
            "id": each.character_id,
            "name": each.name,
            "picture": each.face.url,
            "initials": each.face.initials,
            "hue": each.face.hue,
            "tags": each.tags,
            "place": places.get(pk),
        }
        for pk, each in who.items()
    ]


def _flat(
    rows: Sequence[Row], *, who: Iterable[int], now: datetime
) -> list[int | None]:
    """Nine numbers a direction, in the order that ``relations-store.js`` reads.

    Characters are told by their place in the list, times as milliseconds ago.
    """
    place = {pk: index for index, pk in enumerate(who)}
    now_at = round(now.timestamp() * 1_000)
    flat: list[int | None] = []
    for source, target, stored, at, resting, seq, events, tension, since in rows:
        flat += (
            place[source],
            place[target],
            stored,
            None if at is None else now_at - at,
            resting,
            seq,
            events,
            tension,
            None if since is None else now_at - since,
        )
    return flat


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1_000)
