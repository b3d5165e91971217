"""Very many phrases in one index: found as each alone would be."""

import pytest
from hypothesis import given

from personas.domain.matching import Edges, comparable, normalised
from routing.domain.phrases import PhraseMap, _Words
from tests.routing.domain.test_deciding_properties import phrases, texts


def index_of(*phrases: str) -> PhraseMap[str]:
    return PhraseMap[str].empty().patched(put=[(p, p.upper()) for p in phrases])


def found(text: str, *phrases: str) -> list[tuple[int, int, str]]:
    return index_of(*phrases).find(normalised(text))


@pytest.mark.parametrize(
    ("text", "phrase", "places"),
    [
        ("toad", "toad", [(0, 4)]),
        ("a toad, TOAD!", "toad", [(2, 6), (8, 12)]),
        ("toads", "toad", []),
        ("ice cream", "ice cream", [(0, 9)]),
        ("ice, cream", "ice cream", []),
        ("ice", "ice cream", []),
        ("ice creams", "ice cream", []),
        ("c++ c++11 c", "c++", [(0, 3)]),
        ("c+", "c++", []),
        (".net x.net", ".net", [(0, 4)]),
        (".ne", ".net", []),
        ("🍄🍄", "🍄", [(0, 1), (1, 2)]),
        ("大好きな猫", "猫", [(4, 5)]),
        ("toadが", "toad", [(0, 4)]),
        ("toad\u0302", "toad", []),
        ("жаба и жабы", "жаба", [(0, 4)]),
        ("", "toad", []),
    ],
)
def test_a_phrase_is_found_as_whole_words(text, phrase, places):
    assert found(text, phrase) == [(*place, phrase.upper()) for place in places]


def test_phrases_may_overlap_and_come_by_place():
    assert found("new york city c++", "york city", "c++", "new york", "york") == [
        (0, 8, "NEW YORK"),
        (4, 8, "YORK"),
        (4, 13, "YORK CITY"),
        (14, 17, "C++"),
    ]


@pytest.mark.parametrize("phrase", ["toad", "c++", "猫"])
def test_a_phrase_may_be_changed_and_dropped(phrase):
    index = index_of("other", phrase)

    changed = index.patched(put=[(phrase, "changed")])
    gone = changed.patched(drop=[phrase])

    assert index.get(phrase) == phrase.upper()
    assert changed.get(phrase) == "changed"
    assert gone.get(phrase) is None
    assert gone.find(normalised(phrase)) == []
    assert index.find(normalised(phrase)) == [(0, len(phrase), phrase.upper())]


def test_what_characters_are_is_remembered_only_of_so_many():
    full = _Words(dict.fromkeys(range(65_536), " "))

    assert full[0x10400] == "\U00010400"
    assert 0x10400 not in full


@given(texts, phrases)
def test_all_are_found_that_each_alone_would_be(text, given_phrases):
    keys = {comparable(phrase) for phrase in given_phrases} - {""}
    compared = normalised(text)
    edges = Edges(compared.text)

    expected = [
        (start, start + len(key), key.upper())
        for key in keys
        for start in range(len(compared.text))
        if compared.text.startswith(key, start)
        and edges.allow(start, end=start + len(key))
    ]
    assert sorted(found(text, *keys)) == sorted(expected)
