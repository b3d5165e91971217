"""The admin obeys the table of roles and writes to the audit log."""

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group
from django.forms import inlineformset_factory, modelform_factory
from django.test import RequestFactory
from django.urls import reverse

from core.admin import SafeAdmin, SafeTabularInline
from core.admin_site import SECTIONS, DramatisAdminSite
from core.models import AuditEntry, BotKey, Invitation, PolicySetting, User
from core.roles import Action, Role
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db


def _request(role: Role | None = Role.ADMIN, *, method: str = "post"):
    request = getattr(RequestFactory(), method)("/admin/")
    request.user = make_person(role)
    return request


class EditableSettings(SafeAdmin):
    actions_needed = {
        "view": Action.SEE,
        "add": Action.EDIT_DRAFTS,
        "change": Action.PUBLISH,
        "delete": Action.MANAGE_KEYS,
    }


@pytest.fixture
def editable() -> EditableSettings:
    return EditableSettings(PolicySetting, DramatisAdminSite())


class TestPermissions:
    @pytest.mark.parametrize(
        ("role", "expected"),
        [
            (None, {}),
            (Role.VIEWER, {"view"}),
            (Role.CURATOR, {"view", "add"}),
            (Role.MANAGER, {"view", "add", "change"}),
            (Role.ADMIN, {"view", "add", "change", "delete"}),
        ],
    )
    def test_each_permission_asks_for_its_action(self, editable, role, expected):
        given = editable.get_model_perms(_request(role))

        assert {name for name, has in given.items() if has} == set(expected)

    def test_unless_told_otherwise_it_is_to_look_at_only(self):
        plain = SafeAdmin(PolicySetting, DramatisAdminSite())

        given = plain.get_model_perms(_request(Role.ADMIN))

        assert given == {"add": False, "change": False, "delete": False, "view": True}

    def test_whoever_may_change_may_see(self):
        class Odd(SafeAdmin):
            actions_needed = {"view": None, "change": Action.SEE}

        odd = Odd(PolicySetting, DramatisAdminSite())

        assert odd.has_view_permission(_request(Role.VIEWER))
        assert odd.has_module_permission(_request(Role.VIEWER))

    def test_django_permissions_open_nothing(self, editable):
        request = _request(Role.VIEWER)
        request.user.is_staff = True

        assert not editable.has_change_permission(request)

    def test_inlines_ask_too(self):
        class Rows(SafeTabularInline):
            model = Invitation
            fk_name = "created_by"
            actions_needed = {"view": Action.SEE, "add": Action.PUBLISH}

        rows = Rows(User, DramatisAdminSite())

        assert rows.has_add_permission(_request(Role.MANAGER), None)
        assert not rows.has_add_permission(_request(Role.CURATOR), None)
        assert not rows.has_delete_permission(_request(Role.ADMIN))

    def test_without_delete_there_is_no_delete_action(self):
        plain = SafeAdmin(PolicySetting, DramatisAdminSite())

        assert "delete_selected" not in plain.get_actions(_request())


