"""The page and pane of the test console."""

import time

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from personas.services import trying
from personas.services.conversing import Asked, Said, Who
from personas.views.characters import character_or_404
from tests.clients import client_as, client_of
from tests.factories import make_character, make_framework, make_person
from tests.llm_server import KEY, MODEL, completion, configured
from tests.personas.counting import queries
from tests.personas.test_trying import finished
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
def llm(settings):
    with configured(settings) as server:
        yield server


@pytest.fixture
def ada():
    make_character(
        "ada",
        scenario="You greet {{user}}.",
        post_history="Stay kind to {{user}}.",
        aliases=["Countess"],
    )
    publish()
    edit(scenario="You warn {{user}}.")


def url(name, *args):
    return reverse(f"personas:{name}", args=["ada", *args])


def form(text="Hello", **changes):
    return {
        "user_name": "Robin",
        "context": "",
        "who": ["user"],
        "name": [""],
        "text": [text],
        **changes,
    }


def begin(actor):
    said = Said(who=Who.USER, text="Hello")
    asked = Asked(user_name="Robin", context="", messages=(said,))
    return trying.begin(
        character_or_404("ada"),
        asked=asked,
        actor=actor,
        now=timezone.now(),
    )


class TestForm:
    def test_without_an_endpoint_it_says_how_and_shows_prompts(self, ada, curator):
        answer = curator.post(url("character-edit-test"), form(), follow=True)

        text = answer.content.decode()
        for words in ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL", "You warn Robin."):
            assert words in text
        assert "You greet Robin." in text
        assert "<ins>warn</ins>" in text
        assert "Not asked" in text
        assert "Stop" not in text

    def test_a_character_that_is_not_live_says_so(self, curator):
        make_character("ada")

        text = curator.post(url("character-edit-test"), form(), follow=True)

        assert "is not live yet" in text.content.decode()

    def test_same_prompts_are_called_the_same(self, curator):
        make_character("ada")
        publish()

        text = curator.post(url("character-edit-test"), form(), follow=True)

        assert "Both send exactly the same" in text.content.decode()

    @pytest.mark.parametrize(
        ("context", "text", "words"),
        [
            ("auto", "Zwölf", "tell of no kind of conversation"),
            ("auto", "hello", "no prompt of its own for this kind"),
            ("casual", "Zwölf", "no prompt of its own for this kind"),
        ],
    )
    def test_a_plain_prompt_in_place_of_another_is_told(
        self, ada, curator, context, text, words
    ):
        data = form(text, context=context)

        answer = curator.post(url("character-edit-test"), data, follow=True)

        assert words in answer.content.decode()

    def test_what_told_the_kind_of_conversation_is_shown(self, curator):
        make_framework("caring")
        make_character("ada", framework_blending={"enabled": True})
        publish()
        data = form("lol, hello", context="auto")

        answer = curator.post(url("character-edit-test"), data, follow=True)

        assert "Kind of conversation: Casual" in answer.content.decode()
        assert "told by: lol, hello" in answer.content.decode()

    def test_messages_are_added_and_removed_without_scripts(self, ada, curator):
        three = form(who=["user", "character", "other"], name=["", "", "Kim"])
        three["text"] = ["One", "Two", "Three"]

        more = curator.post(url("character-edit-test"), {**three, "do": "add"})
        less = curator.post(url("character-edit-test"), {**three, "do": "remove-1"})
        odd = curator.post(url("character-edit-test"), {**three, "do": "remove-99"})

        assert [r.text for r in more.context["form"].rows] == [
            "One",
            "Two",
            "Three",
            "",
        ]
        assert [r.text for r in less.context["form"].rows] == ["One", "Three"]
        assert less.context["form"].rows[1].name == "Kim"
        assert len(odd.context["form"].rows) == 3
        assert "Robin" in more.content.decode()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"text": ["  "]}, "Write what is said"),
            ({"text": []}, "Write what is said"),
            ({"text": ["x" * 9000]}, "8 KiB at most"),
            ({"text": ["a\0b"]}, "no message can"),
            ({"text": ["a"] * 41, "who": ["user"] * 41}, "40 messages at most"),
            ({"who": ["other"], "name": [" "]}, "Name who says it"),
            ({"who": ["other"], "name": ["x" * 201]}, "200 characters"),
            ({"context": "nonsense"}, "no such kind"),
            ({"user_name": "x" * 201}, "at most 200"),
            ({"user_name": "a\0b"}, "Null characters"),
            ({"user_name": "COUNTESS"}, "has this name"),
        ],
    )
    def test_bad_input_is_told_and_nothing_lost(self, ada, curator, changes, words):
        data = {**form("Keep me"), **changes}

        page = curator.post(url("character-edit-test"), data)
        pane = curator.post(url("character-edit-test"), data, **HTMX)

        assert (page.status_code, pane.status_code) == (422, 422)
        assert words in page.content.decode()
        assert words in pane.content.decode()
        if "text" not in changes:
            assert "Keep me" in page.content.decode()

    @pytest.mark.parametrize("who", [["hacker"], [], ["user"] * 9])
    def test_odd_speakers_are_the_user(self, ada, curator, who):
        answer = curator.post(url("character-edit-test"), form(who=who), follow=True)

        assert answer.status_code == 200
        assert "[user]\nHello" in answer.content.decode()

    @pytest.mark.parametrize("token", ["x", "a" * 32, "A" * 32, "-", "0" * 300, "none"])
    def test_a_try_that_is_not_there_is_not_found(self, ada, curator, token):
        address = url("character-edit-test-run", token)

        assert curator.get(address).status_code == 404
        assert curator.get(address, **HTMX).status_code == 404
        assert curator.post(f"{address}stop/").status_code == 404

    @pytest.mark.parametrize("sample", ["1", "x", "", "9" * 30, "-1", "²"])
    def test_odd_samples_give_an_empty_form(self, ada, curator, sample):
        answer = curator.get(url("character-edit-test"), {"sample": sample})

        assert answer.status_code == 200
        assert [row.text for row in answer.context["form"].rows] == [""]

    def test_an_unknown_character_is_not_found(self, curator):
        for name in ("character-edit-test", "sample-list"):
            address = reverse(f"personas:{name}", args=["nobody"])
            assert curator.get(address).status_code == 404
            assert curator.post(address).status_code == 404

    def test_viewers_read_and_may_not_try(self, ada, cora):
        begun = begin(cora)
        viewer = client_as(Role.VIEWER)

        page = viewer.get(url("character-edit-test"))

        assert "Curators try characters" in page.content.decode()
        assert "data-test-form" not in page.content.decode()
        assert viewer.post(url("character-edit-test"), form()).status_code == 403
        run = url("character-edit-test-run", begun.token)
        assert viewer.get(run).status_code == 404
        assert viewer.post(f"{run}stop/").status_code == 403
        assert client_as(None).get(url("character-edit-test")).status_code == 403

    def test_query_counts(self, ada, curator, cora):
        begun = begin(cora)

        assert queries(curator, url("character-edit-test")) <= 12
        assert queries(curator, url("character-edit-test-run", begun.token)) <= 14


