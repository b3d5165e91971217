"""The rules of routing once more: slow, plain, from the design's words alone.

Nothing of the product is imported, so that a mistake there is not made here as well.
What is given may be any objects with the same fields.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI")


def compared(text: str) -> str:
    """NFKC, case-folded; ``_``, ``-`` and runs of white space are one space."""
    text = text.replace("’", "'")
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFKC", text)
    made = ""
    for letter in text:
        if letter.isspace() or letter in "_-\u2010":
            made += "" if made.endswith(" ") else " "
        else:
            made += letter
    return made


def key(phrase: str) -> str:
    return compared(phrase).strip(" ")


def is_wordy(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNM"


def is_unspaced(letter: str) -> bool:
    return is_wordy(letter) and unicodedata.name(letter, "").startswith(UNSPACED)


def may_part(*, inner: str, outer: str, after: str) -> bool:
    """Whether a phrase may end or begin between its own and the next character."""
    if not is_wordy(outer):
        return True
    if unicodedata.category(after)[0] == "M":
        return False
    return is_unspaced(outer) or is_unspaced(inner)


def places(text: str, phrase: str) -> list[tuple[int, int]]:
    """Where the phrase stands as whole words; both as they are compared."""
    found = []
    for start in range(len(text)):
        end = start + len(phrase)
        if not phrase or text[start:end] != phrase:
            continue
        if start and not may_part(
            inner=text[start], outer=text[start - 1], after=text[start]
        ):
            continue
        if end < len(text) and not may_part(
            inner=text[end - 1], outer=text[end], after=text[end]
        ):
            continue
        found.append((start, end))
    return found


def named_in(text: str, members: Iterable[Any]) -> set[str]:
    """Whose name stands in the text and within no longer name of anybody."""
    spots = {
        (start, end, name)
        for member in members
        for name in map(key, member.names)
        for start, end in places(text, name)
    }
    kept: list[tuple[int, int]] = []
    names = set()
    for start, end, name in sorted(spots, key=lambda s: (s[0] - s[1], s[0])):
        if all(end <= a or b <= start for a, b in kept):
            kept.append((start, end))
            names.add(name)
    return {m.character_id for m in members if names & set(map(key, m.names))}


def hits(text: str, phrases: Iterable[str]) -> int:
    return sum(bool(places(text, phrase)) for phrase in set(map(key, phrases)))


def channel_key(name: str) -> str:
    name = key(name)
    return key(name[1:]) if name.startswith("#") else name


def prefers(member: Any, place_names: tuple[str, ...]) -> bool:
    if not place_names:
        return False
    if place_names[0] in member.channels:
        return True
    own = {channel_key(one) for one in member.channels} - {""}
    return any(channel_key(name) in own for name in place_names[1:])


def may_answer(member: Any, *, author: str | None, terms: Any) -> bool:
    place, id_ = terms.place, member.character_id
    if id_ == author or id_ in place.deny:
        return False
    if place.allow is not None and id_ not in place.allow:
        return False
    for quiet in terms.quiets:
        if quiet.character_id == id_ and quiet.other_character_id is None:
            return False
        if quiet.other_character_id is not None:
            pair = {quiet.character_id, quiet.other_character_id}
            if author in pair and id_ in pair:
                return False
    return True


class Slow:
    """One message, decided step by step."""

    def __init__(
        self, members: list[Any], message: Any, *, state: Any, terms: Any
    ) -> None:
        self.message, self.state, self.terms = message, state, terms
        author = message.author_character_id
        self.free = [m for m in members if may_answer(m, author=author, terms=terms)]
        self.by_id = {m.character_id: m for m in self.free}
        text = compared(message.text)
        free = set(self.by_id)
        self.named = named_in(text, members) & free
        self.explicit = set(message.mentions) & free
        self.plus: dict[str, int] = {}
        self.minus: dict[str, int] = {}
        self.active: dict[str, int] = {}
        for m in self.free:
            id_ = m.character_id
            points = 50 * hits(text, m.interests) + 30 * hits(text, [m.domain])
            points += 20 * prefers(m, terms.place.names)
            points += 100 * (id_ in self.named | self.explicit)
            self.plus[id_] = points
            self.minus[id_] = 100 * hits(text, m.avoidances)
            self.active[id_] = self.activity_points(m)

    def activity_points(self, member: Any) -> int:
        asked = self.message.activity
        best = 0
        for one in member.activities if asked is not None else ():
            if key(one.name) and key(one.name) == key(asked.name):
                best = max(best, 100)
            if key(one.category) and key(one.category) == key(asked.category):
                best = max(best, 50)
        return best

    def score(self, id_: str, *, with_avoidances: bool = True) -> int:
        against = 1000 * self.minus[id_] if with_avoidances else 0
        return self.plus[id_] * self.by_id[id_].weight - against

    @property
    def scores(self) -> dict[str, int]:
        """Of everybody with any reason."""
        return {
            id_: self.score(id_)
            for id_ in self.by_id
            if self.plus[id_] or self.minus[id_] or self.active[id_]
        }

    def close_to_best(self, scores: dict[str, int]) -> list[str]:
        best = max(scores.values(), default=0)
        close = [id_ for id_, score in scores.items() if 5 * score >= 4 * best]
        return sorted(close, key=lambda id_: (-scores[id_], id_))

    def found(self, step: str) -> list[str]:
        if step == "mention":
            ids = self.explicit or self.named
            return self.close_to_best(
                {id_: self.score(id_, with_avoidances=False) for id_ in ids}
            )
        if step == "sticky":
            id_, seconds = self.state.sticky or ("", 0)
            holds = seconds < self.terms.sticky_seconds
            if self.message.ignore_sticky or not holds or id_ not in self.by_id:
                return []
            return [] if self.minus[id_] else [id_]
        if step == "activity":
            best = max(self.active.values(), default=0)
            return sorted(i for i, p in self.active.items() if p == best and p)
        if step == "content":
            return self.close_to_best({i: s for i, s in self.scores.items() if s > 0})
        default = self.terms.place.default_character_id
        if default is None:
            default = self.terms.default_character_id
        return [default] if default in self.by_id else []

    def draw(self, close: list[str], number: float) -> str:
        weights = [self.by_id[id_].weight for id_ in close]
        if sum(weights) == 0:
            weights = [1 for _ in close]
        reached = Fraction(0)
        for id_, weight in zip(close, weights, strict=True):
            reached += Fraction(weight, sum(weights))
            if Fraction(number) < reached:
                return id_
        raise AssertionError(number)

    def likeliest(self, step: str) -> str | None:
        close = self.found(step)
        if not close:
            return None
        most = max(self.by_id[id_].weight for id_ in close)
        # They are in order of score and id.
        return next(id_ for id_ in close if self.by_id[id_].weight == most)


def decide_slowly(
    members: list[Any],
    message: Any,
    *,
    state: Any,
    terms: Any,
    pair: Any,
    numbers: Iterator[float],
) -> dict[str, Any]:
    """What the product's decision must say, by its fields."""
    if not terms.is_enabled:
        return answer(reason="disabled", respond_reason="disabled")
    slow = Slow(members, message, state=state, terms=terms)
    steps = [step for step in terms.steps if slow.found(step)]
    reason: str = steps[0] if steps else "nobody"
    winner: str | None = None
    skipped: list[tuple[str, str | None]] = []
    if steps:
        close = slow.found(reason)
        winner = slow.draw(close, next(numbers)) if len(close) > 1 else close[0]
        later = terms.steps[terms.steps.index(reason) + 1 :]
        skipped = [(str(step), slow.likeliest(step)) for step in later]
    respond, why = whether(
        slow, winner=winner, reason=reason, pair=pair, numbers=numbers
    )
    return answer(
        character_id=winner,
        reason=str(reason),
        respond=respond,
        respond_reason=why,
        scores=slow.scores,
        skipped=skipped,
    )


