"""The form field: errors beside their controls, changes, words, defaults."""

import json
from typing import Annotated, Literal

import pytest
from django import forms
from django.http import QueryDict
from pydantic import BaseModel, Field, ValidationError

from core.sheet_forms import SheetField, add_sheet_errors, sheet_fields
from core.sheet_forms.words import MAX_MESSAGES
from personas.domain import sheets
from personas.domain.sheets import CharacterSheet
from tests.core.form_browser import controls, submitted


def model_field(name, **options):
    return SheetField.for_model_field(CharacterSheet, name, **options)


def form_of(field, data=None, **options):
    """A form whose only field is called x; ``data`` changes what its page sends."""
    form_class = type("F", (forms.Form,), {"x": field})
    if data is None:
        return form_class(**options)
    pairs = submitted(str(form_class(**options)))
    for name, text in data.items():
        pairs[f"x{name}"] = text
    return form_class(pairs, **options)


@pytest.mark.parametrize(
    ("field", "data", "message"),
    [
        ("model", {".temperature": "5"}, "Write a number between 0 and 2."),
        (
            "model",
            {".temperature": "hot"},
            (
                "This is not a number; write digits only, such as 12 or 0.5."
                " Write a number between 0 and 2."
            ),
        ),
        ("model", {".temperature": ""}, "Write a number between 0 and 2."),
        (
            "model",
            {".max_tokens": "1.5"},
            (
                "Write a whole number, without a point."
                " Write a whole number between 1 and 1,000,000."
            ),
        ),
        ("routing_weight", {"": "-1"}, "Write a number between 0 and 1,000."),
        ("rag", {".mode": "some"}, "Choose All, Only or None."),
        ("rag", {".mode": "only"}, "Name at least one category, or choose “none”."),
        ("tags", {"": "x" * 201}, "Shorten this to 200 characters; it has 201."),
        ("tags", {"": "\u200b"}, "Write at least one visible character."),
        ("display_name", {"": ""}, "Write at least one visible character."),
        (
            "framework_id",
            {"": "No Slug"},
            (
                "Use small letters a–z and digits, with single - or _ between them,"
                " such as night-owl."
            ),
        ),
        ("avatar", {"": "me"}, "Use 64 digits and letters a–f, or leave this empty."),
        ("opinions", {".0.topic": "fog"}, "Write something here."),
        (
            "creator",
            {"": "a\x07b"},
            "Keep this on one line, without control characters.",
        ),
        (
            "tags",
            {"": "\n".join(map(str, range(1002)))},
            "Keep at most 1,000; remove 2.",
        ),
    ],
)
def test_an_error_says_what_to_do(field, data, message):
    form = form_of(model_field(field), data)

    assert not form.is_valid()
    [line] = form.errors["x"]
    assert line.endswith(message)


def test_an_error_stands_beside_its_control_and_names_the_way_to_it():
    form = form_of(model_field("behavior"), {".reactions.chance": "7"})
    page = controls(str(form))

    control = page.attrs_of["x.reactions.chance"]
    assert form.errors["x"] == ["Reactions, Chance: Write a number between 0 and 1."]
    assert control["aria-invalid"] == "true"
    assert set(control["aria-describedby"].split()) <= set(page.ids)
    assert "aria-invalid" not in page.attrs_of["x.ambient.chance"]


def test_an_error_opens_the_groups_around_it_and_marks_them():
    page = str(form_of(model_field("behavior"), {".ambient.chance": "7"}))

    assert page.count("sheet-dot") == 1
    _, ambient = page.split('data-key="ambient"')
    _, reactions = page.split('data-key="reactions"')
    assert "open" in ambient.partition(">")[0]
    assert "open" not in reactions.partition(">")[0]


def test_an_error_in_a_line_of_terms_names_the_line():
    page = str(form_of(model_field("rag"), {".categories": f"a\n{'x' * 201}"}))

    assert "<li>line 2: Shorten this to 200 characters; it has 201.</li>" in page


