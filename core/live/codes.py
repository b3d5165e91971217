"""Why the server closes a socket; the page acts on the number."""

from enum import IntEnum


class Close(IntEnum):
    """Close codes, all sent after accepting, or browsers would not see them.

    Source: api.md, "Websocket".
    """

    GONE = 1006
    """Never sent: the browser was away already."""
    BROKEN_RULES = 1008
    TOO_LONG = 1009
    RESTARTING = 1012
    FULL = 1013
    SIGN_IN = 4401
    RIGHT_LOST = 4403
    TOO_SLOW = 4408
    TOO_MANY = 4429
