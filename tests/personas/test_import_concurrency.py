"""Cards imported at once, on real connections: a book that they share is made once."""

import pytest

from personas.models import Character, ImportItem, Lorebook
from personas.services import imports
from tests.factories import NOW, make_framework
from tests.personas.cards_given import book, card, given
from tests.personas.test_concurrency import THREADS, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def commit(item: ImportItem) -> ImportItem:
    return imports.commit(item, action="new", actor=None, now=NOW)


def test_book_that_comes_with_many_cards_at_once_is_made_once():
    make_framework("neuro")
    items = [
        given(card(f"Ada {at}", character_book=book("Old."))) for at in range(THREADS)
    ]

    results = at_once(*[lambda item=item: commit(item) for item in items])

    made = [item.found["outcome"]["made_books"] for item in results]
    assert sorted(made) == [[]] * (THREADS - 1) + [["ruins"]]
    assert Lorebook.objects.count() == 1
    assert {tuple(row.lorebooks) for row in Character.objects.all()} == {("ruins",)}
