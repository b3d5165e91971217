"""Any bytes are a card, or are refused in words; a card that came in goes out."""

import sys

import atheris

with atheris.instrument_imports():
    from personas.domain.cards.containers import (
        ContainerKind,
        pack_charx,
        pack_png,
        unpack,
    )
    from personas.domain.dialects import UnreadableFile


def check(raw: bytes) -> None:
    """Fail on anything but a card or a refusal."""
    try:
        found = unpack(raw, name="card")
    except UnreadableFile:
        return
    assets = [asset for asset in found.assets if asset.path.isascii()]
    packed = pack_charx(found.document, assets=assets)
    if unpack(packed, name="card").document != found.document:
        raise AssertionError("The card changed on its way through a CHARX.")
    if found.kind is ContainerKind.PNG and found.picture is not None:
        packed = pack_png(found.picture, chunks={"ccv3": found.document})
        if unpack(packed, name="card").document != found.document:
            raise AssertionError("The card changed on its way through a picture.")


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
