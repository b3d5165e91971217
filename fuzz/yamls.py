"""Any bytes are fields in YAML, which JSON can hold, or are refused in words."""

import json
import sys

import atheris

with atheris.instrument_imports():
    from personas.domain.cards.containers import ContainerKind, unpack
    from personas.domain.dialects import UnreadableFile


def check(raw: bytes) -> None:
    """Fail on anything but fields or a refusal."""
    try:
        found = unpack(raw, name="card.yaml")
    except UnreadableFile:
        return
    if found.kind is not ContainerKind.YAML:
        return
    if not isinstance(json.loads(found.document), dict):
        raise AssertionError("YAML became something other than fields.")


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
