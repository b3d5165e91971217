"""The command that makes a bot key."""

from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from core.keys import RING, digest_of
from core.models import BotKey
from core.roles import BOT_SCOPES

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run(*arguments):
    out = StringIO()
    call_command("create_bot_key", *arguments, stdout=out)
    return out.getvalue()


def test_key_is_the_last_line_and_opens():
    text = run("Discord").splitlines()[-1]

    key = BotKey.objects.get()
    assert key.digest == digest_of(text)
    assert RING.find(text, now=NOW).name == "Discord"
    assert key.scopes == list(BOT_SCOPES)
    assert (key.created_by, key.expires_at, key.is_test) == (None, None, False)


def test_options_are_kept():
    with time_machine.travel(NOW, tick=False):
        out = run(
            "Trial",
            "--scope=prompt:read",
            "--scope=ops:write",
            "--label=staging",
            "--test",
            "--expires-days=2",
        )

    key = BotKey.objects.get()
    assert out.splitlines()[0] == "Trial: prompt:read, ops:write."
    assert out.splitlines()[-1].startswith("drm_test_")
    assert key.scopes == ["prompt:read", "ops:write"]
    assert (key.label, key.is_test) == ("staging", True)
    assert key.expires_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["x", "--scope=prompt:reed"],
            "no scope prompt:reed; choose among prompt:read",
        ),
        (["  "], "Name the key"),
        (["x", "--label=Not One"], "lower-case"),
        (["x", "--expires-days=0"], "in the future"),
        (["x", "--expires-days=9999999999"], "expire sooner"),
        (["x", "--expires-days=soon"], "invalid int"),
        ([], "required: name"),
    ],
)
def test_mistakes_are_told(arguments, words):
    with pytest.raises(CommandError, match=words):
        run(*arguments)

    assert not BotKey.objects.exists()