def answer(**said: Any) -> dict[str, Any]:
    nothing = {
        "character_id": None,
        "respond": False,
        "scores": {},
        "skipped": [],
    }
    return nothing | said


def whether(
    slow: Slow, *, winner: str | None, reason: str, pair: Any, numbers: Iterator[float]
) -> tuple[bool, str]:
    state, terms = slow.state, slow.terms
    if [quiet for quiet in terms.quiets if quiet.character_id is None]:
        return False, "quiet"
    if state.chain > terms.chain_cap:
        return False, "chain"
    if winner is None:
        return False, "nobody"
    is_by_persona = slow.message.author_character_id is not None
    if is_by_persona and state.channel_answers >= terms.channel_budget:
        return False, "budget"
    if is_by_persona and pair.answers >= terms.pair_budget:
        return False, "budget"
    if reason == "mention":
        return True, "mention"
    if is_by_persona and next(numbers) >= pair.probability:
        return False, "probability"
    return unaddressed(slow, winner=winner, reason=reason, numbers=numbers)


def unaddressed(
    slow: Slow, *, winner: str, reason: str, numbers: Iterator[float]
) -> tuple[bool, str]:
    terms = slow.terms
    for mode, why in (
        (terms.place.reply_mode, "channel_mode"),
        (slow.by_id[winner].reply_mode, "policy"),
    ):
        if mode in {"never", "when_addressed"}:
            return False, why
        if mode == "in_conversation" and reason != "sticky":
            return False, why
    chance = terms.response_chance
    if chance <= 0 or chance >= 1:
        return chance >= 1, "chance"
    return next(numbers) < chance, "chance"
