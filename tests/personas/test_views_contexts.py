"""The page of kinds of conversation."""

import pytest
from django.urls import reverse

from core import limits, policy
from core.models import AuditEntry, PolicySetting, User
from core.roles import Role
from personas.domain.contexts import (
    DEFAULT_CONTEXTS,
    ConversationContext,
    FrameworkWeight,
)
from personas.policy import CONVERSATION_CONTEXTS, FRAMEWORK_BLENDING_ENABLED
from personas.services import contexts, publishing
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person

pytestmark = pytest.mark.django_db

FORMAL = DEFAULT_CONTEXTS[2]


@pytest.fixture
def mia() -> User:
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


@pytest.fixture
def four() -> None:
    for key in ("neuro", "assistant", "caring", "chaotic"):
        make_framework(key, interaction_style={"tone": key})


def url(name: str = "list", *args: str) -> str:
    return reverse(f"personas:context-{name}", args=args)


def table() -> dict[str, ConversationContext]:
    return {row.context: row for row in policy.value(CONVERSATION_CONTEXTS)}


def put(*rows: ConversationContext) -> None:
    policy.set_value(name=CONVERSATION_CONTEXTS, value=rows, actor=None, now=NOW)


def posted(row: ConversationContext, **changes) -> dict:
    """What a browser without scripts sends for the form of ``row``, changed."""
    data = {
        "started": contexts.started_from(row),
        "title": row.title,
        "vocabulary": "\n".join(row.vocabulary),
        "aliases": "\n".join(row.aliases),
        **{f"weight-{w.framework_id}": f"{100 * w.weight:g}" for w in row.weights},
    }
    return {**data, **changes}


def text_of(response) -> str:
    return response.content.decode()


# -- The table ------------------------------------------------------------------------


def test_everybody_reads_the_table_and_viewers_find_no_controls(four):
    response = client_as(Role.VIEWER).get(url())

    text = text_of(response)
    for words in ("Technical", "80 %", "stack trace", "creative_task"):
        assert words in text
    assert "Its share of 10 % is not above 10 %." in text
    assert url("create") not in text
    assert url("edit", "formal") not in text


def test_frameworks_that_are_not_there_are_named(four):
    ghost = FrameworkWeight(framework_id="ghost", weight=1.0)
    put(FORMAL.model_copy(update={"weights": [*FORMAL.weights, ghost]}))

    text = text_of(client_as(Role.VIEWER).get(url()))

    assert "<code>ghost</code>" in text
    assert "There is no such framework." in text


def test_an_empty_table_and_a_switch_that_is_off_are_said(manager):
    put()
    policy.set_value(name=FRAMEWORK_BLENDING_ENABLED, value=False, actor=None, now=NOW)

    text = text_of(manager.get(url()))

    assert "No kinds of conversation" in text
    assert "Blending is off." in text


def test_the_number_of_queries_is_flat(manager, four, django_assert_max_num_queries):
    for number in range(12):
        make_character(f"c{number}", framework_blending={"enabled": True})
    ids = [f"c{number}" for number in range(12)]
    publishing.publish(character_ids=ids, note="N", author=None, now=NOW)
    rows = [ConversationContext(context=f"k{n}") for n in range(30)]
    put(*rows, *DEFAULT_CONTEXTS[1:])

    manager.get(url())

    # Session, person, role; frameworks, table, live blends, last change; looks
    # for what changed, for the switch and for the header, while no watcher runs.
    with django_assert_max_num_queries(9):
        response = manager.get(url())

    assert len(response.context["behind"]) == 12


# -- Changing a kind ------------------------------------------------------------------


def test_a_manager_changes_words_and_weights_and_it_is_on_record(manager, mia, four):
    data = posted(
        FORMAL,
        title="Official",
        vocabulary="herewith\nthe undersigned",
        **{"weight-assistant": "60", "weight-caring": "40", "weight-neuro": ""},
    )

    response = manager.post(url("edit", "formal"), data)

    assert response.url == url()
    row = table()["formal"]
    assert (row.title, row.vocabulary) == ("Official", ["herewith", "the undersigned"])
    assert row.asked == {"assistant": 0.6, "caring": 0.4}
    assert row.aliases == ["debate"]
    assert list(table()) == [c.context for c in DEFAULT_CONTEXTS]
    assert AuditEntry.objects.get(action="setting.changed").actor == mia


