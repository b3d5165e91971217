"""The tester of lorebooks: a conversation, and an entry that is changed in place."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from django import forms
from pydantic import ValidationError as SheetError

from core import limits
from core.sheet_forms.words import explain
from personas.domain.composing import Message
from personas.domain.lore.sheets import EntrySheet
from personas.models import Character, LoreEntry
from personas.services.lore_trying import Trial

MOST_MESSAGES: Final = 200
CONVERSATION_BYTES: Final = 128 * 1024
NAMELESS: Final = "User"
DRAFT: Final = "draft"
LIVE: Final = "live"
EDIT: Final = "edit"
"""Prefix of the controls of the entry that is changed in place."""

# A name has a letter, so that a time of day is none; neither is an address.
_SPOKEN: Final = re.compile(r"(?=[^:]*[^\W\d_])([^\s:][^:]{0,79}):(?!//)[ \t]?(.*)")


def read_conversation(text: str, /) -> list[Message]:
    """Messages of lines ``Name: what they say``, the oldest first.

    A line without a name, or that begins with a blank, goes on with the message
    above it; the first is by ``NAMELESS`` if it has no name.
    """
    said: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        found = _SPOKEN.fullmatch(line)
        if found is not None:
            said.append((found[1].rstrip(), [found[2]]))
        elif said:
            said[-1][1].append(line.removeprefix(" "))
        elif line.strip():
            said.append((NAMELESS, [line.removeprefix(" ")]))
    return [Message(name, "\n".join(lines).rstrip()) for name, lines in said]


def write_conversation(messages: Iterable[Message], /) -> str:
    """Lines that ``read_conversation`` reads as these messages."""
    return "\n".join(
        f"{_name(message.name)}: {_indented(message.text)}" for message in messages
    )


class TrialForm(forms.Form):
    """What the tester tries; ``characters`` are those that may be tried as."""

    conversation = forms.CharField(
        required=False,
        strip=False,
        label="Conversation",
        help_text="One message a line, Name: text. A line without a name goes on"
        " with the message above it. The newest stands last.",
        widget=forms.Textarea({"rows": 10, "spellcheck": "false"}),
    )
    character = forms.ChoiceField(required=False, label="As")
    side = forms.ChoiceField(
        required=False,
        label="Try",
        choices=[(DRAFT, "The draft"), (LIVE, "What is live")],
    )
    budget = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=10_000_000,
        label="Budget",
        help_text="Tokens that lore may take.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2_147_483_647,
        label="Seed",
        help_text="Another number, other rolls.",
    )

    def __init__(
        self, data: Any = None, *, characters: Sequence[Character], **options: Any
    ) -> None:
        super().__init__(data, label_suffix="", auto_id="try-%s", **options)
        self.characters = {c.character_id: c for c in characters}
        choice = cast("forms.ChoiceField", self.fields["character"])
        choice.choices = [
            ("", "Nobody: this lorebook alone"),
            *((key, str(c)) for key, c in self.characters.items()),
        ]
        choice.error_messages["invalid_choice"] = (
            "This character does not use the lorebook any more. Choose another."
        )

    def clean_conversation(self) -> list[Message]:
        text = self.cleaned_data["conversation"].replace("\r\n", "\n")
        if len(text.encode()) > CONVERSATION_BYTES:
            raise forms.ValidationError(
                f"Shorten it to {CONVERSATION_BYTES // 1024} KiB; only the newest"
                " messages are looked through."
            )
        found = read_conversation(text)
        if len(found) > MOST_MESSAGES:
            raise forms.ValidationError(
                f"Put {MOST_MESSAGES} messages at most; there are {len(found)}."
            )
        for at, message in enumerate(found, start=1):
            if len(message.text.encode()) > limits.MESSAGE_BYTES:
                raise forms.ValidationError(
                    f"Message {at} is too long: {limits.MESSAGE_BYTES // 1024} KiB"
                    " at most."
                )
        return found

    def trial(self, *, character: Character | None) -> Trial:
        """What to try, once the form is valid; ``character`` is the chosen one."""
        cleaned = self.cleaned_data
        return Trial(
            messages=tuple(cleaned["conversation"]),
            character=character,
            is_live=cleaned["side"] == LIVE,
            seed=cleaned["seed"] or 0,
            budget_tokens=cleaned["budget"],
        )


class EntryForm(forms.Form):
    """Those fields of an entry that decide most about whether it fires.

    What is not changed here keeps what is stored, byte for byte.
    """

    entry_id = forms.UUIDField(widget=forms.HiddenInput)
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    keys = forms.CharField(
        required=False,
        strip=False,
        label="Keys",
        help_text="One on a line.",
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
    )
    content = forms.CharField(
        required=False, strip=False, label="Text", widget=forms.Textarea({"rows": 5})
    )
    is_enabled = forms.BooleanField(required=False, label="On")
    is_constant = forms.BooleanField(required=False, label="Always")
    order = forms.IntegerField(label="Order")
    probability = forms.FloatField(label="Chance in percent")

    def __init__(self, data: Any = None, *, entry: LoreEntry) -> None:
        self.entry = entry
        self.stored = entry.to_sheet()
        self.sheet: EntrySheet | None = None
        super().__init__(
            data, prefix=EDIT, initial=self._initial(), label_suffix="", auto_id="%s"
        )

    def _initial(self) -> dict[str, Any]:
        sheet = self.stored
        return {
            "entry_id": self.entry.entry_id,
            "revision": self.entry.revision,
            "keys": "\n".join(sheet.keys),
            "content": sheet.content,
            "is_enabled": sheet.is_enabled,
            "is_constant": sheet.is_constant,
            "order": sheet.order,
            "probability": sheet.probability,
        }

    def clean(self) -> dict[str, Any]:
        """``sheet`` is the entry as it would be, if nothing is wrong."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            self.sheet = EntrySheet.model_validate(
                {**self.stored.model_dump(mode="json"), **self._changes(cleaned)}
            )
        except SheetError as error:
            for item in error.errors(include_url=False):
                name = str(item["loc"][0])
                self.add_error(name if name in self.fields else None, explain(item))
        return cleaned

    def _changes(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        keys, content = (_lines(cleaned[name]) for name in ("keys", "content"))
        found: dict[str, Any] = {
            name: cleaned[name] for name in ("is_enabled", "is_constant", "order")
        }
        if keys != _lines("\n".join(self.stored.keys)):
            found["keys"] = [key for key in keys.split("\n") if key.strip()]
        if content != _lines(self.stored.content):
            found["content"] = content
        if cleaned["probability"] != self.stored.probability:
            # Who sets a chance wants it to count.
            found |= {"probability": cleaned["probability"], "use_probability": True}
        return found


def _lines(text: str) -> str:
    """As a browser sends it, with only one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _name(name: str) -> str:
    """A name that can stand before a colon."""
    plain = " ".join(name.replace(":", " ").split())[:80]
    return plain if any(map(str.isalpha, plain)) else NAMELESS


def _indented(text: str) -> str:
    """Every further line with a blank before it, so that none is taken for a name."""
    return _lines(text).replace("\n", "\n ")
