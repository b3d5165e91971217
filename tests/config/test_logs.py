"""What is written down, and how briefly."""

import io
import json
import logging

import pytest
import structlog
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from config.logs import logging_config
from core.access import PUBLIC, allows


@allows(GET=PUBLIC)
def refuse(_request: HttpRequest) -> None:
    raise PermissionDenied


@allows(GET=PUBLIC)
def fail(_request: HttpRequest) -> None:
    raise ZeroDivisionError


urlpatterns = [path("refuse/", refuse), path("fail/", fail)]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def written():
    """Gives the lines that were logged since."""
    given = logging_config(is_debug=False, level="INFO")["formatters"]["line"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            **{name: value for name, value in given.items() if name != "()"}
        )
    )
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [("/fail/", "evil", 400), ("/refuse/", "testserver", 403)],
)
def test_refusals_are_one_line_without_a_traceback(written, address, host, status):
    assert Client().get(address, headers={"host": host}).status_code == status

    (line,) = written()
    assert line["level"] == "warning"
    assert "exception" not in line
    assert "Traceback" not in json.dumps(line)


def test_errors_keep_their_traceback(written):
    client = Client(raise_request_exception=False)

    assert client.get("/fail/").status_code == 500

    (line,) = written()
    assert line["level"] == "error"
    assert "ZeroDivisionError" in line["exception"]
