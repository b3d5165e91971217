"""Duplicates, and the line they come from."""

import pytest
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from personas.models import Character, CharacterVersion, Framework
from personas.services import copying, drafts, publishing
from personas.views.duplicating import free_id
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of

pytestmark = pytest.mark.django_db


def duplicate(new_id="ada-2", name="Ada the Second"):
    return copying.duplicate(
        character_id="ada", new_id=new_id, display_name=name, actor=None, now=NOW
    )


def url(name, *args):
    return reverse(f"personas:{name}", args=args or ["ada"])


def test_everything_in_the_draft_is_copied_but_the_name():
    make_character(
        "ada",
        aliases=["Countess"],
        tags=["maths"],
        evolution_stages=[{"milestone": 50, "title": "Older"}],
        extensions={"z": 1, "a": {"b": []}},
    )

    duplicate()

    before, after = (sheet_of(key).model_dump() for key in ("ada", "ada-2"))
    assert after == before | {"display_name": "Ada the Second"}


def test_a_copy_remembers_whom_it_was_made_from_and_is_audited():
    make_character("ada")

    copy = duplicate()

    assert copy.copied_from.character_id == "ada"
    entry = AuditEntry.objects.get(action="character.duplicated")
    assert entry.after == {"copied_from": "ada", "revision": 1}


def test_versions_and_labels_stay_with_the_original():
    make_character("ada")
    publishing.publish(character_ids=["ada"], note="x", author=None, now=NOW)

    copy = duplicate()

    assert CharacterVersion.objects.filter(character=copy).count() == 0
    assert copy.labels.count() == 0


def test_an_id_that_is_taken_changes_nothing():
    make_character("ada")
    make_character("bea")

    with pytest.raises(drafts.IdTaken):
        duplicate("bea")

    assert Character.objects.count() == 2
    assert not AuditEntry.objects.filter(action="character.duplicated").exists()


def test_a_framework_is_copied_unpublished():
    make_framework("neuro", prompt_template="Hello {{name}}")

    copying.duplicate_framework(
        framework_id="neuro", new_id="neuro-2", name="Two", actor=None, now=NOW
    )

    copy = Framework.objects.get(framework_id="neuro-2")
    assert copy.prompt_template == "Hello {{name}}"
    assert copy.published is None
    assert AuditEntry.objects.filter(action="framework.duplicated").exists()


@pytest.mark.parametrize(
    ("original", "taken", "free"),
    [
        ("ada", set(), "ada-copy"),
        ("ada", {"ada-copy"}, "ada-copy-2"),
        ("ada", {"ada-copy", "ada-copy-2"}, "ada-copy-3"),
    ],
)
def test_a_free_id_is_offered(original, taken, free):
    assert free_id(original, taken=taken) == free


def test_an_offered_id_is_never_too_long():
    assert len(free_id("a" * 64, taken={"a" * 55 + "-copy"})) <= 64


class TestPages:
    def test_a_curator_duplicates_and_goes_on_editing(self):
        make_character("ada", aliases=["Countess"])
        mia = make_person(Role.CURATOR)
        client = client_of(mia)

        asked = client.get(url("character-duplicate"))
        assert asked.context["form"].initial == {
            "name": "Ada (copy)",
            "new_id": "ada-copy",
        }
        assert "Both will be called Countess" in asked.content.decode()
        response = client.post(
            url("character-duplicate"), {"name": "Ada Two", "new_id": "ada-two"}
        )

        assert response.url == url("character-edit", "ada-two")
        assert AuditEntry.objects.filter(action="character.duplicated", actor=mia)
        page = client.get(url("character-detail", "ada-two")).content.decode()
        assert "Copied from" in page
        assert "Copies:" in client.get(url("character-detail")).content.decode()

    @pytest.mark.parametrize(
        ("name", "new_id"),
        [
            ("", "x"),
            ("X", ""),
            ("X", "ada"),
            ("X", "Not An Id"),
            ("X", "a" * 65),
            ("\x00", "x"),
            ("two\nlines", "x"),
        ],
    )
    def test_bad_input_stays_in_the_form(self, name, new_id):
        make_character("ada")

        response = client_as(Role.CURATOR).post(
            url("character-duplicate"), {"name": name, "new_id": new_id}
        )

        assert response.status_code == 422
        assert response.context["form"].errors
        assert Character.objects.count() == 1

    def test_a_framework_is_duplicated(self):
        make_framework("neuro")
        client = client_as(Role.CURATOR)
        here = url("framework-duplicate", "neuro")
        assert client.get(here).status_code == 200

        response = client.post(here, {"name": "Two", "new_id": "neuro-two"})

        assert response.url == url("framework-edit", "neuro-two")

    def test_one_with_an_archived_framework_is_told(self):
        make_character("ada")
        Framework.objects.update(archived_at=NOW)

        response = client_as(Role.CURATOR).post(
            url("character-duplicate"), {"name": "X", "new_id": "x"}
        )

        assert response.status_code == 422
        assert "no framework" in response.content.decode()

    @pytest.mark.parametrize("page", ["character-duplicate", "framework-duplicate"])
    def test_who_is_not_there_is_not_found(self, page):
        assert client_as(Role.CURATOR).get(url(page, "nobody")).status_code == 404

    @pytest.mark.parametrize("role", [Role.VIEWER, None])
    def test_others_are_refused(self, role):
        make_character("ada")

        assert client_as(role).get(url("character-duplicate")).status_code == 403
        assert client_as(role).post(url("character-duplicate")).status_code == 403


class TestArchiving:
    @pytest.mark.parametrize("kind", ["character", "framework"])
    def test_it_is_undone_by_the_address_of_the_message(self, kind):
        make_character("ada", framework_id="neuro")
        make_framework("spare")
        key = {"character": "ada", "framework": "spare"}[kind]
        client = client_as(Role.MANAGER)
        client.post(url(f"{kind}-archive", key), {"is_archived": "yes"})
        model, name = {
            "character": (Character, "character_id"),
            "framework": (Framework, "framework_id"),
        }[kind]
        assert model.objects.get(**{name: key}).is_archived
        page = client.get(url(f"{kind}-detail", key))
        [message] = page.context["messages"]

        client.post(message.extra_tags)

        assert f'action="{message.extra_tags}"' in page.content.decode()
        assert not model.objects.get(**{name: key}).is_archived

    @pytest.mark.parametrize("address", ["admin:personas_character_changelist", "home"])
    def test_the_archived_are_listed_only_on_request(self, address):
        make_character("ada")
        Character.objects.update(archived_at=NOW)

        text = client_as(Role.VIEWER).get(reverse(address)).content.decode()

        assert "/characters/ada/" not in text

    def test_lists_of_the_archived_restore_with_one_click(self):
        make_character("ada")
        Character.objects.update(archived_at=NOW)
        where = reverse(
            "admin:personas_character_changelist", query={"archived": "yes"}
        )

        text = client_as(Role.MANAGER).get(where).content.decode()

        assert f'formaction="{url("character-archive")}"' in text
