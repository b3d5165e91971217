"""Invitations: making links, withdrawing them, and what opening one does."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from core import policy
from core.access import PUBLIC, allows
from core.accounts import SESSION_KEY
from core.models import Invitation
from core.roles import Action, Role
from core.services import invitations
from core.views.people import ROLE_TEXTS
from core.views.requests import (
    absolute_url,
    forget_shown,
    page_of,
    show_once,
    shown_once,
    signed_in,
)


class InvitationForm(forms.Form):
    """Whom to let in, as what."""

    role = forms.ChoiceField(
        choices=Role.choices, initial=Role.VIEWER, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="For whom",
        required=False,
        max_length=200,
        help_text="Only admins see this.",
    )


@allows(GET=Action.MANAGE_PEOPLE, POST=Action.MANAGE_PEOPLE)
def invitation_list(request: HttpRequest) -> HttpResponse:
    """Those that are open, and the form for another."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        invitation, token = invitations.invite(
            role=Role(form.cleaned_data["role"]),
            note=form.cleaned_data["note"],
            actor=signed_in(request),
            now=timezone.now(),
        )
        response = redirect("core:invitation-made", pk=invitation.pk)
        show_once(response, secret=token)
        return response
    rows = Invitation.objects.open(now=timezone.now()).select_related("created_by")
    context = {
        "page_title": "Invitations",
        "form": form,
        "roles": [(each.value, each.label, ROLE_TEXTS[each]) for each in Role],
        "chosen": form["role"].value(),
        "days": policy.value("INVITATION_DAYS"),
        "page": page_of(request, rows=rows.order_by("-id")),
    }
    status = 422 if form.errors else 200
    return render(request, "core/invitation_list.html", context, status=status)


@allows(GET=Action.MANAGE_PEOPLE)
def invitation_made(request: HttpRequest, pk: int) -> HttpResponse:
    """The link, for the only time."""
    invitation = get_object_or_404(Invitation, pk=pk)
    token = shown_once(request)
    if not token:
        messages.info(request, "A link is shown only once. Make another if it is lost.")
        return redirect("core:invitation-list")
    path = reverse("core:invitation-open", kwargs={"token": token})
    context = {
        "page_title": "Invitation made",
        "invitation": invitation,
        "link": absolute_url(request, path=path),
    }
    response = render(request, "core/invitation_made.html", context)
    forget_shown(request, response=response)
    return response


@allows(POST=Action.MANAGE_PEOPLE)
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)
    try:
        invitations.revoke(
            invitation=invitation,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except invitations.InvitationClosed as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "The link is withdrawn; it opens nothing any more.")
    return redirect("core:invitation-list")


@allows(GET=PUBLIC)
def invitation_open(request: HttpRequest, token: str) -> HttpResponse:
    """Go on to the sign-up page, which is closed without an invitation."""
    if request.user.is_authenticated:
        context = {"page_title": "You are signed in already"}
        return render(request, "core/invitation_signed_in.html", context)
    try:
        invitation = invitations.find_open(token=token, now=timezone.now())
    except invitations.InvitationClosed as error:
        context = {"page_title": "This invitation is closed", "text": str(error)}
        return render(request, "core/invitation_closed.html", context, status=410)
    request.session[SESSION_KEY] = invitation.pk
    role = invitation.get_role_display().lower()
    messages.info(
        request,
        f"{invitation.created_by} invites you to join as {role}."
        " Choose a name and a password.",
    )
    return redirect("account_signup")
