"""Making the values of lorebooks fit their sheets, beside what all files share.

Each function takes a JSON value and gives a ``Fit`` or raises ``Unfit``, as those of
``personas.domain.dialects.coercing`` do.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from pydantic import JsonValue

from core import limits
from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Fit, How, Unfit

_FLAGS: Final = frozenset("gimsuy")


def is_pattern(key: str) -> bool:
    """Whether a key is written as a pattern: ``/…/`` and flags."""
    end = key.rfind("/")
    return key.startswith("/") and end > 1 and _FLAGS.issuperset(key[end + 1 :])


def keys(value: JsonValue) -> Fit[list[str]]:
    """Keys byte for byte; a text is split at its commas, unless it is one pattern."""
    if not isinstance(value, str):
        return coercing.texts(value)
    if is_pattern(value):
        return Fit([value], "A text was read as a list of one.")
    found = [key.strip() for key in value.split(",")]
    return Fit([key for key in found if key], "A text was split at its commas.")


def numbered(options: type[StrEnum], *, words: Mapping[str, str]) -> How:
    """One of ``options`` by its number, its word, or another word for it."""
    listed = list(options)
    known = {str(option): option for option in listed}
    known |= {word: options(option) for word, option in words.items()}

    def how(value: JsonValue) -> Fit[Any]:
        if isinstance(value, str) and value.strip().lower() in known:
            return Fit(known[value.strip().lower()])
        try:
            place = coercing.whole(low=-1, high=len(listed))(value)
        except Unfit:
            place = Fit(-1)
        if not 0 <= place.value < len(listed):
            raise Unfit(f"Expected a number from 0 to {len(listed) - 1}.")
        return Fit(listed[place.value], place.repair)

    return how


def turned(value: JsonValue) -> Fit[bool]:
    """True for false, and the other way round."""
    fit = coercing.flag(value)
    return Fit(not fit.value, fit.repair)


def round_of_looking(value: JsonValue) -> Fit[int]:
    """A round of recursion: a number, or true for the first and false for none."""
    if isinstance(value, bool):
        return Fit(int(value))
    return coercing.whole(low=0, high=1_000_000)(value)


def lines(value: JsonValue) -> Fit[list[str]]:
    """A list of lines."""
    listed = coercing.texts(value)
    found = [coercing.line(item) for item in listed.value]
    repair = coercing.repairs_of((listed.repair, *(fit.repair for fit in found)))
    return Fit([fit.value for fit in found], repair)


def true_or_unsaid(value: JsonValue) -> Fit[bool | None]:
    """True, or None: SillyTavern writes false into a card where nothing was said."""
    fit = coercing.flag(value)
    return Fit(fit.value or None, fit.repair)


def character_filter(value: JsonValue) -> Fit[dict[str, Any]]:
    """Which characters an entry is for: names, tags, and whether they are left out."""
    if not isinstance(value, dict):
        raise Unfit("Expected an object with names and tags.")
    names, tags = (lines(value.get(key) or []) for key in ("names", "tags"))
    exclude = coercing.flag(value.get("isExclude") or False)
    left = {
        key: item
        for key, item in value.items()
        if key not in {"names", "tags", "isExclude"}
    }
    return Fit(
        {"names": names.value, "tags": tags.value, "is_exclude": exclude.value},
        coercing.repairs_of((names.repair, tags.repair, exclude.repair)),
        left or None,
    )


def book_name(value: JsonValue) -> Fit[str]:
    """A name that shows something, cut to the length of names."""
    fit = coercing.line(value)
    name = fit.value[: limits.NAME_LENGTH].strip()
    if not coercing.is_visible(name):
        raise Unfit("Expected a name; the file's was taken.")
    cut = "The name was shortened." if len(name) < len(fit.value) else ""
    return Fit(name, coercing.repairs_of((fit.repair, cut)))
