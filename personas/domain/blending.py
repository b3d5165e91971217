"""Mixing frameworks: whose word counts how much, and what comes of it, key by key.

Source: design, section 3, "Blending". The old bot dropped light frameworks
without scaling the rest, left the character's own framework out, averaged
yes and no as numbers and failed on objects and numbers that two frameworks
share (``reference/bot.md`` 1.5); here every key of every kind has a rule and a
line in the report.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import floor, isfinite, log10
from typing import Any, Final

from personas.domain.canonical import canonical_json
from personas.domain.sheets import FrameworkSheet

SECTIONS: Final = (
    "behavioral_patterns",
    "decision_making",
    "interaction_style",
    "anti_hallucination",
)
CUT_OFF: Final = Fraction(1, 10)
"""A share has to lie above this to count."""
LIST_ITEMS: Final = 5
"""So many items of a merged list stay."""

# Shares are snapped to the nearest fraction with a denominator up to this. Exact
# shares of hand-written weights are such fractions, so weights that carry float
# dust (0.1 * 3) land on the very same ones, and ties stay ties: rounding to
# decimals would make three sixths more than a half.
_FINEST_SHARE: Final = 100_000
_SHARE_DIGITS: Final = 9
_MEAN_DIGITS: Final = 6
_NO_SUCH_FRAMEWORK: Final = "There is no such framework."

_Shares = dict[str, Fraction]


class How(StrEnum):
    """How a key's value came about, as reports and pages say it."""

    ONLY = "only"
    SAME = "same"
    VOTE = "vote"
    MEAN = "mean"
    LIST = "merged list"
    OBJECT = "merged object"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Mixture:
    """``weights``: framework id → share of 1, heaviest first; ``dropped``: why not."""

    weights: Mapping[str, float]
    dropped: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lost:
    """A value, or one item of a list, that did not get into the result."""

    framework_id: str
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """One key of the result.

    ``weights`` maps the frameworks that the value came from to their shares;
    ``keys`` explains the inside of a merged object.
    """

    value: Any
    weights: Mapping[str, float]
    how: How
    dropped: tuple[Lost, ...] = ()
    keys: Mapping[str, "Merged"] = field(default_factory=dict)

    def served(self) -> dict[str, Any]:
        """As JSON: ``value``, ``from``, ``how``, ``dropped``, ``keys`` of an object."""
        entry: dict[str, Any] = {
            "value": self.value,
            "from": dict(self.weights),
            "how": self.how.value,
            "dropped": [
                {
                    "framework_id": lost.framework_id,
                    "value": lost.value,
                    "reason": lost.reason,
                }
                for lost in self.dropped
            ],
        }
        if self.how == How.OBJECT:
            entry["keys"] = {key: inner.served() for key, inner in self.keys.items()}
        return entry


@dataclass(frozen=True, slots=True)
class Blend:
    """A framework mixed from several.

    ``framework`` is the character's own with ``SECTIONS`` merged; ``weights``
    and ``dropped`` are the mixture's; ``report`` maps section to key to what
    happened there.
    """

    framework: FrameworkSheet
    weights: Mapping[str, float]
    dropped: Mapping[str, str]
    report: Mapping[str, Mapping[str, Merged]]

    def served(self) -> dict[str, Any]:
        """The ``blend`` of a served prompt."""
        return {
            "weights": dict(self.weights),
            "report": {
                section: {key: merged.served() for key, merged in keys.items()}
                for section, keys in self.report.items()
            },
            "dropped": dict(self.dropped),
        }


@dataclass(frozen=True, slots=True)
class _Voice:
    """One framework's value for the key at hand."""

    framework_id: str
    share: Fraction
    value: Any


def mix(asked: Mapping[str, float], *, known: Collection[str], own: str) -> Mixture:
    """Scale weights to shares of 1, leaving out who is unknown or too light.

    ``asked`` maps framework id to weight, 0 or more, in any unit; ``known`` are
    the framework ids that exist; ``own``, the character's, comes first of
    equals. The order of ``asked`` and a common factor on it change nothing.

    Raises:
        ValueError: a weight is negative or not a finite number.

    Source: design, section 3.
    """
    shares, dropped = _shares(asked, known=known, own=own)
    return Mixture(weights=_rounded(shares), dropped=dropped)


