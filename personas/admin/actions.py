"""What can be chosen for several characters in their list."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.people import may
from core.roles import Action
from core.sheet_forms import SheetField
from core.views.requests import signed_in
from personas.admin import bulk
from personas.admin.sheets import SheetAdmin
from personas.domain.sheets import Term
from personas.models import Character, Framework
from personas.views.shown import face_of

MOST = limits.PAGE_SIZE_MAX
"""Characters that one bulk action may change."""


def _frameworks() -> list[tuple[str, str]]:
    rows = Framework.objects.active().order_by("name", "framework_id")
    return list(rows.values_list("framework_id", "name"))


class TagForm(forms.Form):
    """One tag."""

    tag = SheetField(Term, label="Tag", help_text="")


class FrameworkChoice(forms.Form):
    """One framework that is in use."""

    framework = forms.ChoiceField(choices=lambda: [("", "Choose one"), *_frameworks()])


Run = Callable[[QuerySet[Character], forms.Form], bulk.Report]


class CharacterActions(SheetAdmin):
    """The bulk actions of ``CharacterAdmin``, and the rights they ask for."""

    actions = (
        "prepare_publish",
        "switch_on",
        "switch_off",
        "add_tag",
        "remove_tag",
        "assign_framework",
        "export",
        "archive",
        "restore",
    )

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return may(request.user, action=Action.PUBLISH)

    def has_archive_permission(self, request: HttpRequest) -> bool:
        return may(request.user, action=Action.ARCHIVE)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return may(request.user, action=Action.IMPORT)

    @admin.action(description="Prepare a publish…", permissions=["publish"])
    def prepare_publish(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._go(request, queryset, url_name="personas:publish")

    @admin.action(description="Export…", permissions=["import"])
    def export(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._go(request, queryset, url_name="personas:export-many")

    def _go(
        self, request: HttpRequest, queryset: QuerySet[Character], *, url_name: str
    ) -> HttpResponse | None:
        """To a page that is about those who are chosen."""
        if self._are_too_many(request, queryset):
            return None
        ids = queryset.order_by("character_id").values_list("character_id", flat=True)
        return redirect(reverse(url_name, query={"ids": ",".join(ids)}))

    @admin.action(description="Switch on", permissions=["publish"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Character]) -> None:
        if not self._are_too_many(request, queryset):
            report = bulk.switch(
                queryset, is_active=True, actor=signed_in(request), now=timezone.now()
            )
            self._tell(request, report)

    @admin.action(description="Switch off…", permissions=["publish"])
    def switch_off(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._ask(
            request,
            queryset,
            action="switch_off",
            title="Switch off",
            text="They stop answering at once, without publishing.",
            run=lambda rows, _: bulk.switch(
                rows,
                is_active=False,
                actor=signed_in(request),
                now=timezone.now(),
            ),
        )

    @admin.action(description="Add a tag…", permissions=["change"])
    def add_tag(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._ask(
            request,
            queryset,
            action="add_tag",
            title="Add a tag",
            text="It is added to the drafts; publishing makes it live.",
            form_class=TagForm,
            run=lambda rows, form: self._edit(
                request, rows, change=bulk.with_tag(form.cleaned_data["tag"])
            ),
        )

    @admin.action(description="Remove a tag…", permissions=["change"])
    def remove_tag(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._ask(
            request,
            queryset,
            action="remove_tag",
            title="Remove a tag",
            text="It is removed from the drafts; publishing makes that live.",
            form_class=TagForm,
            run=lambda rows, form: self._edit(
                request, rows, change=bulk.without_tag(form.cleaned_data["tag"])
            ),
        )

    @admin.action(description="Assign a framework…", permissions=["change"])
    def assign_framework(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._ask(
            request,
            queryset,
            action="assign_framework",
            title="Assign a framework",
            text="It is set in the drafts; publishing makes it live. Feelings, growth"
            " and history stay with the characters.",
            form_class=FrameworkChoice,
            run=lambda rows, form: self._edit(
                request,
                rows,
                change=bulk.with_framework(form.cleaned_data["framework"]),
            ),
        )

    @admin.action(description="Archive…", permissions=["archive"])
    def archive(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> HttpResponse | None:
        return self._ask(
            request,
            queryset,
            action="archive",
            title="Archive",
            text="They leave the cast and answer nobody. Nothing is deleted; you can"
            " restore them at any time.",
            run=lambda rows, _: self._archive(request, rows, is_archived=True),
        )

    @admin.action(description="Restore", permissions=["archive"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Character]) -> None:
        if not self._are_too_many(request, queryset):
            self._tell(request, self._archive(request, queryset, is_archived=False))

    def _edit(
        self, request: HttpRequest, rows: QuerySet[Character], *, change: bulk.Change
    ) -> bulk.Report:
        # Whole rows: those of the list lack the long texts.
        whole = Character.objects.for_sheets().filter(pk__in=[row.pk for row in rows])
        return bulk.edit(
            whole.order_by("character_id"),
            change=change,
            actor=signed_in(request),
            now=timezone.now(),
        )

    def _archive(
        self, request: HttpRequest, rows: QuerySet[Character], *, is_archived: bool
    ) -> bulk.Report:
        return bulk.archive(
            rows, is_archived=is_archived, actor=signed_in(request), now=timezone.now()
        )

    def _ask(
        self,
        request: HttpRequest,
        queryset: QuerySet[Character],
        *,
        action: str,
        title: str,
        text: str,
        run: Run,
        form_class: type[forms.Form] = forms.Form,
    ) -> HttpResponse | None:
        """Ask on a page of its own; when that is answered, ``run`` and tell."""
        if self._are_too_many(request, queryset):
            return None
        is_answer = "apply" in request.POST
        form = form_class(request.POST if is_answer else None, label_suffix="")
        if is_answer and form.is_valid():
            self._tell(request, run(queryset, form))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "text": text,
            "opts": self.opts,
            "action": action,
            "rows": [(row, face_of(row)) for row in queryset],
            "form": form,
            "media": form.media,
        }
        status = 422 if is_answer else 200
        template = "personas/admin/bulk.html"
        return TemplateResponse(request, template, context, status=status)

    def _are_too_many(
        self, request: HttpRequest, queryset: QuerySet[Character]
    ) -> bool:
        count = queryset.count()
        if count > MOST:
            text = f"Choose at most {MOST} characters at a time; these are {count}."
            messages.error(request, text)
        return count > MOST

    def _tell(self, request: HttpRequest, report: bulk.Report) -> None:
        parts = [f"{report.changed} changed"]
        if report.unchanged:
            parts.append(f"{report.unchanged} as they were")
        if report.refused:
            parts.append(f"{len(report.refused)} refused")
        level = messages.WARNING if report.refused else messages.SUCCESS
        messages.add_message(request, level, f"{', '.join(parts)}.")
        for text in report.refusals():
            messages.warning(request, text)
