"""Forms of reviews: asking a manager, and sending a draft back."""

from typing import Any

from django import forms

from core import limits


class _NoteField(forms.CharField):
    def __init__(self, *, help_text: str, missing: str) -> None:
        super().__init__(
            label="Note",
            max_length=limits.NOTE_LENGTH,
            help_text=help_text,
            widget=forms.Textarea({"rows": 3}),
            error_messages={"required": missing},
        )


class AskForm(forms.Form):
    """What a manager should know before looking at the draft."""

    note = _NoteField(
        help_text="What did you change, and why? Managers read it first.",
        missing="Write a note: what did you change, and why?",
    )

    def __init__(self, data: Any = None) -> None:
        # Beside other forms that ask for a note.
        super().__init__(data, auto_id="ask-%s")


class SendBackForm(forms.Form):
    """What should be changed before the draft goes live."""

    note = _NoteField(
        help_text="What should be changed? Who asked sees it on their home page.",
        missing="Write a note: what should be changed?",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="send-back-%s")
