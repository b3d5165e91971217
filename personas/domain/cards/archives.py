"""Zip archives: CHARX cards, and several files in one.

Source: ``reference/cards.md`` sections 1.2 and 6.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from core import limits
from personas.domain.cards.members import fault_of
from personas.domain.cards.parts import RISU_MODULE, Asset, Member, excerpt
from personas.domain.cards.payloads import check_weight
from personas.domain.dialects.parsed import UnreadableFile
from personas.domain.remarks import Action, Remark

SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06")
CARD: Final = "card.json"

_CENTRAL_HEADER: Final = b"PK\x01\x02"
_ENCRYPTION: Final = 0x1 | 0x40 | 0x2000  # of the file, strong, of the directory
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_RATIO_FROM: Final = 1000 * 1000
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can tell
_UNIX: Final = 3
_MODE: Final = (stat.S_IFREG | 0o644) << 16
# What a Mac adds to every archive.
_NOISE: Final = ("__MACOSX/",)
_NOISE_NAMES: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
# All that zipfile is known to raise on bytes that are no archive.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
_AGAIN: Final = "Pack it again with an ordinary program."


@dataclass(frozen=True)
class Charx:
    """A CHARX taken apart; ``start`` is where the zip begins in the file."""

    document: bytes
    assets: tuple[Asset, ...]
    remarks: tuple[Remark, ...]
    start: int


def read_charx(raw: bytes) -> Charx:
    """The card and its files in a CHARX, which may follow a picture.

    Raises:
        UnreadableFile: no such archive, or one that is unsafe to open.
    """
    with _opened(raw) as archive:
        infos = _checked(archive.infolist())
        names = [info.filename for info in infos]
        if CARD not in names:
            raise UnreadableFile(_refusal(names))
        members = _contents(archive, infos)
        start = min(info.header_offset for info in archive.infolist())
    document = next(m.content for m in members if m.name == CARD)
    if len(document) > limits.CARD_BYTES:
        raise UnreadableFile(
            f"The archive's {CARD} has {len(document):,} bytes;"
            f" {limits.CARD_BYTES:,} are allowed. Make the card smaller."
        )
    check_weight(document)
    assets = tuple(Asset(m.name, m.content) for m in members if m.name != CARD)
    return Charx(document, assets, tuple(_remarks(assets)), start)


def members_of(raw: bytes) -> tuple[Member, ...]:
    """The files in an ordinary zip, for each to be read as if it came alone.

    Archives inside it are members as they are, unopened. Folders, and what file
    managers add of their own, are left out.

    Raises:
        UnreadableFile: no such archive, or one that is unsafe to open.
    """
    with _opened(raw) as archive:
        infos = [
            info
            for info in _checked(archive.infolist())
            if not info.filename.startswith(_NOISE)
            and info.filename.rpartition("/")[2] not in _NOISE_NAMES
        ]
        return _contents(archive, infos)


def pack_charx(document: bytes, *, assets: Iterable[Asset]) -> bytes:
    """A CHARX of a card's JSON and its files; the same input gives the same bytes.

    Private files (``Asset.is_private``) are left out. Paths are the names that the
    document's ``embeded://`` addresses have.

    Raises:
        UnreadableFile: too many files, or a path that is unsafe, not ASCII,
            repeated or ``card.json``.
    """
    files = sorted((a for a in assets if not a.is_private), key=lambda a: a.path)
    _check_paths([CARD, *(asset.path for asset in files)])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(_entry(CARD), document, zipfile.ZIP_DEFLATED)
        for asset in files:
            # Pictures and sounds are packed already.
            archive.writestr(_entry(asset.path), asset.content, zipfile.ZIP_STORED)
    return out.getvalue()


def _check_paths(paths: Sequence[str]) -> None:
    if len(paths) > limits.ARCHIVE_MEMBERS:
        raise _too_many()
    seen: set[str] = set()
    for path in paths:
        fault = fault_of(path)
        if not path.isascii():
            fault = "has a name with other letters than ASCII"
        elif path.endswith("/"):
            fault = "has the name of a folder"
        elif path in seen:
            fault = "has a name that is taken"
        if fault:
            raise UnreadableFile(
                f"The card's file “{excerpt(path)}” {fault}. Rename it."
            )
        seen.add(path)


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _MODE
    return entry


def _opened(raw: bytes) -> zipfile.ZipFile:
    # Counted first: the directory of a hostile file would fill the memory. Archives
    # inside the archive have headers too, hence the allowance.
    if raw.count(_CENTRAL_HEADER) > 4 * limits.ARCHIVE_MEMBERS:
        raise _too_many()
    try:
        return zipfile.ZipFile(io.BytesIO(raw))
    except _BROKEN as error:
        raise UnreadableFile(
            "The archive is damaged or cut off. Download or export it again."
        ) from error


def _too_many() -> UnreadableFile:
    return UnreadableFile(
        f"The archive has more than {limits.ARCHIVE_MEMBERS} files."
        " Split it into several."
    )


def _checked(infos: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The files among ``infos``, if all are safe to open by what they declare."""
    if len(infos) > limits.ARCHIVE_MEMBERS:
        raise _too_many()
    seen: set[str] = set()
    for info in infos:
        fault = _fault_of(info)
        if info.filename in seen:
            fault = "is in it twice"
        if fault:
            name = excerpt(info.orig_filename)
            raise UnreadableFile(f"The archive's file “{name}” {fault}. {_AGAIN}")
        seen.add(info.filename)
    if sum(info.file_size for info in infos) > limits.ARCHIVE_BYTES:
        raise UnreadableFile(
            f"The archive unpacks to more than {limits.ARCHIVE_BYTES:,} bytes."
            " Split it into several, or make its pictures smaller."
        )
    return [info for info in infos if not info.is_dir()]


