"""Pages of kinds of interaction, bands of feeling and words for traits."""

import pytest
from django.urls import reverse

from core import policy
from core.models import AuditEntry, PolicySetting, User
from core.roles import Role
from personas.domain.sheets import Sheet
from relationships.domain.bands import DEFAULT_BANDS, Band
from relationships.domain.kinds import DEFAULT_KINDS, Kind
from relationships.domain.traits import DEFAULT_TRAIT_WORDS, PairTrait, TraitWord
from relationships.policy import (
    INTERACTION_KINDS,
    RELATIONSHIP_BANDS,
    RELATIONSHIP_TRAIT_WORDS,
    known_kinds,
)
from relationships.services import tables
from relationships.views.settings_rows import BAND_PAGE, KIND_PAGE, table_changes
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db

INSULT = next(kind for kind in DEFAULT_KINDS if kind.kind == "insult")
SLUGS = ("kind", "band", "trait-word")
SETTINGS = {
    "kind": INTERACTION_KINDS,
    "band": RELATIONSHIP_BANDS,
    "trait-word": RELATIONSHIP_TRAIT_WORDS,
}


@pytest.fixture
def mia() -> User:
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


def url(slug: str, act: str = "list", *args: str) -> str:
    return reverse(f"relationships:{slug}-{act}", args=args)


def put(name: str, *rows: Sheet) -> None:
    policy.set_value(name=name, value=rows, actor=None, now=NOW)


def posted(row: Sheet, **changes) -> dict:
    """What a browser without scripts sends for the form of ``row``, changed."""
    values = row.model_dump(mode="json")
    started = {"started": tables.started_from(row)}
    shown = {key: "" if value is None else value for key, value in values.items()}
    return {**shown, **started, **changes}


def text_of(response) -> str:
    return response.content.decode()


# -- The tables -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("kind", ["Insult", "−3", "+2.5", "−0.05", "Puts the other down"]),
        (
            "band",
            [
                "Nemesis",
                "−7 or less",
                "−3 or less, above −7",
                "above −3 and below 3",
                "3 or more, below 7",
                "7 or more",
                "Nothing is said",
            ],
        ),
        ("trait-word", ["Warmth", "0.2 or more", "−0.6 or less", "looks up to"]),
    ],
)
def test_everybody_reads_a_table_and_viewers_find_no_controls(slug, words):
    response = client_as(Role.VIEWER).get(url(slug))

    text = text_of(response)
    for each in words:
        assert each in text
    assert url(slug, "create") not in text
    assert "/edit/" not in text


def test_a_manager_finds_the_way_to_each_row(manager):
    text = text_of(manager.get(url("band")))

    assert url("band", "create") in text
    for band in DEFAULT_BANDS:
        assert url("band", "edit", band.band) in text


def test_the_settings_list_leads_to_the_tables(manager):
    text = text_of(manager.get(reverse("core:setting-list")))

    for slug in SLUGS:
        assert f'href="{url(slug)}"' in text


def test_an_empty_table_says_what_that_means(manager):
    put(INTERACTION_KINDS)

    text = text_of(manager.get(url("kind")))

    assert "every report from one character to another is refused" in text


def test_one_band_alone_holds_everything():
    middle = Band(band="even", title="Even")

    (shown,) = BAND_PAGE.shown((middle,))

    assert shown.cells[1].text == "all"


def test_a_table_with_bands_on_one_side_only():
    rows = (Band(band="even", title="Even"), Band(band="pal", title="Pal", at=2.5))

    even, pal = BAND_PAGE.shown(rows)

    assert (even.cells[1].text, pal.cells[1].text) == ("below 2.5", "2.5 or more")


@pytest.mark.parametrize("slug", SLUGS)
def test_the_number_of_queries_is_flat(slug, manager, django_assert_max_num_queries):
    put(
        INTERACTION_KINDS,
        *(Kind(kind=f"k{n}", title=f"K {n}", base=n / 10) for n in range(60)),
    )

    manager.get(url(slug))

    # Session, person, role; table, last change; looks for what changed and for the
    # header, while no watcher runs.
    with django_assert_max_num_queries(8):
        manager.get(url(slug))


# -- Changing a row -------------------------------------------------------------------


def test_an_edit_is_saved_audited_and_in_force(manager, mia):
    response = manager.post(
        url("kind", "edit", "insult"), posted(INSULT, base="-4.25", warmth="-0.125")
    )

    assert response.status_code == 302
    saved = known_kinds()["insult"]
    assert (saved.base_milli, saved.steps["warmth"]) == (-4_250, -125)
    assert saved.steps["respect"] == -50
    assert list(known_kinds()) == [kind.kind for kind in DEFAULT_KINDS]
    audit = AuditEntry.objects.latest("pk")
    assert (audit.action, audit.actor) == ("setting.changed", mia)
    told = "Changed Insult: change −3 → −4.25, warmth −0.05 → −0.125"
    assert told in text_of(manager.get(url("kind")))


