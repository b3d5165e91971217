"""The bot's first dialect: a small file with a text beside it."""

from typing import Any

import pytest

from core import limits
from personas.domain.remarks import Action
from tests.personas.domain.dialect_files import character, dumped, refusal, remarks_on


def first(**fields: Any) -> dict[str, Any]:
    return {
        "name": "stoker",
        "display_name": "Stoker",
        "prompt_file": "a.txt",
        **fields,
    }


def test_first_text_stands_before_the_prompt():
    parsed = character(
        first(
            description="d",
            voice={"edge_voice": "v", "edge_volume": "+0%", "pace": 1},
            rvc={"enabled": True, "model": None, "pitch_shift": 2},
            behavior={"affection_multiplier": 1.2, "auto_reply_enabled": True},
            tags=["t"],
        ),
        files={"a.txt": 'Line\r\n{"a": 1} {{user}} ⚠'.encode()},
    )

    assert parsed.character_id == "stoker"
    assert dumped(parsed) == {
        "display_name": "Stoker",
        "framework_id": "neuro",
        "description": "d",
        "system_prompt_override": {"text": 'Line\r\n{"a": 1} {{user}} ⚠'},
        "voice": {
            "edge_voice": "v",
            "edge_volume": "+0%",
            "rvc": {"enabled": True, "pitch_shift": 2},
            "affection_multiplier": 1.2,
        },
        "tags": ["t"],
        "extensions": {
            "dramatis:kept": {
                "voice": {"pace": 1},
                "behavior": {"auto_reply_enabled": True},
            }
        },
    }
    assert remarks_on(parsed, "prompt_file") == [
        (Action.MAPPED, "system_prompt_override.text")
    ]


def test_first_text_is_mended():
    parsed = character(first(), files={"a.txt": b"\xef\xbb\xbfab\x00c"})

    assert parsed.sheet.system_prompt_override.text == "abc"
    assert [detail for _, detail in remarks_on(parsed, "prompt_file")[1:]] == [
        "Byte order mark at the start removed.",
        "NUL characters removed: 1.",
    ]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("b.txt", "'b.txt' is not beside this file"),
        ("../a.txt", "not the name of a file beside this one"),
        ("/etc/a.txt", "not the name of a file beside this one"),
        ("in\\a.txt", "not the name of a file beside this one"),
        ("..", "not the name of a file beside this one"),
        (".", "not the name of a file beside this one"),
        ("", "not the name of a file beside this one"),
        (None, "not the name of a file beside this one"),
        (["a.txt"], "not the name of a file beside this one"),
    ],
)
def test_first_text_must_be_beside_the_file(name, part):
    error = refusal(first(prompt_file=name), files={"a.txt": b"text"})

    assert part in str(error)
    assert error.pointer == "/prompt_file"


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"Zo\xeb", "a.txt: The file is not UTF-8"),
        (b"x" * (limits.TEXT_BYTES + 1), "prompt_file: Shorten this text"),
    ],
)
def test_first_text_must_be_readable(raw, part):
    error = refusal(first(), files={"a.txt": raw})

    assert part in str(error)
    assert error.pointer == "/prompt_file"
