"""The API's description in OpenAPI 3.1, from what the views declare.

A view says with ``describe`` what it takes and gives; who may call it, the
problems that any call can meet, limits and codes are added here.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings
from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import (
    Direction,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from pydantic import BaseModel
from pydantic.json_schema import model_json_schema

from core import limits
from core.access import PUBLIC, Needs, rule_for
from core.api.permissions import least_role
from core.api.renderers import to_json
from core.problems import CODES, FIELD_CODES, MEDIA_TYPE

Handler = TypeVar("Handler", bound=Callable[..., Any])
Schema = dict[str, Any]

_EVERY_CALL: Final = ("unknown_parameter", "rate_limited", "database_unavailable")
_WITH_BODY: Final = (
    "invalid_json",
    "not_utf8",
    "json_too_deep",
    "duplicate_key",
    "number_not_finite",
    "number_too_large",
    "body_too_large",
    "unsupported_media_type",
    "invalid",
    "unknown_field",
    "nul_character",
    "invalid_unicode",
)

LIMITS: Final[Sequence[tuple[str, int, str]]] = (
    ("Body", limits.BODY_BYTES, "bytes"),
    ("Depth of JSON", limits.JSON_DEPTH, "levels"),
    ("Digits of a whole number", limits.INTEGER_DIGITS, "digits"),
    ("Text", limits.TEXT_BYTES, "bytes"),
    ("Message", limits.MESSAGE_BYTES, "bytes"),
    ("List", limits.LIST_ITEMS, "items"),
    ("Events in a batch", limits.BATCH_EVENTS, "events"),
    ("Uploaded file", limits.UPLOAD_BYTES, "bytes"),
    ("Picture", limits.IMAGE_PIXELS, "pixels"),
    ("Page of a list", limits.PAGE_SIZE_MAX, "results"),
    ("Reads, per key", limits.READS_PER_MINUTE, "a minute"),
    ("Decisions and events, per key", limits.WRITES_PER_MINUTE, "a minute"),
    ("At once after a rest, per key", limits.BURST, "requests"),
)
"""Name, number and unit of each limit that callers meet."""

INTRODUCTION: Final = """\
Bots send `Authorization: Bearer KEY`; people use their session, and for changes
its CSRF token as `X-CSRFToken`. Ids are text. Times are RFC 3339 in UTC.

Whatever goes wrong is told as `application/problem+json`, with a `code` that never
changes its meaning and an `errors` list whose pointers name the fields. Unknown
query parameters and fields are refused, so that a typo is seen; with
`Prefer: handling=lenient` they are ignored and named in `Preference-Applied`.

Lists come in pages: `results`, and `next`, the cursor of the next page or null.
Every answer carries `X-Request-ID`; name it when you report a problem.
An event of a batch counts as a tenth of a request."""

PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "The code in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, what to do."},
        "code": {"type": "string", "description": "For programs; never changes."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer to the value, or /parameter.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
    },
}
_REFERENCE: Final[Schema] = {"$ref": "#/components/schemas/Problem"}


# -- For views ---------------------------------------------------------------------


def describe(
    *,
    name: str,
    summary: str,
    answers: Mapping[Any, Any],
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | Mapping[str, Any] | None = None,
    problems: Sequence[str] = (),
    tag: str,
) -> Callable[[Handler], Handler]:
    """Describe one method of an API view; ``name`` becomes its operationId.

    ``answers`` maps a status to a pydantic model, a text (no body) or whatever
    drf-spectacular takes; ``problems`` are codes beyond those any call can meet.
    The docstring of the method becomes the longer description.

    Raises:
        KeyError: a code that nobody declared.
    """
    for code in problems:
        CODES[code]

    def decorate(handler: Handler) -> Handler:
        described: Handler = extend_schema(
            operation_id=name,
            summary=summary,
            parameters=parameters_of(query) if query else [],
            request=body,
            responses={
                status: OpenApiResponse(description=answer)
                if isinstance(answer, str)
                else answer
                for status, answer in answers.items()
            },
            tags=[tag],
        )(handler)
        described.problem_codes = tuple(problems)  # type: ignore[attr-defined]
        return described

    return decorate


def parameters_of(model: type[BaseModel]) -> list[OpenApiParameter]:
    """The query parameters that ``read_query`` reads into ``model``."""
    schema = model_json_schema(model, mode="validation")
    names = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        OpenApiParameter(
            name=name,
            type=_without_null(_inlined(inner, names=names)),
            location=OpenApiParameter.QUERY,
            required=name in required,
            description=_description(inner),
        )
        for name, inner in schema.get("properties", {}).items()
    ]


def problems_of(*which: int | str) -> dict[tuple[int, str], OpenApiResponse]:
    """Answers for ``extend_schema``: problems by status or, to name them, by code.

    Raises:
        KeyError: a code that nobody declared.
    """
    named = _by_status([code for code in which if isinstance(code, str)])
    statuses = {status for status in which if isinstance(status, int)} | set(named)
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            response=_REFERENCE, description=_in_words(named.get(status, ()))
        )
        for status in sorted(statuses)
    }


# -- The whole ---------------------------------------------------------------------


def schema_json() -> bytes:
    """The whole description as JSON; made once, since code alone decides it."""
    return _made(settings.ROOT_URLCONF)


@cache
def _made(urlconf: str) -> bytes:
    generator = Generator(urlconf=urlconf)  # type: ignore[no-untyped-call]
    return to_json(generator.get_schema(request=None, public=True))


class Generator(SchemaGenerator):
    """Adds what all operations share."""

    def get_schema(self, request: Any = None, public: bool = False) -> Schema:
        result: Schema = super().get_schema(  # type: ignore[no-untyped-call]
            request=request, public=public
        )
        endpoints: Any = self.endpoints
        components = result.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = PROBLEM
        result["info"].update(_information())
        for path, _, method, callback in endpoints:
            operation = result["paths"].get(path, {}).get(method.lower())
            if operation:
                _complete(operation, method=method, view=callback.cls)
        return result


class _PydanticModels(PydanticExtension):  # type: ignore[no-untyped-call]
    """What a body may be is not what an answer is: defaults need not be sent."""

    priority = 1

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        # The generator adds it to the model's own name, not to those within.
        suffix = "Request" if direction == "request" else ""
        schema = model_json_schema(
            self.target,
            ref_template=f"#/components/schemas/{{model}}{suffix}",
            mode="validation" if suffix else "serialization",
        )
        for name, inner in schema.pop("$defs", {}).items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=f"{name}{suffix}",
                    type=ResolvedComponent.SCHEMA,
                    object=f"{name}{suffix}",
                    schema=inner,
                )
            )
        return schema


class _BotKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "core.api.authentication.BotKeyAuthentication"
    name = "botKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": "A bot key."}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "core.api.authentication.PersonAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of a signed-in person.",
        }


def _inlined(schema: Any, *, names: Mapping[str, Any]) -> Any:
    """The schema without references, which a parameter could not resolve."""
    if isinstance(schema, list):
        return [_inlined(inner, names=names) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(names[schema["$ref"].rpartition("/")[2]], names=names)
    return {
        key: _inlined(inner, names=names)
        for key, inner in schema.items()
        if key not in {"title", "description"}
    }


def _description(schema: Schema) -> str:
    """The parameter's own description, else that of its one kind of value."""
    kinds = [schema, *schema.get("anyOf", [])]
    return next((kind["description"] for kind in kinds if "description" in kind), "")


