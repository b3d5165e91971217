"""What is typed, as a prompt with the fields it came from."""

import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from core import policy
from core.roles import Role
from personas.domain.sheets import EvolutionStage, StageChanges, StageKnowledge
from personas.models import Character, Framework
from personas.services import drafts, frameworks, growing, publishing
from personas.tokens import TOKENIZER, count_tokens
from tests.clients import client_as
from tests.factories import NOW, make_character, make_framework, sheet_of
from tests.personas.test_editor import address, fill

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


def preview(client, draft, *, headers=HTMX, **changes):
    """The answer to what the editor's form holds, with some controls changed."""
    data = fill(client, address(draft), **changes)
    return client.post(f"{address(draft)}preview/", data, headers=headers)


def prompt_of(response) -> str:
    """The text of the prompt, without its spans."""
    return "".join(
        mark.text for span in response.context["spans"] for mark in span.marks
    )


def text_by_source(response) -> dict[str, str]:
    found: dict[str, str] = {}
    for span in response.context["spans"]:
        text = "".join(mark.text for mark in span.marks)
        found[span.source] = found.get(span.source, "") + text
    return found


def state_of(response):
    pattern = r'id="editor-preview-state" type="application/json">(.*?)</script>'
    return json.loads(re.search(pattern, response.content.decode())[1])


class TestPrompt:
    def test_what_is_typed_is_compiled_and_saved_nowhere(self, curator):
        ada = make_character()

        response = preview(curator, ada, scenario="A pier at night.")

        assert "A pier at night." in prompt_of(response)
        assert "<html" not in response.content.decode()
        assert sheet_of("ada").scenario == ""

    def test_it_is_what_publishing_would_serve(self, curator):
        make_framework(prompt_template="You are {character_name}.\n{identity}")
        ada = make_character(
            description="Counts {{char}}'s stars.", topic_interests=["stars"]
        )

        response = preview(curator, ada)

        publishing.publish(character_ids=["ada"], note="Out", author=None, now=NOW)
        body = Character.objects.get().versions.get().prompts.get(context="").body
        assert prompt_of(response) == json.loads(body)["system_prompt"]

    def test_each_stretch_names_its_field(self, curator):
        make_framework(behavioral_patterns={"pace": "slow"})
        ada = make_character(
            identity={"personality": "Curious."},
            quirks=[{"kind": "habits", "items": ["counts"]}],
        )

        found = text_by_source(preview(curator, ada))

        assert "Curious." in found["identity.personality"]
        assert "counts" in found["quirks.0.items.0"]
        assert not any("pace" in text for source, text in found.items() if source)

    def test_what_the_framework_wrote_leads_to_its_editor(self, curator):
        make_framework(behavioral_patterns={"pace": "slow"})
        ada = make_character()

        response = preview(curator, ada)

        [span] = [s for s in response.context["spans"] if "slow" in s.marks[0].text]
        assert span.url == "/frameworks/neuro/edit/#field-behavioral_patterns"
        assert f'data-url="{span.url}"' in response.content.decode()

    def test_text_that_looks_like_markup_stays_text(self, curator):
        ada = make_character()

        response = preview(curator, ada, description="<img src=x> & {x}")

        assert "<img src=x> & {x}" in prompt_of(response)
        assert "<img src=x>" not in response.content.decode()

    def test_without_scripts_it_is_a_page(self, curator):
        ada = make_character()

        response = preview(curator, ada, headers={}, scenario="A pier.")

        text = response.content.decode()
        assert "<html" in text
        assert "A pier." in text


