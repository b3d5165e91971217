"""Imports: kept, read, told about, and stored as somebody chose."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import limits
from core.models import AuditEntry
from core.roles import Role
from personas import tasks
from personas.models import (
    CardFile,
    Character,
    CharacterVersion,
    Framework,
    ImportBatch,
    ImportItem,
    Lorebook,
    LoreEntry,
    Picture,
)
from personas.services import (
    drafts,
    exporting,
    import_books,
    import_committing,
    import_duplicates,
    import_reading,
    import_storing,
    imports,
    lorebooks,
    sandbox,
)
from personas.services.imports import CannotImport, Why
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of
from tests.personas.cards_given import (
    book,
    card,
    given,
    imported,
    picture,
    png_card,
    zipped,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=31)
State = ImportItem.State


@pytest.fixture(autouse=True)
def framework():
    return make_framework("neuro")


def commit(item, action="new", **fields):
    return imports.commit(item, action=action, actor=None, now=NOW, **fields)


def remarks_of(item) -> str:
    return json.dumps(item.found["outcome"]["remarks"], ensure_ascii=False)


# -- Keeping -----------------------------------------------------------------------


def test_same_bytes_are_kept_once_and_unchanged():
    raw = png_card()

    first, second = given(raw, name="a.png"), given(raw, name="b.png")

    assert first.file == second.file
    assert CardFile.objects.count() == 1
    assert bytes(CardFile.objects.get().content) == raw


def test_zip_becomes_an_item_for_each_file_and_an_archive_inside_is_refused():
    batch = imports.begin(actor=None, now=NOW)
    charx = zipped({"card.json": card("Eve")})
    raw = zipped(
        {
            "folder/ada.json": card(),
            "eve.charx": charx,
            "more.zip": zipped({"x.json": card()}),
            "bad.json": b"{",
        }
    )

    items = imports.add_file(batch, name="all.zip", raw=raw, now=NOW)
    read = [imports.read_item(item, now=NOW) for item in items]

    assert [(i.name, i.state) for i in read] == [
        ("folder/ada.json", "ready"),
        ("eve.charx", "ready"),
        ("all.zip/more.zip", "refused"),
        ("bad.json", "refused"),
    ]
    assert "not opened" in read[2].problem
    assert read[1].found["title"] == "Eve"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (zipped({"card.json": card()}), "ready"),
        (zipped({"[Content_Types].xml": b"<x/>"}), "Office document"),
        (b"PK\x03\x04 and then nothing", "damaged"),
    ],
)
def test_zip_that_is_one_thing_is_one_item(raw, expected):
    batch = imports.begin(actor=None, now=NOW)

    [item] = imports.add_file(batch, name="x.zip", raw=raw, now=NOW)
    imports.read_item(item, now=NOW)

    assert expected in f"{item.state} {item.problem}"


def test_too_large_a_file_is_an_item_that_says_so():
    batch = imports.begin(actor=None, now=NOW)

    [item] = imports.add_file(
        batch, name="x.png", raw=bytes(limits.UPLOAD_BYTES + 1), now=NOW
    )

    assert item.state == State.REFUSED
    assert "20 MB" in item.problem
    assert not CardFile.objects.exists()


def test_names_of_files_are_cleaned_and_never_a_path():
    item = given(card(), name="\0../../etc/\x1bpasswd\ud800\u202e.json")

    assert item.name.endswith(".json")
    assert item.name.isprintable()
    assert item.found["object_id"] == "ada"


def test_file_whose_name_can_be_no_id_goes_by_the_character_s():
    assert given(card(), name="!!!.json").found["object_id"] == "ada"
    assert given(card("Zoë of the Hill"), name="x.json").found["object_id"] == (
        "zoe_of_the_hill"
    )


# -- Reading -----------------------------------------------------------------------


def test_found_tells_all_that_pages_show():
    item = given(
        png_card(
            first_mes="Hello.",
            character_book=book("Old.", "New."),
            extensions={"regex_scripts": [{"x": "<script>"}]},
        ),
        name="A d a!.png",
    )

    found = item.found
    assert item.state == State.READY
    assert item.read_at == NOW
    assert (found["title"], found["kind"], found["object_id"]) == (
        "Ada",
        "character",
        "ada",
    )
    assert (found["container"], found["dialect"]) == ("png", "card")
    assert found["book"] == {"name": "Ruins", "entries": 2}
    assert found["scripts"]
    assert found["duplicates"] == []
    assert {"field", "action", "detail"} == set(found["remarks"][0])
    assert not Character.objects.exists()
    assert not Lorebook.objects.exists()
    assert not Picture.objects.exists()


def test_bad_file_is_refused_by_name_and_place():
    item = given(b'{"spec": "chara_card_v2", "data": {}}')

    assert item.state == State.REFUSED
    assert "(at /data)" in item.problem


def test_reading_twice_changes_nothing():
    item = given(card())

    again = imports.read_item(item, now=LATER)

    assert again.read_at == NOW


def test_texts_beside_a_file_come_from_its_batch():
    batch = imports.begin(actor=None, now=NOW)
    old = json.dumps(
        {"name": "ada", "display_name": "Ada", "prompt_file": "ada.txt"}
    ).encode()
    raw = zipped({"old/ada.json": old, "old/ada.txt": b"Be brief."})
    items = imports.add_file(batch, name="x.zip", raw=raw, now=NOW)

    read = imports.read_item(items[0], now=NOW)
    alone = given(old)

    assert read.state == State.READY
    assert "Be brief." in imports.preview_of(read).system_prompt
    assert "ada.txt" in alone.problem


def test_flood_of_remarks_is_cut_short(monkeypatch):
    monkeypatch.setattr(import_reading, "_REMARKS", 100)
    keys = ", ".join(f'"k{n}": 1, "k{n}": 2' for n in range(150))

    item = given(
        b'{"spec": "chara_card_v2", "data": {"name": "A", %s}}' % keys.encode()
    )

    assert len(item.found["remarks"]) == 101
    assert "more remarks" in item.found["remarks"][-1]["detail"]


def test_background_task_reads_what_waits_and_one_bad_file_stops_nobody():
    batch = imports.begin(actor=None, now=NOW)
    for at in range(5):
        imports.add_single(batch, name=f"{at}.json", raw=card(f"Ada {at}"), now=NOW)
    imports.add_single(batch, name="bad.json", raw=b"{", now=NOW)

    assert tasks.read_imports() == 6
    assert tasks.read_imports() == 0

    states = list(batch.items.order_by("pk").values_list("state", flat=True))
    assert states == ["ready"] * 5 + ["refused"]


def test_what_a_dead_worker_took_is_read_after_a_while():
    batch = imports.begin(actor=None, now=NOW)
    item = imports.add_single(batch, name="x.json", raw=card(), now=NOW)
    ImportItem.objects.update(read_at=NOW)

    assert imports.read_waiting(clock=lambda: NOW + timedelta(seconds=60)) == 0
    assert imports.read_waiting(clock=lambda: NOW + timedelta(minutes=3)) == 1

    item.refresh_from_db()
    assert item.state == State.READY


def test_item_goes_on_waiting_while_others_are_read(monkeypatch):
    def busy(*args, **kwargs):
        raise sandbox.Busy("Later.")

    batch = imports.begin(actor=None, now=NOW)
    item = imports.add_single(batch, name="x.json", raw=card(), now=NOW)
    monkeypatch.setattr(sandbox, "read_file", busy)

    assert imports.read_waiting(clock=lambda: NOW) == 0

    item.refresh_from_db()
    assert item.state == State.WAITING


def test_busy_reader_is_told_wherever_somebody_waits(monkeypatch):
    def busy(*args, **kwargs):
        raise sandbox.Busy("Try again in a minute.")

    item = given(card())
    found = item.found
    monkeypatch.setattr(sandbox, "read_file", busy)
    monkeypatch.setattr(sandbox, "members_of", busy)

    [unopened] = imports.add_file(
        item.batch, name="x.zip", raw=zipped({"a.json": card()}), now=NOW
    )
    with pytest.raises(CannotImport, match="in a minute") as caught:
        commit(item)

    assert caught.value.why is Why.BUSY
    assert unopened.problem == "Try again in a minute."
    assert imports.preview_of(item).problem == "Try again in a minute."
    assert imports.look_again(item, now=NOW).found == found


def test_fault_of_ours_refuses_the_file_and_reads_the_next(monkeypatch):
    real = sandbox.read_file

    def broken(raw, *, name, read_text):
        if name == "0.json":
            raise KeyError("a fault")
        return real(raw, name=name, read_text=read_text)

    batch = imports.begin(actor=None, now=NOW)
    for at in range(2):
        imports.add_single(batch, name=f"{at}.json", raw=card(), now=NOW)
    monkeypatch.setattr(sandbox, "read_file", broken)

    assert imports.read_waiting(clock=lambda: NOW) == 2

    first, second = batch.items.order_by("pk")
    assert first.state == State.REFUSED
    assert "server's log" in first.problem
    assert second.state == State.READY


def test_import_forgotten_while_it_is_read_stops_nobody(monkeypatch):
    real, batch = sandbox.read_file, imports.begin(actor=None, now=NOW)
    imports.add_single(batch, name="gone.json", raw=card(), now=NOW)
    other = imports.begin(actor=None, now=NOW)
    imports.add_single(other, name="eve.json", raw=card("Eve"), now=NOW)

    def forgetful(raw, *, name, read_text):
        if name == "gone.json":
            imports.discard(batch)
        return real(raw, name=name, read_text=read_text)

    monkeypatch.setattr(sandbox, "read_file", forgetful)

    assert imports.read_waiting(clock=lambda: NOW) == 2
    assert ImportItem.objects.get().state == State.READY


# -- Duplicates --------------------------------------------------------------------


def kinds_of(item) -> list[tuple[str, str, str]]:
    return [(d["kind"], d["what"], d["object_id"]) for d in item.found["duplicates"]]


def test_very_file_is_known_again_even_if_the_draft_moved_on():
    imported(card())
    _save("ada", description="Somebody wrote this.")

    assert kinds_of(given(card())) == [("same_content", "character", "ada")]


def _save(character_id, **fields):
    character = Character.objects.get(character_id=character_id)
    drafts.save_character(
        character_id=character_id,
        sheet=sheet_of(character_id).model_copy(update=fields),
        revision=character.revision,
        actor=None,
        now=NOW,
    )


def test_same_content_in_another_container_is_known_again():
    data = {"description": "Tall.", "character_book": book("Old.")}
    imported(png_card(**data), name="ada.png")

    other = given(zipped({"card.json": card(**data)}), name="x.charx")

    assert kinds_of(other) == [("same_content", "character", "ada")]
    assert other.found["duplicates"][0]["why"] == "The draft says what the file says."


def test_newer_card_of_the_same_creator_is_the_same_card():
    imported(card(creator="Bo", character_version="1.9", modification_date=1000))

    newer = given(card(creator="Bo", character_version="1.10", description="New"))
    dated = given(card(creator="Bo", modification_date=500, description="Old"))
    other = given(card(creator="Cy", description="Another"))

    assert kinds_of(newer) == [("same_card", "character", "ada")]
    assert newer.found["fresh"] == "The file is version 1.10 (newer), the draft is 1.9."
    assert "older, by the date" in dated.found["fresh"]
    assert kinds_of(other) == [("same_name", "character", "ada")]


def test_own_id_tells_the_same_card_whatever_its_name():
    make_character("ada", display_name="Ada")
    block = {"format": 1, "character_id": "ada", "sheet": {}}

    item = given(card("Countess", extensions={"dramatis": block}))

    assert kinds_of(item) == [("same_card", "character", "ada")]
    assert item.found["object_id"] == "ada"


def test_same_book_is_known_in_another_form_and_under_another_name():
    imported(json.dumps({"spec": "lorebook_v3", "data": book("Old.")}).encode())

    again = given(
        json.dumps({"spec": "lorebook_v3", "data": book("Old.", name="Else")}).encode()
    )

    assert kinds_of(again)[0] == ("same_book", "lorebook", "ruins")


def test_what_is_here_is_told_without_loading_any_draft():
    make_framework("caring")
    for creator in ("Bo", "Cy"):
        imported(card(creator=creator, description="Large.", tags=["a"]))
    imported(png_card(description="Large."), name="ada.png")
    make_character("di", display_name="Ada", framework_id="caring")

    with CaptureQueriesContext(connection) as queries:
        item = given(card(creator="Bo", description="Small."))
    with CaptureQueriesContext(connection) as again:
        same = given(card(description="Large."))

    assert [kind for kind, *_ in kinds_of(item)] == ["same_card"] + ["same_name"] * 3
    # Its picture stays, since the file has none.
    assert kinds_of(same)[0] == ("same_content", "character", "ada_3")
    asked = [q["sql"] for q in (*queries, *again)]
    assert any('"personas_character"."draft_hash"' in sql for sql in asked)
    for column in ('"personas_character"."description"', '"personas_alias"'):
        assert not any(column in sql for sql in asked)


def test_own_sheet_is_hashed_once_however_many_have_its_name(monkeypatch):
    real, hashed = import_duplicates.sheet_hash, []

    def counted(sheet):
        hashed.append(sheet)
        return real(sheet)

    for at in range(12):
        imported(card(creator="Bo", description=f"Number {at}."))
    monkeypatch.setattr(import_duplicates, "sheet_hash", counted)

    given(card(creator="Bo", description="Another."))
    assert len(hashed) == 1

    for at, row in enumerate(Character.objects.all()):
        row.extensions = {"fav": at}
        row.save(update_fields=["extensions"])
    given(card(creator="Bo", description="One more."))
    assert len(hashed) == 1 + 8


def test_own_id_comes_first_among_many_of_its_name():
    for at in range(25):
        make_character(f"other-{at}", display_name="Ada")
    make_character("ada", display_name="Ada")
    block = {"format": 1, "character_id": "ada", "sheet": {}}

    item = given(card(description="New.", extensions={"dramatis": block}))

    assert kinds_of(item)[0] == ("same_card", "character", "ada")


def test_small_file_that_names_books_loads_none_of_their_entries():
    imported(lore_file("One", "Two"))
    block = {"format": 1, "character_id": "ada", "sheet": {"lorebooks": ["ruins"]}}
    raw = card(extensions={"dramatis": block}, character_book=book("Other."))

    with CaptureQueriesContext(connection) as queries:
        given(raw)

    assert not any('"personas_loreentry"."content"' in q["sql"] for q in queries)


def test_reading_asks_as_often_with_many_characters():
    make_character("eve", display_name="Eve")
    with CaptureQueriesContext(
        connection,
    ) as few:
        given(card())
    for at in range(30):
        make_character(f"other-{at}", display_name=f"Other {at}")

    with CaptureQueriesContext(connection) as many:
        given(card(description="More"))

    assert len(many) <= len(few)


# -- New ---------------------------------------------------------------------------


def test_new_character_is_a_draft_with_picture_book_and_its_file():
    raw = png_card(description="Tall.", character_book=book("Old.", "New."))

    item = imported(raw, name="ada.png")

    character = Character.objects.get()
    sheet = sheet_of("ada")
    assert item.state == State.DONE
    assert item.character == character
    assert item.found["outcome"]["object_id"] == "ada"
    assert item.found["outcome"]["made_books"] == ["ruins"]
    assert sheet.description == "Tall."
    assert sheet.lorebooks == ["ruins"]
    assert Picture.objects.get(pk=sheet.avatar).width == 60
    assert bytes(character.card_file.content) == raw
    assert not CharacterVersion.objects.exists()
    assert [e.content for e in LoreEntry.objects.order_by("place")] == ["Old.", "New."]


def test_taken_id_becomes_the_next_free_one():
    imported(card())
    imported(card(creator="Other"))

    third = imported(card(creator="Third"))

    assert third.found["outcome"]["object_id"] == "ada_3"
    assert Character.objects.count() == 3


def test_id_that_somebody_takes_this_moment_becomes_the_next(monkeypatch):
    make_character("ada", display_name="Another")
    real = import_committing.free_id
    asked = []

    def late(wanted, *, kind):
        asked.append(wanted)
        return wanted if len(asked) == 1 else real(wanted, kind=kind)

    monkeypatch.setattr(import_committing, "free_id", late)

    assert imported(card()).character.character_id == "ada_2"


def test_chosen_id_is_used_or_refused_by_name():
    assert imported(card(), character_id="countess").character.character_id == (
        "countess"
    )

    with pytest.raises(CannotImport, match="“countess” is taken") as caught:
        imported(card(creator="Other"), character_id="countess")
    with pytest.raises(CannotImport, match="is no id") as bad:
        imported(card(), character_id="../up")

    assert caught.value.why is Why.ID_TAKEN
    assert bad.value.why is Why.BAD_ID
    assert Character.objects.count() == 1


def test_long_names_get_free_ids_that_fit():
    long = "a" * 90
    first = imported(card(long))

    second = imported(card(long, creator="Other"))

    assert len(first.character.character_id) <= limits.SLUG_LENGTH
    assert len(second.character.character_id) <= limits.SLUG_LENGTH
    assert second.character.character_id.endswith("_2")


def test_book_that_comes_with_two_cards_is_made_once_and_bound_twice():
    imported(card("Ada", character_book=book("Old.")))

    second = imported(card("Eve", character_book=book("Old.", name="Another name")))

    assert Lorebook.objects.count() == 1
    assert sheet_of("eve").lorebooks == ["ruins"]
    assert "here already" in remarks_of(second)


def test_book_that_somebody_makes_this_moment_is_not_made_again(monkeypatch):
    real = import_storing.planned

    def late(incoming, *, current):
        plan = real(incoming, current=current)
        import_books.create(plan.binding.new, book_id=None, actor=None, now=NOW)
        return plan

    item = given(card(character_book=book("Old.")))
    monkeypatch.setattr(import_storing, "planned", late)
    done = commit(item)

    assert Lorebook.objects.count() == 1
    assert sheet_of("ada").lorebooks == ["ruins"]
    assert done.found["outcome"]["made_books"] == []
    assert "here already" in remarks_of(done)


def test_archived_book_is_made_anew():
    imported(json.dumps({"spec": "lorebook_v3", "data": book("Old.")}).encode())
    Lorebook.objects.update(archived_at=NOW)

    imported(card("Eve", character_book=book("Old.")))

    assert sheet_of("eve").lorebooks == ["ruins_2"]


def test_unknown_framework_becomes_the_default_with_a_remark():
    block = {"format": 1, "character_id": "ada", "sheet": {"framework_id": "gone"}}

    item = imported(card(extensions={"dramatis": block}))

    assert sheet_of("ada").framework_id == "neuro"
    assert "There is no framework “gone”" in remarks_of(item)


def test_without_any_framework_it_is_said_and_nothing_is_written():
    Framework.objects.update(archived_at=NOW)

    with pytest.raises(CannotImport, match="Import a framework first") as caught:
        imported(card(character_book=book("Old.")))

    assert caught.value.why is Why.CANNOT_BE_STORED
    assert not Lorebook.objects.exists()
    assert not Character.objects.exists()


def test_framework_and_lorebook_files_become_drafts():
    plain = {"framework_id": "plain", "name": "Plain", "prompt_template": "x"}

    framework = imported(json.dumps(plain).encode(), name="plain.json")
    lore = imported(
        json.dumps({"spec": "lorebook_v3", "data": book("Old.")}).encode(),
        name="ruins.json",
    )

    assert framework.framework.framework_id == "plain"
    assert framework.framework.published is None
    assert lore.lorebook.book_id == "ruins"
    assert lore.lorebook.fingerprint
    assert lore.lorebook.published is None


def test_done_item_is_not_imported_twice_whatever_is_asked():
    item = imported(card())

    again = commit(item, "replace")

    assert again.action == "new"
    assert again.done_at == NOW
    assert Character.objects.count() == 1
    assert Character.objects.get().revision == 1


def test_everything_is_in_the_audit_log_with_the_key():
    batch = imports.begin(actor=None, key_name="loader (abc)", now=NOW)
    item = given(png_card(character_book=book("Old.")), name="a.png", batch=batch)

    commit(item)

    entry = AuditEntry.objects.get(action="import.new")
    assert entry.actor_name == "loader (abc)"
    assert entry.object_name == "Ada"
    assert entry.after["sha256"] == item.file_id
    assert entry.after["made_books"] == ["ruins"]
    assert AuditEntry.objects.filter(action="character.created").exists()
    assert AuditEntry.objects.filter(action="lorebook.created").exists()


def test_person_who_imports_is_named():
    person = make_person(Role.CURATOR)
    item = given(card())

    imports.commit(item, action="new", actor=person, now=NOW)

    assert AuditEntry.objects.get(action="import.new").actor == person


# -- Replace and merge -------------------------------------------------------------


def test_replace_changes_the_draft_and_counts_its_revision():
    imported(png_card(creator="Bo", description="Old."), name="a.png")
    _save("ada", scenario="Ours.")
    avatar = sheet_of("ada").avatar

    item = imported(card(creator="Bo", description="New."), action="replace")

    sheet = sheet_of("ada")
    assert (sheet.description, sheet.scenario) == ("New.", "")
    assert sheet.avatar == avatar
    assert Character.objects.get().revision == 3
    assert item.found["outcome"]["is_changed"]


def test_replace_keeps_the_framework_of_the_draft_if_the_file_names_none():
    make_framework("caring")
    make_character("ada", display_name="Ada", framework_id="caring")

    imported(card(description="New."), action="replace", character_id="ada")

    assert sheet_of("ada").framework_id == "caring"


def test_replace_without_a_target_is_refused_by_name():
    make_character("ada", display_name="Ada")

    # The same name alone is not enough to overwrite somebody.
    with pytest.raises(CannotImport, match="as a new one") as caught:
        imported(card("Ada ", creator="Cy"), action="replace")
    with pytest.raises(CannotImport, match="no character “eve”"):
        imported(card(), action="replace", character_id="eve")

    assert caught.value.why is Why.NO_TARGET


def test_replacing_an_archived_draft_is_refused():
    make_character("ada")
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    with pytest.raises(CannotImport, match="archived") as caught:
        imported(card(), action="replace", character_id="ada")

    assert caught.value.why is Why.ARCHIVED


def test_merge_with_a_base_takes_what_the_file_changed_and_keeps_what_we_changed():
    imported(card(creator="Bo", description="One", scenario="One", tags=["a", "b"]))
    _save("ada", scenario="Ours", tags=["a", "b", "ours"], first_message="Ours")

    item = imported(
        card(
            creator="Bo",
            description="Two",
            scenario="Two",
            tags=["a", "c"],
            character_book=book("Old."),
        ),
        action="merge",
    )

    sheet = sheet_of("ada")
    assert sheet.description == "Two"
    assert sheet.scenario == "Ours"
    assert sheet.first_message == "Ours"
    assert sheet.tags == ["a", "c", "ours"]
    assert sheet.lorebooks == ["ruins"]
    kept = [
        r["field"] for r in item.found["outcome"]["remarks"] if "stays" in r["detail"]
    ]
    assert "scenario" in kept
    assert "description" not in kept


def test_merge_without_a_base_fills_gaps_and_lists_differences():
    make_character("ada", description="Ours", tags=["ours"], framework_id="neuro")

    item = imported(
        png_card(description="Theirs", scenario="Theirs", tags=["theirs"]),
        name="a.png",
        action="merge",
        character_id="ada",
    )

    sheet = sheet_of("ada")
    assert sheet.description == "Ours"
    assert sheet.scenario == "Theirs"
    assert sheet.tags == ["ours", "theirs"]
    assert sheet.avatar
    assert '"field": "description"' in remarks_of(item)


def test_merge_that_fits_no_sheet_is_refused_and_writes_nothing():
    stage = {"milestone": 5, "title": "Ours", "changes": {}}
    make_character("ada", evolution_stages=[stage])
    block = {
        "format": 1,
        "character_id": "ada",
        "sheet": {"evolution_stages": [{**stage, "title": "Theirs"}]},
    }

    with pytest.raises(CannotImport, match="Replace the draft instead"):
        imported(
            card(extensions={"dramatis": block}, character_book=book("Old.")),
            action="merge",
        )

    assert not Lorebook.objects.exists()
    assert Character.objects.get().revision == 1


def test_framework_is_replaced_or_merged():
    make_framework("plain", purpose="Ours", is_published=False)
    raw = json.dumps(
        {
            "framework_id": "plain",
            "name": "Plain",
            "purpose": "Theirs",
            "prompt_template": "x",
        }
    ).encode()

    merged = imported(raw, name="plain.json", action="merge")
    row = Framework.objects.get(framework_id="plain")
    assert (row.purpose, row.prompt_template) == ("Ours", "x")
    assert '"field": "purpose"' in remarks_of(merged)

    imported(raw, name="plain.json", action="replace")
    row.refresh_from_db()
    assert row.purpose == "Theirs"


def lore_file(*contents, **fields) -> bytes:
    return json.dumps(
        {"spec": "lorebook_v3", "data": {**book(*contents), **fields}}
    ).encode()


def texts() -> list[str]:
    return [e.content for e in LoreEntry.objects.order_by("place", "pk")]


def test_lorebook_is_replaced_and_same_entries_keep_their_ids():
    imported(lore_file("One", "Two", "Three"))
    ids = dict(LoreEntry.objects.values_list("content", "entry_id"))
    lorebooks.save_book(
        book_id="ruins",
        sheet=Lorebook.objects.get()
        .to_sheet()
        .model_copy(update={"for_everybody": True}),
        revision=1,
        actor=None,
        now=NOW,
    )

    # Their keys go by their places: “Three” and “One” change theirs.
    raw = json.loads(lore_file("One", "Two", "Three", "Four"))
    entries = raw["data"]["entries"]
    raw["data"]["entries"] = [entries[3], entries[1], entries[0]]
    imported(json.dumps(raw).encode(), action="replace", character_id="ruins")

    assert texts() == ["Four", "Two", "One"]
    after = dict(LoreEntry.objects.values_list("content", "entry_id"))
    assert (after["One"], after["Two"]) == (ids["One"], ids["Two"])
    assert Lorebook.objects.get().for_everybody


def test_lorebook_is_merged_by_adding_what_only_the_file_has():
    imported(lore_file("One", "Two"))
    imported(
        lore_file("One", "Other", "New", description="About ruins."),
        action="merge",
        character_id="ruins",
    )

    assert texts() == ["One", "Two", "Other", "New"]
    assert Lorebook.objects.get().description == "About ruins."


# -- Leaving out -------------------------------------------------------------------


def test_item_left_out_can_still_be_imported():
    item = commit(given(card()), "skip")
    assert (item.state, item.action) == (State.SKIPPED, "skip")
    assert not Character.objects.exists()

    assert commit(item, "skip").state == State.SKIPPED
    assert commit(item).state == State.DONE


def test_waiting_and_refused_items_are_not_imported():
    batch = imports.begin(actor=None, now=NOW)
    waiting = imports.add_single(batch, name="x.json", raw=card(), now=NOW)

    with pytest.raises(CannotImport, match="not been read") as caught:
        commit(waiting)
    with pytest.raises(CannotImport, match="not JSON") as refused:
        commit(given(b"{"))

    assert caught.value.why is Why.NOT_READ
    assert refused.value.why is Why.REFUSED


# -- The original, and what is private ---------------------------------------------


def exported(character_id: str = "ada", form: str = "v3.json") -> bytes:
    character = Character.objects.for_sheets().get(character_id=character_id)
    return exporting.export_card(character, form=form).content


def test_original_stays_when_our_own_export_comes_back():
    raw = card(description="One.")
    imported(raw, name="ada.json")

    same = imported(exported(), action="replace")
    changed = imported(
        exported().replace(b"One.", b"Two."), action="replace", character_id="ada"
    )

    assert not same.found["outcome"]["is_changed"]
    assert changed.found["outcome"]["is_changed"]
    assert sheet_of("ada").description == "Two."
    assert exported(form="original") == raw


def test_original_becomes_the_foreign_file_that_changed_the_draft():
    imported(png_card(creator="Bo", description="One."), name="ada.png")
    draft = {"creator": "Bo", "description": "One."}
    changing = card(creator="Bo", description="Two.")

    imported(card(**draft), action="replace", character_id="ada")
    assert exported(form="original").startswith(b"\x89PNG")

    imported(changing, action="replace", character_id="ada")
    assert exported(form="original") == changing


def test_private_fields_stay_when_our_own_export_comes_back():
    raw = json.loads(card(extensions={"a": 1, "fav": True, "z": 2}, create_date="x"))
    raw["chat"] = "Ada - 2024-1-1"
    imported(json.dumps(raw).encode())
    before = sheet_of("ada")
    out = exported()

    assert kinds_of(given(out))[0] == ("same_content", "character", "ada")
    same = imported(out, action="replace")

    assert b"2024-1-1" not in out
    assert not same.found["outcome"]["is_changed"]
    assert sheet_of("ada") == before
    assert list(sheet_of("ada").extensions) == list(before.extensions)
    assert Character.objects.get().revision == 1

    imported(out.replace(b'"Ada"', b'"Eve"'), action="replace", character_id="ada")
    assert sheet_of("ada").display_name == "Eve"
    assert sheet_of("ada").extensions == before.extensions


def test_private_field_that_the_file_says_is_the_file_s():
    imported(card(creator="Bo", extensions={"fav": True}))

    imported(card(creator="Bo", extensions={"fav": False}), action="replace")

    assert sheet_of("ada").extensions["fav"] is False


# -- Names of files ----------------------------------------------------------------

_YAML = b"spec: chara_card_v2\ndata:\n  name: Ada\n  description: Tall.\n"


def test_file_is_kept_under_the_name_by_which_it_could_be_read():
    assert given(_YAML, name="a.txt").state == State.REFUSED

    item = imported(_YAML, name="b.yaml")
    given(_YAML, name="c.bin")

    assert item.file.name == CardFile.objects.get().name == "b.yaml"
    assert b"Tall." in exported(form="v3.json")
    assert exported(form="charx").startswith(b"PK")
    _save("ada", scenario="Ours.")
    imported(
        _YAML.replace(b"Tall", b"Small"),
        name="d.yaml",
        action="merge",
        character_id="ada",
    )
    # What it was imported from could be read again, so the change is seen.
    assert sheet_of("ada").description == "Small."


def test_prompt_with_a_text_beside_it_goes_out_in_every_form():
    batch = imports.begin(actor=None, now=NOW)
    old = {"name": "ada", "display_name": "Ada", "prompt_file": "ada.txt"}
    raw = zipped({"ada.json": json.dumps(old).encode(), "ada.txt": b"Be brief."})
    first, _ = imports.add_file(batch, name="x.zip", raw=raw, now=NOW)

    commit(imports.read_item(first, now=NOW))

    assert b"Be brief." in exported(form="v2.json")
    assert b"Be brief." in exported(form="v3.json")
    assert exported(form="charx").startswith(b"PK")


# -- Bytes of what is refused ------------------------------------------------------


def test_refused_file_keeps_its_bytes_only_if_they_are_few():
    small, large = b"Be brief.", bytes(1_000_001)
    few = given(small, name="ada.txt")
    many = given(large, name="x.bin")

    many.refresh_from_db()
    assert (few.state, many.state) == (State.REFUSED, State.REFUSED)
    assert many.problem
    assert many.file is None
    assert bytes(CardFile.objects.get().content) == small
    with pytest.raises(CannotImport) as caught:
        commit(many)
    assert caught.value.why is Why.REFUSED


def test_bytes_that_another_item_waits_with_stay():
    batch = imports.begin(actor=None, now=NOW)
    large = bytes(1_000_001)
    waiting = imports.add_single(batch, name="y.bin", raw=large, now=NOW)

    given(large, name="x.bin")

    waiting.refresh_from_db()
    assert bytes(waiting.file.content) == large


# -- Preview and report ------------------------------------------------------------


def test_preview_is_the_prompt_of_the_draft_and_writes_nothing():
    item = given(png_card(description="A tall clerk.", character_book=book("Old.")))

    preview = imports.preview_of(item)

    assert "A tall clerk." in preview.system_prompt
    assert preview.tokens > 0
    assert (preview.framework_id, preview.problem) == ("neuro", "")
    assert not Character.objects.exists()
    assert not Lorebook.objects.exists()
    assert imports.preview_of(given(lore_file("One"))) is None
    assert imports.preview_of(given(b"{")) is None


def test_preview_says_why_there_is_none():
    Framework.objects.update(archived_at=NOW)
    assert "Import a framework first" in imports.preview_of(given(card())).problem

    make_framework("raw", is_published=False)
    assert "never published" in imports.preview_of(given(card())).problem


def test_report_has_every_file_and_no_cell_is_a_formula():
    batch = imports.begin(actor=None, now=NOW)
    given(card("=cmd()"), name="=HYPERLINK().json", batch=batch)
    given(b"{", name="bad.json", batch=batch)
    commit(batch.items.order_by("pk")[0])

    report = imports.report_of(batch)
    lines = imports.report_csv(batch).decode("utf-8-sig").splitlines()

    json.dumps(report)
    assert [row["state"] for row in report] == ["done", "refused"]
    assert report[0]["outcome"]["object_id"] == report[0]["object_id"] == "cmd"
    assert report[1]["problem"]
    assert lines[0].startswith("file,state,kind")
    assert all(not line.startswith("=") for line in lines)
    assert any("'=cmd()" in line for line in lines)
    assert any(line.startswith("bad.json,Refused") for line in lines)


def test_report_asks_as_often_for_many_items():
    batch = imports.begin(actor=None, now=NOW)
    commit(given(card("Ada 0"), batch=batch))
    with CaptureQueriesContext(connection) as few:
        imports.report_of(batch)
    for at in range(1, 6):
        commit(given(card(f"Ada {at}"), batch=batch))

    with CaptureQueriesContext(connection) as many:
        imports.report_of(batch)

    assert len(many) == len(few)


def test_old_private_fields_make_no_difference():
    raw = json.loads(card(extensions={"fav": True}))
    raw["chat"] = "Ada - 2024-1-1"
    imported(json.dumps(raw).encode())

    [found] = given(card()).found["duplicates"]

    assert found["kind"] == "same_content"


# -- Forgetting --------------------------------------------------------------------


def test_old_unfinished_imports_are_forgotten_with_files_that_nobody_names():
    imported(card("Eve"))
    shared = card("Shared")
    given(shared)
    given(card())
    fresh = imports.begin(actor=None, now=LATER)
    imports.add_single(fresh, name="x.json", raw=shared, now=LATER)

    assert imports.prune(now=LATER) == 2

    assert ImportBatch.objects.count() == 2
    names = {i.found.get("title") for i in ImportItem.objects.exclude(found={})}
    assert names == {"Eve"}
    assert CardFile.objects.count() == 2
    assert imports.prune(now=LATER) == 0


def test_discarding_takes_batch_and_files_but_nothing_that_was_imported():
    batch = imports.begin(actor=None, now=NOW)
    given(card(), batch=batch)
    imports.discard(batch)
    assert not ImportBatch.objects.exists()
    assert not CardFile.objects.exists()

    done = imported(card())
    imports.discard(done.batch)
    assert ImportItem.objects.filter(state=State.DONE).exists()


# -- Hostile files, the whole way --------------------------------------------------


def _bomb() -> bytes:
    return zipped({"card.json": b"[" + b"0," * 20_000_000 + b"0]"})


@pytest.mark.parametrize(
    "raw",
    [
        _bomb(),
        b"[" * 200_000,
        b'{"spec": "chara_card_v2", "data": ' * 5_000,
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 1000,
        b"",
        b"\x00" * 1000,
        picture(size=(4, 4))[:-20],
    ],
    ids=["bomb", "deep", "deep-card", "png", "empty", "nul", "cut"],
)
def test_hostile_file_is_refused_by_name_and_the_next_is_read(raw):
    bad = given(raw, name="bad.png")

    assert bad.state == State.REFUSED
    assert len(bad.problem) > 20
    assert given(card()).state == State.READY


def test_picture_that_cannot_be_decoded_is_left_out_with_a_remark():
    raw = png_card()
    at = raw.index(b"IDAT")
    broken = raw[: at + 4] + b"\x00" * 8 + raw[at + 12 :]

    item = imported(broken, name="a.png")

    assert sheet_of("ada").avatar == ""
    assert "damaged" in remarks_of(item)


def test_texts_that_no_database_takes_are_mended():
    raw = b'{"spec": "chara_card_v2", "data": {"name": "A\\u0000d\\ud800a"}}'

    item = imported(raw)

    assert item.state == State.DONE
    assert "\0" not in item.character.display_name
