"""What a form says is to become of files, done a few at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from core import limits
from core.models import User
from personas.models import ImportBatch, ImportItem
from personas.services import imports
from personas.views.import_shown import filtered, in_order, items_of, usual_action

State = ImportItem.State
Action = ImportItem.Action

MOST_AT_ONCE: Final = 50
"""Files of one request."""
MOST_OF_ALL: Final = 10
"""Files of one request that asks for all that are left."""
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do with a file: an action, and with or as which id, if one is said."""

    action: str
    object_id: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of some files, by their keys."""

    done: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    chosen: dict[int, str] = field(default_factory=dict)
    left: int = 0
    """How many were asked for and not looked at yet."""
    last: str = ""
    """Where to go on after these, as ``after``."""

    @property
    def seen(self) -> list[int]:
        return [*self.done, *self.skipped, *self.problems]


def keys_of(texts: Sequence[str]) -> list[int]:
    """Keys of rows; whatever is none is passed over."""
    return [
        int(text)
        for text in texts
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS
    ]


def asked_for(
    batch: ImportBatch, *, data: QueryDict
) -> tuple["QuerySet[ImportItem]", int]:
    """The files that a form is about, and how many of them one request does.

    With ``scope=all`` those that are ready after the place ``after``, by the filters
    ``state`` and ``kind``; else those of ``ids``. What others name comes first.
    """
    if data.get("scope") == "all":
        rows = filtered(batch, name=data.get("state", ""), kind=data.get("kind", ""))
        ready = in_order(rows.filter(state=State.READY))
        match keys_of(data.get("after", "").split("-")):
            case [rank, pk]:
                ready = ready.filter(Q(rank__gt=rank) | Q(rank=rank, pk__gt=pk))
        return ready, MOST_OF_ALL
    rows = items_of(batch).filter(pk__in=keys_of(data.getlist("ids")))
    return in_order(rows), MOST_AT_ONCE


def do(batch: ImportBatch, *, data: QueryDict, actor: User) -> Outcome:
    """Import, or leave out, the files that a form is about; each by itself."""
    rows, most = asked_for(batch, data=data)
    total = rows.count()
    outcome = Outcome(left=max(total - most, 0))
    for item in rows.select_related("batch", "file")[:most]:
        value = _value(item, data=data)
        outcome.chosen[item.pk] = value
        outcome.last = f"{item.rank}-{item.pk}"  # type: ignore[attr-defined]
        choice = _choice(item, value=value, data=data)
        if choice is None:
            outcome.problems[item.pk] = "Choose first what to do with this file."
            continue
        _commit(item, choice=choice, actor=actor, outcome=outcome)
    return outcome


def _value(item: ImportItem, *, data: Mapping[str, str]) -> str:
    """An option as forms send it: one for all, the row's own, or the usual one."""
    for_all = data.get("for_all", "")
    if for_all:
        return for_all
    return data.get(f"action-{item.pk}", usual_action(item.found))


def _choice(item: ImportItem, *, value: str, data: Mapping[str, str]) -> Choice | None:
    action, _, object_id = value.partition(":")
    if action not in Action.values:
        return None
    if action == Action.NEW:
        wanted = data.get(f"id-{item.pk}", "").strip()
        # Left as it was, any free id like it will do.
        is_own = wanted in {"", item.found.get("object_id", "")}
        return Choice(action, None if is_own else wanted)
    return Choice(action, object_id[: limits.SLUG_LENGTH] or None)


def _commit(item: ImportItem, *, choice: Choice, actor: User, outcome: Outcome) -> None:
    try:
        stored = imports.commit(
            item,
            action=choice.action,
            character_id=choice.object_id,
            actor=actor,
            now=timezone.now(),
        )
    except imports.CannotImport as error:
        outcome.problems[item.pk] = str(error)
        return
    if stored.state == State.DONE:
        outcome.done.append(item.pk)
    else:
        outcome.skipped.append(item.pk)
