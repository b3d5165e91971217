"""Bot keys: which there are, making, exchanging and revoking them."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core import limits
from core.access import allows
from core.keys import NAME_LENGTH, KeyRefused, create_key, revoke_key
from core.models import BotKey
from core.roles import BOT_SCOPES, Action, Scope
from core.scope_texts import TEXTS
from core.services.keys import KeyClosed, rotate_key
from core.views.requests import (
    absolute_url,
    forget_shown,
    page_of,
    search_words,
    show_once,
    shown_once,
    signed_in,
)

NEVER: Final = "never"
DAYS: Final = (
    ("365", "in a year"),
    ("90", "in 90 days"),
    ("30", "in 30 days"),
    (NEVER, "never"),
)
HOURS: Final = (
    ("24", "a day"),
    ("1", "an hour"),
    ("168", "a week"),
    ("0", "not at all: it ends now"),
)
LABEL: Final = r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$"
"""As ``core.keys`` demands it; here only to answer beside the field."""
STATES: Final = {"": "In use", "closed": "Revoked or expired", "all": "All"}


class ExpiryForm(forms.Form):
    """Until when a key is good."""

    days = forms.ChoiceField(label="Expires", choices=DAYS)

    def expires_at(self, *, now: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return None if days == NEVER else now + timedelta(days=int(days))


class KeyForm(ExpiryForm):
    """A new key."""

    name = forms.CharField(
        max_length=NAME_LENGTH, help_text="The bot that will use it, and where."
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, TEXTS[scope]) for scope in Scope],
        initial=[scope.value for scope in BOT_SCOPES],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Let the key do at least one thing."},
    )
    label = forms.RegexField(
        LABEL,
        label="Label to read",
        max_length=limits.SLUG_LENGTH,
        required=False,
        error_messages={
            "invalid": "Use lower-case letters and digits, with single - or _ between."
        },
        help_text="Empty for what is live (production); staging for what is on trial.",
    )
    is_test = forms.BooleanField(
        label="Test key",
        required=False,
        widget=forms.CheckboxInput({"class": "switch"}),
        help_text="What it reports never counts.",
    )

    field_order = ("name", "scopes", "days", "label", "is_test")


class RotationForm(ExpiryForm):
    """A new key in place of an old one."""

    hours = forms.ChoiceField(label="The old key goes on working for", choices=HOURS)

    field_order = ("hours", "days")


@allows(GET=Action.MANAGE_KEYS)
def key_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    rows = BotKey.objects.select_related("created_by").order_by("name", "id")
    state = request.GET.get("state", "")
    is_over = ~Q(revoked_at=None) | Q(expires_at__lte=now)
    if state not in STATES or not state:
        rows = rows.usable(now=now)
    elif state == "closed":
        rows = rows.filter(is_over)
    words = search_words(request)
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(public_id__icontains=words))
    page = page_of(request, rows=rows)
    context = {
        "page_title": "Bot keys",
        "page_subtitle": "Each bot has its own, so that one can be revoked alone.",
        "page": page,
        "words": words,
        "state": state if state in STATES else "",
        "states": STATES.items(),
        "texts": TEXTS,
        "now": now,
    }
    return render(request, "core/keys_list.html", context)


@allows(GET=Action.MANAGE_KEYS, POST=Action.MANAGE_KEYS)
def key_create(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        given = form.cleaned_data
        try:
            key, text = create_key(
                name=given["name"],
                scopes=given["scopes"],
                label=given["label"],
                is_test=given["is_test"],
                expires_at=form.expires_at(now=now),
                actor=signed_in(request),
                now=now,
            )
        except KeyRefused as error:
            form.add_error(None, str(error))
        else:
            return _made(key, text=text)
    context = {"page_title": "New bot key", "form": form}
    status = 422 if form.errors else 200
    return render(request, "core/keys_create.html", context, status=status)


@allows(GET=Action.MANAGE_KEYS)
def key_made(request: HttpRequest, pk: int) -> HttpResponse:
    """The key's text, for the only time, with a line that tries it."""
    key = get_object_or_404(BotKey, pk=pk)
    text = shown_once(request)
    if not text:
        messages.info(request, "A key is shown only once. Make another if it is lost.")
        return redirect("core:key-list")
    address = absolute_url(request, path="/api/v1/personas")
    may_read = Scope.PROMPT_READ.value in key.scopes
    context = {
        "page_title": "Your new key",
        "key": key,
        "text": text,
        "curl": f'curl -H "Authorization: Bearer {text}" {address}' if may_read else "",
    }
    response = render(request, "core/keys_made.html", context)
    forget_shown(request, response=response)
    return response


@allows(POST=Action.MANAGE_KEYS)
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(BotKey, pk=pk)
    revoke_key(key=key, actor=signed_in(request), now=timezone.now())
    messages.success(request, f"“{key}” is revoked; it opens nothing any more.")
    return redirect("core:key-list")


@allows(GET=Action.MANAGE_KEYS, POST=Action.MANAGE_KEYS)
def key_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Exchange a key: the bot can change over while both work."""
    key = get_object_or_404(BotKey, pk=pk)
    form = RotationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            new, text = rotate_key(
                key=key,
                overlap=timedelta(hours=int(form.cleaned_data["hours"])),
                expires_at=form.expires_at(now=now),
                actor=signed_in(request),
                now=now,
            )
        except KeyClosed as error:
            form.add_error(None, str(error))
        else:
            return _made(new, text=text)
    context: dict[str, Any] = {
        "page_title": f"Exchange “{key}”",
        "key": key,
        "form": form,
        "scopes": [TEXTS[scope] for scope in Scope if scope in key.scopes],
    }
    status = 422 if form.errors else 200
    return render(request, "core/keys_rotate.html", context, status=status)


def _made(key: BotKey, *, text: str) -> HttpResponse:
    response = redirect("core:key-made", pk=key.pk)
    show_once(response, secret=text)
    return response
