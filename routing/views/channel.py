"""One channel: its settings, what it inherits, and what was changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from core import limits
from core.access import allows
from core.models import AuditEntry
from core.people import may
from core.roles import Action
from core.views.requests import page_of, signed_in
from core.views.toasts import tell_undoable
from routing.channel_forms import ChannelForm
from routing.models import Channel
from routing.services import channels
from routing.services.channels import (
    ChangedMeanwhile,
    NoSuchChannel,
    NotValid,
    Saved,
)
from routing.services.inheriting import (
    FIELDS,
    InForce,
    ancestors_of,
    in_force,
    lineage,
    said_by,
    settings_of,
)
from routing.views import channels_shown as shown

_FIELD_TITLES: Mapping[str, str] = {
    "reply_mode": "When characters answer",
    "allow": "Who may answer",
    "deny": "Who never answers",
    "default_character_id": "Who answers if nobody fits",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A setting in words, as it was and as it is, or as it holds and from where."""

    title: str
    text: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An edit as the history tells it; ``undo_url`` of the last one only."""

    entry: AuditEntry
    lines: list[Line]
    undo_url: str


@allows(GET=Action.SEE, POST=Action.EDIT_SETTINGS)
def channel_detail(request: HttpRequest, channel_id: str) -> HttpResponse:
    """GET shows it; POST saves its settings."""
    channel = Channel.objects.filter(channel_id=channel_id).first()
    if channel is None:
        raise Http404("There is no such channel.")
    if request.method == "POST":
        return _save(request, channel=channel)
    return _page(request, channel=channel)


def _save(request: HttpRequest, *, channel: Channel) -> HttpResponse:
    form = _form(channel, data=request.POST)
    if not form.is_valid():
        return _page(request, channel=channel, form=form, status=422)
    wanted = form.to_settings()
    try:
        saved = channels.save_settings(
            channel_id=channel.channel_id,
            settings=wanted,
            based_on=form.cleaned_data["started"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except NotValid as error:
        form.add_error(None, str(error))
        return _page(request, channel=channel, form=form, status=422)
    except ChangedMeanwhile as error:
        # What they chose stays in the form, which now starts from what is there.
        data = request.POST.copy()
        data["started"] = str(error.theirs.revision)
        form = _form(error.theirs, data=data)
        form.is_valid()
        return _page(
            request, channel=error.theirs, form=form, stale=str(error), status=412
        )
    text = f"The settings of {_title(channel)} are saved."
    if saved.entry is None:
        messages.info(request, "Nothing was changed.")
    else:
        tell_undoable(request, text, undo_url=_undo_url(saved))
    return redirect(shown.url_of(channel.channel_id))


@allows(POST=Action.EDIT_SETTINGS)
def channel_undo(request: HttpRequest, channel_id: str) -> HttpResponse:
    """Have the settings again that were before the edit that the address names."""
    entry, revision = (_number(request.GET.get(n, "")) for n in ("entry", "revision"))
    try:
        saved = channels.take_back(
            channel_id=channel_id,
            entry_pk=entry,
            based_on=revision,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except NoSuchChannel as error:
        raise Http404(str(error)) from error
    except (ChangedMeanwhile, NotValid):
        messages.error(
            request, "Somebody changed these settings since then; look at them first."
        )
    else:
        title = _title(saved.channel)
        messages.success(request, f"The settings of {title} are as they were before.")
    return redirect(shown.url_of(channel_id))


def _undo_url(saved: Saved) -> str:
    assert saved.entry is not None  # noqa: S101
    return _undo_to(saved.channel, entry_pk=saved.entry.pk)


def _undo_to(channel: Channel, *, entry_pk: int) -> str:
    query = urlencode({"entry": entry_pk, "revision": channel.revision})
    return f"{reverse('routing:channel-undo', args=[channel.channel_id])}?{query}"


def _number(text: str) -> int:
    """As an address of ours has it; 0, which nothing has, for anything else."""
    is_number = text.isascii() and text.isdecimal()
    return int(text) if is_number and len(text) <= limits.INTEGER_DIGITS else 0


def _title(channel: Channel) -> str:
    return shown.title_of(channel.channel_id, name=channel.name)


# -- The page --------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    *,
    channel: Channel,
    form: ChannelForm | None = None,
    stale: str = "",
    status: int = 200,
) -> HttpResponse:
    known = ancestors_of([channel])
    above = lineage(channel, known=known)[1:]
    holds = in_force(said_by(channel, known=known))
    entries = channels.history(channel.channel_id)
    page = page_of(request, rows=entries)
    shown_entries: list[AuditEntry] = list(page.object_list)
    may_edit = may(request.user, action=Action.EDIT_SETTINGS)
    names = shown.names_of(_mentioned(holds, shown_entries))
    newest = entries.first() if may_edit else None
    context = {
        "channel": channel,
        "title": _title(channel),
        "above": [
            {"what": what, "title": _title(each), "url": shown.url_of(each.channel_id)}
            for what, each in above
        ],
        "form": form or (_form(channel) if may_edit else None),
        "may_quiet": may(request.user, action=Action.QUIET),
        "holds": _holds(holds, names=names),
        "stale": stale,
        "page": page,
        "changes": [
            Change(
                entry,
                lines=list(_lines(entry, names=names)),
                undo_url=_undo_to(channel, entry_pk=entry.pk)
                if newest is not None and entry.pk == newest.pk
                else "",
            )
            for entry in shown_entries
        ],
    }
    return render(request, "routing/channel.html", context, status=status)


def _form(channel: Channel, *, data: Any = None) -> ChannelForm:
    settings = settings_of(channel)
    inherited = in_force(said_by(channel, known=ancestors_of([channel]))[1:])
    own = {*(settings.allow or ()), *(settings.deny or ())}
    own.add(settings.default_character_id or "")
    columns = {each.character_id: each.name for each in shown.columns()}
    # Whoever is named already stays, live or not, by name or at least by id.
    strangers = own - columns.keys() - {""}
    others = shown.names_of({*strangers, *_mentioned(inherited)})
    names = {**others, **columns}
    kept = [(each, f"{others.get(each, each)} (not live)") for each in strangers]
    return ChannelForm(
        data,
        settings=settings,
        started=channel.revision,
        words={
            "reply_mode": shown.MODE_TITLES[inherited.reply_mode],
            "who": _allowed(inherited.allow, names=names),
            "never": _denied(inherited.deny, names=names),
            "default_character_id": _default(
                inherited.default_character_id, names=names
            ),
        },
        modes=shown.MODE_TITLES,
        characters=[*columns.items(), *sorted(kept)],
    )


def _mentioned(holds: InForce, entries: Iterable[AuditEntry] = ()) -> set[str]:
    found = {*(holds.allow or ()), *holds.deny, holds.default_character_id or ""}
    for entry in entries:
        for side in (entry.before or {}, entry.after or {}):
            found |= {*side.get("allow", ()), *side.get("deny", ())}
            found.add(side.get("default_character_id", ""))
    return found - {""}


def _holds(holds: InForce, *, names: Mapping[str, str]) -> list[Line]:
    texts = {
        "reply_mode": shown.MODE_TITLES[holds.reply_mode],
        "allow": _allowed(holds.allow, names=names),
        "deny": _denied(holds.deny, names=names),
        "default_character_id": _default(holds.default_character_id, names=names),
    }
    return [
        Line(_FIELD_TITLES[f], texts[f], shown.ORIGIN_TITLES[holds.origins[f]])
        for f in FIELDS
    ]


def _lines(entry: AuditEntry, *, names: Mapping[str, str]) -> Iterable[Line]:
    before, after = entry.before or {}, entry.after or {}
    for field in FIELDS:
        if field in before or field in after:
            yield Line(
                _FIELD_TITLES[field],
                _said(field, before.get(field), names=names),
                _said(field, after.get(field), names=names),
            )


def _said(field: str, value: Any, *, names: Mapping[str, str]) -> str:
    if value is None:
        return "as inherited"
    match field:
        case "reply_mode":
            return shown.MODE_TITLES.get(value, value)
        case "allow":
            return _allowed(value, names=names)
        case "deny":
            return _denied(value, names=names)
        case _:
            return _default(value, names=names)


def _allowed(ids: Iterable[str] | None, *, names: Mapping[str, str]) -> str:
    return f"only {_listed(ids, names=names)}" if ids else "everybody"


def _denied(ids: Iterable[str], *, names: Mapping[str, str]) -> str:
    return _listed(ids, names=names) or "nobody is left out"


def _default(character_id: str | None, *, names: Mapping[str, str]) -> str:
    if character_id is None:
        return "whom the settings of the installation name"
    return names.get(character_id, character_id) or "nobody"


def _listed(ids: Iterable[str], *, names: Mapping[str, str]) -> str:
    return ", ".join(names.get(each, each) for each in ids)
