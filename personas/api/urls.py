"""Addresses under ``/api/v1/``."""

from django.urls import path

from personas.api import cards, composing, following, lore, views

urlpatterns = [
    path("personas", views.PersonasView.as_view(), name="api-personas"),
    path(
        "personas/<str:character_id>/prompt",
        views.PromptView.as_view(),
        name="api-prompt",
    ),
    path(
        "personas/<str:character_id>/compose",
        composing.ComposeView.as_view(),
        name="api-compose",
    ),
    path("cards", cards.CardsView.as_view(), name="api-cards"),
    path(
        "cards/<str:import_id>/commit",
        cards.CommitView.as_view(),
        name="api-card-commit",
    ),
    path(
        "personas/<str:character_id>/card",
        cards.CardView.as_view(),
        name="api-card",
    ),
    path("lore/activate", lore.ActivateView.as_view(), name="api-lore-activate"),
    path("bundle", following.BundleView.as_view(), name="api-bundle"),
    path("changes", following.ChangesView.as_view(), name="api-changes"),
]
