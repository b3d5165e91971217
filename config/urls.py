"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.views import styleguide

handler400 = "core.views.errors.handler400"
handler403 = "core.views.errors.handler403"
handler404 = "core.views.errors.handler404"
handler429 = "core.views.errors.handler429"
handler500 = "core.views.errors.handler500"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("core.api.ops_urls")),
    path("", include("personas.urls")),
    path("", include("routing.urls")),
    path("", include("evolution.urls")),
    path("", include("relationships.urls")),
    path("", include("core.urls")),
    path("api/v1/", include("evolution.api.urls")),
    path("api/v1/", include("personas.api.urls")),
    path("api/v1/", include("routing.api.urls")),
    path("api/v1/", include("relationships.api.urls")),
    path("api/v1/", include("core.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
