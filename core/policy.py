"""Settings that managers edit: what exists, what is in force, what was.

Each app registers its own at start-up. A value is a dated row that is never
overwritten, so that the past can be recomputed with the values it had.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar

import structlog
from django.db import transaction
from django.db.models import Max, Q, QuerySet, Value
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from core import audit
from core.live import watcher
from core.live.changes import Change, announce
from core.live.numbering import is_in_transaction, make_stream
from core.live.streams import SETTINGS
from core.models import LiveStream, PolicySetting, User

log = structlog.get_logger(__name__)

T = TypeVar("T")


class UnknownSetting(Exception):
    """No app has registered a setting of this name."""


class InvalidValue(Exception):
    """The value is not one that the setting can have."""


class ChangedMeanwhile(Exception):
    """The setting has changed since the edit began; nothing was written."""


def in_words(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


@dataclass(frozen=True)
class PolicySpec:
    """One setting: its pydantic ``annotation`` says which values it can have.

    ``page`` names the address where it is edited, if it has a page of its own;
    ``words`` says a value shortly, for lists. ``changed`` is called with the
    value before, the new one and the time, in the transaction that changes it.
    """

    name: str
    annotation: Any
    default: Any
    title: str
    help: str
    group: str
    page: str = ""
    words: Callable[[Any], str] = in_words
    changed: Callable[[Any, Any, datetime], None] | None = None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the values, for controls and documentation."""
        return self.adapter.json_schema()

    def read(self, stored: Any) -> Any:
        """The value that a row holds.

        Raises:
            ValidationError: a newer release no longer allows it.
        """
        # As JSON, where a list may become a tuple though types are strict.
        return self.adapter.validate_json(json.dumps(stored), strict=True)


_specs: dict[str, PolicySpec] = {}
_values: dict[str, Any] | None = None
"""Name → value in force, of the settings that have rows; ``None``: not loaded."""
_parses: dict[str, tuple[Any, Any]] = {}
"""Name → the stored value read last, and what it was read as."""
_changes = 0
"""How often values were forgotten, so that a slow read does not store old ones."""


def register(spec: PolicySpec) -> None:
    """Make a setting known; its default must be a value it can have."""
    spec.adapter.validate_python(spec.default, strict=True)
    _specs[spec.name] = spec


def spec_of(name: str) -> PolicySpec:
    """Raises UnknownSetting."""
    try:
        return _specs[name]
    except KeyError as error:
        raise UnknownSetting(f"There is no setting “{name}”.") from error


def specs() -> list[PolicySpec]:
    """All settings, in the order of their registration."""
    return list(_specs.values())


def value(name: str) -> Any:
    """The value in force: the newest row's, else the default.

    At most a second behind a change made in another process; inside a
    transaction it may be older.

    Raises:
        UnknownSetting: nobody registered ``name``.
    """
    spec = spec_of(name)
    watcher.PROCESS.ensure_fresh(SETTINGS.name)
    return _in_force().get(name, spec.default)


def stored(name: str) -> Any:
    """The value in force, straight from the database.

    For those who keep it beside other rows that they read now: what ``value``
    remembers may be older than these.

    Raises:
        UnknownSetting: nobody registered ``name``.
    """
    row = newest_row(name)
    return spec_of(name).default if row is None else _parsed(row)


def newest_row(name: str) -> PolicySetting | None:
    """The row in force with its author; ``None`` while the default is."""
    return history(name).first()