def _fault_of(info: zipfile.ZipInfo) -> str:
    # The library cuts names at NUL; the original shows it.
    fault = fault_of(info.orig_filename)
    if fault:
        return fault
    if info.flag_bits & _ENCRYPTION:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return "is packed in an unusual way (only deflate is read)"
    if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is a link or a device, not a file"
    if info.file_size > limits.ARCHIVE_MEMBER_BYTES:
        return f"unpacks to more than {limits.ARCHIVE_MEMBER_BYTES:,} bytes"
    if info.file_size > _RATIO_FROM + limits.ARCHIVE_RATIO * info.compress_size:
        return f"unpacks to more than {limits.ARCHIVE_RATIO} times its size"
    return ""


def _contents(
    archive: zipfile.ZipFile, infos: Iterable[zipfile.ZipInfo]
) -> tuple[Member, ...]:
    members = []
    for info in infos:
        try:
            with archive.open(info) as file:
                # The library gives no more than was declared and checked, whatever is
                # inside; asked for one byte more, it compares the checksum.
                content = file.read(info.file_size + 1)
        except _BROKEN as error:
            raise UnreadableFile(
                f"The archive's file “{excerpt(info.filename)}” is damaged."
                " Download or export the archive again."
            ) from error
        members.append(Member(info.filename, content))
    return tuple(members)


def _refusal(names: Sequence[str]) -> str:
    """What an archive without a card at its root is, and what to do."""
    inside = {name for name in names if name.rpartition("/")[2] == CARD}
    if "package.json" in names and any(n.startswith("Characters/") for n in names):
        return (
            "A Voxta package, which is not read here. Export the character from"
            " Voxta as a character card (PNG or JSON)."
        )
    if "manifest.json" in names and any(n.startswith("characters/") for n in names):
        return (
            "A Backyard archive (BYAF), which is not read here. Export the character"
            " from Backyard AI as a character card (PNG)."
        )
    if "[Content_Types].xml" in names:
        return (
            "An Office document, which holds no card. Copy its text into a new"
            " character."
        )
    if inside:
        return (
            f"A zip with {CARD} in a folder (“{excerpt(min(inside))}”); a CHARX has"
            " it at the top. Pack the folder's content, not the folder."
        )
    return (
        f"A zip of several files ({len(names)}) and no {CARD}, so it is no CHARX card."
        " Upload it on the import page, which reads each file in it, or unpack it."
    )


def _remarks(assets: Iterable[Asset]) -> Iterable[Remark]:
    for asset in assets:
        if asset.is_private:
            detail = "Kept, but never exported: it may tell how pictures were made."
            yield Remark(asset.path, Action.KEPT, detail)
        elif asset.path == RISU_MODULE:
            detail = (
                "RisuAI's own part, kept as it is. A lorebook in it is not read;"
                " export the card from RisuAI as PNG or JSON to get it."
            )
            yield Remark(asset.path, Action.KEPT, detail)
