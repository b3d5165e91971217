"""Who answers a message, and what an interaction sets off."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "routing"

    def ready(self) -> None:
        """Register what the lower layers ask for by name."""
        # Imported here, because models are not loaded when this module is.
        from routing import registration  # noqa: PLC0415

        registration.register()
