"""Addresses of this app."""

from django.urls import path

# Its converters: ids of characters, and numbers that fit any database.
import personas.urls  # noqa: F401
from evolution.views import bulk, character, editor_pane, growth, stages, traits

app_name = "evolution"

urlpatterns = [
    # Not below growth/, where every name may be an id.
    path("growth-traits/", traits.trait_list, name="trait-list"),
    path("growth-traits/new/", traits.trait_create, name="trait-create"),
    path("growth-traits/history/", traits.trait_history, name="trait-history"),
    path("growth-traits/put-back/", traits.trait_put_back, name="trait-put-back"),
    path("growth-traits/<str:trait>/", traits.trait_edit, name="trait-edit"),
    path("growth-traits/<str:trait>/remove/", traits.trait_remove, name="trait-remove"),
    path("growth/", growth.growth_list, name="growth-list"),
    path("growth-stages/decide/", bulk.stage_bulk, name="stage-bulk"),
    path("growth-stages/decided/", bulk.stage_bulk_result, name="stage-bulk-result"),
    path("growth-stages/<number:pk>/", stages.stage_detail, name="stage-detail"),
    path("growth-stages/<number:pk>/state/", stages.stage_state, name="stage-state"),
    path("growth-stages/<number:pk>/act/", stages.stage_act, name="stage-act"),
    path("growth/<id:character_id>/", character.growth_detail, name="growth-detail"),
    path(
        "growth/<id:character_id>/state/", character.growth_state, name="growth-state"
    ),
    path(
        "growth/<id:character_id>/strip/", character.growth_strip, name="growth-strip"
    ),
    path("growth/<id:character_id>/mode/", character.growth_mode, name="growth-mode"),
    path(
        "growth/<id:character_id>/template/",
        character.growth_template,
        name="growth-template",
    ),
    path(
        "growth/<id:character_id>/editor/",
        editor_pane.growth_editor,
        name="growth-editor",
    ),
]
