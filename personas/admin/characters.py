"""The list of characters, and the form of a new one."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from personas.admin.actions import CharacterActions
from personas.admin.filters import (
    ArchivedFilter,
    ChangesFilter,
    FrameworkFilter,
    SwitchFilter,
    TagFilter,
)
from personas.admin.finding import FoundList, excerpts_beside
from personas.admin.sheets import draft_badge, restore_button
from personas.forms.drafts import CharacterForm
from personas.models import Character
from personas.services import searching
from personas.views.reading import for_cards
from personas.views.shown import face_of


@admin.register(Character)
class CharacterAdmin(CharacterActions):
    form_class = CharacterForm
    list_display = (
        "picture_shown",
        "name_link",
        "id_shown",
        "framework_name",
        "live_version",
        "draft_state",
        "is_on",
        "tag_list",
        "saved_at",
        "edit_link",
    )
    list_display_links = None
    list_filter = (
        FrameworkFilter,
        ChangesFilter,
        SwitchFilter,
        ArchivedFilter,
        TagFilter,
    )
    list_select_related = ("framework",)
    # Any name switches the search on; get_search_results says what is searched.
    search_fields = ("display_name",)
    search_help_text = "All words of the draft and of the live prompt."
    ordering = ("display_name", "pk")

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Character]:
        return for_cards(Character.objects.all())

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        rows = searching.found(queryset, query=search_term)
        # The best places first, unless a column was chosen to sort by.
        if ORDER_VAR not in request.GET:
            rows = searching.best_first(rows)
        return rows, False

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return FoundList

    def page_of(self, obj: Character, /) -> str:
        return reverse("personas:character-detail", args=[obj.character_id])

    def editor_of(self, obj: Character, /) -> str:
        return reverse("personas:character-edit", args=[obj.character_id])

    # Columns

    @admin.display(description="Picture")
    def picture_shown(self, character: Character) -> SafeString:
        context = {"face": face_of(character), "size": "small"}
        return render_to_string("personas/_face.html", context)

    @admin.display(description="Name", ordering="display_name")
    def name_link(self, character: Character) -> SafeString:
        url = self.page_of(character)
        link = format_html('<a href="{}">{}</a>', url, character.display_name)
        return format_html("{}{}", link, excerpts_beside(character))

    @admin.display(description="Id", ordering="character_id")
    def id_shown(self, character: Character) -> SafeString:
        return format_html("<code>{}</code>", character.character_id)

    @admin.display(description="On", ordering="is_active", boolean=True)
    def is_on(self, character: Character) -> bool:
        return character.is_active

    @admin.display(description="Framework", ordering="framework__name")
    def framework_name(self, character: Character) -> str:
        return character.framework.name

    @admin.display(description="Live")
    def live_version(self, character: Character) -> SafeString:
        if character.live is None:
            return format_html('<span class="faint">{}</span>', "not live")
        number = character.live.version.number
        return format_html('<span class="version">v{}</span>', number)

    @admin.display(description="Draft")
    def draft_state(self, character: Character) -> SafeString | str:
        return draft_badge(character)

    @admin.display(description="Tags")
    def tag_list(self, character: Character) -> str:
        return ", ".join(character.tags)

    @admin.display(description="Edit")
    def edit_link(self, character: Character) -> SafeString:
        if character.is_archived:
            url = reverse("personas:character-archive", args=[character.character_id])
            return restore_button(url, character.display_name)
        return format_html(
            '<a href="{}">Edit<span class="visually-hidden"> {}</span></a>',
            self.editor_of(character),
            character.display_name,
        )