def blend(
    asked: Mapping[str, float], *, frameworks: Mapping[str, FrameworkSheet], own: str
) -> Blend | None:
    """Mix frameworks by weight; ``None`` if no weight is left to mix by.

    ``asked`` is as for ``mix``; ``own`` is a key of ``frameworks``. Key by key,
    visiting frameworks from the heaviest: a value that only one has stays; texts
    and yes/no are voted on; numbers are averaged over those that have them;
    lists give their best items; objects are merged inside; of mixed kinds the
    first visited wins. One framework alone gives its values unchanged.

    Raises:
        KeyError: ``own`` is not among ``frameworks``.
        ValueError: as for ``mix``.

    Source: design, section 3.
    """
    base = frameworks[own]
    shares, dropped = _shares(asked, known=frameworks.keys(), own=own)
    if not shares:
        return None
    report = {
        section: _merged_keys(
            [
                _Voice(key, share, getattr(frameworks[key], section))
                for key, share in shares.items()
            ]
        )
        for section in SECTIONS
    }
    return Blend(
        # Copied without validating: merging valid trees makes no deeper tree, no
        # longer text and no larger number.
        framework=base.model_copy(
            update={section: _values(keys) for section, keys in report.items()}
        ),
        weights=_rounded(shares),
        dropped=dropped,
        report=report,
    )


def _shares(
    asked: Mapping[str, float], *, known: Collection[str], own: str
) -> tuple[_Shares, dict[str, str]]:
    """Exact shares of 1, heaviest first, and the reasons of those left out."""
    exact = {key: _exact(weight) for key, weight in sorted(asked.items())}
    dropped = {key: _NO_SUCH_FRAMEWORK for key in exact if key not in known}
    first = {
        key: share.limit_denominator(_FINEST_SHARE)
        for key, share in _scaled(
            {key: weight for key, weight in exact.items() if key in known}
        ).items()
    }
    dropped |= {
        key: f"Its share of {_percent(share)} is not above {_percent(CUT_OFF)}."
        for key, share in first.items()
        if share <= CUT_OFF
    }
    left = _scaled({key: s for key, s in first.items() if s > CUT_OFF})
    order = sorted(left, key=lambda key: (-left[key], key != own, key))
    return {key: left[key] for key in order}, dict(sorted(dropped.items()))


def _exact(weight: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    if not isfinite(weight) or weight < 0:
        raise ValueError(f"Give weights of 0 or more, not {weight}.")
    return Fraction(repr(weight))


def _scaled(weights: _Shares) -> _Shares:
    # Weights that are all zero stay zero, and so below the cut-off.
    total = sum(weights.values(), Fraction(0)) or Fraction(1)
    return {key: weight / total for key, weight in weights.items()}


def _rounded(shares: Mapping[str, Fraction]) -> dict[str, float]:
    return {key: round(float(share), _SHARE_DIGITS) for key, share in shares.items()}


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.4g} %"


def _values(keys: Mapping[str, Merged]) -> dict[str, Any]:
    return {key: merged.value for key, merged in keys.items()}


def _merged_keys(objects: Sequence[_Voice]) -> dict[str, Merged]:
    """Every key of the objects, in the order in which visiting meets them."""
    keys = dict.fromkeys(key for voice in objects for key in voice.value)
    return {
        key: _merged(
            [
                _Voice(voice.framework_id, voice.share, voice.value[key])
                for voice in objects
                if key in voice.value
            ]
        )
        for key in keys
    }


