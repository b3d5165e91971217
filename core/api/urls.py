"""Addresses of this app under /api/v1/; included last, for it takes all others."""

from django.urls import path, re_path

from core.api.views import NoSuchAddress, SchemaView, docs

urlpatterns = [
    path("schema", SchemaView.as_view(), name="api-schema"),
    path("docs", docs, name="api-docs"),
    re_path("", NoSuchAddress.as_view(), name="api-nothing"),
]
