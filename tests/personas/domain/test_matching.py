"""Finding phrases as whole words."""

import re
import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.matching import (
    Edges,
    Match,
    PhraseIndex,
    comparable,
    find,
    normalised,
    spelled,
)

# Letters that meet: scripts with and without spaces, marks, and what folds.
ALPHABET = "aBé e\u0301xß_-  \n.’'1Жя\u0438\u0306ﬁＡ½ｶﾞ猫をทีก้กำ한\u1100\u1161Σς\u0345İ"
texts = st.text(alphabet=st.one_of(st.sampled_from(ALPHABET), st.characters()))


def found(text: str, *phrases: str) -> list[str]:
    """What stands in the text where the phrases were found."""
    return [text[m.start : m.end] for m in find(text, phrases=phrases)]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("party", "art"),
        ("The Arbiter", "art"),
        ("We prevent it", "event"),
        ("an invention", "invent"),
        ("barcode", "code"),
        ("Toadette", "Toad"),
        ("x\u0302", "x"),  # a mark adjoins
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939"),  # a vowel sign adjoins
        ("C++11", "C++"),
        ("2nd", "nd"),
        ("토드가", "토드"),  # Korean has spaces
        ("กิน", "ก"),  # would cut a letter from its vowel
        ("\u1780\u17d2\u1798", "\u1798"),  # a Khmer letter below another
    ],
)
def test_a_part_of_a_word_is_not_the_word(text, phrase):
    assert find(text, phrases=[phrase]) == []


@pytest.mark.parametrize(
    ("text", "phrase", "place"),
    [
        ("I love Ice_Cream!", "ice cream", "Ice_Cream"),
        ("ice  -\n cream", "ICE-CREAM", "ice  -\n cream"),
        ("non\u2011breaking", "non breaking", "non\u2011breaking"),
        ("STRASSE", "straße", "STRASSE"),
        ("Ein Ｔｏａｄ.", "toad", "Ｔｏａｄ"),
        ("ﬁsh", "FISH", "ﬁsh"),
        ("cafe\u0301 noir", "CAFÉ", "cafe\u0301"),
        ("what’s up", "What's up", "what’s up"),
        ("ｶﾞ", "ガ", "ｶﾞ"),
        ("use C++!", "c++", "C++"),
        ("(toad)", "toad", "toad"),
        ("猫が好き", "猫", "猫"),
        ("大好きな猫だ", "猫", "猫"),
        ("Toadが好き", "toad", "Toad"),
        ("私はToad", "toad", "Toad"),
        ("พี่ปลา", "ปลา", "ปลา"),
        ("ΟΔΟΣ", "οδος", "ΟΔΟΣ"),
        ("한국 사람", "사람", "사람"),
    ],
)
def test_a_whole_word_is_found_where_it_stands(text, phrase, place):
    assert found(text, phrase) == [place]
    [match] = find(text, phrases=[phrase])
    assert match.phrase == phrase


@pytest.mark.parametrize("phrase", ["", " ", "-", "_ -", "\u2010"])
def test_nothing_is_no_phrase(phrase):
    assert comparable(phrase) == ""
    assert find("a - b", phrases=[phrase]) == []


def test_every_place_is_told():
    text = "toad, Toad and TOADS"

    assert find(text, phrases=["Toad"]) == [Match("Toad", 0, 4), Match("Toad", 6, 10)]


def test_the_longest_wins_where_phrases_overlap():
    text = "new york city hall"

    assert found(text, "new york", "york city hall", "city") == ["york city hall"]
    assert found(text, "new york", "york city hall", "new") == [
        "new",
        "york city hall",
    ]


def test_of_two_as_long_the_earlier_wins():
    assert found("ab cd ef", "ab cd", "cd ef") == ["ab cd"]


def test_of_phrases_that_compare_equal_the_first_stands_for_all():
    index = PhraseIndex(["Ice-Cream", "ice cream"])

    assert index.find("ICE CREAM") == [Match("Ice-Cream", 0, 9)]


def test_end_of_the_text_does_not_make_a_phrase_longer():
    assert found("ab", "ab", "abc", "abcd") == ["ab"]


def test_a_space_that_normalising_makes_is_one_with_that_before():
    # An accent that stands alone is a space and a mark to compare.
    made = normalised("é \u00b4x")

    assert made.text == "é \u0301x"
    assert made.place(1, end=2) == (1, 3)