def test_weights_nobody_touched_stay_as_exact_as_they_were(manager, four):
    third = [
        FrameworkWeight(framework_id=key, weight=weight)
        for key, weight in (("neuro", 1.0), ("caring", 2.0))
    ]
    odd = FORMAL.model_copy(update={"weights": third})
    put(odd)
    form = manager.get(url("edit", "formal")).context["form"]
    shown = {f.name: f.value() for f in form.weight_fields}
    assert (shown["weight-neuro"], shown["weight-caring"]) == (33.3333, 66.6667)

    sent = {name: "" if value is None else value for name, value in shown.items()}
    manager.post(url("edit", "formal"), {**posted(odd), **sent, "title": "Other"})

    assert table()["formal"].title == "Other"
    assert table()["formal"].weights == third


def test_a_framework_that_is_gone_can_be_taken_out(manager, four):
    ghost = FrameworkWeight(framework_id="ghost", weight=1.0)
    row = FORMAL.model_copy(update={"weights": [ghost]})
    put(row)
    text = text_of(manager.get(url("edit", "formal")))
    assert "ghost (no such framework)" in text

    data = {**posted(row), "weight-ghost": "", "weight-neuro": "100"}
    manager.post(url("edit", "formal"), data)

    assert table()["formal"].asked == {"neuro": 1.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight-neuro": "-1"}, "greater than or equal to 0"),
        ({"weight-neuro": "lots"}, "Enter a number"),
        ({"weight-neuro": "nan"}, "Enter a number"),
        ({"weight-neuro": "1e9"}, "less than or equal to"),
        ({"aliases": "casual"}, "“casual” stands twice"),
        ({"aliases": "auto"}, "“auto” asks for whichever kind"),
        ({"aliases": "Not A Slug"}, "field--invalid"),
        ({"vocabulary": "-"}, "holds nothing that could be looked for"),
        ({"vocabulary": "x" * 201}, "field--invalid"),
        ({"title": "a\0b"}, "field--invalid"),
    ],
)
def test_what_will_not_do_is_said_and_nothing_is_lost(manager, four, changes, words):
    data = posted(FORMAL, **{"title": "My <title>", **changes})

    response = manager.post(url("edit", "formal"), data)

    text = text_of(response)
    assert response.status_code == 422
    assert words in text
    assert "title" in changes or "My &lt;title&gt;" in text
    assert not PolicySetting.objects.exists()


def test_an_edit_of_what_somebody_changed_shows_both_and_loses_nothing(manager, four):
    mine = posted(FORMAL, title="Mine")
    theirs = FORMAL.model_copy(update={"title": "Theirs"})
    put(*DEFAULT_CONTEXTS[:2], theirs)

    response = manager.post(url("edit", "formal"), mine)

    text = text_of(response)
    assert response.status_code == 412
    assert "Somebody changed Theirs in the meantime." in text
    assert 'value="Mine"' in text
    assert "<del>Theirs</del>" in text
    assert table()["formal"].title == "Theirs"

    again = {**mine, "started": response.context["form"]["started"].value()}
    assert manager.post(url("edit", "formal"), again).status_code == 302
    assert table()["formal"].title == "Mine"


def test_an_edit_of_another_kind_is_no_conflict(manager, four):
    mine = posted(FORMAL, title="Mine")
    put(DEFAULT_CONTEXTS[0].model_copy(update={"title": "Theirs"}), FORMAL)

    manager.post(url("edit", "formal"), mine)

    assert [row.title for row in table().values()] == ["Theirs", "Mine"]


def test_an_edit_of_a_removed_kind_can_be_saved_anew(manager, four):
    mine = posted(FORMAL, title="Mine")
    put(*DEFAULT_CONTEXTS[:2])

    response = manager.post(url("edit", "formal"), mine)

    assert response.status_code == 412
    assert "Somebody removed Mine in the meantime." in text_of(response)
    again = {**mine, "started": response.context["form"]["started"].value()}
    manager.post(url("edit", "formal"), again)
    assert list(table()) == ["technical", "casual", "formal"]


def test_unknown_kinds_are_not_there(manager):
    assert manager.get(url("edit", "gossip")).status_code == 404


# -- Adding and removing --------------------------------------------------------------


def test_a_kind_is_added_at_the_end(manager, four):
    data = {
        "context": "gossip",
        "title": "Gossip",
        "vocabulary": "rumour",
        "aliases": "",
        "weight-chaotic": "100",
    }

    response = manager.post(url("create"), data)

    assert response.url == url()
    assert list(table())[-1] == "gossip"
    assert table()["gossip"].asked == {"chaotic": 1.0}


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("casual", "There is a kind with this id already."),
        ("debate", "“debate” stands twice"),
        ("auto", "“auto” asks for whichever kind"),
        ("", "field--invalid"),
        ("Not a slug", "field--invalid"),
    ],
)
def test_a_new_id_is_a_new_id(manager, four, context, words):
    data = {"context": context, "title": "New", "vocabulary": "", "aliases": ""}

    response = manager.post(url("create"), data)

    assert response.status_code == 422
    assert words in text_of(response)
    assert not PolicySetting.objects.exists()


