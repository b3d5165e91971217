"""Filling templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.pieces import Piece, text_of
from personas.domain.placeholders import (
    PLACES,
    UnknownPlace,
    fill,
    places_named,
    unknown_places,
    with_name,
)

VALUES = {name: f"<{name}>" for name in PLACES}


def filled(template: str, *, values=VALUES) -> str:
    pieces = {name: (Piece(value, name),) for name, value in values.items()}
    return text_of(fill(template, values=pieces, source="template"))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {character_name}!", "Hello <character_name>!"),
        ("{{identity}}", "<identity>"),
        ("{{{identity}}}", "{<identity>}"),
        ('{"a": 1} {identity}', '{"a": 1} <identity>'),
        ("{identity!r:>200000000}", "{identity!r:>200000000}"),
        ("{identity.__class__}", "{identity.__class__}"),
        ("lone } and { and {}", "lone } and { and {}"),
        ("{% load x %}{{ identity }}", "{% load x %}{{ identity }}"),
        ("{Identity}", "{Identity}"),
    ],
)
def test_fill_replaces_names_and_nothing_else(template, expected):
    assert filled(template) == expected


def test_what_goes_in_is_not_scanned_again():
    values = {**VALUES, "identity": "{behavior} {{char}}"}

    assert filled("{identity}", values=values) == "{behavior} {{char}}"


@given(st.text())
def test_text_without_places_stays_byte_for_byte(text):
    if not places_named(text):
        assert filled(text) == text


@given(st.text(), st.text(), st.sampled_from(PLACES))
def test_every_value_comes_out_verbatim(before, value, place):
    text = filled(f"{before} {{{place}}}", values={**VALUES, place: value})

    assert text.endswith(f" {value}")


def test_pieces_say_what_the_template_wrote_and_what_went_in():
    values = {name: (Piece(f"<{name}>", name),) for name in PLACES}

    pieces = fill("Be {identity}!", values=values, source="template")

    assert pieces == (
        Piece("Be ", "template"),
        Piece("<identity>", "identity"),
        Piece("!", "template"),
    )


def test_char_becomes_the_name_in_any_case_and_user_stays():
    assert with_name("{{char}} {{CHAR}} {{user}}", name=r"\1 Ann") == (
        r"\1 Ann \1 Ann {{user}}"
    )


def test_unknown_places_are_found_with_line_and_column():
    found = list(unknown_places("{identity}\n ok {{user}} {mood}\n{{original}}"))

    assert found == [UnknownPlace(name="mood", line=2, column=14)]
