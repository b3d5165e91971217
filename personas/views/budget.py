"""What a prompt costs: its tokens by section, against the cap and what is live."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from personas import policy
from personas.domain.budgets import Standing, standing
from personas.domain.compiling import HEADINGS
from personas.domain.sheets import CharacterSheet, OverrideMode
from personas.models import CompiledPrompt, Label
from personas.tokens import TOKENIZER, count_tokens

OVERRIDE = "System prompt override"
REST = "Template and headings"


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the prompt; ``x`` and ``width`` are percent of the bar.

    ``before`` counts what is live, ``None`` if nothing is.
    """

    title: str
    tokens: int
    before: int | None
    series: int
    x: str
    width: str

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.tokens - self.before


@dataclass(frozen=True, slots=True)
class Budget:
    """The whole prompt; ``percent`` is of the cap, 0 without one."""

    lines: tuple[Line, ...]
    total: int
    before: int | None
    version: int | None  # number of the live version
    cap: int | None
    tokenizer: str = TOKENIZER

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.total - self.before

    @property
    def percent(self) -> int:
        return 100 * self.total // self.cap if self.cap else 0

    @property
    def is_near(self) -> bool:
        return standing(self.total, cap=self.cap) == Standing.NEAR

    @property
    def is_over(self) -> bool:
        return standing(self.total, cap=self.cap) == Standing.OVER

    @property
    def left(self) -> int:
        """Tokens below the cap; below zero, those above it."""
        return (self.cap or 0) - self.total


Counts = dict[str, int]


def counts_of(body: Mapping[str, Any], /, *, sheet: CharacterSheet) -> Counts:
    """Part → tokens of a served prompt object, and what is beside its parts."""
    total: int = body["tokens"]["count"]
    override = sheet.system_prompt_override
    if override.text.strip() and override.mode == OverrideMode.REPLACE:
        return {OVERRIDE: total}
    counts = {HEADINGS[s["name"]]: s["tokens"] for s in body["sections"]}
    if override.text.strip():
        counts[OVERRIDE] = count_tokens(override.text)
    # Counted apart, parts may come to a little more than the whole.
    counts[REST] = max(total - sum(counts.values()), 0)
    return counts


def live_body(live: Label, /, *, context: str) -> Mapping[str, Any]:
    """What the live version serves in this kind of conversation, else plainly."""
    rows = CompiledPrompt.objects.filter(
        version=live.version_id, context__in={"", context}
    )
    bodies = {row.context: row.body for row in rows}
    body: Mapping[str, Any] = json.loads(bodies.get(context) or bodies[""])
    return body


def budget_of(
    body: Mapping[str, Any],
    *,
    sheet: CharacterSheet,
    live: Label | None,
    context: str,
) -> Budget:
    """``body`` as it would be served, ``live`` with its version."""
    counts = counts_of(body, sheet=sheet)
    before: Counts = {}
    total_before = None
    if live is not None:
        served = live_body(live, context=context)
        before = counts_of(served, sheet=live.version.to_sheet())
        total_before = served["tokens"]["count"]
    total = body["tokens"]["count"]
    cap = policy.prompt_token_cap()
    return Budget(
        lines=_lines(
            counts, before=before if live else None, whole=max(total, cap or 0)
        ),
        total=total,
        before=total_before,
        version=live.version.number if live else None,
        cap=cap,
    )


def _lines(counts: Counts, *, before: Counts | None, whole: int) -> tuple[Line, ...]:
    """Every part that costs something now or live; ``whole`` fills the bar."""
    lines, x = [], 0.0
    for series, title in enumerate((OVERRIDE, *HEADINGS.values(), REST)):
        tokens = counts.get(title, 0)
        old = None if before is None else before.get(title, 0)
        width = 100 * tokens / (whole or 1)
        if tokens or old:
            lines.append(Line(title, tokens, old, series, f"{x:.2f}", f"{width:.2f}"))
        x += width
    return tuple(lines)
