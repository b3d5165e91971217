"""The mixer: which frameworks mix in which kind of conversation."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core import policy
from core.models import AuditEntry
from core.roles import Role
from personas.domain.sheets import FrameworkBlending
from personas.models import Character
from personas.policy import CONVERSATION_CONTEXTS, FRAMEWORK_BLENDING_ENABLED
from personas.services import drafts
from tests.clients import client_as
from tests.core.form_browser import submitted
from tests.factories import NOW, make_character, make_framework, sheet_of
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit

pytestmark = pytest.mark.django_db

URL = "/characters/ada/mixer/"
PREVIEW = "/characters/ada/mixer/preview/"
OWN_CASUAL = {
    "enabled": True,
    "weights": [
        {"context": "casual", "framework_id": "neuro", "weight": 3},
        {"context": "casual", "framework_id": "caring", "weight": 1},
    ],
}


@pytest.fixture
def curator():
    return client_as(Role.CURATOR)


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def frameworks():
    make_framework("neuro", interaction_style={"tone": "witty", "level": 1})
    make_framework("caring", interaction_style={"tone": "warm", "level": 3})
    make_framework(
        "chaotic", name="Loose Cannon", interaction_style={"tone": "loud", "only": True}
    )
    make_framework("assistant", interaction_style={"tone": "polite"})


@pytest.fixture
def ada(frameworks):
    return make_character("ada", framework_blending=OWN_CASUAL)


def set_policy(name, *, value):
    policy.set_value(name=name, value=value, actor=None, now=timezone.now())


def column(response, context):
    (found,) = [c for c in response.context["columns"] if c.context == context]
    return found


def percents(response, context):
    rows = column(response, context).rows
    return {row.framework.framework_id: row.percent for row in rows}


def filled(client, **changes):
    """What the form would send, with some controls changed; ``None``: left out."""
    page = submitted(client.get(URL).content.decode())
    data = {**dict(page.items()), **changes}
    return {name: value for name, value in data.items() if value is not None}


def save(client, **changes):
    return client.post(URL, filled(client, **changes))


def preview(client, **changes):
    """As the page's script asks for it."""
    return client.post(
        PREVIEW, filled(client, **changes), headers={"HX-Request": "true"}
    )


def stored():
    return sheet_of("ada").framework_blending.model_dump()


def rows_of(response):
    """Key → the grid's line, of all sections."""
    sections = response.context["result"].sections
    return {line.key: line for section in sections for line in section.lines}


