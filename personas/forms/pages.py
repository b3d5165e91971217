"""Forms of the pages: publishing, labels, times."""

from datetime import UTC, datetime
from typing import Any, Final

from django import forms

from core import limits
from personas.models.labels import PRODUCTION, STAGING
from personas.services.labels import is_label_name

OTHER: Final = "other"
NOW: Final = "now"
LATER: Final = "later"
_TIME_FORMATS: Final = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


class NoteField(forms.CharField):
    """What changes, and why; required, because it is what the history shows."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", "Note")
        super().__init__(
            max_length=limits.NOTE_LENGTH,
            help_text="What changes, and why? It stays in the history.",
            widget=forms.Textarea({"rows": 2}),
            error_messages={"required": "Write a note: what changes, and why?"},
            **options,
        )


class LabelForm(forms.Form):
    """Which label moves, and why."""

    label = forms.ChoiceField(
        label="Make it",
        choices=[
            (PRODUCTION, "Live: what bots get"),
            (STAGING, "Trial: for a test bot"),
            (OTHER, "Another label"),
        ],
        initial=PRODUCTION,
        widget=forms.RadioSelect,
    )
    own_label = forms.CharField(
        label="Name of the other label",
        max_length=limits.SLUG_LENGTH,
        required=False,
        help_text="Small letters, digits, single - or _, such as halloween.",
    )
    note = NoteField()

    def clean(self) -> dict[str, Any]:
        """``label`` becomes the label's name, whichever way it was chosen."""
        cleaned = super().clean() or {}
        if cleaned.get("label") != OTHER:
            return cleaned
        name = cleaned.get("own_label", "").lower()
        if not is_label_name(name):
            self.add_error(
                "own_label",
                "Name the label with small letters, digits, and single - or _.",
            )
        return {**cleaned, "label": name}


class TimeField(forms.DateTimeField):
    """A time in UTC, from the browser's own control.

    The page's script shows and takes the person's own time instead, and still
    sends UTC.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            widget=forms.DateTimeInput(
                {"type": "datetime-local", "data-utc": ""}, format=_TIME_FORMATS[0]
            ),
            error_messages={"invalid": "Choose a day and a time."},
            **options,
        )

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        for format_ in _TIME_FORMATS:
            try:
                return datetime.strptime(str(value), format_).replace(tzinfo=UTC)
            except ValueError:
                continue
        raise forms.ValidationError(self.error_messages["invalid"], code="invalid")


class PublishForm(LabelForm):
    """One or many drafts go live, now or at a time."""

    when = forms.ChoiceField(
        label="When",
        choices=[(NOW, "Now"), (LATER, "At a time")],
        initial=NOW,
        widget=forms.RadioSelect,
    )
    move_at = TimeField(label="From (UTC)")
    until = TimeField(
        label="Until (UTC)",
        help_text="Then it goes back to what it is now. Empty: it stays.",
    )

    field_order = ("note", "label", "own_label", "when", "move_at", "until")

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = now

    @property
    def is_scheduled(self) -> bool:
        return bool(self.cleaned_data.get("when") == LATER)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("when") == LATER:
            self._check_times(cleaned)
        return cleaned

    def _check_times(self, cleaned: dict[str, Any]) -> None:
        start, end = cleaned.get("move_at"), cleaned.get("until")
        if start is None and "move_at" not in self.errors:
            self.add_error("move_at", "Choose a time, or publish now.")
        elif start is not None and start <= self.now:
            self.add_error("move_at", "Choose a time that is still to come.")
        if start is not None and end is not None and end <= start:
            self.add_error("until", "Choose an end after the start.")


class FrameworkPublishForm(forms.Form):
    """A framework goes live with the characters that were ticked."""

    note = NoteField()
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class RevisionForm(forms.Form):
    """The revision of a draft that the page showed."""

    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
