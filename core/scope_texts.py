"""Scopes of bot keys in plain words, for the page and the documentation."""

from collections.abc import Mapping
from typing import Final

from core.roles import Scope

TEXTS: Final[Mapping[Scope, str]] = {
    Scope.PROMPT_READ: "Fetch characters and their prompts",
    Scope.ROUTE_DECIDE: "Ask which character answers a message",
    Scope.INTERACTION_WRITE: "Report what happened in a chat",
    Scope.RELATIONSHIP_READ: "Read what characters feel for each other",
    Scope.CARDS_WRITE: "Import and export character cards",
    Scope.OPS_WRITE: "Quiet characters and channels",
    Scope.METRICS_READ: "Read figures about this server",
}
"""Scope → what a key with it can do."""
