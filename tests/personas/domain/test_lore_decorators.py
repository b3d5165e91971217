"""Decorators at the head of an entry's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.lore.decorators import (
    MOST_LINES,
    NO_DECORATIONS,
    Decorations,
    decorated,
    without_decorators,
)
from personas.domain.lore.sheets import ChatRole, Position


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ("@@activate", Decorations(is_activated=True)),
        ("@@ACTIVATE", Decorations(is_activated=True)),
        ("@@dont_activate", Decorations(is_deactivated=True)),
        ("@@dont_activate\n@@activate", Decorations(is_activated=True)),
        ("@@depth 3", Decorations(depth=3)),
        ("  @@depth\t3 ", Decorations(depth=3)),
        ("@@scan_depth 0", Decorations(scan_depth=0)),
        ("@@role User", Decorations(role=ChatRole.USER)),
        ("@@position before_desc", Decorations(position=Position.BEFORE_CHARACTER)),
        ("@@position scenario", Decorations(position=Position.AFTER_CHARACTER)),
        ("@@additional_keys a, b,,", Decorations(additional_keys=("a", "b"))),
        (
            "@@additional_keys a\n@@additional_keys b",
            Decorations(additional_keys=("a", "b")),
        ),
        ("@@exclude_keys a\n@@exclude_keys b", Decorations(exclude_keys=("a",))),
        ("@@depth 1\n@@depth 2", Decorations(depth=1)),
    ],
)
def test_decorators_are_obeyed(content, asked):
    assert decorated(content + "\nText") == (asked, "Text")


@pytest.mark.parametrize(
    "line",
    [
        "@@depth",
        "@@depth -1",
        "@@depth x",
        "@@depth ٣",
        "@@depth 1000001",
        "@@depth 99999999",
        "@@role narrator",
        "@@position top",
        "@@additional_keys ,",
        "@@is_greeting 1",
    ],
)
def test_what_means_nothing_is_named_and_the_fallback_tried(line):
    name = line.split()[0]

    asked, text = decorated(f"{line}\n@@@nothing\n@@@scan_depth 7\n@@@scan_depth 8\nT")

    assert asked == Decorations(scan_depth=7, unobeyed=(name,))
    assert text == "T"


def test_fallbacks_of_an_obeyed_decorator_are_skipped():
    asked, _ = decorated("@@@role user\n@@depth 2\n@@@role user\nText")

    assert asked == Decorations(depth=2)


def test_a_line_that_is_no_name_is_named_whole():
    assert decorated("@@1 x\nText")[0].unobeyed == ("@@1 x",)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Text\n@@depth 2", "Text\n@@depth 2"),
        ("a@@depth 2", "a@@depth 2"),
        ("\n\n@@depth 2\n\n@@role user\r\n\r\n\n  Text\n", "  Text\n"),
        ("@@depth 2", ""),
        ("@@depth 2\n\n", ""),
        ("", ""),
    ],
)
def test_only_lines_at_the_head_are_taken_off(content, text):
    assert decorated(content)[1] == text
    assert without_decorators(content) == text


def test_a_position_beats_a_depth():
    assert decorated("@@depth 2\nT")[0].place is Position.AT_DEPTH
    both = decorated("@@depth 2\n@@position after_desc\nT")[0]
    assert both.place is Position.AFTER_CHARACTER
    assert NO_DECORATIONS.place is None


def test_lines_after_the_most_are_taken_off_and_named():
    content = "@@role user\n" * MOST_LINES + "@@depth 1\nText"

    asked, text = decorated(content)

    assert text == "Text"
    assert asked.depth is None
    assert asked.unobeyed == ("decorators after the first 64",)


@given(st.text(alphabet="@ad\n\r 1_é", max_size=60))
def test_any_text_is_read_and_keeps_its_own_lines(content):
    asked, text = decorated(content)

    assert content.endswith(text)
    assert without_decorators(content) == text
    assert not text.lstrip().startswith("@@")
    assert isinstance(asked, Decorations)
