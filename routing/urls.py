"""Addresses of this app."""

from django.urls import path

# Its converter: ids of channels.
import routing.converters  # noqa: F401
from routing.views import (
    channel,
    channels,
    decision,
    feed,
    forget,
    linting,
    now,
    simulator,
    void,
)

app_name = "routing"

urlpatterns = [
    path("routing/", feed.feed, name="feed"),
    path("routing/rows/", feed.feed_rows, name="feed-rows"),
    path("routing/forget/", forget.forget, name="forget"),
    path("routing/names/", linting.names, name="names"),
    path("routing/<uuid:decision_id>/", decision.decision_detail, name="decision"),
    path(
        "routing/<uuid:decision_id>/replay/",
        decision.decision_replay,
        name="decision-replay",
    ),
    path(
        "routing/<uuid:decision_id>/outcome/",
        decision.decision_outcome,
        name="decision-outcome",
    ),
    path("routing/simulator/", simulator.simulator, name="simulator"),
    path("home/routing/", feed.home_strip, name="home-strip"),
    path("reports/void/", void.void, name="void"),
    path("channels/", channels.channel_list, name="channels"),
    # Ids of chat platforms may hold anything, slashes too.
    path("channels/<channel:channel_id>/", channel.channel_detail, name="channel"),
    path(
        "channel-undo/<channel:channel_id>/", channel.channel_undo, name="channel-undo"
    ),
    path("now/", now.now, name="now"),
    path("now/state/", now.now_state, name="now-state"),
    path("now/<uuid:quiet_id>/lift/", now.lift, name="now-lift"),
    path("now/<uuid:quiet_id>/again/", now.again, name="now-again"),
]
