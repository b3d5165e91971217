"""Reading bodies: JSON in UTF-8, within limits, and nothing that breaks later."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.http import parse_header_parameters
from rest_framework.parsers import BaseParser

from core import limits
from core.parsing import parse_json
from core.problems import Problem, body_too_large


class StrictJSONParser(BaseParser):
    """Reads what ``core.parsing`` accepts; ``BadJSON`` becomes 400 or 422."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Any JSON value. Raises Problem (413, 415) and BadJSON (400, 422)."""
        _, options = parse_header_parameters(media_type or "")
        if options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            raise Problem("unsupported_media_type", detail="Send the body in UTF-8.")
        # One byte more than allowed tells a full body from one that is too long.
        raw = stream.read(limits.BODY_BYTES + 1)
        if len(raw) > limits.BODY_BYTES:
            raise body_too_large(limit=limits.BODY_BYTES)
        return parse_json(raw)
