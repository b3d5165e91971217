"""Forgetting a user: all that they wrote is erased at once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from routing import policy
from routing.forms import ForgetForm
from routing.services import erasing
from routing.services.erasing import Forgotten


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def forget(request: HttpRequest) -> HttpResponse:
    """The form; POST erases once it is confirmed."""
    if request.method != "POST":
        return _page(request, form=ForgetForm())
    form = ForgetForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    forgotten = erasing.forget_user(
        form.cleaned_data["user"], actor=signed_in(request), now=timezone.now()
    )
    messages.success(request, _in_words(forgotten))
    return redirect("routing:forget")


def _page(request: HttpRequest, *, form: ForgetForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "days": policy.text_kept_for().days}
    return render(request, "routing/forget.html", context, status=status)


def _in_words(forgotten: Forgotten) -> str:
    if not forgotten.decisions and not forgotten.reports:
        return "Nothing was known of this user."
    decisions = _count(forgotten.decisions, "decision")
    return f"Erased from {decisions} and {_count(forgotten.reports, 'report')}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