class TestColumns:
    def test_there_is_one_for_each_kind_of_the_installation(self, viewer, ada):
        response = viewer.get(URL)

        contexts = [c.context for c in response.context["columns"]]
        assert contexts == ["technical", "casual", "formal", "creative", "educational"]

    def test_own_weights_are_percent_and_others_are_the_installations(
        self, viewer, ada
    ):
        response = viewer.get(URL)

        assert percents(response, "casual") == {"neuro": "75", "caring": "25"}
        assert column(response, "casual").is_own
        assert percents(response, "creative") == {"chaotic": "70", "caring": "30"}
        assert not column(response, "creative").is_own

    def test_a_kind_that_only_the_sheet_lists_has_one_too(self, viewer, ada):
        weights = [{"context": "bedtime", "framework_id": "caring", "weight": 1}]
        edit(framework_blending={"enabled": True, "weights": weights})

        response = viewer.get(URL)

        found = column(response, "bedtime")
        assert found.is_own
        assert not found.is_listed
        assert response.context["columns"][-1] == found

    def test_what_does_not_count_is_marked(self, viewer, ada):
        found = column(viewer.get(URL), "formal")

        assert {r.framework.framework_id: r.is_out for r in found.rows} == {
            "assistant": False,
            "neuro": True,
        }

    def test_unknown_frameworks_are_shown_and_named(self, viewer, ada):
        make_framework("shy", is_published=False)
        weights = [
            {"context": "casual", "framework_id": "creative_writer", "weight": 1},
            {"context": "casual", "framework_id": "shy", "weight": 1},
            {"context": "casual", "framework_id": "caring", "weight": 1},
        ]
        edit(framework_blending={"enabled": True, "weights": weights})

        response = viewer.get(URL, {"kind": "casual"})

        notes = {
            r.framework.name: r.framework.note for r in column(response, "casual").rows
        }
        assert notes == {
            "creative_writer": "No such framework",
            "Shy": "Never published",
            "Caring": "",
        }
        left_out = [(f.name, why) for f, why in response.context["result"].left_out]
        assert left_out == [
            ("creative_writer", "There is no such framework."),
            ("Shy", "Never published."),
        ]
        assert b"creative_writer" in response.content

    def test_an_archived_framework_still_counts_and_says_so(self, viewer, ada):
        make_framework("old")
        drafts.archive_framework(
            framework_id="old", is_archived=True, actor=None, now=NOW
        )
        weights = [{"context": "casual", "framework_id": "old", "weight": 1}]
        edit(framework_blending={"enabled": True, "weights": weights})

        response = viewer.get(URL, {"kind": "casual"})

        (row,) = column(response, "casual").rows
        assert (row.framework.note, row.is_out) == ("Archived", False)
        assert [h.framework.name for h in response.context["result"].heads] == ["Old"]

    def test_the_switch_of_the_installation_is_told(self, viewer, ada):
        assert b"switched off for the whole" not in viewer.get(URL).content

        set_policy(FRAMEWORK_BLENDING_ENABLED, value=False)

        assert b"switched off for the whole" in viewer.get(URL).content

    def test_without_any_kind_of_conversation(self, viewer, frameworks):
        make_character("ada")
        set_policy(CONVERSATION_CONTEXTS, value=())

        response = viewer.get(URL)

        assert response.status_code == 200
        assert b"No kinds of conversation" in response.content

    def test_an_unknown_kind_shows_the_first(self, viewer, ada):
        response = viewer.get(URL, {"kind": "nonsense"})

        assert response.context["chosen"].context == "technical"


class TestRights:
    def test_viewers_read_it_with_the_reason_and_without_buttons(self, viewer, ada):
        response = viewer.get(URL)

        page = response.content.decode()
        assert "Curators edit" in page
        assert '<fieldset class="mixer__all" disabled' in page
        assert "Save draft" not in page

    @pytest.mark.parametrize("url", [URL, PREVIEW])
    def test_viewers_may_send_nothing(self, viewer, ada, url):
        response = viewer.post(url, {"revision": "1"})

        assert response.status_code == 403
        assert stored()["enabled"] is True

    def test_an_archived_character_is_read_only(self, curator, ada):
        data = filled(curator, **{"weight.casual.neuro": "50"})
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        response = curator.post(URL, data)

        assert response.status_code == 409
        assert "Restore it before editing" in response.content.decode()
        assert percents(response, "casual")["neuro"] == "50"

    def test_nobody_there_is_not_found(self, curator):
        assert curator.get(URL).status_code == 404
        assert curator.post(PREVIEW).status_code == 404


