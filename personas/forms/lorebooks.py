"""The forms of lorebooks: a new one, and one entry with all that is kept of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from django import forms

from core import limits
from core.models import User
from personas.domain.lore.sheets import ChatRole, EntrySheet, Logic, Position
from personas.domain.sheets import Sheet
from personas.forms.sheets import Part, SheetForm, controls_of
from personas.models import LoreEntry
from personas.services import lore_entries
from personas.services.drafts import Archived
from personas.services.lorebooks import TooManyEntries

LOGICS: Final[Mapping[str, str]] = {
    Logic.AND_ANY: "At least one of them must be seen",
    Logic.AND_ALL: "All of them must be seen",
    Logic.NOT_ANY: "None of them may be seen",
    Logic.NOT_ALL: "Not all of them may be seen",
}
POSITIONS: Final[Mapping[str, str]] = {
    Position.BEFORE_CHARACTER: "Before the character",
    Position.AFTER_CHARACTER: "After the character",
    Position.NOTE_TOP: "Above the author’s note",
    Position.NOTE_BOTTOM: "Below the author’s note",
    Position.AT_DEPTH: "Among the messages, at a depth",
    Position.EXAMPLES_TOP: "Above the example messages",
    Position.EXAMPLES_BOTTOM: "Below the example messages",
    Position.OUTLET: "At an outlet",
}
ROLES: Final[Mapping[str, str]] = {
    ChatRole.SYSTEM: "The system’s",
    ChatRole.USER: "The user’s",
    ChatRole.ASSISTANT: "The character’s",
}
KEPT: Final = "kept"
ENTRY_PARTS: Final = (
    Part(
        "text",
        "Text and keys",
        (
            "title",
            "is_enabled",
            "keys",
            "content",
            "is_constant",
            "secondary_keys",
            "is_selective",
            "logic",
        ),
    ),
    Part(
        "when",
        "When",
        (
            "case_sensitive",
            "whole_words",
            "use_regex",
            "scan_depth",
            "use_probability",
            "probability",
            "exclude_recursion",
            "prevent_recursion",
            "delay_until_recursion",
            "character_filter",
        ),
        "How keys are looked for, and what else must hold.",
    ),
    Part(
        "where",
        "Where",
        ("position", "depth", "role", "order"),
        "Where in the prompt the text goes, and in which order.",
    ),
    Part(
        "limits",
        "Limits and groups",
        ("ignore_budget", "group", "group_weight", "group_override"),
    ),
    Part(
        KEPT,
        "Kept for other programs",
        (
            "priority",
            "use_group_scoring",
            "sticky",
            "cooldown",
            "delay",
            "triggers",
            "automation_id",
            "is_vectorized",
            "outlet",
            "extensions",
        ),
        "These are stored and go out again with every export. Nothing here obeys"
        " them: they change no prompt.",
    ),
)


class NewBookForm(forms.Form):
    """A lorebook begins with a name; all else is written later."""

    name = forms.CharField(
        label="Name",
        max_length=limits.NAME_LENGTH,
        help_text="What it is about. Only people read it.",
        error_messages={"required": "Write a name for the lorebook."},
    )

    def clean_name(self) -> str:
        # Names are of one line, whatever breaks came with a paste.
        return " ".join(self.cleaned_data["name"].split())


def _choice(name: str, words: Mapping[str, str]) -> forms.ChoiceField:
    info = EntrySheet.model_fields[name]
    return forms.ChoiceField(
        label=info.title,
        required=False,
        help_text=info.description or "",
        choices=[(str(value), text) for value, text in words.items()],
    )


class EntryForm(SheetForm):
    """One entry of a lorebook, as it is at its revision, or a new one."""

    sheet_class: ClassVar[type[Sheet]] = EntrySheet
    parts = ENTRY_PARTS
    controls = controls_of(
        EntrySheet,
        {
            "logic": _choice("logic", LOGICS),
            "position": _choice("position", POSITIONS),
            "role": _choice("role", ROLES),
        },
    )

    def __init__(
        self,
        data: Any = None,
        *,
        book_id: str,
        current: LoreEntry | None,
        is_read_only: bool = False,
        is_stale: bool = False,
    ) -> None:
        super().__init__(
            data, current=current, is_read_only=is_read_only, is_stale=is_stale
        )
        self._book_id = book_id
        # Entries have ids of their own making.
        self.fields.pop("object_id", None)
        for name in ("keys", "secondary_keys"):
            # A comma in a pattern does not end a key.
            self.fields[name].widget.attrs["data-patterns"] = ""
        self.fields["title"].widget.attrs["rows"] = "1"
        self.fields["content"].widget.attrs["rows"] = "8"
        if current is None:
            self.initial.update(
                {
                    name: str(EntrySheet.model_fields[name].default)
                    for name in ("logic", "position", "role")
                }
            )

    def shown(self) -> dict[str, Any]:
        """Field → value as it stands in the controls, where it can be read."""
        return self._typed() if self.is_bound else dict(self.initial)

    @property
    def folded(self) -> frozenset[str]:
        """Parts that begin closed: nothing in them differs from what is usual."""
        shown = self.shown()
        usual = EntrySheet().model_dump(mode="json")
        return frozenset(
            part.slug
            for part in self.parts[1:]
            if all(shown.get(name, usual[name]) == usual[name] for name in part.names)
            and not any(name in self.errors for name in part.names)
        )

    def _values(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """With what no control shows: how the entry came."""
        values = super()._values(cleaned)
        if isinstance(self.current_sheet, EntrySheet):
            values["origin"] = self.current_sheet.origin
        return values

    def store(
        self, *, after: Any = None, actor: User, now: datetime
    ) -> LoreEntry | None:
        """Save the entry; ``None`` if it was refused, and why is in ``errors``.

        ``after`` is the id of the entry behind which a new one comes.

        Raises:
            lore_entries.StaleEntry: somebody saved or removed it in between.
            lore_entries.NoSuchPlace: ``after`` is gone.
        """
        assert isinstance(self.sheet, EntrySheet)  # noqa: S101  # Valid by now.
        try:
            if not isinstance(self.current, LoreEntry):
                return lore_entries.add_entry(
                    book_id=self._book_id,
                    sheet=self.sheet,
                    after=after,
                    actor=actor,
                    now=now,
                )
            return lore_entries.save_entry(
                book_id=self._book_id,
                entry_id=self.current.entry_id,
                sheet=self.sheet,
                revision=self.cleaned_data["revision"] or 0,
                actor=actor,
                now=now,
            )
        except (Archived, TooManyEntries) as error:
            self.add_error(None, str(error))
            return None
