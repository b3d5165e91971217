"""Decoding strangers' pictures, and writing them anew.

No Django, for this runs in the reader's own process (``sandboxed``).
"""

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from core import limits

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
SIDE: Final = 512  # pixels; larger pictures are made smaller


class BadPicture(Exception):
    """The bytes are not a picture that can be stored."""


@dataclass(frozen=True, slots=True)
class Made:
    """A picture written anew as PNG; sizes in pixels."""

    content: bytes
    width: int
    height: int


def hush() -> None:
    """Keep what the decoder thinks of strangers' pictures out of the output.

    Once for the process: ``catch_warnings`` is not made for threads. What cannot
    be read, or is too large, is refused with words of our own.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def reencoded(raw: bytes, /) -> Made:
    """The picture as PNG, at most ``SIDE`` pixels a side.

    Whatever else the bytes carry is dropped. What this made before comes out as
    the same bytes, so that an export comes back as the same picture.

    Raises:
        BadPicture: too large, of another kind, or damaged; says which.
    """
    if len(raw) > limits.UPLOAD_BYTES:
        raise BadPicture(
            f"Choose a picture of at most {limits.UPLOAD_BYTES // 1_000_000} MB."
        )
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            # The header tells the size; nothing has been decoded yet.
            if image.width * image.height > limits.IMAGE_PIXELS:
                raise BadPicture(
                    f"Choose a picture of at most {limits.IMAGE_PIXELS // 1_000_000}"
                    f" megapixels; this has {image.width} × {image.height}."
                )
            image.seek(0)
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except UnidentifiedImageError as error:
        raise BadPicture("Choose a PNG, JPEG, WebP or GIF picture.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadPicture("This picture is damaged and cannot be read.") from error
    upright.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    upright.save(file, "PNG")
    return Made(file.getvalue(), upright.width, upright.height)
