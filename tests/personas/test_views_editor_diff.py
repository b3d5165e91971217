"""What is typed beside any version."""

import time

import pytest
from django.urls import reverse

from core.roles import Role
from personas.services import drafts, frameworks
from tests.clients import client_as
from tests.core.form_browser import submitted
from tests.factories import NOW, make_character, make_framework
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db
STAGE = {
    "milestone": 100,
    "title": "Friends",
    "changes": {"personality": {"tone": "warm as toast"}},
}


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


@pytest.fixture
def ada():
    make_character(scenario="The old pier.", description="She likes tides.")
    publish()
    return edit(scenario="The new pier.")


def url(kind="character", key="ada"):
    return reverse(f"personas:{kind}-edit-diff", args=[key])


def form(client, kind="character", key="ada"):
    """What the editor's form holds."""
    page = client.get(reverse(f"personas:{kind}-edit", args=[key])).content.decode()
    start = page.index('<form class="editor-form"')
    return submitted(page[start : page.index("</form>", start)])


def typed(client, *, kind="character", key="ada", **changes):
    """What the pane shows after typing ``changes`` into the editor's form."""
    data = form(client, kind, key)
    for name, value in changes.items():
        data[name] = value
    return client.post(url(kind, key), data)


def titles(response):
    return [change.title for change in response.context["comparison"].changes]


class TestCharacters:
    def test_the_saved_draft_against_live(self, curator, ada):
        response = curator.get(url())

        text = response.content.decode()
        assert response.context["comparison"].title == "From version 1 to the draft"
        assert titles(response) == ["Scenario"]
        assert "The <del>old</del><ins>new</ins> pier." in text
        assert "tokens unchanged" in text
        assert "<html" in text

    def test_a_pane_gets_only_its_part(self, curator, ada):
        response = curator.get(url(), headers={"HX-Request": "true"})

        assert "<html" not in response.content.decode()

    def test_what_is_typed_counts_and_nothing_is_saved(self, curator, ada):
        response = typed(curator, description="She likes <storms>.")

        text = response.content.decode()
        assert response.context["comparison"].title == "From version 1 to what is typed"
        assert titles(response) == ["Description", "Scenario"]
        assert "&lt;storms&gt;" in text
        assert "<html" not in text
        ada.refresh_from_db()
        assert ada.description == "She likes tides."

    def test_wrong_fields_are_named_and_the_rest_is_compared(self, curator, ada):
        response = typed(
            curator, description="Typed.", routing_weight="heavy", display_name=""
        )

        assert response.status_code == 200
        assert set(response.context["wrong"]) == {"Name", "Weight"}
        assert "compared as last saved" in response.content.decode()
        assert titles(response) == ["Description", "Scenario"]

    def test_against_any_version_with_note_and_labels(self, curator, ada):
        publish(label="staging")
        edit(scenario="The newest pier.")

        response = curator.get(url(), {"against": "2"})

        assert response.context["comparison"].before.title == "version 2"
        words = [option.words for option in response.context["versions"]]
        assert words == [
            "Live, version 1: “First” (system, 2026-11-01)",
            "Trial, version 2: “First” (system, 2026-11-01)",
        ]

    @pytest.mark.parametrize("against", ["x", "", "0", "-1", "1" * 40, "\x00"])
    def test_nonsense_is_compared_with_live(self, curator, ada, against):
        response = curator.get(url(), {"against": against})

        assert response.context["comparison"].before.title == "version 1"

    def test_a_version_that_is_not_there(self, curator, ada):
        response = curator.get(url(), {"against": "77"})

        assert "no such version" in response.content.decode()

    def test_never_published(self, curator):
        make_character()

        response = curator.get(url())

        assert response.status_code == 200
        assert "Nothing was published yet" in response.content.decode()

    def test_a_kind_of_conversation(self, curator):
        make_framework("neuro", decision_making={"pace": "quick"})
        make_framework("caring", decision_making={"pace": "slow"})
        make_character(scenario="The old pier.")
        publish()
        weight = {"context": "casual", "framework_id": "caring", "weight": 1}
        edit(framework_blending={"enabled": True, "weights": [weight]})

        response = curator.get(url(), {"context": "casual"})

        comparison = response.context["comparison"]
        assert "quick" in comparison.before.text
        assert "slow" in comparison.after.text
        assert "slow" not in curator.get(url()).context["comparison"].after.text
        assert "Version 1 has no prompt of its own for it" in response.content.decode()
        assert "casual" in [option.value for option in response.context["contexts"]]

    @pytest.mark.parametrize("context", ["nonsense", "\x00", "x" * 500])
    def test_an_unknown_kind_is_the_plain_prompt(self, curator, ada, context):
        response = curator.get(url(), {"context": context})

        assert response.status_code == 200
        assert "The new pier." in response.context["comparison"].after.text

    def test_a_growth_stage_is_computed_on_both_sides(self, curator, ada):
        edit(evolution_stages=[STAGE])

        response = curator.get(url(), {"stage": "100"})

        comparison = response.context["comparison"]
        assert "warm as toast" in comparison.after.text
        assert "warm as toast" not in comparison.before.text
        text = response.content.decode()
        assert "Computed to look at" in text
        assert "After 100 interactions: Friends" in text

    def test_a_framework_that_was_never_published(self, curator, ada):
        make_framework("raw", is_published=False)

        response = typed(curator, framework_id="raw")

        assert "never published" in response.content.decode()
        assert "Framework" in titles(response)

    def test_an_archived_draft_is_compared_as_saved(self, curator, ada):
        data = form(curator)
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )
        data["description"] = "Typed."

        response = curator.post(url(), data)

        assert titles(response) == ["Scenario"]

    def test_who_may_not_type_sees_the_saved_draft(self, curator, ada):
        data = form(curator)
        data["description"] = "Typed."

        response = client_as(Role.VIEWER).post(url(), data)

        assert titles(response) == ["Scenario"]

    def test_roles(self, ada):
        client = client_as(None)
        assert client.get(url()).status_code == 403
        assert client.post(url()).status_code == 403
        assert client_as(Role.VIEWER).get(url()).status_code == 200

    def test_nobody(self, curator):
        assert curator.get(url(key="nobody")).status_code == 404
        assert curator.post(url(key="nobody")).status_code == 404

    @pytest.mark.parametrize("data", [{}, {"revision": "x"}, {"revision": "1"}])
    def test_broken_forms_are_never_an_error(self, curator, ada, data):
        assert curator.post(url(), data).status_code == 200

    def test_large_texts_stay_quick(self, curator):
        lines = [
            f"Line {at} of a very long tale about the pier." for at in range(2_400)
        ]
        make_character(description="\n".join(lines))
        publish()
        lines[::40] = [f"{line} Changed." for line in lines[::40]]
        changed = "\n".join(lines)
        assert len(changed) > 100_000
        edit(description=changed)

        start = time.process_time()
        response = curator.get(url())
        took = time.process_time() - start

        assert "characters unchanged" in response.content.decode()
        assert took < 3


