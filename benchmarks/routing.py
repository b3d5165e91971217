"""``python -m benchmarks.routing``: deciding who answers, beside the bot's own loop.

Every variant runs in every round, in shuffled order; medians over rounds of the CPU
per message of 200 characters. The loop asks of every phrase of every persona whether
it is in the message, adds points and picks one; ``core`` does the same with our
index, as whole words; ``decide`` does all that a decision needs, with places,
candidates and what skipped steps would have said. Also: growth while what a message
hits stays as it is; a phrase that everybody has in a channel where 20 may answer; and
one persona changed.
"""

import itertools
import math
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.lore import words
from personas.domain.matching import normalised
from personas.domain.sheets import ReplyMode
from routing.domain.deciding import decide
from routing.domain.messages import Decision, Message, PairFacts, Place, State, Terms
from routing.domain.roster import Member, Roster

ROUNDS = 9
SEED = 7
SIZES = (200, 2_000, 20_000)
GOALS = {200: 35, 2_000: 180, 20_000: 400}
INTERESTS, AVOIDANCES = 7, 3
CHARACTERS = 200
MESSAGES = 40
CHANNEL = "hall"
HERE = Terms(place=Place(names=("c1", CHANNEL), reply_mode=ReplyMode.FREELY))


def loop(cast: Sequence[Member], text: str, *, channel: str = "") -> dict[str, float]:
    """Scores as the requirement computes them, of those who have any."""
    said = text.lower()
    scores: dict[str, float] = {}
    for member in cast:
        score = 0.0
        if any(name.lower() in said for name in member.names):
            score += 100
        for interest in member.interests:
            if interest.lower() in said:
                score += 50
        if member.domain and member.domain.lower() in said:
            score += 30
        if channel in member.channels:
            score += 20
        for avoidance in member.avoidances:
            if avoidance.lower() in said:
                score -= 100
        if score:
            scores[member.character_id] = score * member.weight / 1_000
    return scores


def pick(scores: dict[str, float], *, rng: random.Random) -> str | None:
    """One of those within 80 % of the best, each as likely."""
    best = max(scores.values(), default=0)
    if best <= 0:
        return None
    return rng.choice([id_ for id_, score in scores.items() if score >= 0.8 * best])


def core(roster: Roster, text: str, *, rng: random.Random) -> str | None:
    """What the loop does, no more, by our index: scores, and one of the best."""
    scores: dict[str, float] = {}
    for _, _, postings in roster.phrases.find(normalised(text)):
        for member, _ in postings.names:
            score = scores.get(member.character_id, 0)
            scores[member.character_id] = score + 100 * member.weight
        if isinstance(postings.held, tuple):
            for member, _, points, avoidances in postings.held:
                score = points * member.weight - 100_000 * avoidances
                id_ = member.character_id
                scores[id_] = scores.get(id_, 0) + score
    for member, _ in roster.preferring(HERE.place.names):
        score = scores.get(member.character_id, 0)
        scores[member.character_id] = score + 20 * member.weight
    return pick(scores, rng=rng)


def ours(roster: Roster, text: str, *, terms: Terms = HERE) -> Decision:
    """The decision, with nothing to keep of it."""
    return decide(
        roster,
        Message(text),
        state=State(),
        terms=terms,
        pair_facts=lambda _: PairFacts(0, 1.0),
        rng=lambda: 0.5,
    )


def cast_of(size: int, *, most_words: int, rng: random.Random) -> list[Member]:
    """Personas with twelve phrases each, of words that several of them share."""
    vocabulary = words(count=min(3 * size, most_words), rng=rng)

    def phrase() -> str:
        return " ".join(rng.choices(vocabulary, k=rng.choice([1, 1, 1, 2, 2])))

    return [
        Member(
            f"persona-{at}",
            version=at,
            names=(" ".join(rng.choices(vocabulary, k=2)).title(),),
            interests=tuple(phrase() for _ in range(INTERESTS)),
            avoidances=tuple(phrase() for _ in range(AVOIDANCES)),
            domain=phrase(),
        )
        for at in range(size)
    ]


def messages_for(cast: Sequence[Member], *, rng: random.Random) -> list[str]:
    """Prose, a tenth of it phrases and a hundredth names."""
    prose = [f"{word}q" for word in words(count=2_000, rng=rng)]
    made = []
    for _ in range(MESSAGES):
        said: list[str] = []
        while sum(map(len, said)) + len(said) < CHARACTERS:
            member, chance = rng.choice(cast), rng.random()
            if chance < 0.01:
                said.append(member.names[0])
            else:
                among = member.interests if chance < 0.11 else prose
                said.append(rng.choice(among) + rng.choice(["", "", "", ",", "."]))
        made.append(" ".join(said).capitalize())
    return made


def main() -> None:
    """Measure and print tables."""
    beside_the_loop()
    growth()
    hot_phrase()
    one_changed()


