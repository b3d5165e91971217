"""Publishing a framework: whom it changes, how, and which of them to take along."""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas import tasks
from personas.forms import FrameworkPublishForm
from personas.models import Framework, FrameworkRun
from personas.services import drafts, framework_runs, publishing
from personas.views import framework_reach
from personas.views.comparing import differences
from personas.views.frameworks import framework_or_404


@allows(GET=Action.EDIT_DRAFTS, POST=Action.PUBLISH)
def framework_publish(request: HttpRequest, framework_id: str) -> HttpResponse:
    framework = framework_or_404(framework_id)
    if framework.is_archived:
        messages.warning(request, f"“{framework}” is archived. Restore it first.")
        return redirect("personas:framework-detail", framework_id)
    if request.method == "POST":
        return _post(request, framework=framework)
    again = _run_again(request, framework=framework)
    form = FrameworkPublishForm(
        initial={
            "revision": framework.revision,
            "note": again.note if again else "",
        }
    )
    chosen = again.character_ids if again else None
    return _page(request, framework=framework, form=form, chosen=chosen)


def _run_again(request: HttpRequest, *, framework: Framework) -> FrameworkRun | None:
    """The run that ``?run=`` names, whose note and choice count once more."""
    text = request.GET.get("run", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return None
    return framework.runs.filter(pk=int(text)).first()


def _page(
    request: HttpRequest,
    *,
    framework: Framework,
    form: FrameworkPublishForm,
    chosen: Collection[str] | None = None,
    is_stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    """``chosen`` ids are ticked; ``None``: all."""
    users = framework_reach.by_name(framework)
    now, later = users[: framework_reach.AT_ONCE], users[framework_reach.AT_ONCE :]
    published, run = framework.published, framework_runs.latest(framework)
    context: dict[str, Any] = {
        "framework": framework,
        "form": form,
        "changes": differences(published.to_sheet(), after=framework.to_sheet())
        if published
        else [],
        "has_changes": framework.has_unpublished_changes,
        "user_count": len(users),
        **framework_reach.compared(framework, characters=now, chosen=chosen),
        "waiting": framework_reach.waiting(framework, characters=later, chosen=chosen),
        **framework_reach.others(framework),
        "run": run if run is not None and run.finished_at is None else None,
        "is_stale": is_stale,
        "may_publish": may(request.user, action=Action.PUBLISH),
    }
    return render(request, "personas/framework_publish.html", context, status=status)


def _post(request: HttpRequest, *, framework: Framework) -> HttpResponse:
    form = FrameworkPublishForm(request.POST)
    chosen = request.POST.getlist("ids")
    again = partial(_page, request, form=form, chosen=chosen)
    if not form.is_valid():
        return again(framework=framework, status=422)
    try:
        run = framework_runs.start(
            framework_id=framework.framework_id,
            note=form.cleaned_data["note"],
            revision=form.cleaned_data["revision"],
            character_ids=chosen,
            author=signed_in(request),
            now=timezone.now(),
        )
    except publishing.NothingToPublish as error:
        form.add_error(None, str(error))
        return again(framework=framework, status=422)
    except framework_runs.RunOpen:
        return again(framework=framework, status=409)
    except drafts.StaleRevision:
        framework = framework_or_404(framework.framework_id)
        return again(framework=framework, is_stale=True, status=412)
    except drafts.Archived as error:
        messages.warning(request, str(error))
        return redirect("personas:framework-detail", framework.framework_id)
    # Robust: with the queue away, the clock of the background work offers it again.
    transaction.on_commit(
        lambda: tasks.publish_framework.delay(run_id=run.pk), robust=True
    )
    return redirect("personas:framework-run", framework.framework_id, run.pk)
