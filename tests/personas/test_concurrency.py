"""Many at once, on real connections: nothing lost, no gap, nobody sees an error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from django.db import connections

from personas.models import (
    Character,
    CharacterVersion,
    Framework,
    Label,
    LabelMove,
    Publication,
)
from personas.services import drafts, frameworks, labels, publishing
from tests.factories import make_character, make_framework, sheet_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
THREADS = 6

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all in threads of their own; their results, or what they raised."""

    def run(work: Callable[[], object]) -> object:
        try:
            return work()
        except Exception as error:  # the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def publish(character_id: str = "ada") -> publishing.Outcome:
    return publishing.publish(
        character_ids=[character_id], note="N", author=None, now=NOW
    )


def edit(text: str, revision: int) -> Character:
    sheet = sheet_of("ada").model_copy(update={"description": text})
    return drafts.save_character(
        character_id="ada", sheet=sheet, revision=revision, actor=None, now=NOW
    )


def test_the_same_draft_published_by_many_makes_one_version():
    make_character("ada")

    outcomes = at_once(*[publish] * THREADS)

    assert CharacterVersion.objects.count() == 1
    assert Label.objects.get().version.number == 1
    made = [o for o in outcomes if o.published]
    others = [o for o in outcomes if o.unchanged or o.edited_meanwhile]
    assert (len(made), len(others)) == (1, THREADS - 1)


def test_publishing_while_editing_leaves_numbers_without_gaps():
    make_character("ada")

    def edit_and_publish() -> None:
        for turn in range(4):
            character = Character.objects.get(character_id="ada")
            try:
                edit(f"{turn} {id(character)}", character.revision)
            except drafts.StaleRevision:
                continue
            publish()

    results = at_once(*[edit_and_publish] * THREADS)

    assert results == [None] * THREADS
    numbers = CharacterVersion.objects.order_by("number").values_list(
        "number", flat=True
    )
    assert list(numbers) == list(range(1, len(numbers) + 1))
    moves = LabelMove.objects.order_by("id").values_list("from_version", "to_version")
    assert all(a[1] == b[0] for a, b in pairwise(moves))
    assert Label.objects.get().version_id == list(moves)[-1][1]


def test_of_many_saves_with_one_revision_one_wins_and_the_rest_are_told():
    make_character("ada")

    results = at_once(*[lambda t=turn: edit(f"text {t}", 1) for turn in range(THREADS)])

    stale = [r for r in results if isinstance(r, drafts.StaleRevision)]
    saved = [r for r in results if isinstance(r, Character)]
    assert (len(saved), len(stale)) == (1, THREADS - 1)
    assert Character.objects.get().revision == 2


def test_framework_and_characters_published_at_once_do_not_block_each_other():
    make_framework("neuro", prompt_template="One.")
    for character_id in ("ada", "bob", "eve"):
        make_character(character_id)
        publish(character_id)
    framework = Framework.objects.get()
    drafts.save_framework(
        framework_id="neuro",
        sheet=framework.to_sheet().model_copy(update={"prompt_template": "Two."}),
        revision=framework.revision,
        actor=None,
        now=NOW,
    )
    edit("Edited", 1)

    def publish_framework() -> publishing.Outcome:
        return frameworks.publish_framework(
            framework_id="neuro", note="N", author=None, now=NOW
        )

    results = at_once(
        publish_framework, publish, publish_framework, publish, lambda: publish("bob")
    )

    expected = publishing.Outcome | drafts.StaleRevision
    assert all(isinstance(r, expected) for r in results), results
    assert Framework.objects.get().versions.count() == 2
    numbers = CharacterVersion.objects.order_by("character_id", "number").values_list(
        "character__character_id", "number"
    )
    for character_id in ("ada", "bob", "eve"):
        own = [number for owner, number in numbers if owner == character_id]
        assert own == list(range(1, len(own) + 1))


def test_a_publication_is_undone_once():
    make_character("ada")
    publication = publish().publication

    results = at_once(
        *[lambda: labels.undo(publication_id=publication.pk, author=None, now=NOW)]
        * THREADS
    )

    refused = [r for r in results if isinstance(r, labels.AlreadyUndone)]
    assert len(refused) == THREADS - 1
    assert Publication.objects.filter(undoes=publication).count() == 1


def test_a_due_move_is_done_once():
    make_character("ada")
    publish()
    character = Character.objects.get()
    edit("Later", character.revision)
    labels.schedule(
        character_id="ada",
        label="production",
        move_at=NOW.replace(hour=1),
        until=None,
        note="N",
        author=None,
        now=NOW,
    )

    results = at_once(*[lambda: labels.move_due(now=NOW.replace(hour=2))] * THREADS)

    assert sum(results) == 1
    assert Publication.objects.filter(kind=Publication.Kind.SCHEDULE).count() == 1