class TestSaving:
    def test_percent_become_shares_of_the_draft(self, curator, ada):
        response = save(
            curator,
            **{
                "source.creative": "own",
                "weight.creative.chaotic": "60",
                "weight.creative.caring": "40",
                "kind": "creative",
            },
        )

        assert response.status_code == 302
        assert response.url == f"{URL}?kind=creative"
        assert stored() == {
            "enabled": True,
            "weights": [
                *OWN_CASUAL["weights"],
                {"context": "creative", "framework_id": "chaotic", "weight": 0.6},
                {"context": "creative", "framework_id": "caring", "weight": 0.4},
            ],
        }
        assert AuditEntry.objects.filter(action="character.edited").count() == 1

    def test_sending_the_form_as_it_opened_changes_nothing(self, curator, ada):
        revision = ada.revision

        response = save(curator)

        assert response.status_code == 302
        assert stored() == OWN_CASUAL
        assert Character.objects.get().revision == revision

    def test_any_weights_are_accepted_and_scaled(self, curator, ada):
        save(curator, **{"weight.casual.neuro": "1", "weight.casual.caring": "3"})

        assert [w["weight"] for w in stored()["weights"]] == [0.25, 0.75]

    def test_the_switch_is_saved(self, curator, ada):
        save(curator, enabled=None)

        assert stored() == {**OWN_CASUAL, "enabled": False}

    def test_going_back_to_the_installations_weights_lists_none(self, curator, ada):
        save(curator, **{"source.casual": "table"})

        assert stored() == {"enabled": True, "weights": []}

    def test_changed_numbers_of_the_installation_become_own_ones(self, curator, ada):
        save(
            curator,
            **{"weight.formal.assistant": "50", "weight.formal.neuro": "50"},
        )

        assert [w for w in stored()["weights"] if w["context"] == "formal"] == [
            {"context": "formal", "framework_id": "assistant", "weight": 0.5},
            {"context": "formal", "framework_id": "neuro", "weight": 0.5},
        ]

    @pytest.mark.parametrize("text", ["", None])
    def test_an_empty_or_missing_box_takes_the_framework_away(self, curator, ada, text):
        save(curator, **{"weight.casual.caring": text})

        assert stored()["weights"] == [
            {"context": "casual", "framework_id": "neuro", "weight": 1.0}
        ]

    def test_a_kind_that_is_not_sent_stays(self, curator, ada):
        data = {
            name: value
            for name, value in filled(curator).items()
            if ".casual" not in name
        }

        curator.post(URL, data)

        assert stored() == OWN_CASUAL

    def test_a_framework_is_added_without_script(self, curator, ada):
        response = curator.post(
            PREVIEW, filled(curator, _add="casual", **{"add.casual": "chaotic"})
        )

        assert percents(response, "casual") == {
            "neuro": "75",
            "caring": "25",
            "chaotic": "0",
        }
        assert stored() == OWN_CASUAL

    def test_commas_are_read_as_points(self, curator, ada):
        save(curator, **{"weight.casual.neuro": "12,5", "weight.casual.caring": "87.5"})

        assert [w["weight"] for w in stored()["weights"]] == [0.125, 0.875]

    @pytest.mark.parametrize(
        "text",
        [
            "lots",
            "-1",
            "nan",
            "inf",
            "1e99999",
            "100.01",
            "150",
            "0" * 50 + "1",
            "\x00",
            "１e",
        ],
    )
    def test_what_is_no_weight_is_told_and_kept(self, curator, ada, text):
        response = save(
            curator, **{"weight.casual.neuro": text, "weight.casual.caring": "7"}
        )

        assert response.status_code == 422
        (row, other) = column(response, "casual").rows
        assert row.error == "Write a percentage from 0 to 100."
        assert (row.percent, other.percent) == (text.strip(), "7")
        assert stored() == OWN_CASUAL

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            (
                {"weight.casual.neuro": "0", "weight.casual.caring": "0"},
                "Give at least one framework a weight above zero.",
            ),
            (
                {"weight.casual.neuro": "", "weight.casual.caring": ""},
                "Add a framework, or use everyone's weights.",
            ),
        ],
    )
    def test_own_weights_need_something_to_mix(self, curator, ada, changes, words):
        response = save(curator, **changes)

        assert response.status_code == 422
        assert column(response, "casual").error == words
        assert stored() == OWN_CASUAL

    def test_more_weights_than_a_sheet_holds_are_refused_with_words(self, curator, ada):
        kinds = ("technical", "casual", "formal", "creative", "educational")
        many = {f"weight.{k}.f{n}": "1" for k in kinds for n in range(45)}

        response = save(curator, kind="casual", **many)

        assert response.status_code == 422
        assert "200" in str(response.context["errors"][""])
        assert response.context["result"] is None
        assert stored() == OWN_CASUAL

    @pytest.mark.parametrize(
        "name",
        [
            "weight.casual.Bad Id",
            "weight.casual.a.b",
            "source.Ü",
            "weight..x",
            "source.",
        ],
    )
    def test_names_that_hold_no_ids_are_not_ours(self, curator, ada, name):
        response = save(curator, **{name: "own"})

        assert response.status_code == 302
        assert stored() == OWN_CASUAL


