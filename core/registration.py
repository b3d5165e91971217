"""What this app hands to its own registries."""

from core import needs
from core.views import webhook_needs


def register() -> None:
    """Called once, at start-up."""
    needs.register(webhook_needs.needs, name="webhooks")
