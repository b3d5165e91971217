"""How far characters have come, and what that changed."""

from evolution.models.crossings import Crossing
from evolution.models.progress import Progress, ProgressDay

__all__ = ["Crossing", "Progress", "ProgressDay"]
