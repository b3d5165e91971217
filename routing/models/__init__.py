"""What bots reported."""

from routing.models.interactions import Interaction, Void

__all__ = ["Interaction", "Void"]
