"""The form of one kind of conversation."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from pydantic import ValidationError

from core.sheet_forms import SheetField, add_sheet_errors
from personas.domain.contexts import ConversationContext, FrameworkWeight

WEIGHT: Final = "weight-"
_MOST_PERCENT: Final = 1_000_000
_DIGITS: Final = 4


class ContextForm(forms.Form):
    """Name, weights as percent, words and other ids; the id too of a new one.

    ``frameworks`` maps the ids to be weighted to their names.
    """

    started = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        row: ConversationContext | None,
        context_id: str | None,
        frameworks: Mapping[str, str],
        started: str,
    ) -> None:
        super().__init__(data, initial={"started": started})
        self._row = row
        self._context_id = context_id
        if context_id is None:
            self.fields["context"] = _field("context")
        self.fields["title"] = _field("title")
        shown = _percents(row)
        for key, name in frameworks.items():
            self.fields[f"{WEIGHT}{key}"] = forms.FloatField(
                label=name,
                required=False,
                min_value=0,
                max_value=_MOST_PERCENT,
                initial=shown.get(key),
                widget=forms.NumberInput(
                    {"step": "any", "inputmode": "decimal", "data-weight": ""}
                ),
            )
        self.fields["vocabulary"] = _field(
            "vocabulary",
            help_text="Whole words and phrases, each form by itself: “event” is not"
            " found in “prevent” or in “events”.",
        )
        self.fields["aliases"] = _field(
            "aliases",
            help_text="Bots and imported files may use these instead of the id.",
        )
        if row is not None:
            for name in ("title", "vocabulary", "aliases"):
                self.initial[name] = getattr(row, name)

    @property
    def weight_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(WEIGHT)]

    def to_context(self) -> ConversationContext | None:
        """What was written; ``None`` with errors beside the fields."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        try:
            return ConversationContext.model_validate(
                {
                    "context": self._context_id or given["context"],
                    "title": given["title"],
                    "weights": self._weights(),
                    "vocabulary": given["vocabulary"],
                    "aliases": given["aliases"],
                }
            )
        except ValidationError as error:
            add_sheet_errors(self, error=error)
            return None

    def _weights(self) -> list[FrameworkWeight]:
        """As shares of 1; as they were if nobody touched them.

        Percent are rounded to be read, and must not become other weights by it.
        """
        names = [name for name in self.fields if name.startswith(WEIGHT)]
        if self._row and not any(name in self.changed_data for name in names):
            return self._row.weights
        given = {
            name.removeprefix(WEIGHT): self.cleaned_data[name] or 0 for name in names
        }
        return [
            FrameworkWeight(framework_id=key, weight=round(percent / 100, 9))
            for key, percent in given.items()
            if percent > 0
        ]


def _field(name: str, **options: Any) -> SheetField:
    return SheetField.for_model_field(ConversationContext, name, **options)


def _percents(row: ConversationContext | None) -> dict[str, float]:
    """Framework id → percent of all weights, as it is shown."""
    asked = row.asked if row else {}
    total = sum(asked.values()) or 1
    return {
        key: _short(round(100 * weight / total, _DIGITS))
        for key, weight in asked.items()
    }


def _short(number: float) -> float:
    return int(number) if number == int(number) else number
