"""What the audit log calls the acts of this app."""

from typing import Final

AUDIT_TITLES: Final = {
    "feeling.reset": "Reset what two characters feel",
    "feeling.set": "Set a feeling",
    "feeling.triggers": "Changed trigger topics",
    "graph.arranged": "Moved characters in the graph",
}
