"""Cards in PNG and APNG pictures: found, and put in.

Source: ``reference/cards.md`` sections 0, 1.2 and 6.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core import limits
from personas.domain.canonical import content_hash
from personas.domain.cards.chunks import (
    SIGNATURE,
    Text,
    assembled,
    chunks_of,
    text_chunk,
    texts_of,
    without_texts,
)
from personas.domain.cards.members import fault_of
from personas.domain.cards.parts import Asset, excerpt
from personas.domain.cards.payloads import Payload, read_payload, unbase64
from personas.domain.dialects.parsed import UnreadableFile
from personas.domain.remarks import Action, Remark

# The newer form counts, as the specification of version 3 has it.
KEYWORDS: Final = ("ccv3", "chara")
ASSET_KEYWORD: Final = "chara-ext-asset_"

_BAD_CHECKSUM: Final = "Its checksum is wrong; it could be read all the same."


@dataclass(frozen=True)
class Picture:
    """A PNG taken apart: the card in it, the bare picture, and the files with it."""

    document: bytes
    picture: bytes
    assets: tuple[Asset, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class _Found:
    """A card in a picture, and the text that it stands in.

    Its parsed value is not kept: those of several would fill the memory.
    """

    text: Text
    document: bytes
    repairs: tuple[str, ...]
    name: str
    content_hash: str

    @property
    def keyword(self) -> str:
        return self.text.keyword.lower()

    @property
    def title(self) -> str:
        """Which card it is, and where it stands."""
        return f"{self.name} ({self.text.keyword}, {self.text.place})"


@dataclass(frozen=True)
class _Failure:
    """A card in a picture that cannot be read, and why."""

    text: Text
    reason: str
    pointer: str


def read_png(raw: bytes) -> Picture:
    """The card in a PNG.

    The first valid ``ccv3`` counts, else the first valid ``chara``, in whichever of
    ``tEXt``, ``zTXt`` and ``iTXt``, before or after the picture's data.

    Raises:
        UnreadableFile: a broken picture, or one without a readable card.
    """
    chunks = list(chunks_of(raw))
    texts = texts_of(chunks)
    assets = [text for text in texts if text.keyword.lower().startswith(ASSET_KEYWORD)]
    _check_counts(texts=len(texts) - len(assets), assets=len(assets))
    document, remarks = _card(texts)
    files, file_remarks = _files(assets)
    bare = assembled(without_texts(chunks))
    return Picture(document, bare, files, (*remarks, *file_remarks))


def pack_png(
    picture: bytes, *, chunks: Mapping[Literal["ccv3", "chara"], bytes]
) -> bytes:
    """The PNG with cards in it, and no other text than these.

    ``chunks`` maps a keyword to JSON in UTF-8. Older cards in the picture, its other
    texts, times, places and signatures are left out: they are stale or private.

    The cards stand after the picture's data, before the end mark. Text may stand
    anywhere between the first and the last chunk; there, all programs of the
    reference find it, and a viewer paints the picture before it gets to them.
    ``chara`` goes first, because Agnai reads the first text, whatever its keyword.

    Raises:
        UnreadableFile: ``picture`` is no PNG, or broken, or too large.
    """
    if not picture.startswith(SIGNATURE):
        raise UnreadableFile("The picture is no PNG. Save it as PNG.")
    cards = [
        text_chunk(keyword, text=base64.b64encode(chunks[keyword]))
        for keyword in ("chara", "ccv3")
        if keyword in chunks
    ]
    return assembled([*without_texts(chunks_of(picture)), *cards])


def _check_counts(*, texts: int, assets: int) -> None:
    if texts > limits.PNG_TEXT_CHUNKS:
        raise UnreadableFile(
            f"The picture has more than {limits.PNG_TEXT_CHUNKS} texts in it, which no"
            " real card has. Export the card again from the program that made it."
        )
    if assets > limits.ARCHIVE_MEMBERS:
        raise UnreadableFile(
            f"The picture has more than {limits.ARCHIVE_MEMBERS} files in it."
            " Export the card with fewer."
        )


def _card(texts: Iterable[Text]) -> tuple[bytes, list[Remark]]:
    candidates = [text for text in texts if text.keyword.lower() in KEYWORDS]
    # The order of the file, once sorted by what counts more.
    candidates.sort(key=lambda text: KEYWORDS.index(text.keyword.lower()))
    if not candidates:
        raise UnreadableFile(
            "A picture without a card. Chat programs and picture editors take cards"
            " out of pictures: get the original file, or export the card again."
        )
    if len(candidates) > limits.PNG_CARDS:
        raise UnreadableFile(
            f"The picture has more than {limits.PNG_CARDS} cards in it. Export the card"
            " again from the program that made it."
        )
    found, failures = _read(candidates)
    if not found:
        first = failures[0]
        raise UnreadableFile(
            f"The card in the picture (“{first.text.keyword}”, {first.text.place})"
            f" cannot be read. {first.reason}",
            pointer=first.pointer,
        )
    remarks = [*_mended(found[0]), *_left(found)]
    for failure in failures:
        detail = f"Another card ({failure.text.place}) was left out. {failure.reason}"
        remarks.append(Remark(failure.text.keyword.lower(), Action.DROPPED, detail))
    return found[0].document, remarks


def _read(texts: Iterable[Text]) -> tuple[list[_Found], list[_Failure]]:
    found: list[_Found] = []
    failures: list[_Failure] = []
    left = limits.UPLOAD_BYTES
    for text in texts:
        try:
            content = text.unpacked(most=left)
            left -= len(content)
            found.append(_found(text, payload=read_payload(content)))
        except UnreadableFile as error:
            # The error itself would keep alive all that was unpacked.
            failures.append(_Failure(text, str(error), error.pointer))
    return found, failures


def _found(text: Text, *, payload: Payload) -> _Found:
    body = payload.value.get("data")
    name = (body if isinstance(body, dict) else payload.value).get("name")
    return _Found(
        text,
        payload.document,
        payload.repairs,
        f"“{excerpt(name)}”" if isinstance(name, str) else "one without a name",
        content_hash(payload.value),
    )


def _mended(card: _Found) -> Iterable[Remark]:
    for detail in card.repairs:
        yield Remark(card.keyword, Action.REPAIRED, detail)
    if not card.text.is_intact:
        yield Remark(card.keyword, Action.REPAIRED, _BAD_CHECKSUM)


def _left(found: Sequence[_Found]) -> Iterable[Remark]:
    """A line for each card that does not count and says something else."""
    chosen, *others = found
    for other in others:
        if other.content_hash == chosen.content_hash:
            continue
        if other.keyword != chosen.keyword and other.name == chosen.name:
            detail = "The same card in its older form; the newer one (ccv3) counts."
        else:
            detail = (
                f"Different cards in one picture: {chosen.title} counts,"
                f" {other.title} was left out."
            )
        yield Remark(other.keyword, Action.DROPPED, detail)


def _files(texts: Iterable[Text]) -> tuple[tuple[Asset, ...], list[Remark]]:
    """The files in a picture's texts; those that cannot be read leave a remark."""
    assets: dict[str, Asset] = {}
    remarks = []
    for text in texts:
        path = text.keyword[len(ASSET_KEYWORD) :].removeprefix(":")
        try:
            if path in assets:
                raise UnreadableFile("A file of this name came before it.")
            assets[path] = _file(text, path=path)
        except UnreadableFile as error:
            field = f"{ASSET_KEYWORD}{excerpt(path)}"
            detail = f"A file in the picture was left out. {error}"
            remarks.append(Remark(field, Action.DROPPED, detail))
    return tuple(assets.values()), remarks


def _file(text: Text, *, path: str) -> Asset:
    fault = fault_of(path)
    if fault:
        raise UnreadableFile(f"It {fault}.")
    if text.is_packed:
        # No program writes such; unpacking hundreds would be work for a bomb.
        raise UnreadableFile("It is compressed text, which is read for cards only.")
    return Asset(path, unbase64(text.body)[0])
