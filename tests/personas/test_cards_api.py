"""``POST cards``, ``POST cards/{import_id}/commit``, ``GET personas/{id}/card``."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core import limits
from core.roles import Role, Scope
from personas.models import CardFile, Character, ImportBatch, ImportItem, Lorebook
from personas.services import drafts, imports, sandbox
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_framework
from tests.personas.cards_given import book, card, imported, png_card, zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> Client:
    make_framework("neuro")
    return bot_client(Scope.CARDS_WRITE)


def upload(client: Client, raw: bytes, *, name: str = "ada.json", **more):
    file = SimpleUploadedFile(name, raw)
    return client.post("/api/v1/cards", {"file": file, **more})


def commit(client: Client, import_id, **body):
    return client.post(
        f"/api/v1/cards/{import_id}/commit",
        json.dumps({"action": "new", **body}),
        content_type="application/json",
    )


def get(client: Client, character_id: str = "ada", query: str = ""):
    return client.get(f"/api/v1/personas/{character_id}/card{query}")


def is_problem(response, status: int, code: str) -> str:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    return response.json()["detail"]


def test_dry_run_then_commit_then_the_same_again(bot):
    raw = png_card(description="A tall clerk.", character_book=book("Old."))
    response = upload(bot, raw, name="ada.png")

    assert response.status_code == 201
    found = response.json()
    assert (found["kind"], found["title"], found["object_id"]) == (
        "character",
        "Ada",
        "ada",
    )
    assert (found["state"], found["container"]) == ("ready", "png")
    assert found["duplicates"] == found["scripts"] == []
    assert set(found["remarks"][0]) == {"field", "action", "detail"}
    assert "A tall clerk." in found["preview"]["system_prompt"]
    assert found["preview"]["tokens"]["count"] > 0
    assert not Character.objects.exists()

    first = commit(bot, found["import_id"])
    again = commit(bot, found["import_id"], action="replace")

    assert first.status_code == 200
    assert first.json()["character_id"] == "ada"
    assert first.json()["action"] == "new"
    assert first.json()["made_books"] == ["ruins"]
    assert again.json() == first.json()
    assert Character.objects.get().revision == 1


def test_duplicates_are_told(bot):
    imported(card())

    [found] = upload(bot, card()).json()["duplicates"]

    assert (found["kind"], found["object_id"]) == ("same_content", "ada")


@pytest.mark.parametrize(
    ("raw", "key", "value"),
    [
        ({"spec": "lorebook_v3", "data": book("Old.")}, "book_id", "ruins"),
        (
            {"framework_id": "plain", "name": "Plain", "prompt_template": "x"},
            "framework_id",
            "plain",
        ),
    ],
)
def test_other_kinds_answer_with_their_own_id(bot, raw, key, value):
    found = upload(bot, json.dumps(raw).encode()).json()

    answer = commit(bot, found["import_id"]).json()

    assert found["preview"] is None
    assert answer[key] == value
    assert "character_id" not in answer


def test_skip_imports_nothing(bot):
    found = upload(bot, card()).json()

    answer = commit(bot, found["import_id"], action="skip").json()

    assert answer == {
        "action": "skip",
        "is_changed": False,
        "remarks": [],
        "made_books": [],
    }
    assert not Character.objects.exists()


def test_replace_and_merge_by_id(bot):
    make_character("ada", description="Ours", scenario="")
    found = upload(bot, card(description="Theirs", scenario="Theirs")).json()

    merged = commit(bot, found["import_id"], action="merge", character_id="ada")

    assert merged.json()["character_id"] == "ada"
    assert any(r["field"] == "description" for r in merged.json()["remarks"])
    character = Character.objects.get()
    assert (character.description, character.scenario) == ("Ours", "Theirs")


# -- Refusals ----------------------------------------------------------------------


def test_unreadable_file_says_what_it_is_and_where(bot):
    response = upload(bot, b'{"spec": "chara_card_v2", "data": {}}')

    detail = is_problem(response, 422, "unreadable_file")
    assert "/data" in detail
    assert response.json()["errors"][0]["pointer"] == "/file"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\x00\xff" * 50, b"[" * 100_000, zipped({"a.json": card()})],
)
def test_what_is_no_card_is_422(bot, raw):
    is_problem(upload(bot, raw), 422, "unreadable_file")


def test_bomb_is_refused_and_the_next_file_is_read(bot):
    bomb = zipped({"card.json": b" " * 30_000_000})

    is_problem(upload(bot, bomb, name="bomb.charx"), 422, "unreadable_file")

    assert upload(bot, card()).status_code == 201


def test_too_large_a_file_is_413(bot):
    response = upload(bot, bytes(limits.UPLOAD_BYTES + 1))

    is_problem(response, 413, "body_too_large")
    assert not ImportItem.objects.exists()


def test_forms_with_something_else_are_422(bot):
    missing = bot.post("/api/v1/cards", {})
    unknown = upload(bot, card(), note="x")
    twice = bot.post(
        "/api/v1/cards",
        {"file": [SimpleUploadedFile("a", card()), SimpleUploadedFile("b", card())]},
    )

    is_problem(missing, 422, "invalid")
    is_problem(unknown, 422, "unknown_field")
    is_problem(twice, 422, "invalid")
    lenient = bot.post(
        "/api/v1/cards",
        {"file": SimpleUploadedFile("a", card()), "note": "x"},
        headers={"Prefer": "handling=lenient"},
    )
    assert lenient.status_code == 201
    assert "note" in lenient["Preference-Applied"]


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disp", 422),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 5_000, 422),
        (
            "multipart/form-data; boundary=x",
            (
                b'--x\r\nContent-Disposition: form-data; name="file";'
                b' filename="\xff\x00"\r\n\r\n{\r\n--x--\r\n'
            ),
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' * 1_100,
            422,
        ),
    ],
)
def test_broken_forms_are_told(bot, content_type, body, status):
    response = bot.generic("POST", "/api/v1/cards", body, content_type=content_type)

    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"


def test_query_parameters_are_refused(bot):
    response = bot.post(
        "/api/v1/cards?dry=1", {"file": SimpleUploadedFile("a", card())}
    )

    is_problem(response, 400, "unknown_parameter")


def test_unknown_import_is_404_and_so_is_that_of_another_key(bot):
    import_id = upload(bot, card()).json()["import_id"]
    other = bot_client(Scope.CARDS_WRITE)

    for client, wanted in [
        (bot, uuid.uuid4()),
        (bot, "x"),
        (bot, "%00"),
        (other, import_id),
        (client_as(Role.ADMIN), import_id),
    ]:
        is_problem(commit(client, wanted), 404, "unknown_import")
    assert commit(bot, import_id).status_code == 200


def test_conflicts_are_named(bot):
    make_character("eve")
    make_character("gone")
    drafts.archive_character(character_id="gone", is_archived=True, actor=None, now=NOW)
    import_id = upload(bot, card()).json()["import_id"]

    for fields, code in [
        ({"character_id": "eve"}, "id_taken"),
        ({"action": "replace"}, "no_target"),
        ({"action": "merge", "character_id": "nobody"}, "no_target"),
        ({"action": "replace", "character_id": "gone"}, "archived"),
    ]:
        is_problem(commit(bot, import_id, **fields), 409, code)
    assert not Character.objects.filter(character_id="ada").exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "publish"}, "invalid"),
        ({"action": "new", "character_id": "../x"}, "invalid"),
        ({"action": "new", "character_id": 7}, "invalid"),
        ({"action": "new", "note": "x"}, "unknown_field"),
        ({"action": None}, "invalid"),
    ],
)
def test_bad_bodies_are_422(bot, body, code):
    import_id = upload(bot, card()).json()["import_id"]

    is_problem(commit(bot, import_id, **body), 422, code)


def test_refused_file_cannot_be_committed(bot):
    import_id = upload(bot, card()).json()["import_id"]
    ImportItem.objects.update(state=ImportItem.State.REFUSED, problem="It is bad.")

    detail = is_problem(commit(bot, import_id), 422, "unreadable_file")

    assert detail == "It is bad."


def test_refused_file_leaves_nothing_behind(bot):
    upload(bot, b"{")

    assert not ImportBatch.objects.exists()
    assert not CardFile.objects.exists()


def test_refused_file_that_another_import_has_too_stays_for_that(bot):
    raw = b"name: Ada\ndescription: Tall.\nspec: x\n"
    waiting = imports.add_single(
        imports.begin(actor=None, now=NOW), name="ada.yaml", raw=raw, now=NOW
    )

    is_problem(upload(bot, raw, name="ada.png"), 422, "unreadable_file")

    assert ImportItem.objects.get() == waiting
    assert bytes(CardFile.objects.get().content) == raw


def test_upload_reads_the_file_once(bot, monkeypatch):
    real, read = sandbox.read_file, []

    def counted(raw, **fields):
        read.append(raw)
        return real(raw, **fields)

    monkeypatch.setattr(sandbox, "read_file", counted)

    found = upload(bot, card(description="A tall clerk.")).json()

    assert "A tall clerk." in found["preview"]["system_prompt"]
    assert len(read) == 1


def test_file_is_refused_soon_while_another_is_read(bot, monkeypatch):
    box = sandbox.Sandbox(busy_seconds=0.01)
    monkeypatch.setattr(sandbox, "_sandbox", box)

    with box._lock:
        response = upload(bot, card())

    is_problem(response, 429, "rate_limited")
    assert int(response["Retry-After"]) > 0
    assert not ImportBatch.objects.exists()
    assert not CardFile.objects.exists()
    assert sandbox.BUSY_SECONDS <= 5


def test_without_a_framework_it_is_said():
    bot = bot_client(Scope.CARDS_WRITE)

    found = upload(bot, card()).json()
    response = commit(bot, found["import_id"])

    assert "Import a framework first" in found["preview"]["problem"]
    is_problem(response, 422, "cannot_be_stored")


def test_busy_server_asks_to_come_again(bot, monkeypatch):
    def busy(*args, **kwargs):
        raise sandbox.Busy("Later.")

    imported(zipped({"card.json": card()}), name="ada.charx")
    import_id = upload(bot, card()).json()["import_id"]
    monkeypatch.setattr(sandbox, "read_file", busy)
    monkeypatch.setattr(sandbox, "assets_of", busy)

    for response in (
        upload(bot, card()),
        commit(bot, import_id),
        get(bot, query="?format=charx"),
    ):
        is_problem(response, 429, "rate_limited")
        assert int(response["Retry-After"]) > 0


# -- Who may -----------------------------------------------------------------------


def test_scope_and_role_are_asked_for():
    make_framework("neuro")
    imported(card())

    for client, code in [
        (bot_client(Scope.PROMPT_READ), "missing_scope"),
        (client_as(Role.VIEWER), "role_too_low"),
    ]:
        is_problem(upload(client, card()), 403, code)
        is_problem(commit(client, uuid.uuid4()), 403, code)
        is_problem(get(client), 403, code)
    is_problem(upload(Client(), card()), 401, "not_authenticated")


def test_curator_imports_with_the_session():
    make_framework("neuro")
    curator = client_as(Role.CURATOR)
    import_id = upload(curator, card()).json()["import_id"]

    assert commit(curator, import_id).json()["character_id"] == "ada"
    assert get(curator).status_code == 200
    assert ImportItem.objects.get().batch.actor.username.startswith("curator")


# -- Cards out ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "content_type", "name", "start"),
    [
        ("", "application/json", "ada.json", b"{"),
        ("?format=v2.json", "application/json", "ada.json", b"{"),
        ("?format=v3.json", "application/json", "ada.json", b"{"),
        ("?format=png", "image/png", "ada.png", b"\x89PNG"),
        ("?format=charx", "application/zip", "ada.charx", b"PK"),
        ("?format=original", "image/png", "ada.png", b"\x89PNG"),
    ],
)
def test_card_comes_in_each_form(bot, query, content_type, name, start):
    raw = png_card(character_book=book("Old."))
    imported(raw, name="../Ada's card.PNG")

    response = get(bot, query=query)

    assert response.status_code == 200
    assert response["Content-Type"] == content_type
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.content.startswith(start)
    assert (response.content == raw) == (query == "?format=original")
    assert "no-store" in response["Cache-Control"]


def test_card_that_is_not_there_is_404_by_name(bot):
    make_character("ada")

    is_problem(get(bot, "nobody"), 404, "unknown_character")
    is_problem(get(bot, "a%00b"), 404, "unknown_character")
    is_problem(get(bot, query="?format=original"), 404, "no_original")
    is_problem(get(bot, query="?format=png"), 422, "cannot_export")
    is_problem(get(bot, query="?format=pdf"), 400, "bad_parameter")


def test_what_comes_out_goes_in_as_the_same(bot):
    imported(png_card(description="Tall.", character_book=book("Old.")), name="a.png")
    out = get(bot, query="?format=png").content

    [found] = upload(bot, out, name="other.png").json()["duplicates"]

    assert found["kind"] == "same_content"
    assert Lorebook.objects.count() == 1
