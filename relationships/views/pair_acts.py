"""Changing by hand what two characters feel; each act is a line of their history."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from core.views.toasts import tell_undoable
from relationships.services import adjusting
from relationships.services.adjusting import ChangedMeanwhile, Refused
from relationships.views.ledger_shown import Entry
from relationships.views.pair import Change, Two, is_fragment, show, two_of
from relationships.views.pair_forms import (
    WAYS,
    PairForm,
    ResetForm,
    TopicsForm,
    ValueForm,
)
from relationships.views.pair_shown import PairShown, Standing, standing

UNDO: Final = "Undo"
"""The reason that the history gives for what was set back."""
TELL: Final = "HX-Trigger"
_TOPICS: Final = "topics"
_LONGEST_UNDO: Final = 1_500
"""Of an address that every browser and server takes."""


@allows(POST=Action.ADJUST)
def pair_set(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """Set what one feels for the other, where that rests, or both."""
    two = two_of(source, target)
    started = _standing(two)
    which = int(request.POST.get("which") == WAYS[1])
    form = ValueForm.of(started, which=which, data=request.POST)
    ids = _ids(two, which=which)

    def act() -> None:
        adjusting.set_value(
            source=ids[0],
            target=ids[1],
            affinity=form.milli("affinity"),
            resting=form.milli("resting"),
            reason=form.cleaned_data["reason"],
            actor=signed_in(request),
            now=timezone.now(),
            based_on=_turned(form.cleaned_data["started"], which=which),
        )

    def put(page: dict[str, Any]) -> None:
        page["values"][which] = form

    refused = _refused(request, two=two, form=form, act=act, put=put)
    if refused is not None:
        return refused
    undo = _undo_of(
        which=WAYS[which],
        affinity=str(started.feelings[which].milli),
        resting=str(started.resting[which].milli),
        started=_standing(two).tag,
    )
    names = (two.one.name, two.other.name)[:: -1 if which else 1]
    text = f"What {names[0]} feels for {names[1]} is set."
    return _done(request, two=two, text=text, undo=undo)


@allows(POST=Action.ADJUST)
def pair_reset(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """Both feel nothing for each other any more, and there is no tension."""
    two = two_of(source, target)
    form = ResetForm.of(_standing(two), data=request.POST)

    def act() -> None:
        adjusting.reset(
            source=source,
            target=target,
            reason=form.cleaned_data["reason"],
            actor=signed_in(request),
            now=timezone.now(),
            based_on=form.cleaned_data["started"],
        )

    def put(page: dict[str, Any]) -> None:
        page["reset"] = form

    refused = _refused(request, two=two, form=form, act=act, put=put)
    if refused is not None:
        return refused
    names = f"{two.one.name} and {two.other.name}"
    return _done(request, two=two, text=f"{names} feel nothing for each other now.")


@allows(POST=Action.ADJUST)
def pair_topics(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """Set the topics that raise the tension between the two."""
    two = two_of(source, target)
    before = _standing(two)
    form = TopicsForm.of(before, data=request.POST)

    def act() -> None:
        _set_topics(
            request,
            two=two,
            topics=form.lines("topics"),
            reason=form.cleaned_data["reason"],
            started=form.lines("started"),
        )

    def put(page: dict[str, Any]) -> None:
        page["topics"] = form

    refused = _refused(request, two=two, form=form, act=act, put=put)
    if refused is not None:
        return refused
    undo = _undo_of(which=_TOPICS)
    undo.setlist("topic", before.topics)
    undo.setlist("started", _standing(two).topics)
    return _done(request, two=two, text="The trigger topics are saved.", undo=undo)


def _set_topics(
    request: HttpRequest,
    *,
    two: Two,
    topics: list[str],
    reason: str,
    started: list[str],
) -> None:
    adjusting.set_triggers(
        source=two.one.character_id,
        target=two.other.character_id,
        topics=topics,
        reason=reason,
        actor=signed_in(request),
        now=timezone.now(),
        based_on=started,
    )


def _standing(two: Two) -> Standing:
    return standing(two.one, two.other, now=timezone.now())


def _ids(two: Two, *, which: int) -> list[str]:
    return two.ids[::-1] if which else two.ids


def _turned(tag: str, *, which: int) -> str:
    """The page's tag as that of the direction which is changed."""
    return "-".join(tag.split("-")[::-1]) if which else tag