class TestStale:
    @pytest.fixture
    def answer(self, curator, ada):
        """Mine is 50 to 50, theirs is caring alone and a new description."""
        mine = filled(
            curator, **{"weight.casual.neuro": "50", "weight.casual.caring": "50"}
        )
        theirs = [{"context": "casual", "framework_id": "caring", "weight": 1}]
        edit(
            description="New",
            framework_blending={"enabled": False, "weights": theirs},
        )
        return curator.post(URL, mine)

    def test_both_are_shown_and_nothing_is_saved(self, answer):
        assert answer.status_code == 412
        assert percents(answer, "casual") == {"neuro": "50", "caring": "50"}
        differences = [
            (d.title, d.mine, d.theirs) for d in answer.context["differences"]
        ]
        assert differences == [
            ("Blend frameworks", "On", "Off"),
            ("Casual", "Neuro 50 %, Caring 50 %", "Caring 100 %"),
        ]
        assert stored()["enabled"] is False

    def test_saving_once_more_keeps_what_else_was_saved(self, curator, answer):
        again = dict(submitted(answer.content.decode()).items())

        response = curator.post(URL, again)

        assert response.status_code == 302
        assert [w["weight"] for w in stored()["weights"]] == [0.5, 0.5]
        assert sheet_of("ada").description == "New"

    def test_going_back_to_the_installations_weights_is_a_difference(
        self, curator, ada
    ):
        mine = filled(curator, **{"source.casual": "table"})
        edit(description="New")

        response = curator.post(URL, mine)

        (difference,) = response.context["differences"]
        assert difference.mine == "Everyone's weights"
        assert difference.theirs == "Neuro 75 %, Caring 25 %"

    def test_the_same_weights_are_nothing_to_decide(self, curator, ada):
        data = filled(curator)
        edit(description="New")

        response = curator.post(URL, data)

        assert response.status_code == 412
        assert response.context["differences"] == []
        assert "nothing to decide" in response.content.decode()

    @pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30])
    def test_a_revision_that_is_none_loses_nothing(self, curator, ada, revision):
        response = save(curator, revision=revision, **{"weight.casual.neuro": "50"})

        assert response.status_code == 412
        assert percents(response, "casual")["neuro"] == "50"
        assert stored() == OWN_CASUAL

    def test_a_save_in_between_is_stale_too(self, curator, ada, monkeypatch):
        data = filled(curator, **{"weight.casual.neuro": "50"})
        save_character = drafts.save_character

        def late(**options):
            monkeypatch.undo()
            edit(description="New")
            return save_character(**options)

        monkeypatch.setattr(drafts, "save_character", late)

        response = curator.post(URL, data)

        assert response.status_code == 412
        assert sheet_of("ada").description == "New"


