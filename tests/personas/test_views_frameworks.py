"""The pages of a framework: who uses it, publishing it, versions, archiving."""

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from personas import tasks
from personas.models import Framework, FrameworkRun, Label, Publication
from personas.services import drafts, framework_runs, frameworks
from personas.views.framework_reach import AT_ONCE, OPEN_AT_ONCE
from tests.clients import client_as, client_of
from tests.core.form_browser import submitted
from tests.factories import NOW, make_character, make_framework, make_person
from tests.personas.counting import queries
from tests.personas.framework_cases import BLENDING, make_blender
from tests.personas.test_views_characters import edit, publish
from tests.personas.test_views_publications import edit_framework

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


def url(name, *args):
    return reverse(f"personas:framework-{name}", args=args or ["neuro"])


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


def live(character_id):
    label = Label.objects.get(character__character_id=character_id, name="production")
    return label.version


def filled(client, **changes):
    page = submitted(client.get(url("publish")).content.decode())
    return {**dict(page.lists()), "note": "Calmer", **changes}


HTMX = {"HX-Request": "true"}


def reached_in(context):
    return [row.character.character_id for row in context["reached"]]


def reached(response):
    return reached_in(response.context)


def query_of(address):
    return dict(QueryDict(address.partition("?")[2]).lists())


