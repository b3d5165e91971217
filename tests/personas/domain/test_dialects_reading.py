"""Reading bytes as JSON, and telling what a file is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import limits
from personas.domain.dialects import Dialect, UnreadableFile, read_prompt_file
from personas.domain.dialects.reading import FILE_DEPTH, load
from personas.domain.remarks import Action, Remark


def nothing(name: str) -> None:
    return None


def refusal(raw: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read_prompt_file(raw, stem="file", read_text=nothing)
    return caught.value


def repairs(raw: bytes) -> list[tuple[str, str]]:
    return [(r.field, r.detail) for r in load(raw)[1]]


def test_plain_json_is_read_without_remarks():
    assert load('{"ü": [1, -2.5, true, null, "♪"]}'.encode()) == (
        {"ü": [1, -2.5, True, None, "♪"]},
        [],
    )


def test_byte_order_mark_is_taken_off():
    value, remarks = load(b"\xef\xbb\xbf{}")

    assert value == {}
    assert remarks == [
        Remark("", Action.REPAIRED, "Byte order mark at the start removed.")
    ]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_named(codec):
    assert "UTF-16" in str(refusal('{"name": "Ada"}'.encode(codec)))


def test_latin_1_is_refused_with_the_place():
    message = str(refusal('{"name": "Zoë"}'.encode("latin-1")))

    assert "not UTF-8" in message
    assert "byte 13 is 0xEB" in message


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b'{"a": 1e400}', "1e400 is too large"),
        (b'{"a": -1e400}', "-1e400 is too large"),
        (b'{"a": 1}\n{"b": 2}', "after the end of the JSON at 2:1"),
        (b'{"a":\n  1,}', "at 2:"),
        (b'{"a": "b\nc"}', "Invalid control character"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": "\\q"}', "not JSON"),
        (b'{"a": "no end', "not JSON"),
        (b'{"a": "no end\\', "not JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(raw, part):
    error = refusal(raw)

    assert part in str(error)
    assert error.pointer == ""


def test_integers_of_as_many_digits_as_allowed_are_read():
    number = "9" * limits.INTEGER_DIGITS

    assert load(f"[-{number}]".encode())[0] == [-int(number)]


def test_longer_integers_become_text_and_their_places_are_named():
    number = "-1" + "0" * limits.INTEGER_DIGITS
    raw = f'{{"a": {{"b": [1, {number}]}}, "c": {number[1:]}, "d": "x"}}'.encode()

    assert load(raw)[0] == {"a": {"b": [1, number]}, "c": number[1:], "d": "x"}
    detail = (
        "A number of 19 digits, more than all programs can keep, became text; it goes"
        " out as text too."
    )
    assert repairs(raw) == [("a.b.1", detail), ("c", detail)]
    again = json.dumps(load(raw)[0]).encode()
    assert load(again) == (load(raw)[0], [])


def test_numbers_with_more_digits_than_python_reads_become_text():
    number = "9" * 10_000

    assert load(f"[{number}]".encode())[0] == [number]


def test_a_flood_of_repairs_is_counted():
    raw = b"[" + b",".join([b"1" * 19] * 203) + b"]"

    found = repairs(raw)

    assert len(found) == 201
    assert found[-1] == ("", "And 3 more places with the fault of the last one named.")


def test_files_over_the_size_limit_are_refused():
    assert "20,000,000 are allowed" in str(refusal(b" " * (limits.UPLOAD_BYTES + 1)))


def test_depth_is_limited_before_anything_is_parsed():
    deepest = b"[" * FILE_DEPTH + b"]" * FILE_DEPTH

    assert load(deepest)[1] == []
    assert "deep at line 2" in str(refusal(b"\n[" + deepest + b"]"))
    assert "levels deep" in str(refusal(b'{"a":' * 100_000))


def test_brackets_in_texts_do_not_count_as_depth():
    text = '\\"[{' * 200

    assert load(json.dumps([text]).encode())[0] == [text]


def test_repeated_keys_last_wins_and_is_named():
    raw = b'{"a": {"b": 1, "c": 2, "b": 3, "b": 4}}'

    assert load(raw)[0] == {"a": {"b": 4, "c": 2}}
    assert repairs(raw) == [
        ("a.b", "The key came more than once; the last one counts.")
    ]


def test_keys_that_become_equal_count_as_repeated():
    raw = b'{"a": 1, "a\\u0000": 2}'

    assert load(raw)[0] == {"a": 2}
    assert [field for field, _ in repairs(raw)] == ["a", ""]


def test_nul_characters_are_removed_and_counted_by_field():
    raw = b'{"a": {"b": ["x\\u0000y", "\\u0000\\u0000"]}}'

    assert load(raw)[0] == {"a": {"b": ["xy", ""]}}
    assert repairs(raw) == [("a.b", "NUL characters removed: 3.")]


def test_halves_of_pairs_are_replaced_and_counted_by_field():
    raw = b'{"a": "\\ud83c!", "whole": "\\ud83c\\udfb5"}'

    assert load(raw)[0] == {"a": "�!", "whole": "🎵"}
    assert repairs(raw) == [
        ("a", "Broken characters (half of a pair) replaced with �: 1.")
    ]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([1, 2], "a list of 2 items"),
        (None, "only null"),
        ("text", "only a text"),
        (False, "only true or false"),
        (4.5, "only a number"),
        ({}, "an empty object"),
        ({"entries": {}}, "a lorebook"),
        ({"spec": "lorebook_v3", "data": {"entries": []}}, "a lorebook"),
        ({"version": "1.0", "dependencies": {}}, "description of a program package"),
        ({"name": "x", "scripts": {}}, "description of a program package"),
        ({"a": 1, "b": 2}, "an object with the fields a, b"),
        (dict.fromkeys("abcdefgh", 1), "the fields a, b, c, d, e and 3 more"),
        ({"data": {"name": "x"}}, "an object with the fields data"),
    ],
)
def test_files_that_hold_no_prompt_are_told_what_they_are(value, what):
    assert what in str(refusal(json.dumps(value).encode()))


@pytest.mark.parametrize(
    ("document", "dialect"),
    [
        ({"spec": "chara_card_v2", "data": {"name": "A"}}, Dialect.CARD),
        ({"spec": "chara_card_v9", "data": {"name": "A"}}, Dialect.CARD),
        ({"data": {"name": "A", "first_mes": ""}}, Dialect.CARD),
        ({"name": "A", "personality": ""}, Dialect.CARD),
        ({"prompt_template": "x"}, Dialect.FRAMEWORK),
        ({"behavioral_patterns": {}}, Dialect.FRAMEWORK),
        (
            {"spec": "chara_card_v2", "framework_id": "a", "prompt_template": ""},
            Dialect.FRAMEWORK,
        ),
        ({"core": {}}, Dialect.AUTONOMOUS),
        ({"autonomous_behavior": {}}, Dialect.AUTONOMOUS),
        ({"identity": {}}, Dialect.LEGACY),
        ({"character_id": "a"}, Dialect.LEGACY),
        ({"display_name": "A"}, Dialect.LEGACY),
        ({"display_name": "A", "prompt_file": "a.txt"}, Dialect.FIRST),
    ],
)
def test_dialects_are_told_apart(document, dialect):
    parsed = read_prompt_file(
        json.dumps(document).encode(), stem="file", read_text=lambda name: b"text"
    )

    assert parsed.dialect == dialect


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw):
    assert isinstance(refusal(raw), UnreadableFile)
