"""What files that carry cards are taken apart into."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from personas.domain.remarks import Remark

PRIVATE_FOLDERS: Final = ("x_meta/",)
"""Where RisuAI keeps the text chunks of images, which tell the prompts they were
made with. Kept with what came in, left out of every file that goes out."""

RISU_MODULE: Final = "module.risum"
"""RisuAI's own binary part of a CHARX, with its triggers and a lorebook."""


class ContainerKind(StrEnum):
    """The kinds of files that a card comes in."""

    JSON = "json"
    YAML = "yaml"
    PNG = "png"
    CHARX = "charx"
    JPEG = "jpeg"
    WEBP = "webp"


@dataclass(frozen=True)
class Asset:
    """A file that came with a card; ``path`` is its name in the container.

    The path is a name to look up, never a place to write to.
    """

    path: str
    content: bytes

    @property
    def is_private(self) -> bool:
        """Whether it tells what its author did not mean to show."""
        return self.path.lower().startswith(PRIVATE_FOLDERS)


@dataclass(frozen=True)
class Member:
    """A file in an ordinary zip."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Container:
    """A card taken out of its file.

    ``document`` is JSON in UTF-8 (YAML has been turned into it), not yet checked
    except where several had to be told apart. ``picture`` holds the bytes of the
    image around it, without any text that it carried; nobody has decoded it.
    """

    kind: ContainerKind
    document: bytes
    picture: bytes | None = None
    assets: tuple[Asset, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def syntax(self) -> Literal["json", "yaml"]:
        """How the card was written in the file."""
        return "yaml" if self.kind is ContainerKind.YAML else "json"


def excerpt(name: str) -> str:
    """``name`` fit for a message: short, and without what does not print."""
    text = "".join(letter if letter.isprintable() else "�" for letter in name[:80])
    return text if len(name) <= 80 else f"{text}…"