class TestChoices:
    def test_another_published_framework(self, curator):
        make_framework("caring", prompt_template="Be kind.")
        ada = make_character()

        response = preview(curator, ada, **{"preview-framework": "caring"})

        assert prompt_of(response).startswith("Be kind.")

    @pytest.mark.parametrize(
        ("asked", "words"),
        [("raw", "never published"), ("nonsense", "no such framework")],
    )
    def test_a_framework_that_cannot_be_is_told(self, curator, asked, words):
        make_framework("raw", is_published=False)
        ada = make_character()

        response = preview(curator, ada, **{"preview-framework": asked})

        assert response.status_code == 200
        assert words in response.context["refusals"][0]

    def test_growth_is_laid_over_what_is_typed(self, curator):
        ada = make_character(
            evolution_stages=[
                {
                    "milestone": 50,
                    "changes": {"knowledge": {"add_interests": ["tides"]}},
                },
                {
                    "milestone": 90,
                    "changes": {"knowledge": {"add_interests": ["storms"]}},
                },
            ]
        )

        authored = prompt_of(preview(curator, ada))
        grown = prompt_of(preview(curator, ada, **{"preview-stage": "50"}))

        assert "tides" not in authored
        assert "tides" in grown
        assert "storms" not in grown

    def test_stages_that_are_typed_can_be_chosen_at_once(self, curator):
        ada = make_character()
        data = fill(curator, address(ada))
        data["evolution_stages__as_json"] = "1"
        data["evolution_stages__json"] = '[{"milestone": 70, "title": "Trusts"}]'

        response = curator.post(f"{address(ada)}preview/", data, headers=HTMX)

        values = [value for value, _ in state_of(response)["stages"]]
        assert values == ["0", "authored", "70"]

    def test_growth_that_was_approved_is_in_it_unless_authored_is_asked(self, curator):
        ada = make_character(evolution_stages=[{"milestone": 50}])
        tides = StageKnowledge(add_interests=["tides"])
        stage = EvolutionStage(milestone=50, changes=StageChanges(knowledge=tides))
        growing.set_stages(ada.pk, stages=[stage], count=50, now=NOW)

        now = prompt_of(preview(curator, ada))
        authored = prompt_of(preview(curator, ada, **{"preview-stage": "authored"}))

        assert "tides" in now
        assert "tides" not in authored

    def test_a_name_takes_the_place_of_the_user_macro(self, curator):
        ada = make_character(description="Greets {{user}} and {{USER}}.")

        assert "Greets {{user}} and" in prompt_of(preview(curator, ada))
        named = preview(curator, ada, **{"preview-user": "Bo <b>"})
        assert "Greets Bo <b> and Bo <b>." in prompt_of(named)
        assert "Bo <b>" not in named.content.decode()

    def test_a_name_that_makes_it_too_long_is_refused_with_words(self, curator):
        ada = make_character(description="{{user}} " * 2_000)

        named = preview(curator, ada, **{"preview-user": "n" * 200})

        assert named.status_code == 200
        assert "nnn" not in named.content.decode()
        assert "Give a shorter name" in named.content.decode()

    def test_spans_of_the_framework_say_whose_they_are(self, curator):
        make_framework(
            "neuro", name="Quick <Spark>", prompt_template="Be it. {identity}"
        )
        ada = make_character()

        page = preview(curator, ada).content.decode()

        assert 'data-belongs="the framework Quick &lt;Spark&gt;"' in page

    def test_a_kind_of_conversation_blends(self, curator):
        make_framework("neuro", behavioral_patterns={"pace": "slow"})
        make_framework("caring", behavioral_patterns={"warmth": "high"})
        ada = make_character(
            framework_blending={
                "enabled": True,
                "weights": [
                    {"context": "casual", "framework_id": "caring", "weight": 1.0}
                ],
            }
        )

        plain = prompt_of(preview(curator, ada))
        casual = prompt_of(preview(curator, ada, **{"preview-context": "casual"}))

        assert "warmth" not in plain
        assert "warmth" in casual

    def test_without_blending_the_plain_prompt_is_told(self, curator):
        ada = make_character()

        response = preview(curator, ada, **{"preview-context": "casual"})

        assert "bots get the plain prompt" in response.content.decode()

    @pytest.mark.parametrize(
        "odd",
        [
            {"preview-stage": "x"},
            {"preview-stage": "9" * 30},
            {"preview-context": "\0"},
            {"preview-context": "n" * 400},
            {"preview-framework": "\0"},
            {"preview-user": "\0" * 10},
            {"preview-character": "\0"},
        ],
    )
    def test_what_makes_no_sense_does_no_harm(self, curator, odd):
        ada = make_character()

        for draft in (ada, ada.framework):
            assert preview(curator, draft, **odd).status_code == 200