# -- Taking back -----------------------------------------------------------------------


@allows(POST=Action.ADJUST)
def pair_undo(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """Set back what the address says; that is another line of the history."""
    two = two_of(source, target)
    try:
        _undo(request, two=two)
    except (Refused, ChangedMeanwhile):
        text = "Something happened between them since then, so nothing was set back."
        if is_fragment(request):
            return _told(show(request, two=two), text=text, kind="error")
        messages.error(request, text)
        return redirect(two.url())
    return _done(request, two=two, text="It is as it was before.")


def _undo(request: HttpRequest, *, two: Two) -> None:
    given = request.GET
    if given.get("which") == _TOPICS:
        # JSON on Postgres refuses NUL.
        topics, started = (
            [text.replace("\0", "") for text in given.getlist(name)]
            for name in ("topic", "started")
        )
        _set_topics(request, two=two, topics=topics, reason=UNDO, started=started)
        return
    which = int(given.get("which") == WAYS[1])
    source, target = _ids(two, which=which)
    adjusting.set_value(
        source=source,
        target=target,
        affinity=_milli(given.get("affinity", "")),
        resting=_milli(given.get("resting", "")),
        reason=UNDO,
        actor=signed_in(request),
        now=timezone.now(),
        based_on=_turned(given.get("started", ""), which=which),
    )


def _undo_of(**fields: str) -> QueryDict:
    undo = QueryDict(mutable=True)
    undo.update(fields)
    return undo


def _milli(text: str) -> int | None:
    """Thousandths as an address of ours has them; ``None`` if they are none."""
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= len("10000")
    return int(text) if is_number else None


# -- Answers ---------------------------------------------------------------------------


def _refused(
    request: HttpRequest,
    *,
    two: Two,
    form: PairForm,
    act: Callable[[], None],
    put: Change,
) -> HttpResponse | None:
    """Act; the page with what is wrong, if anything is."""
    if form.is_valid():
        try:
            act()
        except Refused as error:
            form.add_error(None, str(error))
        except ChangedMeanwhile as error:
            return _stale(request, two=two, form=form, put=put, text=str(error))
        else:
            return None
    return show(request, two=two, change=put, status=422)


def _stale(
    request: HttpRequest, *, two: Two, form: PairForm, put: Change, text: str
) -> HttpResponse:
    """What was written stays in the form, which now starts from what is there."""

    def change(page: dict[str, Any]) -> None:
        found: PairShown = page["pair"]
        put(page)
        form.start_again(
            found.standing,
            text=text,
            since=_since(found, started=form.cleaned_data["started"]),
        )

    return show(request, two=two, change=change, status=412)


def _is_number(text: str) -> bool:
    """Whether it is written as a ledger row's number is."""
    return text.isascii() and text.isdigit() and len(text) <= limits.INTEGER_DIGITS


def _since(found: PairShown, *, started: str) -> list[Entry]:
    """Of the history, what came after the rows that an edit began with."""
    parts = started.split("-")
    if len(parts) != len(WAYS) or not all(map(_is_number, parts)):
        return []
    known = dict(zip((w.source.pk for w in found.ways), map(int, parts), strict=True))
    return [
        entry
        for entry in found.history.entries
        if any(side.seq > known[side.source.pk] for side in entry.sides)
    ]


def _done(
    request: HttpRequest, *, two: Two, text: str, undo: QueryDict | None = None
) -> HttpResponse:
    """Say what was done, with the way back where there is one."""
    url = f"{two.url('pair-undo')}?{undo.urlencode()}" if undo else ""
    if len(url) > _LONGEST_UNDO:
        url = ""
    if is_fragment(request):
        return _told(show(request, two=two), text=text, undo=url)
    if url:
        tell_undoable(request, text, undo_url=url)
    else:
        messages.success(request, text)
    return redirect(two.url())


def _told(
    response: HttpResponse, *, text: str, kind: str = "success", undo: str = ""
) -> HttpResponse:
    """For ``relations-pair.js``, which shows it as a toast."""
    told = {"text": text, "kind": kind, "undo": undo}
    response[TELL] = json.dumps({"pair:told": told})
    return response
