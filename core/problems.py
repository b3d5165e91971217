"""Problems: what went wrong, in words for people and codes for programs.

Answers have the form of RFC 9457. Any layer may raise ``Problem``; the edges
turn it into an answer (``core.api.problems`` for REST, ``core.body_limit`` in
front of it). Codes are part of the contract: they are declared once, listed in
the API description, and never change their meaning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

MEDIA_TYPE: Final = "application/problem+json"
DOCS_PATH: Final = "/api/v1/docs"
MAX_ERRORS: Final = 50
"""So that a body full of mistakes does not give an answer as large."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a problem code stands for; ``title`` is the same for each occurrence."""

    status: int
    title: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused value.

    ``pointer`` is a JSON pointer into the body or, for a query parameter, into
    the object of parameters: ``/limit``.
    """

    pointer: str
    code: str
    detail: str


CODES: Final[dict[str, Code]] = {
    "bad_request": Code(400, "The request cannot be understood"),
    "invalid_json": Code(400, "The body is not JSON"),
    "not_utf8": Code(400, "The body is not UTF-8"),
    "json_too_deep": Code(400, "The JSON is nested too deep"),
    "duplicate_key": Code(400, "A key stands twice in one object"),
    "number_not_finite": Code(400, "A number is not finite"),
    "number_too_large": Code(400, "A number has too many digits"),
    "unknown_parameter": Code(400, "There is no such query parameter"),
    "bad_parameter": Code(400, "A query parameter cannot be used"),
    "bad_cursor": Code(400, "The cursor is not one of ours"),
    "not_authenticated": Code(401, "No valid key and nobody signed in"),
    "missing_scope": Code(403, "The key lacks a scope"),
    "role_too_low": Code(403, "Your role does not allow this"),
    "people_only": Code(403, "Only people may do this"),
    "bots_only": Code(403, "Only bot keys may do this"),
    "csrf_failed": Code(403, "The request does not come from our own pages"),
    "forbidden": Code(403, "This is not allowed"),
    "not_found": Code(404, "There is nothing here"),
    "method_not_allowed": Code(405, "This address does not take that method"),
    "request_timeout": Code(408, "The body took too long to arrive"),
    "conflict": Code(409, "This conflicts with what is there"),
    "stale": Code(412, "Somebody changed this in the meantime"),
    "body_too_large": Code(413, "The body is too large"),
    "unsupported_media_type": Code(415, "The body's type is not accepted"),
    "invalid": Code(422, "Some values cannot be used"),
    "unknown_field": Code(422, "There is no such field"),
    "nul_character": Code(422, "Text holds a NUL character"),
    "invalid_unicode": Code(422, "Text holds half of a surrogate pair"),
    "if_match_required": Code(428, "If-Match is missing"),
    "rate_limited": Code(429, "Too many requests"),
    "internal_error": Code(500, "Something went wrong on our side"),
    "database_unavailable": Code(503, "The database cannot be reached"),
}
"""Code → status and title; apps above add theirs with ``declare``."""

FIELD_CODES: Final[Mapping[str, str]] = {
    "required": "The value is missing",
    "wrong_type": "The value has another type; nothing is converted",
    "out_of_range": "The number is too small or too large",
    "too_long": "The text or list is too long",
    "too_short": "The text or list is too short",
    "bad_format": "The text has another form",
    "not_a_choice": "The value is none of those allowed",
    "unknown_field": "There is no such field",
    "unknown_parameter": "There is no such query parameter",
    "repeated": "The query parameter stands more than once",
    "number_not_finite": "The number is not finite",
    "nul_character": "The text holds a NUL character",
    "invalid_unicode": "The text holds half of a surrogate pair",
    "invalid": "The value breaks another rule, which the detail states",
}
"""Codes within ``errors``, with their meaning."""


def declare(code: str, *, status: int, title: str) -> str:
    """Add a code at import time, and return it.

    Raises:
        ValueError: the code already stands for something else.
    """
    meaning = Code(status, title)
    if CODES.setdefault(code, meaning) != meaning:
        raise ValueError(f"The code {code} already means: {CODES[code].title}.")
    return code


class Problem(Exception):
    """What the caller is told; ``detail`` says what is wrong and what to do.

    ``headers`` are sent along, such as Retry-After; ``members`` stand in the body
    beside those that every problem has.

    Raises:
        KeyError: the code was never declared.
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status = CODES[code].status
        self.title = CODES[code].title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def to_json(self, *, request_id: str) -> bytes:
        """The body of the answer."""
        body: dict[str, Any] = {
            **self.members,
            "type": f"{DOCS_PATH}#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": self.errors[:MAX_ERRORS],
            "request_id": request_id,
        }
        return orjson.dumps(body)


def body_too_large(*, limit: int) -> Problem:
    """``limit`` in bytes."""
    return Problem(
        "body_too_large", detail=f"Send at most {limit} bytes; split what is longer."
    )
