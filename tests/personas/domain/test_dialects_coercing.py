"""Making values of a file fit their places in a sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Fit, Unfit
from personas.domain.sheets import FollowUpLevel


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\r\nb", "a\r\nb"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (0.25, "0.25"),
        (["a", ["b", 1]], "a, b, 1"),
        ({"a": 1, "b": ["c", "d"]}, "a: 1, b: c, d"),
    ],
)
def test_everything_can_be_written_out(value, text):
    assert coercing.written_out(value) == text


@pytest.mark.parametrize(
    ("how", "value", "fit"),
    [
        (coercing.text, "as\nit is", Fit("as\nit is")),
        (coercing.text, None, Fit("", "Null was read as an empty text.")),
        (coercing.text, ["a", "b"], Fit("a\nb", "A list was read as text.")),
        (coercing.text, {"a": "b"}, Fit("a: b", "An object was read as text.")),
        (coercing.text, 2, Fit("2", "A number was read as text.")),
        (coercing.text, True, Fit("true", "A true or false was read as text.")),
        (coercing.line, "  two  words ", Fit("two  words")),
        (
            coercing.line,
            "one\nline",
            Fit("one line", "Line breaks and control characters became spaces."),
        ),
        (coercing.line, ["a", "b"], Fit("a, b", "A list was read as text.")),
        (coercing.texts, ["a", ""], Fit(["a", ""])),
        (coercing.texts, None, Fit([], "Null was read as an empty list.")),
        (coercing.texts, "", Fit([], "A text was read as a list of one.")),
        (coercing.texts, "a, b", Fit(["a, b"], "A text was read as a list of one.")),
        (coercing.texts, 5, Fit(["5"], "A number was read as a list of one.")),
        (coercing.texts, {"a": 1}, Fit(["a: 1"], "An object was read as a list.")),
        (
            coercing.texts,
            ["a", 1, None, {"b": "c"}],
            Fit(["a", "1", "b: c"], "Items that are not text were written as text: 3."),
        ),
        (coercing.terms, ["a", "b"], Fit(["a", "b"])),
        (
            coercing.terms,
            "a, b",
            Fit(["a", "b"], "A text was split at its commas."),
        ),
        (
            coercing.terms,
            [" a ", "a", "", "\u200b"],
            Fit(["a"], "Empty and repeated items were left out."),
        ),
        (coercing.flag, True, Fit(value=True)),
        (coercing.flag, " Yes", Fit(value=True, repair=" Yes was read as true.")),
        (coercing.flag, "false", Fit(value=False, repair="false was read as false.")),
        (coercing.flag, 1, Fit(value=True, repair="1 was read as true.")),
        (coercing.flag, 0.0, Fit(value=False, repair="0.0 was read as false.")),
        (coercing.number(low=0, high=2), 1, Fit(1.0)),
        (
            coercing.number(low=0, high=2),
            9,
            Fit(2.0, "9 became 2, which is allowed."),
        ),
        (
            coercing.number(low=0, high=2),
            "0.5",
            Fit(0.5, "The text “0.5” was read as a number."),
        ),
        (
            coercing.number(low=0, high=2),
            "-3",
            Fit(0.0, "-3 became 0, which is allowed."),
        ),
        (coercing.whole(low=-12, high=12), 3.0, Fit(3)),
        (
            coercing.whole(low=-12, high=12),
            2.6,
            Fit(3, "2.6 became 3, which is allowed."),
        ),
        (
            coercing.whole(low=-12, high=12),
            1e300,
            Fit(12, "1e+300 became 12, which is allowed."),
        ),
        (coercing.choice(FollowUpLevel), "High ", Fit("high")),
        (coercing.slug, "fine_id", Fit("fine_id")),
        (coercing.slug, "Dr. Who", Fit("dr_who", "Became the id “dr_who”.")),
        (coercing.slug, 42, Fit("42", "Became the id “42”.")),
    ],
)
def test_values_fit_or_are_made_to(how, value, fit):
    assert how(value) == fit


@pytest.mark.parametrize(
    ("how", "value"),
    [
        (coercing.number(low=0, high=1), "much"),
        (coercing.number(low=0, high=1), "nan"),
        (coercing.number(low=0, high=1), True),
        (coercing.number(low=0, high=1), None),
        (coercing.whole(low=0, high=1), [1]),
        (coercing.whole(low=0, high=1), "inf"),
        (coercing.flag, "perhaps"),
        (coercing.flag, 2),
        (coercing.flag, None),
        (coercing.choice(FollowUpLevel), "sometimes"),
        (coercing.choice(FollowUpLevel), 3),
        (coercing.slug, "…"),
        (coercing.slug, ["a"]),
        (coercing.slug, None),
    ],
)
def test_values_that_would_be_guesses_do_not_fit(how, value):
    with pytest.raises(Unfit):
        how(value)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Dr. Who", "dr_who"),
        ("R2-D2", "r2-d2"),
        ("a--b__c", "a-b_c"),
        ("Müller", "muller"),
        ("猫", "mao"),
        ("-_x_-", "x"),
        ("!!!", ""),
        ("x" * 63 + "-yz", "x" * 63),
    ],
)
def test_slugs(text, slug):
    assert coercing.slugified(text) == slug


@pytest.mark.parametrize(
    ("value", "rows", "repair"),
    [
        ({"a": "b"}, [("a", "b")], ""),
        ({"a": ["b", "c"]}, [("a", "b, c")], "Written as one text each: a."),
        ({"": 1}, [("general", "1")], "Written as one text each: general."),
        ({"a": None, "b": "c"}, [("b", "c")], "Empty rows were left out."),
        ("dry", [("general", "dry")], "Written as one text each: general."),
        (["a", "b"], [("general", "a, b")], "Written as one text each: general."),
        ({"a": ""}, [], "Empty rows were left out."),
    ],
)
def test_traits(value, rows, repair):
    fit = coercing.traits(value)

    assert [(row["key"], row["value"]) for row in fit.value] == rows
    assert fit.repair == repair
    assert fit.noise == (not rows)


@given(st.text())
def test_every_slug_can_be_used(text):
    slug = coercing.slugified(text)

    assert not slug or coercing.slug(slug) == Fit(slug)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line_stays_as_it_is_once_made(text):
    once = coercing.line(text).value

    assert coercing.line(once) == Fit(once)
