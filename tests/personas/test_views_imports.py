"""The import page, an import's files and choices, its reports, and exports."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from personas.domain.cards.writing import CardForm, write_card
from personas.domain.dialects import write_framework
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import Character, ImportBatch, ImportItem
from personas.services import imports, pictures, sandbox
from tests.clients import client_as, client_of
from tests.factories import make_character, make_framework, make_person, sheet_of
from tests.personas.counting import queries
from tests.personas.domain.card_made import in_png, png, v3

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _framework():
    make_framework()


@pytest.fixture
def curator():
    return client_of(make_person(Role.CURATOR, username="cora"))


def url(name, *args):
    return reverse(f"personas:{name}", args=args)


def card(name="Bea", **data):
    return json.dumps(v3(name=name, **data)).encode()


def begin(**files):
    """A batch with these files, read; names have ``__`` for a point."""
    now = timezone.now()
    batch = imports.begin(actor=None, now=now)
    for name, raw in files.items():
        imports.add_file(batch, name=name.replace("__", "."), raw=raw, now=now)
    for item in batch.items.order_by("pk"):
        imports.read_item(item, now=now)
    return batch


def keys(batch):
    return list(batch.items.order_by("pk").values_list("pk", flat=True))


def rows(response):
    return {row.item.name: row for row in response.context["rows"]}


def chosen(row):
    return next(option.value for option in row.options if option.is_chosen)


def send(client, batch, **data):
    return client.post(url("import-detail", batch.pk), data)


def commit(client, batch, **data):
    return client.post(url("import-commit", batch.pk), data)


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


class TestRoles:
    @pytest.mark.parametrize("role", [Role.VIEWER, None])
    def test_others_are_kept_out_and_see_no_link(self, role):
        batch = begin(bea__json=card())
        client = client_as(role)
        make_character()
        [key] = keys(batch)

        for name, args in [
            ("import-list", ()),
            ("import-detail", (batch.pk,)),
            ("import-progress", (batch.pk,)),
            ("import-csv", (batch.pk,)),
            ("import-json", (batch.pk,)),
            ("import-item", (batch.pk, key)),
            ("import-preview", (batch.pk, key)),
            ("import-picture", (batch.pk, key)),
            ("character-export", ("ada",)),
            ("export-many", ()),
        ]:
            assert client.get(url(name, *args)).status_code == 403
        for name, args in [
            ("import-list", ()),
            ("import-upload", ()),
            ("import-detail", (batch.pk,)),
            ("import-commit", (batch.pk,)),
            ("import-close", (batch.pk,)),
            ("import-discard", (batch.pk,)),
            ("export-many", ()),
        ]:
            assert client.post(url(name, *args)).status_code == 403

    def test_links_are_only_for_those_who_may(self, curator):
        make_character()
        viewer = client_as(Role.VIEWER)
        there = [
            (reverse("home"), url("import-list")),
            (reverse("admin:personas_character_changelist"), url("import-list")),
            (url("character-detail", "ada"), url("character-export", "ada")),
            (url("character-edit", "ada"), url("character-export", "ada")),
        ]

        for page, link in there:
            assert f'href="{link}"' in curator.get(page).content.decode()
            assert f'href="{link}"' not in viewer.get(page).content.decode()


class TestGiving:
    def test_form_of_many_files_makes_one_import(self, curator):
        files = [
            SimpleUploadedFile("bea.json", card("Bea")),
            SimpleUploadedFile("cleo.json", card("Cleo")),
        ]

        response = curator.post(url("import-list"), {"files": files})

        batch = ImportBatch.objects.get()
        assert response.url == url("import-detail", batch.pk)
        assert batch.actor.username == "cora"
        assert list(batch.items.order_by("pk").values_list("name", flat=True)) == [
            "bea.json",
            "cleo.json",
        ]

    def test_form_without_files_says_so(self, curator):
        response = curator.post(url("import-list"))

        assert response.status_code == 422
        assert "Choose one file or more" in response.content.decode()
        assert not ImportBatch.objects.exists()

    def test_files_one_by_one_come_into_the_same_import(self, curator):
        first = curator.post(
            url("import-upload"), {"file": SimpleUploadedFile("bea.json", card())}
        )
        second = curator.post(
            url("import-upload"),
            {
                "file": SimpleUploadedFile("cleo.json", card("Cleo")),
                "batch": first.json()["batch"],
            },
        )

        assert first.status_code == second.status_code == 201
        batch = ImportBatch.objects.get()
        assert second.json() == {
            "batch": batch.pk,
            "url": url("import-detail", batch.pk),
            "files": 1,
        }
        assert batch.items.count() == 2

    def test_file_whose_answer_was_lost_is_not_there_twice(self, curator):
        def upload(**data):
            file = SimpleUploadedFile("bea.json", card())
            return curator.post(url("import-upload"), {"file": file, **data}).json()

        batch = upload()["batch"]
        upload(batch=batch, again="yes")
        assert ImportItem.objects.count() == 1

        upload(batch=batch)
        assert ImportItem.objects.count() == 2

    def test_zip_becomes_its_files(self, curator):
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            archive.writestr("bea.json", card())
            archive.writestr("cleo.json", card("Cleo"))
        file = SimpleUploadedFile("cast.zip", raw.getvalue())

        response = curator.post(url("import-upload"), {"file": file})

        assert response.json()["files"] == 2

    @pytest.mark.parametrize("batch", ["0", "x", "99999", "9" * 30])
    def test_unknown_imports_and_missing_files_are_refused(self, curator, batch):
        file = SimpleUploadedFile("bea.json", card())

        response = curator.post(url("import-upload"), {"file": file, "batch": batch})

        assert response.status_code == 404
        assert curator.post(url("import-upload"), {}).status_code == 422
        assert not ImportItem.objects.exists()


class TestList:
    def test_open_imports_stand_first_and_empty_ones_are_hidden(self, curator):
        old = begin(bea__json=card())
        newer = begin(cleo__json=card("Cleo"))
        imports.close(newer, now=timezone.now())
        begin()

        response = curator.get(url("import-list"))

        assert [b.pk for b in response.context["page"]] == [old.pk, newer.pk]
        text = response.content.decode()
        assert "1 to decide" in text
        assert "Closed" in text

    def test_query_count_is_flat(self, curator):
        begin(bea__json=card())
        few = queries(curator, url("import-list"))
        for number in range(10):
            begin(**{f"a{number}__json": card(f"A{number}")})

        assert queries(curator, url("import-list")) == few


class TestRows:
    def test_new_file_is_preselected_as_a_new_one(self, curator):
        batch = begin(bea__json=card())

        page = curator.get(url("import-detail", batch.pk))

        row = rows(page)["bea.json"]
        assert (row.title, row.what) == ("Bea", "Character · JSON")
        assert chosen(row) == "new"
        assert not row.is_taken
        assert [f.words for f in page.context["filters"]] == [
            "in all",
            "ready",
        ]

    def test_what_is_here_is_never_overwritten_unasked(self, curator):
        make_character("bea", display_name="Bea", creator="Mo")
        batch = begin(
            same_name__json=card(creator="Kim"),
            same_card__json=card(creator="Mo", scenario="New."),
        )

        found = rows(curator.get(url("import-detail", batch.pk)))

        assert chosen(found["same_name.json"]) == "new"
        assert found["same_name.json"].is_taken
        assert chosen(found["same_card.json"]) == ""
        values = [option.value for option in found["same_card.json"].options]
        assert values == ["", "new", "replace:bea", "merge:bea", "skip"]

    def test_same_file_again_is_left_out(self, curator):
        batch = begin(bea__json=card())
        commit(curator, batch, ids=keys(batch))

        again = begin(bea__json=card())

        row = rows(curator.get(url("import-detail", again.pk)))["bea.json"]
        assert chosen(row) == "skip"
        assert row.duplicates[0]["object_id"] == "bea"

    def test_refused_file_says_why_on_its_row(self, curator):
        batch = begin(broken__json=b"{")

        text = curator.get(url("import-detail", batch.pk)).content.decode()

        item = batch.items.get()
        assert item.state == ImportItem.State.REFUSED
        assert item.problem
        assert "1 refused" in text
        assert item.problem.split("“")[0][:30] in text

    def test_filters_by_state_and_kind(self, curator):
        lore = {"entries": {"0": {"key": ["tea"], "content": "Tea."}}}
        batch = begin(
            bea__json=card(), lore__json=json.dumps(lore).encode(), bad__json=b"{"
        )

        def shown(**query):
            return sorted(rows(curator.get(url("import-detail", batch.pk), query)))

        assert shown(state="ready") == ["bea.json", "lore.json"]
        assert shown(state="refused") == ["bad.json"]
        assert shown(state="ready", kind="lorebook") == ["lore.json"]
        assert shown(kind="character") == ["bea.json"]
        assert len(shown(state="nonsense", kind="nonsense")) == 3
        page = curator.get(url("import-detail", batch.pk), {"state": "done"})
        assert "No file is like this" in page.content.decode()

    def test_what_a_card_says_is_no_filter(self, curator):
        make_character("bea", display_name="Bea")
        lie = '"duplicates":[{"action":"repaired"'
        batch = begin(
            liar__json=card("Liar", extensions={lie: lie}, creator_notes=lie),
            bea__json=card(),
        )

        page = curator.get(url("import-detail", batch.pk), {"state": "duplicate"})

        assert list(rows(page)) == ["bea.json"]

    def test_texts_of_cards_are_data(self, curator):
        evil = "<script>alert(1)</script>"
        batch = begin(evil__json=card(evil, description=evil))
        [key] = keys(batch)

        for page in (
            url("import-detail", batch.pk),
            url("import-item", batch.pk, key),
            url("import-preview", batch.pk, key),
        ):
            text = curator.get(page).content.decode()
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert" in text

    def test_query_count_is_flat_for_500_rows(self, curator):
        make_character("bea", display_name="Bea")
        few = begin(bea__json=card())
        expected = queries(curator, url("import-detail", few.pk))
        many = begin(bea__json=card())
        item = many.items.get()
        ImportItem.objects.bulk_create(
            ImportItem(
                batch=many,
                name=f"{n}.json",
                file_id=item.file_id,
                state=item.state,
                found=item.found,
                read_at=item.read_at,
            )
            for n in range(499)
        )

        assert queries(curator, url("import-detail", many.pk)) == expected
        page = curator.get(url("import-detail", many.pk))
        assert page.context["total"] == 500


class TestReading:
    def waiting(self):
        now = timezone.now()
        batch = imports.begin(actor=None, now=now)
        [item] = imports.add_file(batch, name="bea.json", raw=card(), now=now)
        return batch, item

    def test_page_asks_again_only_while_something_waits(self, curator):
        batch, item = self.waiting()
        waiting = curator.get(url("import-detail", batch.pk)).content.decode()
        assert 'hx-trigger="every 1s"' in waiting
        assert f"waiting={item.pk}" in waiting
        assert "Reading: 0 of 1" in waiting

        imports.read_item(item, now=timezone.now())

        ready = curator.get(url("import-detail", batch.pk)).content.decode()
        assert "every 1s" not in ready

    def test_progress_brings_rows_that_are_read_and_no_others(self, curator):
        batch, item = self.waiting()
        address = url("import-progress", batch.pk)
        query = {"waiting": f"{item.pk},x,99999,"}

        before = curator.get(address, query).content.decode()
        assert "hx-swap-oob" not in before

        imports.read_item(item, now=timezone.now())
        after = curator.get(address, query).content.decode()
        assert f'id="import-item-{item.pk}"' in after
        assert "hx-swap-oob" in after

    def test_says_when_nobody_reads(self, curator):
        batch, _ = self.waiting()
        page = url("import-detail", batch.pk)
        assert "background worker" not in curator.get(page).content.decode()

        batch.created_at -= timedelta(minutes=1)
        batch.save()

        assert "background worker" in curator.get(page).content.decode()


class TestImporting:
    def test_ticked_files_become_drafts_and_nothing_is_published(self, curator):
        batch = begin(bea__json=card("Bea"), cleo__json=card("Cleo"))
        first, second = keys(batch)

        response = send(curator, batch, ids=[first], **{f"id-{first}": "bee"})

        assert response.status_code == 302
        assert list(Character.objects.values_list("character_id", flat=True)) == ["bee"]
        assert Character.objects.get().versions.count() == 0
        assert batch.items.get(pk=second).state == ImportItem.State.READY
        text = curator.get(url("import-detail", batch.pk)).content.decode()
        assert "1 imported. Nothing is published." in text
        assert f"{url('publish')}?ids=bee" in text

    def test_id_left_as_it_was_gives_way_to_one_that_is_taken(self, curator):
        make_character("bea", display_name="Another")
        batch = begin(bea__json=card())
        [key] = keys(batch)

        commit(curator, batch, ids=[key], **{f"id-{key}": "bea"})

        assert sheet_of("bea").display_name == "Another"
        assert sheet_of("bea_2").display_name == "Bea"

    @pytest.mark.parametrize("wanted", ["No Such Id!", "ada"])
    def test_id_that_cannot_be_is_told_on_its_row(self, curator, wanted):
        make_character("ada")
        batch = begin(bea__json=card())
        [key] = keys(batch)

        response = send(curator, batch, ids=[key], **{f"id-{key}": wanted})

        assert response.status_code == 422
        assert rows(response)["bea.json"].problem
        assert "1 not imported; each file says why." in told(response)
        assert Character.objects.count() == 1

    def test_draft_is_replaced_and_merged_as_chosen(self, curator):
        make_character("bea", display_name="Bea", scenario="Old.", creator="Mo")
        batch = begin(
            one__json=card(creator="Mo", scenario="", description="Tall."),
            two__json=card(creator="Mo", scenario="New."),
        )
        one, two = keys(batch)

        commit(curator, batch, ids=[one], **{f"action-{one}": "merge:bea"})
        assert sheet_of("bea").scenario == "Old."

        commit(curator, batch, ids=[two], **{f"action-{two}": "replace:bea"})
        assert sheet_of("bea").scenario == "New."

    def test_what_has_to_be_decided_is_not_guessed(self, curator):
        make_character("bea", display_name="Bea", creator="Mo")
        batch = begin(bea__json=card(creator="Mo", scenario="New."))

        response = commit(curator, batch, ids=keys(batch))

        answer = response.json()
        assert (answer["done"], answer["failed"]) == (0, 1)
        [html] = answer["rows"].values()
        assert "Choose first what to do" in html
        assert Character.objects.count() == 1

    @pytest.mark.parametrize("value", ["nonsense", "replace:nobody", "new:" + "x" * 90])
    def test_choices_that_nobody_offered_do_no_harm(self, curator, value):
        batch = begin(bea__json=card())
        [key] = keys(batch)

        response = commit(curator, batch, ids=[key], **{f"action-{key}": value})

        assert response.status_code == 200
        assert Character.objects.filter(character_id="nobody").count() == 0

    def test_all_that_are_ready_go_in_chunks(self, curator):
        files = {f"a{n:02}__json": card(f"A{n:02}") for n in range(12)}
        batch = begin(bad__json=b"{", **files)

        first = commit(curator, batch, scope="all").json()
        assert (first["done"], first["left"]) == (10, 2)

        second = commit(curator, batch, scope="all", after=first["last"]).json()
        assert (second["done"], second["left"]) == (2, 0)
        assert Character.objects.count() == 12

    @pytest.mark.parametrize("scope", ["all", ""])
    def test_frameworks_come_before_those_who_name_them(self, curator, scope):
        sheet = CharacterSheet(display_name="Bea", framework_id="calm")
        batch = begin(
            bea__json=write_card(sheet, character_id="bea", form=CardForm.V3_JSON),
            calm__json=write_framework(
                FrameworkSheet(name="Calm"), framework_id="calm"
            ),
        )
        kinds = [
            row.kind
            for row in rows(curator.get(url("import-detail", batch.pk))).values()
        ]
        assert kinds == ["character", "framework"]

        commit(curator, batch, scope=scope, ids=keys(batch))

        assert batch.items.order_by("done_at").first().name == "calm.json"
        assert Character.objects.get().framework.framework_id == "calm"

    def test_files_that_fail_do_not_hold_up_the_rest(self, curator):
        batch = begin(bea__json=card("Bea"), cleo__json=card("Cleo"))

        answer = commit(curator, batch, scope="all", for_all="replace").json()

        assert (answer["failed"], answer["left"]) == (2, 0)
        after = commit(
            curator, batch, scope="all", for_all="replace", after=answer["last"]
        )
        assert after.json()["failed"] == 0

    def test_one_choice_for_all_leaves_out(self, curator):
        batch = begin(bea__json=card("Bea"), cleo__json=card("Cleo"))

        response = send(curator, batch, scope="all", for_all="skip")

        assert response.status_code == 302
        states = set(batch.items.values_list("state", flat=True))
        assert states == {ImportItem.State.SKIPPED}
        assert not Character.objects.exists()

    def test_what_is_done_stays_done_when_sent_again(self, curator):
        batch = begin(bea__json=card())
        for _ in range(2):
            commit(curator, batch, ids=keys(batch))

        assert Character.objects.count() == 1

    def test_nothing_chosen_is_said(self, curator):
        batch = begin(bea__json=card())

        response = curator.post(url("import-detail", batch.pk), follow=True)

        assert "No file was chosen" in told(response)

    def test_files_of_other_imports_are_left_alone(self, curator):
        batch, other = begin(bea__json=card()), begin(cleo__json=card("Cleo"))

        commit(curator, batch, ids=keys(other))

        assert not Character.objects.exists()


class TestOneFile:
    def test_fields_are_told_by_what_became_of_them(self, curator):
        raw = card(tags="one, two", extensions={"risuai": {"triggerscript": [{}]}})
        batch = begin(bea__json=raw)
        [key] = keys(batch)

        page = curator.get(url("import-item", batch.pk, key))

        groups = {group.name: group for group in page.context["groups"]}
        assert "mapped" in groups
        fields = [remark["field"] for remark in groups["mapped"].remarks]
        assert "data.name" in fields
        assert "kept, never run" in page.content.decode()

    def test_fragment_is_not_a_page(self, curator):
        batch = begin(bea__json=card())
        [key] = keys(batch)
        address = url("import-item", batch.pk, key)

        assert b"<html" in curator.get(address).content
        fragment = curator.get(address, headers={"hx-request": "true"}).content
        assert b"<html" not in fragment

    def test_prompt_is_shown_before_importing(self, curator):
        batch = begin(bea__json=card(description="Fond of tea."))
        [key] = keys(batch)

        page = curator.get(url("import-preview", batch.pk, key))

        assert "Fond of tea." in page.content.decode()
        assert not Character.objects.exists()

    def test_refused_file_has_no_prompt_and_no_picture(self, curator):
        batch = begin(bad__json=b"{")
        [key] = keys(batch)

        assert (
            "gives no prompt"
            in curator.get(url("import-preview", batch.pk, key)).content.decode()
        )
        assert curator.get(url("import-picture", batch.pk, key)).status_code == 404
        report = curator.get(url("import-item", batch.pk, key)).content.decode()
        assert "It cannot be imported." in report

    def test_busy_server_shows_no_picture_rather_than_an_error(
        self, curator, monkeypatch
    ):
        def busy(*args, **options):
            raise sandbox.Busy("Busy.")

        batch = begin(bea__png=in_png(v3(name="Bea")))
        [key] = keys(batch)
        monkeypatch.setattr(sandbox, "read_file", busy)

        assert curator.get(url("import-picture", batch.pk, key)).status_code == 404
        prompt = curator.get(url("import-preview", batch.pk, key))
        assert prompt.status_code == 200
        assert "Busy." in prompt.content.decode()

    def test_picture_is_our_own_copy(self, curator):
        batch = begin(bea__png=in_png(v3(name="Bea")), cleo__json=card("Cleo"))
        first, second = keys(batch)

        picture = curator.get(url("import-picture", batch.pk, first))

        assert picture["Content-Type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
        assert b"ccv3" not in picture.content
        assert curator.get(url("import-picture", batch.pk, second)).status_code == 404

    def test_file_of_another_import_is_unknown(self, curator):
        batch, other = begin(bea__json=card()), begin(cleo__json=card("Cleo"))

        address = url("import-item", batch.pk, keys(other)[0])

        assert curator.get(address).status_code == 404


class TestReportsAndEnd:
    def test_csv_runs_no_formula(self, curator):
        batch = begin(**{"=1+1__json": card("=cmd()")})

        response = curator.get(url("import-csv", batch.pk))

        assert response["Content-Type"].startswith("text/csv")
        text = response.content.decode("utf-8-sig")
        assert "'=1+1.json" in text
        assert ",=cmd" not in text

    def test_json_has_each_file(self, curator):
        batch = begin(bea__json=card(), bad__json=b"{")

        response = curator.get(url("import-json", batch.pk))

        assert "attachment" in response["Content-Disposition"]
        files = [row["file"] for row in json.loads(response.content)]
        assert files == ["bea.json", "bad.json"]

    def test_closed_import_stays(self, curator):
        batch = begin(bea__json=card())

        curator.post(url("import-close", batch.pk))

        batch.refresh_from_db()
        assert batch.closed_at is not None
        assert curator.get(url("import-detail", batch.pk)).status_code == 200

    def test_forgotten_only_while_nothing_was_imported(self, curator):
        batch, done = begin(bea__json=card()), begin(cleo__json=card("Cleo"))
        commit(curator, done, ids=keys(done))

        curator.post(url("import-discard", batch.pk))
        refused = curator.post(url("import-discard", done.pk), follow=True)

        assert list(ImportBatch.objects.all()) == [done]
        assert "Something of it was imported" in told(refused)


class TestExport:
    def test_forms_that_cannot_be_had_say_why(self, curator):
        make_character("ada")

        text = curator.get(url("character-export", "ada")).content.decode()

        assert "It was written here, not imported." in text
        assert "It has no picture" in text
        assert "?form=v3.json" in text
        assert "?form=original" not in text
        assert "Other files that came with the card" in text

    @pytest.mark.parametrize("form", ["v2.json", "v3.json", "charx"])
    def test_file_comes_as_an_attachment(self, curator, form):
        make_character("ada")

        response = curator.get(url("character-export", "ada"), {"form": form})

        assert response.status_code == 200
        suffix = form.rpartition(".")[2]
        assert f'filename="ada.{suffix}"' in response["Content-Disposition"]

    def test_png_and_original(self, curator):
        raw = in_png(v3(name="Bea"))
        batch = begin(bea__png=raw)
        commit(curator, batch, ids=keys(batch))

        page = url("character-export", "bea")

        assert curator.get(page, {"form": "png"}).content.startswith(b"\x89PNG")
        assert curator.get(page, {"form": "original"}).content == raw

    def test_what_cannot_be_exported_is_told(self, curator, monkeypatch):
        make_character("ada")
        page = url("character-export", "ada")

        assert curator.get(page, {"form": "exe"}).status_code == 404
        refused = curator.get(page, {"form": "png"})
        assert refused.status_code == 409
        assert "cannot be exported" in refused.content.decode()
        assert curator.get(page, {"form": "original"}).status_code == 409

    def test_many_come_as_a_zip(self, curator):
        make_character("ada")
        made = pictures.store(png(), now=timezone.now())
        make_character("bea", avatar=made.digest)

        response = curator.post(
            url("export-many"), {"ids": "ada,bea,nobody", "form": "png"}
        )

        archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
        assert archive.namelist() == ["bea.png", "NOT_EXPORTED.txt"]
        assert b"ada" in archive.read("NOT_EXPORTED.txt")

    def test_page_of_many_names_them_and_asks_for_a_form(self, curator):
        make_character("ada")

        page = curator.get(url("export-many"), {"ids": "ada"}).content.decode()
        assert "Export 1 character" in page
        wrong = curator.post(url("export-many"), {"ids": "ada", "form": "exe"})
        assert wrong.status_code == 422
        assert "Choose a form." in wrong.content.decode()
        nobody = curator.get(url("export-many"), {"ids": "nobody"})
        assert "Nobody is chosen" in nobody.content.decode()
        assert curator.post(url("export-many")).status_code == 422

    def test_list_leads_to_it_with_who_is_ticked(self, curator):
        ada = make_character("ada")

        response = curator.post(
            reverse("admin:personas_character_changelist"),
            {"action": "export", "_selected_action": [ada.pk]},
        )

        assert response.url == f"{url('export-many')}?ids=ada"
