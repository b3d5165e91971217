"""The lines for receivers in the documentation do what they say."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from core.webhooks.signing import new_secret, signed_headers
from tests.factories import NOW

TEXT = (Path(settings.BASE_DIR) / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = new_secret()
BODY = '{"type":"test","data":{"text":"Ä"}}'.encode()


@pytest.fixture(scope="module")
def documented():
    """What the example defines."""
    [code] = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    defined = {}
    exec(compile(code, "docs/webhooks.md", "exec"), defined)
    return defined


@pytest.fixture
def check(documented, time_machine):
    """The documented check, so many seconds after the message was sent."""

    def run(headers, *, body=BODY, secret=SECRET, after=0):
        time_machine.move_to(NOW + timedelta(seconds=after), tick=False)
        documented["check"](body, headers, secret=secret)

    return run


@pytest.fixture
def forged(documented):
    return lambda: pytest.raises(documented["Forged"])


def headers(*secrets):
    return signed_headers(
        BODY, message_id="msg_1", secrets=secrets or [SECRET], now=NOW
    )


@pytest.mark.parametrize("after", [0, 299, 300, -300])
def test_message_is_taken_within_five_minutes(check, after):
    check(headers(), after=after)


@pytest.mark.parametrize("after", [301, 86_400, -301])
def test_replay_is_rejected_at_301_seconds(check, forged, after):
    with forged():
        check(headers(), after=after)


def test_replay_with_a_fresh_time_is_rejected(check, forged):
    again = {**headers(), "webhook-timestamp": str(int(NOW.timestamp()) + 301)}

    with forged():
        check(again, after=301)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,ä"},
    ],
)
def test_changed_header_is_rejected(check, forged, changed):
    with forged():
        check({**headers(), **changed})


@pytest.mark.parametrize(
    "name", ["webhook-id", "webhook-timestamp", "webhook-signature"]
)
def test_missing_header_is_rejected(check, forged, name):
    given = headers()
    del given[name]

    with forged():
        check(given)


def test_changed_body_is_rejected(check, forged):
    with forged():
        check(headers(), body=BODY + b" ")


def test_message_of_somebody_else_is_rejected(check, forged):
    with forged():
        check(headers(new_secret()))


def test_either_secret_will_do_while_rotating(check):
    other = new_secret()

    for secret in (SECRET, other):
        check(headers(SECRET, other), secret=secret)


def test_every_setting_of_webhooks_is_in_the_guide_to_deploying():
    deploy = Path(settings.BASE_DIR) / "docs" / "deploy.md"

    assert "`WEBHOOKS_ALLOW_PRIVATE`" in deploy.read_text(encoding="utf-8")
