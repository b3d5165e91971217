"""What the admins of characters and frameworks share: lists, and adding a draft."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin.base import SafeAdmin
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.forms.sheets import PICTURE, SheetForm
from personas.forms.uploads import take_upload
from personas.models import Character, Framework
from personas.views import saved_filters

Draft = Character | Framework


class SheetAdmin(SafeAdmin):
    """Drafts as forms made from their sheets; saved by the services of drafts.

    Nothing is ever deleted, and nothing here reaches a bot.
    """

    section = "Cast"
    actions_needed = {
        "view": Action.SEE,
        "add": Action.EDIT_DRAFTS,
        "change": Action.EDIT_DRAFTS,
    }
    change_form_template = "personas/admin/sheet_form.html"
    # One query per choice, and tags have many.
    show_facets = admin.ShowFacets.NEVER
    # A number of rows that are not shown would be missed.
    show_full_result_count = True
    change_list_template = "personas/admin/sheet_list.html"
    form_class: ClassVar[type[SheetForm]]

    # What the two admins say of themselves.

    def page_of(self, obj: Any, /) -> str:
        """The address of the page about ``obj``."""
        raise NotImplementedError

    def editor_of(self, obj: Any, /) -> str:
        """The address of the page that edits ``obj``."""
        raise NotImplementedError

    @admin.display(description="Saved", ordering="updated_at")
    def saved_at(self, obj: Any) -> SafeString:
        return render_to_string("personas/_time.html", {"at": obj.updated_at})

    # Django's addresses.

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, below the filters that the person keeps for it."""
        page = str(self.opts.verbose_name_plural)
        shown = {
            **(extra_context or {}),
            **saved_filters.chips(request, page=page),
            "may_import": may(request.user, action=Action.IMPORT),
        }
        response: HttpResponse = super().changelist_view(request, shown)
        return response

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        is_key = _is_key(object_id)
        rows = self.get_queryset(request)
        return rows.filter(pk=int(object_id)).first() if is_key else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form of a new draft; what exists is edited on a page of its own."""
        if object_id is not None:
            if request.method == "POST" and not self.has_change_permission(request):
                raise PermissionDenied("Your role does not allow this.")
            obj = self.get_object(request, unquote(object_id))
            return redirect(self.editor_of(obj)) if obj else self._nobody(request)
        if not self.has_add_permission(request):
            raise PermissionDenied("Your role does not allow this.")
        if request.method == "POST":
            return self._create(request)
        return self._show(request, form=self.form_class(current=None))

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The audit log for admins, the page with the versions for all others."""
        if may(request.user, action=Action.READ_AUDIT):
            return super().history_view(request, object_id, extra_context)
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._nobody(request)
        return redirect(self.page_of(obj))

    def response_action(  # type: ignore[override]  # The stubs know a later Django.
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Django's, but keys that are none are told instead of failing."""
        if not all(map(_is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            messages.warning(request, "Choose rows of the list.")
            return None
        return super().response_action(request, queryset)

    # Its own.

    def _nobody(self, request: HttpRequest) -> HttpResponse:
        kind = self.opts.verbose_name
        messages.warning(request, f"There is no such {kind}; it may be on the list.")
        return redirect(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        )

    def _create(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        data, problem = take_upload(request.POST, request.FILES, name=PICTURE, now=now)
        form = self.form_class(data, current=None, picture_error=problem)
        made = None
        if form.is_valid():
            made = form.save(actor=signed_in(request), now=now)
        if made is None:
            return self._show(request, form=form, status=422)
        messages.success(request, f"Draft of {made} saved. Bots do not see it yet.")
        goes_on = "_continue" in request.POST
        return redirect(self.editor_of(made) if goes_on else self.page_of(made))

    def _show(
        self, request: HttpRequest, *, form: SheetForm, status: int = 200
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": f"New {self.opts.verbose_name}",
            "opts": self.opts,
            "add": True,
            "has_view_permission": True,
            "form": form,
            "media": form.media,
            "sections": list(form.sections()),
        }
        return TemplateResponse(
            request, self.change_form_template, context, status=status
        )


def restore_button(url: str, name: str, /) -> SafeString:
    """Brings an archived row back at once; it belongs to the form of the list."""
    return format_html(
        '<button class="button button--small" type="submit" formaction="{}"'
        ' name="is_archived" value="no">Restore<span class="visually-hidden"> {}'
        "</span></button>",
        url,
        name,
    )


def _is_key(text: str) -> bool:
    """Whether ``text`` can be a primary key in any database."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def draft_badge(obj: Draft, /) -> SafeString | str:
    """The badge of a list's row: archived, or with changes that are not live."""
    if obj.is_archived:
        return format_html('<span class="badge badge--archived">{}</span>', "Archived")
    if obj.has_unpublished_changes:
        return format_html('<span class="badge badge--draft">{}</span>', "Draft")
    return ""
