"""What the audit log calls the acts of this app."""

from typing import Final

AUDIT_TITLES: Final = {"reports.voided": "Voided reports"}