def at(name: str, *, moment: datetime) -> Any:
    """The value that was in force at ``moment``.

    Raises:
        UnknownSetting: nobody registered ``name``.
    """
    spec = spec_of(name)
    rows = PolicySetting.objects.filter(name=name, effective_at__lte=moment)
    row = rows.order_by("-effective_at", "-id").first()
    return spec.default if row is None else _parsed(row)


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings as the database has them now.

    ``values`` maps names to what is in force; ``dated`` maps names to all that ever
    was, each with the moment it began, oldest first, the default (``None``) before.
    """

    values: Mapping[str, Any]
    dated: Mapping[str, tuple[tuple[datetime | None, Any], ...]]


def read(names: Collection[str], *, dated: Collection[str] = ()) -> Reading:
    """What is in force of ``names``, and all that ever was of ``dated``.

    Straight from the database, in one query, for transactions that compute with
    several settings.

    Raises:
        UnknownSetting: nobody registered one of them.
    """
    values = {name: spec_of(name).default for name in names}
    past: dict[str, list[tuple[datetime | None, Any]]] = {
        name: [(None, spec_of(name).default)] for name in dated
    }
    of_names = PolicySetting.objects.filter(name__in=names).order_by()
    newest_ids = of_names.values("name").annotate(last=Max("id")).values("last")
    rows = PolicySetting.objects.filter(Q(id__in=newest_ids) | Q(name__in=dated))
    for row in rows.order_by("effective_at", "id"):
        if row.name in values:
            values[row.name] = _remembered(row)
        if row.name in past:
            past[row.name].append((row.effective_at, _parsed(row)))
    return Reading(
        values=values, dated={name: tuple(found) for name, found in past.items()}
    )


class Derived(Generic[T]):
    """Something made of settings, kept until one of them changes.

    Called, it is at most a second behind a change made in another process; inside
    a transaction it is made anew.
    """

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._kept: tuple[int, T] | None = None

    def __call__(self) -> T:
        watcher.PROCESS.ensure_fresh(SETTINGS.name)
        kept = self._kept
        if kept is not None and kept[0] == _changes:
            return kept[1]
        started_at = _changes
        loaded = self._load()
        if started_at == _changes and not is_in_transaction():
            self._kept = (started_at, loaded)
        return loaded


def history(name: str) -> QuerySet[PolicySetting]:
    """The rows of one setting with their authors, newest first."""
    rows = PolicySetting.objects.filter(name=name)
    return rows.select_related("author").order_by("-id")


def newest() -> dict[str, PolicySetting]:
    """Name → the row in force with its author, of the settings that have rows."""
    ids = PolicySetting.objects.values("name").annotate(last=Max("id")).values("last")
    rows = PolicySetting.objects.filter(id__in=ids).select_related("author")
    return {row.name: row for row in rows if row.name in _specs}


@transaction.atomic
def set_value(
    *,
    name: str,
    value: Any,
    actor: User | None,
    now: datetime,
    based_on: int | None = None,
) -> None:
    """Put ``value`` in force from ``now`` on; the same value changes nothing.

    ``based_on`` is the primary key of the row that the edit began with, 0 if it
    was the default; ``None`` writes whatever happened meanwhile.

    Raises:
        UnknownSetting: nobody registered ``name``.
        InvalidValue: the setting cannot have this value.
        ChangedMeanwhile: another row than ``based_on`` is in force.
    """
    spec = spec_of(name)
    try:
        valid = spec.adapter.validate_python(value, strict=True)
    except ValidationError as error:
        raise InvalidValue(
            f"{spec.title}: {_reason(error)} The default is {spec.words(spec.default)}."
        ) from error
    _lock()
    row = newest_row(name)
    if based_on is not None and based_on != (row.pk if row else 0):
        raise ChangedMeanwhile(f"{spec.title}: somebody changed it in the meantime.")
    before = spec.default if row is None else _parsed(row)
    if valid == before:
        return
    dumped = spec.adapter.dump_python(valid, mode="json")
    if row is not None:
        # The newest row is in force, whatever the clock of whoever wrote says.
        now = max(now, row.effective_at + timedelta(microseconds=1))
    PolicySetting.objects.create(
        name=name,
        # The column holds JSON, whose null the field would take for no value.
        value=Value("null") if dumped is None else dumped,
        effective_at=now,
        author=actor,
    )
    audit.record(
        actor=actor,
        action="setting.changed",
        obj=("core.policysetting", name, spec.title),
        before={"value": spec.adapter.dump_python(before, mode="json")},
        after={"value": dumped},
        now=now,
    )
    announce(stream=SETTINGS.name, key=name, op={"value": dumped}, now=now)
    if spec.changed is not None:
        spec.changed(before, valid, now)
    # For the rest of this transaction; the watcher tells all processes later.
    _forget()


def _reason(error: ValidationError) -> str:
    """The first thing wrong, in words; our own validators' as they are."""
    first = error.errors()[0]
    if "error" in first.get("ctx", {}):
        return str(first["ctx"]["error"])
    return f"{first['msg']}."


def _lock() -> None:
    """Let one transaction at a time write settings: a new row can lock no other."""
    make_stream(SETTINGS.name)
    LiveStream.objects.select_for_update(no_key=True).get(pk=SETTINGS.name)


def _forget() -> None:
    global _values, _changes  # noqa: PLW0603 - one per process, replaced as a whole
    _changes += 1
    _values = None


def _in_force() -> dict[str, Any]:
    global _values  # noqa: PLW0603
    if _values is not None:
        return _values
    started_at = _changes
    loaded = _loaded()
    # What a transaction sees may yet be rolled back; only it may use that.
    if started_at == _changes and not is_in_transaction():
        _values = loaded
    return loaded


def _loaded() -> dict[str, Any]:
    return {name: _parsed(row) for name, row in newest().items()}


def _parsed(row: PolicySetting) -> Any:
    """The row's value; the default if a newer release no longer allows it."""
    spec = _specs[row.name]
    try:
        return spec.read(row.value)
    except ValidationError:
        log.warning("setting_not_valid_anymore", setting=row.name, row_id=row.pk)
        return spec.default


def _remembered(row: PolicySetting) -> Any:
    """As ``_parsed``; tables are long, and hardly ever another than the last time."""
    remembered = _parses.get(row.name)
    if remembered is None or remembered[0] != row.value:
        remembered = _parses[row.name] = (row.value, _parsed(row))
    return remembered[1]


def _follow(*, changes: Sequence[Change], head: int, reset: bool) -> None:
    _forget()


watcher.PROCESS.follow(SETTINGS.name, callback=_follow)

register(
    PolicySpec(
        name="COMMUNITY_NAME",
        annotation=Annotated[
            str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)
        ],
        default="Dramatis",
        title="Name of the community",
        help="Shown in the header and in the title of every page.",
        group="Community",
    )
)
register(
    PolicySpec(
        name="INVITATION_DAYS",
        annotation=Annotated[int, Field(ge=1, le=90)],
        default=7,
        title="Days that an invitation stays open",
        help="Counts for invitations made from now on.",
        group="Community",
    )
)
