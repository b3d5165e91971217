"""Problem codes of this app."""

from core.problems import declare

EVENT_ID_REUSED = declare(
    "event_id_reused", status=409, title="The event's id stands for something else"
)
UNKNOWN_KIND = declare(
    "unknown_kind", status=422, title="There is no such kind of interaction"
)
SELF_INTERACTION = declare(
    "self_interaction", status=422, title="Nobody interacts with themselves"
)
ARCHIVED = declare("archived", status=409, title="It is archived")