class TestFrameworks:
    def test_fields_and_the_prompt_of_a_user(self, curator):
        make_framework(decision_making={"pace": "quick"})
        make_character(scenario="The pier.")
        publish()

        response = typed(curator, kind="framework", key="neuro", purpose="Thinking.")

        assert titles(response) == ["Purpose"]
        text = response.content.decode()
        assert "Prompt of Ada: the text stays the same" in text

    def test_a_template_changes_the_prompts(self, curator):
        make_framework()
        make_character("ada")
        make_character("bea")
        publish("ada", "bea")

        response = typed(
            curator,
            kind="framework",
            key="neuro",
            prompt_template="Be kind.",
            character="bea",
        )

        assert response.context["character"] == "bea"
        assert "Be kind." in response.context["comparison"].after.text
        assert "Prompt of Bea: +" in response.content.decode()

    def test_without_users_only_fields_are_compared(self, curator):
        make_framework()

        response = typed(curator, kind="framework", key="neuro", purpose="Thinking.")

        assert "Prompt of" not in response.content.decode()
        assert titles(response) == ["Purpose"]

    def test_against_an_older_version(self, curator):
        framework = make_framework(purpose="One.")
        sheet = framework.to_sheet().model_copy(update={"purpose": "Two."})
        drafts.save_framework(
            framework_id="neuro", sheet=sheet, revision=1, actor=None, now=NOW
        )
        frameworks.publish_framework(
            framework_id="neuro", note="Second", author=None, now=NOW
        )

        live = curator.get(url("framework", "neuro"))
        old = curator.get(url("framework", "neuro"), {"against": "1"})

        assert titles(live) == []
        assert titles(old) == ["Purpose"]

    def test_never_published(self, curator):
        make_framework("raw", is_published=False)

        response = curator.get(url("framework", "raw"))

        assert "Nothing was published yet" in response.content.decode()

    def test_roles(self):
        make_framework()
        there = url("framework", "neuro")

        assert client_as(None).get(there).status_code == 403
        assert client_as(Role.VIEWER).get(there).status_code == 200
        assert client_as(Role.CURATOR).get(url("framework", "x")).status_code == 404
