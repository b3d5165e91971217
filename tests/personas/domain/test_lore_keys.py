"""What keys look for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.lore.keys import (
    NOTHING_TO_FIND,
    Key,
    clean,
    compiled,
    read_key,
    unsupported_pattern,
)


def read(key, **options):
    plain = dict.fromkeys(("whole_words", "case_sensitive", "use_regex"))
    return read_key(key, **{**plain, **options})


@pytest.mark.parametrize(
    ("key", "options", "expected"),
    [
        ("  Toad ", {}, Key("Toad", whole_words=True)),
        ("Toad", {"whole_words": False}, Key("Toad")),
        (
            "Toad",
            {"case_sensitive": True},
            Key("Toad", whole_words=True, case_sensitive=True),
        ),
        ("", {}, None),
        (" \n", {}, None),
        ("/toad/", {}, Key("/toad/", source="toad")),
        ("/toad/i", {}, Key("/toad/i", source="(?i)toad")),
        ("/toad/gimsuy", {}, Key("/toad/gimsuy", source="(?ims)toad")),
        ("/toad/", {"whole_words": True}, Key("/toad/", source="toad")),
        (r"/a\/b/", {}, Key(r"/a\/b/", source=r"a\/b")),
        (r"/a\\/", {}, Key(r"/a\\/", source=r"a\\")),
        ("/[^]/", {}, Key("/[^]/", source=r"[\s\S]")),
        (r"/\u4e2d/", {}, Key(r"/\u4e2d/", source=r"\x{4e2d}")),
        (r"/\u{1f438}/u", {}, Key(r"/\u{1f438}/u", source=r"\x{1f438}")),
        (r"/\ud83d\udc38/", {}, Key(r"/\ud83d\udc38/", source=r"\x{1f438}")),
        (r"/\\u4e2d/", {}, Key(r"/\\u4e2d/", source=r"\\u4e2d")),
        ("to[ao]d", {"use_regex": True}, Key("to[ao]d", source="(?i)to[ao]d")),
        (
            "to[ao]d",
            {"use_regex": True, "case_sensitive": True},
            Key("to[ao]d", source="to[ao]d"),
        ),
        ("toad", {"use_regex": True}, Key("toad")),
        ("/toad/", {"use_regex": True}, Key("/toad/", source="toad")),
    ],
)
def test_keys_are_read(key, options, expected):
    assert read(key, **options) == expected


@pytest.mark.parametrize(
    "key", ["/home/user", "/a/b/i", "//", "/", "/toad", r"/a\/", "/toad/x", "/[/]/"]
)
def test_a_path_is_no_pattern(key):
    assert read(key) == Key(key, whole_words=True)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("toad", ""),
        ("", ""),
        ("/toad/", ""),
        ("/(?<name>toad)/", ""),
        ("- _", NOTHING_TO_FIND),
        ("/(?=x)/", "look ahead"),
        ("/(?!x)/", "look ahead"),
        ("/(?<=x)y/", "behind"),
        ("/(?<!x)y/", "behind"),
        (r"/(a)\1/", "refer back"),
        (r"/(?<n>a)\k<n>/", "refer back"),
        ("/((/", "cannot be read: missing"),
        ("/((?<n>a/", "cannot be read: missing"),
        (r"/\ud83d/", "cannot be read"),
        (r"/\p{L}{900}/", "too large"),
    ],
)
def test_what_cannot_be_looked_for_is_explained(key, why):
    found = unsupported_pattern(key)

    assert why in found
    assert bool(why) is bool(found)


def test_every_key_may_be_a_pattern():
    assert unsupported_pattern("a(") == ""
    assert "cannot be read" in unsupported_pattern("a(", use_regex=True)


def test_halves_of_pairs_are_replaced_one_for_one():
    assert clean("a\ud800b") == "a\ufffdb"
    assert clean("ab") == "ab"


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_read_as_a_pattern_or_refused_with_a_sentence(text):
    key = read_key(text, whole_words=None, case_sensitive=None, use_regex=True)

    if key is not None and key.source is not None:
        program = compiled(key.source)
        assert isinstance(program, str) == bool(
            unsupported_pattern(text, use_regex=True)
        )
