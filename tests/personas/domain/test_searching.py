"""What characters are found by, and the excerpts that say where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.domain import searching
from personas.domain.searching import Part
from personas.domain.sheets import CharacterSheet


def sheet(**fields):
    values = {"display_name": "Ada Lovelace", "framework_id": "neuro", **fields}
    return CharacterSheet.model_validate(values)


def shown(excerpt):
    return "".join(f"[{r.text}]" if r.is_hit else r.text for r in excerpt.runs)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  Tea \n\t Cake ", "tea cake"),
        ("STRASSE straße", "strasse strasse"),
        ("ﬁne Ⅳ", "fine iv"),
        ("Cafe\u0301", "café"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("a\0b", "ab"),
    ],
)
def test_normalised(text, kept):
    assert searching.normalised(text) == kept


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = searching.normalised(text)

    assert searching.normalised(once) == once
    assert not {"\n", "\t"} & set(once)


def test_words_are_told_once_and_not_without_end():
    assert searching.words_of("Tea TEA tea cake") == ["tea", "cake"]
    assert len(searching.words_of(" ".join(map(str, range(99))))) == 8


def test_names_stand_before_tags_and_those_before_the_rest():
    text = searching.stored_text(
        sheet(aliases=["Countess"], tags=["maths"], description="Engines"),
        character_id="ada",
    )

    assert text == "ada ada lovelace countess\nmaths\tneuro engines"


def test_defaults_pictures_and_numbers_are_no_words():
    text = searching.stored_text(
        sheet(avatar="a" * 64, routing_weight=7.5), character_id="ada"
    )

    assert "prepend" not in text
    assert "aaaa" not in text
    assert "7.5" not in text


def test_fields_inside_fields_have_their_titles():
    parts = searching.parts_of(
        sheet(identity={"origin": "London"}, extensions={"x": {"y": ["deep"]}}),
        character_id="ada",
    )

    assert Part("Identity › From", "London") in parts
    assert Part("Extensions", "deep") in parts


def test_an_excerpt_shows_the_words_around_in_their_own_spelling():
    text = "x " * 100 + "The Straße of CAFÉ tables" + " y" * 200

    [excerpt] = searching.excerpts([Part("Text", text)], words=["strasse", "café"])

    assert excerpt.title == "Text"
    assert "The [Straße] of [CAFÉ] tables" in shown(excerpt)
    assert shown(excerpt).startswith("… ")
    assert shown(excerpt).endswith(" …")


def test_each_word_is_shown_where_it_stands_first():
    parts = [Part("Name", "Ada"), Part("Tags", "tea"), Part("Text", "ada has tea")]

    found = searching.excerpts(parts, words=["ada", "tea"])

    assert [(e.title, shown(e)) for e in found] == [
        ("Name", "[Ada]"),
        ("Tags", "[tea]"),
    ]


def test_what_stands_nowhere_gives_no_excerpt():
    assert searching.excerpts([Part("Name", "Ada")], words=["tea"]) == []


def test_a_mark_is_shown_with_the_letter_that_it_belongs_to():
    [excerpt] = searching.excerpts(
        [Part("Text", "The cafe\u0301s of Lo\u0301nia")], words=["cafés"]
    )

    assert shown(excerpt) == "The [cafe\u0301s] of Lo\u0301nia"


@pytest.mark.parametrize(
    ("words", "is_covered"),
    [([], True), (["ada"], True), (["tea", "ada"], True), (["ada", "cake"], False)],
)
def test_words_may_stand_in_different_parts_but_all_must(words, is_covered):
    parts = [Part("Name", "Ada"), Part("Tags", "TEA")]

    assert searching.is_covered(parts, words=words) is is_covered


@settings(deadline=None)
@given(st.text(min_size=1), st.text(), st.text())
def test_marking_never_loses_text(word, before, after):
    words = searching.words_of(word)
    text = f"{before} {word} {after}"

    for excerpt in searching.excerpts([Part("T", text)], words=words):
        told = "".join(run.text for run in excerpt.runs).removeprefix("… ")
        assert told.removesuffix(" …") in " ".join(text.split())
