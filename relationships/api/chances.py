"""The chance that one character answers another."""

import secrets
from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.parameters import read_query
from core.api.schema import describe
from relationships import policy
from relationships.api import bodies, problems
from relationships.api.queries import SEED_BITS, ProbabilitiesQuery, ProbabilityQuery
from relationships.api.schema import PROBABILITIES, PROBABILITY
from relationships.api.views import READ
from relationships.services import reading
from relationships.services.reading import SameCharacter, UnknownCharacter


class ProbabilityView(APIView):
    """The chance that one answers another."""

    access = {"GET": READ}

    @describe(
        name="relationship_probability",
        summary="The chance that one answers another",
        query=ProbabilityQuery,
        answers={200: PROBABILITY},
        problems=[problems.UNKNOWN_CHARACTER, problems.SAME_CHARACTER],
        tag="relationships",
    )
    def get(self, request: Request, source: str, target: str) -> HttpResponse:
        """The chance that `source` answers what `target` said: base × history ×
        compatibility × calm × random, within 0 to 1. The same seed gives the same
        chance, as long as nothing else changed."""
        query = read_query(request, ProbabilityQuery)
        (found,) = _chances(source, targets=[target], seed=query.seed)
        return _answer(found)


class ProbabilitiesView(APIView):
    """The chance for several at once."""

    access = {"GET": READ}

    @describe(
        name="relationship_probabilities",
        summary="The chance that one answers each of several",
        query=ProbabilitiesQuery,
        answers={200: PROBABILITIES},
        problems=[problems.UNKNOWN_CHARACTER, problems.SAME_CHARACTER],
        tag="relationships",
    )
    def get(self, request: Request, source: str) -> HttpResponse:
        """As asking for each by itself, in one call; in the order asked. A seed that
        is given is the one of each."""
        query = read_query(request, ProbabilitiesQuery)
        found = _chances(source, targets=query.target, seed=query.seed)
        return _answer({"results": found})


def _chances(
    source: str, *, targets: Sequence[str], seed: int | None
) -> list[dict[str, Any]]:
    seeds = {
        target: secrets.randbits(SEED_BITS) if seed is None else seed
        for target in targets
    }
    try:
        found = reading.chances(
            source, seeds=seeds, now=timezone.now(), rules=policy.known_rules()
        )
    except UnknownCharacter as error:
        raise problems.unknown(error) from error
    except SameCharacter as error:
        raise problems.same(error) from error
    return [bodies.odds_of(target, odds) for target, odds in found.items()]


def _answer(body: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(orjson.dumps(body), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
