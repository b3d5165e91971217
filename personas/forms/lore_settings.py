"""The form of a lorebook's own settings."""

from datetime import datetime
from typing import Any, Final

from django import forms

from core.models import User
from core.sheet_forms import sheet_fields
from personas.domain.lore.sheets import BookSheet
from personas.forms import conflicts
from personas.forms.conflicts import MINE, Conflict
from personas.models import Lorebook
from personas.services import lorebooks

NAMES: Final = (
    "name",
    "description",
    "for_everybody",
    "scan_depth",
    "token_budget",
    "recursive_scanning",
)


class BookForm(forms.Form):
    """What is said of a lorebook, without its entries.

    ``started_from`` marks the values that the person began with: what only others
    changed since is kept, and what both changed is told before it is replaced.
    """

    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    started_from = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, book: Lorebook, is_read_only: bool = False
    ) -> None:
        self.book = book
        self.stored = book.to_sheet()
        values = self.stored.model_dump(mode="json")
        marks = conflicts.marks(self.stored)
        initial = {**values, "revision": book.revision, "started_from": marks}
        super().__init__(data, initial=initial, label_suffix="")
        for name, field in sheet_fields(BookSheet, NAMES).items():
            field.disabled = is_read_only
            self.fields[name] = field

    def visible(self) -> list[forms.BoundField]:
        """The settings, in order."""
        return [self[name] for name in NAMES]

    def save(self, *, actor: User, now: datetime) -> list[Conflict]:
        """Save, once the form is valid; what both changed, if nothing was saved.

        Raises:
            Archived: the book is archived.
            StaleBook: somebody saved it this moment.
        """
        theirs = self.stored.model_dump(mode="json")
        mine = {name: self.cleaned_data[name] for name in NAMES}
        started = conflicts.read_marks(self.cleaned_data["started_from"])
        found = conflicts.conflicts(
            mine,
            theirs=self.stored,
            started_from=started,
            chosen={},
            names=NAMES,
        )
        is_stale = self.cleaned_data["revision"] != self.book.revision
        now_there = conflicts.read_marks(conflicts.marks(self.stored))
        both = [
            each
            for each in found
            if each.choice == MINE and started.get(each.name) != now_there[each.name]
        ]
        if is_stale and both:
            return both
        only_theirs = {each.name for each in found if each.takes_theirs and is_stale}
        kept = {name: value for name, value in mine.items() if name not in only_theirs}
        lorebooks.save_book(
            book_id=self.book.book_id,
            sheet=BookSheet.model_validate({**theirs, **kept}),
            revision=self.book.revision,
            actor=actor,
            now=now,
        )
        return []
