"""Imports as pages show them: batches, their counts, and a row for each file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Case, Count, Q, QuerySet, TextField, When
from django.db.models.functions import Cast

from personas.models import Character, Framework, ImportBatch, ImportItem, Lorebook

State = ImportItem.State
Action = ImportItem.Action

OFFERED: Final = 3
"""So many duplicates may be replaced from a row."""
SAME: Final = frozenset({"same_content", "same_book"})

_KINDS: Final[Mapping[str, str]] = {
    "character": "Character",
    "framework": "Framework",
    "lorebook": "Lorebook",
}
_CONTAINERS: Final[Mapping[str, str]] = {
    "json": "JSON",
    "yaml": "YAML",
    "png": "PNG",
    "charx": "CHARX",
    "jpeg": "JPEG",
    "webp": "WebP",
}
_BADGES: Final[Mapping[str, str]] = {
    State.WAITING: "info",
    State.READY: "accent",
    State.REFUSED: "danger",
    State.DONE: "success",
    State.SKIPPED: "archived",
}

# -- Filters -----------------------------------------------------------------------

# In the text of ``found``: quotes inside of values are escaped, so that nothing
# that a file says can look like this.
_DUPLICATE: Final = '"duplicates":[{'
_REPAIRED: Final = '"action":"repaired"'
_OPEN: Final = Q(state=State.READY)
FILTERS: Final[Mapping[str, tuple[str, Q]]] = {
    "ready": ("ready", _OPEN),
    "duplicate": ("may be here already", _OPEN & Q(said__contains=_DUPLICATE)),
    "repaired": ("repaired", _OPEN & Q(said__contains=_REPAIRED)),
    "refused": ("refused", Q(state=State.REFUSED)),
    "waiting": ("being read", Q(state=State.WAITING)),
    "done": ("imported", Q(state=State.DONE)),
    "skipped": ("left out", Q(state=State.SKIPPED)),
}
"""Name in the address → words after the number, and which files."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One of ``FILTERS`` (empty name: all) with how many files it shows."""

    name: str
    words: str
    count: int
    is_here: bool


def items_of(batch: ImportBatch) -> "QuerySet[ImportItem]":
    """A batch's files in order, with ``said``, the text of ``found``."""
    rows = ImportItem.objects.filter(batch=batch).order_by("pk")
    return rows.annotate(said=Cast("found", TextField()))


def filtered(batch: ImportBatch, *, name: str, kind: str) -> "QuerySet[ImportItem]":
    """Those that a filter and a kind of content leave; unknown names leave all."""
    rows = items_of(batch)
    if name in FILTERS:
        rows = rows.filter(FILTERS[name][1])
    if kind in _KINDS:
        rows = rows.filter(Q(said__contains=f'"kind":"{kind}"'))
    return rows


def in_order(rows: "QuerySet[ImportItem]", /) -> "QuerySet[ImportItem]":
    """Frameworks, then lorebooks, then characters, which name them; with ``rank``."""
    said = "said__contains"
    rank = Case(
        When(**{said: '"kind":"framework"'}, then=0),
        When(**{said: '"kind":"lorebook"'}, then=1),
        default=2,
    )
    return rows.annotate(rank=rank).order_by("rank", "pk")


def filters_of(batch: ImportBatch, *, here: str) -> list[Filter]:
    """All filters that show anything, and the one that is chosen; one query."""
    counts = items_of(batch).aggregate(
        all=Count("pk"),
        **{name: Count("pk", filter=rule) for name, (_, rule) in FILTERS.items()},
    )
    here = here if here in FILTERS else ""
    shown = [Filter("", "in all", counts["all"], is_here=not here)]
    return shown + [
        Filter(name, words, counts[name], is_here=name == here)
        for name, (words, _) in FILTERS.items()
        if counts[name] or name == here
    ]


# -- One file ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """What may be done with a file: ``value`` as forms send it."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A file of an import; ``problem`` is why it was not imported just now."""

    item: ImportItem
    title: str
    kind: str
    what: str  # the kind for people, with the container
    badge: str
    duplicates: list[dict[str, str]]
    fresh: str
    notes: list[str]
    object_id: str
    is_taken: bool
    options: list[Option] = field(default_factory=list)
    problem: str = ""

    @property
    def state_words(self) -> str:
        return State(self.item.state).label

    @property
    def is_ready(self) -> bool:
        return self.item.state == State.READY

    @property
    def is_waiting(self) -> bool:
        return self.item.state == State.WAITING

    @property
    def is_refused(self) -> bool:
        return self.item.state == State.REFUSED

    @property
    def is_done(self) -> bool:
        return self.item.state == State.DONE

    @property
    def may_choose(self) -> bool:
        """Whether it may be imported; also what was left out before."""
        return self.item.state in {State.READY, State.SKIPPED}

    @property
    def done_id(self) -> str:
        """The id of what it became."""
        outcome = self.item.found.get("outcome") or {}
        return str(outcome.get("object_id", ""))

    @property
    def is_unchanged(self) -> bool:
        outcome = self.item.found.get("outcome")
        return outcome is not None and not outcome["is_changed"]


