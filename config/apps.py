"""The site as a whole: admin site and start-up checks."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class SiteConfig(AppConfig):
    name = "config"


class AdminConfig(DjangoAdminConfig):
    """Django's admin with our site class: one sign-in, one table of roles."""

    default_site = "core.admin_site.DramatisAdminSite"
