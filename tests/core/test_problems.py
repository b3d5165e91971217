"""Whatever goes wrong is told in one form."""

import json

import pytest
from django.test import Client
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from core.api.problems import invalid, rate_limited
from core.api.validation import field_errors
from core.problems import (
    CODES,
    FIELD_CODES,
    MAX_ERRORS,
    Code,
    FieldError,
    Problem,
    declare,
)
from tests.core.api_client import bot_client

pytestmark = pytest.mark.urls("tests.core.sample_api")


@pytest.fixture
def anybody():
    return Client(raise_request_exception=False)


def problem_in(response):
    assert response["Content-Type"] == "application/problem+json"
    assert response["X-Request-ID"]
    body = json.loads(response.content)
    assert set(body) == {
        "type",
        "title",
        "status",
        "detail",
        "code",
        "errors",
        "request_id",
    }
    assert body["status"] == response.status_code == CODES[body["code"]].status
    assert body["title"] == CODES[body["code"]].title
    assert body["request_id"] == response["X-Request-ID"]
    return body


def pointers(body):
    return [(error["pointer"], error["code"]) for error in body["errors"]]


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("problem", 409, "conflict"),
        ("missing", 404, "not_found"),
        ("forbidden", 403, "forbidden"),
        ("suspicious", 400, "bad_request"),
        ("database", 503, "database_unavailable"),
        ("interface", 503, "database_unavailable"),
        ("framework-missing", 404, "not_found"),
        ("framework-forbidden", 403, "forbidden"),
        ("parse", 400, "bad_request"),
        ("throttled", 429, "rate_limited"),
        ("failed", 401, "not_authenticated"),
        ("serializer", 422, "invalid"),
        ("validation", 422, "invalid"),
        ("bug", 500, "internal_error"),
    ],
)
def test_everything_raised_becomes_a_problem(anybody, how, status, code):
    response = anybody.get(f"/api/v1/fail/{how}")

    body = problem_in(response)
    assert (body["status"], body["code"]) == (status, code)
    assert response["Cache-Control"] == "no-store"
    assert b"hunter2" not in response.content
    assert b"secret reason" not in response.content


def test_bugs_are_not_swallowed():
    with pytest.raises(RuntimeError, match="a bug"):
        Client().get("/api/v1/fail/bug")


def test_problem_carries_fields_and_headers(anybody):
    response = anybody.get("/api/v1/fail/problem", headers={"X-Request-ID": "abc-1"})

    body = problem_in(response)
    assert body["errors"] == [
        {"pointer": "/title", "code": "invalid", "detail": "Taken."}
    ]
    assert body["detail"] == "Choose another."
    assert body["type"] == "/api/v1/docs#conflict"
    assert body["request_id"] == "abc-1"
    assert response["Retry-After"] == "7"


def test_unavailable_database_asks_to_come_back(anybody):
    assert int(anybody.get("/api/v1/fail/database")["Retry-After"]) >= 1


def test_throttled_rounds_up(anybody):
    assert anybody.get("/api/v1/fail/throttled")["Retry-After"] == "3"
    assert rate_limited(retry_after=0.01).headers["Retry-After"] == "1"


def test_errors_of_framework_and_models_have_pointers(anybody):
    serializer = problem_in(anybody.get("/api/v1/fail/serializer"))
    whole = problem_in(anybody.get("/api/v1/fail/plain"))
    model = problem_in(anybody.get("/api/v1/fail/validation"))

    assert pointers(serializer) == [("/rows/1/name", "required")]
    assert pointers(whole) == [("", "invalid")]
    assert pointers(model) == [("/title", "required"), ("/count", "wrong_type")]


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options", "trace"])
@pytest.mark.parametrize("address", ["nothing", "things/%0d%0aERROR", "a/b/c", ""])
def test_unknown_addresses_are_problems(anybody, method, address):
    response = getattr(anybody, method)(f"/api/v1/{address}")

    assert problem_in(response)["code"] == "not_found"


def test_addresses_beside_the_version_are_problems_too(anybody):
    assert problem_in(anybody.get("/api/v2/personas"))["code"] == "not_found"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_other_methods_are_told_what_is_allowed(anybody, method):
    response = anybody.generic(method, "/api/v1/open")

    assert problem_in(response)["code"] == "method_not_allowed"
    assert response["Allow"] == "GET, HEAD"


def test_unknown_host_is_a_problem(anybody):
    response = anybody.get("/api/v1/open", headers={"host": "evil.example"})

    assert problem_in(response)["code"] == "bad_request"


