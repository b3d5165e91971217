"""What a file is, and the card in it.

Source: ``reference/cards.md`` sections 1.2 and 6.
"""

from typing import Final

from core import limits
from personas.domain.cards import chunks, yamls
from personas.domain.cards.archives import SIGNATURES as ZIPS
from personas.domain.cards.archives import members_of, pack_charx, read_charx
from personas.domain.cards.exif import JPEG, comment_of, is_webp
from personas.domain.cards.parts import (
    PRIVATE_FOLDERS,
    Asset,
    Container,
    ContainerKind,
    Member,
)
from personas.domain.cards.payloads import RAW_JSON, check_weight, read_payload
from personas.domain.cards.png import pack_png, read_png
from personas.domain.cards.telling import refuse_binary, refuse_text
from personas.domain.dialects.parsed import UnreadableFile
from personas.domain.dialects.reading import BOM, WIDE_BOMS
from personas.domain.remarks import Action, Remark

__all__ = [
    "PRIVATE_FOLDERS",
    "Asset",
    "Container",
    "ContainerKind",
    "Member",
    "members_of",
    "pack_charx",
    "pack_png",
    "unpack",
]

_YAML_SUFFIXES: Final = (".yaml", ".yml")
_JSON_SUFFIX: Final = ".json"
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 22 + 0xFFFF  # the end of a zip, with the longest comment


def unpack(raw: bytes, *, name: str) -> Container:
    """The card in a file, with the picture and the files that came with it.

    ``name`` is the file's name with suffix. What a file is shows in its first bytes;
    the name tells only JSON and YAML from other text.

    Raises:
        UnreadableFile: the file holds no card, or none that can be read safely; the
            message says what it is and what to do.
    """
    if not raw:
        raise UnreadableFile("The file is empty. Download or export it again.")
    if len(raw) > limits.UPLOAD_BYTES:
        raise UnreadableFile(
            f"The file has {len(raw):,} bytes;"
            f" {limits.UPLOAD_BYTES:,} are allowed. Make it smaller."
        )
    if raw.startswith(chunks.SIGNATURE):
        found = read_png(raw)
        return Container(
            ContainerKind.PNG,
            found.document,
            found.picture,
            found.assets,
            found.remarks,
        )
    if raw.startswith(ZIPS):
        card = read_charx(raw)
        return Container(
            ContainerKind.CHARX, card.document, None, card.assets, card.remarks
        )
    if raw.startswith(JPEG):
        return _from_jpeg(raw)
    if is_webp(raw):
        return _from_comment(raw, kind=ContainerKind.WEBP, title="WebP")
    refuse_binary(raw)
    return _from_text(raw, name=name.lower())


def _from_text(raw: bytes, *, name: str) -> Container:
    if name.endswith(_YAML_SUFFIXES):
        document, remarks = yamls.to_json(raw)
        return Container(ContainerKind.YAML, document, remarks=tuple(remarks))
    # UTF-16 is for the reader of JSON to refuse: it says how to save the file.
    is_json = raw.removeprefix(BOM).lstrip().startswith((b"{", b"[", *WIDE_BOMS))
    if not is_json and not name.endswith(_JSON_SUFFIX):
        refuse_text(raw)
    check_weight(raw)
    return Container(ContainerKind.JSON, raw)


def _from_jpeg(raw: bytes) -> Container:
    # RisuAI's “charxJpeg”: a viewer stops at the end of the picture, and a zip is
    # read from its end.
    if _ZIP_END in raw[-_ZIP_TAIL:]:
        card = read_charx(raw)
        picture = raw[: card.start]
        return Container(
            ContainerKind.JPEG, card.document, picture, card.assets, card.remarks
        )
    return _from_comment(raw, kind=ContainerKind.JPEG, title="JPEG")


def _from_comment(raw: bytes, *, kind: ContainerKind, title: str) -> Container:
    comment = comment_of(raw)
    if comment is None:
        raise UnreadableFile(
            f"A {title} picture without a card. Cards come as PNG, which other"
            " programs turn into JPEG or WebP and so lose the card: get the original."
        )
    try:
        payload = read_payload(comment)
    except UnreadableFile as error:
        raise UnreadableFile(
            f"The text in the {title} picture is no card that can be read. {error}",
            pointer=error.pointer,
        ) from error
    remarks = tuple(
        Remark("UserComment", Action.REPAIRED, detail)
        for detail in payload.repairs
        if detail != RAW_JSON  # which is how it is meant to be in EXIF
    )
    return Container(kind, payload.document, raw, remarks=remarks)
