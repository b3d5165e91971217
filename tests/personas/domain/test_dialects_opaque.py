"""What a file carries that nobody knows is kept, but not without end."""

import json
from typing import Any

import pytest

from core import limits
from personas.domain.cards.writing import CardForm, write_card
from personas.domain.dialects import (
    ParsedFramework,
    UnreadableFile,
    opaque,
    read_prompt_file,
)
from personas.domain.lore.reading import ParsedBook
from tests.personas.domain.card_made import parsed_card, sheet_in, v3

MOST = limits.OPAQUE_VALUES


def crowd(count: int) -> dict[str, int]:
    return {f"key{at}": at for at in range(count)}


def refused(document: Any) -> str:
    with pytest.raises(UnreadableFile) as caught:
        parsed_card(document)
    return str(caught.value)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (v3(**crowd(MOST + 1)), " Most of them are in “data”."),
        (v3(junk=crowd(MOST + 1)), " Most of them are in “data.junk”."),
        (v3(extensions={"risuai": {"a": [1] * MOST}}), "“risuai.a”."),
        ({**v3(), "x" * 99: [[0]] * MOST}, f"“root.{'x' * 40}”."),
        (v3(extensions=crowd(MOST + 1)), " are kept. Remove"),
        (v3(extensions={"a": {"b": {"c": {"d": {"e": crowd(MOST)}}}}}), "“a.b.c.d”."),
        (v3(tags={"not": ["a", "list"]}, description="d", a=[0] * MOST), "“data.a”."),
    ],
)
def test_too_many_unknown_values_are_refused_with_their_place(document, place):
    message = refused(document)

    assert "values that no program here knows; at most 20,000 are kept." in message
    assert place in message


def test_the_number_of_values_is_told():
    # With the field's own, and the two names under which it would be kept.
    assert "carries 300,003 values" in refused(v3(junk=crowd(300_000)))


def test_as_many_unknown_values_as_allowed_are_kept():
    # The part, the two names in it, and what they hold.
    document = v3(junk=crowd(MOST - 4), also=[])

    kept = sheet_in(parsed_card(document)).extensions["dramatis:card"]["data"]

    assert kept == {"junk": crowd(MOST - 4), "also": []}


def test_too_many_unknown_bytes_are_refused():
    texts = ["ü" * 60_000] * 8
    texts.append("")
    size = len(json.dumps({"theirs": texts}, ensure_ascii=False).encode())
    # Compact: no space after the colon and after each comma.
    texts[-1] = "x" * (limits.OPAQUE_BYTES - size + 1 + 8)

    fits = v3(extensions={"theirs": texts})
    assert sheet_in(parsed_card(fits)).extensions["theirs"] == texts
    texts[-1] += "x"
    message = refused(v3(extensions={"theirs": texts}))
    assert "1,048,577 bytes of fields that no program here knows" in message
    assert "at most 1,048,576 are kept" in message


def test_nothing_is_walked_in_vain_before_it_is_refused(monkeypatch):
    monkeypatch.setattr(
        "personas.domain.cards.reading.script_places",
        lambda _: pytest.fail("Looked for scripts in what is refused."),
    )

    assert "at most 20,000" in refused(v3(junk=crowd(MOST)))


def test_frameworks_are_refused_too():
    document = {
        "framework_id": "neuro",
        "name": "Neuro",
        "prompt_template": "Hello.",
        "junk": crowd(MOST - 1),
    }

    def read() -> Any:
        raw = json.dumps(document).encode()
        return read_prompt_file(raw, stem="neuro", read_text=lambda _: None)

    assert isinstance(read(), ParsedFramework)
    document["more"] = 1
    with pytest.raises(UnreadableFile, match=r"carries 20,001 values"):
        read()


def entry(at: int) -> dict[str, Any]:
    known = {"keys": [f"word{at}"], "content": "c", "enabled": True, "id": at}
    more = {f"field_{n}": n for n in range(30)}
    return {**known, "insertion_order": at, "extensions": {"depth": 4, **more}}


def test_books_of_many_entries_are_still_read():
    document = v3(character_book={"entries": [entry(at) for at in range(1_000)]})

    book = parsed_card(document).book

    assert book is not None
    assert len(book.entries) == 1_000


@pytest.mark.parametrize("is_alone", [True, False])
@pytest.mark.parametrize("where", ["junk", "extensions"])
def test_books_do_not_carry_more_of_their_own(is_alone, where):
    book = {"name": "Harbour", "entries": [entry(1)], where: crowd(MOST)}
    document = {"spec": "lorebook_v3", "data": book}

    assert "values that no program here knows" in refused(
        document if is_alone else v3(character_book=book)
    )
    book[where] = crowd(MOST // 4)
    if is_alone:
        assert isinstance(parsed_card(document).content, ParsedBook)
    else:
        assert parsed_card(v3(character_book=book)).book


def test_an_empty_object_has_nothing_to_refuse():
    opaque.check_opaque({})


def test_long_numbers_come_back_as_the_same_text():
    raw = json.dumps(v3(extensions={"discord": {"id": 1234567890123456789}}))

    first = parsed_card(raw.encode())
    sheet = sheet_in(first)
    again = parsed_card(
        write_card(sheet, character_id="ada", form=CardForm.V3_JSON), name="a.json"
    )

    assert sheet.extensions == {"discord": {"id": "1234567890123456789"}}
    assert sheet_in(again).extensions == sheet.extensions
    (remark,) = (r for r in first.remarks if r.field == "data.extensions.discord.id")
    assert "19 digits" in remark.detail
    assert "goes out as text" in remark.detail
