"""Macros that nobody knows, with their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.macros import unknown_macros
from personas.domain.sections import FRAMEWORK
from personas.domain.sheets import CharacterSheet, FrameworkSheet


def found(**fields):
    sheet = CharacterSheet(display_name="Ada", framework_id="neuro", **fields)
    return unknown_macros(sheet.model_dump(mode="json"))


def in_framework(**fields):
    sheet = FrameworkSheet(name="Neuro", **fields)
    return unknown_macros(sheet.model_dump(mode="json"), prefix=FRAMEWORK)


@pytest.mark.parametrize(
    "text",
    [
        *("{{char}} {{USER}} {{ user }}", "{x} {}", "a {{}} b", "{{\n}}", "{{{"),
        *("{{random:a,b}}", "{{ Roll:d6 }}", "{{// quiet}}", "{{reverse:abc}}"),
    ],
)
def test_known_macros_and_plain_braces_are_left_alone(text):
    assert found(description=text) == []


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [
        ("{{mood}}", "mood", "{{mood}}"),
        ("{{identity}}", "identity", "{{identity}}"),
        ("{{ roll: never }}", "roll: never", "{{ roll: never }}"),
    ],
)
def test_an_unknown_macro_is_found_as_it_is_written(text, name, written):
    [macro] = found(scenario=f"first\n  {text} after")

    assert (macro.source, macro.name, macro.text) == ("scenario", name, written)
    assert (macro.line, macro.column) == (2, 3)


def test_paths_are_those_of_the_form():
    macros = found(
        identity={"details": [{"key": "a", "value": "{{x}}"}]},
        quirks=[{"items": ["fine", "{{y}}"]}],
    )

    assert [m.source for m in macros] == [
        "identity.details.0.value",
        "quirks.0.items.1",
    ]


def test_what_no_bot_is_sent_as_text_is_passed_over():
    assert found(creator_notes="{{x}}", tags=["{{x}}"], extensions={"a": "{{x}}"}) == []


def test_a_template_has_places_with_single_braces_too():
    macros = in_framework(
        prompt_template="{identity} {{behavior}} {nonsense}\n{{odd x}}"
    )

    assert [(m.text, m.line, m.column) for m in macros] == [
        ("{nonsense}", 1, 25),
        ("{{odd x}}", 2, 1),
    ]
    assert {m.source for m in macros} == {"framework.prompt_template"}


def test_elsewhere_in_a_framework_single_braces_are_text():
    assert in_framework(behavioral_patterns={"a": "{nonsense}"}) == []
    [macro] = in_framework(behavioral_patterns={"a": ["{{nonsense}}"]})
    assert macro.source == "framework.behavioral_patterns.a.0"


@given(st.text(alphabet="{}ab \n", max_size=60))
def test_each_place_is_where_the_text_stands(text):
    for macro in [*found(description=text), *in_framework(prompt_template=text)]:
        line = text.split("\n")[macro.line - 1]
        assert line.startswith(macro.text, macro.column - 1)
