"""What managers change between two characters; each asks why."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms

from core import limits
from relationships.domain.amounts import MILLI, MOST
from relationships.services.adjusting import MOST_TOPICS
from relationships.views.ledger_shown import Entry
from relationships.views.ledger_words import points
from relationships.views.pair_shown import Standing

_PLACES: Final = 3
_POINTS: Final = MOST // MILLI
_SEEN_LENGTH: Final = 40
_LONGEST_TOPICS: Final = MOST_TOPICS * (limits.NAME_LENGTH + 1)


WAYS: Final = ("forth", "back")
"""What the first feels for the second, and the other way round."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An edit that began before something else happened.

    ``seen`` and ``now`` are what the person saw and what is there; ``since`` is
    what happened in between, newest first.
    """

    text: str
    seen: str
    now: str
    since: list[Entry]


class _Number(forms.DecimalField):
    """Points from -10 to 10; empty leaves as it is what it stands for."""

    def __init__(self, label: str, *, help_text: str = "") -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=-_POINTS,
            max_value=_POINTS,
            decimal_places=_PLACES,
            help_text=help_text,
            widget=forms.NumberInput({"step": "0.001", "class": "input--short"}),
            error_messages={
                "invalid": "Give a number, such as 2.5 or -4.",
                "min_value": f"Give at least -{_POINTS}.",
                "max_value": f"Give at most {_POINTS}.",
                "max_decimal_places": "Give at most three decimals.",
            },
        )

    def to_python(self, value: Any) -> Any:
        """A real minus, as these pages write it, and a comma count too."""
        if isinstance(value, str):
            value = value.replace("−", "-").replace(",", ".")
        return super().to_python(value)


class PairForm(forms.Form):
    """``started`` is what the edit starts from; ``stale`` tells what came between."""

    stale: Stale | None = None

    started = forms.CharField(widget=forms.HiddenInput, max_length=_LONGEST_TOPICS)
    reason = forms.CharField(
        label="Why",
        max_length=limits.NOTE_LENGTH,
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": "Say why, for whoever reads the history."},
    )

    def __init__(self, data: Any = None, *, name: str, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, auto_id=f"pair-{name}-%s")
        self.order_fields([n for n in self.fields if n != "reason"])

    def start_again(self, found: Standing, *, text: str, since: list[Entry]) -> None:
        """Keep what was written, but start from what is there now.

        ``text`` says what is wrong; ``since`` is what happened in between.
        """
        fresh, stale = self._compared(found)
        self.data = {**{n: self.data.get(n) for n in self.data}, **fresh}
        self.stale = Stale(text, *stale, since=since)

    def _compared(self, found: Standing) -> tuple[dict[str, str], tuple[str, str]]:
        """What the form starts from now; what the person saw, and what there is."""
        return {"started": found.tag}, ("", "")


class ValueForm(PairForm):
    """What one feels for the other, and where that rests."""

    which = forms.ChoiceField(
        choices=[(way, way) for way in WAYS], widget=forms.HiddenInput
    )
    seen = forms.CharField(
        widget=forms.HiddenInput, required=False, max_length=_SEEN_LENGTH
    )
    affinity = _Number("Feeling now")
    resting = _Number("Resting value", help_text="What it fades towards by itself.")

    @classmethod
    def of(cls, found: Standing, /, *, which: int, data: Any = None) -> "ValueForm":
        """The form of one direction; empty fields stand for what is there."""
        feeling, resting = found.feelings[which], found.resting[which]
        initial = {
            "started": found.tag,
            "which": WAYS[which],
            "seen": feeling.text,
        }
        form = cls(data, name=WAYS[which], initial=initial)
        for name, shown in (("affinity", feeling), ("resting", resting)):
            form.fields[name].widget.attrs["placeholder"] = points(shown.milli)
        return form

    def _compared(self, found: Standing) -> tuple[dict[str, str], tuple[str, str]]:
        which = WAYS.index(self.cleaned_data["which"])
        now = found.feelings[which].text
        fresh = {"started": found.tag, "seen": now}
        return fresh, (self.cleaned_data["seen"], now)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        numbers = [given.get("affinity"), given.get("resting")]
        if not self.errors and numbers == [None, None]:
            raise forms.ValidationError("Give a feeling, a resting value, or both.")
        return given

    def milli(self, name: str) -> int | None:
        """A number of the valid form in thousandths."""
        value: Decimal | None = self.cleaned_data[name]
        return None if value is None else int(value * MILLI)


class ResetForm(PairForm):
    """Both feel nothing any more."""

    @classmethod
    def of(cls, found: Standing, /, *, data: Any = None) -> "ResetForm":
        return cls(data, name="reset", initial={"started": found.tag})


class TopicsForm(PairForm):
    """Topics that raise the tension between the two, one a line."""

    started = forms.CharField(
        widget=forms.HiddenInput,
        required=False,
        max_length=_LONGEST_TOPICS,
        strip=False,
    )
    topics = forms.CharField(
        label="Trigger topics",
        required=False,
        max_length=_LONGEST_TOPICS,
        widget=forms.Textarea({"rows": 3}),
        help_text="One a line. An interaction that bots report with one of them raises"
        " the tension, whatever its kind.",
    )

    @classmethod
    def of(cls, found: Standing, /, *, data: Any = None) -> "TopicsForm":
        text = "\n".join(found.topics)
        return cls(data, name="topics", initial={"started": text, "topics": text})

    def _compared(self, found: Standing) -> tuple[dict[str, str], tuple[str, str]]:
        started = "\n".join(found.topics)
        seen = ", ".join(self.lines("started"))
        return {"started": started}, (seen, ", ".join(found.topics))

    def lines(self, name: str) -> list[str]:
        """``topics`` or ``started`` of the valid form."""
        text: str = self.cleaned_data[name]
        return [line.strip() for line in text.splitlines() if line.strip()]