class TestAudit:
    def _values(self, **fields):
        return {"name": "X", "value": 1, "effective_at": NOW, **fields}

    def test_what_is_added_is_recorded(self, editable):
        request = _request()

        editable.save_model(
            request, PolicySetting(**self._values()), None, change=False
        )

        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action) == (request.user, "policysetting.created")
        assert entry.before is None
        assert entry.after["name"] == "X"

    def test_of_what_is_changed_the_difference_is_recorded(self, editable):
        row = PolicySetting.objects.create(**self._values())
        row.value = 2

        editable.save_model(_request(), row, None, change=True)

        entry = AuditEntry.objects.get()
        assert entry.action == "policysetting.edited"
        assert (entry.before, entry.after) == ({"value": 1}, {"value": 2})

    def test_what_is_deleted_is_recorded_whole(self, editable):
        row = PolicySetting.objects.create(**self._values())
        pk = row.pk

        editable.delete_queryset(_request(), PolicySetting.objects.all())

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.object_id) == ("policysetting.deleted", str(pk))
        assert entry.before["value"] == 1
        assert entry.after is None

    def test_secrets_are_left_out(self):
        people = EditableSettings(User, DramatisAdminSite())
        ana = make_person(username="ana")
        ana.password = "argon2$canary"
        ana.first_name = "Ana"

        people.save_model(_request(), ana, None, change=True)

        assert AuditEntry.objects.get().after == {"first_name": "Ana"}

    def test_inlines_are_recorded_row_by_row(self, editable):
        boss = make_person(Role.ADMIN, username="boss")
        rows = [
            Invitation.objects.create(
                digest=digest,
                role="viewer",
                note=digest,
                created_by=boss,
                created_at=NOW,
                expires_at=NOW,
            )
            for digest in ("stays", "changes", "goes")
        ]
        formset = self._formset(
            boss,
            {"id": rows[0].pk, "note": "stays"},
            {"id": rows[1].pk, "note": "changed"},
            {"id": rows[2].pk, "note": "goes", "DELETE": "on"},
        )
        assert formset.is_valid(), formset.errors

        editable.save_formset(_request(), None, formset, change=True)

        found = {
            entry.action: (entry.object_id, entry.before, entry.after)
            for entry in AuditEntry.objects.all()
        }
        assert set(found) == {"invitation.edited", "invitation.deleted"}
        assert found["invitation.edited"] == (
            str(rows[1].pk),
            {"note": "changes"},
            {"note": "changed"},
        )
        assert found["invitation.deleted"][0] == str(rows[2].pk)
        assert found["invitation.deleted"][1]["note"] == "goes"

    def test_a_new_row_of_an_inline_is_recorded(self, editable):
        boss = make_person(Role.ADMIN, username="boss")
        formset = self._formset(
            boss,
            {
                "digest": "new",
                "role": "viewer",
                "created_at": "2026-11-01",
                "expires_at": "2026-11-02",
            },
            fields=["digest", "role", "created_at", "expires_at"],
            stored=0,
        )
        assert formset.is_valid(), formset.errors

        editable.save_formset(_request(), None, formset, change=True)

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.before) == ("invitation.created", None)
        assert entry.after["role"] == "viewer"
        assert "digest" not in entry.after

    def _formset(self, boss, *rows, fields=("note",), stored=None):
        factory = inlineformset_factory(
            User,
            Invitation,
            form=modelform_factory(Invitation, fields=fields),
            fk_name="created_by",
            extra=0,
        )
        stored = len(rows) if stored is None else stored
        data = {"rows-TOTAL_FORMS": len(rows), "rows-INITIAL_FORMS": stored}
        for index, row in enumerate(rows):
            values = {**row, "created_by": boss.pk}
            data |= {f"rows-{index}-{name}": value for name, value in values.items()}
        return factory(data, instance=boss, prefix="rows")

    def test_the_admin_keeps_no_log_of_its_own(self, editable):
        assert editable.log_addition(_request(), None, "") is None
        assert editable.log_change(_request(), None, "") is None
        assert editable.log_deletions(_request(), None) is None


class TestSite:
    def test_signing_in_goes_through_the_one_door(self, client):
        asked = client.get(reverse("admin:index"), follow=True)

        last = asked.redirect_chain[-1][0]
        assert last.startswith(reverse("account_login"))
        assert "next=" in last

    def test_the_door_leads_back(self, client):
        response = client.get(reverse("admin:login"), {"next": "/admin/core/user/"})

        assert (
            response.url == f"{reverse('account_login')}?next=%2Fadmin%2Fcore%2Fuser%2F"
        )

    def test_a_password_posted_to_the_admin_opens_nothing(self, client):
        boss = make_person(Role.ADMIN, username="boss")
        boss.set_password("kettle-harbour-92")
        boss.save()

        client.post(
            reverse("admin:login"),
            {"username": "boss", "password": "kettle-harbour-92"},
        )

        assert "_auth_user_id" not in client.session

    def test_who_has_no_role_is_told_so(self):
        response = client_as(None).get(reverse("admin:index"), follow=True)

        assert response.status_code == 403
        assert "You have no role yet" in response.content.decode()

    def test_being_staff_opens_nothing(self):
        client = client_of(make_person(None, is_staff=True))

        assert client.get(reverse("admin:index"), follow=True).status_code == 403

    def test_who_is_signed_in_already_goes_to_the_index(self):
        response = client_as(Role.VIEWER).get(reverse("admin:login"))

        assert response.url == reverse("admin:index")

    @pytest.mark.parametrize(
        ("name", "there"),
        [
            ("logout", "account_logout"),
            ("password_change", "account_change_password"),
        ],
    )
    def test_sessions_and_passwords_are_left_to_the_site(self, name, there):
        response = client_as(Role.VIEWER).post(reverse(f"admin:{name}"))

        assert response.url == reverse(there)

    def test_every_admin_is_safe(self):
        for model_admin in admin.site._registry.values():
            assert isinstance(model_admin, SafeAdmin), model_admin
            assert model_admin.section in SECTIONS, model_admin
            assert model_admin.search_fields, model_admin

    def test_admins_of_packages_are_passed_over(self):
        site = DramatisAdminSite()

        site.register(Group)
        site.register(User, ModelAdmin)

        assert not site._registry
        assert Group not in admin.site._registry

    def test_the_index_groups_by_section_what_each_may_see(self):
        boss = client_as(Role.ADMIN).get(reverse("admin:index"))
        viewer = client_as(Role.VIEWER).get(reverse("admin:index"))

        def names(response):
            return {
                row["model"]
                for section in response.context["app_list"]
                for row in section["models"]
            }

        headings = [section["name"] for section in boss.context["app_list"]]
        assert headings == [name for name in SECTIONS if name in headings]
        assert {User, BotKey, AuditEntry} <= names(boss)
        assert not {User, BotKey, AuditEntry} & names(viewer)
        assert PolicySetting in names(viewer)

    def test_pages_of_the_admin_have_the_one_navigation(self):
        response = client_as(Role.ADMIN).get(reverse("admin:index"))

        assert "People" in [link.title for link in response.context["navigation"]]

    def test_the_list_of_one_package_still_works(self):
        url = reverse("admin:app_list", args=["core"])

        assert client_as(Role.ADMIN).get(url).status_code == 200


