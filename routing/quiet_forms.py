"""The form that quiets somebody."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict

from core import limits
from personas.forms.pages import TimeField
from personas.models import Character
from routing.models import Channel
from routing.services.quieting import NotValid, Target

CHARACTER: Final = "character"
PAIR: Final = "pair"
CHANNEL: Final = "channel"
EVERYTHING: Final = "everything"

UNTIL: Final = "until"
UNDONE: Final = "undone"
_LASTING: Final = {
    "15m": ("15 minutes", timedelta(minutes=15)),
    "1h": ("1 hour", timedelta(hours=1)),
    "8h": ("8 hours", timedelta(hours=8)),
}
OFFERED: Final = 500
"""Characters and channels that the fields offer; others can be typed."""
_FIELDS: Final = {
    "/character_id": "character",
    "/other_character_id": "other",
    "/channel_id": "channel",
    "/until": "until",
    "/reason": "reason",
}


class QuietForm(forms.Form):
    """What is quieted, for how long, and why."""

    what = forms.ChoiceField(
        label="What",
        choices=[
            (CHARACTER, "A character"),
            (PAIR, "Two characters, towards each other"),
            (CHANNEL, "A channel and its threads, or a category"),
            (EVERYTHING, "Everything"),
        ],
        initial=CHARACTER,
        widget=forms.RadioSelect,
    )
    character = forms.CharField(
        label="Character",
        required=False,
        max_length=limits.NAME_LENGTH,
        widget=forms.TextInput({"list": "quiet-characters", "autocomplete": "off"}),
        help_text="The name or the id.",
    )
    other = forms.CharField(
        label="The other character",
        required=False,
        max_length=limits.NAME_LENGTH,
        widget=forms.TextInput({"list": "quiet-characters", "autocomplete": "off"}),
        help_text="For two: neither answers the other.",
    )
    channel = forms.CharField(
        label="Channel",
        required=False,
        max_length=64,
        widget=forms.TextInput({"list": "quiet-channels", "autocomplete": "off"}),
        help_text="The id. With characters: they are quiet only there.",
    )
    lasting = forms.ChoiceField(
        label="For",
        choices=[
            *((value, title) for value, (title, _) in _LASTING.items()),
            (UNTIL, "Until a time"),
            (UNDONE, "Until somebody lifts it"),
        ],
        initial="1h",
        widget=forms.RadioSelect,
    )
    until = TimeField(label="Until (UTC)", help_text="Only with “Until a time”.")
    reason = forms.CharField(
        max_length=limits.NOTE_LENGTH,
        widget=forms.Textarea({"rows": 2}),
        help_text="Everybody sees it here, and bots are told.",
        error_messages={"required": "Say why, for whoever wonders."},
    )
    sure = forms.BooleanField(
        label="Yes, silence every character in every channel",
        required=False,
    )

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = now

    @classmethod
    def of(cls, asked: QueryDict, *, now: datetime) -> "QuietForm":
        """Filled in as an address says: what to quiet, but not why."""
        named = {
            name: asked.get(name, "").replace("\0", "")[: limits.NAME_LENGTH]
            for name in ("character", "other", "channel")
        }
        what = CHARACTER
        if named["character"] and named["other"]:
            what = PAIR
        elif named["channel"] and not named["character"]:
            what = CHANNEL
        return cls(now=now, initial={**named, "what": what})

    def clean(self) -> dict[str, Any]:
        """Only what the choice needs counts; names become ids."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        what = cleaned["what"]
        needed = {CHARACTER: ["character"], PAIR: ["character", "other"]}.get(what, [])
        for name in ("character", "other"):
            cleaned[name] = self._character(name) if name in needed else ""
        if what == CHANNEL and not cleaned["channel"]:
            self.add_error("channel", "Name the channel by its id.")
        if what == EVERYTHING:
            cleaned["channel"] = ""
            if not cleaned["sure"]:
                self.add_error("sure", "Tick this to silence everything.")
        if cleaned["lasting"] == UNTIL and not cleaned["until"]:
            self.add_error("until", "Choose a day and a time.")
        return cleaned

    def _character(self, name: str) -> str:
        """The id that a field names; what nobody is called stays as it is."""
        text: str = self.cleaned_data[name]
        if not text:
            self.add_error(name, "Name a character.")
            return ""
        rows = Character.objects.order_by()
        if rows.filter(character_id=text).exists():
            return text
        called = rows.filter(display_name__iexact=text, archived_at=None)
        found = list(called.values_list("character_id", flat=True)[:2])
        if len(found) > 1:
            self.add_error(name, "Several are called so; give the id.")
        return found[0] if len(found) == 1 else text

    @property
    def target(self) -> Target:
        """What a valid form quiets."""
        given = self.cleaned_data
        return Target(given["character"], given["other"], given["channel"])

    @property
    def ends_at(self) -> datetime | None:
        """When a valid form has it end; ``None``: when it is lifted."""
        lasting = self.cleaned_data["lasting"]
        if lasting in _LASTING:
            return self.now + _LASTING[lasting][1]
        until: datetime | None = self.cleaned_data["until"]
        return until if lasting == UNTIL else None

    def refuse(self, error: NotValid) -> None:
        """Show what was found wrong, each at its field."""
        for each in error.errors:
            self.add_error(_FIELDS[each.pointer], each.detail)


def offered() -> dict[str, list[tuple[str, str]]]:
    """Ids with names, for the lists that the fields offer."""
    characters = Character.objects.filter(archived_at=None).order_by("display_name")
    channels = Channel.objects.order_by("name", "channel_id")
    return {
        "characters": list(
            characters.values_list("character_id", "display_name")[:OFFERED]
        ),
        "channels": list(channels.values_list("channel_id", "name")[:OFFERED]),
    }
