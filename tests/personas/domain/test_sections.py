"""The five sections as text."""

from personas.domain import sections
from personas.domain.pieces import Piece, text_of
from personas.domain.sheets import CharacterSheet, FrameworkSheet


def character(**fields) -> CharacterSheet:
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


def test_empty_character_has_a_name_and_nothing_else():
    assert text_of(sections.identity(character())) == "Name: Ada"


def test_identity_holds_every_part_under_its_heading():
    text = text_of(
        sections.identity(
            character(
                description="A clerk.",
                scenario="At the desk.",
                identity={
                    "personality": "Dry.",
                    "who": "Ada, clerk",
                    "origin": "The harbour",
                    "current_state": "Off duty",
                    "core_traits": ["patient", " "],
                    "speaking_style": ["short"],
                    "details": [
                        {"key": "age", "value": "40"},
                        {"key": "tall", "value": ""},
                    ],
                },
            )
        )
    )

    assert text == (
        "Name: Ada\n\nA clerk.\n\n"
        "Who: Ada, clerk\nFrom: The harbour\nCurrent state: Off duty\n\n"
        "Personality:\nDry.\n\nCore traits:\n- patient\n\n"
        "Speaking style:\n- short\n\n"
        "More about them:\n- age: 40\n- tall\n\nScenario:\nAt the desk."
    )


def test_behavior_holds_framework_then_quirks_then_opinions():
    text = text_of(
        sections.behavior(
            character(
                quirks=[{"kind": "habits", "items": ["hums"]}, {"items": ["winks"]}],
                opinions=[
                    {"stance": "loves", "topic": "games", "items": ["chess"]},
                    {"stance": "hates", "items": ["rain"]},
                    {"stance": "fears", "topic": "geese"},
                ],
            ),
            framework=FrameworkSheet(
                name="F", behavioral_patterns={"calm": True}, decision_making={}
            ),
        )
    )

    assert text == (
        "Behavioral patterns:\n- calm: yes\n\nhabits:\n- hums\n\nQuirks:\n- winks\n\n"
        "loves (games):\n- chess\n\nhates:\n- rain\n\nfears: geese"
    )


def test_knowledge_and_interaction_leave_out_what_is_empty():
    plain = FrameworkSheet(name="F")

    assert sections.knowledge(character()) == ()
    assert sections.interaction(character(), framework=plain) == ()
    assert sections.anti_hallucination(plain) == ()
    assert (
        text_of(
            sections.knowledge(
                character(
                    knowledge_domain={"primary": "tides", "expertise": ["knots"]},
                    topic_interests=["sea"],
                    topic_avoidances=["war"],
                )
            )
        )
        == "Main subject: tides\n\nKnows about:\n- knots\n\n"
        "Likes to talk about:\n- sea\n\nAvoids talking about:\n- war"
    )


def test_tree_keeps_order_types_and_nesting():
    tree = {
        "b": {"deep": {"er": 0.3, "empty": {}, "none": None}},
        "a": ["x", {"k": False}, []],
        "blank": "",
        "": "no key",
    }

    assert text_of(sections.tree_text(tree, source="t")) == (
        "- b:\n  - deep:\n    - er: 0.3\n    - none: none\n"
        "- a:\n  - x\n    - k: no\n- no key"
    )


def test_tree_of_a_single_value():
    assert sections.tree_text("word", source="t") == (Piece("- word", "t"),)


def test_every_piece_names_the_field_it_came_from():
    sheet = character(
        identity={"core_traits": ["", "patient"]},
        quirks=[{"kind": "habits", "items": ["hums"]}],
        opinions=[{"stance": "hates", "items": ["rain"]}],
    )
    framework = FrameworkSheet(name="F", behavioral_patterns={"a": {"b": ["c"]}})

    identity = sections.identity(sheet)
    behavior = sections.behavior(sheet, framework=framework)

    assert Piece("- patient", "identity.core_traits.1") in identity
    assert Piece("Core traits:\n", "identity.core_traits") in identity
    assert Piece("- hums", "quirks.0.items.0") in behavior
    assert Piece("- rain", "opinions.0.items.0") in behavior
    assert Piece("    - c", "framework.behavioral_patterns.a.b.0") in behavior