def test_a_kind_keeps_the_id_that_bots_know(manager):
    manager.post(url("kind", "edit", "insult"), posted(INSULT, kind="other", base="-4"))

    assert "other" not in known_kinds()
    assert known_kinds()["insult"].base == -4


def test_a_new_kind_stands_at_the_end(manager):
    data = {"started": "", "kind": "praise", "title": "Praise", "base": "2"}

    response = manager.post(url("kind", "create"), data)

    assert response.status_code == 302
    assert list(known_kinds())[-1] == "praise"
    assert known_kinds()["praise"].steps == {}


def test_a_new_band_finds_its_place(manager):
    data = {"started": "", "band": "pal", "title": "Pal", "at": "1.5", "words": ""}

    manager.post(url("band", "create"), data)

    bands = [band.band for band in policy.value(RELATIONSHIP_BANDS)]
    assert bands == ["nemesis", "rival", "neutral", "pal", "friend", "close"]


def test_the_middle_band_can_have_words(manager):
    neutral = DEFAULT_BANDS[2]

    manager.post(
        url("band", "edit", "neutral"), posted(neutral, words="They are strangers.")
    )

    middle = policy.value(RELATIONSHIP_BANDS)[2]
    assert (middle.at, middle.words) == (None, "They are strangers.")


def test_a_line_that_moves_stays_one_line(manager):
    line = DEFAULT_TRAIT_WORDS[3]

    manager.post(url("trait-word", "edit", line.key), posted(line, at="0.75"))

    rows = policy.value(RELATIONSHIP_TRAIT_WORDS)
    assert len(rows) == len(DEFAULT_TRAIT_WORDS)
    assert [row.key for row in rows][3] == "warmth-above-750"


@pytest.mark.parametrize(
    ("slug", "data", "words"),
    [
        (
            "kind",
            {"kind": "Not A Slug", "title": "Praise", "base": "2"},
            "Use small letters a–z",
        ),
        ("kind", {"kind": "praise", "title": "Praise", "base": "11"}, "10"),
        (
            "kind",
            {"kind": "praise", "title": "Praise", "base": "0.0001"},
            "at most three decimals",
        ),
        (
            "kind",
            {"kind": "insult", "title": "Insult", "base": "2"},
            "There is a kind like this already.",
        ),
        (
            "band",
            {"band": "odd", "title": "Odd", "at": ""},
            "Neutral and Odd both are the one in the middle",
        ),
        (
            "band",
            {"band": "odd", "title": "Odd", "at": "3"},
            "Friend and Odd begin at the same number",
        ),
        (
            "trait-word",
            {"trait": "trust", "at": "0", "words": "So."},
            "0 is where everybody begins",
        ),
        (
            "trait-word",
            {"trait": "trust", "at": "0.2", "words": "So."},
            "There is a line like this already.",
        ),
    ],
)
def test_what_a_table_cannot_hold_is_said_beside_what_was_written(
    slug, data, words, manager
):
    response = manager.post(url(slug, "create"), {"started": "", **data})

    assert response.status_code == 422
    assert words in text_of(response)
    assert not PolicySetting.objects.filter(name=SETTINGS[slug]).exists()


def test_an_edit_that_would_break_the_table_is_refused(manager):
    response = manager.post(
        url("band", "edit", "neutral"), posted(DEFAULT_BANDS[2], at="5")
    )

    assert response.status_code == 422
    assert "One band must be the one in the middle" in text_of(response)


def test_an_edit_of_what_changed_meanwhile_shows_both(manager):
    stale = posted(INSULT, base="-5")
    theirs = INSULT.model_copy(update={"base": -4.0})
    tables.save(
        theirs,
        table=tables.KINDS,
        replaces="insult",
        started=tables.started_from(INSULT),
        actor=None,
        now=NOW,
    )

    response = manager.post(url("kind", "edit", "insult"), stale)

    assert response.status_code == 412
    assert known_kinds()["insult"].base == -4
    text = text_of(response)
    assert "Somebody changed Insult in the meantime." in text
    assert 'value="-5.0"' in text or 'value="-5"' in text
    # Sent again, it starts from what is there now.
    again = {**stale, "started": tables.started_from(theirs)}
    assert manager.post(url("kind", "edit", "insult"), again).status_code == 302
    assert known_kinds()["insult"].base == -5


def test_an_edit_of_what_was_removed_meanwhile_can_add_it_anew(manager):
    put(INTERACTION_KINDS, DEFAULT_KINDS[0])

    response = manager.post(url("kind", "edit", "insult"), posted(INSULT, base="-5"))

    assert response.status_code == 412
    assert "Somebody removed Insult in the meantime." in text_of(response)
    manager.post(url("kind", "edit", "insult"), posted(INSULT, started=""))
    assert list(known_kinds()) == [DEFAULT_KINDS[0].kind, "insult"]


