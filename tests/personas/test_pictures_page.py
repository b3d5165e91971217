"""Pictures as chats load them."""

import io

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from personas.services import pictures
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def digest():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return pictures.store(file.getvalue(), now=NOW).digest


@pytest.fixture
def url(digest):
    return reverse("personas:picture", args=[digest])


def test_anybody_gets_it_and_may_keep_it(client, url, digest):
    response = client.get(url)

    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["ETag"] == f'"{digest}"'
    assert set(response["Cache-Control"].split(", ")) == {
        "public",
        "max-age=31536000",
        "immutable",
    }
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox"
    assert "Vary" not in response
    assert "Set-Cookie" not in response
    assert Image.open(io.BytesIO(response.content)).size == (8, 8)


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"other", "{}"'])
def test_whoever_has_it_gets_no_bytes(
    client, url, digest, form, django_assert_num_queries
):
    with django_assert_num_queries(1) as asked:
        response = client.get(url, headers={"If-None-Match": form.format(digest)})

    assert response.status_code == 304
    assert response.content == b""
    assert response["ETag"] == f'"{digest}"'
    assert "content" not in asked.captured_queries[0]["sql"].replace("content_", "")


def test_another_tag_gets_the_picture(client, url):
    assert client.get(url, headers={"If-None-Match": '"old"'}).status_code == 200


def test_head_has_no_body(client, url):
    response = client.head(url)

    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": f'"{"a" * 64}"'}])
def test_what_is_not_there_is_not_found(client, headers):
    url = reverse("personas:picture", args=["a" * 64])

    assert client.get(url, headers=headers).status_code == 404


@pytest.mark.parametrize("name", ["x", "A" * 64, "a" * 63, "..%2f" + "a" * 59])
def test_other_names_are_not_found(client, name):
    assert client.get(f"/pictures/{name}.png").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(url, method):
    assert getattr(Client(), method)(url).status_code == 405
