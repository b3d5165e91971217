"""Addresses at the root, for those who run the installation."""

from django.urls import path

from core.api.views import MetricsView, livez, readyz

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
]
