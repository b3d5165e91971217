"""Values as people read them: names of fields and labels, pictures, prompts."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from django.urls import reverse
from pydantic import BaseModel

from personas.domain.compiling import HEADINGS
from personas.models import Character
from personas.models.labels import PRODUCTION, STAGING

LABEL_TITLES: Final[Mapping[str, str]] = {PRODUCTION: "Live", STAGING: "Trial"}
_LABEL_BADGES: Final[Mapping[str, str]] = {PRODUCTION: "live", STAGING: "trial"}
_HUES: Final = 6  # as many as static/css/cards.css knows


@dataclass(frozen=True, slots=True)
class LabelName:
    """A label's name, its title on pages, and the look of its badge."""

    name: str
    title: str
    badge: str

    @classmethod
    def of(cls, name: str, /) -> Self:
        return cls(name, LABEL_TITLES.get(name, name), _LABEL_BADGES.get(name, "info"))


@dataclass(frozen=True, slots=True)
class Face:
    """A character's picture, or its initials on one of six colours."""

    url: str
    initials: str
    hue: int


def face_of(character: Character, /) -> Face:
    return face(
        character.character_id,
        name=character.display_name,
        digest=character.picture_id or "",
    )


def face(character_id: str, /, *, name: str, digest: str) -> Face:
    """The face of whoever has this id; the colour goes with the id."""
    return Face(
        url=picture_url(digest),
        initials=initials(name),
        hue=zlib.crc32(character_id.encode()) % _HUES,
    )


def picture_url(digest: str, /) -> str:
    """Where the picture is served, or nothing."""
    return reverse("personas:picture", args=[digest]) if digest else ""


def initials(name: str, /) -> str:
    """The first letters of the first and the last word."""
    words = [w.lstrip("\"'“‘«(") for w in name.split()]
    firsts = [w[0].upper() for w in words if w]
    return "".join(firsts[:1] + firsts[-1:] if len(firsts) > 1 else firsts)


# -- Fields ----------------------------------------------------------------------


def field_title(path: str, /, *, model: type[BaseModel]) -> str:
    """The words for a dotted path of ``domain.diffing``: ``Identity › From``."""
    words = []
    at: Any = model
    for key in path.split("."):
        field = at.model_fields.get(key) if at is not None else None
        words.append(field.title if field is not None and field.title else key)
        inner = field.annotation if field is not None else None
        is_model = isinstance(inner, type) and issubclass(inner, BaseModel)
        at = inner if is_model else None
    return " › ".join(words)


def value_text(value: Any, /) -> str:
    """A JSON value of a sheet as text; what is empty is an empty text."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "Yes" if value else "No"
        case list():
            return "\n".join(f"– {_inline(item)}" for item in value)
        case dict():
            pairs = ((key, _inline(item)) for key, item in value.items())
            return "\n".join(f"{_words(key)}: {text}" for key, text in pairs if text)
        case _:
            return str(value)


def _inline(value: Any) -> str:
    """A nested value on one line, its empty parts left out."""
    if isinstance(value, dict):
        if set(value) == {"key", "value"}:  # A trait.
            return f"{value['key']}: {value['value']}"
        pairs = ((key, _inline(item)) for key, item in value.items())
        return "; ".join(f"{_words(key)}: {text}" for key, text in pairs if text)
    if isinstance(value, list):
        return ", ".join(text for text in map(_inline, value) if text)
    return value_text(value)


def _words(key: str) -> str:
    return key.replace("_", " ")


# -- Prompts -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar of tokens; ``x`` and ``width`` are percent of it."""

    title: str
    tokens: int
    x: str
    width: str
    series: int


@dataclass(frozen=True, slots=True)
class TokenBar:
    """How the tokens of a prompt divide, and how many there are in all."""

    total: int
    segments: tuple[Segment, ...]


def token_bar(tokens: Mapping[str, int], /) -> TokenBar:
    """``tokens`` maps sections and ``total`` to counts, as versions keep them.

    What is in the prompt beside the sections (template, headings, override) is
    a segment of its own.
    """
    counts = [(title, tokens.get(name, 0)) for name, title in HEADINGS.items()]
    rest = tokens["total"] - sum(count for _, count in counts)
    counts.append(("Template and the rest", max(rest, 0)))
    whole = sum(count for _, count in counts) or 1
    segments, x = [], 0.0
    for series, (title, count) in enumerate(counts, start=1):
        width = 100 * count / whole
        if count:
            segments.append(Segment(title, count, f"{x:.2f}", f"{width:.2f}", series))
        x += width
    return TokenBar(total=tokens["total"], segments=tuple(segments))


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a served prompt."""

    title: str
    text: str
    tokens: int


def prompt_sections(sections: Sequence[Mapping[str, Any]], /) -> list[Section]:
    """Those that say something; ``sections`` as ``api.md`` serves them."""
    return [
        Section(HEADINGS[s["name"]], s["text"], s["tokens"])
        for s in sections
        if s["text"].strip()
    ]
