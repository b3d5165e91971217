"""The smallest valid rows."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Group

from core.models import User
from core.roles import Role
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import Character, Framework
from personas.services import drafts, frameworks

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def make_framework(
    framework_id: str = "neuro", *, is_published: bool = True, **fields: Any
) -> Framework:
    """A framework, published unless told otherwise."""
    values: dict[str, Any] = {"name": framework_id.title(), **fields}
    framework = drafts.create_framework(
        framework_id=framework_id,
        sheet=FrameworkSheet.model_validate(values),
        actor=None,
        now=NOW,
    )
    if is_published:
        frameworks.publish_framework(
            framework_id=framework_id, note="First", author=None, now=NOW
        )
    return framework


def make_character(character_id: str = "ada", **fields: Any) -> Character:
    """A character's draft, and its framework if there is none yet."""
    values: dict[str, Any] = {
        "display_name": character_id.title(),
        "framework_id": "neuro",
        **fields,
    }
    if not Framework.objects.filter(framework_id=values["framework_id"]).exists():
        make_framework(values["framework_id"])
    return drafts.create_character(
        character_id=character_id,
        sheet=CharacterSheet.model_validate(values),
        actor=None,
        now=NOW,
    )


def sheet_of(character_id: str) -> CharacterSheet:
    """The draft as it is in the database."""
    return Character.objects.for_sheets().get(character_id=character_id).to_sheet()


def make_person(role: Role | None = Role.VIEWER, **fields: Any) -> User:
    """A signed-up person with a role, or with none."""
    name = fields.pop("username", f"{role or 'nobody'}-{User.objects.count()}")
    user = User.objects.create_user(username=name, password=None, **fields)
    if role is not None:
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return user
