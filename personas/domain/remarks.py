"""What became of each field of a file that came in."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What an importer did with a field."""

    MAPPED = "mapped"
    KEPT = "kept"
    REPAIRED = "repaired"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Remark:
    """One line of an import report.

    ``field`` is the field's path as the file has it, such as ``data.name``;
    ``detail`` names the sheet's field it went to, or says what was done and why.
    """

    field: str
    action: Action
    detail: str = ""
