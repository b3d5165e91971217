"""The API's description and its page."""

import json
import re

import pytest
from django.conf import settings
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from core import limits
from core.access import PUBLIC
from core.api.schema import LIMITS, Generator, describe, problems_of, schema_json
from core.api.views import reading_rule
from core.problems import CODES, FIELD_CODES
from core.roles import Action, Role, Scope
from tests.factories import make_person

SAMPLE = "tests.core.sample_api"


def made(urlconf):
    GENERATOR_STATS.reset()
    return Generator(urlconf=urlconf).get_schema(request=None, public=True)


@pytest.fixture(scope="module")
def sample():
    return made(SAMPLE)


def operations(schema):
    return [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


# -- The product's description -----------------------------------------------------


def test_description_is_valid_and_without_warnings():
    schema = made(settings.ROOT_URLCONF)

    validate_schema(schema)
    assert schema["openapi"].startswith("3.1")
    assert not GENERATOR_STATS


def test_every_call_says_who_may_and_what_goes_wrong():
    for path, method, operation in operations(made(settings.ROOT_URLCONF)):
        name = f"{method} {path}"
        assert operation["summary"], name
        assert operation["tags"], name
        assert "security" in operation, name
        assert {"200", "201", "204"} & set(operation["responses"]), name
        if operation["security"]:
            assert {"401", "403"} <= set(operation["responses"]), name


def test_description_tells_limits_and_codes():
    info = json.loads(schema_json())["info"]

    given = {one["name"]: one["number"] for one in info["x-limits"]}
    assert given["Body"] == limits.BODY_BYTES
    assert given["Reads, per key"] == limits.READS_PER_MINUTE
    assert len(given) == len(LIMITS)
    assert "1,048,576 bytes" in info["description"]
    assert set(info["x-problems"]) == set(CODES)
    assert info["x-problems"]["not_found"]["status"] == 404
    assert info["x-field-errors"] == dict(FIELD_CODES)


def test_description_is_made_once():
    assert schema_json() is schema_json()


# -- What a view declares ----------------------------------------------------------


def test_parameters_come_from_the_query_model(sample):
    call = sample["paths"]["/api/v1/things"]["get"]

    given = {one["name"]: one["schema"] for one in call["parameters"]}
    assert given == {
        "at": {"type": "string", "format": "date-time"},
        "kind": {"type": "string", "enum": ["new", "old"], "default": "new"},
        "min": {"type": "integer", "minimum": -10, "maximum": 10, "default": 0},
        "target": {"type": "array", "items": {"type": "string"}},
    }


def test_body_and_answer_come_from_models(sample):
    call = sample["paths"]["/api/v1/things"]["post"]
    schemas = sample["components"]["schemas"]

    sent = call["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    given = call["responses"]["201"]["content"]["application/json"]["schema"]["$ref"]
    body = schemas[sent.rpartition("/")[2]]
    answer = schemas[given.rpartition("/")[2]]
    assert body["required"] == ["title"]
    assert answer["required"] == ["title", "count"]
    inner = body["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
    assert schemas[inner]["required"] == ["name"]
    assert call["responses"]["204"] == {"description": "Nothing"}


def test_who_may_call_comes_from_the_table(sample):
    read = sample["paths"]["/api/v1/things"]["get"]
    write = sample["paths"]["/api/v1/things"]["post"]
    people = sample["paths"]["/api/v1/schema"]["get"]

    assert (read["x-scope"], read["x-role"]) == (Scope.PROMPT_READ, Role.VIEWER)
    assert (write["x-scope"], write["x-role"]) == (
        Scope.INTERACTION_WRITE,
        Role.MANAGER,
    )
    assert read["security"] == [{"botKey": []}, {"session": []}]
    assert people["security"] == [{"session": []}]
    assert set(sample["components"]["securitySchemes"]) == {"botKey", "session"}


def test_problems_are_named_with_their_status(sample):
    answers = sample["paths"]["/api/v1/things"]["post"]["responses"]
    one = sample["paths"]["/api/v1/things/{thing_id}"]["get"]["responses"]
    listed = sample["paths"]["/api/v1/things"]["get"]["responses"]

    assert "duplicate_key: " in answers["400"]["description"]
    assert "unknown_field: " in answers["422"]["description"]
    assert "body_too_large: " in answers["413"]["description"]
    assert "conflict: " in listed["409"]["description"]
    assert "not_found: " in one["404"]["description"]
    assert "404" not in listed
    assert "422" not in listed
    content = answers["422"]["content"]["application/problem+json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in sample["components"]["schemas"]


def test_unmatched_addresses_are_not_described(sample):
    assert all("{" not in path or "thing_id" in path for path in sample["paths"])


def test_undeclared_codes_are_refused():
    with pytest.raises(KeyError):
        describe(name="x", summary="x", answers={}, problems=["made_up"], tag="x")
    with pytest.raises(KeyError):
        problems_of("made_up")


def test_problems_of_takes_statuses_and_codes():
    found = problems_of(400, "not_found")

    assert [status for status, _ in found] == [400, 404]
    descriptions = [response.description for response in found.values()]
    assert descriptions == ["", "not_found: There is nothing here"]


# -- Who reads it ------------------------------------------------------------------


def test_reading_is_open_only_while_developing():
    assert reading_rule(is_debug=True) == PUBLIC
    assert reading_rule(is_debug=False) == Action.SEE


@pytest.mark.django_db
def test_page_is_for_people():
    anybody, nobody = Client(), Client()
    anybody.force_login(make_person(Role.VIEWER))
    nobody.force_login(make_person(None))

    assert anybody.get("/api/v1/docs").status_code == 200
    assert nobody.get("/api/v1/docs").status_code == 403
    refused = Client().get("/api/v1/docs")
    assert refused.status_code == 302
    assert refused["Location"].endswith("?next=/api/v1/docs")


@pytest.mark.django_db
def test_page_loads_nothing_from_elsewhere():
    client = Client()
    client.force_login(make_person(Role.VIEWER))

    page = client.get("/api/v1/docs").content.decode()

    assert 'data-api-docs="/api/v1/schema"' in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert not re.findall(r"\bstyle=|\bon\w+=", page)


@pytest.mark.django_db
def test_schema_refuses_unknown_parameters():
    client = Client()
    client.force_login(make_person(Role.VIEWER))

    assert client.get("/api/v1/schema?format=yaml").status_code == 400
