"""The form of a channel's settings."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from django import forms

from routing.domain.channels import ChannelSettings
from routing.services.inheriting import REPLY_MODES

Choice = tuple[str, str]
INHERITED: Final = ""
EVERYBODY: Final = "everybody"
ONLY: Final = "only"
NOBODY: Final = "nobody"
THESE: Final = "these"
SILENCE: Final = "-"
"""Nobody answers if nobody fits; no id of a character is like it."""


class ChannelForm(forms.Form):
    """What a channel says of itself; each value may be left to its category.

    ``words`` tells for each field what holds if the channel leaves it open;
    ``characters`` are pairs of id and name that can be chosen.
    """

    started = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reply_mode = forms.ChoiceField(label="When characters answer", required=False)
    who = forms.ChoiceField(label="Who may answer", required=False)
    allow = forms.MultipleChoiceField(
        label="Only these",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Counts if you choose “Only these” above.",
    )
    never = forms.ChoiceField(label="Who never answers", required=False)
    deny = forms.MultipleChoiceField(
        label="These",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Counts if you choose “These” above.",
    )
    default_character_id = forms.ChoiceField(
        label="Who answers if nobody fits", required=False
    )

    def __init__(
        self,
        data: Any = None,
        *,
        settings: ChannelSettings,
        started: int,
        words: Mapping[str, str],
        modes: Mapping[str, str],
        characters: Sequence[Choice],
    ) -> None:
        super().__init__(data, initial=_initial(settings, started=started))
        left = {name: f"As inherited: {text}" for name, text in words.items()}
        self._choices("reply_mode", left, [(mode, modes[mode]) for mode in REPLY_MODES])
        self._choices("who", left, [(EVERYBODY, "Everybody"), (ONLY, "Only these")])
        self._choices("never", left, [(NOBODY, "Nobody is left out"), (THESE, "These")])
        default = [(SILENCE, "Nobody"), *characters]
        self._choices("default_character_id", left, default)
        for name in ("allow", "deny"):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101
            field.choices = list(characters)

    def _choices(
        self, name: str, left: Mapping[str, str], choices: Sequence[Choice]
    ) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(INHERITED, left[name]), *choices]

    def clean(self) -> dict[str, Any]:
        """A list that is asked for names somebody."""
        cleaned = super().clean() or {}
        for name, mode, asked in (("allow", "who", ONLY), ("deny", "never", THESE)):
            is_empty = cleaned.get(mode) == asked and not cleaned.get(name)
            if is_empty and name not in self.errors:
                self.add_error(name, "Choose at least one, or another answer above.")
        return cleaned

    def to_settings(self) -> ChannelSettings:
        """What a valid form says."""
        given = self.cleaned_data
        allow = {EVERYBODY: [], ONLY: given["allow"]}
        deny = {NOBODY: [], THESE: given["deny"]}
        default = given["default_character_id"]
        values = {
            "reply_mode": given["reply_mode"] or None,
            "allow": allow.get(given["who"]),
            "deny": deny.get(given["never"]),
            "default_character_id": _DEFAULTS.get(default, default),
        }
        # From JSON, because the model is strict and takes its words from there only.
        return ChannelSettings.model_validate_json(orjson.dumps(values))


_DEFAULTS: Final = {INHERITED: None, SILENCE: ""}
_SHOWN: Final = {None: INHERITED, "": SILENCE}


def _initial(settings: ChannelSettings, *, started: int) -> dict[str, Any]:
    default = settings.default_character_id
    return {
        "started": started,
        "reply_mode": settings.reply_mode or INHERITED,
        "who": _mode(settings.allow, full=ONLY, empty=EVERYBODY),
        "allow": settings.allow or [],
        "never": _mode(settings.deny, full=THESE, empty=NOBODY),
        "deny": settings.deny or [],
        "default_character_id": _SHOWN.get(default, default),
    }


def _mode(ids: list[str] | None, *, full: str, empty: str) -> str:
    if ids is None:
        return INHERITED
    return full if ids else empty
