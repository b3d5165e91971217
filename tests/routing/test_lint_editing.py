"""What the editor says of names and topics, while they are typed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.roles import Role
from personas import checks
from personas.services import drafts
from routing.services import linting
from tests.clients import client_as
from tests.factories import NOW, make_character, make_framework, sheet_of
from tests.personas.test_editor import address
from tests.personas.test_editor_preview import preview

pytestmark = pytest.mark.django_db


def advised(character_id: str = "ada", **changes) -> list[tuple[str, str]]:
    """Path and the first word in quotes of each, for a draft as it is typed."""
    sheet = sheet_of(character_id).model_copy(update=changes)
    found = checks.advice(character_id, sheet=sheet)
    return [(each.path, each.message.split("”")[0].lstrip("“")) for each in found]


class TestAdvice:
    @pytest.fixture(autouse=True)
    def ada(self):
        make_character("ada")

    def test_nothing_to_say(self):
        make_character("bob", display_name="Mossbeard")

        assert advised() == []

    @pytest.mark.parametrize(
        "other",
        [
            {"display_name": "mossbeard"},
            {"display_name": "Bob", "nickname": "MOSSBEARD"},
            {"display_name": "Bob", "aliases": ["Robert", "Mossbeard"]},
        ],
    )
    def test_a_name_that_somebody_has(self, other):
        make_character("bob", **other)

        assert advised(aliases=["Lovelace", "Mossbeard"]) == [
            ("aliases.1", "Mossbeard")
        ]

    def test_hyphens_make_no_difference(self):
        make_character("bob", display_name="Warm-Hearth")
        make_character("cleo", display_name="Cold Hearth")

        assert advised(aliases=["warm hearth", "Cold-Hearth"]) == [
            ("aliases.0", "warm hearth"),
            ("aliases.1", "Cold-Hearth"),
        ]

    @pytest.mark.parametrize(
        ("own", "other"),
        [("Toad", "Toad Prince"), ("Toad Prince", "Prince"), ("花", "花子")],
    )
    def test_a_name_within_anothers_both_ways(self, own, other):
        make_character("bob", display_name=other)

        assert advised(nickname=own) == [("nickname", own)]

    def test_what_only_looks_alike_is_not_told(self):
        make_character("bob", display_name="Toadette")

        assert advised(nickname="Toad") == []

    def test_short_names_are_only_compared_whole(self):
        make_character("bob", display_name="民 hearth")
        make_character("cleo", display_name="X")

        found = checks.advice(
            "ada", sheet=sheet_of("ada").model_copy(update={"aliases": ["民", "x"]})
        )

        assert [each.path for each in found] == ["aliases.1", "aliases.0", "aliases.1"]

    def test_the_archived_and_the_own_draft_do_not_count(self):
        make_character("bob", display_name="Mossbeard")
        drafts.archive_character(
            character_id="bob", is_archived=True, actor=None, now=NOW
        )

        assert advised(nickname="Mossbeard") == []
        assert advised(aliases=["Ada Lovelace"]) == []

    def test_everyday_words_and_topics(self):
        assert advised(
            aliases=["Will"],
            topic_interests=["Ships", "-"],
            topic_avoidances=["ships"],
        ) == [
            ("topic_interests.0", "Ships"),
            ("topic_interests.1", "-"),
            ("aliases.0", "Will"),
        ]

    def test_signs_of_the_database_are_letters(self):
        make_character("bob", display_name="100% Toad_Prince")

        assert advised(aliases=["%", "1__% Toad", "Toad\\_"]) == []
        assert advised(aliases=["100% toad prince"]) == [
            ("aliases.0", "100% toad prince")
        ]

    def test_the_query_count_is_flat(self):
        make_character("bob", display_name="Toad")
        with CaptureQueriesContext(connection) as few:
            advised(aliases=["Toad"])
        for n in range(30):
            make_character(f"c{n}", display_name=f"Toad {n}", aliases=[f"Toady {n}"])

        many = [f"Toad {n} of {n}" for n in range(200)]
        with CaptureQueriesContext(connection) as captured:
            assert advised(aliases=many)
        assert len(captured) == len(few)

    def test_so_many_are_looked_at_and_no_more(self, monkeypatch):
        monkeypatch.setattr(linting, "NEAR", 3)
        for n in range(9):
            make_character(f"c{n}", display_name="Toad")

        (found,) = checks.advice(
            "ada", sheet=sheet_of("ada").model_copy(update={"nickname": "Toad"})
        )

        assert found.message.startswith("“Toad” is a name of Toad, too.")


class TestEditor:
    def test_it_stands_in_the_preview_with_the_way_to_the_field(self):
        make_character("bob", display_name="Mossbeard")
        ada = make_character("ada", aliases=["Lovelace", "Mossbeard"])

        page = preview(client_as(Role.CURATOR), ada).content.decode()

        assert "Names and topics to look at" in page
        assert f'href="{address(ada)}#field-aliases" data-field="aliases.1"' in page
        assert page.count("“Mossbeard” is a name of Mossbeard, too.") == 1

    def test_nothing_is_said_where_nothing_is_wrong(self):
        ada = make_character()

        page = preview(client_as(Role.CURATOR), ada).content.decode()

        assert "to look at" not in page

    def test_frameworks_have_no_names(self):
        framework = make_framework()
        make_character("ada", aliases=["Will"])

        page = preview(client_as(Role.CURATOR), framework).content.decode()

        assert "to look at" not in page


def test_advisers_are_asked_in_the_order_of_their_names(monkeypatch):
    monkeypatch.setattr(checks, "_advisers", {})
    checks.register_adviser(lambda *_: [checks.Advice("b.1", "Two")], name="b")
    checks.register_adviser(lambda *_: [checks.Advice("a", "One")], name="a")

    found = checks.advice("ada", sheet=None)

    assert [(each.field, each.message) for each in found] == [
        ("a", "One"),
        ("b", "Two"),
    ]
