"""What the mixer's form says, and what of it becomes a character's weights.

Controls: ``enabled``; per kind of conversation ``source.KIND`` (``own`` or
``table``) and ``weight.KIND.FRAMEWORK``, percent that are scaled to sum to 100.
An empty box takes its framework away; ``add.KIND`` names one to add when the
button ``_add`` of that kind is pressed. A kind that is not posted stays as it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.http import QueryDict
from pydantic import ValidationError

from core import limits
from personas import policy
from personas.domain.blending import mix
from personas.domain.sheets import SLUG_PATTERN, FrameworkBlending
from personas.models import Framework
from personas.services.blending import Weights

OWN: Final = "own"
TABLE: Final = "table"
ARCHIVED: Final = "Archived"
NEVER_PUBLISHED: Final = "Never published"
MOST: Final = 100
"""Percent."""
MOST_FRAMEWORKS: Final = 50
"""In one kind of conversation, unless the form opened with more."""
MOST_KINDS: Final = 50
"""In one form, unless it opened with more."""
_SHARE_DIGITS: Final = 6
_NUMBER_LENGTH: Final = 40
_ID: Final = re.compile(SLUG_PATTERN)


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as texts, which may be wrong: by kind, and there by framework.

    ``problem`` says why it is not what was sent, but what is stored.
    """

    is_enabled: bool
    sources: Mapping[str, str]
    weights: Mapping[str, Mapping[str, str]]
    problem: str = ""


class _TooMuch(Exception):
    """More was sent than a page could show; says what to do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``errors`` maps names of controls to words; ``weights`` are the own ones.

    ``blending`` is ``None`` if something is wrong.
    """

    blending: FrameworkBlending | None
    weights: Weights
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """A framework that weights name, or may; ``note`` says what is special."""

    framework_id: str
    name: str
    note: str = ""
    is_usable: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One framework's weight in a column; ``is_out`` if it does not count."""

    framework: Known
    name: str
    percent: str
    is_out: bool
    error: str

    @property
    def slider(self) -> str:
        """Where the slider stands: whole percent."""
        return str(round(min(max(_number(self.percent) or 0, 0), 100)))


@dataclass(frozen=True, slots=True)
class Column:
    """One kind of conversation; ``is_listed`` if the installation's table has it."""

    context: str
    title: str
    is_listed: bool
    is_own: bool
    is_chosen: bool
    rows: list[Row]
    offered: list[Known] = field(default_factory=list)
    error: str = ""


def weights_by_kind(blending: FrameworkBlending) -> dict[str, dict[str, float]]:
    """Kind → framework id → weight, as the sheet lists them."""
    found: dict[str, dict[str, float]] = {}
    for row in blending.weights:
        found.setdefault(row.context, {})[row.framework_id] = row.weight
    return found


def percents(weights: Mapping[str, float]) -> dict[str, str]:
    """Shares of the whole in percent, with at most two decimals."""
    total = sum(weights.values()) or 1
    return {
        key: f"{100 * weight / total:.2f}".rstrip("0").rstrip(".")
        for key, weight in weights.items()
    }


def typed_of(blending: FrameworkBlending, *, table: Weights) -> Typed:
    """The form as it opens."""
    own = weights_by_kind(blending)
    return Typed(
        is_enabled=blending.enabled,
        sources={c: OWN if c in own else TABLE for c in (*table, *own)},
        weights={c: percents(w) for c, w in {**table, **own}.items()},
    )


def typed_from(data: QueryDict, *, opened: Typed, table: Weights) -> Typed:
    """The form as it was sent; ``opened`` stands for kinds that were not.

    Where the installation's weights were shown and changed, own ones are meant,
    also if that was not said. Names that hold no ids are not of our form. What
    no page could show is not taken: the form as it opened, with a ``problem``.
    """
    try:
        sources, weights = _sent(data, opened=opened)
    except _TooMuch as error:
        return replace(opened, problem=str(error))
    target = str(data.get("_add", ""))
    added = str(data.get(f"add.{target}", ""))
    if target in sources and _is_id(added):
        sources[target] = OWN
        weights.setdefault(target, {}).setdefault(added, "0")
    for context, texts in weights.items():
        installed = percents(table.get(context, {}))
        was_table = opened.sources.get(context) == TABLE
        if was_table and texts not in ({}, installed):
            sources[context] = OWN
        if sources.get(context) != OWN:
            weights[context] = installed
    return Typed(
        is_enabled="enabled" in data,
        sources=sources,
        weights={**opened.weights, **weights},
    )


