"""A page of controls, sent back untouched, means the value that it showed."""

import json
from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import limits
from core.sheet_forms import SheetField, sheet_fields
from personas.domain import sheets
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from tests.core.form_browser import controls, submitted
from tests.personas.domain.strategies import CHARACTERS, FRAMEWORKS, TREES

CHARACTER = SheetField(CharacterSheet)
FRAMEWORK = SheetField(FrameworkSheet)
SLOW = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow]
)

# Line breaks, quotes and brackets turn up more often than chance would have it.
TEXT = st.text(
    st.sampled_from("\n\r\t \"'<>&\\{}.,_") | st.characters(exclude_categories=["Cs"]),
    max_size=12,
).filter(lambda text: "\x00" not in text)
LINE = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=9
).filter(str.strip)
SLUG = st.from_regex(r"[a-z0-9]{1,4}(_[a-z]{1,3})?", fullmatch=True)


NUMBERS = {
    "integer": lambda schema: st.integers(schema["minimum"], schema["maximum"]),
    "number": lambda schema: st.floats(schema["minimum"], schema["maximum"]),
    "boolean": lambda schema: st.booleans(),
    "null": lambda schema: st.none(),
}


def _values(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a JSON schema as pydantic writes it for our sheets."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return st.one_of([_values(option, root) for option in schema["anyOf"]])
    match schema["type"]:
        case "string":
            return _texts(schema)
        case "array":
            return st.lists(_values(schema["items"], root), max_size=3)
        case "object":
            return _model(schema, root) if "properties" in schema else TREES
    return NUMBERS[schema["type"]](schema)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        return SLUG if "maxLength" in schema else st.just("0f" * 32)
    if "maxLength" not in schema:
        return TEXT
    return LINE if schema.get("minLength") else LINE | st.just("")


def _model(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    model = getattr(sheets, schema["title"])
    fields = {k: _values(v, root) for k, v in schema["properties"].items()}

    def judged(value: Any) -> Any:
        # Rules across fields are bent to, so that few examples are thrown away.
        if model is sheets.RagFilter:
            value = {**value, "categories": [*value["categories"], "x"]}
        if model is sheets.FrameworkBlending:
            value = {**value, "weights": []}
        if model is CharacterSheet:
            for at, stage in enumerate(value["evolution_stages"], start=1):
                stage["milestone"] = at
        return model.model_validate(value).model_dump(mode="json")

    return st.fixed_dictionaries(fields).map(judged)


def _any(model: type[sheets.Sheet]) -> st.SearchStrategy[Any]:
    root = model.model_json_schema()
    return _model(root, root)


def sent_back(field: SheetField, value: Any) -> Any:
    """Draw ``value`` on a page, submit the page, clean what arrives."""
    data = submitted(field.widget.render("f-0-x", value, {"id": "id_x"}))
    return field.clean(field.widget.value_from_datadict(data, {}, "f-0-x"))


def exact(value: Any) -> str:
    """Types, order and all: 1, 1.0 and true differ."""
    return json.dumps(value)


@SLOW
@given(_any(CharacterSheet))
def test_any_character_comes_back_as_it_was(value):
    assert exact(sent_back(CHARACTER, value)) == exact(value)


@SLOW
@given(_any(FrameworkSheet))
def test_any_framework_comes_back_as_it_was(value):
    assert exact(sent_back(FRAMEWORK, value)) == exact(value)


@SLOW
@given(CHARACTERS.map(lambda sheet: sheet.model_dump(mode="json")))
def test_a_form_of_all_fields_comes_back_unchanged(value):
    form_class = type("F", (forms.Form,), sheet_fields(CharacterSheet))
    page = str(form_class(initial=value, prefix="p"))

    form = form_class(submitted(page), initial=value, prefix="p")

    assert form.is_valid(), form.errors
    assert exact(form.cleaned_data) == exact(value)
    assert form.changed_data == []


@SLOW
@given(FRAMEWORKS.map(lambda sheet: sheet.model_dump(mode="json")))
def test_what_one_page_sends_fills_the_next_page_alike(value):
    first = FRAMEWORK.widget.render("x", value)

    reading = FRAMEWORK.widget.value_from_datadict(submitted(first), {}, "x")

    assert FRAMEWORK.widget.render("x", reading) == first


@pytest.mark.parametrize(
    "text",
    [
        "\nfirst line empty",
        "\n\n",
        "trailing spaces  \n",
        "windows\r\nlines\r\n",
        "old\rmac",
        "mixed\r\n and \n and \r",
        "</textarea><script>",
        "&amp; &#13; &lt;",
        "\t\x0b\x0c\x1f\x85\u2028\ufeff",
        " \u3000",
    ],
)
def test_texts_are_kept_byte_for_byte(text):
    assert sent_back(SheetField(sheets.Text), text) == text
    assert sent_back(SheetField(sheets.Texts), [text, "", text]) == [text, "", text]
    assert sent_back(SheetField(sheets.Tree), {text: text}) == {text: text}


@pytest.mark.parametrize(
    "tree",
    [
        {"": ""},
        {"": None, " ": [], "a": {}, "b": [[], {}, [None]]},
        {"i": 7, "f": 7.0, "t": "7", "y": True, "n": None, "z": -0.0, "e": 1e300},
        {"10": 1, "9": 2, "a.b": {"_spare": "x"}, "_remove": 1},
        {"list": ["", " ", "text\nlines", 1, 1.0, False, None, {"k": []}]},
    ],
)
def test_trees_keep_their_kinds_and_order(tree):
    assert exact(sent_back(SheetField(sheets.Tree), tree)) == exact(tree)


def test_what_controls_cannot_show_is_shown_as_json():
    long = {"items": list(range(2 * limits.LIST_ITEMS))}
    deep: dict[str, Any] = {}
    for _ in range(limits.JSON_DEPTH - 2):
        deep = {"in": deep}

    for tree in (long, deep):
        assert exact(sent_back(SheetField(sheets.Tree), tree)) == exact(tree)


def test_a_term_of_two_lines_is_shown_as_json():
    field = SheetField(list[sheets.Line])
    page = field.widget.render("x", ["two\nlines"])

    assert 'name="x__as_json"' in page
    assert json.loads(submitted(page)["x__json"]) == ["two\nlines"]


def test_a_field_never_filled_in_sends_its_default():
    field = SheetField.for_model_field(CharacterSheet, "behavior")

    assert sent_back(field, None) == sheets.BehaviorPolicy().model_dump(mode="json")


def test_every_control_has_a_name_of_its_own_and_a_label():
    sheet = CharacterSheet.model_validate(
        {
            "display_name": "Ada",
            "framework_id": "neuro",
            "opinions": [{"stance": "loves", "items": ["fog", "tides"]}],
            "evolution_stages": [{"milestone": 1}, {"milestone": 2}],
            "extensions": {"a": [1, {"b": True}]},
        }
    )
    page = controls(CHARACTER.widget.render("x", sheet.model_dump(mode="json")))

    shown = {
        name: attrs
        for name, attrs in page.attrs_of.items()
        if attrs.get("type") != "hidden"
    }
    wrapped = ("._order", "._remove", "__as_json")
    radios = {name for name, attrs in shown.items() if attrs.get("type") == "radio"}
    unlabelled = [
        name
        for name, attrs in shown.items()
        if attrs.get("id") not in page.labelled and not name.endswith(wrapped)
    ]
    assert set(unlabelled) <= radios
    assert len(page.ids) == len(set(page.ids))


def test_fields_with_names_that_start_alike_stay_apart():
    form_class = type(
        "F",
        (forms.Form,),
        {"tag": SheetField(sheets.Text), "tags": SheetField(sheets.Terms)},
    )
    form = form_class(QueryDict("tag=a&tags=b%0D%0Ac&tag.x=9&tags.0=q"))

    assert form.is_valid()
    assert form.cleaned_data == {"tag": "a", "tags": ["b", "c"]}
