"""What ``parse_json`` reads, and how it refuses everything else."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import limits
from core.parsing import BadJSON, parse_json, pointer_to

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_parse_json_reads_back_what_was_written(value):
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=400))
def test_parse_json_of_any_bytes_gives_a_value_or_bad_json(raw):
    with suppress(BadJSON):
        parse_json(raw)


@given(st.text(alphabet='[]{}",:0123456789eE.-\\ud0aNntrfalsu ', max_size=200))
def test_parse_json_of_nearly_json_gives_a_value_or_bad_json(text):
    with suppress(BadJSON):
        parse_json(text.encode())


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (b"", "invalid_json", ""),
        (b"{", "invalid_json", ""),
        (b"{} {}", "invalid_json", ""),
        (b'{"a": 1,}', "invalid_json", ""),
        (b'"line\nbreak"', "invalid_json", ""),
        (b"\xef\xbb\xbf{}", "not_utf8", ""),
        ('{"a": 1}'.encode("utf-16"), "not_utf8", ""),
        ('{"a": 1}'.encode("utf-16-le"), "not_utf8", ""),
        ('{"a": 1}'.encode("utf-32-be"), "not_utf8", ""),
        ('{"a": "é"}'.encode("latin-1"), "not_utf8", ""),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8", ""),
        (b"[" * 1000, "json_too_deep", ""),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "json_too_deep", ""),
        (b'{"a": [1, NaN]}', "number_not_finite", "/a/1"),
        (b"[-Infinity]", "number_not_finite", "/0"),
        (b'{"a": 1e400}', "number_not_finite", "/a"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number_too_large", "/a"),
        (b"-" + b"1" * 19, "number_too_large", ""),
        (b"[0." + b"1" * 401 + b"]", "number_too_large", "/0"),
        (b'{"type": "a", "type": "b"}', "duplicate_key", "/type"),
        (b'{"a": [{"b/c": 1, "b/c": 2}]}', "duplicate_key", "/a/0/b~1c"),
        (b'{"a": {"b": 1, "b": 2}, "a": 3}', "duplicate_key", "/a"),
        (rb'{"a": ["ok", "\u0000"]}', "nul_character", "/a/1"),
        (rb'{"a": {"k\u0000": 1}}', "nul_character", "/a/k\x00"),
        (rb'{"a": "\ud800"}', "invalid_unicode", "/a"),
        (rb'{"\udc00": 1}', "invalid_unicode", "/?"),
    ],
)
def test_parse_json_refuses(raw, code, pointer):
    with pytest.raises(BadJSON) as caught:
        parse_json(raw)

    assert (caught.value.code, caught.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"{", 400), (b"NaN", 400), (rb'"\u0000"', 422), (rb'"\ud800"', 422)],
)
def test_bad_json_tells_unreadable_from_unusable(raw, status):
    with pytest.raises(BadJSON) as caught:
        parse_json(raw)

    assert caught.value.status == status


def test_syntax_errors_name_line_and_column():
    with pytest.raises(BadJSON, match="line 2, column 8"):
        parse_json(b'{\n  "a": nope\n}')


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"1" * limits.INTEGER_DIGITS, int("1" * limits.INTEGER_DIGITS)),
        (b"[" * 32 + b"]" * 32, None),
        (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        (b'"' + b"[" * 100 + b'"', "[" * 100),
        (rb'["\"[[[", ' + b"[" * 31 + b"]" * 31 + b"]", None),
        (rb'"\\u0000"', r"\u0000"),
        (b" null ", None),
    ],
)
def test_parse_json_accepts_the_edge(raw, value):
    parsed = parse_json(raw)

    assert value is None or parsed == value


@pytest.mark.parametrize(
    "raw",
    [
        rb'"' + rb"\"" * 500_000,
        b'"' * 1_000_000,
        b"[]," * 300_000,
        b'{"a":' * 200_000,
        b"[" + b"9" * 1_000_000 + b"]",
    ],
)
def test_parse_json_takes_linear_time(raw):
    started = time.thread_time()

    with pytest.raises(BadJSON):
        parse_json(raw)

    assert time.thread_time() - started < 2


def test_pointer_escapes_slash_and_tilde():
    assert pointer_to(("a/b", 0, "~")) == "/a~1b/0/~0"
