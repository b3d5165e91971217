"""What the audit log calls the acts of this app."""

from typing import Final

AUDIT_TITLES: Final = {
    "channel.edited": "Changed a channel's settings",
    "quiet.begun": "Quieted",
    "quiet.lifted": "Lifted a quiet switch",
    "quiet.prolonged": "Prolonged a quiet switch",
    "reports.voided": "Voided reports",
    "user.forgotten": "Forgot a user",
}
