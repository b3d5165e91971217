"""The admin of characters and frameworks."""

from personas.admin import characters, frameworks

__all__ = ["characters", "frameworks"]
