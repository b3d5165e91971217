"""``docs/choosing-kinds.md``: its rules do what its table says."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from relationships.domain.kinds import DEFAULT_KINDS

PAGE = (Path(settings.BASE_DIR) / "docs" / "choosing-kinds.md").read_text("utf-8")


def _rules() -> dict[str, Any]:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)  # our own page
    return names


def _examples() -> list[tuple[str, str | None, str]]:
    table = PAGE.split("| message | replies to a | kind |\n|---|---|---|\n")[1]
    rows = [line.strip("| ").split("|") for line in table.split("\n\n")[0].splitlines()]
    return [
        (text.strip().replace("<br>", "\n"), before.strip() or None, kind.strip())
        for text, before, kind in rows
    ]


@pytest.mark.parametrize(("text", "before", "kind"), _examples())
def test_the_rules_choose_what_the_table_says(text, before, kind):
    assert _rules()["kind_of"](text, before) == kind


def test_each_kind_that_is_there_at_first_has_an_example():
    assert {kind for _, _, kind in _examples()} == {k.kind for k in DEFAULT_KINDS}


def test_the_prompt_for_a_model_lists_the_same_kinds():
    prompt = PAGE.split("```text\n")[1].split("```")[0]

    assert all(f"\n{kind.kind} " in prompt for kind in DEFAULT_KINDS)
