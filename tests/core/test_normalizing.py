"""Normalization that nobody can make slow."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.normalizing import MOST_MARKS, normalize

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text())
def test_texts_that_people_write_come_out_as_unicode_says(form, text):
    assert normalize(form, text) == unicodedata.normalize(form, text)


@given(st.integers(min_value=0, max_value=MOST_MARKS // 2))
def test_as_many_marks_as_fit_are_put_in_order(count):
    text = "a" + "\u0301\u0323" * count

    assert normalize("NFC", text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\u0344\u0323"])
def test_a_long_run_of_marks_costs_no_more_than_other_text(form, marks):
    def cpu(text):
        started = time.process_time()
        normalize(form, text)
        return time.process_time() - started

    long = marks * 20_000

    # As a ratio: sorting the run in one piece takes hundreds of times as long.
    assert cpu(long) < 40 * max(cpu("é" * len(long)), 0.002)
