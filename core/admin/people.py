"""People and keys, to look at; their own pages are where they are changed."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from core.admin.base import SafeAdmin
from core.models import BotKey, Invitation, User
from core.roles import Action
from core.services.people import given_role


@admin.register(User)
class UserAdmin(SafeAdmin):
    section = "People and bots"
    actions_needed = {"view": Action.MANAGE_PEOPLE}
    fields = (
        "username",
        "first_name",
        "last_name",
        "email",
        "role_label",
        "is_active",
        "last_login",
        "date_joined",
    )
    readonly_fields = ("role_label",)
    list_display = ("username", "email", "role_label", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Role")
    def role_label(self, user: User) -> str:
        role = given_role(user)
        return role.label if role else "none"


@admin.register(Invitation)
class InvitationAdmin(SafeAdmin):
    section = "People and bots"
    actions_needed = {"view": Action.MANAGE_PEOPLE}
    exclude = ("digest",)
    list_display = ("role", "note", "created_by", "expires_at", "accepted_by")
    list_filter = ("role",)
    list_select_related = ("created_by", "accepted_by")
    search_fields = ("note", "created_by__username", "accepted_by__username")
    ordering = ("-id",)


@admin.register(BotKey)
class BotKeyAdmin(SafeAdmin):
    section = "People and bots"
    actions_needed = {"view": Action.MANAGE_KEYS}
    exclude = ("digest", "scopes")
    readonly_fields = ("scope_list",)
    list_display = (
        "name",
        "public_id",
        "scope_list",
        "label",
        "is_test",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = ("is_test", "label")
    list_select_related = ("created_by",)
    search_fields = ("name", "public_id")
    ordering = ("name", "id")

    @admin.display(description="Scopes")
    def scope_list(self, key: Any) -> str:
        return ", ".join(key.scopes)