class TestResult:
    def test_the_grid_tells_who_won_and_what_was_averaged(self, viewer, ada):
        response = viewer.get(URL, {"kind": "casual"})

        lines = rows_of(response)
        assert (lines["tone"].result, lines["tone"].how) == ("witty", "Won the vote")
        neuro, caring = lines["tone"].cells
        assert (neuro.framework.name, neuro.is_in) == ("Neuro", True)
        assert caring.parts[0].why_lost == "Outvoted, 25 % to 75 %."
        assert (lines["level"].result, lines["level"].how) == ("1.5", "Averaged")

    def test_reasons_name_the_framework_as_people_do(self, curator, ada):
        make_framework("num", name="Number One", interaction_style={"mixed": 5})
        make_framework("txt", interaction_style={"mixed": ["a list"]})

        response = preview(
            curator,
            kind="casual",
            **{
                "weight.casual.neuro": "",
                "weight.casual.caring": "",
                "weight.casual.num": "60",
                "weight.casual.txt": "40",
            },
        )

        _, txt = rows_of(response)["mixed"].cells
        assert txt.parts[0].why_lost == (
            "Not mixed: Number One, visited first, has a number; this is a list."
        )

    def test_what_only_one_has_leaves_the_others_empty(self, viewer, ada):
        line = rows_of(viewer.get(URL, {"kind": "creative"}))["only"]

        assert (line.result, line.how) == ("Yes", "Only one has it")
        assert [bool(cell.parts) for cell in line.cells] == [True, False]

    def test_objects_lists_and_nothing_are_shown(self, curator, ada):
        make_framework(
            "one",
            decision_making={
                "o": {"in": {"deep": 1}},
                "l": ["a", "b", "c", "d"],
                "e": [],
                "n": None,
                "t": "",
            },
        )
        make_framework(
            "two",
            decision_making={"o": {"in": {}}, "l": ["A", "e", "f"], "e": [], "n": {}},
        )

        response = preview(
            curator,
            kind="casual",
            **{
                "weight.casual.neuro": "",
                "weight.casual.caring": "",
                "weight.casual.one": "60",
                "weight.casual.two": "40",
            },
        )

        lines = rows_of(response)
        assert (lines["o"].how, lines["o"].level) == ("Merged inside", 0)
        assert (lines["in"].level, lines["deep"].level) == (1, 2)
        one, two = lines["l"].cells
        assert [part.text for part in two.parts if part.why_lost] == ["– f"]
        assert not any(part.why_lost for part in one.parts)
        assert lines["l"].result == "– a\n– b\n– c\n– d\n– e"
        assert lines["t"].result == "an empty text"
        assert lines["e"].cells[0].parts[0].text == "an empty list"
        assert [cell.parts[0].text for cell in lines["n"].cells] == [
            "nothing",
            "nothing inside",
        ]

    def test_the_prompt_is_the_blended_one_with_its_tokens(self, viewer, ada):
        result = viewer.get(URL, {"kind": "casual"}).context["result"]
        plain = viewer.get(URL, {"kind": "formal"}).context["result"]

        assert "level: 1.5" in result.prompt.text
        assert result.prompt.bar.total > 0
        assert "tone: polite" in plain.prompt.text

    def test_nothing_left_is_the_plain_prompt(self, curator, ada):
        response = preview(
            curator,
            kind="casual",
            **{
                "weight.casual.neuro": "",
                "weight.casual.caring": "",
                "weight.casual.nobody": "100",
            },
        )

        result = response.context["result"]
        assert result.heads == ()
        assert "level: 1\n" in result.prompt.text + "\n"
        assert [why for _, why in result.left_out] == ["There is no such framework."]

    def test_a_framework_never_published_is_told(self, viewer):
        make_framework("neuro", is_published=False)
        make_character("ada", framework_blending=OWN_CASUAL)

        response = viewer.get(URL)

        assert response.status_code == 200
        assert "never published" in response.context["result"].refusal

    def test_a_prompt_that_is_too_long_is_told(self, curator, ada):
        long = {"text": "x" * 200_000}
        make_framework("one", behavioral_patterns=long)
        make_framework("two", decision_making=long)

        response = preview(
            curator,
            kind="casual",
            **{"weight.casual.one": "50", "weight.casual.two": "50"},
        )

        assert response.status_code == 200
        assert "Shorten" in response.context["result"].refusal

    def test_keys_and_values_are_data(self, viewer, ada):
        make_framework("evil", anti_hallucination={"<i>k": "<script>{{7*7}}</script>"})
        weights = [{"context": "casual", "framework_id": "evil", "weight": 1}]
        edit(framework_blending={"enabled": True, "weights": weights})

        page = viewer.get(URL, {"kind": "casual"}).content.decode()

        assert "&lt;script&gt;{{7*7}}" in page
        assert "<i>k" not in page