def own_queries(client, address):
    """Queries of our tables: a server's watcher knows the settings without any."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return sum("personas_" in query["sql"] for query in captured)


def work(run):
    """Let a worker have the run; as it is then."""
    framework_runs.work(run_id=run.pk, clock=timezone.now)
    return FrameworkRun.objects.select_related("publication").get(pk=run.pk)


def state(client, run):
    return client.get(url("run-state", "neuro", run.pk)).content.decode()


def standings(client, run):
    rows = client.get(url("run", "neuro", run.pk)).context["rows"]
    return {row.name: row.standing.words for row in rows}


def make_many_live(ids):
    """Live with the framework, whose draft then changes."""
    if not Framework.objects.exists():
        make_framework("neuro", decision_making={"when_unsure": "guess"})
    for character_id in ids:
        make_character(character_id)
    publish(*ids)
    edit_framework(decision_making={"when_unsure": "ask"}, purpose=f"For {len(ids)}")


@pytest.fixture
def posted(manager, settings, django_capture_on_commit_callbacks):
    """Posts the form; the worker has done its work then, unless told otherwise."""
    settings.CELERY_TASK_ALWAYS_EAGER = True

    def post(data, *, with_worker=True):
        with django_capture_on_commit_callbacks(execute=with_worker):
            return manager.post(url("publish"), data)

    return post


@pytest.fixture
def two_live():
    """Ada and Bea are live with the framework, whose draft then changes."""
    make_framework("neuro", decision_making={"when_unsure": "guess"})
    for character_id in ("ada", "bea"):
        make_character(character_id, scenario="Old.")
    publish("ada", "bea")
    edit_framework(decision_making={"when_unsure": "ask"})


class TestDetail:
    def test_it_shows_users_template_draft_and_versions(self, viewer, two_live):
        make_framework("caring")
        edit("bea", framework_id="caring")
        make_character("cleo")
        edit_framework(prompt_template="{identity} {nonsense}")

        response = viewer.get(url("detail"))

        users = {u.character.character_id: u for u in response.context["used_by"]}
        assert set(users) == {"ada", "bea", "cleo"}
        assert users["ada"].live_number == 1
        assert not users["bea"].in_draft
        assert users["cleo"].live_number == 0
        text = response.content.decode()
        assert "<del>guess</del><ins>ask</ins>" in text
        assert "nothing is called “nonsense”" in text
        assert "Draft uses another" in text

    def test_who_has_an_older_version_is_marked(self, viewer, two_live):
        frameworks.publish_framework(
            framework_id="neuro", note="N", author=None, now=NOW, character_ids=["ada"]
        )

        users = viewer.get(url("detail")).context["used_by"]

        assert [(u.character.character_id, u.is_behind) for u in users] == [
            ("ada", False),
            ("bea", True),
        ]

    def test_one_that_was_never_published(self, viewer):
        make_framework("raw", is_published=False)

        assert "Never published" in viewer.get(url("detail", "raw")).content.decode()

    def test_query_count_is_flat(self, viewer):
        make_character("c0")
        publish("c0")
        few = queries(viewer, url("detail"))
        for at in range(1, 10):
            make_character(f"c{at}")
            publish(f"c{at}")
            edit_framework(purpose=f"{at}")
            frameworks.publish_framework(
                framework_id="neuro", note="N", author=None, now=NOW
            )

        assert queries(viewer, url("detail")) == few

    @pytest.mark.parametrize("page", ["detail", "state"])
    def test_roles(self, page, client):
        make_framework()

        for role in Role:
            assert client_as(role).get(url(page)).status_code == 200
        assert client_as(None).get(url(page)).status_code == 403
        assert client.get(url(page)).url.startswith("/accounts/login/")

    @pytest.mark.parametrize("page", ["detail", "state", "publish"])
    def test_no_such_framework(self, manager, page):
        assert manager.get(url(page, "nobody")).status_code == 404


class TestReach:
    def test_it_lists_whom_it_changes_and_how(self, manager, two_live):
        make_character("cleo", system_prompt_override={"text": "X", "mode": "replace"})

        response = manager.get(url("publish"))

        assert reached(response) == ["ada", "bea"]
        text = response.content.decode()
        assert "<del>guess</del><ins>ask</ins>" in text
        assert "Plain prompt:" in text

    def test_every_kind_of_conversation_is_listed_by_its_name(self, manager):
        make_blender("bea", framework_blending=BLENDING)
        publish("bea")
        caring = Framework.objects.get(framework_id="caring")
        drafts.save_framework(
            framework_id="caring",
            sheet=caring.to_sheet().model_copy(
                update={"interaction_style": {"tone": "very gentle"}}
            ),
            revision=1,
            actor=None,
            now=NOW,
        )

        response = manager.get(url("publish", "caring"))

        [row] = response.context["reached"]
        titles = [context.title for context in row.contexts]
        assert "Casual" in titles
        assert "Plain prompt" not in titles
        assert row.is_blending
        assert "Only in a blend" in response.content.decode()

    def test_who_is_not_touched_is_listed_too(self, manager, two_live):
        make_framework("caring")
        make_character("cleo", framework_id="caring")
        publish("cleo")
        make_character("dora")

        context = manager.get(url("publish")).context

        assert [c["character_id"] for c in context["others"]] == ["cleo"]
        assert [c["character_id"] for c in context["to_come"]] == ["dora"]

    def test_of_many_the_first_are_compared_and_the_rest_later(self, manager):
        ids = [f"c{at:02}" for at in range(30)]
        make_many_live(ids)

        context = manager.get(url("publish")).context

        assert reached_in(context) == ids[:AT_ONCE]
        waiting = [
            [character.character_id for character, _, _ in part.rows]
            for part in context["waiting"]
        ]
        assert waiting == [ids[AT_ONCE : 2 * AT_ONCE], ids[2 * AT_ONCE :]]

    def test_what_loads_later_keeps_the_ticks(self, manager):
        ids = [f"c{at:02}" for at in range(14)]
        make_many_live(ids)
        [part] = manager.get(url("publish")).context["waiting"]

        response = manager.get(
            part.url, {"ids": ["c13"]} | query_of(part.url), headers=HTMX
        )

        ticked = {
            row.character.character_id: row.is_chosen
            for row in response.context["reached"]
        }
        assert ticked == {"c12": False, "c13": True}
        assert "<html" not in response.content.decode()

    def test_differences_beyond_the_first_are_worked_out_when_opened(self, manager):
        ids = [f"c{at:02}" for at in range(OPEN_AT_ONCE + 1)]
        make_many_live(ids)

        rows = manager.get(url("publish")).context["reached"]

        shown = [context for row in rows for context in row.contexts]
        assert [c.runs is not None for c in shown] == [True] * OPEN_AT_ONCE + [False]
        opened = manager.get(shown[-1].url, headers=HTMX).content.decode()
        assert "<del>guess</del><ins>ask</ins>" in opened

    def test_both_are_pages_without_scripts(self, manager, two_live):
        for address in (
            f"{url('reach')}?of=ada",
            f"{url('difference')}?character=ada",
        ):
            text = manager.get(address).content.decode()

            assert "<html" in text
            assert "<del>guess</del><ins>ask</ins>" in text

    @pytest.mark.parametrize("character", ["", "cleo", "nobody", "\x00", "x" * 999])
    def test_a_difference_needs_somebody_live_with_it(
        self, manager, two_live, character
    ):
        make_character("cleo")

        response = manager.get(url("difference"), {"character": character})

        assert response.status_code == 404

    def test_what_changes_no_more_is_told(self, manager, two_live):
        response = manager.get(
            url("difference"), {"character": "ada", "context": "\x00"}, headers=HTMX
        )

        assert "Nothing changes any more" in response.content.decode()

    def test_odd_lists_compare_nobody(self, manager, two_live):
        response = manager.get(url("reach"), {"of": ["", "\x00", "nobody"]})

        assert response.status_code == 200
        assert reached(response) == []

    def test_who_cannot_take_it_is_listed(self, manager):
        make_framework("neuro")
        make_character("ada", description="x " * 50_000)
        publish("ada")
        edit_framework(prompt_template="y " * 100_000)

        response = manager.get(url("publish"))

        assert "These cannot take it" in response.content.decode()
        assert reached(response) == []

    def test_a_curator_looks_and_hears_why_not(self, two_live):
        curator = client_as(Role.CURATOR)

        for page in ("publish", "reach", "difference"):
            assert curator.get(url(page), {"character": "ada"}).status_code == 200
            for role in (None, Role.VIEWER):
                assert client_as(role).get(url(page)).status_code == 403
        text = curator.get(url("publish")).content.decode()
        assert "Managers publish." in text
        assert 'type="submit"' not in text.partition("<main")[2].partition("</main")[0]

    @pytest.mark.parametrize("page", ["publish", "reach", "difference"])
    def test_no_such_framework(self, manager, page):
        assert manager.get(url(page, "nobody")).status_code == 404

    def test_query_count_is_flat(self, manager):
        make_many_live(["c0", "c1"])
        few = own_queries(manager, url("publish"))
        make_many_live([f"d{at:02}" for at in range(2 * AT_ONCE)])

        assert own_queries(manager, url("publish")) == few


class TestPublishing:
    def test_it_goes_on_in_the_background(self, manager, two_live, posted):
        response = posted(filled(manager, ids=["ada"]), with_worker=False)

        run = FrameworkRun.objects.get()
        assert response.url == url("run", "neuro", run.pk)
        assert (run.state, run.character_ids) == ("queued", ["ada"])
        assert live("ada").number == 1

    def test_those_ticked_go_with_it_from_what_is_live(self, manager, two_live, posted):
        edit("ada", scenario="Unfinished.")

        posted(filled(manager, ids=["ada"]))

        publication = FrameworkRun.objects.get().publication
        assert publication.kind == Publication.Kind.FRAMEWORK
        assert publication.author.username == "mia"
        assert live("ada").number == 2
        assert live("ada").to_sheet().scenario == "Old."
        assert live("bea").number == 1
        assert Framework.objects.get().published.number == 2

    def test_all_are_ticked_beforehand(self, manager, two_live, posted):
        posted(filled(manager))

        assert live("ada").number == live("bea").number == 2

    def test_those_that_load_later_are_ticked_too(self, manager, posted):
        ids = [f"c{at:02}" for at in range(AT_ONCE + 2)]
        make_many_live(ids)

        posted(filled(manager))

        assert {live(character_id).number for character_id in ids} == {2}

    def test_nobody_ticked_publishes_the_framework_alone(
        self, manager, two_live, posted
    ):
        data = filled(manager)
        del data["ids"]

        posted(data)

        assert live("ada").number == 1
        assert Framework.objects.get().published.number == 2

    def test_a_draft_edited_meanwhile_is_shown_anew(self, manager, two_live, posted):
        data = filled(manager, ids=["ada"])
        edit_framework(decision_making={"when_unsure": "wait"})

        response = posted(data)

        assert response.status_code == 412
        text = response.content.decode()
        assert "edited meanwhile" in text
        assert "wait" in text
        assert "Calmer" in text
        ticked = {
            row.character.character_id: row.is_chosen
            for row in response.context["reached"]
        }
        assert ticked == {"ada": True, "bea": False}
        assert Framework.objects.get().published.number == 1

        again = dict(submitted(text).lists())
        assert posted(again).status_code == 302
        assert Framework.objects.get().published.number == 2

    def test_a_second_publish_hears_of_the_first(self, manager, two_live, posted):
        data = filled(manager)
        posted(data, with_worker=False)
        run = FrameworkRun.objects.get()

        response = posted(data)

        assert response.status_code == 409
        text = response.content.decode()
        assert "mia is publishing it." in text
        assert url("run", "neuro", run.pk) in text
        assert "Calmer" in text
        assert FrameworkRun.objects.count() == 1
        assert "mia is publishing it." in manager.get(url("publish")).content.decode()

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"note": " "}, "note"),
            ({"note": "x" * 1_001}, "note"),
            ({"revision": ""}, "revision"),
            ({"revision": "x"}, "revision"),
        ],
    )
    def test_what_is_wrong_is_told(self, manager, two_live, posted, changes, field):
        response = posted(filled(manager, **changes))

        assert response.status_code == 422
        assert field in response.context["form"].errors

    def test_unknown_ids_are_passed_over(self, manager, two_live, posted):
        posted(filled(manager, ids=["nobody", "\x00"]))

        assert live("ada").number == 1

    def test_nothing_to_publish_is_told(self, manager, posted):
        make_framework("neuro")

        response = posted(filled(manager))

        assert response.status_code == 422
        assert "Tick at least one character" in response.content.decode()

    def test_an_archived_framework_is_restored_first(self, manager):
        make_framework("neuro")
        Framework.objects.update(archived_at=NOW)

        for response in (
            manager.get(url("publish"), follow=True),
            manager.post(url("publish"), {"note": "N", "revision": "1"}, follow=True),
        ):
            assert "Restore it first" in told(response)

    def test_roles(self, two_live):
        data = {"note": "N", "revision": "2", "ids": ["ada"]}

        for role in (None, Role.VIEWER, Role.CURATOR):
            assert client_as(role).post(url("publish"), data).status_code == 403

        assert not FrameworkRun.objects.exists()

    def test_a_queue_that_is_away_loses_nothing(
        self, manager, two_live, posted, monkeypatch
    ):
        def away(**_):
            raise ConnectionError

        monkeypatch.setattr(tasks.publish_framework, "delay", away)

        response = posted(filled(manager))

        assert response.status_code == 302
        assert FrameworkRun.objects.get().state == "queued"


class TestRuns:
    @pytest.fixture
    def run(self, manager, two_live, posted):
        posted(filled(manager), with_worker=False)
        return FrameworkRun.objects.get()

    @pytest.fixture
    def done(self, run):
        return work(run)

    def test_one_under_way_shows_how_far_it_is(self, viewer, run):
        run.state, run.started_at, run.done = "preparing", NOW, 1
        run.results = {"ada": {"status": "ready", "detail": ""}}
        run.save()

        text = viewer.get(url("run", "neuro", run.pk)).content.decode()

        assert "Preparing: 1 of 2" in text
        assert 'max="2" value="1"' in text
        assert f'data-live-key="framework-run:{run.pk}"' in text
        assert standings(viewer, run) == {"Ada": "Ready", "Bea": "Waiting"}

    def test_one_that_nobody_begins_says_what_to_look_at(self, viewer, run):
        assert "background worker" not in state(viewer, run)

        FrameworkRun.objects.update(created_at=NOW)

        assert "background worker is running" in state(viewer, run)

    def test_one_that_is_done_can_be_undone(self, manager, viewer, done):
        text = state(manager, done)

        assert "2 characters switched together" in text
        undo = reverse("personas:publication-undo", args=[done.publication.pk])
        assert undo in text
        assert undo not in state(viewer, done)
        assert standings(viewer, done) == {"Ada": "Live", "Bea": "Live"}

        manager.post(undo)

        assert "Taken back" in state(manager, done)
        assert undo not in state(manager, done)

    def test_what_the_checks_noted_is_told_once(self, manager, two_live, posted):
        edit_framework(prompt_template="{identity}")
        posted(filled(manager))

        page = manager.get(url("run", "neuro", FrameworkRun.objects.get().pk))

        [note] = page.context["notes"]
        assert "leaves no place for" in note.text
        assert note.names == ["Ada", "Bea"]
        assert page.content.decode().count("leaves no place for") == 1

    def test_who_was_left_is_told_with_the_reason(self, viewer, run):
        edit("ada", scenario="New.")
        drafts.archive_character(
            character_id="bea", is_archived=True, actor=None, now=NOW
        )

        text = state(viewer, work(run))

        assert "1 character switched" in text
        assert "1 was left as before" in text
        assert "not live with the framework any more" in text

    def test_one_that_failed_says_why_and_can_be_tried_again(self, manager, run):
        edit_framework(purpose="Other")
        failed = work(run)

        text = state(manager, failed)

        assert "edited or published meanwhile" in text
        assert standings(manager, failed) == {"Ada": "As it was", "Bea": "As it was"}
        again = f"{url('publish')}?run={run.pk}"
        assert again in text
        page = manager.get(again)
        assert page.context["form"].initial["note"] == "Calmer"
        assert all(row.is_chosen for row in page.context["reached"])
        detail = manager.get(url("detail")).content.decode()
        assert "The last publish failed" in detail

    @pytest.mark.parametrize("odd", ["", "x", "0", "9" * 40, "٣", "-1"])
    def test_an_odd_run_to_try_again_is_none(self, manager, two_live, odd):
        response = manager.get(url("publish"), {"run": odd})

        assert response.status_code == 200
        assert response.context["form"].initial["note"] == ""

    def test_after_a_new_publish_an_old_failure_is_no_news(self, manager, run, posted):
        edit_framework(purpose="Other")
        work(run)
        posted(filled(manager))

        detail = manager.get(url("detail")).content.decode()

        assert "The last publish failed" not in detail

    def test_the_framework_shows_one_under_way(self, viewer, run):
        assert "mia is publishing it." in viewer.get(url("detail")).content.decode()

        work(run)

        assert "is publishing it." not in viewer.get(url("detail")).content.decode()

    def test_nothing_changed(self, manager, done, posted):
        posted(filled(manager, ids=["ada"]))

        text = state(manager, FrameworkRun.objects.latest("pk"))

        assert "Nothing changed" in text

    def test_cancelling(self, manager, run):
        response = manager.post(url("run-cancel", "neuro", run.pk), follow=True)

        assert "Cancelled. Nothing was switched." in told(response)
        page = response.content.decode()
        assert re.search(r"Cancelled by \w+\. Nothing was switched: bots get", page)
        assert live("ada").number == 1
        assert "failed" not in manager.get(url("detail")).content.decode()

    def test_cancelling_what_is_over(self, manager, done):
        response = manager.post(url("run-cancel", "neuro", done.pk), follow=True)

        assert "undo it instead" in told(response)
        assert live("ada").number == 2

    def test_cancelling_what_failed(self, manager, run):
        edit_framework(purpose="Other")
        work(run)

        response = manager.post(url("run-cancel", "neuro", run.pk), follow=True)

        assert "had failed already" in told(response)

    def test_roles(self, run, client):
        page, cancel = url("run", "neuro", run.pk), url("run-cancel", "neuro", run.pk)

        for role in Role:
            assert client_as(role).get(page).status_code == 200
        for role in (None, Role.VIEWER, Role.CURATOR):
            assert client_as(role).post(cancel).status_code == 403
            assert cancel not in page if role is None else state(client_as(role), run)
        assert client_as(None).get(page).status_code == 403
        assert client.get(page).url.startswith("/accounts/login/")
        run.refresh_from_db()
        assert run.state == "queued"

    def test_no_such_run(self, manager, run):
        make_framework("caring")

        assert manager.get(url("run", "neuro", 4711)).status_code == 404
        assert manager.get(url("run", "caring", run.pk)).status_code == 404
        assert manager.post(url("run-cancel", "caring", run.pk)).status_code == 404

    def test_query_count_is_flat(self, manager, done, posted):
        few = queries(manager, url("run", "neuro", done.pk))
        ids = [f"c{at}" for at in range(10)]
        make_many_live(ids)
        edit_framework(decision_making={"when_unsure": "wait"})
        posted(filled(manager))

        run = FrameworkRun.objects.latest("pk")
        assert len(run.character_ids) == 12
        assert queries(manager, url("run", "neuro", run.pk)) == few


class TestVersions:
    @pytest.fixture
    def two_versions(self, two_live):
        frameworks.publish_framework(
            framework_id="neuro", note="Asks", author=None, now=NOW
        )

    @pytest.mark.parametrize(
        ("number", "against", "title"),
        [
            (2, "", "From version 1 to version 2"),
            (1, "", "From version 1 to the draft"),
            (1, "2", "From version 1 to version 2"),
            (2, "draft", "From version 2 to the draft"),
            (2, "9" * 40, "From version 1 to version 2"),
        ],
    )
    def test_what_it_is_compared_with(
        self, viewer, two_versions, number, against, title
    ):
        response = viewer.get(url("version", "neuro", number), {"against": against})

        assert response.context["title"] == title

    def test_restoring_changes_the_draft_only(self, manager, two_versions):
        response = manager.post(url("restore", "neuro", 1), {"revision": "2"})

        assert response.url == url("detail")
        framework = Framework.objects.get()
        assert framework.decision_making == {"when_unsure": "guess"}
        assert framework.published.number == 2

    @pytest.mark.parametrize("revision", ["1", "", "x"])
    def test_a_stale_page_restores_nothing(self, manager, two_versions, revision):
        response = manager.post(
            url("restore", "neuro", 1), {"revision": revision}, follow=True
        )

        assert response.status_code == 200
        assert Framework.objects.get().decision_making == {"when_unsure": "ask"}

    def test_an_archived_framework_is_restored_first(self, manager):
        make_framework("neuro")
        Framework.objects.update(archived_at=NOW)

        response = manager.post(
            url("restore", "neuro", 1), {"revision": "1"}, follow=True
        )

        assert "is archived" in told(response)

    def test_roles(self, two_versions):
        for role in (None, Role.VIEWER):
            response = client_as(role).post(url("restore", "neuro", 1))
            assert response.status_code == 403

    @pytest.mark.parametrize("page", ["version", "restore"])
    def test_no_such_version(self, manager, two_versions, page):
        method = manager.get if page == "version" else manager.post

        assert method(url(page, "neuro", 9)).status_code == 404


class TestArchiving:
    def test_one_in_use_lists_its_users(self, manager):
        make_character("ada")

        response = manager.post(url("archive"), {"is_archived": "yes"})

        assert response.status_code == 409
        assert reverse("personas:character-detail", args=["ada"]) in (
            response.content.decode()
        )
        assert not Framework.objects.get().is_archived

    def test_one_that_nobody_uses(self, manager):
        make_framework("neuro")

        manager.post(url("archive"), {"is_archived": "yes"})
        assert Framework.objects.get().is_archived
        assert "Restore" in manager.get(url("detail")).content.decode()

        manager.post(url("archive"), {"is_archived": "no"})
        assert not Framework.objects.get().is_archived

    def test_roles(self):
        make_framework("neuro")

        for role in (None, Role.VIEWER, Role.CURATOR):
            response = client_as(role).post(url("archive"), {"is_archived": "yes"})
            assert response.status_code == 403
        assert not Framework.objects.get().is_archived


def test_an_archived_character_does_not_hold_its_framework(manager):
    make_character("ada")
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    manager.post(url("archive"), {"is_archived": "yes"})

    assert Framework.objects.get().is_archived