def test_an_error_in_a_row_stays_with_the_row_when_others_go():
    data = {
        ".0.key": "",
        ".0._spare": "",
        ".0.value": "first, to be removed",
        ".0._remove": "1",
        ".3.key": "",
        ".3.value": "second",
    }
    form = form_of(model_field("voice_and_tone"), data)

    assert form.errors["x"] == ["Row 1, What: Write something here."]
    assert controls(str(form)).attrs_of["x.0.key"]["aria-invalid"] == "true"


def test_what_was_typed_is_shown_again():
    data = {
        ".temperature": "warm <ish>",
        ".max_tokens": "",
        ".extra.0.key": "seed",
        ".extra.0.kind": "number",
        ".extra.0.value": "seven",
        ".extra.1.key": "seed",
        ".extra.1.kind": "flag",
        ".extra.1.value": "perhaps",
    }
    form = form_of(model_field("model"), data)

    sent = submitted(str(form))
    assert len(form.errors["x"]) == 5
    for name, text in data.items():
        assert sent[f"x{name}"] == text
    # A number box would show nothing.
    control = controls(str(form)).attrs_of["x.temperature"]
    assert control["type"] == "text"


def test_bad_json_is_shown_again_with_the_boxes_untouched():
    text = '{"temperature": 5,\n}'
    form = form_of(model_field("model"), {"__json": text, "__as_json": "1"})

    page = str(form)
    assert submitted(page)["x__json"].replace("\r\n", "\n") == text
    assert submitted(page)["x__as_json"] == "1"
    assert submitted(page)["x.temperature"] == "0.7"
    assert controls(page).attrs_of["x__json"]["aria-invalid"] == "true"


def test_json_errors_name_their_place():
    text = json.dumps({"reactions": {"rules": [{"phrase": 5}], "odd": 1}})
    form = form_of(model_field("behavior"), {"__json": text, "__as_json": "1"})

    assert form.errors["x"] == [
        "Reactions, Rules, row 1, Word or phrase: Write some text here.",
        "Reactions, Rules, row 1, Emoji: Write some text here.",
        "Reactions, “odd”: This name is not known here; remove it.",
    ]


def test_many_errors_are_counted():
    text = json.dumps([{}] * 12)
    form = form_of(model_field("opinions"), {"__json": text, "__as_json": "1"})

    assert len(form.errors["x"]) == MAX_MESSAGES + 1
    assert form.errors["x"][-1] == f"{12 - MAX_MESSAGES} more are marked below."


def test_changes_are_told_by_value():
    initial = {"x": {"temperature": 0.7, "extra": {"a": 1, "b": 2}}}
    untouched = {".temperature": "0.70", ".max_tokens": " 500 "}

    assert not form_of(model_field("model"), untouched, initial=initial).has_changed()
    for data in (
        {".temperature": "0.8"},
        {".temperature": "x"},
        {".extra.0.value": "1.0"},
        {".extra.0._order": "2"},
        {".extra.0._remove": "1"},
    ):
        assert form_of(model_field("model"), data, initial=initial).has_changed()


def test_an_untouched_new_form_has_not_changed():
    form_class = type("F", (forms.Form,), sheet_fields(CharacterSheet))

    form = form_class(submitted(str(form_class())))

    assert form.changed_data == ["display_name", "framework_id"]
    assert sorted(form.errors) == ["display_name", "framework_id"]


def test_a_disabled_field_keeps_its_value_and_cannot_be_typed_into():
    value = sheets.RagFilter(mode="none").model_dump(mode="json")
    field = model_field("rag", disabled=True)

    form = form_of(field, {".mode": "all"}, initial={"x": value})

    assert form.is_valid()
    assert form.cleaned_data == {"x": value}
    assert "disabled" in str(form["x"]).split(">")[0]


def test_a_form_accepts_models_as_initial_values():
    opinion = [{"stance": "loves", "topic": "fog", "items": []}]
    identity = sheets.Identity(who="A lamplighter.")

    assert "lamplighter" in str(
        form_of(model_field("identity"), initial={"x": identity})
    )
    form = form_of(model_field("opinions"), {}, initial={"x": opinion})
    assert form.is_valid()
    assert form.cleaned_data == {"x": opinion}