def beside_the_loop() -> None:
    """What performance.md calls the routing core."""
    rng = random.Random(SEED)  # noqa: S311
    variants: dict[str, Callable[[], Any]] = {}
    for size in SIZES:
        cast = cast_of(size, most_words=8_000, rng=rng)
        texts = messages_for(cast, rng=rng)
        started = time.process_time()
        roster = Roster.of(cast)
        built = time.process_time() - started
        found = statistics.mean(len(ours(roster, t).candidates) for t in texts)
        print(f"{size:6,} personas: built in {built:.2f} s; {found:.0f} are candidates")

        def looped(next_text: Callable[[], str], cast: list[Member] = cast) -> Any:
            return pick(loop(cast, next_text(), channel=CHANNEL), rng=rng)

        def decided(next_text: Callable[[], str], roster: Roster = roster) -> Any:
            return ours(roster, next_text())

        def scored(next_text: Callable[[], str], roster: Roster = roster) -> Any:
            return core(roster, next_text(), rng=rng)

        variants[f"core {size}"] = partial(scored, itertools.cycle(texts).__next__)
        variants[f"loop {size}"] = partial(looped, itertools.cycle(texts).__next__)
        variants[f"decide {size}"] = partial(decided, itertools.cycle(texts).__next__)
    spent = measured(variants)
    print(f"\n{'personas':>8} {'loop':>12} {'core':>12} {'decide':>12}", end="")
    print(f" {'loop/core':>10} {'goal':>5} {'loop/decide':>12}")
    for size in SIZES:
        looped_us, core_us, ours_us = (
            spent[f"{name} {size}"] for name in ("loop", "core", "decide")
        )
        print(
            f"{size:8,} {looped_us:9.0f} us {core_us:9.1f} us {ours_us:9.1f} us"
            f" {looped_us / core_us:10.0f} {GOALS[size]:5} {looped_us / ours_us:12.0f}"
        )


def growth() -> None:
    """Ever more personas, while a message hits as many of them."""
    rng = random.Random(SEED)  # noqa: S311
    variants: dict[str, Callable[[], Any]] = {}
    for size in SIZES:
        cast = cast_of(size, most_words=3 * size, rng=rng)
        texts = itertools.cycle(messages_for(cast, rng=rng)).__next__
        roster = Roster.of(cast)
        variants[str(size)] = lambda texts=texts, roster=roster: ours(roster, texts())
    spent = measured(variants)
    few, many = str(SIZES[0]), str(SIZES[-1])
    exponent = math.log(spent[many] / spent[few]) / math.log(SIZES[-1] / SIZES[0])
    told = ", ".join(f"{spent[str(size)]:.1f} us at {size:,}" for size in SIZES)
    print(f"\nas many hits: {told}; growth exponent {exponent:.2f}, goal 0.30")


def hot_phrase() -> None:
    """Something that everybody likes, where only 20 may answer."""
    rng = random.Random(SEED)  # noqa: S311
    cast = cast_of(SIZES[-1], most_words=8_000, rng=rng)
    hot = [replace(one, interests=(*one.interests, "music")) for one in cast]
    texts = messages_for(cast, rng=rng)
    allow = frozenset(rng.sample([one.character_id for one in cast], 20))
    terms = replace(HERE, place=replace(HERE.place, allow=allow))
    cold_texts = itertools.cycle(texts).__next__
    hot_texts = itertools.cycle([f"{text} music" for text in texts]).__next__
    roster, hot_roster = Roster.of(cast), Roster.of(hot)
    spent = measured(
        {
            "cold": lambda: ours(roster, cold_texts(), terms=terms),
            "hot": lambda: ours(hot_roster, hot_texts(), terms=terms),
        }
    )
    ratio = spent["hot"] / spent["cold"]
    print(f"\na phrase of all, 20 allowed: {spent['hot']:.0f} us,", end=" ")
    print(f"{ratio:.2f} times as long as without it, goal 1.50")


def one_changed() -> None:
    """Patching one persona, beside building all."""
    rng = random.Random(SEED)  # noqa: S311
    variants: dict[str, Callable[[], Any]] = {}
    built: dict[int, float] = {}
    for size in SIZES:
        cast = cast_of(size, most_words=8_000, rng=rng)
        started = time.process_time()
        roster = Roster.of(cast)
        built[size] = (time.process_time() - started) * 1e6
        changed = [replace(one, version=-1, domain="other") for one in cast[:50]]
        turns = itertools.cycle(changed).__next__
        variants[str(size)] = lambda r=roster, turns=turns: r.patched(put=[turns()])
    spent = measured(variants)
    few, many = str(SIZES[0]), str(SIZES[-1])
    exponent = math.log(spent[many] / spent[few]) / math.log(SIZES[-1] / SIZES[0])
    told = ", ".join(
        f"{spent[str(size)]:.0f} us at {size:,}"
        f" (1/{built[size] / spent[str(size)]:,.0f} of building all)"
        for size in SIZES
    )
    print(f"\none persona changed: {told}; growth exponent {exponent:.2f}, goal 0.10")


def measured(variants: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median of microseconds of CPU per call, over shuffled rounds."""
    rng = random.Random(SEED)  # noqa: S311
    spent: dict[str, list[float]] = defaultdict(list)
    calls: dict[str, int] = {}
    for at in range(ROUNDS + 1):
        names = list(variants)
        rng.shuffle(names)
        for name in names:
            started = time.process_time()
            for _ in range(calls.get(name, MESSAGES)):
                variants[name]()
            elapsed = time.process_time() - started
            if at:
                spent[name].append(elapsed / calls[name] * 1e6)
            else:
                # The first warms up, and tells how often to call for 50 ms.
                each = max(elapsed / MESSAGES, 1e-6)
                calls[name] = max(5, math.ceil(0.05 / each))
    return {name: statistics.median(found) for name, found in spent.items()}


if __name__ == "__main__":
    main()
