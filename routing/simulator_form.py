"""The form of the simulator: a message, and what it meets."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.http import QueryDict

from core import limits
from personas import serving
from personas.models import Character
from routing.domain.messages import Activity, Message
from routing.models import Channel
from routing.services.deciding import Asked
from routing.services.simulating import (
    DRAFT,
    PRODUCTION,
    RosterName,
    Sticky,
    Trial,
)

BOTH: Final = "both"
AS_IT_IS: Final = "record"
NOBODY: Final = "nobody"
SOMEBODY: Final = "character"
OFFERED: Final = 500
"""Characters and channels that the fields offer; others can be typed."""
MOST_MENTIONS: Final = 20
PREFILLED: Final = ("channel", "author", "mentions")
"""What an address may say; never the message, since addresses are logged."""
_CHANNEL_LENGTH: Final = 64
_LONGEST_AGO: Final = 24 * 3_600
_MENTIONS_LENGTH: Final = 2_000

_OF_CHARACTERS: Final = {"list": "sim-characters", "autocomplete": "off"}


class SimulatorForm(forms.Form):
    """Who would answer this?"""

    message = forms.CharField(
        label="Message",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
    )
    channel = forms.CharField(
        label="Channel",
        required=False,
        max_length=_CHANNEL_LENGTH,
        widget=forms.TextInput({"list": "sim-channels", "autocomplete": "off"}),
        help_text="The id. One that nobody knows has the usual settings.",
    )
    author = forms.CharField(
        label="Who writes",
        required=False,
        max_length=limits.NAME_LENGTH,
        widget=forms.TextInput({**_OF_CHARACTERS, "placeholder": "A user"}),
        help_text="Empty: a user. Or a character, by name or id.",
    )
    mentions = forms.CharField(
        label="Mentioned",
        required=False,
        max_length=_MENTIONS_LENGTH,
        widget=forms.TextInput(_OF_CHARACTERS),
        help_text="Whom the platform says is mentioned; commas between several.",
    )
    activity = forms.CharField(
        label="Activity",
        required=False,
        max_length=limits.NAME_LENGTH,
        help_text="What the user plays, hears or watches.",
    )
    category = forms.CharField(
        label="Kind of activity",
        required=False,
        max_length=limits.NAME_LENGTH,
        help_text="For example: gaming.",
    )
    sticky = forms.ChoiceField(
        label="Who answered last",
        choices=[
            (AS_IT_IS, "As it is in the channel"),
            (NOBODY, "Nobody"),
            (SOMEBODY, "A character"),
        ],
        widget=forms.RadioSelect,
    )
    sticky_character = forms.CharField(
        label="Who",
        required=False,
        max_length=limits.NAME_LENGTH,
        widget=forms.TextInput(_OF_CHARACTERS),
    )
    sticky_seconds = forms.IntegerField(
        label="Seconds ago", required=False, min_value=0, max_value=_LONGEST_AGO
    )
    ignore_sticky = forms.BooleanField(
        label="The bot asks not to go on with whoever answered last", required=False
    )
    roster = forms.ChoiceField(
        label="Ask",
        choices=[
            (PRODUCTION, "Live"),
            (DRAFT, "Drafts"),
            (BOTH, "Both, side by side"),
        ],
        widget=forms.RadioSelect,
    )
    runs = forms.TypedChoiceField(
        label="Runs",
        coerce=int,
        choices=[(1, "1"), (100, "100"), (1_000, "1,000")],
        help_text="More than one shows how often chance decides what.",
    )
    seed = forms.IntegerField(
        label="Seed",
        required=False,
        min_value=0,
        max_value=2**serving.SEED_BITS - 1,
        help_text="Another number, other draws.",
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", auto_id="sim-%s", **options)

    @classmethod
    def of(cls, asked: QueryDict) -> "SimulatorForm":
        """Filled in as an address says, without a message; else as most want it."""
        given = {name: asked.get(name, "").replace("\0", "") for name in PREFILLED}
        return cls(
            {
                **given,
                "sticky": AS_IT_IS,
                "sticky_seconds": 30,
                "roster": PRODUCTION,
                "runs": 1,
                # Told at once, so that the answer does not jump while one types.
                "seed": secrets.randbelow(1_000_000),
            }
        )

    def clean_message(self) -> str:
        text: str = self.cleaned_data["message"].replace("\r\n", "\n")
        if len(text.encode()) > limits.MESSAGE_BYTES:
            raise forms.ValidationError(
                f"Shorten it to {limits.MESSAGE_BYTES // 1024} KiB, which is the most"
                " that bots may send."
            )
        return text

    def clean(self) -> dict[str, Any]:
        """Names become ids."""
        cleaned = super().clean() or {}
        for name in ("author", "sticky_character"):
            if name not in self.errors:
                cleaned[name] = self._character(name, text=cleaned[name])
        if "mentions" not in self.errors:
            cleaned["mentions"] = self._mentioned(cleaned["mentions"])
        is_needed = cleaned.get("sticky") == SOMEBODY and not self.errors
        if is_needed and not cleaned["sticky_character"]:
            self.add_error("sticky_character", "Name a character.")
        return cleaned

    def _mentioned(self, text: str) -> tuple[str, ...]:
        names = dict.fromkeys(filter(None, (part.strip() for part in text.split(","))))
        if len(names) > MOST_MENTIONS:
            self.add_error("mentions", f"Mention {MOST_MENTIONS} at most.")
            return ()
        found = [self._character("mentions", text=name) for name in names]
        return tuple(dict.fromkeys(one for one in found if one))

    def _character(self, field: str, *, text: str) -> str:
        """The id of whoever is called so."""
        if not text:
            return ""
        rows = Character.objects.active().order_by()
        if rows.filter(character_id=text).exists():
            return text
        called = rows.filter(display_name__iexact=text)
        found = list(called.values_list("character_id", flat=True)[:2])
        if len(found) == 1:
            return found[0]
        self.add_error(
            field,
            f"Several are called “{text}”; give the id."
            if found
            else f"There is no character “{text}”.",
        )
        return ""

    def to_asked(self) -> Asked:
        """What a valid form asks."""
        cleaned = self.cleaned_data
        activity = Activity(name=cleaned["activity"], category=cleaned["category"])
        return Asked(
            message=Message(
                text=cleaned["message"],
                author_character_id=cleaned["author"] or None,
                mentions=cleaned["mentions"],
                activity=activity if activity != Activity() else None,
                ignore_sticky=cleaned["ignore_sticky"],
            ),
            channel_id=cleaned["channel"],
        )

    def to_trial(self, roster: RosterName) -> Trial:
        """How a valid form wants it tried on one of the rosters."""
        cleaned = self.cleaned_data
        sticky = None
        if cleaned["sticky"] == NOBODY:
            sticky = Sticky()
        elif cleaned["sticky"] == SOMEBODY:
            seconds = cleaned["sticky_seconds"] or 0
            sticky = Sticky(cleaned["sticky_character"], seconds)
        return Trial(
            roster=roster, sticky=sticky, seed=cleaned["seed"], runs=cleaned["runs"]
        )

    @property
    def rosters(self) -> Sequence[RosterName]:
        """Those that a valid form asks."""
        chosen = self.cleaned_data["roster"]
        if chosen == BOTH:
            return (PRODUCTION, DRAFT)
        return (DRAFT,) if chosen == DRAFT else (PRODUCTION,)


def offered() -> dict[str, list[tuple[str, str]]]:
    """What the fields suggest: characters and channels, as id and name."""
    characters = Character.objects.active().order_by("display_name", "pk")
    channels = Channel.objects.order_by("name", "channel_id")
    return {
        "characters": list(
            characters.values_list("character_id", "display_name")[:OFFERED]
        ),
        "channels": list(channels.values_list("channel_id", "name")[:OFFERED]),
    }
