"""Finding characters by the words of their drafts and live prompts."""

import importlib

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import reverse

from core.roles import Role
from personas.models import Character, SearchText
from personas.services import drafts, labels, publishing, searching
from personas.views.reading import for_cards
from tests.clients import client_as
from tests.factories import NOW, make_character, make_framework, sheet_of
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db
LIST = "admin:personas_character_changelist"


def found(query):
    rows = searching.found(for_cards(Character.objects.all()), query=query)
    return [c.character_id for c in searching.best_first(rows)]


def publish(*ids):
    return publishing.publish(character_ids=ids, note="x", author=None, now=NOW)


def test_all_words_must_occur_somewhere():
    make_character("ada", description="Likes tea.", tags=["maths"])
    make_character("bea", description="Likes tea.")

    assert found("TEA") == ["ada", "bea"]
    assert found("maths tea") == ["ada"]
    assert found("maths coffee") == []
    assert found("   ") == ["ada", "bea"]


def test_names_stand_before_tags_before_fields_before_the_prompt():
    make_framework("neuro", prompt_template="Speak of lanterns.")
    make_character("zed", display_name="Lanterns")
    make_character("yan", tags=["lanterns"])
    make_character("xia", scenario="With lanterns.")
    make_character("abe")
    publish("abe")

    assert found("lanterns") == ["zed", "yan", "xia", "abe"]


@pytest.mark.parametrize(
    ("stored", "query"),
    [
        ("100% wool", "100%"),
        ("snake_case", "e_c"),
        ("back\\slash", "\\"),
        ("STRASSE", "straße"),
        ("Боцман", "боцман"),
        ("ÉCLAIR", "éclair"),
        ("塩目", "塩"),
        ('it\'s "quoted"', '"quoted"'),
    ],
)
def test_letters_of_any_script_and_no_wildcards(stored, query):
    make_character("ada", description=stored)
    make_character("bea", description="1000 woolsnakeXcase")

    assert found(query) == ["ada"]


def test_a_saved_draft_is_found_by_its_new_words_only():
    make_character("ada", description="Likes tea.")
    values = sheet_of("ada").model_dump(mode="json") | {"description": "Likes rum."}
    drafts.save_character(
        character_id="ada",
        sheet=type(sheet_of("ada")).model_validate(values),
        revision=1,
        actor=None,
        now=NOW,
    )

    assert found("tea") == []
    assert found("rum") == ["ada"]


def test_the_prompt_follows_the_live_label():
    make_framework("neuro", prompt_template="{{personality}} Beware of otters.")
    make_character("ada")
    assert found("otters") == []

    publication = publish("ada").publication
    assert found("otters") == ["ada"]

    labels.undo(publication_id=publication.pk, author=None, now=NOW)
    assert found("otters") == []


def test_a_trial_is_not_what_people_find():
    make_framework("neuro", prompt_template="Beware of otters.")
    make_character("ada")

    publishing.publish(
        character_ids=["ada"], note="x", author=None, now=NOW, label="staging"
    )

    assert found("otters") == []


def test_reindexing_finds_who_was_there_before(capsys):
    make_framework("neuro", prompt_template="Beware of otters.")
    make_character("ada", description="Likes tea.")
    publish("ada")
    SearchText.objects.all().delete()

    call_command("reindex_search")

    assert "1 characters" in capsys.readouterr().out
    assert found("tea otters") == ["ada"]


def test_the_migration_fills_what_is_missing():
    make_framework("neuro", prompt_template="Beware of otters.")
    make_character("ada", aliases=["Countess"], tags=["maths"])
    publish("ada")
    kept = SearchText.objects.values_list("draft", "prompt").get()
    SearchText.objects.all().delete()

    importlib.import_module("personas.migrations.0005_search_text").fill(apps, None)

    assert SearchText.objects.values_list("draft", "prompt").get() == kept


def test_excerpts_tell_the_field_and_come_from_the_prompt_last():
    make_framework("neuro", prompt_template="Beware of Otters.")
    ada = make_character("ada", description="Likes tea.")
    publish("ada")

    [first, second] = searching.excerpts_of([ada.pk], query="tea otters")[ada.pk]

    assert (first.title, second.title) == ("Description", "Live prompt")
    assert "Otters" in [r.text for r in second.runs if r.is_hit]


class TestList:
    def test_it_searches_everything_and_shows_where(self):
        make_character("ada", description="Likes <b>tea</b> & cake.")
        make_character("bea")

        response = client_as(Role.VIEWER).get(reverse(LIST), {"q": "tea"})

        assert [c.character_id for c in response.context["cl"].result_list] == ["ada"]
        text = response.content.decode()
        assert "&lt;b&gt;<mark>tea</mark>&lt;/b&gt; &amp; cake." in text
        assert "Description" in text

    def test_best_places_first_unless_a_column_sorts(self):
        make_character("ada", description="tea")
        make_character("tea")
        client = client_as(Role.MANAGER)

        def ids(**query):
            rows = client.get(reverse(LIST), query).context["cl"].result_list
            return [c.character_id for c in rows]

        assert ids(q="tea") == ["tea", "ada"]
        assert ids(q="tea", o="3") == ["ada", "tea"]

    def test_query_count_is_flat_while_searching(self):
        make_character("c0", description="tea")
        client = client_as(Role.VIEWER)
        few = queries(client, f"{reverse(LIST)}?q=tea")
        for at in range(1, 12):
            make_character(f"c{at}", description="tea", aliases=["x"])

        assert queries(client, f"{reverse(LIST)}?q=tea") == few <= 18

    @pytest.mark.parametrize("query", ["\x00", "%", "'", "\\", "x" * 5000, "\ud7ff ﷺ"])
    def test_odd_searches_do_no_harm(self, query):
        make_character("ada")

        response = client_as(Role.VIEWER).get(reverse(LIST), {"q": query})

        assert response.status_code == 200


class TestFinder:
    def test_it_offers_characters_and_frameworks_by_name(self):
        make_character("ada")
        make_character("bea", description="Friend of Ada")
        make_framework("adagio")

        response = client_as(Role.VIEWER).get(reverse("personas:find"), {"q": "ada"})

        context = response.context
        assert [f.id for f in context["characters"]] == ["ada", "bea"]
        assert [f.id for f in context["frameworks"]] == ["adagio"]

    def test_without_words_it_offers_what_was_saved_last(self):
        make_character("ada")
        make_character("bea")
        Character.objects.filter(character_id="ada").update(
            updated_at=NOW.replace(year=2027)
        )

        response = client_as(Role.VIEWER).get(reverse("personas:find"))

        assert [f.id for f in response.context["characters"]] == ["ada", "bea"]

    def test_the_archived_come_last_and_are_marked(self):
        make_character("ada")
        make_character("adam")
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        response = client_as(Role.VIEWER).get(reverse("personas:find"), {"q": "ada"})

        assert [f.id for f in response.context["characters"]] == ["adam", "ada"]
        assert "Archived" in response.content.decode()

    def test_nothing_found_is_told(self):
        response = client_as(Role.VIEWER).get(reverse("personas:find"), {"q": "<x>"})

        assert "Nothing has all of these words: &lt;x&gt;" in response.content.decode()

    def test_query_count_is_flat(self):
        client = client_as(Role.VIEWER)
        make_character("c0")
        url = f"{reverse('personas:find')}?q=c"
        few = queries(client, url)
        for at in range(1, 15):
            make_character(f"c{at}", aliases=["x"])

        assert queries(client, url) == few <= 9

    def test_who_has_no_role_is_refused(self):
        assert client_as(None).get(reverse("personas:find")).status_code == 403
