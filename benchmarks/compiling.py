"""``python -m benchmarks.compiling``: what blending and tracing cost, as ratios.

Every variant runs in every round, in shuffled order; medians over rounds of the CPU
per compile, against compiling the plain prompt of the same sheet in the same round.
"""

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from personas.domain.blending import Blend, blend
from personas.domain.compiling import compile_persona, traced_prompt
from personas.domain.contexts import DEFAULT_CONTEXTS, weights_by_context
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.tokens import TOKENIZER, count_tokens

ROUNDS = 9
REPEATS = 20
SEED = 7
IDS = ("neuro", "assistant", "caring", "chaotic")


def sheet(*, size: int) -> CharacterSheet:
    """A character whose description has about ``size`` bytes."""
    words = "The tide comes in and the lamps along the pier are lit. "
    return CharacterSheet(
        display_name="Ada",
        framework_id="neuro",
        description=words * (size // len(words)),
        topic_interests=[f"harbour {n}" for n in range(30)],
    )


def frameworks() -> dict[str, FrameworkSheet]:
    """Four frameworks that share half of their keys."""
    return {
        name: FrameworkSheet(
            name=name,
            behavioral_patterns={
                **{f"shared {n}": f"{name} {n}" for n in range(20)},
                **{f"{name} {n}": n for n in range(20)},
            },
            anti_hallucination={"confidence": 0.5, "rules": [name, "be kind"]},
        )
        for name in IDS
    }


def main() -> None:
    """Measure and print a table."""
    rules = frameworks()
    asked = weights_by_context(DEFAULT_CONTEXTS)

    def blends() -> dict[str, Blend]:
        mixed = {c: blend(w, frameworks=rules, own="neuro") for c, w in asked.items()}
        return {c: one for c, one in mixed.items() if one is not None}

    def compiled(one: CharacterSheet, *, is_blended: bool) -> Any:
        return compile_persona(
            one,
            character_id="ada",
            framework=rules["neuro"],
            blends=blends() if is_blended else {},
            count_tokens=count_tokens,
            tokenizer=TOKENIZER,
        )

    for size in (2_000, 100_000):
        one = sheet(size=size)
        variants: dict[str, Callable[[], Any]] = {
            "plain": lambda one=one: compiled(one, is_blended=False),
            "plain and five blends": lambda one=one: compiled(one, is_blended=True),
            "traced, not counted": lambda one=one: traced_prompt(
                one, framework=rules["neuro"]
            ),
        }
        print(f"\na sheet of {size // 1000} KB")
        _compare(variants)


def _compare(variants: dict[str, Callable[[], Any]]) -> None:
    rng = random.Random(SEED)  # noqa: S311
    ratios: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        names = list(variants)
        rng.shuffle(names)
        spent = {name: _cpu(variants[name]) for name in names}
        for name, cpu in spent.items():
            ratios[name].append(cpu / spent["plain"])
    for name, values in ratios.items():
        print(
            f"{name:24} {statistics.median(values):7.2f}"
            f"  ({min(values):.2f} to {max(values):.2f})"
        )


def _cpu(run: Callable[[], Any]) -> float:
    run()
    start = time.process_time()
    for _ in range(REPEATS):
        run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