class TestPreview:
    def test_it_follows_what_is_typed_and_saves_nothing(self, curator, ada):
        response = preview(
            curator,
            kind="casual",
            **{"weight.casual.neuro": "20", "weight.casual.caring": "80"},
        )

        assert response.status_code == 200
        assert rows_of(response)["tone"].result == "warm"
        assert b"<form" not in response.content
        assert stored() == OWN_CASUAL
        assert not AuditEntry.objects.filter(action="character.edited").exists()

    def test_without_script_it_is_the_page_as_typed(self, curator, ada):
        response = curator.post(
            PREVIEW, filled(curator, kind="casual", **{"weight.casual.neuro": "5"})
        )

        assert response.status_code == 200
        assert b"<form" in response.content
        assert percents(response, "casual")["neuro"] == "5"
        assert stored() == OWN_CASUAL

    def test_what_is_wrong_is_told(self, curator, ada):
        response = preview(curator, kind="casual", **{"weight.casual.neuro": "lots"})

        assert response.status_code == 422
        assert b"Write a percentage" in response.content

    def test_another_kind_can_be_seen_while_one_is_wrong(self, curator, ada):
        response = preview(curator, kind="formal", **{"weight.casual.neuro": "lots"})

        assert response.context["result"].title == "Formal"

    def test_a_kind_that_is_not_mixed_is_the_plain_prompt(self, curator, ada):
        weights = [{"context": "bedtime", "framework_id": "caring", "weight": 1}]
        edit(framework_blending={"enabled": True, "weights": weights})

        response = preview(curator, kind="bedtime", **{"source.bedtime": "table"})

        assert response.context["result"].heads == ()

    def test_a_message_picks_the_kind_that_it_tells_of(self, curator, ada):
        response = preview(
            curator, kind="casual", _try="yes", message="Help me debug this function"
        )

        assert response.context["chosen"].context == "technical"
        assert "debug" in response.context["told_by"]
        assert b"The message tells of it by" in response.content

    def test_a_message_that_tells_of_nothing_leaves_the_kind(self, curator, ada):
        response = preview(curator, kind="casual", _try="yes", message="Mmh.")

        assert response.context["chosen"].context == "casual"
        assert b"tells of no kind" in response.content

    def test_a_message_of_before_picks_nothing_any_more(self, curator, ada):
        response = preview(
            curator, kind="casual", message="Help me debug this function"
        )

        assert response.context["chosen"].context == "casual"
        assert response.context["told_by"] == []

    def test_an_empty_post_is_the_form_as_it_opened_with_blending_off(
        self, curator, ada
    ):
        response = curator.post(PREVIEW, {}, headers={"HX-Request": "true"})

        assert response.status_code == 200
        assert b"does not blend" in response.content


def test_the_number_of_queries_does_not_grow(viewer, frameworks):
    make_character("ada", framework_blending=OWN_CASUAL)
    few = queries(viewer, URL)
    for n in range(12):
        make_framework(f"f{n}", decision_making={"key": n})
    edit(
        framework_blending={
            "enabled": True,
            "weights": [
                {"context": context, "framework_id": f"f{n}", "weight": 1}
                for context in ("technical", "casual", "formal", "bedtime")
                for n in range(12)
            ],
        }
    )

    assert queries(viewer, URL) == few


def test_the_page_of_the_character_leads_there(viewer, ada):
    page = viewer.get(reverse("personas:character-detail", args=["ada"]))

    assert f'href="{URL}"' in page.content.decode()


class TestTooMuch:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("weight.casual.x{}", "“casual” names more than 50 frameworks"),
            ("weight.kind{}.neuro", "more than 50 kinds"),
            ("source.kind{}", "more than 50 kinds"),
        ],
    )
    @pytest.mark.parametrize("url", [URL, PREVIEW])
    def test_it_is_refused_with_a_small_page(self, curator, ada, url, name, words):
        data = {name.format(at): "1" for at in range(19_000)}

        response = curator.post(url, {**filled(curator), **data})

        page = response.content.decode()
        assert response.status_code == (422 if url == URL else 200)
        assert words in page
        assert len(page) < 2 * len(curator.get(URL).content)
        assert percents(response, "casual") == {"neuro": "75", "caring": "25"}
        assert stored() == FrameworkBlending.model_validate(OWN_CASUAL).model_dump()

    def test_the_pages_script_is_told(self, curator, ada):
        more = {f"weight.casual.x{at}": "1" for at in range(51)}

        response = preview(curator, **more)

        assert response.status_code == 422
        assert "more than 50 frameworks" in response.content.decode()

    def test_fifty_are_taken(self, curator, ada):
        more = {f"weight.casual.x{at}": "1" for at in range(48)}

        save(curator, **more)

        assert len(stored()["weights"]) == 50

    def test_a_kind_that_holds_more_can_still_be_saved(self, curator, frameworks):
        rows = [
            {"context": "casual", "framework_id": f"x{at}", "weight": 1}
            for at in range(60)
        ]
        make_character("ada", framework_blending={"enabled": True, "weights": rows})

        save(curator, **{"weight.casual.x0": "50"})

        weights = stored()["weights"]
        assert len(weights) == 60
        assert weights[0]["weight"] > weights[1]["weight"]
