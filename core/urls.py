"""Addresses of this app."""

from django.urls import path

from core.views import (
    audit,
    invitations,
    keys,
    people,
    settings,
    webhook_acts,
    webhooks,
)

app_name = "core"

urlpatterns = [
    path("people/", people.person_list, name="person-list"),
    path("people/roles/", people.role_table, name="role-table"),
    path("people/<int:pk>/", people.person_detail, name="person-detail"),
    path("people/<int:pk>/role/", people.person_role, name="person-role"),
    path("people/<int:pk>/close/", people.person_close, name="person-close"),
    path("people/<int:pk>/reopen/", people.person_reopen, name="person-reopen"),
    path(
        "people/<int:pk>/second-factor/",
        people.person_second_factor,
        name="person-second-factor",
    ),
    path("invitations/", invitations.invitation_list, name="invitation-list"),
    path(
        "invitations/<int:pk>/made/",
        invitations.invitation_made,
        name="invitation-made",
    ),
    path(
        "invitations/<int:pk>/revoke/",
        invitations.invitation_revoke,
        name="invitation-revoke",
    ),
    path("join/<str:token>/", invitations.invitation_open, name="invitation-open"),
    path("keys/", keys.key_list, name="key-list"),
    path("keys/new/", keys.key_create, name="key-create"),
    path("keys/<int:pk>/made/", keys.key_made, name="key-made"),
    path("keys/<int:pk>/revoke/", keys.key_revoke, name="key-revoke"),
    path("keys/<int:pk>/rotate/", keys.key_rotate, name="key-rotate"),
    path("webhooks/", webhooks.webhook_list, name="webhook-list"),
    path("webhooks/new/", webhooks.webhook_create, name="webhook-create"),
    path("webhooks/<int:pk>/", webhooks.webhook_detail, name="webhook-detail"),
    path("webhooks/<int:pk>/made/", webhooks.webhook_made, name="webhook-made"),
    path("webhooks/<int:pk>/edit/", webhooks.webhook_edit, name="webhook-edit"),
    path(
        "webhooks/<int:pk>/deliveries/",
        webhooks.webhook_deliveries,
        name="webhook-deliveries",
    ),
    path(
        "webhooks/<int:pk>/deliveries/<int:delivery_pk>/",
        webhooks.webhook_delivery,
        name="webhook-delivery",
    ),
    path(
        "webhooks/<int:pk>/deliveries/<int:delivery_pk>/resend/",
        webhook_acts.webhook_resend,
        name="webhook-resend",
    ),
    path("webhooks/<int:pk>/test/", webhook_acts.webhook_test, name="webhook-test"),
    path("webhooks/<int:pk>/pause/", webhook_acts.webhook_pause, name="webhook-pause"),
    path(
        "webhooks/<int:pk>/resume/", webhook_acts.webhook_resume, name="webhook-resume"
    ),
    path(
        "webhooks/<int:pk>/rotate/", webhook_acts.webhook_rotate, name="webhook-rotate"
    ),
    path(
        "webhooks/<int:pk>/delete/",
        webhook_acts.webhook_archive,
        name="webhook-archive",
    ),
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export/", audit.audit_export, name="audit-export"),
    path("audit/<int:pk>/", audit.audit_detail, name="audit-detail"),
    path("settings/", settings.setting_list, name="setting-list"),
    path("settings/<str:name>/", settings.setting_detail, name="setting-detail"),
    path("settings/<str:name>/reset/", settings.setting_reset, name="setting-reset"),
]