def test_a_row_that_is_not_there_is_no_page(manager):
    assert manager.get(url("kind", "edit", "ghost")).status_code == 404


@pytest.mark.parametrize("slug", SLUGS)
def test_forms_open(slug, manager):
    table = {"kind": tables.KINDS, "band": tables.BANDS}.get(slug, tables.TRAIT_WORDS)
    row = tables.current(table).rows[0]

    assert manager.get(url(slug, "create")).status_code == 200
    response = manager.get(url(slug, "edit", table.key(row)))
    assert response.status_code == 200
    assert tables.started_from(row) in text_of(response)


# -- Removing, undoing ----------------------------------------------------------------


def test_a_kind_is_removed_and_undone(manager):
    data = {"started": tables.started_from(INSULT)}

    manager.post(url("kind", "remove", "insult"), data)

    assert "insult" not in known_kinds()
    row = policy.newest_row(INTERACTION_KINDS)
    manager.post(url("kind", "put-back"), {"row": "0", "instead_of": str(row.pk)})
    assert list(known_kinds()) == [kind.kind for kind in DEFAULT_KINDS]


def test_the_middle_band_cannot_be_removed(manager):
    data = {"started": tables.started_from(DEFAULT_BANDS[2])}

    response = manager.post(url("band", "remove", "neutral"), data, follow=True)

    assert "One band must be the one in the middle" in text_of(response)
    assert policy.value(RELATIONSHIP_BANDS) == DEFAULT_BANDS


def test_what_changed_meanwhile_is_not_removed(manager):
    response = manager.post(
        url("kind", "remove", "insult"), {"started": "older"}, follow=True
    )

    assert "Somebody changed Insult in the meantime" in text_of(response)
    assert "insult" in known_kinds()


def test_the_history_names_every_change_and_any_can_be_put_back(manager):
    put(INTERACTION_KINDS, *DEFAULT_KINDS[:5])
    first = policy.newest_row(INTERACTION_KINDS)
    put(INTERACTION_KINDS, *DEFAULT_KINDS[:5][::-1])
    put(INTERACTION_KINDS, DEFAULT_KINDS[0])
    newest = policy.newest_row(INTERACTION_KINDS)

    text = text_of(manager.get(url("kind", "history")))

    assert "Removed Message" in text
    assert "Changed the order" in text
    assert "Removed Insult" in text
    data = {"row": str(first.pk), "instead_of": str(newest.pk)}
    manager.post(url("kind", "put-back"), data)
    assert tuple(known_kinds().values()) == DEFAULT_KINDS[:5]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Reload the page"),
        ({"row": "x", "instead_of": "1"}, "Reload the page"),
        ({"row": "99999", "instead_of": "0"}, "There is no such earlier table"),
        ({"row": "0", "instead_of": "99999"}, "Somebody changed the table meanwhile"),
    ],
)
def test_a_table_that_cannot_be_put_back_is_said(manager, data, words):
    response = manager.post(url("kind", "put-back"), data, follow=True)

    assert words in text_of(response)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_history_without_changes_says_so(slug):
    text = text_of(client_as(Role.VIEWER).get(url(slug, "history")))

    assert "Never changed" in text


def test_what_a_newer_release_left_behind_is_shown_as_the_default(manager):
    PolicySetting.objects.create(
        name=INTERACTION_KINDS, value=[{"kind": "x", "new": 1}], effective_at=NOW
    )

    text = text_of(manager.get(url("kind", "history")))

    assert "in a way that this release does not know" in text
    assert "Insult" in text_of(manager.get(url("kind")))


def test_changes_are_told_row_by_row():
    friend = DEFAULT_BANDS[3]
    moved = friend.model_copy(update={"at": 2.0, "words": "Pals."})
    without = friend.model_copy(update={"at": None})

    def told(before: Band, after: Band) -> list[str]:
        return table_changes((before,), after=(after,), table=tables.BANDS)

    assert told(friend, moved) == ["Changed Friend: from 3 → 2, words in the prompt"]
    assert told(friend, without) == ["Changed Friend: from 3 → none"]
    assert told(friend, friend) == []
    assert table_changes((), after=(friend,), table=tables.BANDS) == ["Added Friend"]


def test_rows_are_named_for_people():
    line = TraitWord(trait=PairTrait.TRUST, at=-0.5, words="No.")

    assert tables.TRAIT_WORDS.name(line) == "Trust from −0.5"
    assert KIND_PAGE.shown((INSULT,))[0].name == "Insult"


# -- Who may --------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("act", ["create", "edit", "remove", "put-back"])
def test_curators_change_no_table(slug, act):
    args = ["x"] if act in {"edit", "remove"} else []

    response = client_as(Role.CURATOR).post(url(slug, act, *args), {})

    assert response.status_code == 403


@pytest.mark.parametrize("slug", SLUGS)
def test_strangers_see_no_table(slug, client):
    for act in ("list", "history"):
        assert client.get(url(slug, act)).status_code == 302
