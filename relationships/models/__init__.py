"""What characters feel for each other, and the ledger that led there."""

from relationships.models.feelings import Affinity, Pair
from relationships.models.ledger import LedgerRow
from relationships.models.places import GraphPlace

__all__ = ["Affinity", "GraphPlace", "LedgerRow", "Pair"]