def _sent(
    data: QueryDict, *, opened: Typed
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Sources, also those not sent, and the weights of each kind that was sent.

    Raises:
        _TooMuch: there are too many kinds, or frameworks in one.
    """
    sources = dict(opened.sources)
    weights: dict[str, dict[str, str]] = {}
    most_kinds = max(MOST_KINDS, len(opened.sources))
    for kind, ids, text in _controls(data):
        if kind == "source" and len(ids) == 1:
            sources[ids[0]] = OWN if text == OWN else TABLE
            weights.setdefault(ids[0], {})
        elif kind == "weight" and len(ids) == 2 and text:
            texts = weights.setdefault(ids[0], {})
            texts[ids[1]] = text
            most = max(MOST_FRAMEWORKS, len(opened.weights.get(ids[0], ())))
            if len(texts) > most:
                raise _TooMuch(
                    f"“{ids[0]}” names more than {most} frameworks. Keep those that"
                    " count most. The stored weights are shown."
                )
        if len(sources.keys() | weights.keys()) > most_kinds:
            raise _TooMuch(
                f"There are more than {most_kinds} kinds of conversation. Send only"
                " those that this page shows. The stored weights are shown."
            )
    return sources, weights


def _controls(data: QueryDict) -> Iterator[tuple[str, list[str], str]]:
    """What kind of control, the ids in its name, and what it says."""
    for name in data:
        kind, *ids = name.split(".")
        if all(_is_id(each) for each in ids):
            yield kind, ids, str(data[name]).strip()


def _is_id(text: str) -> bool:
    return len(text) <= limits.SLUG_LENGTH and bool(_ID.fullmatch(text))


def read(typed: Typed, *, current: FrameworkBlending) -> Reading:
    """Check what was typed and make it the sheet's.

    A kind whose percentages are as the form opened keeps its weights as they
    were written, to the digit.
    """
    if typed.problem:
        return Reading(blending=None, weights={}, errors={"": typed.problem})
    before = weights_by_kind(current)
    errors: dict[str, str] = {}
    own: dict[str, dict[str, float]] = {}
    for context, source in typed.sources.items():
        if source != OWN:
            continue
        texts = typed.weights.get(context, {})
        if texts == percents(before.get(context, {})) and texts:
            own[context] = before[context]
            continue
        found, wrong = _weights(texts, context=context)
        errors |= wrong
        if not wrong:
            own[context] = found
    if errors:
        return Reading(blending=None, weights=own, errors=errors)
    try:
        blending = _blending(typed, own=own, current=current)
    except ValidationError as error:
        errors = {"": "; ".join(_words(e) for e in error.errors())}
        return Reading(blending=None, weights=own, errors=errors)
    return Reading(blending=blending, weights=own, errors={})


def _weights(
    texts: Mapping[str, str], *, context: str
) -> tuple[dict[str, float], dict[str, str]]:
    """Shares of 1, or what is wrong by name of control."""
    numbers: dict[str, float] = {}
    errors: dict[str, str] = {}
    for key, text in texts.items():
        number = _number(text)
        if number is None or not 0 <= number <= MOST:
            errors[f"weight.{context}.{key}"] = f"Write a percentage from 0 to {MOST}."
        else:
            numbers[key] = number
    total = sum(numbers.values())
    if not errors and total <= 0:
        errors[f"source.{context}"] = (
            "Give at least one framework a weight above zero."
            if numbers
            else "Add a framework, or use everyone's weights."
        )
    if errors:
        return {}, errors
    return {k: round(n / total, _SHARE_DIGITS) for k, n in numbers.items()}, {}


def _number(text: str) -> float | None:
    if len(text) > _NUMBER_LENGTH:
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return float(number) if number.is_finite() else None


def _blending(
    typed: Typed, *, own: Weights, current: FrameworkBlending
) -> FrameworkBlending:
    """Raises ValidationError."""
    if own == weights_by_kind(current):
        # In the sheet's own order, so that nothing seems to have changed.
        rows = [w.model_dump() for w in current.weights]
    else:
        rows = [
            {"context": context, "framework_id": key, "weight": weight}
            for context, weights in own.items()
            for key, weight in weights.items()
        ]
    return FrameworkBlending.model_validate(
        {"enabled": typed.is_enabled, "weights": rows}
    )


def _words(error: Any) -> str:
    """One of pydantic's errors with what it is about."""
    message: str = error["msg"].removeprefix("Value error, ")
    given = error["input"]
    return f"“{given}”: {message}" if isinstance(given, str) else message


def known_frameworks() -> dict[str, Known]:
    """Every framework by id, those for people to choose first; one query."""
    rows = Framework.objects.order_by("name", "framework_id").values_list(
        "framework_id", "name", "published_id", "archived_at"
    )
    return {
        key: Known(key, name, NEVER_PUBLISHED, is_usable=False)
        if published is None
        else Known(key, name, ARCHIVED if archived_at else "")
        for key, name, published, archived_at in rows
    }


def unknown(framework_id: str) -> Known:
    """What weights name although there is no such framework."""
    return Known(framework_id, framework_id, "No such framework", is_usable=False)


def columns(
    typed: Typed,
    *,
    errors: Mapping[str, str],
    known: Mapping[str, Known],
    own: str,
    chosen: str,
) -> list[Column]:
    """Every kind of conversation, those of the installation first."""
    titles = {c.context: c.name for c in policy.contexts()}
    ordered = [*titles, *sorted(set(typed.sources).difference(titles))]
    return [
        Column(
            context=context,
            title=titles.get(context, context),
            is_listed=context in titles,
            is_own=typed.sources.get(context) == OWN,
            is_chosen=context == chosen,
            rows=_rows(typed, errors=errors, known=known, own=own, context=context),
            offered=[
                framework
                for key, framework in known.items()
                if key not in typed.weights.get(context, {})
                and framework.note != ARCHIVED
            ],
            error=errors.get(f"source.{context}", ""),
        )
        for context in ordered
    ]


def _rows(
    typed: Typed,
    *,
    errors: Mapping[str, str],
    known: Mapping[str, Known],
    own: str,
    context: str,
) -> list[Row]:
    texts = typed.weights.get(context, {})
    numbers = {key: _number(text) for key, text in texts.items()}
    mixture = mix(
        {k: n for k, n in numbers.items() if n is not None and 0 <= n <= MOST},
        known={key for key, framework in known.items() if framework.is_usable},
        own=own,
    )
    rows = []
    for key, text in texts.items():
        framework = known.get(key) or unknown(key)
        name = f"weight.{context}.{key}"
        rows.append(
            Row(
                framework=framework,
                name=name,
                percent=text,
                is_out=key in mixture.dropped,
                error=errors.get(name, ""),
            )
        )
    return rows
