"""The words of the audit log."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from core import audit, audit_titles
from core.roles import Role
from personas.models import Publication, ReviewRequest
from personas.services.reviews import DISMISSED
from tests.clients import client_as
from tests.factories import NOW

ROOT = Path(__file__).resolve().parents[2]
ACTION = re.compile(r"[a-z]+\.[a-z_]+")


def _actions(path: Path) -> Iterator[str]:
    """Texts that are given, or kept, under the name ``action``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for value in _named_action(node):
            is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
            if is_text and ACTION.fullmatch(value.value):
                yield value.value


def _named_action(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.keyword) and node.arg == "action":
        return ast.walk(node.value)
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return ast.walk(node.value) if "action" in names else iter(())
    return iter(())


def test_every_action_in_the_code_has_words():
    files = [p for app in ("core", "personas") for p in (ROOT / app).rglob("*.py")]
    found = {action for path in files for action in _actions(path)}

    assert "character.created" in found
    assert [a for a in sorted(found) if a not in audit_titles._titles] == []


@pytest.mark.parametrize(
    "action",
    [
        *(f"character.{kind}" for kind in Publication.Kind.values),
        *(f"review.{answer}" for answer in ReviewRequest.Answer.values),
        f"review.{DISMISSED}",
        "person.signed_in",
        "person.signed_out",
        "person.second_factor_added",
    ],
)
def test_actions_that_are_put_together_have_words(action):
    assert action in audit_titles._titles


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("character.second_look", "Character: second look"),
        ("restarted", "Restarted"),
        ("", ""),
        ("a.b.c", "A: b.c"),
    ],
)
def test_an_action_that_nobody_registered_is_read_as_written(action, words):
    assert audit_titles.title_of(action) == words


def test_words_can_be_registered_again(monkeypatch):
    monkeypatch.setattr(audit_titles, "_titles", {"thing.done": "Old"})

    audit_titles.register({"thing.done": "Did a thing"})

    assert audit_titles.title_of("thing.done") == "Did a thing"


@pytest.mark.django_db
def test_the_page_shows_words_and_filters_by_action():
    for action in ("character.publish", "key.create"):
        audit.record(actor=None, action=action, obj=("thing", "7", "Seven"), now=NOW)
    admin = client_as(Role.ADMIN)

    text = admin.get(reverse("core:audit-list")).content.decode()
    found = admin.get(reverse("core:audit-list"), {"action": "key.create"})

    assert '<option value="character.publish">Published a character</option>' in text
    assert "<code>character.publish</code>" not in text
    [line] = found.context["lines"]
    assert line.title == "Made a bot key"
    page = admin.get(reverse("core:audit-detail", args=[line.entry.pk]))
    assert "system: Made a bot key" in page.content.decode()


@pytest.mark.django_db
def test_what_was_done_to_one_thing_is_told_by_its_name():
    audit.record(
        actor=None, action="key.create", obj=("core.botkey", "7", "Seven"), now=NOW
    )

    response = client_as(Role.ADMIN).get(
        reverse("core:audit-list"), {"type": "core.botkey", "id": "7"}
    )

    assert "Only what was done to Seven." in " ".join(response.content.decode().split())
