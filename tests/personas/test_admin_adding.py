"""Making a draft in the admin; what exists is edited on a page of its own."""

import pytest
from django.urls import reverse

from core.roles import Role
from personas.models import Character, Framework
from tests.clients import client_as
from tests.core.form_browser import controls
from tests.factories import make_character, make_framework, sheet_of
from tests.personas.test_editor import address, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


class TestCreating:
    def test_a_character_gets_the_id_that_is_typed(self, curator):
        make_framework()
        url = reverse("admin:personas_character_add")

        response = curator.post(
            url,
            fill(
                curator,
                url,
                object_id="ada-l",
                display_name="Ada",
                framework_id="neuro",
            ),
        )

        assert response.url == reverse("personas:character-detail", args=["ada-l"])
        assert sheet_of("ada-l").display_name == "Ada"

    def test_without_an_id_it_is_made_from_the_name(self, curator):
        make_framework()
        url = reverse("admin:personas_character_add")

        curator.post(
            url, fill(curator, url, display_name="Zoë Ōta", framework_id="neuro")
        )

        assert Character.objects.get().character_id == "zoe_ota"

    @pytest.mark.parametrize(
        ("typed", "words"),
        [("ada", "is taken"), ("Not An Id", "small letters")],
    )
    def test_a_bad_id_is_told_beside_it(self, curator, typed, words):
        make_character()
        url = reverse("admin:personas_character_add")
        data = fill(
            curator, url, object_id=typed, display_name="Bea", framework_id="neuro"
        )

        response = curator.post(url, data)

        assert response.status_code == 422
        assert words in str(response.context["form"].errors["object_id"])
        assert Character.objects.count() == 1

    def test_an_existing_id_cannot_be_changed(self, curator):
        ada = make_character()

        page = controls(curator.get(address(ada)).content.decode())

        assert "object_id" not in page.attrs_of

    def test_a_framework_is_made_too(self, curator):
        url = reverse("admin:personas_framework_add")

        curator.post(url, fill(curator, url, name="Warm Hearth"))

        assert Framework.objects.get().framework_id == "warm_hearth"

    def test_whoever_goes_on_lands_in_the_editor(self, curator):
        make_framework()
        url = reverse("admin:personas_character_add")
        data = fill(curator, url, display_name="Ada", framework_id="neuro")

        response = curator.post(url, data | {"_continue": "1"})

        assert response.url == reverse("personas:character-edit", args=["ada"])

    def test_what_is_wrong_is_told_and_nothing_is_lost(self, curator):
        make_framework()
        url = reverse("admin:personas_character_add")
        data = fill(
            curator,
            url,
            display_name="Ada",
            framework_id="neuro",
            scenario="A pier.",
            model__temperature="9",
        )

        response = curator.post(url, data)

        assert response.status_code == 422
        text = response.content.decode()
        assert "between 0 and 2" in text
        assert "A pier." in text
        assert not Character.objects.exists()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_viewer_adds_nothing(self, method):
        client = client_as(Role.VIEWER)

        response = getattr(client, method)(reverse("admin:personas_character_add"))

        assert response.status_code == 403


class TestWhatExists:
    @pytest.mark.parametrize("kind", ["character", "framework"])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_it_is_edited_in_the_editor(self, curator, kind, method):
        ada = make_character()
        obj = ada if kind == "character" else ada.framework
        url = reverse(f"admin:personas_{kind}_change", args=[obj.pk])

        assert getattr(curator, method)(url).url == address(obj)

    @pytest.mark.parametrize("object_id", ["999", "abc", "1_2F", "9" * 40])
    def test_nobody_by_that_key(self, curator, object_id):
        url = reverse("admin:personas_character_change", args=[object_id])

        for response in (curator.get(url), curator.post(url)):
            assert response.url == reverse("admin:personas_character_changelist")

    def test_nothing_can_be_deleted(self):
        ada = make_character()
        admin = client_as(Role.ADMIN)

        response = admin.post(
            reverse("admin:personas_character_delete", args=[ada.pk]), {"post": "yes"}
        )

        assert response.status_code == 403
        assert Character.objects.exists()

    def test_history_is_the_audit_for_admins_and_the_page_for_others(self, curator):
        ada = make_character()
        url = reverse("admin:personas_character_history", args=[ada.pk])

        assert curator.get(url).url == reverse(
            "personas:character-detail", args=["ada"]
        )
        assert client_as(Role.ADMIN).get(url).url.startswith("/audit/")
        missing = reverse("admin:personas_character_history", args=[999])
        assert curator.get(missing).status_code == 302