class TestRegistered:
    @pytest.fixture
    def boss(self):
        return client_as(Role.ADMIN)

    def test_people_are_shown_with_their_role_and_without_password(self, boss):
        ana = make_person(Role.CURATOR, username="ana")
        nobody = make_person(None, username="nobody")

        listed = boss.get(reverse("admin:core_user_changelist")).content.decode()
        shown = boss.get(reverse("admin:core_user_change", args=[ana.pk]))

        assert "Curator" in listed
        assert nobody.username in listed
        assert ana.password not in shown.content.decode()

    def test_keys_are_shown_without_digest(self, boss):
        key = BotKey.objects.create(
            name="harbour",
            public_id="abc",
            digest="d" * 64,
            scopes=["prompt:read"],
            created_at=NOW,
        )

        shown = boss.get(reverse("admin:core_botkey_change", args=[key.pk]))

        assert "d" * 64 not in shown.content.decode()
        assert "prompt:read" in shown.content.decode()

    def test_history_is_the_audit_log(self, boss):
        ana = make_person(username="ana")

        response = boss.get(reverse("admin:core_user_history", args=[ana.pk]))

        assert (
            response.url == f"{reverse('core:audit-list')}?type=core.user&id={ana.pk}"
        )

    def test_history_is_for_those_who_read_the_log(self):
        row = PolicySetting.objects.create(name="X", value=1, effective_at=NOW)
        url = reverse("admin:core_policysetting_history", args=[row.pk])

        assert client_as(Role.MANAGER).get(url).status_code == 403

    def test_entries_of_the_log_cannot_be_edited(self, boss):
        url = reverse("admin:core_auditentry_add")

        assert boss.get(url).status_code == 403

    @pytest.mark.parametrize(
        "name", ["user", "botkey", "invitation", "auditentry", "policysetting"]
    )
    def test_the_number_of_queries_is_flat(
        self, boss, name, django_assert_max_num_queries
    ):
        people = [make_person(Role.VIEWER) for _ in range(20)]
        for number, person in enumerate(people):
            BotKey.objects.create(
                name=f"k{number}",
                public_id=f"p{number}",
                digest=f"{number}",
                scopes=["prompt:read"],
                created_by=person,
                created_at=NOW,
            )
            Invitation.objects.create(
                digest=f"{number}",
                role="viewer",
                created_by=person,
                created_at=NOW,
                expires_at=NOW,
            )
            PolicySetting.objects.create(
                name=f"S{number}", value=1, effective_at=NOW, author=person
            )
            AuditEntry.objects.create(
                at=NOW, actor=person, actor_name="x", action="x", object_name="x"
            )
        url = reverse(f"admin:core_{name}_changelist")
        boss.get(url)

        with django_assert_max_num_queries(12):
            boss.get(url)