@given(texts)
def test_normalising_by_pieces_is_normalising_the_whole(text):
    folded = unicodedata.normalize("NFKC", text.replace("’", "'")).casefold()
    whole = unicodedata.normalize("NFKC", folded)

    assert normalised(text).text == re.sub(r"[\s_\-\u2010]+", " ", whole)


@given(texts)
def test_what_is_compared_compares_as_itself(text):
    once = comparable(text)

    assert comparable(once) == once


@given(texts)
def test_places_go_forward_and_stay_within_the_text(text):
    made = normalised(text)

    assert len(made.starts) == len(made.ends) == len(made.text)
    assert list(made.starts) == sorted(made.starts)
    places = zip(made.starts, made.ends, strict=True)
    assert all(0 <= s < e <= len(text) for s, e in places)


@given(texts, st.lists(texts, max_size=6))
def test_matches_are_what_they_say_and_never_overlap(text, phrases):
    matches = find(text, phrases=phrases)

    for match in matches:
        assert match.phrase in phrases
        assert (
            comparable(match.phrase) in normalised(text[match.start : match.end]).text
        )
    assert all(a.end <= b.start for a, b in pairwise(matches))


@given(texts, texts, texts)
def test_a_phrase_that_stands_alone_is_found(before, phrase, after):
    if comparable(phrase):
        text = f"{before} . {phrase} . {after}"

        start = len(before) + 3
        places = [(m.start, m.end) for m in find(text, phrases=[phrase])]
        assert any(s >= start and e <= start + len(phrase) for s, e in places)


@given(texts, st.lists(texts, min_size=1, max_size=6))
def test_a_longer_match_is_never_given_up_for_a_shorter(text, phrases):
    matches = find(text, phrases=phrases)

    longest = max(phrases, key=lambda phrase: len(comparable(phrase)))
    alone = find(text, phrases=[longest])
    if (
        alone
        and sum(len(comparable(p)) == len(comparable(longest)) for p in phrases) == 1
    ):
        assert {(m.start, m.end) for m in alone} <= {(m.start, m.end) for m in matches}


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("some words of a message " * 342, [f"phrase {n} of many" for n in range(500)]),
        ("а б в " * 1365, [f"слово {n}" for n in range(500)]),
        ("あ" * 2730, ["あ" * n for n in range(1, 201)]),
        ("a " * 4096, ["a " * n + "a" for n in range(100)]),
    ],
)
def test_the_largest_message_takes_no_time(text, phrases):
    index = PhraseIndex(phrases)
    start = time.thread_time()

    index.find(text)

    # Measured 4 to 30 ms; a cost by the product of both would be seconds.
    assert time.thread_time() - start < 1


@given(st.text(alphabet="aB -_\n\té\u0301’漢", max_size=30))
def test_places_tile_the_text_but_for_what_became_one_space(text):
    given_text = normalised(text)

    places = list(zip(given_text.starts, given_text.ends, strict=True))
    assert len(places) == len(given_text.text)
    assert "  " not in given_text.text
    for (_, end), (start, _) in pairwise(places):
        assert start <= end
    assert not text or (places[0][0], places[-1][1]) == (0, len(text))
    for letter, (start, end) in zip(given_text.text, places, strict=True):
        assert comparable(text[start:end]) == letter.strip() or letter in comparable(
            text[start:end]
        )


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("", [], []),
        ("a -_b", [0, 1, 4], [1, 4, 5]),
        ("a  b\n\nc ", [0, 1, 3, 4, 6, 7], [1, 3, 4, 6, 7, 8]),
        ("a \u2010  b", [0, 1, 5], [1, 5, 6]),
        ("é\u2010 b", [0, 1, 3], [1, 3, 4]),
        ("\u2010  é ", [0, 3, 4], [3, 4, 5]),
    ],
)
def test_separators_in_a_row_are_one_space_with_one_place(text, starts, ends):
    given_text = normalised(text)

    assert (list(given_text.starts), list(given_text.ends)) == (starts, ends)
    assert given_text.starts[: len(starts)] == starts or not starts


@pytest.mark.parametrize(
    ("text", "start", "end", "is_whole"),
    [("a toad", 2, 6, True), ("toads", 0, 4, False), ("atoad", 1, 5, False)],
)
def test_edges_tell_where_words_are_whole(text, start, end, is_whole):
    assert Edges(text).allow(start, end=end) is is_whole


def test_a_spelling_keeps_its_capitals():
    assert spelled(" The_Ｔoad’s  ") == "The Toad's"
