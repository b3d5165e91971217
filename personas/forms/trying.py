"""The form of the test console: who speaks, about what, and in which kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict

from core import limits
from personas.domain.contexts import ConversationContext
from personas.domain.matching import comparable
from personas.domain.sheets import AUTO
from personas.services.conversing import Asked, Said, Who

MOST_MESSAGES: Final = 40


@dataclass(slots=True)
class Row:
    """One message as it stands in the form; ``problem`` says what is wrong."""

    text: str = ""
    who: Who = Who.USER
    name: str = ""
    problem: str = ""

    @property
    def is_character(self) -> bool:
        return self.who == Who.CHARACTER

    @property
    def is_other(self) -> bool:
        return self.who == Who.OTHER


def posted_rows(data: QueryDict, /) -> list[Row]:
    """The messages of a posted form, at least one, with only one kind of line end."""
    rows = [
        Row(
            text=text.replace("\r\n", "\n"),
            who=Who(who) if who in set(Who) else Who.USER,
            name=(name or "").strip(),
        )
        for text, who, name in zip_longest(
            data.getlist("text"), data.getlist("who"), data.getlist("name")
        )
        if text is not None
    ]
    return rows or [Row()]


class ConversationForm(forms.Form):
    """What is put to the character; ``rows`` are its messages.

    ``names`` are the character's.
    """

    user_name = forms.CharField(
        label="The user’s name",
        max_length=limits.NAME_LENGTH,
        required=False,
        help_text="Stands where the prompt says {{user}}.",
    )
    context = forms.ChoiceField(label="Kind of conversation", required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        contexts: Sequence[ConversationContext],
        names: Sequence[str],
        rows: Sequence[Row] = (),
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.names = names
        # Ids of its own: in the editor it stands beside another form.
        super().__init__(data, initial=initial, auto_id="test-%s")
        self.rows = posted_rows(data) if data is not None else list(rows) or [Row()]
        choice = cast("forms.ChoiceField", self.fields["context"])
        choice.choices = [
            ("", "Any: the plain prompt"),
            (AUTO, "As the messages tell"),
            *((c.context, c.name) for c in contexts),
        ]
        choice.error_messages["invalid_choice"] = (
            "There is no such kind of conversation. Choose one of the list."
        )

    @property
    def blank(self) -> Row:
        """What a script adds one more message from."""
        return Row()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if len(self.rows) > MOST_MESSAGES:
            self.add_error(
                None, f"Put {MOST_MESSAGES} messages at most; remove some of them."
            )
        for row in self.rows:
            row.problem = _problem(row)
        if any(row.problem for row in self.rows):
            self.add_error(None, "Look at the marked messages, then press Try again.")
        return cleaned

    def clean_user_name(self) -> str:
        name: str = self.cleaned_data["user_name"]
        if comparable(name) and comparable(name) in map(comparable, self.names):
            raise forms.ValidationError(
                "The character has this name. Give the user another one."
            )
        return name

    def asked(self) -> Asked:
        """The conversation, once the form is valid."""
        return Asked(
            user_name=self.cleaned_data["user_name"],
            context=self.cleaned_data["context"],
            messages=tuple(
                Said(who=row.who, text=row.text, name=row.name if row.is_other else "")
                for row in self.rows
            ),
        )


def _problem(row: Row) -> str:
    if not row.text.strip():
        return "Write what is said, or remove the message."
    if "\0" in row.text + row.name:
        return "This holds a character that no message can. Paste it as plain text."
    if len(row.text.encode()) > limits.MESSAGE_BYTES:
        return f"A message has {limits.MESSAGE_BYTES // 1024} KiB at most. Shorten it."
    if row.is_other and not row.name:
        return "Name who says it."
    if len(row.name) > limits.NAME_LENGTH:
        return f"A name has {limits.NAME_LENGTH} characters at most."
    return ""


class SampleForm(forms.Form):
    """What a sample conversation is called."""

    title = forms.CharField(
        label="Title",
        max_length=200,
        error_messages={"required": "Give it a title, to find it again."},
    )
