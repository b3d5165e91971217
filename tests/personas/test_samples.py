"""Sample conversations: kept, read, renamed, put away and tried again."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry
from core.roles import Role
from personas.models import Character, SampleConversation
from personas.services import samples, trying
from personas.services.conversing import Asked, Said, Who
from personas.services.trying import Reply
from personas.views.characters import character_or_404
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_person
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def cora():
    return make_person(Role.CURATOR, username="cora")


@pytest.fixture
def curator(cora):
    return client_of(cora)


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def ada():
    make_character("ada", scenario="You greet {{user}}.")
    publish()
    edit(scenario="You warn {{user}}.")


def url(name, *args):
    return reverse(f"personas:{name}", args=["ada", *args])


def begun(actor, text="Is it <b>late</b>?"):
    messages = (
        Said(who=Who.USER, text=text),
        Said(who=Who.CHARACTER, text="Not yet."),
        Said(who=Who.OTHER, name="Kim", text="Really?"),
    )
    return trying.begin(
        character_or_404("ada"),
        asked=Asked(user_name="Robin", context="", messages=messages),
        actor=actor,
        now=timezone.now(),
    )


def keep(actor, title="At night", **options):
    return samples.keep(begun(actor, **options), title=title, actor=actor, now=NOW)


class TestKeeping:
    def test_all_of_the_try_is_copied(self, ada, cora):
        tried = begun(cora).model_copy(
            update={
                "model": "small",
                "replies": {
                    "draft": Reply(text="No.", seconds=1.26),
                    "live": Reply(problem="No reply within 60 seconds.", seconds=60),
                },
            }
        )

        sample = samples.keep(tried, title="At night", actor=cora, now=NOW)

        sample.refresh_from_db()
        assert (sample.title, sample.user_name, sample.context) == (
            "At night",
            "Robin",
            "",
        )
        assert sample.messages == [
            {"who": "user", "name": "Robin", "text": "Is it <b>late</b>?"},
            {"who": "character", "name": "Ada", "text": "Not yet."},
            {"who": "other", "name": "Kim", "text": "Really?"},
        ]
        assert sample.draft["revision"] == 2
        assert sample.draft["version"] is None
        assert "You warn Robin." in sample.draft["prompt"]
        assert "Kim: Really?" in sample.draft["prompt"]
        assert (sample.draft["reply"], sample.draft["seconds"]) == ("No.", 1.3)
        assert sample.draft["model"] == "small"
        assert sample.live["version"] == 1
        assert "You greet Robin." in sample.live["prompt"]
        assert sample.live["problem"] == "No reply within 60 seconds."
        assert (sample.author, sample.created_at) == (cora, NOW)

    def test_where_nothing_was_live_that_side_is_empty(self, cora):
        make_character("ada")

        assert keep(cora).live == {}

    def test_it_is_audited_without_its_words(self, ada, cora):
        sample = keep(cora)

        entry = AuditEntry.objects.get(action="sample.kept")
        assert entry.actor == cora
        assert entry.object_id == str(sample.pk)
        assert entry.after == {
            "character_id": "ada",
            "title": "At night",
            "is_archived": False,
        }

    def test_a_try_that_waits_is_not_kept(self, ada, cora):
        waiting = begun(cora).model_copy(update={"model": "small"})

        with pytest.raises(samples.StillWaiting, match="Wait"):
            samples.keep(waiting, title="At night", actor=cora, now=timezone.now())

        assert not SampleConversation.objects.exists()

    def test_by_the_page_it_leads_to_the_sample(self, ada, cora, curator):
        data = {"token": begun(cora).token, "title": " At night "}

        answer = curator.post(url("sample-list"), data)

        sample = SampleConversation.objects.get()
        assert answer.url == url("sample-detail", sample.pk)
        assert sample.title == "At night"

    def test_by_the_pane_it_is_told(self, ada, cora, curator):
        data = {"token": begun(cora).token, "title": "<i>At night</i>"}

        answer = curator.post(url("sample-list"), data, **HTMX)

        text = answer.content.decode()
        assert "Kept as" in text
        assert "&lt;i&gt;At night" in text
        assert "<html" not in text

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"title": " "}, "Give it a title"),
            ({"title": "x" * 201}, "at most 200"),
            ({"title": "a\0b"}, "Null characters"),
            ({"token": "nonsense"}, "not kept any more"),
            ({"token": ""}, "not kept any more"),
        ],
    )
    def test_bad_input_is_told(self, ada, cora, curator, changes, words):
        data = {"token": begun(cora).token, "title": "At night", **changes}

        pane = curator.post(url("sample-list"), data, **HTMX)
        page = curator.post(url("sample-list"), data, follow=True)

        assert pane.status_code == 422
        assert words in pane.content.decode()
        assert words in page.content.decode()
        assert not SampleConversation.objects.exists()

    def test_only_who_tried_may_keep_it(self, ada, cora):
        other = client_as(Role.CURATOR)

        answer = other.post(
            url("sample-list"), {"token": begun(cora).token, "title": "x"}, **HTMX
        )

        assert answer.status_code == 422

    def test_a_sample_has_a_title(self, ada, cora):
        with (
            pytest.raises(IntegrityError, match="sample_has_title"),
            transaction.atomic(),
        ):
            SampleConversation.objects.create(
                character=Character.objects.get(),
                title="",
                author=cora,
                created_at=NOW,
            )


class TestReading:
    def test_the_list_shows_what_is_kept(self, ada, cora, viewer):
        keep(cora, title="At <night>")

        text = viewer.get(url("sample-list")).content.decode()

        assert "At &lt;night&gt;" in text
        assert "Is it &lt;b&gt;late" in text
        assert "cora" in text

    def test_an_empty_list_says_what_to_do(self, ada, viewer, curator):
        assert (
            "Curators keep conversations"
            in viewer.get(url("sample-list")).content.decode()
        )
        assert (
            url("character-edit-test")
            in curator.get(url("sample-list")).content.decode()
        )

    def test_archived_ones_stand_apart(self, ada, cora, viewer):
        sample = keep(cora)
        samples.archive(sample.pk, is_archived=True, actor=cora, now=NOW)

        kept = viewer.get(url("sample-list"))
        archived = viewer.get(url("sample-list"), {"archived": "yes"})

        assert list(kept.context["page"].object_list) == []
        assert [s.pk for s in archived.context["page"].object_list] == [sample.pk]

    def test_the_page_shows_prompts_and_their_difference(self, ada, cora, viewer):
        sample = keep(cora)

        text = viewer.get(url("sample-detail", sample.pk)).content.decode()

        assert "<ins>warn</ins>" in text
        assert "<del>greet</del>" in text
        assert "Is it &lt;b&gt;late&lt;/b&gt;?" in text
        assert "Kim" in text
        assert "Not asked" in text
        assert "Rename" not in text
        assert "Try again" not in text

    def test_one_side_is_enough(self, cora, viewer):
        make_character("ada")
        sample = keep(cora)

        assert viewer.get(url("sample-detail", sample.pk)).status_code == 200

    def test_another_characters_sample_is_not_found(self, ada, cora, curator):
        sample = keep(cora)
        make_character("eve")

        for name in ("sample-detail", "sample-rename", "sample-archive"):
            address = reverse(f"personas:{name}", args=["eve", sample.pk])
            assert curator.get(address).status_code in {404, 405}
            assert curator.post(address).status_code in {404, 405}

    def test_trying_again_fills_the_form(self, ada, cora, curator):
        sample = keep(cora)

        answer = curator.get(url("character-edit-test"), {"sample": sample.pk})

        rows = answer.context["form"].rows
        assert [(r.who, r.name, r.text) for r in rows] == [
            ("user", "Robin", "Is it <b>late</b>?"),
            ("character", "Ada", "Not yet."),
            ("other", "Kim", "Really?"),
        ]
        assert 'value="Robin"' in answer.content.decode()

    def test_query_count_is_flat(self, ada, cora, viewer):
        sample = keep(cora)
        few = queries(viewer, url("sample-list"))
        for number in range(12):
            keep(make_person(Role.CURATOR), title=f"Number {number}")

        assert queries(viewer, url("sample-list")) == few <= 8
        assert queries(viewer, url("sample-detail", sample.pk)) <= 8


class TestChanging:
    def test_renaming(self, ada, cora, curator):
        sample = keep(cora)

        curator.post(url("sample-rename", sample.pk), {"title": "By day"})

        sample.refresh_from_db()
        assert sample.title == "By day"
        entry = AuditEntry.objects.get(action="sample.renamed")
        assert entry.before == {"title": "At night"}
        assert entry.after == {"title": "By day"}

    def test_the_same_title_changes_nothing(self, ada, cora):
        sample = keep(cora)

        samples.rename(sample.pk, title="At night", actor=cora, now=NOW)

        assert not AuditEntry.objects.filter(action="sample.renamed").exists()

    @pytest.mark.parametrize("title", ["", "x" * 201, "a\0b"])
    def test_bad_titles_are_told(self, ada, cora, curator, title):
        sample = keep(cora)

        answer = curator.post(url("sample-rename", sample.pk), {"title": title})

        assert answer.status_code == 422
        assert "errorlist" in answer.content.decode()
        sample.refresh_from_db()
        assert sample.title == "At night"

    def test_archiving_and_restoring(self, ada, cora, curator):
        sample = keep(cora)
        address = url("sample-archive", sample.pk)

        curator.post(address, {"is_archived": "yes"})
        curator.post(address, {"is_archived": "yes"})
        sample.refresh_from_db()
        assert sample.archived_at is not None
        curator.post(address, {"is_archived": "no"})
        sample.refresh_from_db()
        assert sample.archived_at is None

        done = AuditEntry.objects.filter(action__startswith="sample.").order_by("pk")
        assert [entry.action for entry in done] == [
            "sample.kept",
            "sample.archived",
            "sample.restored",
        ]

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("sample-rename", {"title": "x"}),
            ("sample-archive", {"is_archived": "yes"}),
        ],
    )
    def test_viewers_change_nothing(self, ada, cora, viewer, name, data):
        sample = keep(cora)

        assert viewer.post(url(name, sample.pk), data).status_code == 403
        assert viewer.post(url("sample-list"), {}).status_code == 403
        sample.refresh_from_db()
        assert (sample.title, sample.archived_at) == ("At night", None)
