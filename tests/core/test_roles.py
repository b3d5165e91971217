"""The table of roles: as code, as groups, and as a page of the documentation."""

from importlib import import_module
from itertools import pairwise

import pytest
from django.apps import apps
from django.contrib.auth.models import Group

from core.management.commands import write_roles
from core.people import may, role_of
from core.roles import BOT_SCOPES, DESCRIPTIONS, TABLE, Action, Role, Scope, allows
from tests.factories import make_person


def test_each_role_may_do_all_that_weaker_ones_may():
    roles = list(Role)

    for weaker, stronger in pairwise(roles):
        assert TABLE[weaker] < TABLE[stronger]


def test_an_admin_may_do_everything():
    assert TABLE[Role.ADMIN] == set(Action)


@pytest.mark.parametrize(
    ("action", "least"),
    [
        (Action.SEE, Role.VIEWER),
        (Action.EDIT_DRAFTS, Role.CURATOR),
        (Action.IMPORT, Role.CURATOR),
        (Action.PUBLISH, Role.MANAGER),
        (Action.QUIET, Role.MANAGER),
        (Action.ADJUST, Role.MANAGER),
        (Action.EDIT_SETTINGS, Role.MANAGER),
        (Action.MANAGE_PEOPLE, Role.ADMIN),
        (Action.MANAGE_KEYS, Role.ADMIN),
        (Action.READ_AUDIT, Role.ADMIN),
    ],
)
def test_the_least_role_is_that_of_the_design(action, least):
    allowed = {role for role in Role if allows(role, action=action)}

    assert allowed == set(list(Role)[list(Role).index(least) :])


def test_nobody_may_do_anything():
    assert not any(allows(None, action=action) for action in Action)


def test_every_action_is_described():
    assert set(DESCRIPTIONS) == set(Action)


def test_bots_get_four_scopes_by_default():
    assert set(BOT_SCOPES) == {
        Scope.PROMPT_READ,
        Scope.ROUTE_DECIDE,
        Scope.INTERACTION_WRITE,
        Scope.RELATIONSHIP_READ,
    }


@pytest.mark.django_db
def test_of_several_groups_the_strongest_counts():
    ana = make_person(Role.VIEWER)
    ana.groups.add(Group.objects.get(name="manager"), Group.objects.create(name="x"))

    assert role_of(ana) is Role.MANAGER
    assert may(ana, action=Action.PUBLISH)


@pytest.mark.django_db
def test_the_migration_makes_a_group_per_role_and_takes_it_back():
    migration = import_module("core.migrations.0002_role_groups")
    Group.objects.all().delete()
    Group.objects.create(name="of somebody else")
    Group.objects.create(name="viewer")

    migration.add_groups(apps, None)
    added = set(Group.objects.values_list("name", flat=True))
    migration.remove_groups(apps, None)

    assert added == {*Role.values, "of somebody else"}
    assert list(Group.objects.values_list("name", flat=True)) == ["of somebody else"]


def test_the_page_of_the_documentation_is_current():
    assert write_roles.PATH.read_text(encoding="utf-8") == write_roles.page(), (
        "Run manage.py write_roles."
    )


def test_the_page_says_who_may_do_what():
    page = write_roles.page()

    assert "| Edit drafts | – | yes | yes | yes |" in page
    assert "- `prompt:read`: Fetch characters and their prompts, by default" in page


def test_the_command_writes_the_page(tmp_path, monkeypatch, settings, capsys):
    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(write_roles, "PATH", tmp_path / "docs" / "roles.md")

    write_roles.Command().execute(
        force_color=False, no_color=True, skip_checks=True, verbosity=1
    )

    written = (tmp_path / "docs" / "roles.md").read_text(encoding="utf-8")
    assert written == write_roles.page()
