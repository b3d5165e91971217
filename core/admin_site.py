"""Django's admin site, judged by our table of roles.

It stands outside of ``core.admin``: Django imports it to make the site on which
the modules of that package register themselves.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core import navigation
from core.people import role_of

SECTIONS: Final = ("Cast", "People and bots", "Records")
"""Headings of the index, in order; ``SafeAdmin.section`` names one of them."""


class DramatisAdminSite(AdminSite):
    """One sign-in and one table of roles for pages and admin."""

    site_header = "Dramatis"
    site_title = "Dramatis"
    index_title = "All records"
    site_url = None
    enable_nav_sidebar = False

    def register(
        self,
        model_or_iterable: type[models.Model] | Iterable[type[models.Model]],
        admin_class: Any = None,
        **options: Any,
    ) -> None:
        """Take admins that obey the table of roles; pass over all others.

        Packages register stock admins for groups, tokens and second factors;
        these know nothing of our roles, and people have a page of their own.
        """
        # What tells a ``core.admin.SafeAdmin`` from all others.
        if hasattr(admin_class, "actions_needed"):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever has a role may enter; each model then asks for more."""
        return role_of(request.user) is not None

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send to the site's own sign-in, which knows second factors and limits."""
        if request.user.is_authenticated:
            if self.has_permission(request):
                return redirect("admin:index")
            raise PermissionDenied("You have no role yet. Ask an admin for one.")
        after = request.GET.get("next") or reverse("admin:index")
        return redirect(reverse("account_login", query={"next": after}))

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_logout")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        links = navigation.links(request) if self.has_permission(request) else []
        return {**super().each_context(request), "navigation": links}

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """Models by the section that their admin names, instead of by package."""
        if app_label:
            return super().get_app_list(request, app_label)
        rows = [row for app in super().get_app_list(request) for row in app["models"]]
        found: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
        for row in rows:
            model_admin: Any = self.get_model_admin(row["model"])
            found[model_admin.section].append(row)
        return [
            {
                "name": section,
                "app_label": section.lower().replace(" ", "-"),
                "app_url": reverse("admin:index"),
                "has_module_perms": True,
                "models": sorted(models_of, key=lambda row: row["name"]),
            }
            for section, models_of in found.items()
            if models_of
        ]
