"""The id by which a request is found again, in answers, logs and the audit."""

import re
import uuid
from typing import Final

HEADER: Final = "X-Request-ID"
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_from(given: str) -> str:
    """The caller's own id if it is harmless, else a new one."""
    return given if _HARMLESS.fullmatch(given) else uuid.uuid4().hex