def usual_action(found: Mapping[str, Any], /) -> str:
    """What is chosen unless somebody says so; empty: somebody has to.

    A new one if nothing here is like it, nothing if the same is here. Nothing
    that is here is ever overwritten without being asked for.
    """
    duplicates = found.get("duplicates", [])
    if not duplicates or duplicates[0]["kind"] == "same_name":
        return str(Action.NEW)
    return str(Action.SKIP) if duplicates[0]["kind"] in SAME else ""


def rows_of(
    items: Iterable[ImportItem],
    *,
    problems: Mapping[int, str] | None = None,
    chosen: Mapping[int, str] | None = None,
) -> list[Row]:
    """Rows for templates; at most three queries however many they are.

    ``problems`` and ``chosen`` (an option's value) go by the item's key.
    """
    listed = list(items)
    taken = _taken(listed)
    return [
        _row(
            item,
            taken=taken,
            problem=(problems or {}).get(item.pk, ""),
            chosen=(chosen or {}).get(item.pk),
        )
        for item in listed
    ]


def _taken(items: Sequence[ImportItem]) -> set[tuple[str, str]]:
    """Kinds and ids that belong to something here already."""
    wanted: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for item in items:
        if item.state in {State.READY, State.SKIPPED} and item.found:
            wanted[item.found["kind"]].add(item.found["object_id"])
    found: set[tuple[str, str]] = set()
    sources: list[tuple[str, QuerySet[Any], str]] = [
        ("character", Character.objects.all(), "character_id"),
        ("framework", Framework.objects.all(), "framework_id"),
        ("lorebook", Lorebook.objects.all(), "book_id"),
    ]
    for kind, rows, name in sources:
        if wanted[kind]:
            ids = rows.filter(**{f"{name}__in": wanted[kind]})
            found |= {(kind, each) for each in ids.values_list(name, flat=True)}
    return found


def _row(
    item: ImportItem,
    *,
    taken: set[tuple[str, str]],
    problem: str,
    chosen: str | None,
) -> Row:
    found = item.found
    kind, object_id = found.get("kind", ""), found.get("object_id", "")
    container = _CONTAINERS.get(found.get("container", ""), "")
    words = [w for w in (_KINDS.get(kind, ""), container) if w]
    return Row(
        item=item,
        title=found.get("title", "") or item.name,
        kind=kind,
        what=" · ".join(words),
        badge=_BADGES[item.state],
        duplicates=found.get("duplicates", [])[:OFFERED],
        fresh=found.get("fresh", ""),
        notes=_notes(found),
        object_id=object_id,
        is_taken=(kind, object_id) in taken,
        options=_options(item, chosen=chosen),
        problem=problem,
    )


def _notes(found: Mapping[str, Any]) -> list[str]:
    """How much there is to read about it: ``3 fields repaired``."""
    actions = [remark["action"] for remark in found.get("remarks", [])]
    notes = [
        f"{count} {'field' if count == 1 else 'fields'} {action}"
        for action in ("repaired", "dropped")
        if (count := actions.count(action))
    ]
    scripts = len(found.get("scripts", []))
    if scripts:
        notes.append(f"{scripts} {'script' if scripts == 1 else 'scripts'}, never run")
    book = found.get("book")
    if book:
        entries = book["entries"]
        noun = "entry" if entries == 1 else "entries"
        notes.append(f"with a lorebook of {entries} {noun}")
    return notes


def _options(item: ImportItem, *, chosen: str | None) -> list[Option]:
    if item.state not in {State.READY, State.SKIPPED}:
        return []
    value = usual_action(item.found) if chosen is None else chosen
    if item.state == State.SKIPPED and chosen is None:
        value = Action.SKIP
    offered = [(str(Action.NEW), "Import as a new one")]
    kind = item.found["kind"]
    for row in item.found.get("duplicates", [])[:OFFERED]:
        if row["what"] == kind:
            title, object_id = row["title"], row["object_id"]
            of = f"the draft of {title} ({object_id})"
            offered.append((f"{Action.REPLACE}:{object_id}", f"Replace {of}"))
            offered.append((f"{Action.MERGE}:{object_id}", f"Merge into {of}"))
    offered.append((str(Action.SKIP), "Leave out"))
    known = {each for each, _ in offered}
    if value not in known:
        offered.insert(0, ("", "Choose what to do"))
        value = ""
    return [Option(each, words, is_chosen=each == value) for each, words in offered]