class TestUnknownMacros:
    def test_they_stay_and_are_marked_with_their_place(self, curator):
        ada = make_character(description="One.\nTwo {{mood}} and {{char}}.")

        response = preview(curator, ada)

        assert "Two {{mood}} and Ada." in prompt_of(response)
        [told] = response.context["unknown"]
        assert told.source == "description"
        assert "Description, line 2, column 5" in told.words
        marks = [m for s in response.context["spans"] for m in s.marks if m.unknown]
        assert [m.text for m in marks] == ["{{mood}}"]

    def test_those_of_a_template_lead_to_the_framework(self, curator):
        make_framework(prompt_template="{identity}\n{nonsense}")
        ada = make_character()

        response = preview(curator, ada)

        [told] = response.context["unknown"]
        assert told.url == "/frameworks/neuro/edit/#field-prompt_template"
        assert "line 2, column 1" in told.words


class TestBudget:
    def test_it_counts_by_section_and_against_what_is_live(self, curator):
        ada = make_character(description="One two three.")
        publishing.publish(character_ids=["ada"], note="Out", author=None, now=NOW)

        response = preview(curator, ada, description="One two three four five.")

        budget = response.context["budget"]
        assert budget.total == count_tokens(prompt_of(response))
        assert budget.change == 2
        changes = {line.title: line.change for line in budget.lines}
        assert changes["Identity"] == 2
        assert TOKENIZER in response.content.decode()

    def test_before_publishing_there_is_nothing_to_compare(self, curator):
        ada = make_character()

        budget = preview(curator, ada).context["budget"]

        assert budget.before is None
        assert budget.change is None

    def test_a_replacing_override_is_all_there_is(self, curator):
        ada = make_character(
            description="Gone.",
            system_prompt_override={"text": "Only this.", "mode": "replace"},
        )

        response = preview(curator, ada)

        assert prompt_of(response) == "Only this."
        [line] = response.context["budget"].lines
        assert line.tokens == count_tokens("Only this.")

    @pytest.mark.parametrize(
        ("cap", "near", "over"),
        [(None, False, False), (10_000, False, False), (60, True, False), (9, 0, 1)],
    )
    def test_the_cap_warns_and_stops(self, curator, cap, near, over):
        ada = make_character(description="star " * 49)
        policy.set_value(
            name="PROMPT_TOKEN_CAP", value=cap, actor=None, now=timezone.now()
        )

        response = preview(curator, ada)

        budget = response.context["budget"]
        assert 48 < budget.total <= 60
        assert (budget.is_near, budget.is_over) == (bool(near), bool(over))
        assert bool(response.context["blocking"]) == bool(over)

    def test_sections_of_the_form_tell_their_share(self, curator):
        ada = make_character(description="star " * 30, topic_interests=["stars"])

        tokens = state_of(preview(curator, ada))["tokens"]

        assert set(tokens) == {"who", "knowledge"}
        assert tokens["who"][0] > tokens["knowledge"][0]
        assert sum(percent for _, percent in tokens.values()) <= 100


class TestErrors:
    def test_what_is_wrong_is_told_by_field_and_section(self, curator):
        ada = make_character()

        response = preview(curator, ada, model__temperature="9")

        assert response.status_code == 422
        state = state_of(response)
        assert list(state["errors"]) == ["model"]
        assert state["wrong"] == ["model"]
        assert 'data-part="prompt"' not in response.content.decode()

    def test_a_prompt_that_is_too_long_is_told(self, curator):
        ada = make_character()
        half = "x" * 200_000

        response = preview(curator, ada, description=half, scenario=half)

        assert "Shorten the longest section" in response.context["refusals"][0]

    def test_a_stage_that_cannot_be_is_told(self, curator):
        ada = make_character(
            evolution_stages=[
                {"milestone": 5, "changes": {"behavior": {"reply_mode": "louder"}}}
            ]
        )

        response = preview(curator, ada, **{"preview-stage": "5"})

        assert "The stage at 5" in response.context["refusals"][0]

    def test_nothing_at_all_is_told_too(self, curator):
        make_character()

        response = curator.post("/characters/ada/edit/preview/", headers=HTMX)

        assert response.status_code == 422


