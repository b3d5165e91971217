"""Files as people give them, and the shortest way to import one."""

import io
import json
import zipfile
from typing import Any

from PIL import Image

from personas.domain.cards.containers import pack_png
from personas.models import ImportItem
from personas.services import imports
from tests.factories import NOW


def card(name: str = "Ada", **data: Any) -> bytes:
    document = {
        "spec": "chara_card_v3",
        "spec_version": "3.0",
        "data": {"name": name, "group_only_greetings": [], **data},
    }
    return json.dumps(document).encode()


def book(*contents: str, name: str = "Ruins") -> dict[str, Any]:
    return {
        "name": name,
        "extensions": {},
        "entries": [
            {
                "keys": [f"key {at}"],
                "content": content,
                "extensions": {},
                "enabled": True,
                "insertion_order": 10,
                "use_regex": False,
            }
            for at, content in enumerate(contents)
        ],
    }


def picture(color: str = "teal", size: tuple[int, int] = (60, 30)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


def png_card(name: str = "Ada", *, color: str = "teal", **data: Any) -> bytes:
    return pack_png(picture(color), chunks={"ccv3": card(name, **data)})


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def given(raw: bytes, *, name: str = "ada.json", batch=None) -> ImportItem:
    """An item that was read."""
    batch = batch or imports.begin(actor=None, now=NOW)
    return imports.read_item(
        imports.add_single(batch, name=name, raw=raw, now=NOW), now=NOW
    )


def imported(
    raw: bytes,
    *,
    name: str = "ada.json",
    action: str = "new",
    character_id: str | None = None,
) -> ImportItem:
    """An item that was imported."""
    return imports.commit(
        given(raw, name=name),
        action=action,
        character_id=character_id,
        actor=None,
        now=NOW,
    )
