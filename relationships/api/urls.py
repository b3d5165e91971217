"""Addresses under ``/api/v1/``."""

from django.urls import path

from relationships.api import chances, views

urlpatterns = [
    path("relationships", views.RelationshipsView.as_view(), name="api-relationships"),
    # Before the pairs: a character of this id is met as a target only.
    path(
        "relationships/<str:source>/probabilities",
        chances.ProbabilitiesView.as_view(),
        name="api-relationship-probabilities",
    ),
    path(
        "relationships/<str:source>/<str:target>",
        views.RelationshipView.as_view(),
        name="api-relationship",
    ),
    path(
        "relationships/<str:source>/<str:target>/probability",
        chances.ProbabilityView.as_view(),
        name="api-relationship-probability",
    ),
    path(
        "relationships/<str:source>/<str:target>/reset",
        views.ResetView.as_view(),
        name="api-relationship-reset",
    ),
]
