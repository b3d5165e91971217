"""The lists of characters and frameworks, and what is done with several rows."""

import pytest
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from personas import policy
from personas.models import Alias, Character, CharacterVersion, Framework
from personas.services import drafts, publishing
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit

pytestmark = pytest.mark.django_db

LIST = "admin:personas_character_changelist"


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


def publish(*ids):
    return publishing.publish(character_ids=ids, note="First", author=None, now=NOW)


def listed(client, **query):
    result = client.get(reverse(LIST), query).context["cl"].result_list
    return [character.character_id for character in result]


def act(client, action, ids, *, follow=True, **data):
    pks = Character.objects.filter(character_id__in=ids).values_list("pk", flat=True)
    posted = {"action": action, "_selected_action": [str(pk) for pk in pks], **data}
    if "apply" not in data:
        posted["index"] = "0"
    return client.post(reverse(LIST), posted, follow=follow)


def told(response):
    return [str(message) for message in response.context["messages"]]


class TestList:
    def test_it_shows_how_each_character_stands(self, manager):
        make_character("ada", tags=["numbers"])
        make_character("bea")
        publish("ada")

        text = manager.get(reverse(LIST)).content.decode()

        for words in ("Ada", "<code>ada</code>", "v1", "numbers", "not live", "Draft"):
            assert words in text

    @pytest.mark.parametrize(
        "words",
        ["ADA", "countess", "ada_l", "arithm", "engines", "countess arithm", "Ćw"],
    )
    def test_search_finds_names_aliases_ids_tags_and_descriptions(self, manager, words):
        make_character(
            "ada_l",
            display_name="Ada",
            aliases=["Countess", "ćwiek"],
            tags=["arithmetic"],
            description="She writes for engines.",
        )
        make_character("bea", description="Nothing in common.")

        assert listed(manager, q=words) == ["ada_l"]

    @pytest.mark.parametrize("words", ["50%", "_", '"', "\x00", "nobody", "🜁"])
    def test_search_takes_any_text(self, manager, words):
        make_character("ada", description="half")

        assert listed(manager, q=words) in ([], ["ada"])

    def test_filters(self, manager):
        make_framework("caring")
        make_character("ada", tags=["a tag", "b"])
        make_character("bea", framework_id="caring", tags=["a tag, and more"])
        make_character("cleo")
        make_character("dora")
        publish("ada", "bea", "dora")
        drafts.set_active(character_id="bea", is_active=False, actor=None, now=NOW)
        drafts.archive_character(
            character_id="dora", is_archived=True, actor=None, now=NOW
        )

        assert listed(manager) == ["ada", "bea", "cleo"]
        assert listed(manager, archived="yes") == ["dora"]
        assert listed(manager, archived="all") == ["ada", "bea", "cleo", "dora"]
        assert listed(manager, framework="caring") == ["bea"]
        assert listed(manager, changes="yes") == ["cleo"]
        assert listed(manager, changes="no") == ["ada", "bea"]
        assert listed(manager, switched="no") == ["bea"]
        assert listed(manager, switched="yes") == ["ada", "cleo"]
        assert listed(manager, tag="a tag") == ["ada"]

    @pytest.mark.parametrize(
        "name", ["archived", "changes", "switched", "tag", "framework"]
    )
    def test_a_filter_with_nonsense_does_no_harm(self, manager, name):
        make_character()

        response = manager.get(reverse(LIST), {name: "\\' OR 1"})

        assert response.status_code == 200

    def test_counts_per_filter_are_not_asked_for(self, manager):
        make_character("ada", tags=["a"])

        response = manager.get(reverse(LIST), {"_facets": "True"})

        assert response.status_code == 200
        assert "Show counts" not in response.content.decode()

    def test_columns_sort(self, manager):
        make_character("bea", display_name="Ada")
        make_character("ada", display_name="Bea")

        by_id = listed(manager, o="3")

        assert by_id == ["ada", "bea"]
        assert listed(manager) == ["bea", "ada"]

    def test_query_count_is_flat(self, manager):
        def add(*numbers):
            for at in numbers:
                make_character(f"c{at}", aliases=["x", "y"], tags=[f"t{at}"])
            publish(*(f"c{at}" for at in numbers[::2]))

        add(0, 1)
        few = queries(manager, reverse(LIST))
        add(*range(2, 20))

        assert queries(manager, reverse(LIST)) == few <= 12

    @pytest.mark.parametrize("role", list(Role))
    def test_every_role_sees_it(self, role):
        make_character()

        assert listed(client_as(role)) == ["ada"]

    def test_who_has_no_role_does_not(self):
        assert client_as(None).get(reverse(LIST)).status_code in {302, 403}


