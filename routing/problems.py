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
TEST_KEY = declare(
    "test_key", status=403, title="A test key changes nothing that is live"
)
TOO_MANY_QUIET = declare(
    "too_many_quiet", status=409, title="Too many quiet switches are on"
)
UNKNOWN_DECISION = declare(
    "unknown_decision", status=404, title="There is no such decision"
)
OUTCOME_KNOWN = declare(
    "outcome_known", status=409, title="Another outcome was reported before"
)
TEXT_NOT_KEPT = declare(
    "text_not_kept", status=409, title="The message's text is not kept"
)
