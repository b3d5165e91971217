"""Wiring that cannot be used stops the start, by name and without its value."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


def test_flags_say_yes_or_no(monkeypatch):
    monkeypatch.setenv("SOME_FLAG", "Yes")
    assert env.flag("SOME_FLAG") is True
    monkeypatch.setenv("SOME_FLAG", "0")
    assert env.flag("SOME_FLAG", default=True) is False
    assert env.flag("OTHER_FLAG", default=True) is True


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_other_flags_are_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("SOME_FLAG", value)

    with pytest.raises(ImproperlyConfigured, match="SOME_FLAG") as caught:
        env.flag("SOME_FLAG")

    assert value not in str(caught.value).replace("1 or 0", "")


@pytest.mark.parametrize("value", ["x", "-1", "1.5", ""])
def test_numbers_are_whole(monkeypatch, value):
    monkeypatch.setenv("SOME_NUMBER", value)

    with pytest.raises(ImproperlyConfigured, match="SOME_NUMBER"):
        env.number("SOME_NUMBER", default=1)


@pytest.mark.parametrize("value", ["cast.example.org", "ftp://x", "https://x/path"])
def test_addresses_have_a_scheme_and_no_path(monkeypatch, value):
    monkeypatch.setenv("SOME_URL", value)

    with pytest.raises(ImproperlyConfigured, match="SOME_URL"):
        env.origin("SOME_URL")


def test_address_loses_its_last_slash(monkeypatch):
    monkeypatch.setenv("SOME_URL", "https://cast.example.org:8443/")

    assert env.origin("SOME_URL") == "https://cast.example.org:8443"


@pytest.mark.parametrize(
    "value",
    [
        "api.example.org/v1",
        "ftp://x/v1",
        "https://",
        "https://user:secret@x/v1",
        "https://x/v1?key=secret",
        "https://x/v1#there",
        "https://[broken/v1",
        "https://x:99999/v1",
    ],
)
def test_endpoints_are_plain_addresses(monkeypatch, value):
    monkeypatch.setenv("SOME_URL", value)

    with pytest.raises(ImproperlyConfigured, match="SOME_URL") as caught:
        env.endpoint("SOME_URL")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        (" https://api.example.org/v1/ ", "https://api.example.org/v1"),
        ("http://[::1]:11434/v1", "http://[::1]:11434/v1"),
    ],
)
def test_endpoints_keep_their_path(monkeypatch, value, expected):
    monkeypatch.setenv("SOME_URL", value)

    assert env.endpoint("SOME_URL") == expected


@pytest.mark.parametrize("value", ["sk-ä", "sk-\n1", "sk-\x7f"])
def test_what_no_header_can_carry_is_refused(monkeypatch, value):
    monkeypatch.setenv("SOME_KEY", value)

    with pytest.raises(ImproperlyConfigured, match="SOME_KEY") as caught:
        env.header("SOME_KEY")

    assert value not in str(caught.value)


def test_headers_lose_blanks_around_them(monkeypatch):
    monkeypatch.setenv("SOME_KEY", " sk-1\n")

    assert env.header("SOME_KEY") == "sk-1"


def test_an_endpoint_without_a_model_stops_the_start():
    environment = {**os.environ, "LLM_BASE_URL": "http://127.0.0.1:1/v1"}
    environment.pop("LLM_MODEL", None)

    started = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=env.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert started.returncode != 0
    assert "Set LLM_MODEL" in started.stderr


def test_value_can_be_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("SOME_TEXT_FILE", str(tmp_path / "secret"))

    assert env.text("SOME_TEXT") == "from a file"
    monkeypatch.setenv("SOME_TEXT_FILE", str(tmp_path / "gone"))
    with pytest.raises(ImproperlyConfigured, match="SOME_TEXT_FILE"):
        env.text("SOME_TEXT")


def test_secret_key_is_made_once_and_only_for_its_owner(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)

    first = env.secret_key(tmp_path)

    assert len(first) >= 50
    assert env.secret_key(tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_short_secret_key_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "short")

    with pytest.raises(ImproperlyConfigured, match="32 characters") as caught:
        env.secret_key(tmp_path)

    assert "short" not in str(caught.value)
