"""What characters feel for each other."""

from django.apps import AppConfig


class RelationshipsConfig(AppConfig):
    name = "relationships"

    def ready(self) -> None:
        """Register what the lower layers ask for by name."""
        # Imported here, because models are not loaded when this module is.
        from relationships import registration  # noqa: PLC0415

        registration.register()
