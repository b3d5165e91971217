"""What a file is that is no card, told by its first bytes."""

from typing import Final, NoReturn

from personas.domain.dialects.parsed import UnreadableFile
from personas.domain.dialects.reading import BOM

_NO_CARD: Final = "which holds no card. Upload the card itself (PNG, JSON or CHARX)."
_ARCHIVE: Final = "which is not opened here. Pack the files as an ordinary zip."
# First bytes, what begins with them, and what to do about it.
_BEGINNINGS: Final = (
    (b"\x89PNG", "A PNG picture damaged on its way (as text)", ""),
    (b"GIF87a", "A GIF picture", _NO_CARD),
    (b"GIF89a", "A GIF picture", _NO_CARD),
    (b"II*\x00", "A TIFF picture", _NO_CARD),
    (b"MM\x00*", "A TIFF picture", _NO_CARD),
    (b"%PDF-", "A PDF document", _NO_CARD),
    (b"{\\rtf", "An RTF document", _NO_CARD),
    (b"\xd0\xcf\x11\xe0", "An old Office document", _NO_CARD),
    (b"ID3\x03", "A sound (MP3)", _NO_CARD),
    (b"ID3\x04", "A sound (MP3)", _NO_CARD),
    (b"\xff\xfb", "A sound (MP3)", _NO_CARD),
    (b"OggS\x00", "A sound (Ogg)", _NO_CARD),
    (b"fLaC\x00", "A sound (FLAC)", _NO_CARD),
    (b"SQLite format 3\x00", "A database (SQLite)", _NO_CARD),
    (b"MZ\x90\x00", "A program for Windows", _NO_CARD),
    (b"\x7fELF", "A program for Linux", _NO_CARD),
    (b"7z\xbc\xaf", "A 7-Zip archive", _ARCHIVE),
    (b"Rar!\x1a", "A RAR archive", _ARCHIVE),
    (b"\x1f\x8b", "A gzip archive", _ARCHIVE),
    (b"BZh91AY", "A bzip2 archive", _ARCHIVE),
    (b"\xfd7zXZ", "An xz archive", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", "A Zstandard archive", _ARCHIVE),
)
_PAGE: Final = (b"<!doctype html", b"<html")
_MARKUP: Final = (b"<?xml", b"<svg")


def refuse_binary(raw: bytes) -> None:
    """Refuse what is no text of a card, if its first bytes say what it is.

    Raises:
        UnreadableFile: it is such a file.
    """
    if raw[:3] == bytes(3) and raw[4:8] == b"ftyp":
        raise UnreadableFile(f"A film, or a picture as AVIF or HEIC, {_NO_CARD}")
    for beginning, what, advice in _BEGINNINGS:
        if raw.startswith(beginning):
            raise UnreadableFile(
                f"{what}, {advice}" if advice else f"{what}. Download it again."
            )
    start = raw[:1024].removeprefix(BOM).lstrip().lower()
    if start.startswith(_PAGE):
        raise UnreadableFile(
            "A web page, not a card; the site may want a sign-in before it gives the"
            " file. Download the card in a browser, then upload it."
        )
    if start.startswith(_MARKUP):
        raise UnreadableFile(f"An XML or SVG file, {_NO_CARD}")


def refuse_text(raw: bytes) -> NoReturn:
    """Refuse what is neither JSON nor known by its first bytes.

    Raises:
        UnreadableFile: always.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        raise UnreadableFile(
            f"A file of an unknown kind (its first bytes are {raw[:4].hex(' ')})."
            " Upload a card as PNG, JSON, CHARX or YAML."
        )
    if not text.strip():
        raise UnreadableFile("The file holds only white space. Export it again.")
    raise UnreadableFile(
        "A plain text, not a card. If it is a finished prompt, make a new character"
        " and put it into its system prompt; if it is YAML, give its name the ending"
        " .yaml."
    )
