"""Filters of the lists, as Django's admin asks for them."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest

from personas.models import Character, Framework
from personas.views import filtering
from personas.views.filtering import ALL, NO, YES


class ArchivedFilter(SimpleListFilter):
    """Shows what is in use unless told otherwise."""

    title = "archived"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(YES, "Archived"), (ALL, "All")]

    def choices(self, changelist: Any) -> Any:
        """“In use” takes the place of “All” as what is shown first."""
        for choice in super().choices(changelist):
            is_first = choice["query_string"] == changelist.get_query_string(
                remove=[self.parameter_name]
            )
            yield {**choice, "display": "In use"} if is_first else choice

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return filtering.by_archived(queryset, self.value())


class ChangesFilter(SimpleListFilter):
    """Whether the draft differs from what is live."""

    title = "unpublished changes"
    parameter_name = "changes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(YES, "Has some"), (NO, "As it is live")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return filtering.by_changes(queryset, self.value())


class TagFilter(SimpleListFilter):
    """One tag of characters."""

    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tags = Character.objects.exclude(tags=[]).values_list("tags", flat=True)
        return [(tag, tag) for tag in sorted({tag for row in tags for tag in row})]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return filtering.by_tag(queryset, self.value())


class FrameworkFilter(SimpleListFilter):
    """The framework of the draft."""

    title = "framework"
    parameter_name = "framework"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Framework.objects.active().order_by("name", "framework_id")
        return list(rows.values_list("framework_id", "name"))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return filtering.by_framework(queryset, self.value())


class SwitchFilter(SimpleListFilter):
    """Whether a character is switched on."""

    title = "switched"
    parameter_name = "switched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(YES, "On"), (NO, "Off")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return filtering.by_switch(queryset, self.value())
