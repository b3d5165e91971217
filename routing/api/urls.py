"""Addresses under ``/api/v1/``."""

from django.urls import path

from routing.api import interactions

urlpatterns = [
    path(
        "interactions", interactions.InteractionsView.as_view(), name="api-interactions"
    ),
    path(
        "interactions/batch",
        interactions.BatchView.as_view(),
        name="api-interactions-batch",
    ),
]
