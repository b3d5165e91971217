"""People: who is here, what each may do, and changing that."""

from dataclasses import dataclass
from typing import Final

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core.access import allows
from core.models import AuditEntry, User
from core.roles import DESCRIPTIONS, TABLE, Action, Role
from core.services import people
from core.views.requests import page_of, search_words, signed_in

RECENT_ACTS: Final = 10

ROLE_TEXTS: Final = {
    Role.VIEWER: "Sees all characters and live pages, changes nothing.",
    Role.CURATOR: "Also edits drafts and imports; nothing of it reaches a bot.",
    Role.MANAGER: "Also publishes, rolls back, approves, quiets and sets settings.",
    Role.ADMIN: "Also manages people, bot keys and the audit log.",
}


class RoleForm(forms.Form):
    """The role of one person; empty takes all access away."""

    role = forms.ChoiceField(
        required=False,
        choices=[*((role.value, role.label) for role in Role), ("", "No role")],
    )


@dataclass(frozen=True, slots=True)
class Person:
    """A line of the list."""

    user: User
    role: Role | None


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether somebody may do one action of the table of roles."""

    text: str
    is_allowed: bool


@allows(GET=Action.MANAGE_PEOPLE)
def person_list(request: HttpRequest) -> HttpResponse:
    rows = people.people()
    words = search_words(request)
    if words:
        rows = rows.filter(
            Q(username__icontains=words)
            | Q(first_name__icontains=words)
            | Q(last_name__icontains=words)
            | Q(email__icontains=words)
        )
    page = page_of(request, rows=rows)
    found = [Person(user, people.given_role(user)) for user in page.object_list]
    context = {"page_title": "People", "page": page, "people": found, "words": words}
    return render(request, "core/people_list.html", context)


@allows(GET=Action.MANAGE_PEOPLE)
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, user=_person(pk))


@allows(POST=Action.MANAGE_PEOPLE)
def person_role(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _detail(request, user=user, error="Choose one of the roles.")
    chosen = form.cleaned_data["role"]
    role = Role(chosen) if chosen else None
    try:
        people.set_role(
            user=user, role=role, actor=signed_in(request), now=timezone.now()
        )
    except people.LastAdmin as error:
        return _detail(request, user=user, error=str(error))
    now_is = f"is {role.label.lower()}" if role else "has no role"
    messages.success(request, f"{user} {now_is} now.")
    return _after(request, user=user)


@allows(POST=Action.MANAGE_PEOPLE)
def person_close(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    try:
        people.deactivate(user=user, actor=signed_in(request), now=timezone.now())
    except people.LastAdmin as error:
        return _detail(request, user=user, error=str(error))
    messages.success(request, f"The account of {user} is closed.")
    return _after(request, user=user)


@allows(POST=Action.MANAGE_PEOPLE)
def person_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    people.reactivate(user=user, actor=signed_in(request), now=timezone.now())
    messages.success(request, f"The account of {user} is open again.")
    return _after(request, user=user)


@allows(POST=Action.MANAGE_PEOPLE)
def person_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove it, for somebody who lost their phone."""
    user = _person(pk)
    people.remove_second_factor(user=user, actor=signed_in(request), now=timezone.now())
    messages.success(request, f"{user} signs in with the password only now.")
    return _after(request, user=user)


@allows(GET=Action.SEE)
def role_table(request: HttpRequest) -> HttpResponse:
    """Who may do what, for everybody to read."""
    lines = [
        (text, [(role.label, action in TABLE[role]) for role in Role])
        for action, text in DESCRIPTIONS.items()
    ]
    context = {
        "page_title": "Roles",
        "page_subtitle": "A person holds one role. What is not listed, nobody may do.",
        "roles": [(role.label, ROLE_TEXTS[role]) for role in Role],
        "lines": lines,
    }
    return render(request, "core/people_roles.html", context)


def _person(pk: int) -> User:
    return get_object_or_404(people.people(), pk=pk)


def _after(request: HttpRequest, *, user: User) -> HttpResponse:
    """Back to the person; home for those who changed themselves."""
    if user.pk == request.user.pk:
        return redirect("/")
    return redirect("core:person-detail", pk=user.pk)


def _detail(request: HttpRequest, *, user: User, error: str = "") -> HttpResponse:
    """One person; with ``error``, as the answer to what could not be done."""
    role = people.given_role(user)
    allowed = TABLE[role] if role and user.is_active else frozenset()
    acts = AuditEntry.objects.filter(actor=user).order_by("-id")[:RECENT_ACTS]
    context = {
        "page_title": str(user),
        "person": user,
        "role": role,
        "is_self": user.pk == request.user.pk,
        "roles": [(each.value, each.label, ROLE_TEXTS[each]) for each in Role],
        "abilities": [Ability(t, a in allowed) for a, t in DESCRIPTIONS.items()],
        "acts": acts,
        "error": error,
    }
    status = 422 if error else 200
    return render(request, "core/people_detail.html", context, status=status)
