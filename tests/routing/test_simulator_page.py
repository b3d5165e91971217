"""The simulator, as people use it."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.roles import Role
from personas.models import Character
from routing.models import Channel, Decision
from tests.clients import client_as
from tests.factories import NOW, make_character, make_framework
from tests.routing.asking import make_cast, set_policy, three

pytestmark = pytest.mark.django_db

FIELDS = {
    "message": "",
    "channel": "7",
    "sticky": "record",
    "sticky_seconds": "30",
    "roster": "production",
    "runs": "1",
    "seed": "7",
}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(clock):
    return three()


@pytest.fixture
def viewer(cast):
    return client_as(Role.VIEWER)


@pytest.fixture
def url():
    return reverse("routing:simulator")


def post(client, url, **fields):
    return client.post(url, {**FIELDS, **fields})


def asked(client, url, **fields):
    """The part that htmx puts into the page."""
    response = client.post(url, {**FIELDS, **fields}, headers={"HX-Request": "true"})
    assert response.status_code == 200, response.content
    return response


def test_form_comes_first(viewer, url):
    response = viewer.get(url)

    assert response.status_code == 200
    assert "Write a message" in response.text
    assert "Nothing is recorded here" in response.text
    assert response.context["form"]["seed"].value() is not None


def test_feed_leads_here(viewer, url):
    assert f'href="{url}"' in viewer.get(reverse("routing:feed")).text


def test_address_fills_the_form_in(viewer, url):
    response = viewer.get(url, {"channel": "9", "author": "Bob", "mentions": "ada"})

    form = response.context["form"]
    assert [form[name].value() for name in ("channel", "author", "mentions")] == [
        *("9", "Bob", "ada"),
    ]
    assert response.context["side"].winner.name == "Ada"


def test_address_holds_no_message(viewer, url):
    response = viewer.get(url, {"message": "Hello Ada"})

    assert "Write a message" in response.text
    assert "Hello Ada" not in response.text


def test_script_gets_the_answer_alone(viewer, url):
    text = asked(viewer, url, message="Ada, tea?").text

    assert 'id="simulator-answer"' in text
    assert "<form" not in text
    assert 'title="Ada: name “Ada”"' in text
    assert 'title="Ada: interest “tea”; Eve: interest “tea”"' in text
    assert 'id="score-eve"' in text


def test_without_scripts_it_is_a_page(viewer, url):
    response = post(viewer, url, message="Hello Ada")

    assert response.status_code == 200
    assert "<form" in response.text
    assert "Ada: named in the message" in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_message_is_no_markup(viewer, url):
    text = asked(
        viewer, url, message="<script>alert(1)</script> {{ 7|add:7 }} Ada"
    ).text

    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7|add:7 }}" in text


def test_offsets_count_a_line_end_as_one(viewer, url):
    text = asked(viewer, url, message="One\r\ntwo\r\nAda!").text

    assert ">Ada<span" in text


def test_nothing_is_recorded(viewer, url):
    asked(viewer, url, message="Hello Ada", roster="both", runs="100")

    assert not Decision.objects.exists()
    assert not Channel.objects.exists()


def test_many_runs_are_bars(viewer, url):
    make_cast(light={"routing_weight": 0.5}, less={"routing_weight": 0.4})

    response = asked(viewer, url, message="Light or Less?", runs="1000")

    bars = response.context["side"].bars
    assert [bar.words for bar in bars] == ["Light answers", "Less answers"]
    assert sum(bar.count for bar in bars) == 1_000
    assert "Light answers" in response.text
    assert "Nothing is left to chance" not in response.text


def test_one_run_says_that_chance_decided(viewer, url):
    assert "Chance decided" in asked(viewer, url, message="Ada or Bob?").text
    assert "Chance decided" not in asked(viewer, url, message="Ada").text
    certain = asked(viewer, url, message="Ada", runs="100").text
    assert "Nothing is left to chance" in certain


def test_sticky_is_given(viewer, url):
    given = {"sticky": "character", "sticky_character": "Bob", "sticky_seconds": "9"}

    assert "Bob" in asked(viewer, url, **given).context["side"].sentence
    nobody = asked(viewer, url, sticky="nobody").context["side"]
    assert nobody.sentence.startswith("Nobody")
    ignored = asked(viewer, url, ignore_sticky="on", **given).context["side"]
    assert ignored.sentence.startswith("Nobody")


def test_author_mentions_and_activity_count(viewer, url):
    make_cast(
        gem={"activity_preferences": {"activities": [{"name": "Go", "category": "x"}]}}
    )

    own = asked(viewer, url, message="Ada", author="Ada").context["side"]
    assert own.winner is None
    mentioned = asked(viewer, url, mentions="bob, Bob").context["side"]
    assert mentioned.winner.name == "Bob"
    active = asked(viewer, url, activity="go").context["side"]
    assert active.winner.name == "Gem"


def test_silence_is_explained(viewer, url):
    response = asked(viewer, url, message="tea")

    assert "stays silent" in response.context["side"].sentence
    assert "Whether to respond" in response.text


# -- Both ------------------------------------------------------------------------------


def change(character_id: str, **fields) -> None:
    Character.objects.filter(character_id=character_id).update(
        draft_hash=f"other-{fields}", **fields
    )


def test_both_say_what_differs_first(viewer, url):
    change("bob", topic_interests=["kites"])
    change("eve", topic_interests=["tea", "chess"], routing_weight=2)

    response = asked(viewer, url, message="tea and chess and kites", roster="both")

    found = response.context["difference"]
    rows = {row.who.character_id: row for row in found.rows}
    assert list(rows) == ["eve", "bob", "ada"]
    assert not rows["ada"].differs
    assert (rows["eve"].live, rows["eve"].drafts) == ("50", "200")
    assert rows["eve"].change == "+150"
    assert [note.words for note in rows["eve"].notes] == ["weight 0.5 → 2"]
    assert [(note.is_new, note.words) for note in rows["bob"].notes] == [
        (True, "interest “kites”"),
        (False, "interest “chess”"),
    ]
    assert found.is_other_answer
    assert found.verdict.startswith("Publishing the drafts would change the answer.")
    assert "Drafts: Eve stays silent" in found.verdict


def test_both_the_same(viewer, url):
    response = asked(viewer, url, message="Ada", roster="both")

    assert response.context["difference"].verdict == (
        "Ada answers either way. Nothing differs."
    )


def test_both_answer_alike_with_other_scores(viewer, url):
    change("ada", routing_weight=3)

    response = asked(viewer, url, message="Ada", roster="both")

    assert response.context["difference"].verdict == (
        "Ada answers either way. Some scores differ."
    )


def test_both_answer_alike_but_not_equally_often(viewer, url):
    change("bob", routing_weight=0.9)

    response = asked(viewer, url, message="Ada or Bob?", roster="both", runs="1000")

    verdict = response.context["difference"].verdict
    assert verdict.endswith("either way, but not equally often.") or (
        "would change the answer" in verdict
    )


def test_neither_has_anybody(viewer, url):
    text = asked(viewer, url, message="Hm", roster="both").text

    assert "neither live nor in drafts" in text
    assert "Nobody answers either way" in text


def test_drafts_that_are_not_tried_are_named(viewer, url):
    make_framework("raw", is_published=False)
    for number in range(12):
        make_character(f"mia-{number}", framework_id="raw")

    text = asked(viewer, url, message="tea", roster="draft").text

    assert text.count("Their framework was never published.") == 10
    assert "And 2 more." in text


# -- What is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"message": "x" * 8_193}, "message"),
        ({"author": "Nemo"}, "author"),
        ({"mentions": "ada, Nemo"}, "mentions"),
        ({"mentions": ",".join(map(str, range(21)))}, "mentions"),
        ({"sticky": "character"}, "sticky_character"),
        ({"sticky": "character", "sticky_character": "Nemo"}, "sticky_character"),
        ({"runs": "7"}, "runs"),
        ({"seed": "-1"}, "seed"),
        ({"roster": "other"}, "roster"),
        ({"channel": "x" * 65}, "channel"),
        ({"message": "a\0b"}, "message"),
    ],
)
def test_what_cannot_be_tried_is_marked(viewer, url, fields, name):
    assert name in asked(viewer, url, **fields).context["form"].errors
    assert post(viewer, url, **fields).status_code == 422


def test_name_of_several_is_refused(viewer, url):
    make_character("ada-2", display_name="Ada")

    response = asked(viewer, url, author="Ada", message="x")
    assert "Several are called" not in response.text or response.context["problem"]
    by_name = asked(viewer, url, mentions="ADA").context["form"]
    assert by_name.errors["mentions"] == ["Several are called “ADA”; give the id."]


def test_settings_count(viewer, url):
    set_policy("USE_PERSONA_SYSTEM", value=False)

    response = asked(viewer, url, message="Ada", roster="both")

    assert "Routing is switched off" in response.text or "switched off" in response.text


def test_nobody_without_a_role(cast, url):
    assert client_as(None).get(url).status_code == 403
    assert client_as(None).post(url, FIELDS).status_code == 403


def queries(viewer, url) -> int:
    """Without those by which a process that serves nobody follows the streams."""
    with CaptureQueriesContext(connection) as made:
        asked(viewer, url, message="tea", roster="both", runs="100")
    return sum("core_livestream" not in each["sql"] for each in made)


def test_query_count_is_flat(viewer, url):
    queries(viewer, url)
    few = queries(viewer, url)
    for number in range(30):
        make_character(f"more-{number}", topic_interests=["tea"])
    queries(viewer, url)

    # Session, person, role; the channel's decisions and names, live and in drafts;
    # drafts and growth.
    assert queries(viewer, url) == few == 9
