"""What the database keeps about changes, to look at."""

from django.contrib import admin

from core import policy
from core.admin.base import SafeAdmin
from core.audit_titles import title_of
from core.models import AuditEntry, LiveChange, LiveStream, PolicySetting
from core.roles import Action


@admin.register(AuditEntry)
class AuditEntryAdmin(SafeAdmin):
    actions_needed = {"view": Action.READ_AUDIT}
    list_display = ("at", "actor_name", "role", "did", "object_name", "ip_address")
    list_filter = ("role", "object_type")
    search_fields = ("actor_name", "action", "object_name", "object_id", "note")
    ordering = ("-id",)

    @admin.display(description="Did what", ordering="action")
    def did(self, obj: AuditEntry) -> str:
        return title_of(obj.action)


@admin.register(PolicySetting)
class PolicySettingAdmin(SafeAdmin):
    list_display = ("title", "value", "effective_at", "author")
    list_select_related = ("author",)
    search_fields = ("name",)
    ordering = ("-id",)

    @admin.display(description="Setting", ordering="name")
    def title(self, obj: PolicySetting) -> str:
        """Its words; its name, if no app knows it any more."""
        try:
            return policy.spec_of(obj.name).title
        except policy.UnknownSetting:
            return obj.name


@admin.register(LiveStream)
class LiveStreamAdmin(SafeAdmin):
    actions_needed = {"view": Action.OPERATE}
    list_display = ("name", "head", "floor")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(LiveChange)
class LiveChangeAdmin(SafeAdmin):
    actions_needed = {"view": Action.OPERATE}
    list_display = ("stream", "seq", "key", "created_at")
    list_filter = ("stream",)
    search_fields = ("key",)
    ordering = ("-id",)
