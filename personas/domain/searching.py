"""Finding characters by words: what is searched, where a word stands, excerpts.

Texts are compared normalised: NFKC, case-folded, one space for any white space.
A word matches anywhere, also inside another word.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.normalizing import normalize
from personas.domain.sheets import CharacterSheet

MOST_WORDS: Final = 8
EXCERPT_BEFORE: Final = 40
EXCERPT_LENGTH: Final = 160
MOST_EXCERPTS: Final = 2
_WINDOW: Final = 500
_BETWEEN: Final = " · "
AFTER_NAMES: Final = "\n"
AFTER_TAGS: Final = "\t"
"""Both end a part of the stored text; a normalised text holds neither."""
PROMPT: Final = "Live prompt"
_NAMES: Final = ("display_name", "nickname", "aliases")
_TAGS: Final = ("tags",)
_UNSEARCHED: Final = frozenset({"avatar"})


@dataclass(frozen=True, slots=True)
class Part:
    """The text of one field, under the title that pages show for it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of an excerpt; ``is_hit`` where a word stands."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The neighbourhood of the first word found in one field."""

    title: str
    runs: tuple[Run, ...]


def normalised(text: str, /) -> str:
    """The form in which texts are kept and compared."""
    folded = normalize("NFKC", text).casefold()
    # Folding may leave what NFKC would compose.
    return " ".join(normalize("NFKC", folded).replace("\0", "").split())


def words_of(query: str, /) -> list[str]:
    """The words to look for, each once, at most ``MOST_WORDS``."""
    return list(dict.fromkeys(normalised(query).split()))[:MOST_WORDS]


def parts_of(sheet: CharacterSheet, /, *, character_id: str) -> list[Part]:
    """All that is searched in a draft: names first, then tags, then the rest.

    What was never changed from its default is left out.
    """
    return [
        part for group in _groups(sheet, character_id=character_id) for part in group
    ]


def _groups(sheet: CharacterSheet, *, character_id: str) -> tuple[list[Part], ...]:
    """Names, tags, all other fields."""
    values = sheet.model_dump(mode="json", exclude_defaults=True)
    rest = [n for n in values if n not in {*_NAMES, *_TAGS, *_UNSEARCHED}]
    return (
        [Part("Id", character_id), *_parts(values, names=_NAMES)],
        list(_parts(values, names=_TAGS)),
        list(_parts(values, names=rest)),
    )


def _parts(values: Mapping[str, Any], *, names: Sequence[str]) -> Iterator[Part]:
    for name in names:
        if name not in values:
            continue
        field = CharacterSheet.model_fields[name]
        value, title = values[name], field.title or name
        inner = getattr(field.annotation, "model_fields", None)
        if inner is None or not isinstance(value, dict):
            yield Part(title, _BETWEEN.join(_strings(value)))
            continue
        for key, item in value.items():
            of_key = inner[key].title or key
            yield Part(f"{title} › {of_key}", _BETWEEN.join(_strings(item)))


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, without keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _strings(item)


def stored_text(sheet: CharacterSheet, /, *, character_id: str) -> str:
    """What is kept of a draft: ``names`` newline ``tags`` tab ``all the rest``.

    The first place of a word in it therefore tells the best field it stands in.
    """
    names, tags, others = (
        " ".join(normalised(part.text) for part in group)
        for group in _groups(sheet, character_id=character_id)
    )
    return f"{names}{AFTER_NAMES}{tags}{AFTER_TAGS}{others}"


def excerpts(parts: Sequence[Part], /, *, words: Sequence[str]) -> list[Excerpt]:
    """Where the words stand: the first field of each, at most ``MOST_EXCERPTS``."""
    missing = list(words)
    found: list[Excerpt] = []
    for part in parts:
        if not missing or len(found) == MOST_EXCERPTS:
            break
        text = normalised(part.text)
        here = [word for word in missing if word in text]
        if here:
            missing = [word for word in missing if word not in here]
            runs = tuple(_excerpt(part.text, words=[w for w in words if w in text]))
            found.append(Excerpt(part.title, runs))
    return found


def is_covered(parts: Sequence[Part], /, *, words: Sequence[str]) -> bool:
    """Whether every word stands in some part."""
    texts = [normalised(part.text) for part in parts]
    return all(any(word in text for text in texts) for word in words)


def _excerpt(text: str, *, words: Sequence[str]) -> Iterator[Run]:
    """The text around the first word, with every word of it marked."""
    shown, is_cut = _window(" ".join(text.split()), words=words)
    marks = _marks(shown, words=words)
    first = next((at for at, is_hit in enumerate(marks) if is_hit), 0)
    start = max(0, first - EXCERPT_BEFORE)
    # Not in the middle of a word, if one begins soon.
    if start:
        gap = shown.find(" ", start, first)
        start = gap + 1 if gap >= 0 else start
    end = min(len(shown), start + EXCERPT_LENGTH)
    if start or is_cut:
        yield Run("… ", is_hit=False)
    at = start
    while at < end:
        stop = at
        while stop < end and marks[stop] == marks[at]:
            stop += 1
        yield Run(shown[at:stop], is_hit=marks[at])
        at = stop
    if end < len(shown):
        yield Run(" …", is_hit=False)


def _window(text: str, *, words: Sequence[str]) -> tuple[str, bool]:
    """The first stretch of a long text with a word, and whether others precede it.

    Marking asks for every character by itself, which is slow for a whole text.
    """
    for start in range(0, len(text), _WINDOW):
        window = text[start : start + 2 * _WINDOW]
        folded = normalised(window)
        if any(word in folded for word in words):
            return window, start > 0
    return text[: 2 * _WINDOW], False


def _marks(text: str, *, words: Sequence[str]) -> list[bool]:
    """For each character of ``text``, whether it belongs to one of the words."""
    folded: list[str] = []
    origin: list[int] = []  # Place in the folded text → place in the text.
    for start, cluster in _clusters(text):
        piece = normalize("NFKC", cluster).casefold()
        piece = normalize("NFKC", piece)
        folded.append(piece)
        origin += [start] * len(piece)
    whole = "".join(folded)
    ends = [*origin[1:], len(text)]
    marks = [False] * len(text)
    for word in words:
        at = whole.find(word)
        while at >= 0:
            last = at + len(word) - 1
            stop = next((e for e in ends[last:] if e > origin[last]), len(text))
            marks[origin[at] : stop] = [True] * (stop - origin[at])
            at = whole.find(word, at + len(word))
    return marks


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Characters with the marks that combine with them, and where each starts."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not unicodedata.combining(text[at]):
            yield start, text[start:at]
            start = at