def test_what_was_not_posted_is_told_from_what_is_empty():
    field = model_field("tags")
    composite = model_field("opinions")

    assert field.widget.value_omitted_from_data(QueryDict("tagsx=1"), {}, "tags")
    assert not field.widget.value_omitted_from_data(QueryDict("tags="), {}, "tags")
    assert composite.widget.value_omitted_from_data(QueryDict(""), {}, "x")
    data = QueryDict("x._shown=1")
    assert composite.clean(composite.widget.value_from_datadict(data, {}, "x")) == []


def test_labels_and_help_come_from_the_model():
    field = model_field("routing_weight")
    group = model_field("identity")

    info = CharacterSheet.model_fields["routing_weight"]
    assert (field.label, field.help_text) == ("Weight", info.description)
    assert (group.label, group.help_text) == ("Identity", "Who the character is.")
    assert model_field("tags", label="Words", help_text="").label == "Words"


def test_bounds_and_lengths_reach_the_browser():
    page = controls(str(form_of(model_field("model"))))
    line = controls(str(form_of(model_field("creator"))))

    number = page.attrs_of["x.temperature"]
    assert (number["min"], number["max"], number["step"]) == ("0", "2", "any")
    assert page.attrs_of["x.max_tokens"]["step"] == "1"
    assert line.attrs_of["x"]["maxlength"] == "2000"


def test_a_single_control_is_labelled_by_the_page_around_it():
    form = form_of(model_field("display_name"), {"": ""})
    control = controls(str(form)).attrs_of["x"]

    assert form["x"].id_for_label == control["id"] == "id_x"
    assert "required" in control
    assert control["aria-describedby"] == "id_x_helptext id_x_error"
    assert control["aria-invalid"] == "true"
    assert form_of(model_field("model"))["x"].id_for_label == ""


def test_rules_across_fields_stand_beside_their_field():
    form_class = type(
        "F", (forms.Form,), sheet_fields(CharacterSheet, ["display_name", "tags"])
    )
    form = form_class({"display_name": "Ada", "tags": ""})
    assert form.is_valid()
    stages = [{"milestone": 5}, {"milestone": 5}]

    with pytest.raises(ValidationError) as caught:
        CharacterSheet.model_validate(
            {"display_name": "", "framework_id": "f", "evolution_stages": []}
        )
    add_sheet_errors(form, error=caught.value)
    with pytest.raises(ValidationError) as caught:
        CharacterSheet.model_validate(
            {"display_name": "A", "framework_id": "f", "evolution_stages": stages}
        )
    add_sheet_errors(form, error=caught.value)

    assert form.errors == {
        "display_name": ["Write at least one visible character."],
        "__all__": ["Give each growth stage its own number of interactions."],
    }


class Odd(BaseModel):
    """Kinds of fields that sheets do not use yet."""

    maybe_flag: bool | None = None
    maybe_choice: Literal["a", "b"] | None = None
    maybe_line: Annotated[str, Field(max_length=9)] | None = None
    pair: tuple[int, str] = (1, "a")
    above: Annotated[float, Field(gt=0)] = 1.5
    inner: "Odd | None" = None


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"maybe_flag": False, "maybe_choice": "b", "maybe_line": "x", "pair": [2, "b"]},
        {"maybe_line": ""},
        {"inner": {"maybe_flag": True, "inner": {"inner": None}}},
    ],
)
def test_annotations_without_controls_of_their_own_are_json(value):
    expected = Odd.model_validate(value).model_dump(mode="json")
    form = form_of(SheetField(Odd), {}, initial={"x": expected})

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"x": expected}


def test_open_bounds_are_told():
    form = form_of(SheetField(Odd), {".above": "0"})

    assert form.errors["x"] == ["Above: Write a number above 0."]


def test_media_is_a_module_and_a_sheet():
    media = str(form_of(model_field("tags")).media)

    assert 'type="module"' in media
    assert "sheet-forms.css" in media
    assert "style=" not in str(form_of(SheetField(CharacterSheet)))
