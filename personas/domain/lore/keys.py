r"""What a key of an entry looks for: words, or a pattern that RE2 can match.

Patterns are matched by RE2 only, whose time grows with the text, whatever the
pattern. What it cannot do (looking ahead and behind, referring back) is never
matched, and named. Differences from SillyTavern's code: a pattern that cannot be
read matches nothing, as Card V3 asks, and is not quietly taken for plain text;
whole words are whole by Unicode and count for phrases of several words too.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from personas.domain.matching import comparable

PATTERN_BYTES: Final = 64 * 1024
"""Memory that RE2 may use for one pattern; bounds the size of its program too."""

_FLAGS: Final = frozenset("gimsuy")
_KEPT_FLAGS: Final = "ims"  # The others mean nothing for one look at a text.
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
_TOKEN: Final = re.compile(
    r"\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u(?:\{(?P<braced>[0-9a-fA-F]{1,6})\}|(?P<plain>[0-9a-fA-F]{4}))"
    r"|(?P<any>\[\^\])|\\.",
    re.DOTALL,
)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")

_LOOKING: Final = tuple(
    f"invalid perl operator: (?{sign}" for sign in ("=", "!", "<=", "<!")
)

NOTHING_TO_FIND: Final = "There is nothing in it to look for but spaces and hyphens."


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is looked for.

    ``text`` is the key trimmed, its names put in; ``source`` the pattern as RE2
    reads it, ``None`` for a plain key, which alone the options count for.
    """

    text: str
    whole_words: bool = False
    case_sensitive: bool = False
    source: str | None = None


def read_key(
    written: str,
    *,
    whole_words: bool | None,
    case_sensitive: bool | None,
    use_regex: bool | None,
) -> Key | None:
    """The key, with an entry's options for it; ``None`` if it is blank.

    Options that are ``None`` are as SillyTavern ships them: whole words, capitals
    or not. A key ``/so/i`` is a pattern whatever the options, and its own flags
    alone count; with ``use_regex`` every other key is one as well.
    """
    text = written.strip()
    if not text:
        return None
    is_exact = bool(case_sensitive)
    slashed = _slashed(text)
    if slashed is not None:
        return Key(text, source=_for_re2(*slashed))
    if not use_regex:
        is_whole = whole_words is None or whole_words
        return Key(text, whole_words=is_whole, case_sensitive=is_exact)
    if text.isalnum():
        # The same as looking for the text, at a part of the cost.
        return Key(text, case_sensitive=is_exact)
    return Key(text, source=_for_re2(text, "" if is_exact else "i"))


def unsupported_pattern(key: str, *, use_regex: bool | None = None) -> str:
    """Why a key can never match, as a sentence; empty if it can.

    ``use_regex`` as in the entry: whether keys are patterns without slashes too.
    """
    found = read_key(key, whole_words=None, case_sensitive=None, use_regex=use_regex)
    return "" if found is None else unsupported(found)


def unsupported(key: Key) -> str:
    """Why a key can never match, as a sentence; empty if it can."""
    if key.source is None:
        return "" if comparable(clean(key.text)) else NOTHING_TO_FIND
    program = compiled(key.source)
    return program if isinstance(program, str) else ""


@lru_cache(maxsize=256)
def compiled(source: str) -> Any:
    """The pattern, ready to be looked for, or a sentence why it is none."""
    try:
        return re2.compile(source, pattern_options())
    except re2.error as error:
        return _why(error)


def pattern_options(*, memory: int = PATTERN_BYTES) -> re2.Options:
    """Quiet, bounded in memory, and without groups, which nobody asks for."""
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.never_capture = True
    return options


def clean(text: str) -> str:
    """The text with each half of a surrogate pair replaced; no library takes those."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _slashed(text: str) -> tuple[str, str] | None:
    """Pattern and flags of ``/pattern/flags``; a bare slash within makes it text."""
    if not text.startswith("/"):
        return None
    body, _, flags = text[1:].rpartition("/")
    bare = _ESCAPED.sub("", body)
    # A slash that is escaped, by what is then left over, does not end the pattern.
    if not body or not _FLAGS.issuperset(flags) or "/" in bare or bare.endswith("\\"):
        return None
    return body, flags


def _for_re2(body: str, flags: str) -> str:
    """The pattern as RE2 writes it; what JavaScript alone has and RE2 can say."""
    kept = "".join(flag for flag in _KEPT_FLAGS if flag in flags)
    source = _TOKEN.sub(_token, clean(body))
    return f"(?{kept}){source}" if kept else source


def _token(found: re.Match[str]) -> str:
    if found["high"]:
        high, low = int(found["high"], 16), int(found["low"], 16)
        return rf"\x{{{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):x}}}"
    code = found["braced"] or found["plain"]
    # Half of a pair stays, for RE2 to refuse.
    if code and not 0xD800 <= int(code, 16) <= 0xDFFF:
        return rf"\x{{{code}}}"
    return r"[\s\S]" if found["any"] else found[0]


def _why(error: Exception) -> str:
    said = error.args[0]
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if reason.startswith(_LOOKING):
        return "Patterns here cannot look ahead or behind: (?=, (?!, (?<= and (?<!."
    if re.search(r"\\(?:[1-9]|k)", reason):
        return r"Patterns here cannot refer back to a group, as \1 does."
    if "too large" in reason:
        return "The pattern is too large; write several keys instead."
    return f"The pattern cannot be read: {reason[:200]}."
