"""Looking for many keys at once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.lore import scanning
from personas.domain.lore.keys import NOTHING_TO_FIND, Key, read_key
from personas.domain.lore.scanning import (
    MARK,
    TOO_MANY_PATTERNS,
    Effort,
    Hit,
    KeyTable,
)
from personas.domain.lore.tracing import Bound
from personas.domain.matching import Edges, comparable, normalised, spelled


def table(*keys: Key | str) -> KeyTable:
    read = [
        key
        if isinstance(key, Key)
        else read_key(key, whole_words=None, case_sensitive=None, use_regex=None)
        for key in keys
    ]
    return KeyTable({at: key for at, key in enumerate(read) if key is not None})


def places(found: KeyTable, *passages: str, effort: Effort | None = None):
    """What stands where each key was seen, by the key's number."""
    marked = [MARK + passage for passage in passages]
    hits = found.look(marked, effort=effort or Effort())
    return {
        n: (hit[0], marked[hit.passage][hit.start : hit.end]) for n, hit in hits.items()
    }


def test_keys_that_overlap_are_all_found():
    assert places(table("red dragon", "dragon", "red"), "A red--dragon!") == {
        0: (0, "red--dragon"),
        1: (0, "dragon"),
        2: (0, "red"),
    }


def test_whole_words_are_whole_and_parts_may_be_asked_for():
    keys = table("rag", Key("rag"), "caf\u00e9", Key("Rag", case_sensitive=True))

    assert places(keys, "dragon CAFE\u0301s, cafe\u0301") == {
        1: (0, "rag"),
        2: (0, "cafe\u0301"),
    }


def test_capitals_count_where_asked():
    keys = table(Key("Rose", whole_words=True, case_sensitive=True), "Rose")

    assert places(keys, "a rose, a Rose") == {0: (0, "Rose"), 1: (0, "rose")}


def test_the_earlier_passage_counts():
    keys = table("toad", "/t.ad/")

    assert places(keys, "none", "a toad", "toad") == {0: (1, "toad"), 1: (1, "toad")}


def test_places_count_characters_of_the_passage():
    hits = table("toad").look([MARK + "x", MARK + "é  toad"], effort=Effort())

    assert hits == {0: Hit(passage=1, start=4, end=8)}


def test_a_key_does_not_reach_into_the_next_passage():
    assert places(table("a b", "/b.*a/"), "b a", "b") == {1: (0, "b a")}


def test_not_even_a_key_with_the_mark_in_it_reaches_over():
    keys = table(Key("a" + MARK + "b"), Key(MARK + "b"))

    assert places(keys, "a", "b") == {1: (1, MARK + "b")}


def test_long_keys_and_long_texts():
    long = "ab " * 200 + "end"
    keys = table(long, "ab " * 200 + "other", "far")

    assert places(keys, "x " * 5_000 + long + " far") == {0: (0, long), 2: (0, "far")}


def test_halves_of_pairs_are_looked_for_without_failing():
    assert places(table("toad", "/toad/", "\ud800"), "\udfff toad") == {
        0: (0, "toad"),
        1: (0, "toad"),
        2: (0, "\udfff"),
    }


def test_keys_that_can_never_match_are_told():
    keys = table("/(?=x)x/", "- -", "x")

    assert places(keys, "x - -") == {2: (0, "x")}
    assert "look ahead" in keys.unsupported[0]
    assert keys.unsupported[1] == NOTHING_TO_FIND
    assert set(keys.unsupported) == {0, 1}


def test_a_table_without_keys_finds_nothing():
    assert places(table(), "text") == {}


def test_a_pattern_may_match_nothing_at_all():
    assert table("/x*/").look([MARK + "ab"], effort=Effort()) == {0: Hit(0, 0, 0)}


def test_too_many_patterns_are_told(monkeypatch):
    monkeypatch.setattr(scanning, "MOST_PATTERNS", 1)

    keys = table("/a/", "/b/")

    assert places(keys, "ab") == {0: (0, "a")}
    assert keys.unsupported == {1: TOO_MANY_PATTERNS}


def test_too_large_patterns_together_are_told(monkeypatch):
    monkeypatch.setattr(scanning, "MOST_PROGRAM", 20)

    assert set(table("/a/", "/[a-z]{30}/", "/b/").unsupported) == {1, 2}


def test_a_set_that_runs_out_of_memory_is_tried_one_by_one(monkeypatch):
    monkeypatch.setattr(scanning, "_SET_BYTES", 4_000)

    keys = table("/(a|b)*a(a|b){9}c/", "/b{3}/")

    assert places(keys, "abab" * 100 + "bbb" + "a" * 10 + "c")[1] == (0, "bbb")


def test_a_set_that_has_no_room_is_tried_one_by_one(monkeypatch):
    monkeypatch.setattr(scanning, "_SET_BYTES", 1)

    assert places(table("/a/", "/b/"), "xb") == {1: (0, "b")}


def test_places_are_bounded():
    effort = Effort(places=3)

    found = places(table("a", "end"), "a a a a end", effort=effort)

    assert found == {0: (0, "a")}
    assert effort.bounds == {Bound.PLACES}


def test_text_for_patterns_is_bounded():
    keys = table("/end/", "/a/")
    effort = Effort(pattern_work=14 * 10)

    found = places(keys, "a" * 100 + "end", "end", effort=effort)

    assert found == {1: (0, "a")}
    assert effort.bounds == {Bound.PATTERN_TEXT}


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([("a" * n) for n in range(1, 1_000)], "a" * 20_000),
        ([("a " * n) for n in range(1, 1_000)], "a " * 10_000),
        (["/(a|b)*a(a|b){300}c?d/"] * 300, "ab" * 30_000),
        (["/(x+x+)+y/"], "x" * 100_000),
    ],
)
def test_hostile_keys_end_soon(keys, text):
    looked = table(*keys)
    started = time.process_time()

    looked.look([MARK + text], effort=Effort())

    assert time.process_time() - started < 20


LETTERS = "aAbéß- _\u0301ก\u0e33漢.’'\ud800İ1"
SOME = st.text(alphabet=LETTERS, max_size=6)
KEYS = st.builds(
    Key,
    text=SOME,
    whole_words=st.booleans(),
    case_sensitive=st.booleans(),
)


def first_place(key: Key, text: str) -> bool:
    """Whether the key is there, by trying every place: slow, and plainly right."""
    given_text = normalised(scanning.clean(text))
    wanted = comparable(scanning.clean(key.text))
    edges = Edges(given_text.text)
    for start in range(len(given_text.text)):
        end = start + len(wanted)
        if not wanted or given_text.text[start:end] != wanted:
            continue
        first, last = given_text.place(start, end=end)
        is_spelled = spelled(scanning.clean(text)[first:last]) == spelled(
            scanning.clean(key.text)
        )
        if key.whole_words and not edges.allow(start, end=end):
            continue
        if key.case_sensitive and not is_spelled:
            continue
        return True
    return False


@given(st.lists(KEYS, max_size=6), st.text(alphabet=LETTERS, max_size=40))
def test_the_index_finds_what_trying_every_place_finds(keys, text):
    marked = MARK + text

    found = KeyTable(dict(enumerate(keys))).look([marked], effort=Effort())

    assert set(found) == {n for n, key in enumerate(keys) if first_place(key, marked)}
