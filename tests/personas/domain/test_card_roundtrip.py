"""Whatever a card says comes back, through every form that can hold it."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from personas.domain.canonical import is_same
from personas.domain.cards.containers import Asset, pack_charx
from personas.domain.cards.reading import ParsedCard
from personas.domain.cards.writing import CardForm, write_card
from personas.domain.dialects import ParsedCharacter, UnreadableFile
from personas.domain.lore.sheets import BookSheet
from tests.personas.domain.card_made import book_in, parsed_card, png, sheet_in
from tests.personas.domain.dialect_files import PRIVATE, public
from tests.personas.domain.strategies import LINES, TEXT, TREES

ENTRIES = st.fixed_dictionaries(
    {"keys": st.lists(LINES, max_size=2), "content": TEXT},
    optional={
        "enabled": st.booleans(),
        "insertion_order": st.integers(-5, 500),
        "comment": TEXT,
        "constant": st.booleans(),
        "extensions": TREES,
        "unknown": TREES,
    },
)
BOOKS = st.fixed_dictionaries(
    {"entries": st.lists(ENTRIES, max_size=3)},
    optional={"name": LINES, "description": TEXT, "extensions": TREES, "new": TEXT},
)
ASSETS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["icon", "emotion", "x_other"]),
            "uri": st.sampled_from(
                [
                    "ccdefault:",
                    "embeded://a.png",
                    "embeded://b.webp",
                    "embeded://gone",
                    "https://a.example/b.png",
                    "data:image/png;base64,YWJj",
                ]
            ),
            "name": st.sampled_from(["main", "smile"]),
            "ext": st.sampled_from(["png", "webp"]),
        }
    ),
    max_size=3,
)
LINE = LINES | st.just("  two  words ")
EXTENSIONS = st.fixed_dictionaries(
    {},
    optional={
        "fav": st.booleans(),
        "talkativeness": st.sampled_from(["0.5", 1]),
        "depth_prompt": TREES,
        "knowledge_domain": st.fixed_dictionaries(
            {},
            optional={"rag_categories": st.lists(LINES, max_size=2), "edition": TREES},
        ),
        "topic_interests": st.lists(LINES, max_size=2) | LINES,
        "evolution_stages": st.lists(
            st.fixed_dictionaries({"milestone": st.integers(1, 3)}), max_size=2
        ),
        "risuai": TREES,
    },
)
DATA = st.fixed_dictionaries(
    {"name": LINE},
    optional={
        "description": TEXT,
        "personality": TEXT,
        "first_mes": TEXT,
        "creator_notes": TEXT,
        "system_prompt": TEXT | st.just("a\\nb"),
        "post_history_instructions": TEXT,
        "alternate_greetings": st.lists(TEXT, max_size=2) | TEXT,
        "tags": st.lists(LINES, max_size=2, unique=True) | st.just("a, b"),
        "creator": LINE,
        "nickname": LINE,
        "avatar": st.sampled_from(["none", "https://a.example/b.png"]),
        "avatar_url": st.sampled_from(["https://a.example/c.png"]),
        "group_only_greetings": st.lists(TEXT, max_size=2),
        "creator_notes_multilingual": st.dictionaries(LINES, TEXT, max_size=2),
        "source": st.lists(TEXT, max_size=2),
        "assets": ASSETS,
        "creation_date": st.integers(0, 10**9),
        "modification_date": st.integers(0, 10**9),
        "character_book": BOOKS | st.none() | st.just("none"),
        "extensions": EXTENSIONS,
        "embedded_lorebook": TREES,
    },
)
CARDS = st.builds(
    lambda root, data, spec: {**root, **spec, "data": data},
    st.fixed_dictionaries(
        {},
        optional={
            "name": LINE,
            "chat": TEXT,
            "create_date": TEXT,
            "fav": st.booleans(),
            "talkativeness": st.just("0.5"),
            "creatorcomment": TEXT,
            "modified": TREES,
        },
    ),
    DATA,
    st.sampled_from(
        [
            {"spec": "chara_card_v2", "spec_version": "2.0"},
            {"spec": "chara_card_v3", "spec_version": "3.0"},
        ]
    ),
)
FILES = (Asset("a.png", b"one"), Asset("b.webp", b"two"))


def written(
    parsed: ParsedCard, form: CardForm, *, picture: bytes | None, files: Any = ()
) -> bytes:
    assert isinstance(parsed.content, ParsedCharacter)
    return write_card(
        parsed.content.sheet,
        character_id=parsed.content.character_id,
        form=form,
        books=[book_in(parsed)] if parsed.book else [],
        picture=picture,
        assets=files,
    )


EVERYTHING = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "modified": {"by": "me"},
    "chat": "private",
    "data": {
        "name": " Ada ",
        "tags": "a, b",
        "nickname": "N",
        "avatar": "https://a.example/b.png",
        "avatar_url": "https://a.example/c.png",
        "source": ["here"],
        "assets": [
            {"type": "icon", "uri": "embeded://a.png", "name": "main", "ext": "png"},
            {"type": "emotion", "uri": "embeded://b.webp", "name": "s", "ext": "webp"},
        ],
        "character_book": {"entries": [{"keys": ["a"], "content": "b", "x": 1}]},
        "extensions": {"topic_interests": "tea", "risuai": {"a": 1}, "fav": False},
    },
}


@pytest.mark.parametrize("form", list(CardForm))
@settings(deadline=None, max_examples=60)
@given(document=CARDS, has_picture=st.booleans())
@example(document=EVERYTHING, has_picture=True)
@example(document=EVERYTHING, has_picture=False)
def test_a_card_comes_back_from_every_form(form, document, has_picture):
    try:
        first = parsed_card(in_charx(document), name="first.charx")
    except UnreadableFile:
        return
    picture = png() if has_picture or form is CardForm.PNG else None

    raw = written(first, form, picture=picture, files=first.assets)
    again = parsed_card(raw, name=f"again.{form}")

    assert is_same(sheet_in(again), public(sheet_in(first)))
    assert again.content.character_id == first.content.character_id
    assert again.picture == picture
    if form is CardForm.CHARX:
        assert set(again.assets) == set(first.assets)
    assert (again.book is None) == (first.book is None)
    if first.book is not None and again.book is not None:
        assert said_of(again.book.sheet) == said_of(first.book.sheet)
        assert all(map(is_same, again.book.entries, first.book.entries))
        assert len(again.book.entries) == len(first.book.entries)


def said_of(sheet: BookSheet) -> dict[str, Any]:
    """A book's sheet; how a file spelled an empty object is not what it said."""
    dumped = sheet.model_dump(mode="json")
    fields = dumped["origin"].get("fields", {})
    dumped["origin"]["fields"] = {k: v for k, v in fields.items() if v != {}}
    return dumped


