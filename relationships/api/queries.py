"""Query parameters and bodies of this app's calls."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from core import limits
from core.api.parameters import Body, PageQuery, Query
from core.moments import Moment
from relationships.domain.amounts import Amount

MOST_TARGETS: Final = 200
SEED_BITS: Final = 53
"""So that the seeds made here come through any reader of JSON."""


Seed = Annotated[
    int,
    Field(
        ge=-(2**63),
        lt=2**63,
        description="For what is left to chance; drawn, and told, unless given.",
    ),
]


class RelationshipsQuery(Query):
    """``GET relationships``."""

    at: Moment | None = Field(
        None, description="As it was at that moment, RFC 3339; now unless given."
    )
    least: float = Field(
        0,
        alias="min",
        ge=0,
        le=10,
        allow_inf_nan=False,
        description="Only feelings at least so far from 0, either way.",
    )


class RelationshipQuery(PageQuery):
    """``GET relationships/{source}/{target}``: pages of its history."""


class ProbabilityQuery(Query):
    """``GET relationships/{source}/{target}/probability``."""

    seed: Seed | None = None


class ProbabilitiesQuery(Query):
    """``GET relationships/{source}/probabilities``."""

    target: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=1,
        max_length=MOST_TARGETS,
        description="A character that may be answered; as many as you like to know.",
    )
    seed: Seed | None = None


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("Say why, for whoever reads the history.")
    return text


Reason = Annotated[
    str,
    Field(
        max_length=limits.NOTE_LENGTH,
        description="Why; it stands in the history and in the audit log.",
    ),
    AfterValidator(_said),
]
Points = Annotated[Amount, Field(ge=-10, le=10, allow_inf_nan=False)]


class AdjustBody(Body):
    """``PUT relationships/{source}/{target}``."""

    affinity: Points | None = Field(None, description="What is felt from now on.")
    resting: Points | None = Field(None, description="What it fades towards.")
    reason: Reason


class ResetBody(Body):
    """``POST relationships/{source}/{target}/reset``."""

    reason: Reason
