"""What bots reported and asked, and what was decided."""

from routing.models.channels import Channel
from routing.models.decisions import Decision, Roster, RoutingTerms
from routing.models.interactions import Interaction, Void
from routing.models.quiets import Quiet

__all__ = [
    "Channel",
    "Decision",
    "Interaction",
    "Quiet",
    "Roster",
    "RoutingTerms",
    "Void",
]
