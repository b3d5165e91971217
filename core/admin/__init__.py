"""The admin: our site class, the base of all admins, and those of this app."""

from core.admin import people, records
from core.admin.base import SafeAdmin, SafeStackedInline, SafeTabularInline

__all__ = [
    "SafeAdmin",
    "SafeStackedInline",
    "SafeTabularInline",
    "people",
    "records",
]
