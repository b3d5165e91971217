"""Forms whose text is not UTF-8 are refused before anybody reads them."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from hypothesis import given
from hypothesis import strategies as st

from core.form_encoding import is_utf8, refuse_broken_text

pytestmark = pytest.mark.django_db

URLENCODED = "application/x-www-form-urlencoded"
BROKEN = [b"\xed\xa0\x80", b"\xff", b"caf\xe9", b"\xc3", b"\xc0\xaf"]
FINE = ["", "plain", "café", "\ufffd", "💬 100%", "%ED"]
NO_TEXT = b"\x89PNG\xff\xfe"


def post(body: bytes, *, content_type: str = URLENCODED, path: str = "/people/"):
    """The answer, and the names and texts that the view got to see."""
    seen = []

    def view(request):
        seen.append(
            (request.POST.dict(), {n: f.read() for n, f in request.FILES.items()})
        )
        return HttpResponse("saved")

    request = RequestFactory().generic("POST", path, body, content_type)
    return refuse_broken_text(view)(request), seen


def part(name: bytes, text: bytes, *, more: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="' + name + b'"' + more
    return b"--%s\r\n%s\r\n\r\n%s\r\n" % (BOUNDARY.encode(), head, text)


def parts(*bodies: bytes) -> bytes:
    return b"".join(bodies) + b"--%s--\r\n" % BOUNDARY.encode()


def escaped(text: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in text)


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize(
    "body",
    [
        lambda text: b"name=" + text,
        lambda text: b"name=" + escaped(text) + b"&after=1",
        lambda text: escaped(text).lower() + b"=value",
    ],
)
def test_broken_urlencoded_text_reaches_no_view(body, text):
    response, seen = post(body(text))

    assert response.status_code == 400
    assert "Some text is not valid UTF-8" in response.content.decode()
    assert seen == []


@pytest.mark.parametrize("text", BROKEN)
def test_broken_text_beside_a_file_reaches_no_view(text):
    file = part(b"picture", NO_TEXT, more=b'; filename="a.png"')

    response, seen = post(
        parts(file, part(b"name", text)), content_type=MULTIPART_CONTENT
    )

    assert response.status_code == 400
    assert "Some text is not valid UTF-8" in response.content.decode()
    assert seen == []


@pytest.mark.parametrize("text", FINE)
def test_good_text_arrives_as_it_was_sent(text):
    raw = text.encode()

    for body, content_type in (
        (b"name=" + escaped(raw), URLENCODED),
        (parts(part(b"name", raw)), MULTIPART_CONTENT),
    ):
        response, seen = post(body, content_type=content_type)
        assert response.content == b"saved"
        assert seen == [({"name": text}, {})]


def test_files_may_hold_any_bytes():
    body = parts(
        part("naïve".encode(), b"x"),
        part(b"picture", NO_TEXT, more=b'; filename="a.png"'),
    )

    _, seen = post(body, content_type=MULTIPART_CONTENT)

    assert seen == [({"naïve": "x"}, {"picture": NO_TEXT})]


def test_another_charset_does_not_open_a_way_around():
    content_type = f"{MULTIPART_CONTENT}; charset=latin-1"

    response, seen = post(parts(part(b"name", b"caf\xe9")), content_type=content_type)

    assert (response.status_code, seen) == (400, [])


def test_the_query_of_a_form_is_judged_too():
    for body, content_type in (
        (b"name=x", URLENCODED),
        (parts(part(b"name", b"x")), MULTIPART_CONTENT),
    ):
        response, seen = post(body, content_type=content_type, path="/?q=%FF")
        assert (response.status_code, seen) == (400, [])


def test_half_a_character_is_not_made_whole_by_an_escape():
    response, seen = post(b"name=%C3\xa9")

    assert (response.status_code, seen) == (400, [])


def test_the_api_judges_its_own_bodies():
    response, _ = post(b"name=%FF", path="/api/v1/personas")

    assert response.content == b"saved"


@given(st.binary(max_size=40), st.integers(0, 4))
def test_pieces_do_not_change_the_judgement(tail, shift):
    body = b"a" * (64 * 1024 - shift) + escaped(tail)
    try:
        tail.decode()
    except UnicodeDecodeError:
        assert not is_utf8(body)
    else:
        assert is_utf8(body)


def test_a_percent_sign_without_digits_is_text():
    assert is_utf8(b"%" * 200_000)
    assert is_utf8(b"100%&x=%zz%")


@pytest.mark.parametrize("is_multipart", [False, True])
def test_the_site_refuses_such_a_form(client, is_multipart):
    body = parts(part(b"login", b"\xff")) if is_multipart else b"login=%FF"
    content_type = MULTIPART_CONTENT if is_multipart else URLENCODED

    response = client.generic("POST", "/accounts/login/", body, content_type)

    assert response.status_code == 400
    assert "Some text is not valid UTF-8" in response.content.decode()
