"""The list of frameworks, and the form of a new one."""

from typing import Any

from django.contrib import admin
from django.db.models import (
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from personas import policy
from personas.admin.filters import ArchivedFilter, ChangesFilter
from personas.admin.sheets import SheetAdmin, draft_badge, restore_button
from personas.forms.drafts import FrameworkForm
from personas.models import BlendFramework, Character, Framework


@admin.register(Framework)
class FrameworkAdmin(SheetAdmin):
    form_class = FrameworkForm
    list_display = (
        "name_link",
        "id_shown",
        "live_version",
        "draft_state",
        "user_count",
        "saved_at",
        "edit_link",
    )
    list_display_links = None
    list_filter = (ChangesFilter, ArchivedFilter)
    list_select_related = ("published",)
    search_fields = ("name", "framework_id", "purpose", "description")
    ordering = ("name", "framework_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Framework]:
        rows = Framework.objects.for_list().annotate(blended_count=_blended())
        return rows.defer(
            "behavioral_patterns",
            "decision_making",
            "context_requirements",
            "interaction_style",
            "anti_hallucination",
            "prompt_template",
            "extensions",
            "published__inputs",
        )

    def page_of(self, obj: Framework, /) -> str:
        return reverse("personas:framework-detail", args=[obj.framework_id])

    def editor_of(self, obj: Framework, /) -> str:
        return reverse("personas:framework-edit", args=[obj.framework_id])

    @admin.display(description="Name", ordering="name")
    def name_link(self, framework: Framework) -> SafeString:
        url = self.page_of(framework)
        return format_html('<a href="{}">{}</a>', url, framework.name)

    @admin.display(description="Id", ordering="framework_id")
    def id_shown(self, framework: Framework) -> SafeString:
        return format_html("<code>{}</code>", framework.framework_id)

    @admin.display(description="Live")
    def live_version(self, framework: Framework) -> SafeString:
        if framework.published is None:
            return format_html('<span class="faint">{}</span>', "never published")
        number = framework.published.number
        return format_html('<span class="version">v{}</span>', number)

    @admin.display(description="Draft")
    def draft_state(self, framework: Framework) -> SafeString | str:
        return draft_badge(framework)

    @admin.display(description="Used by", ordering="user_count")
    def user_count(self, framework: Any) -> str:
        """How many drafts have it as their own, and who else mixes it in."""
        own, blended = framework.user_count, framework.blended_count
        return f"{own} own · {blended} blended" if blended else str(own)

    @admin.display(description="Edit")
    def edit_link(self, framework: Framework) -> SafeString:
        if framework.is_archived:
            url = reverse("personas:framework-archive", args=[framework.framework_id])
            return restore_button(url, framework.name)
        return format_html(
            '<a href="{}">Edit<span class="visually-hidden"> {}</span></a>',
            self.editor_of(framework),
            framework.name,
        )


def _blended() -> Coalesce:
    """How many active characters mix it in, in the draft or where a label points,
    and have another as their own.

    Whom the table of kinds makes mix it counts too, as on the framework's page.
    """
    rows = Character.objects.active().alias(
        # The column is text that ``OrderedJSONField`` writes in exactly one way.
        blending=Cast("framework_blending", TextField()),
        named=ExpressionWrapper(OuterRef("framework_id"), CharField()),
    )
    asked = Q(
        blending__contains=Concat(Value('"framework_id":"'), F("named"), Value('"'))
    )
    for kind in policy.contexts():
        is_listed = Q(blending__contains=f'"context":"{kind.context}"')
        asked |= Q(named__in=list(kind.asked)) & ~is_listed
    labelled = BlendFramework.objects.filter(
        framework_version__framework=OuterRef(OuterRef("pk")),
        blend__version__character=OuterRef("pk"),
        blend__version__labels__isnull=False,
    )
    mixing = rows.filter(
        Q(blending__contains='"enabled":true') & asked | Exists(labelled)
    )
    counted = (
        mixing.exclude(framework=OuterRef("pk"))
        .order_by()
        .values(one=Value(1))
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