def _without_null(schema: Schema) -> Schema:
    """A parameter is left out; it cannot be null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    others = {key: value for key, value in schema.items() if key != "anyOf"}
    if others.get("default", ...) is None:
        del others["default"]
    return {**kinds[0], **others}


def _information() -> Schema:
    """For ``info``: an introduction, and limits and codes as data and as text."""
    rows = [f"| {name} | {number:,} {unit} |" for name, number, unit in LIMITS]
    table = "\n".join(["| limit | at most |", "|---|---|", *rows])
    codes = {
        code: {"status": meaning.status, "title": meaning.title}
        for code, meaning in sorted(CODES.items())
    }
    return {
        "description": f"{INTRODUCTION}\n\n## Limits\n\n{table}",
        "x-introduction": INTRODUCTION,
        "x-limits": [
            {"name": name, "number": number, "unit": unit}
            for name, number, unit in LIMITS
        ],
        "x-problems": codes,
        "x-field-errors": dict(FIELD_CODES),
    }


def _complete(operation: Schema, *, method: str, view: Any) -> None:
    """Add who may call, and the problems that may be met."""
    handler = getattr(view, method.lower(), None)
    rule = rule_for(getattr(view, "access", {}), method=method)
    codes = [*getattr(handler, "problem_codes", ()), *_EVERY_CALL]
    if isinstance(rule, Needs):
        codes += ["not_authenticated", *_refusals(rule)]
        operation["security"] = [
            {name: []}
            for name, is_let_in in (("botKey", rule.scope), ("session", rule.action))
            if is_let_in
        ]
        operation["x-scope"] = rule.scope
        operation["x-role"] = least_role(rule.action) if rule.action else None
    elif rule == PUBLIC:
        operation["security"] = []
    if any(given["in"] == "path" for given in operation.get("parameters", [])):
        codes.append("not_found")
    if "requestBody" in operation:
        codes += _WITH_BODY
    responses = operation.setdefault("responses", {})
    for status, named in _by_status(codes).items():
        _add_problem(responses, status=str(status), codes=named)
    operation["responses"] = dict(sorted(responses.items()))


def _refusals(needs: Needs) -> list[str]:
    return [
        "missing_scope" if needs.scope else "people_only",
        "role_too_low" if needs.action else "bots_only",
    ]


def _by_status(codes: Sequence[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in sorted(set(codes)):
        found.setdefault(CODES[code].status, []).append(code)
    return found


def _add_problem(responses: Schema, *, status: str, codes: Sequence[str]) -> None:
    """Name ``codes`` under ``status``, beside those that the view names itself."""
    response = responses.setdefault(
        status, {"description": "", "content": {MEDIA_TYPE: {"schema": _REFERENCE}}}
    )
    said = response["description"]
    others = [code for code in codes if f"{code}:" not in said]
    response["description"] = "; ".join(filter(None, [said, _in_words(others)]))


def _in_words(codes: Sequence[str]) -> str:
    return "; ".join(f"{code}: {CODES[code].title}" for code in codes)
