"""Milestones and growth."""

from django.apps import AppConfig


class EvolutionConfig(AppConfig):
    name = "evolution"

    def ready(self) -> None:
        """Register what the lower layers ask for by name."""
        # Imported here, because models are not loaded when this module is.
        from evolution import registration  # noqa: PLC0415

        registration.register()