class TestFrameworkList:
    LIST = "admin:personas_framework_changelist"

    def test_it_shows_how_each_framework_stands(self, manager):
        make_framework("neuro")
        make_framework("caring", is_published=False)
        make_character("ada")

        rows = manager.get(reverse(self.LIST)).context["cl"].result_list

        assert [(f.framework_id, f.user_count) for f in rows] == [
            ("caring", 0),
            ("neuro", 1),
        ]
        text = manager.get(reverse(self.LIST)).content.decode()
        assert "never published" in text

    def test_who_only_mixes_it_is_counted_apart(self, manager):
        for framework_id in ("neuro", "caring", "chaotic", "car_ng"):
            make_framework(framework_id)
        weights = [{"context": "casual", "framework_id": "caring", "weight": 1.0}]
        mixed = {"enabled": True, "weights": weights}
        make_character("ada", framework_blending=mixed)
        make_character("bea", framework_blending={**mixed, "enabled": False})
        make_character("cleo", framework_id="caring", framework_blending=mixed)
        make_character("dov")
        make_character("eve", framework_blending=mixed)
        publish("eve")
        edit("eve", framework_blending={"enabled": False, "weights": []})
        make_character("gone", framework_blending=mixed)
        drafts.archive_character(
            character_id="gone", is_archived=True, actor=None, now=NOW
        )

        rows = manager.get(reverse(self.LIST)).context["cl"].result_list

        counts = {f.framework_id: (f.user_count, f.blended_count) for f in rows}
        assert counts["caring"] == (1, 2)
        assert counts["car_ng"] == (0, 0)
        for framework in rows:
            mixed_in = policy.contexts_mixing(framework.framework_id)
            users = Character.objects.active().using_framework(
                framework, mixed_in=mixed_in
            )
            own, blended = counts[framework.framework_id]
            assert own + blended == users.count()
        page = manager.get(reverse(self.LIST)).content.decode()
        assert "1 own · 2 blended" in page

    def test_filters(self, manager):
        make_framework("neuro")
        make_framework("caring", is_published=False)
        make_framework("gone")
        Framework.objects.filter(framework_id="gone").update(archived_at=NOW)

        def listed(**query):
            rows = manager.get(reverse(self.LIST), query).context["cl"].result_list
            return [framework.framework_id for framework in rows]

        assert listed() == ["caring", "neuro"]
        assert listed(changes="yes") == ["caring"]
        assert listed(changes="no") == ["neuro"]
        assert listed(archived="yes") == ["gone"]

    def test_query_count_is_flat(self, manager):
        make_framework("f0")
        few = queries(manager, reverse(self.LIST))
        for at in range(1, 12):
            make_framework(f"f{at}")

        assert queries(manager, reverse(self.LIST)) == few <= 9


