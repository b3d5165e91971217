"""Saving a draft piece by piece, and merging what two people typed."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from core.models import AuditEntry, User
from core.problems import MEDIA_TYPE
from core.roles import Role
from personas.domain.canonical import canonical_json
from personas.models import Character, Framework
from personas.services import drafts
from tests.clients import client_as, client_of
from tests.factories import (
    NOW,
    make_character,
    make_framework,
    make_person,
    sheet_of,
)

pytestmark = pytest.mark.django_db

SAVE = reverse("personas:character-edit-save", args=["ada"])
MERGE = reverse("personas:character-edit-merge", args=["ada"])


@pytest.fixture
def ada() -> Character:
    return make_character(
        "ada",
        aliases=["Lovelace"],
        description="A countess.",
        identity={"who": "A mathematician.", "origin": "London"},
        tags=["math"],
        extensions={"flag": True},
    )


@pytest.fixture
def curator() -> Client:
    return client_as(Role.CURATOR)


def save(
    client: Client, *, revision: Any = 1, section: str = "who", **fields: Any
) -> HttpResponse:
    data = {name.replace("__in__", "."): value for name, value in fields.items()}
    headers = {} if revision is None else {"If-Match": f'"{revision}"'}
    return client.post(SAVE, {"section": section, **data}, headers=headers)


def merge(
    client: Client, *, base: Any = None, text: str = "", **fields: Any
) -> HttpResponse:
    data = {name.replace("__in__", "."): value for name, value in fields.items()}
    return client.post(MERGE, {"base": text or json.dumps(texts(base or {})), **data})


def texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value) for name, value in values.items()}


def edit(**changes: Any) -> Character:
    """Somebody else saves."""
    character = Character.objects.for_sheets().get(character_id="ada")
    values = character.to_sheet().model_dump(mode="json") | changes
    return drafts.save_character(
        character_id="ada",
        sheet=type(character.to_sheet()).model_validate(values),
        revision=character.revision,
        actor=User.objects.filter(username="Grace").first()
        or make_person(Role.CURATOR, username="Grace"),
        now=NOW + timedelta(hours=1),
    )


def code_of(response: HttpResponse) -> tuple[int, str]:
    assert response["Content-Type"] == MEDIA_TYPE
    return response.status_code, response.json()["code"]


# -- Saving ------------------------------------------------------------------------


def test_a_field_is_saved_and_the_rest_of_the_draft_stays(ada, curator):
    before = sheet_of("ada")

    response = save(curator, description="A countess and a programmer.")

    assert response.status_code == 200
    assert response["ETag"] == '"2"'
    body = response.json()
    assert body["revision"] == 2
    assert body["values"] == {"description": "A countess and a programmer."}
    assert body["warnings"] == []
    expected = before.model_copy(update={"description": body["values"]["description"]})
    assert sheet_of("ada") == expected


def test_the_answer_tells_values_as_they_are_stored(ada, curator):
    response = save(curator, aliases="Lovelace\n  Ada \nLovelace")

    assert response.json()["values"] == {"aliases": ["Lovelace", "Ada"]}


def test_fields_with_several_controls_are_saved(ada, curator):
    response = save(curator, identity__in__who="A poet.", identity__in__origin="Paris")

    assert response.status_code == 200
    assert sheet_of("ada").identity.who == "A poet."


def test_json_in_place_of_the_boxes_is_saved(ada, curator):
    response = save(
        curator,
        section="advanced",
        extensions__json='{"flag": 1}',
        extensions__as_json="1",
    )

    assert response.json()["revision"] == 2
    assert json.dumps(sheet_of("ada").extensions) == '{"flag": 1}'


def test_the_same_text_changes_nothing(ada, curator):
    response = save(curator, description="A countess.")

    assert response.json()["revision"] == 1
    assert AuditEntry.objects.filter(action="character.edited").count() == 0


def test_a_save_is_recorded_with_who_made_it(ada):
    person = make_person(Role.CURATOR)

    save(client_of(person), description="New.")

    entry = AuditEntry.objects.get(action="character.edited")
    assert entry.actor == person
    assert entry.after == {"description": "New."}


def test_without_a_revision_nothing_is_saved(ada, curator):
    assert code_of(save(curator, revision=None, description="X")) == (
        428,
        "if_match_required",
    )
    assert sheet_of("ada").description == "A countess."


@pytest.mark.parametrize("tag", ["1", '"0"', '"x"', "*", '"1", "2"', '"1e3"', ""])
def test_what_is_no_revision_is_refused(ada, curator, tag):
    response = curator.post(
        SAVE, {"section": "who", "description": "X"}, headers={"If-Match": tag}
    )

    assert code_of(response) == (400, "bad_request")


def test_a_stale_save_is_refused_with_who_saved_meanwhile(ada, curator):
    edit(scenario="Elsewhere.")

    response = save(curator, description="Mine.")

    assert code_of(response) == (412, "stale")
    assert response["ETag"] == '"2"'
    body = response.json()
    assert body["revision"] == 2
    assert body["saved_by"] == "Grace"
    assert body["is_you"] is False
    assert body["saved_at"] == (NOW + timedelta(hours=1)).isoformat()
    assert body["same"] == {}
    assert sheet_of("ada").description == "A countess."


def test_a_save_that_was_made_already_is_recognised(ada, curator):
    save(curator, description="Mine.")

    response = save(curator, description="Mine.", aliases="Other")

    assert code_of(response) == (412, "stale")
    assert response.json()["same"] == texts({"description": "Mine."})
    assert response.json()["is_you"] is True


def test_a_save_between_reading_and_writing_is_refused(ada, curator, monkeypatch):
    real = drafts.save_character

    def late(**arguments: Any) -> Character:
        monkeypatch.setattr(drafts, "save_character", real)
        edit(description="Theirs.")
        return real(**arguments)

    monkeypatch.setattr(drafts, "save_character", late)

    assert code_of(save(curator, description="Mine.")) == (412, "stale")
    assert sheet_of("ada").description == "Theirs."


def test_mistakes_are_told_by_field_and_nothing_is_saved(ada, curator):
    response = save(curator, display_name=" ", description="Fine.")

    assert code_of(response) == (422, "invalid")
    assert {e["pointer"] for e in response.json()["errors"]} == {"/display_name"}
    assert sheet_of("ada").description == "A countess."


def test_a_rule_of_the_whole_sheet_is_told_beside_its_field(ada, curator):
    response = save(
        curator,
        section="growth",
        evolution_stages__in__0__in__milestone="50",
        evolution_stages__in__1__in__milestone="50",
    )

    assert code_of(response) == (422, "invalid")
    assert response.json()["errors"][0]["pointer"] == "/evolution_stages"


def test_a_text_too_large_for_a_field_is_told(ada, curator):
    response = save(curator, description="x" * 300_000)

    assert code_of(response) == (422, "invalid")
    assert "256 KiB" in response.json()["errors"][0]["detail"]


def test_a_body_too_large_is_refused(ada, curator):
    assert save(curator, description="x" * 9_000_000).status_code == 400
    assert sheet_of("ada").description == "A countess."


@pytest.mark.parametrize("section", ["", "nowhere", "talk"])
def test_fields_of_another_section_are_refused(ada, curator, section):
    response = save(curator, section=section, description="X")

    assert code_of(response) == (422, "invalid")
    assert sheet_of("ada").description == "A countess."


def test_a_save_of_nothing_is_refused(ada, curator):
    assert code_of(save(curator, nonsense="X")) == (422, "invalid")


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "\x00"},
        {"identity": "x"},
        {"identity.details.x.key": "y"},
        {"identity." + "a." * 200: "y"},
        {"identity__json": "[" * 5000, "identity__as_json": "1"},
        {"framework_id": "nobody"},
        {"avatar": "f" * 64},
        {"avatar": "../../etc"},
        {"description": ["a", "b"]},
    ],
)
def test_whatever_is_sent_is_answered(ada, curator, fields):
    response = curator.post(
        SAVE, {"section": "who", **fields}, headers={"If-Match": '"1"'}
    )

    assert response.status_code in {200, 422}


def test_a_picture_is_stored_and_its_controls_come_back(ada, curator):
    png = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(png, "PNG")
    file = SimpleUploadedFile("a.png", png.getvalue(), content_type="image/png")

    response = curator.post(
        SAVE,
        {"section": "who", "avatar": "", "avatar-file": file},
        headers={"If-Match": '"1"'},
    )

    digest = response.json()["values"]["avatar"]
    assert len(digest) == 64
    assert f'value="{digest}"' in response.json()["fields"]["avatar"]
    assert sheet_of("ada").avatar == digest


def test_a_file_that_is_no_picture_is_told(ada, curator):
    file = SimpleUploadedFile("a.png", b"no", content_type="image/png")

    response = curator.post(
        SAVE,
        {"section": "who", "avatar": "", "avatar-file": file},
        headers={"If-Match": '"1"'},
    )

    assert response.json()["errors"][0]["pointer"] == "/avatar"


def test_unknown_places_are_saved_with_a_warning(ada, curator):
    response = save(
        curator,
        section="advanced",
        system_prompt_override__in__text="Hello {nobody}",
        system_prompt_override__in__mode="append",
    )

    assert response.status_code == 200
    assert "{nobody}" in response.json()["warnings"][0]


def test_an_archived_draft_is_not_saved(ada, curator):
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    assert code_of(save(curator, description="X")) == (409, "conflict")
    assert code_of(merge(curator)) == (409, "conflict")


def test_the_standing_tells_the_revision_and_a_token(ada, curator):
    body = curator.get(SAVE).json()

    assert body["revision"] == 1
    assert body["csrf_token"]


# -- Who may ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("url", [SAVE, MERGE])
def test_whoever_is_signed_out_is_told_so_as_a_problem(ada, method, url):
    response = getattr(Client(), method)(url)

    if (method, url) != ("get", MERGE):
        assert code_of(response) == (401, "not_authenticated")
    else:
        assert response.status_code == 405


@pytest.mark.parametrize("url", [SAVE, MERGE])
def test_viewers_are_refused_as_a_problem_and_that_is_recorded(ada, url):
    response = client_as(Role.VIEWER).post(url, headers={"If-Match": '"1"'})

    assert code_of(response) == (403, "forbidden")
    assert AuditEntry.objects.filter(action="page.denied", object_id=url).exists()


def test_a_token_of_another_session_is_refused_as_a_problem(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person(Role.CURATOR))

    assert code_of(save(client, description="X")) == (403, "csrf_failed")


def test_the_token_of_the_standing_lets_the_next_save_pass(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person(Role.CURATOR))
    token = client.get(SAVE).json()["csrf_token"]

    response = save(client, description="X", csrfmiddlewaretoken=token)

    assert response.status_code == 200


def test_nobody_is_told_as_a_problem(ada, curator):
    url = reverse("personas:character-edit-save", args=["nobody"])

    assert code_of(curator.get(url)) == (404, "not_found")


# -- Merging -----------------------------------------------------------------------


def test_what_only_they_changed_is_drawn(ada, curator):
    edit(scenario="Elsewhere.")

    body = merge(
        curator,
        base={"scenario": "", "description": "A countess."},
        description="Mine.",
    ).json()

    assert body["revision"] == 2
    assert list(body["fields"]) == ["scenario"]
    assert "Elsewhere." in body["fields"]["scenario"]
    assert 'id="field-scenario"' in body["fields"]["scenario"]
    assert body["base"] == texts({"scenario": "Elsewhere."})
    assert body["saved"] == ["scenario"]
    assert body["overlaps"] == []
    assert body["panel"] == ""


def test_kinds_of_numbers_survive_the_page(ada, curator):
    """A script knows no difference between 1 and 1.0, so it keeps texts."""
    edit(extensions={"a": 1.0, "2": 1, "1": True}, model={"temperature": 1.0})
    sheet = sheet_of("ada").model_dump(mode="json")
    page = curator.get(reverse("personas:character-edit", args=["ada"]))
    base = json.loads(
        page.content.decode()
        .split('id="editor-base" type="application/json">')[1]
        .split("</script>", maxsplit=1)[0]
    )
    edit(scenario="Elsewhere.")

    body = merge(curator, text=json.dumps(base)).json()

    assert base == {name: canonical_json(value) for name, value in sheet.items()}
    assert list(body["fields"]) == ["scenario"]


def test_merging_saves_nothing(ada, curator):
    edit(scenario="Elsewhere.")
    before = AuditEntry.objects.count()

    merge(curator, base={"description": "A countess."}, description="Mine.")

    assert sheet_of("ada").description == "A countess."
    assert Character.objects.get(character_id="ada").revision == 2
    assert AuditEntry.objects.count() == before


def test_two_parts_of_one_field_merge(ada, curator):
    edit(identity={**sheet_of("ada").identity.model_dump(), "origin": "Ockham"})
    base = {"identity": {**sheet_of("ada").identity.model_dump(), "origin": "London"}}

    body = merge(
        curator, base=base, identity__in__who="A poet.", identity__in__origin="London"
    ).json()

    assert body["places"] == {"identity": [["origin"]]}
    assert "A poet." in body["fields"]["identity"]
    assert "Ockham" in body["fields"]["identity"]
    assert body["saved"] == []
    assert body["overlaps"] == []


def test_terms_that_both_added_are_all_there(ada, curator):
    edit(tags=["math", "theirs"])

    body = merge(curator, base={"tags": ["math"]}, tags="math\nmine").json()

    assert "mine" in body["fields"]["tags"]
    assert "theirs" in body["fields"]["tags"]


def test_the_same_text_of_both_is_drawn_by_nobody(ada, curator):
    edit(description="Same.")

    body = merge(
        curator, base={"description": "A countess."}, description="Same."
    ).json()

    assert body["fields"] == {}
    assert body["saved"] == ["description"]


def test_an_overlap_shows_all_three_texts(ada, curator):
    edit(description="A countess of Lovelace.")

    body = merge(
        curator, base={"description": "A countess."}, description="A programmer."
    ).json()

    assert body["overlaps"] == ["/description"]
    assert body["open"] == ["description"]
    assert body["fields"] == body["base"] == {}
    for text in ("countess", "Lovelace", "programmer", "Grace", "Description"):
        assert text in body["panel"]
    assert "<ins>" in body["panel"]


@pytest.mark.parametrize("is_own", [True, False])
def test_an_overlap_with_ones_own_other_window_speaks_of_windows(ada, curator, is_own):
    if is_own:
        save(curator, description="From there.")
    else:
        edit(description="From there.")

    panel = merge(
        curator, base={"description": "A countess."}, description="From here."
    ).json()["panel"]

    for_two = ("Keep mine", "Take theirs", "mine or theirs", "changed the same text<")
    for_one = ("text of this window", "text of the other window", "data-is-you")
    assert [words in panel for words in for_one] == [is_own] * 3
    assert [words in panel for words in for_two] == [not is_own] * 4


def test_texts_in_the_panel_are_data(ada, curator):
    edit(description="<script>alert(1)</script>")

    body = merge(
        curator, base={"description": "A countess."}, description='"><img src=x>'
    ).json()

    assert "<script>" not in body["panel"]
    assert "<img" not in body["panel"]


def _take(panel: str, *, side: str) -> str:
    mark = panel.split('data-mark="')[1].split('"', maxsplit=1)[0]
    return json.dumps({"/description": {"side": side, "mark": mark}})


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_a_choice_settles_an_overlap(ada, curator, side):
    edit(description="Theirs.")
    sent = {"base": {"description": "A countess."}, "description": "Mine."}
    panel = merge(curator, **sent).json()["panel"]

    body = merge(curator, **sent, take=_take(panel, side=side)).json()

    assert body["overlaps"] == []
    assert body["base"] == texts({"description": "Theirs."})
    assert ("description" in body["fields"]) == (side == "theirs")
    assert body["saved"] == (["description"] if side == "theirs" else [])


def test_a_choice_is_void_once_they_saved_something_else(ada, curator):
    edit(description="Theirs.")
    sent = {"base": {"description": "A countess."}, "description": "Mine."}
    take = _take(merge(curator, **sent).json()["panel"], side="mine")
    edit(description="Theirs again.", scenario="S")

    body = merge(curator, **sent, take=take).json()

    assert body["overlaps"] == ["/description"]
    assert "again" in body["panel"]


def test_what_cannot_be_read_stays_where_nobody_else_was(ada, curator):
    edit(scenario="Elsewhere.")
    base = {"display_name": "Ada", "scenario": ""}

    body = merge(curator, base=base, display_name="").json()

    assert list(body["fields"]) == ["scenario"]
    assert body["overlaps"] == []
    assert "display_name" not in body["saved"]


def test_what_cannot_be_read_overlaps_where_somebody_else_was(ada, curator):
    edit(display_name="Augusta")

    body = merge(curator, base={"display_name": "Ada"}, display_name="").json()

    assert body["overlaps"] == ["/display_name"]
    assert "cannot be saved yet" in body["panel"]


def test_a_field_without_its_base_is_never_overwritten(ada, curator):
    edit(description="Theirs.")

    assert merge(curator, description="Mine.").json()["overlaps"] == ["/description"]


def test_a_copy_that_is_put_back_is_drawn(ada, curator):
    edit(scenario="Elsewhere.")

    body = merge(
        curator,
        base={"description": "A countess."},
        description="From before.",
        restores="1",
    ).json()

    assert list(body["fields"]) == ["description"]
    assert "From before." in body["fields"]["description"]
    assert body["saved"] == []


def test_a_copy_that_was_saved_after_all_is_no_news(ada, curator):
    edit(description="From before.")

    body = merge(
        curator,
        base={"description": "A countess."},
        description="From before.",
        restores="1",
    ).json()

    assert body["saved"] == ["description"]
    assert body["fields"] == {}


def test_a_copy_with_a_mistake_is_drawn_as_it_was_typed(ada, curator):
    body = merge(
        curator,
        base={"routing_weight": 1.0},
        routing_weight="a lot",
        restores="1",
    ).json()

    assert "a lot" in body["fields"]["routing_weight"]


def test_a_copy_that_overlaps_shows_both_and_draws_mine(ada, curator):
    edit(description="Theirs.")

    body = merge(
        curator,
        base={"description": "A countess."},
        description="From before.",
        restores="1",
    ).json()

    assert body["overlaps"] == ["/description"]
    assert "From before." in body["fields"]["description"]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "[]",
        "null",
        "[" * 50_000,
        '{"description":' * 5_000,
        '{"nobody": "1"}',
        '{"description": 1}',
        json.dumps({"description": "no"}),
        json.dumps({"description": "NaN"}),
        json.dumps({"description": "1e999"}),
        json.dumps({"description": '"\\ud800"'}),
        json.dumps({"description": "[" * 50_000}),
        json.dumps({"description": "9" * 5_000}),
    ],
)
def test_a_malformed_base_is_refused(ada, curator, text):
    assert code_of(merge(curator, text=text, description="X")) == (422, "invalid")


@pytest.mark.parametrize(
    "text", ["no", "[]", '{"/x": 1}', '{"/x": {"side": "both", "mark": "y"}}']
)
def test_a_malformed_choice_is_refused(ada, curator, text):
    assert code_of(merge(curator, take=text)) == (422, "invalid")


@pytest.mark.parametrize("value", [None, 1, "x", [1], {"who": []}, {"x": {"y": 1}}])
def test_a_base_of_another_kind_is_merged_all_the_same(ada, curator, value):
    edit(identity={"who": "Theirs."})

    response = merge(curator, base={"identity": value}, identity__in__who="Mine.")

    assert response.status_code == 200
    assert response.json()["overlaps"]


# -- Frameworks --------------------------------------------------------------------


def test_frameworks_save_and_merge_the_same_way(curator):
    make_framework("kind", name="Kind", behavioral_patterns={"a": 1, "b": True})
    url = reverse("personas:framework-edit-save", args=["kind"])
    merge_url = reverse("personas:framework-edit-merge", args=["kind"])

    saved = curator.post(
        url, {"section": "what", "purpose": "Theirs."}, headers={"If-Match": '"1"'}
    )
    stale = curator.post(
        url, {"section": "what", "description": "Mine."}, headers={"If-Match": '"1"'}
    )
    base = json.dumps(texts({"purpose": "", "description": ""}))
    merged = curator.post(merge_url, {"base": base, "description": "Mine."})

    assert saved.json()["values"] == {"purpose": "Theirs."}
    assert code_of(stale) == (412, "stale")
    assert list(merged.json()["fields"]) == ["purpose"]
    assert Framework.objects.get(framework_id="kind").behavioral_patterns == {
        "a": 1,
        "b": True,
    }


def test_frameworks_that_are_archived_or_missing_are_told(curator):
    make_framework("kind")
    drafts.archive_framework(framework_id="kind", is_archived=True, actor=None, now=NOW)
    url = reverse("personas:framework-edit-save", args=["kind"])
    nobody = reverse("personas:framework-edit-save", args=["nobody"])

    response = curator.post(url, {"section": "what"}, headers={"If-Match": '"1"'})
    assert code_of(response) == (409, "conflict")
    assert code_of(curator.get(nobody)) == (404, "not_found")


def test_a_save_asks_the_database_the_same_however_long_the_lists(
    ada, curator, django_assert_max_num_queries
):
    edit(aliases=[f"Name {n}" for n in range(300)])

    with django_assert_max_num_queries(23):
        assert save(curator, revision=2, description="X").status_code == 200
