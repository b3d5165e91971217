"""Addresses under ``/api/v1/``."""

from django.urls import path

from evolution.api import views

urlpatterns = [
    path(
        "personas/<str:character_id>/evolution",
        views.EvolutionView.as_view(),
        name="api-evolution",
    ),
    path(
        "evolution/<str:stage_id>/approve",
        views.ApproveView.as_view(),
        name="api-stage-approve",
    ),
    path(
        "evolution/<str:stage_id>/postpone",
        views.PostponeView.as_view(),
        name="api-stage-postpone",
    ),
    path(
        "evolution/<str:stage_id>/reject",
        views.RejectView.as_view(),
        name="api-stage-reject",
    ),
    path(
        "evolution/<str:stage_id>/revert",
        views.RevertView.as_view(),
        name="api-stage-revert",
    ),
]
