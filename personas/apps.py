"""Characters, frameworks, compiling, versions and labels."""

from django.apps import AppConfig


class PersonasConfig(AppConfig):
    name = "personas"

    def ready(self) -> None:
        """Register what the lower layer asks for by name."""
        # Imported here, because models are not loaded when this module is.
        from personas import registration  # noqa: PLC0415

        registration.register()