def in_charx(document: dict[str, Any]) -> bytes:
    return pack_charx(json.dumps(document).encode(), assets=FILES)


def content_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a card says, without our block, the private, dates and defaults."""
    data = dict(document["data"])
    extensions = dict(data.pop("extensions", {}))
    extensions.pop("dramatis", None)
    extensions.pop("fav", None)
    hidden = {*PRIVATE, "creation_date", "modification_date"}
    said = {
        k: v for k, v in data.items() if k not in hidden and v not in ("", [], None)
    }
    return {**said, "extensions": extensions}


THEIRS = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        "name": " Ada ",
        "nickname": "N",
        "description": "d",
        "system_prompt": "a\\nb",
        "tags": "a, b",
        "creator": "C",
        "alternate_greetings": "Hi",
        "group_only_greetings": ["All!"],
        "creator_notes_multilingual": {"de": "x"},
        "source": ["here"],
        "avatar": "https://a.example/b.png",
        "modification_date": 7,
        "create_date": "x",
        "character_book": {
            "name": "Harbour",
            "extensions": {"a": 1},
            "entries": [
                {
                    "keys": ["quay"],
                    "content": "@@depth 2\nWet.",
                    "extensions": {"b": 2},
                    "enabled": False,
                    "insertion_order": 3,
                    "use_regex": False,
                    "unknown": [1],
                }
            ],
        },
        "extensions": {
            "fav": True,
            "topic_interests": "tea",
            "evolution_stages": [
                {"milestone": "5", "unlocks": {"tone": "warm"}, "x": 1}
            ],
            "risuai": {"triggerscript": [1]},
        },
        "invented": {"a": [1, 2.5, None, True]},
    },
}


def test_somebody_elses_card_says_the_same_after_v3():
    first = parsed_card(THEIRS)

    raw = written(first, CardForm.V3_JSON, picture=None)

    assert content_of(json.loads(raw)) == content_of(THEIRS)


def test_somebody_elses_card_says_the_same_after_v2_and_v3():
    first = parsed_card(THEIRS)

    second = parsed_card(written(first, CardForm.V2_JSON, picture=None))
    raw = written(second, CardForm.V3_JSON, picture=None)

    assert content_of(json.loads(raw)) == content_of(THEIRS)


@pytest.mark.parametrize("form", [CardForm.V3_JSON, CardForm.CHARX])
def test_files_come_back_with_their_names(form):
    rows = [
        {"type": "emotion", "uri": "embeded://x/a b.png", "name": "s", "ext": "png"},
        {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"},
    ]
    files = [Asset("x/a b.png", b"one")]
    first = parsed_card({**THEIRS, "data": {"name": "Ada", "assets": rows}})

    raw = written(first, form, picture=png(), files=files)
    again = parsed_card(raw, name=f"a.{form}")

    assert list(again.assets) == files
    assert again.picture == png()
    assert is_same(sheet_in(again), sheet_in(first))
