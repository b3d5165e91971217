"""Chance that comes out the same for the same seed, whatever else is drawn.

Each draw has a number of its own, made from the seed and from what is drawn, so
that a change to one entry leaves the rolls of all others as they were. A shared
``random.Random`` would hand every later draw another number.
"""

from hashlib import blake2b
from typing import Final

_BITS: Final = 53
"""As many as a float can tell apart between 0 and 1."""


def digested(text: str) -> str:
    """The same for the same text, and short: to draw by a long text many times."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def drawn(*parts: str | int) -> float:
    """At least 0 and below 1, always the same for the same parts."""
    # Lengths first: no two lists of parts are written alike.
    texts = [str(part) for part in parts]
    written = "".join(f"{len(text)}:{text}" for text in texts)
    digest = blake2b(written.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> (64 - _BITS)) / (1 << _BITS)
