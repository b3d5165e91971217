"""Forms of this app's pages."""

from datetime import datetime
from typing import Any, Final

from django import forms

from core import limits
from core.models import BotKey
from personas.forms.pages import TimeField
from routing.models import Interaction
from routing.services.voiding import Chosen

_ID_LENGTH: Final = 64


class ChooseForm(forms.Form):
    """Which reports; all that is given must match."""

    key = forms.TypedChoiceField(
        label="Reported by", required=False, coerce=int, empty_value=None
    )
    user = forms.CharField(
        label="User id",
        required=False,
        max_length=_ID_LENGTH,
        help_text="As the chat platform has it.",
    )
    channel = forms.CharField(label="Channel id", required=False, max_length=_ID_LENGTH)
    start = TimeField(label="From (UTC)", help_text="When it was reported here.")
    until = TimeField(label="Until (UTC)", help_text="Empty: until now.")

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = now
        for name in ("start", "until"):
            # As all times of the page: what it prints back is UTC too.
            del self.fields[name].widget.attrs["data-utc"]
        field = self.fields["key"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101
        field.choices = [("", "Any bot"), *_bots()]

    def clean(self) -> dict[str, Any]:
        """Something besides time, and a beginning before the end."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if not (cleaned["key"] or cleaned["user"] or cleaned["channel"]):
            raise forms.ValidationError("Choose a bot, a user or a channel.")
        # To the second, as the next step sends it on.
        now = self.now.replace(microsecond=0)
        until = min(cleaned["until"] or now, now)
        cleaned["until"] = until
        if cleaned["start"] and cleaned["start"] >= until:
            self.add_error("start", "Let it begin before it ends, and in the past.")
        return cleaned

    def to_chosen(self) -> Chosen:
        """What a valid form says."""
        return Chosen(
            bot_pk=self.cleaned_data["key"],
            user_id=self.cleaned_data["user"],
            channel_id=self.cleaned_data["channel"],
            start=self.cleaned_data["start"],
            until=self.cleaned_data["until"],
        )


class ConfirmForm(forms.Form):
    """Why, and how many reports the person has seen that it is."""

    reason = forms.CharField(
        max_length=limits.NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="It stands in the history of everyone concerned.",
        error_messages={"required": "Say why, for whoever reads the history."},
    )
    expected = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ForgetForm(forms.Form):
    """Whose messages are erased, and that it is meant."""

    user = forms.CharField(
        label="User id",
        max_length=_ID_LENGTH,
        help_text="As the chat platform has it.",
        error_messages={"required": "Give the id of the user."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    confirmed = forms.BooleanField(
        label="Erase it all now; nobody can bring it back",
        error_messages={"required": "Confirm that it shall be erased for good."},
    )

    def clean_user(self) -> str:
        """Raises ValidationError: no platform has such an id."""
        user: str = self.cleaned_data["user"]
        if not user.isprintable():
            raise forms.ValidationError("Use printable characters only.")
        return user


def _bots() -> list[tuple[int, str]]:
    """Bots that ever reported, by name; one that has several keys is one."""
    reported = Interaction.objects.order_by().values("bot").distinct()
    rows = BotKey.objects.filter(pk__in=reported).order_by("name", "pk")
    return [
        (pk, f"{name} ({public_id})")
        for pk, name, public_id in rows.values_list("pk", "name", "public_id")
    ]