def test_a_full_table_takes_no_more(manager):
    put(*(ConversationContext(context=f"k{n}") for n in range(50)))

    response = manager.post(
        url("create"), {"context": "more", "title": "", "vocabulary": "", "aliases": ""}
    )

    assert response.status_code == 422
    assert "at most 50 items" in text_of(response)
    assert url("create") not in text_of(manager.get(url()))


def test_a_kind_is_removed_and_undo_brings_it_back(manager, four):
    started = contexts.started_from(FORMAL)
    manager.post(url("remove", "formal"), {"started": started})
    assert "formal" not in table()
    page = manager.get(url())
    assert "Last change: Removed Formal, mia" in text_of(page)

    undo = {"row": page.context["last"]["before_id"], "instead_of": _newest()}
    manager.post(url("put-back"), undo)

    assert tuple(table().values()) == DEFAULT_CONTEXTS


def test_a_kind_that_somebody_changed_is_not_removed(manager, four):
    started = contexts.started_from(FORMAL)
    put(FORMAL.model_copy(update={"title": "Theirs"}))

    response = manager.post(url("remove", "formal"), {"started": started}, follow=True)

    assert "Somebody changed Theirs in the meantime" in text_of(response)
    assert "formal" in table()
    manager.post(url("remove", "nobody"), {"started": ""})
    assert PolicySetting.objects.count() == 1


# -- History --------------------------------------------------------------------------


def _newest() -> int:
    return PolicySetting.objects.order_by("-id")[0].pk


def test_history_says_what_each_change_did_and_any_table_comes_back(manager, four):
    put(FORMAL)
    put(FORMAL.model_copy(update={"title": "Official", "vocabulary": ["herewith"]}))
    put(FORMAL, ConversationContext(context="sea", title="Sea"))
    first = PolicySetting.objects.order_by("id")[0]

    response = manager.get(url("history"))

    assert [change["lines"] for change in response.context["changes"]] == [
        ["Added Sea", "Changed Formal: name, words that tell of it"],
        ["Changed Official: name, words that tell of it"],
        [
            "Removed Technical",
            "Removed Casual",
            "Removed Creative",
            "Removed Educational",
        ],
    ]
    manager.post(url("put-back"), {"row": first.pk, "instead_of": _newest()})
    assert list(table()) == ["formal"]


def test_without_changes_the_history_says_so(manager):
    assert "Never changed" in text_of(manager.get(url("history")))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Reload the page"),
        ({"row": "x", "instead_of": "1"}, "Reload the page"),
        ({"row": "9" * 30, "instead_of": "1"}, "Reload the page"),
        ({"row": "0", "instead_of": "999999"}, "Somebody changed the kinds meanwhile"),
        ({"row": "999999", "instead_of": "now"}, "Reload the page"),
    ],
)
def test_what_cannot_be_put_back_is_said(manager, data, words):
    put(FORMAL)

    response = manager.post(url("put-back"), data, follow=True)

    assert words in text_of(response)
    assert list(table()) == ["formal"]


def test_a_row_of_another_setting_is_no_table(manager):
    policy.set_value(name=FRAMEWORK_BLENDING_ENABLED, value=False, actor=None, now=NOW)
    other = _newest()
    put(FORMAL)

    response = manager.post(
        url("put-back"), {"row": other, "instead_of": _newest()}, follow=True
    )

    assert "There is no such earlier table." in text_of(response)
    assert list(table()) == ["formal"]


# -- The test box ---------------------------------------------------------------------


def _test(client, message: str, **headers):
    return client.post(url("test"), {"message": message}, headers=headers)


def test_a_message_shows_which_words_tell_of_what(four):
    response = _test(client_as(Role.VIEWER), "A <b>bug</b> in my code, lol")

    tested = response.context["tested"]
    assert tested.winner == "Technical"
    assert [(s.text, s.kinds) for s in tested.segments if s.kinds] == [
        ("bug", ("Technical",)),
        ("code", ("Technical",)),
        ("lol", ("Casual",)),
    ]
    assert "".join(s.text for s in tested.segments) == "A <b>bug</b> in my code, lol"
    assert "&lt;b&gt;<mark" in text_of(response)
    assert not PolicySetting.objects.exists()