class TestFrameworks:
    def test_the_draft_is_shown_in_somebody_who_uses_it(self, curator):
        framework = make_framework()
        make_character("ada")
        make_character("bea")

        first = preview(curator, framework, prompt_template="New rules.")
        second = preview(curator, framework, **{"preview-character": "bea"})

        assert prompt_of(first).startswith("New rules.")
        assert "Name: Ada" in prompt_of(first)
        assert "Name: Bea" in prompt_of(second)
        assert Framework.objects.get().to_sheet().prompt_template == ""

    def test_its_own_fields_are_those_of_the_form(self, curator):
        framework = make_framework(behavioral_patterns={"pace": {"walk": "slow"}})
        make_character("ada")

        response = preview(curator, framework)

        found = text_by_source(response)
        assert "slow" in found["behavioral_patterns.pace.walk"]
        [name] = [s for s in response.context["spans"] if "Ada" in s.marks[0].text]
        assert name.url == "/characters/ada/edit/#field-display_name"

    def test_nobody_uses_it(self, curator):
        framework = make_framework()

        response = preview(curator, framework)

        assert "Nobody uses it yet" in response.context["refusals"][0]

    def test_who_only_mixes_it_in_keeps_their_own(self, curator):
        make_framework("neuro", prompt_template="Own.")
        caring = make_framework("caring", behavioral_patterns={"warmth": "high"})
        make_character(
            framework_blending={
                "enabled": True,
                "weights": [
                    {"context": "casual", "framework_id": "caring", "weight": 1.0}
                ],
            }
        )

        plain = preview(curator, caring)
        data = {"preview-context": "casual"}
        tree = '{"warmth": "very high"}'
        typed = {
            "behavioral_patterns__json": tree,
            "behavioral_patterns__as_json": "1",
        }
        sent = fill(curator, address(caring)) | data | typed
        mixed = curator.post(f"{address(caring)}preview/", sent, headers=HTMX)

        assert prompt_of(plain).startswith("Own.")
        assert "mixes this" in plain.context["note"]
        assert "very high" in prompt_of(mixed)


class TestState:
    def test_it_says_whether_the_form_is_what_is_live(self, curator):
        ada = make_character()
        publishing.publish(character_ids=["ada"], note="Out", author=None, now=NOW)

        assert state_of(preview(curator, ada))["is_as_live"] is True
        changed = preview(curator, ada, scenario="A pier.")
        assert state_of(changed)["is_as_live"] is False

    def test_for_frameworks_too(self, curator):
        framework = make_framework()
        make_character()

        assert state_of(preview(curator, framework))["is_as_live"] is True
        changed = preview(curator, framework, purpose="Other.")
        assert state_of(changed)["is_as_live"] is False
        assert frameworks.reach(framework_id="neuro").revision == 1


class TestRights:
    def test_a_viewer_sees_the_draft_whatever_is_sent(self, curator):
        ada = make_character(scenario="The draft.")
        data = fill(curator, address(ada), scenario="Sent.")
        viewer = client_as(Role.VIEWER)

        response = viewer.post(f"{address(ada)}preview/", data, headers=HTMX)

        assert "The draft." in prompt_of(response)
        assert "Sent." not in prompt_of(response)

    def test_an_archived_draft_can_still_be_seen(self, curator):
        ada = make_character(scenario="The draft.")
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        response = curator.post(f"{address(ada)}preview/", headers=HTMX)

        assert "The draft." in prompt_of(response)

    def test_who_has_no_role_is_refused(self):
        ada = make_character()

        response = client_as(None).post(f"{address(ada)}preview/")

        assert response.status_code == 403

    def test_strangers_are_sent_to_sign_in(self, client):
        ada = make_character()

        assert client.post(f"{address(ada)}preview/").status_code == 302

    def test_it_takes_a_post_and_a_draft(self, curator):
        ada = make_character()

        assert curator.get(f"{address(ada)}preview/").status_code == 405
        missing = reverse("personas:character-edit-preview", args=["nobody"])
        assert curator.post(missing).status_code == 404


def test_the_query_count_is_flat(curator, django_assert_max_num_queries):
    ada = make_character(
        aliases=[f"name {n}" for n in range(30)],
        evolution_stages=[{"milestone": n} for n in range(1, 31)],
    )
    data = fill(curator, address(ada))

    # Two of them look for others with similar names.
    with django_assert_max_num_queries(16):
        curator.post(f"{address(ada)}preview/", data, headers=HTMX)
