"""Sheets as hypothesis makes them up."""

import json

from hypothesis import strategies as st

from personas.domain.sheets import CharacterSheet, FrameworkSheet

# Anything but what no database stores: NUL and halves of surrogate pairs.
TEXT = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40
)
LINES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
TREES = st.dictionaries(
    TEXT,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.floats(-1e9, 1e9)
        | TEXT,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=3,
).map(lambda tree: json.loads(json.dumps(tree)))

CHARACTERS = st.builds(
    lambda **fields: CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    ),
    display_name=LINES,
    description=TEXT,
    scenario=TEXT,
    first_message=TEXT,
    alternate_greetings=st.lists(TEXT, max_size=2),
    example_messages=TEXT,
    post_history=TEXT,
    identity=st.fixed_dictionaries(
        {"personality": TEXT, "who": TEXT, "core_traits": st.lists(TEXT, max_size=2)}
    ),
    opinions=st.lists(
        st.fixed_dictionaries({"stance": LINES, "items": st.lists(TEXT, max_size=2)}),
        max_size=2,
    ),
    quirks=st.lists(
        st.fixed_dictionaries({"kind": LINES, "items": st.lists(TEXT, max_size=2)}),
        max_size=2,
    ),
    topic_interests=st.lists(LINES, max_size=3),
    system_prompt_override=st.fixed_dictionaries(
        {"text": TEXT, "mode": st.sampled_from(["prepend", "append", "replace"])}
    ),
    extensions=TREES,
)

FRAMEWORKS = st.builds(
    lambda **fields: FrameworkSheet.model_validate({"name": "F", **fields}),
    behavioral_patterns=TREES,
    decision_making=TREES,
    interaction_style=TREES,
    anti_hallucination=TREES,
    prompt_template=TEXT
    | st.sampled_from(["{identity}", "{{behavior}} {knowledge}", "{character_name}"]),
    tool_requirements=st.fixed_dictionaries(
        {
            "required": st.lists(LINES, max_size=3),
            "optional": st.lists(LINES, max_size=3),
        }
    ),
)
