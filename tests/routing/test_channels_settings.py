"""What managers say of a channel, what it inherits, and how that is taken back."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import AuditEntry, LiveChange, User
from core.roles import Role
from personas.domain.sheets import ReplyMode
from routing.domain.channels import ChannelSettings
from routing.domain.messages import Place
from routing.models import Channel
from routing.services import channels, switches
from routing.services.channels import (
    ChangedMeanwhile,
    NoSuchChannel,
    NotValid,
    Reported,
    Saved,
)
from routing.services.inheriting import (
    Answers,
    ancestors_of,
    in_force,
    lineage,
    said_by,
    settings_of,
    switched,
)
from tests.factories import NOW, make_character, make_person

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def manager(db) -> User:
    return make_person(Role.MANAGER)


@pytest.fixture
def tree(db) -> None:
    """A thread in a channel in a category, and characters to name."""
    for name in ("ada", "bob", "eve"):
        make_character(name)
    channels.sync(
        [
            Reported(id="thread", name="Thread", parent_id="general"),
            Reported(id="general", name="general", category_id="talk"),
            Reported(id="talk", name="Talk"),
        ],
        now=NOW,
    )


def settings(**said: Any) -> ChannelSettings:
    return ChannelSettings.model_validate_json(orjson.dumps(said))


@pytest.fixture
def save(manager):
    def act(channel_id: str, *, based_on: int | None = None, **said: Any) -> Saved:
        return channels.save_settings(
            channel_id=channel_id,
            settings=settings(**said),
            based_on=based_on,
            actor=manager,
            now=LATER,
        )

    return act


def place(channel_id: str) -> Place:
    """As decisions have it."""
    return switches.read().place(channel_id)


def force(channel_id: str):
    channel = Channel.objects.get(channel_id=channel_id)
    return in_force(said_by(channel, known=ancestors_of([channel])))


# -- Saving ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"reply_mode": "never"}, {"reply_mode": ReplyMode.NEVER}),
        ({"reply_mode": "freely"}, {"reply_mode": ReplyMode.FREELY}),
        ({"allow": ["ada", "bob"]}, {"allow": frozenset({"ada", "bob"})}),
        ({"deny": ["eve"]}, {"deny": frozenset({"eve"})}),
        ({"default_character_id": "ada"}, {"default_character_id": "ada"}),
        ({"default_character_id": ""}, {"default_character_id": ""}),
    ],
)
@pytest.mark.usefixtures("tree")
def test_each_setting_changes_the_place(save, said, expected):
    before = place("general")

    save("general", **said)

    after = place("general")
    changed = {
        name: getattr(after, name)
        for name in ("reply_mode", "allow", "deny", "default_character_id")
        if getattr(after, name) != getattr(before, name)
    }
    assert changed == expected


@pytest.mark.usefixtures("tree")
def test_saving_is_audited_and_told(save, manager):
    saved = save("general", reply_mode="never")

    entry = AuditEntry.objects.get(action="channel.edited")
    assert saved.entry == entry
    assert (entry.actor, entry.object_id, entry.object_name) == (
        manager,
        "general",
        "general",
    )
    assert (entry.before, entry.after) == ({}, {"reply_mode": "never"})
    for stream in ("switches", "routing"):
        told = LiveChange.objects.filter(stream=stream).order_by("-pk").first()
        assert told is not None
        assert (told.key, told.op["revision"]) == ("channel:general", 2)


@pytest.mark.usefixtures("tree")
def test_the_same_settings_again_change_nothing(save):
    save("general", reply_mode="never")

    saved = save("general", reply_mode="never")

    assert saved.entry is None
    assert saved.channel.revision == 2


@pytest.mark.usefixtures("tree")
def test_a_stale_edit_writes_nothing(save):
    save("general", based_on=1, reply_mode="never")

    with pytest.raises(ChangedMeanwhile) as caught:
        save("general", based_on=1, reply_mode="freely")

    assert caught.value.theirs.revision == 2
    assert Channel.objects.get(channel_id="general").settings == {"reply_mode": "never"}


def test_people_make_no_channels(save):
    with pytest.raises(NoSuchChannel):
        save("nowhere", reply_mode="never")


@pytest.mark.usefixtures("tree")
def test_unknown_characters_are_pointed_to(save):
    with pytest.raises(NotValid) as caught:
        save("general", allow=["ada", "zoe"], deny=["yan"], default_character_id="zoe")

    assert [error.pointer for error in caught.value.errors] == [
        "/allow/1",
        "/deny/0",
        "/default_character_id",
    ]
    assert Channel.objects.get(channel_id="general").settings == {}


@pytest.mark.usefixtures("tree")
def test_whom_it_names_already_it_may_go_on_naming(save):
    Channel.objects.filter(channel_id="general").update(settings={"deny": ["gone"]})

    save("general", deny=["gone", "ada"])

    assert place("general").deny == {"gone", "ada"}


@pytest.mark.usefixtures("tree")
def test_a_channel_cannot_go_by_the_channel(save):
    with pytest.raises(NotValid) as caught:
        save("general", reply_mode="channel")

    assert caught.value.errors[0].pointer == "/reply_mode"


@pytest.mark.usefixtures("tree")
def test_repeats_are_dropped(save):
    save("general", deny=["ada", "ada"])

    assert Channel.objects.get(channel_id="general").settings == {"deny": ["ada"]}


# -- Inheriting ------------------------------------------------------------------------


@pytest.mark.usefixtures("tree")
def test_each_value_comes_from_the_nearest_that_says_it(save):
    save("talk", reply_mode="never", deny=["eve"], default_character_id="ada")
    save("general", deny=["bob"])
    save("thread", allow=["ada"])

    found = force("thread")

    assert dict(found.origins) == {
        "reply_mode": "category",
        "allow": "own",
        "deny": "parent",
        "default_character_id": "category",
    }
    here = place("thread")
    assert (here.reply_mode, here.allow, here.deny, here.default_character_id) == (
        found.reply_mode,
        frozenset(found.allow or ()),
        frozenset(found.deny),
        found.default_character_id,
    )


def test_nobody_said_anything():
    found = in_force([("own", settings())])

    assert set(found.origins.values()) == {"default"}
    assert found.answers("ada") == (Answers.OPEN, "default")


@pytest.mark.parametrize("stored", [{"allow": "ada"}, {"of": "another release"}])
def test_settings_that_cannot_be_read_say_nothing(stored):
    assert settings_of(Channel(settings=stored)) == settings()


def test_the_mode_of_the_channel_says_nothing_of_a_channel():
    found = in_force(
        [
            ("own", settings(reply_mode="channel")),
            ("category", settings(reply_mode="never")),
        ]
    )

    assert (found.reply_mode, found.origins["reply_mode"]) == ("never", "category")


def test_an_empty_list_lets_everybody_in_against_the_category():
    found = in_force(
        [("own", settings(allow=[])), ("category", settings(allow=["ada"]))]
    )

    assert found.allow is None
    assert found.origins["allow"] == "own"


def placed(channel_id: str, *, parent: str = "", category: str = ""):
    return SimpleNamespace(
        channel_id=channel_id, parent_id=parent, category_id=category
    )


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (placed("c"), ["c"]),
        (placed("c", category="k"), ["c", "k"]),
        (placed("c", category="unknown"), ["c"]),
        (placed("t", parent="p"), ["t", "p", "k"]),
        (placed("t", parent="p", category="other"), ["t", "p", "other"]),
        (placed("t", parent="unknown"), ["t"]),
        # However bots tell it, nothing goes in circles.
        (placed("p", parent="p", category="p"), ["p", "p", "p"]),
    ],
)
def test_lineage(channel, expected):
    known = {
        "p": placed("p", category="k"),
        "k": placed("k"),
        "other": placed("other"),
    }

    found = lineage(channel, known={**known, channel.channel_id: channel})

    assert [each.channel_id for _, each in found] == expected


# -- One character ---------------------------------------------------------------------

NAMES = st.sampled_from(["ada", "bob", "eve"])
LISTS = st.none() | st.lists(NAMES, unique=True)


@given(
    st.lists(
        st.builds(lambda a, d: settings(allow=a, deny=d), LISTS, LISTS), max_size=2
    ),
    LISTS,
    LISTS,
    NAMES,
    st.booleans(),
)
def test_a_switch_reaches_one_character_only(above, allow, deny, name, may):
    kinds = ["own", "parent", "category"]
    own = settings(allow=allow, deny=deny)
    said = list(zip(kinds, [own, *above], strict=False))

    after = switched(said, character_id=name, may=may)

    before_now, now = in_force(said), in_force([("own", after), *said[1:]])
    state, _ = now.answers(name)
    assert (state is not Answers.NEVER) is may
    for other in {"ada", "bob", "eve"} - {name}:
        assert now.answers(other)[0] is before_now.answers(other)[0]


def test_there_and_back_leaves_nothing_of_its_own():
    said = [("own", settings()), ("category", settings(deny=["eve"]))]

    there = switched(said, character_id="ada", may=False)
    back = switched([("own", there), said[1]], character_id="ada", may=True)

    assert there.deny == ["eve", "ada"]
    assert back == settings()


@pytest.mark.usefixtures("tree")
def test_let_answer_writes_the_channel(manager):
    for may, expected in ((False, frozenset({"ada"})), (True, frozenset())):
        channels.let_answer(
            channel_id="general",
            character_id="ada",
            may=may,
            actor=manager,
            now=LATER,
        )

        assert place("general").deny == expected


# -- Taking back -----------------------------------------------------------------------


@pytest.fixture
def take_back(manager):
    def act(saved: Saved) -> Saved:
        assert saved.entry is not None
        return channels.take_back(
            channel_id=saved.channel.channel_id,
            entry_pk=saved.entry.pk,
            based_on=saved.channel.revision,
            actor=manager,
            now=LATER,
        )

    return act


@pytest.mark.usefixtures("tree")
def test_taking_back_restores_what_was_before(save, take_back):
    save("general", reply_mode="never", deny=["ada"])
    saved = save("general", reply_mode="freely", allow=["bob"])

    take_back(saved)

    channel = Channel.objects.get(channel_id="general")
    assert settings_of(channel) == settings(reply_mode="never", deny=["ada"])


@pytest.mark.usefixtures("tree")
def test_taking_back_what_is_not_the_last_any_more(save, take_back):
    saved = save("general", reply_mode="never")
    save("general", reply_mode="freely")

    with pytest.raises(ChangedMeanwhile):
        take_back(Saved(Channel(channel_id="general", revision=2), saved.entry))

    assert Channel.objects.get(channel_id="general").settings == {
        "reply_mode": "freely"
    }


@pytest.mark.usefixtures("tree")
def test_taking_back_an_older_edit_as_if_it_were_the_last(save, take_back):
    older = save("general", reply_mode="never")
    newest = save("general", reply_mode="freely")

    with pytest.raises(ChangedMeanwhile):
        take_back(Saved(newest.channel, older.entry))

    take_back(newest)
    assert Channel.objects.get(channel_id="general").settings == {"reply_mode": "never"}


@pytest.mark.usefixtures("tree")
def test_taking_back_an_edit_of_another_channel(save, take_back):
    saved = save("general", reply_mode="never")

    with pytest.raises(NoSuchChannel):
        take_back(Saved(Channel(channel_id="talk", revision=1), saved.entry))
