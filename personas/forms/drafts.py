"""The forms of a character's and of a framework's draft."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django import forms

from core import limits
from core.models import User
from core.sheet_forms import SheetField, SheetWidget
from core.sheet_forms.blueprint import Blueprint
from core.sheet_forms.leaves import TextShape
from core.sheet_forms.nesting import RowsShape
from core.sheet_forms.widgets import EVERY
from personas import policy
from personas.domain.placeholders import PLACES
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.forms.sheets import Part, SheetForm, controls_of
from personas.forms.uploads import PictureField
from personas.models import Character, Framework, Lorebook
from personas.services import drafts

CHARACTER_PARTS: Final = (
    Part(
        "who",
        "Who they are",
        (
            "display_name",
            "framework_id",
            "nickname",
            "aliases",
            "avatar",
            "tags",
            "description",
            "identity",
            "scenario",
        ),
    ),
    Part(
        "talk",
        "How they talk",
        (
            "voice_and_tone",
            "quirks",
            "opinions",
            "first_message",
            "alternate_greetings",
            "example_messages",
        ),
    ),
    Part(
        "knowledge",
        "What they know",
        (
            "knowledge_domain",
            "lorebooks",
            "topic_interests",
            "topic_avoidances",
            "rag",
        ),
    ),
    Part(
        "growth",
        "Growth",
        ("evolution_stages",),
        "What changes in them after so many interactions.",
    ),
    Part(
        "answering",
        "When they answer",
        ("behavior", "activity_preferences", "routing_weight"),
    ),
    Part(
        "blending",
        "Blending",
        ("framework_blending",),
        "Other frameworks that join in, by kind of conversation.",
    ),
    Part("model", "Model and voice", ("model", "voice")),
    Part(
        "card",
        "Card details",
        ("creator", "character_version", "creator_notes", "avatar_address"),
        "Kept with the card; not part of the prompt.",
    ),
    Part(
        "advanced",
        "Advanced",
        ("system_prompt_override", "post_history", "extensions"),
    ),
)
FRAMEWORK_PARTS: Final = (
    Part("what", "What it is", ("name", "purpose", "description")),
    Part(
        "acting",
        "How they act",
        (
            "behavioral_patterns",
            "decision_making",
            "interaction_style",
            "anti_hallucination",
        ),
        "Every line becomes part of the prompts of all who use the framework.",
    ),
    Part("needs", "What they need", ("tool_requirements", "context_requirements")),
    Part("prompt", "Prompt", ("prompt_template",)),
    Part("advanced", "Advanced", ("extensions",)),
)
_TEMPLATE_HELP: Final = (
    f"It may name {', '.join(f'{{{place}}}' for place in PLACES)}. Sections that it"
    " does not name follow it, in this order."
)


def _lorebooks_field() -> SheetField:
    """One row for each lorebook, which is chosen by its name; the order counts."""
    info = CharacterSheet.model_fields["lorebooks"]
    blueprint = Blueprint.of(
        info.annotation, info=info, config=CharacterSheet.model_config
    )
    # A list of ids is drawn as words to type; nobody knows ids of lorebooks by heart.
    line = TextShape(is_one_line=True, max_length=limits.SLUG_LENGTH, min_length=1)
    rows = RowsShape(line, limits.LIST_ITEMS)
    return SheetField(blueprint=replace(blueprint, shape=rows), label=info.title)


class CharacterForm(SheetForm):
    """A character's draft."""

    sheet_class = CharacterSheet
    parts = CHARACTER_PARTS
    controls = controls_of(
        CharacterSheet,
        {
            "framework_id": forms.ChoiceField(
                label="Framework",
                help_text=CharacterSheet.model_fields["framework_id"].description or "",
            ),
            "avatar": PictureField(label="Picture"),
            "lorebooks": _lorebooks_field(),
        },
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        books = self.fields["lorebooks"].widget
        assert isinstance(books, SheetWidget)  # noqa: S101  # Ours, above.
        books.offers = lambda: {EVERY: list(self._lorebooks())}
        field = self.fields["framework_id"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # Ours, above.
        rows = Framework.objects.order_by("name", "framework_id")
        named = list(rows.values_list("framework_id", "name", "archived_at"))
        field.choices = self._frameworks(named)
        blending = self.fields["framework_blending"].widget
        assert isinstance(blending, SheetWidget)  # noqa: S101
        blending.offers = lambda: {
            "context": [(c.context, c.name) for c in policy.contexts()],
            "framework_id": [
                (key, f"{name} (archived)" if archived_at else name)
                for key, name, archived_at in named
            ],
        }

    def _lorebooks(self) -> Iterator[tuple[str, str]]:
        """Lorebooks in use; of all others only those that the character names."""
        own = (
            list(self.current.lorebooks) if isinstance(self.current, Character) else []
        )
        rows = Lorebook.objects.order_by("name", "book_id")
        known = set()
        for book_id, name, archived_at, published in rows.values_list(
            "book_id", "name", "archived_at", "published"
        ):
            known.add(book_id)
            if archived_at is not None:
                if book_id in own:
                    yield book_id, f"{name} (archived: bots get nothing of it)"
            else:
                yield book_id, name if published else f"{name} (never published)"
        for book_id in own:
            if book_id not in known:
                yield book_id, f"{book_id} (there is no such lorebook)"

    def _frameworks(
        self, named: Iterable[tuple[str, str, datetime | None]]
    ) -> list[tuple[str, str]]:
        """Frameworks in use, and the one that the character has."""
        own = ""
        if isinstance(self.current, Character):
            own = self.current.framework.framework_id
        found = [
            (key, name)
            for key, name, archived_at in named
            if archived_at is None or key == own
        ]
        return found if self.current is not None else [("", "Choose one"), *found]

    def _create(self, *, actor: User, now: datetime) -> Character | None:
        assert isinstance(self.sheet, CharacterSheet)  # noqa: S101  # Valid by now.
        character_id = self.new_id(name=self.sheet.display_name)
        if not character_id:
            return None
        return drafts.create_character(
            character_id=character_id, sheet=self.sheet, actor=actor, now=now
        )

    def _update(self, *, actor: User, now: datetime) -> Character:
        assert isinstance(self.sheet, CharacterSheet)  # noqa: S101
        assert isinstance(self.current, Character)  # noqa: S101
        return drafts.save_character(
            character_id=self.current.character_id,
            sheet=self.sheet,
            revision=self.cleaned_data["revision"] or 0,
            actor=actor,
            now=now,
        )


class FrameworkForm(SheetForm):
    """A framework's draft."""

    sheet_class = FrameworkSheet
    parts = FRAMEWORK_PARTS
    controls = controls_of(
        FrameworkSheet,
        {
            "prompt_template": SheetField.for_model_field(
                FrameworkSheet, "prompt_template", help_text=_TEMPLATE_HELP
            )
        },
    )

    def _create(self, *, actor: User, now: datetime) -> Framework | None:
        assert isinstance(self.sheet, FrameworkSheet)  # noqa: S101
        framework_id = self.new_id(name=self.sheet.name)
        if not framework_id:
            return None
        return drafts.create_framework(
            framework_id=framework_id, sheet=self.sheet, actor=actor, now=now
        )

    def _update(self, *, actor: User, now: datetime) -> Framework:
        assert isinstance(self.sheet, FrameworkSheet)  # noqa: S101
        assert isinstance(self.current, Framework)  # noqa: S101
        return drafts.save_framework(
            framework_id=self.current.framework_id,
            sheet=self.sheet,
            revision=self.cleaned_data["revision"] or 0,
            actor=actor,
            now=now,
        )


def form_class_of(draft: Character | Framework, /) -> type[SheetForm]:
    """The form that edits such a draft."""
    return CharacterForm if isinstance(draft, Character) else FrameworkForm
