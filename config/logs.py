"""Structured logs: readable lines while debugging, JSON lines otherwise."""

from collections.abc import MutableMapping
from typing import Any

import structlog

_SERVER_ERROR = 500


def _briefly(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Refusals as one warning: anybody can cause them, as often as they like."""
    record = event.get("_record")
    if record is None:
        return event
    is_refusal = record.name.startswith("django.security") or (
        record.name == "django.request"
        and getattr(record, "status_code", _SERVER_ERROR) < _SERVER_ERROR
    )
    if is_refusal:
        event.pop("exc_info", None)
        event["level"] = "warning"
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _briefly,
    structlog.processors.format_exc_info,
]

# One list for good: loggers hold on to it from their first use.
_PROCESSORS: list[Any] = [
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def logging_config(*, is_debug: bool, level: str) -> dict[str, Any]:
    """Configure structlog and return Django's ``LOGGING``."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if is_debug
        # JSON escapes line breaks, so that a forged one stays within its line.
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            **{
                name: {"level": level}
                for name in ("config", "core", "personas", "django.request")
            },
            # While Redis is away it logs a traceback a second; metrics tell of it.
            "channels_redis": {"level": "CRITICAL"},
        },
    }