def test_a_word_of_two_kinds_tells_of_both():
    put(
        ConversationContext(context="tea", vocabulary=["Kettle"]),
        ConversationContext(context="sea", vocabulary=["kettle"]),
    )

    tested = _test(client_as(Role.VIEWER), "kettle").context["tested"]

    assert tested.segments[0].kinds == ("tea", "sea")
    assert [told.is_winner for told in tested.told] == [True, False]


def test_htmx_gets_the_box_alone():
    response = _test(client_as(Role.VIEWER), "prevent", HX_Request="true")

    text = text_of(response)
    assert "<html" not in text
    assert "No word of any kind stands in it" in text


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", "Write or paste a message."),
        ("ä" * (limits.MESSAGE_BYTES // 2 + 1), "at most 8 KiB"),
        ("a\0b", "Null characters are not allowed."),
    ],
)
def test_messages_that_will_not_do_are_said(message, words):
    viewer = client_as(Role.VIEWER)

    page = _test(viewer, message)
    fragment = _test(viewer, message, HX_Request="true")

    assert (page.status_code, fragment.status_code) == (422, 200)
    assert words in text_of(page)
    assert words in text_of(fragment)


# -- Who is behind --------------------------------------------------------------------


def _publish(*ids: str) -> None:
    publishing.publish(character_ids=ids, note="N", author=None, now=NOW)


def test_live_characters_that_would_change_are_named_with_the_way_there(manager, four):
    own = [{"context": "formal", "framework_id": "caring", "weight": 1.0}]
    make_character("ada", framework_blending={"enabled": True})
    make_character("own", framework_blending={"enabled": True, "weights": own})
    make_character("plain")
    make_character("draft", framework_blending={"enabled": True})
    _publish("ada", "own", "plain")
    assert manager.get(url()).context["behind"] == []

    data = {**posted(FORMAL), "weight-caring": "50"}
    manager.post(url("edit", "formal"), data)
    response = manager.get(url())

    [behind] = response.context["behind"]
    assert (behind.character_id, behind.kinds) == ("ada", ("Formal",))
    assert f"{reverse('personas:publish')}?ids=ada" in text_of(response)


def test_weights_that_come_to_the_same_mix_leave_nobody_behind(manager, four):
    make_character("ada", framework_blending={"enabled": True})
    _publish("ada")

    double = [w.model_copy(update={"weight": w.weight * 2}) for w in FORMAL.weights]
    rows = {**table(), "formal": FORMAL.model_copy(update={"weights": double})}
    put(*rows.values())

    assert manager.get(url()).context["behind"] == []


def test_a_new_kind_and_one_that_is_gone_leave_behind_who_blends(manager, four):
    make_character("ada", framework_blending={"enabled": True})
    _publish("ada")
    new = ConversationContext(
        context="sea", weights=[FrameworkWeight(framework_id="neuro", weight=1.0)]
    )

    put(*DEFAULT_CONTEXTS[1:], new)

    [behind] = manager.get(url()).context["behind"]
    assert behind.kinds == ("sea", "technical")


# -- Who may --------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
def test_others_change_nothing(role, four):
    client = client_as(role)

    answers = [
        client.get(url("create")),
        client.post(url("create"), {"context": "x"}),
        client.get(url("edit", "formal")),
        client.post(url("edit", "formal"), posted(FORMAL, title="Mine")),
        client.post(
            url("remove", "formal"), {"started": contexts.started_from(FORMAL)}
        ),
        client.post(url("put-back"), {"row": 0, "instead_of": 0}),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert not PolicySetting.objects.exists()


# -- Two at once ----------------------------------------------------------------------


def test_a_save_that_others_overtake_is_made_on_what_they_left(monkeypatch):
    began = contexts.current()
    theirs = DEFAULT_CONTEXTS[0].model_copy(update={"title": "Theirs"})
    put(theirs, *DEFAULT_CONTEXTS[1:])
    looks = iter([began])
    now_there = contexts.current
    monkeypatch.setattr(contexts, "current", lambda: next(looks, None) or now_there())

    contexts.save(
        FORMAL.model_copy(update={"title": "Mine"}),
        started=contexts.started_from(FORMAL),
        actor=None,
        now=NOW,
    )

    assert [row.name for row in table().values()][:3] == ["Theirs", "Casual", "Mine"]


def test_a_save_that_is_overtaken_again_and_again_is_refused(monkeypatch):
    began = contexts.current()
    put(*DEFAULT_CONTEXTS[1:])
    monkeypatch.setattr(contexts, "current", lambda: began)

    with pytest.raises(contexts.NotValid, match="save again"):
        contexts.save(
            FORMAL.model_copy(update={"title": "Mine"}),
            started=contexts.started_from(FORMAL),
            actor=None,
            now=NOW,
        )
