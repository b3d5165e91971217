"""Pictures in cards, and addresses of pictures."""

import base64

import pytest

from personas.domain.remarks import Action
from tests.personas.domain.dialect_files import (
    card,
    character,
    remarks_on,
)


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("fields", "avatar", "address"),
    [
        ({"avatar": uri(b"abc")}, b"abc", ""),
        ({"avatar_url": uri(b"abc")}, b"abc", ""),
        ({"avatar": " DATA:image/png;BASE64, YW Jj "}, b"abc", ""),
        ({"avatar": "data:,a%20b"}, b"a b", ""),
        (
            {"avatar": uri(b"abc"), "avatar_url": "//x.example/a"},
            b"abc",
            "//x.example/a",
        ),
        ({"avatar_url": "attachment://a.png"}, None, "attachment://a.png"),
        ({"avatar": "None"}, None, ""),
    ],
)
def test_pictures_are_decoded_and_addresses_kept_as_text(fields, avatar, address):
    parsed = character(card(**fields))

    assert parsed.avatar == avatar
    assert parsed.sheet.avatar_address == address
    assert parsed.sheet.avatar == ""
    assert parsed.sheet.extensions == {}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("data:image/png;base64,?", "cannot be decoded"),
        ("data:image/png;base64,YW", "cannot be decoded"),
        ("data:image/png;base64,ü", "cannot be decoded"),
        ("data:image/png;base64,", "no picture"),
        ("data:image/png;base64", "no picture"),
    ],
)
def test_pictures_that_cannot_be_decoded_are_kept(value, why):
    parsed = character(card(avatar=value))

    assert parsed.avatar is None
    assert parsed.sheet.extensions == {"dramatis:card": {"data": {"avatar": value}}}
    ((action, detail),) = remarks_on(parsed, "data.avatar")
    assert action is Action.KEPT
    assert why in detail


def test_the_second_picture_and_the_second_address_are_kept():
    pictures = character(card(avatar=uri(b"a"), avatar_url=uri(b"b")))
    addresses = character(
        card(avatar="https://a.example", avatar_url="https://b.example")
    )

    assert pictures.avatar == b"a"
    assert remarks_on(pictures, "data.avatar_url") == [
        (Action.KEPT, "Another field already gave a picture.")
    ]
    assert addresses.sheet.avatar_address == "https://a.example"
    assert remarks_on(addresses, "data.avatar_url") == [
        (Action.KEPT, "Another field already gave avatar_address.")
    ]


def test_an_address_remembers_by_which_name_it_came():
    parsed = character(card(avatar="https://a.example/b.png"))

    assert parsed.sheet.avatar_address == "https://a.example/b.png"
    assert parsed.sheet.extensions == {
        "dramatis:card": {"data_spelled": {"avatar": "https://a.example/b.png"}}
    }