def _merged(voices: Sequence[_Voice]) -> Merged:
    """One key's value by the rule for what its values are."""
    if len(voices) == 1:
        return Merged(voices[0].value, _from(voices), How.ONLY)
    kinds = {_kind(voice.value) for voice in voices}
    kind = kinds.pop()
    if kinds:
        return _first(voices)
    if kind == "a list":
        return _merged_list(voices)
    if kind == "an object":
        keys = _merged_keys(voices)
        return Merged(_values(keys), _from(voices), How.OBJECT, keys=keys)
    if len({canonical_json(voice.value) for voice in voices}) == 1:
        return Merged(voices[0].value, _from(voices), How.SAME)
    return _mean(voices) if kind == "a number" else _vote(voices)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():  # before numbers: Python's yes and no are numbers too
            return "a yes or no"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def _from(voices: Iterable[_Voice]) -> dict[str, float]:
    return _rounded({voice.framework_id: voice.share for voice in voices})


def _first(voices: Sequence[_Voice]) -> Merged:
    first, *others = voices
    wanted = _kind(first.value)
    dropped = tuple(
        Lost(
            voice.framework_id,
            voice.value,
            f"Not mixed: {first.framework_id}, visited first, has {wanted};"
            f" this is {_kind(voice.value)}.",
        )
        for voice in others
    )
    return Merged(first.value, _from([first]), How.FIRST, dropped)


def _vote(voices: Sequence[_Voice]) -> Merged:
    votes: dict[Any, Fraction] = {}
    for voice in voices:
        votes[voice.value] = votes.get(voice.value, Fraction(0)) + voice.share
    winner = max(votes, key=lambda value: votes[value])  # of equals the first visited
    dropped = tuple(
        Lost(
            voice.framework_id,
            voice.value,
            _outvoted(votes[voice.value], winner=votes[winner]),
        )
        for voice in voices
        if voice.value != winner
    )
    voters = _from(voice for voice in voices if voice.value == winner)
    return Merged(winner, voters, How.VOTE, dropped)


def _outvoted(votes: Fraction, *, winner: Fraction) -> str:
    if votes == winner:
        return f"A tie at {_percent(votes)}; the framework visited first wins it."
    return f"Outvoted, {_percent(votes)} to {_percent(winner)}."


def _mean(voices: Sequence[_Voice]) -> Merged:
    total = sum((voice.share for voice in voices), Fraction(0))
    weighted = (voice.share * Fraction(repr(voice.value)) for voice in voices)
    mean = sum(weighted, Fraction(0)) / total
    is_whole = all(isinstance(voice.value, int) for voice in voices)
    value = int(mean) if is_whole and mean.denominator == 1 else _short(mean)
    return Merged(value, _from(voices), How.MEAN)


def _short(number: Fraction) -> float:
    """A float without a tail of digits; small numbers keep their first six."""
    if number == 0:
        return 0.0
    size = floor(log10(abs(number.numerator)) - log10(number.denominator))
    return float(round(number, _MEAN_DIGITS - min(size + 1, 0)))


def _merged_list(voices: Sequence[_Voice]) -> Merged:
    weights: dict[str, Fraction] = {}
    spelling: dict[str, Any] = {}
    for voice in voices:
        for item in voice.value:
            spelling.setdefault(_item_key(item), item)
        # Once per framework: saying a thing twice makes it no heavier.
        for key in {_item_key(item) for item in voice.value}:
            weights[key] = weights.get(key, Fraction(0)) + voice.share
    # Sorting is stable, and spelling stands in the order of first sight.
    best = sorted(spelling, key=lambda key: -weights[key])[:LIST_ITEMS]
    dropped = tuple(
        Lost(
            voice.framework_id,
            item,
            f"Only the best {LIST_ITEMS} items stay;"
            f" this one has {_percent(weights[_item_key(item)])}.",
        )
        for voice in voices
        for item in voice.value
        if _item_key(item) not in best
    )
    givers = [
        voice
        for voice in voices
        if not best or any(_item_key(item) in best for item in voice.value)
    ]
    value = [spelling[key] for key in best]
    return Merged(value, _from(givers), How.LIST, dropped)


def _item_key(item: Any) -> str:
    """Equal for items that count as one: texts without case, all else as JSON."""
    if isinstance(item, str):
        return f"text {item.casefold()}"
    return canonical_json(item)