@pytest.mark.parametrize("accept", ["text/html", "image/png", "nonsense", "a" * 300])
def test_answers_are_json_whatever_is_accepted(anybody, accept):
    response = anybody.get("/api/v1/open", headers={"Accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"[" * 1000, 400, "json_too_deep"),
        (b'{"count": 1e400}', 400, "number_not_finite"),
        (b'{"title": "a", "title": "b"}', 400, "duplicate_key"),
        (b"\xef\xbb\xbf{}", 400, "not_utf8"),
        (rb'{"title": "\u0000"}', 422, "nul_character"),
        (rb'{"title": "\ud800"}', 422, "invalid_unicode"),
        (b'{"title": "' + b"x" * 1024 * 1024 + b'"}', 413, "body_too_large"),
    ],
)
def test_bad_bodies_are_problems(raw, status, code):
    client = bot_client()

    response = client.post("/api/v1/things", raw, content_type="application/json")

    body = problem_in(response)
    assert (body["status"], body["code"]) == (status, code)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "nonsense",
    ],
)
def test_other_types_of_bodies_are_refused(media_type):
    response = bot_client().post("/api/v1/things", b"{}", content_type=media_type)

    assert problem_in(response)["code"] == "unsupported_media_type"


# -- Codes -------------------------------------------------------------------------


def test_declare_refuses_a_second_meaning():
    assert declare("conflict", status=409, title=CODES["conflict"].title) == "conflict"
    with pytest.raises(ValueError, match="already means"):
        declare("conflict", status=409, title="Something else")


def test_problem_refuses_undeclared_codes():
    with pytest.raises(KeyError):
        Problem("made_up", detail="")


def test_codes_have_an_http_status_and_a_title():
    for code, meaning in CODES.items():
        assert code.isidentifier()
        assert meaning == Code(meaning.status, meaning.title)
        assert 400 <= meaning.status < 600
        assert not meaning.title.endswith(".")


def test_many_errors_are_cut():
    errors = [FieldError(f"/{n}", "invalid", "Wrong.") for n in range(MAX_ERRORS + 9)]

    body = json.loads(invalid(errors).to_json(request_id=""))

    assert len(body["errors"]) == MAX_ERRORS
    assert body["detail"] == (
        "Correct 59 values, then send this again: /0, /1, /2 and 56 more."
    )


def test_invalid_names_unknown_fields_if_that_is_all():
    unknown = FieldError("/a", "unknown_field", "")
    other = FieldError("/b", "required", "")

    assert invalid([unknown]).code == "unknown_field"
    assert invalid([unknown, other]).code == "invalid"
    assert invalid([FieldError("", "wrong_type", "")]).detail == (
        "Correct 1 value, then send this again."
    )


# -- Words -------------------------------------------------------------------------


class Sample(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    user_id: str = "x"
    text: str = "x"
    own: str = "x"
    plain: str = "x"

    @field_validator("own")
    @classmethod
    def _own(cls, value):
        if value == "bad":
            raise PydanticCustomError("self_interaction", "Name another character.")
        return value

    @field_validator("plain")
    @classmethod
    def _plain(cls, value):
        if value == "bad":
            raise ValueError("Choose a better word.")
        return value


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"user_id": 123}, ("/user_id", "wrong_type", "2^53")),
        ({"user_id": True}, ("/user_id", "wrong_type", "This must be text.")),
        ({"own": "bad"}, ("/own", "self_interaction", "Name another character.")),
        ({"plain": "bad"}, ("/plain", "invalid", "Choose a better word.")),
        ({"a/b": 1}, ("/a~1b", "unknown_field", "check the spelling")),
    ],
)
def test_field_errors_use_our_words(data, expected):
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate(data)

    (error,) = field_errors(caught.value, data=data)
    pointer, code, words = expected
    assert (error.pointer, error.code) == (pointer, code)
    assert words in error.detail


class Cat(BaseModel):
    kind: str
    lives: int


class Dog(BaseModel):
    kind: str
    tricks: list[str]


class Home(BaseModel):
    pet: Cat | Dog


def test_pointers_skip_what_is_not_in_the_body():
    data = {"pet": {"kind": "cat", "lives": "nine"}}
    with pytest.raises(ValidationError) as caught:
        Home.model_validate(data, strict=True)

    found = {(e.pointer, e.code) for e in field_errors(caught.value, data=data)}

    assert found == {("/pet/lives", "wrong_type"), ("/pet/tricks", "required")}


def test_field_codes_are_documented():
    assert {"required", "wrong_type", "unknown_field", "invalid"} <= set(FIELD_CODES)
