"""People, keys, audit, live changes, webhooks, problems and limits."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register what other modules ask for by name."""
        # Imported here, because models are not loaded when this module is.
        from core import registration  # noqa: PLC0415

        registration.register()