class TestBulk:
    def test_switching_acts_at_once_and_is_audited(self, manager, mia):
        make_character("ada")
        make_character("bea")

        asked = act(manager, "switch_off", ["ada", "bea"])
        assert "stop answering at once" in asked.content.decode()
        assert Character.objects.filter(is_active=True).count() == 2

        act(manager, "switch_off", ["ada", "bea"], apply="1")
        assert not Character.objects.filter(is_active=True).exists()
        assert AuditEntry.objects.filter(action="character.switched", actor=mia)

        response = act(manager, "switch_on", ["ada"])
        assert told(response) == ["1 changed."]
        assert Character.objects.get(is_active=True).character_id == "ada"

    def test_a_tag_is_added_to_drafts_and_goes_live_nowhere(self, manager):
        make_character("ada", tags=["x"])
        make_character("bea")
        publish("ada")

        response = act(manager, "add_tag", ["ada", "bea"], apply="1", tag="season 2")

        assert told(response) == ["2 changed."]
        assert sheet_of("ada").tags == ["x", "season 2"]
        assert CharacterVersion.objects.get().to_sheet().tags == ["x"]

    def test_a_tag_is_removed_whatever_its_case(self, manager):
        make_character("ada", tags=["Season 2", "x"])
        make_character("bea")

        response = act(manager, "remove_tag", ["ada", "bea"], apply="1", tag="season 2")

        assert told(response) == ["1 changed, 1 as they were."]
        assert sheet_of("ada").tags == ["x"]

    @pytest.mark.parametrize("tag", ["", "   ", "\x00", "x" * 201, "two\nlines"])
    def test_a_bad_tag_is_told_on_the_page(self, manager, tag):
        make_character("ada")

        response = act(manager, "add_tag", ["ada"], apply="1", tag=tag)

        assert response.status_code == 422
        assert response.context["form"].errors
        assert Character.objects.get().revision == 1

    def test_a_framework_is_assigned_to_drafts(self, manager):
        make_framework("caring")
        make_character("ada")
        make_character("bea", framework_id="caring")
        publish("ada")

        response = act(
            manager, "assign_framework", ["ada", "bea"], apply="1", framework="caring"
        )

        assert told(response) == ["1 changed, 1 as they were."]
        assert sheet_of("ada").framework_id == "caring"
        live = CharacterVersion.objects.get().to_sheet()
        assert live.framework_id == "neuro"

    def test_an_archived_framework_is_not_offered(self, manager):
        make_framework("gone")
        Framework.objects.filter(framework_id="gone").update(archived_at=NOW)
        make_character("ada")

        response = act(
            manager, "assign_framework", ["ada"], apply="1", framework="gone"
        )

        assert response.status_code == 422

    def test_archiving_and_restoring(self, manager):
        make_character("ada")

        act(manager, "archive", ["ada"], apply="1")
        assert Character.objects.get().is_archived

        pk = Character.objects.get().pk
        manager.post(
            reverse(LIST, query={"archived": "yes"}),
            {"action": "restore", "_selected_action": [pk], "index": "0"},
        )
        assert not Character.objects.get().is_archived

    def test_rows_that_cannot_change_are_counted_and_named(self, manager):
        make_character("ada")
        make_character("bea")
        Character.objects.filter(character_id="bea").update(archived_at=NOW)
        pks = list(Character.objects.values_list("pk", flat=True))

        response = manager.post(
            reverse(LIST, query={"archived": "all"}),
            {"action": "add_tag", "_selected_action": pks, "apply": "1", "tag": "t"},
            follow=True,
        )

        assert told(response)[0] == "1 changed, 1 refused."
        assert "“Bea” is archived" in told(response)[1]

    def test_a_list_that_is_full_is_refused(self, manager):
        make_character("ada", tags=[f"t{at}" for at in range(1000)])

        response = act(manager, "add_tag", ["ada"], apply="1", tag="one more")

        assert told(response)[0] == "0 changed, 1 refused."

    def test_a_publish_is_prepared_by_ids(self, manager):
        make_character("bea")
        make_character("ada")

        response = act(manager, "prepare_publish", ["ada", "bea"], follow=False)

        assert response.url == reverse("personas:publish", query={"ids": "ada,bea"})

    def test_more_than_a_publish_holds_is_told(self, manager, monkeypatch):
        monkeypatch.setattr("personas.admin.actions.MOST", 1)
        make_character("ada")
        make_character("bea")

        for action in ("prepare_publish", "switch_on", "add_tag", "restore"):
            response = act(manager, action, ["ada", "bea"])

            assert told(response) == [
                "Choose at most 1 characters at a time; these are 2."
            ]

    @pytest.mark.parametrize(
        ("role", "allowed"),
        [
            (Role.VIEWER, set()),
            (Role.CURATOR, {"add_tag", "remove_tag", "assign_framework", "export"}),
            (
                Role.MANAGER,
                {
                    "prepare_publish",
                    "switch_on",
                    "switch_off",
                    "add_tag",
                    "remove_tag",
                    "assign_framework",
                    "export",
                    "archive",
                    "restore",
                },
            ),
        ],
    )
    def test_roles_are_offered_what_they_may_do(self, role, allowed):
        make_character("ada")
        client = client_as(role)

        form = client.get(reverse(LIST)).context.get("action_form")

        offered = (
            {key for key, _ in form.fields["action"].choices if key} if form else set()
        )
        assert offered == allowed

    @pytest.mark.parametrize("action", ["archive", "switch_off", "prepare_publish"])
    def test_a_curator_cannot_act_as_a_manager(self, action):
        make_character("ada")

        act(client_as(Role.CURATOR), action, ["ada"], apply="1")

        character = Character.objects.get()
        assert character.is_active
        assert not character.is_archived


def test_aliases_and_search_give_no_row_twice(manager):
    make_character("ada", aliases=["ada one", "ada two"])

    assert Alias.objects.count() == 2
    assert listed(manager, q="ada") == ["ada"]


@pytest.mark.parametrize("key", ["abc", "9" * 40, "", "\x00", "1.5", "²"])
def test_a_key_that_is_none_is_told(manager, key):
    make_character("ada")
    data = {"action": "switch_on", "_selected_action": [key], "index": "0"}

    response = manager.post(reverse(LIST), data, follow=True)

    assert told(response) == ["Choose rows of the list."]


@pytest.mark.parametrize("framework", ["", "nobody", "\x00"])
def test_a_framework_that_is_none_is_told(manager, framework):
    make_character("ada")

    response = act(manager, "assign_framework", ["ada"], apply="1", framework=framework)

    assert response.status_code == 422


@pytest.mark.parametrize("name", ["tag", "framework"])
@pytest.mark.parametrize("value", ["nobody", "\x00", "'", "%"])
def test_a_filter_for_what_is_not_there_finds_nobody(manager, name, value):
    make_character("ada", tags=["x"])

    assert listed(manager, **{name: value}) == []
