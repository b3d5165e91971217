"""Admin classes that ask the table of roles and write to the audit log."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from core import audit, limits
from core.people import may
from core.roles import Action


class SafePermissions:
    """What a person may do with the rows of one admin or inline.

    ``actions_needed`` names the action of the table of roles that each of view,
    add, change and delete asks for. ``None`` or nothing means: never, to nobody.
    """

    actions_needed: ClassVar[Mapping[str, Action | None]] = {"view": Action.SEE}

    def _may(self, request: HttpRequest, *, what: str) -> bool:
        action = self.actions_needed.get(what)
        return action is not None and may(request.user, action=action)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, what="view") or self._may(request, what="change")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, what="add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, what="change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, what="delete")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class SafeTabularInline(SafePermissions, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a related model in a table."""

    extra = 0


class SafeStackedInline(SafePermissions, admin.StackedInline):  # type: ignore[type-arg]
    """Rows of a related model, one form each."""

    extra = 0


class SafeAdmin(SafePermissions, admin.ModelAdmin):  # type: ignore[type-arg]
    """The base of every admin; read-only unless ``actions_needed`` says more.

    What it saves goes into the audit log with before and after, inlines
    included. A subclass that saves through a service, which audits by itself,
    overrides ``save_model`` without calling this one.
    """

    section = "Records"
    """The heading of the admin's index that the model stands under."""

    list_per_page = limits.PAGE_SIZE
    show_full_result_count = False

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: Any, change: bool
    ) -> None:
        before = _stored([obj]).get(obj.pk) if change else None
        super().save_model(request, obj, form, change)
        self._audit(request, obj=obj, before=before, after=_values(obj))

    def save_formset(
        self,
        request: HttpRequest,
        form: Any,
        formset: Any,
        change: bool,
    ) -> None:
        stored = _stored([each.instance for each in formset.initial_forms])
        # A deleted row loses its key by being deleted.
        doomed = {id(each.instance): each.instance.pk for each in formset.deleted_forms}
        super().save_formset(request, form, formset, change)
        for obj in formset.new_objects:
            self._audit(request, obj=obj, before=None, after=_values(obj))
        for obj, _ in formset.changed_objects:
            self._audit(request, obj=obj, before=stored[obj.pk], after=_values(obj))
        for obj in formset.deleted_objects:
            obj.pk = doomed[id(obj)]
            self._audit(request, obj=obj, before=stored[obj.pk], after=None)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        pk, before = obj.pk, _values(obj)
        super().delete_model(request, obj)
        obj.pk = pk
        self._audit(request, obj=obj, before=before, after=None)

    def delete_queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def log_addition(self, *args: Any) -> None:  # type: ignore[override]
        """Nothing: the audit log takes the place of the admin's own."""

    def log_change(self, *args: Any) -> None:  # type: ignore[override]
        """Nothing, as ``log_addition``."""

    def log_deletions(self, *args: Any) -> None:  # type: ignore[override]
        """Nothing, as ``log_addition``."""

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The audit log of one row."""
        if not may(request.user, action=Action.READ_AUDIT):
            raise PermissionDenied("Only admins read the audit log.")
        what = {"type": self.opts.label_lower, "id": object_id}
        return redirect(reverse("core:audit-list", query=what))

    def _audit(
        self,
        request: HttpRequest,
        *,
        obj: models.Model,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        act = "created" if before is None else "deleted" if after is None else "edited"
        audit.record(
            actor=request.user,  # type: ignore[arg-type]
            action=f"{obj._meta.model_name}.{act}",  # noqa: SLF001
            obj=obj,
            before=before,
            after=after,
            now=timezone.now(),
        )


def _values(obj: models.Model) -> dict[str, Any]:
    """The columns of a row, as JSON can hold them."""
    return {
        field.name: str(value) if isinstance(field, models.FileField) else value
        for field in obj._meta.concrete_fields  # noqa: SLF001
        for value in [field.value_from_object(obj)]
    }


def _stored(objects: list[models.Model]) -> dict[Any, dict[str, Any]]:
    """Key → columns as the database has them; ``objects`` are of one model."""
    if not objects:
        return {}
    manager = type(objects[0])._default_manager  # noqa: SLF001
    rows = manager.in_bulk([obj.pk for obj in objects])
    return {pk: _values(row) for pk, row in rows.items()}
