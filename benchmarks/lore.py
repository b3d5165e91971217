"""``python -m benchmarks.lore``: what a lorebook costs, beside a loop over its keys.

Every variant runs in every round, in shuffled order; medians over rounds of the CPU
per conversation. The loop asks of every key whether it is in the conversation, as the
bot does, and does no more; ``look`` finds the keys as whole words with their places,
``activate`` does all that a prompt needs, and the trace is made when asked for. The
same ten entries fire, whatever the number of entries.
"""

import math
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import product
from typing import Any

from personas.domain.composing import Message
from personas.domain.lore.activating import activate
from personas.domain.lore.indexing import BookInPlay, EntryInPlay, LoreIndex
from personas.domain.lore.macros import MacroValues
from personas.domain.lore.scanning import MARK, Effort
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.tokens import count_tokens

ROUNDS = 9
SEED = 7
SIZES = (100, 1_000, 10_000)
PATTERNS = (100, 1_000, 3_000)
KEYS = 3
FIRED = 10
CHARACTERS = 4_000
MESSAGES = 20
_SYLLABLES = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]


def words(*, count: int, rng: random.Random) -> list[str]:
    """Made-up words of two to five syllables, each once."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 5)))] = None
    return list(found)


def conversation(
    *, vocabulary: list[str], seen: list[str], rng: random.Random
) -> list[Message]:
    """``CHARACTERS`` of prose of the vocabulary, with the words that are to be seen."""
    prose = list(seen)
    while sum(map(len, prose)) + len(prose) < CHARACTERS:
        prose.append(rng.choice(vocabulary) + rng.choice(["", "", "", ",", "."]))
    rng.shuffle(prose)
    size = math.ceil(len(prose) / MESSAGES)
    return [
        Message("Al", " ".join(prose[at : at + size]))
        for at in range(0, len(prose), size)
    ]


def book(keys: list[str]) -> BookInPlay:
    """One book that looks through everything and has three keys per entry."""
    entries = tuple(
        EntryInPlay(
            str(at),
            EntrySheet(keys=keys[at : at + KEYS], content=f"What {keys[at]} is."),
        )
        for at in range(0, len(keys), KEYS)
    )
    sheet = BookSheet(name="Bench", scan_depth=MESSAGES, recursive_scanning=False)
    return BookInPlay("bench", sheet, entries)


def main() -> None:
    """Measure and print tables."""
    rng = random.Random(SEED)  # noqa: S311
    vocabulary = words(count=2_000, rng=rng)
    keys = [f"{word}x" for word in words(count=max(SIZES) * KEYS, rng=rng)]
    said = conversation(
        vocabulary=vocabulary, seen=keys[: FIRED * KEYS : KEYS], rng=rng
    )
    text = "\n".join(one.text for one in said)
    passages = [f"{MARK}{one.name}: {one.text}" for one in reversed(said)]
    values = MacroValues(char="Ada", user="Al")
    variants: dict[str, Callable[[], Any]] = {}
    for size in SIZES:
        wanted = keys[: size * KEYS]
        started = time.process_time()
        index = LoreIndex([book(wanted)], count_tokens=count_tokens)
        built = time.process_time() - started

        def loop(wanted: list[str] = wanted) -> Any:
            lowered = text.lower()
            return [key for key in wanted if key in lowered]

        def fired(index: LoreIndex = index) -> Any:
            return activate(index, messages=said, values=values, seed=SEED)

        count = len(fired().entries)
        print(f"{size:6,} entries: built in {built:.2f} s; {count} fire")

        def look(index: LoreIndex = index) -> Any:
            (table,) = index.tables(values)
            return table.look(passages, effort=Effort())

        variants[f"loop {size}"] = loop
        variants[f"look {size}"] = look
        variants[f"activate {size}"] = fired
        variants[f"with trace {size}"] = lambda fired=fired: list(fired().trace)
    spent = _measured(variants)
    names = ("loop", "look", "activate", "with trace")
    print(f"\n{'entries':>8}" + "".join(f"{name:>14}" for name in names))
    for size in SIZES:
        row = "".join(f"{spent[f'{name} {size}'] * 1e6:11.0f} us" for name in names)
        print(f"{size:8,}{row}")
    for name in names[1:3]:
        ratio = spent[f"loop {SIZES[-1]}"] / spent[f"{name} {SIZES[-1]}"]
        print(f"{name} at {SIZES[-1]:,} entries: {ratio:.0f} times as fast as the loop")
    for name in names[:3]:
        growth = spent[f"{name} {SIZES[-1]}"] / spent[f"{name} {SIZES[0]}"]
        exponent = math.log(growth) / math.log(SIZES[-1] / SIZES[0])
        print(f"growth exponent of {name}: {exponent:.2f}")
    _patterns(keys, said=said, values=values)


def _patterns(keys: list[str], *, said: list[Message], values: MacroValues) -> None:
    """Patterns by RE2, beside Python's, which an author's pattern could stop."""
    variants: dict[str, Callable[[], Any]] = {}
    for size in PATTERNS:
        sources = [rf"\b{key[:-1]}(?:x|y)\b" for key in keys[: size * KEYS : KEYS]]
        index = LoreIndex(
            [book([f"/{source}/i" for source in sources])], count_tokens=count_tokens
        )
        compiled = [re.compile(source, re.IGNORECASE) for source in sources]

        def loop(compiled: list[re.Pattern[str]] = compiled) -> Any:
            return [p for p in compiled for message in said if p.search(message.text)]

        def fired(index: LoreIndex = index) -> Any:
            return activate(index, messages=said, values=values, seed=SEED)

        variants[f"re {size}"] = loop
        variants[f"activate {size}"] = fired
    spent = _measured(variants)
    print(f"\n{'patterns':>8} {'re':>10} {'activate':>10} {'ratio':>8}")
    for size in PATTERNS:
        base, one = spent[f"re {size}"], spent[f"activate {size}"]
        print(f"{size:8,} {base * 1e6:7.0f} us {one * 1e6:7.0f} us {base / one:8.0f}")


def _measured(variants: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Seconds of CPU per call."""
    rng = random.Random(SEED)  # noqa: S311
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        names = list(variants)
        rng.shuffle(names)
        for name in names:
            spent[name].append(_cpu(variants[name]))
    return {name: statistics.median(values) for name, values in spent.items()}


def _cpu(run: Callable[[], Any]) -> float:
    run()
    calls = 0
    start = time.process_time()
    while (used := time.process_time() - start) < 0.05:
        run()
        calls += 1
    return used / calls


if __name__ == "__main__":
    main()
