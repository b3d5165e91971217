"""Addresses under ``/api/v1/``."""

from django.urls import path

# Its converter: ids of channels.
import routing.converters  # noqa: F401
from routing.api import channels, decisions, interactions, quiet, route, simulate

urlpatterns = [
    path(
        "interactions", interactions.InteractionsView.as_view(), name="api-interactions"
    ),
    path(
        "interactions/batch",
        interactions.BatchView.as_view(),
        name="api-interactions-batch",
    ),
    path("route", route.RouteView.as_view(), name="api-route"),
    path(
        "route/simulate",
        simulate.SimulateView.as_view(),
        name="api-route-simulate",
    ),
    path("decisions", decisions.DecisionsView.as_view(), name="api-decisions"),
    path(
        "decisions/<uuid:decision_id>",
        decisions.DecisionView.as_view(),
        name="api-decision",
    ),
    path(
        "decisions/<uuid:decision_id>/outcome",
        decisions.OutcomeView.as_view(),
        name="api-decision-outcome",
    ),
    path(
        "decisions/<uuid:decision_id>/replay",
        decisions.ReplayView.as_view(),
        name="api-decision-replay",
    ),
    path("channels", channels.ChannelsView.as_view(), name="api-channels"),
    path("channels/sync", channels.SyncView.as_view(), name="api-channels-sync"),
    # Ids of chat platforms may hold anything, slashes too.
    path(
        "channels/<channel:channel_id>",
        channels.ChannelView.as_view(),
        name="api-channel",
    ),
    path("quiet", quiet.QuietsView.as_view(), name="api-quiets"),
    path("quiet/<uuid:quiet_id>", quiet.QuietView.as_view(), name="api-quiet"),
]