# Replies are written by other threads, in connections of their own.
@pytest.mark.django_db(transaction=True)
class TestReplies:
    def test_replies_are_shown_side_by_side(self, ada, curator, cora, llm):
        llm.behave = lambda exchange: exchange.send(200, completion("<b>Hi</b>"))

        answer = curator.post(url("character-edit-test"), form())
        token = answer.url.rstrip("/").rpartition("/")[2]
        finished(token, cora)
        text = curator.get(answer.url).content.decode()

        assert text.count("&lt;b&gt;Hi&lt;/b&gt;") == 2
        assert "<b>Hi" not in text
        assert "7 tokens" in text
        assert MODEL in text
        assert KEY not in text

    def test_while_it_waits_it_offers_to_stop(self, ada, curator, llm):
        llm.behave = lambda exchange: exchange.hang()

        fragment = curator.post(url("character-edit-test"), form(), **HTMX)
        text = fragment.content.decode()
        token = text.partition("edit/test/")[2].partition("/")[0]
        page = curator.get(url("character-edit-test-run", token)).content.decode()
        stopped = curator.post(url("character-edit-test-stop", token), **HTMX)
        again = curator.post(url("character-edit-test-stop", token))

        assert fragment.status_code == 200
        assert "data-waiting" in text
        assert "<html" not in text
        assert "Look again" in page
        assert "Stopped before" in stopped.content.decode()
        assert "data-waiting" not in stopped.content.decode()
        assert again.url == url("character-edit-test-run", token)

    def test_the_request_does_not_wait_for_the_model(self, ada, curator, llm):
        llm.behave = lambda exchange: exchange.hang()
        curator.get(url("character-edit-test"))
        started = time.monotonic()

        answers = [
            curator.post(url("character-edit-test"), form(), **HTMX) for _ in range(9)
        ]

        # One answer of this model takes 20.
        assert time.monotonic() - started < 15
        assert [a.status_code for a in answers] == [200] * 8 + [422]
        assert "are waiting for the model already" in answers[-1].content.decode()
        assert "Hello" in answers[-1].content.decode()
        for answer in answers[:-1]:
            token = answer.content.decode().partition("edit/test/")[2].partition("/")[0]
            curator.post(url("character-edit-test-stop", token))
