"""Kinds of conversation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from personas.domain.contexts import (
    AUTO,
    DEFAULT_CONTEXTS,
    LATEST_MESSAGES,
    ContextTable,
    ConversationContext,
    Detector,
    Evidence,
    Ranked,
    by_id,
    detect,
    names_of,
    resolve,
    weights_by_context,
)
from personas.domain.matching import comparable
from personas.domain.sheets import BlendWeight

TABLE = TypeAdapter(ContextTable)


def kind(context: str, *words: str, **fields) -> ConversationContext:
    return ConversationContext(context=context, vocabulary=list(words), **fields)


TEA = kind("tea", "kettle", "tea", "green tea")
SEA = kind("sea", "sail", "wave", "Kettle")
LAND = kind("land", "hill", "dale")
TABLE_OF_THREE = (TEA, SEA, LAND)


def won(*messages: str, contexts=TABLE_OF_THREE) -> str | None:
    return detect(messages, contexts=contexts).context


# -- Names ---------------------------------------------------------------------------


def test_ids_and_aliases_stand_for_ids():
    table = (kind("tea", aliases=["cha", "brew"]), SEA)

    assert names_of(table) == {"tea": "tea", "cha": "tea", "brew": "tea", "sea": "sea"}
    assert resolve("cha", contexts=table) == "tea"
    assert resolve("sea", contexts=table) == "sea"
    assert resolve("land", contexts=table) is None
    assert resolve("", contexts=table) is None


def test_weights_are_told_by_the_id_of_each_kind():
    shares = [
        {"framework_id": "neuro", "weight": 3},
        {"framework_id": "calm", "weight": 1},
    ]
    table = (kind("tea", aliases=["cha"], weights=shares), SEA)

    assert weights_by_context(table) == {"tea": {"neuro": 3, "calm": 1}, "sea": {}}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ((TEA, TEA), "“tea” stands twice, in tea"),
        ((TEA, kind("sea", aliases=["tea"])), "“tea” stands twice, in tea and sea"),
        ((kind("tea", aliases=["tea"]),), "“tea” stands twice, in tea;"),
        (
            (kind("tea", aliases=["cha"]), kind("sea", aliases=["cha"])),
            "“cha” stands twice",
        ),
        ((kind(AUTO),), "“auto” asks for whichever kind"),
        ((kind("tea", aliases=[AUTO]),), "“auto” asks for whichever kind"),
    ],
)
def test_a_table_that_names_a_thing_twice_is_refused(table, words):
    with pytest.raises(ValidationError, match=words):
        TABLE.validate_python(table)


def test_a_table_has_a_limit():
    with pytest.raises(ValidationError, match="at most 50"):
        TABLE.validate_python(tuple(kind(f"k{n}") for n in range(51)))


def test_a_word_that_cannot_be_looked_for_is_refused():
    with pytest.raises(ValidationError, match="holds nothing"):
        kind("tea", "-")


def test_the_table_to_begin_with_is_sound():
    table = TABLE.validate_python(DEFAULT_CONTEXTS, strict=True)

    assert [c.context for c in table] == [
        "technical",
        "casual",
        "formal",
        "creative",
        "educational",
    ]
    assert table[2].asked == {"assistant": 0.9, "neuro": 0.1}
    names = names_of(table)
    assert {
        name: names[name]
        for name in (
            "emotional_support",
            "creative_task",
            "analytical_task",
            "playful_chat",
            "debate",
        )
    } == {
        "emotional_support": "casual",
        "creative_task": "creative",
        "analytical_task": "technical",
        "playful_chat": "casual",
        "debate": "formal",
    }


def test_each_kind_to_begin_with_has_words_of_its_own():
    seen: dict[str, str] = {}
    for row in DEFAULT_CONTEXTS:
        assert 20 <= len(row.vocabulary) <= 40
        for word in map(comparable, row.vocabulary):
            assert seen.setdefault(word, row.context) == row.context
    assert len(seen) == sum(len(row.vocabulary) for row in DEFAULT_CONTEXTS)


# -- Telling -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "context"),
    [
        ("My Python code throws an exception, here is the stack trace", "technical"),
        ("hey, how are you? lol", "casual"),
        ("Dear Sir, pursuant to our contract …", "formal"),
        ("Write a story with a plot twist", "creative"),
        ("Can you explain this theorem step by step?", "educational"),
        ("We shall prevent the event", None),
        ("a barcode and an invention", None),
        ("I am not sad", None),
        ("", None),
    ],
)
def test_the_words_to_begin_with_tell_the_kind(message, context):
    assert detect([message], contexts=DEFAULT_CONTEXTS).context == context


def test_evidence_names_kind_phrase_message_and_place():
    found = detect(["no", "Put the KETTLE on"], contexts=TABLE_OF_THREE)

    assert found.evidence == (
        Evidence("tea", "kettle", message=1, start=8, end=14),
        Evidence("sea", "Kettle", message=1, start=8, end=14),
    )


def test_without_evidence_there_is_no_kind():
    found = detect(["Nothing here"], contexts=TABLE_OF_THREE)

    assert (found.context, found.evidence, found.ranking) == (None, (), ())


def test_most_different_phrases_win_however_often_one_stands():
    assert won("tea tea tea tea", "sail the wave") == "sea"


def test_a_phrase_within_a_longer_one_does_not_count():
    found = detect(["green-tea"], contexts=TABLE_OF_THREE)

    assert [e.phrase for e in found.evidence] == ["green tea"]


def test_of_equals_the_later_message_counts_then_the_table():
    assert won("a hill", "the tea") == "tea"
    assert won("the tea", "a hill") == "land"
    assert won("a hill and tea") == "tea"
    assert won("a hill and tea", contexts=(LAND, TEA)) == "land"


def test_ranking_counts_phrases_best_first():
    found = detect(["sail, wave, tea"], contexts=TABLE_OF_THREE)

    assert found.ranking == (Ranked("sea", 2, 0), Ranked("tea", 1, 0))


def test_only_the_last_messages_tell():
    talk = ["tea", *["so"] * LATEST_MESSAGES]

    assert won(*talk) is None
    assert won(*talk[:-1]) == "tea"


def test_places_count_from_the_first_message_given():
    talk = [*["so"] * 30, "tea"]

    [evidence] = detect(talk, contexts=TABLE_OF_THREE).evidence

    assert evidence.message == 30


@given(st.lists(st.text(alphabet="tea kli wvhd-_", max_size=40), max_size=12))
def test_evidence_is_what_stands_there(messages):
    found = Detector(TABLE_OF_THREE).detect(messages)

    for each in found.evidence:
        text = messages[each.message][each.start : each.end]
        assert comparable(text) == comparable(each.phrase)
    assert (found.context is None) == (not found.evidence)
    if found.ranking:
        assert found.ranking[0].context == found.context
        best = max(ranked.phrases for ranked in found.ranking)
        assert found.ranking[0].phrases == best


# -- Names in files -------------------------------------------------------------------


def weights(*contexts: str) -> list[BlendWeight]:
    return [
        BlendWeight(context=context, framework_id="neuro", weight=1.0)
        for context in contexts
    ]


NAMES = {"tea": "tea", "cha": "tea", "brew": "tea", "sea": "sea"}


@pytest.mark.parametrize(
    ("given_names", "expected", "replaced", "kept"),
    [
        (["tea", "sea", "land"], ["tea", "sea", "land"], {}, {}),
        (["cha", "sea"], ["tea", "sea"], {"cha": "tea"}, {}),
        (["cha", "cha"], ["tea", "tea"], {"cha": "tea"}, {}),
        (["cha", "brew"], ["tea", "brew"], {"cha": "tea"}, {"brew": "tea"}),
        (["cha", "tea"], ["cha", "tea"], {}, {"cha": "tea"}),
        ([], [], {}, {}),
    ],
)
def test_aliases_in_a_file_become_ids_unless_these_are_taken(
    given_names, expected, replaced, kept
):
    found = by_id(weights(*given_names), names=NAMES)

    assert [weight.context for weight in found.weights] == expected
    assert (found.names, found.kept) == (replaced, kept)


@given(st.lists(st.sampled_from([*NAMES, "land"]), unique=True))
def test_names_in_a_file_never_fall_together(used):
    found = by_id(weights(*used), names=NAMES)

    contexts = [weight.context for weight in found.weights]
    assert len(set(contexts)) == len(contexts) == len(used)
    assert by_id(found.weights, names=NAMES).names == {}
