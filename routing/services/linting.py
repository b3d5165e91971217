"""Names and topics of all characters, read and looked at; nothing is written.

What is wrong with them is judged by ``routing.domain.linting``. Texts of messages are
only counted in: none of them is kept or told.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Left, Replace

from personas.catalog import catalog
from personas.checks import Advice
from personas.domain.matching import comparable, spelled
from personas.domain.sheets import CharacterSheet
from personas.models import Alias, Character
from personas.models.labels import PRODUCTION
from routing.domain.linting import Linter
from routing.domain.linting_values import (
    Finding,
    Phrase,
    PhraseKind,
    Severity,
    Subject,
    ordered,
)
from routing.models import Decision

MESSAGES: Final = 1_000
LOOKED_AT: Final = 500
"""So many characters of each of these texts; what a message is about comes early."""
NEAR: Final = 200
"""So many characters with similar names are looked at while one is edited."""
_NAMES_SOUGHT: Final = 20
_SHORTEST_SOUGHT: Final = 3


# -- All of them ---------------------------------------------------------------------


class Copy:
    """The last that was looked at, since looking at many characters takes seconds."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._subjects: list[Subject] | None = None
        self._linter = Linter(())
        self._counted: tuple[Linter, UUID | None] | None = None
        self._frequent: list[Finding] = []

    def linter(self, subjects: list[Subject]) -> Linter:
        """Of these; the one before, if nothing of them changed."""
        with self._looking:
            if subjects != self._subjects:
                self._linter = Linter(subjects)
                self._subjects = subjects
            return self._linter

    def frequent(self, linter: Linter) -> list[Finding]:
        """What stands in most messages, counted again once there is a newer one.

        Only counts are kept, no texts; so they may stay when texts are erased.
        """
        # Asked for first: a message that comes meanwhile has them counted again.
        counted = (linter, newest_decision())
        with self._looking:
            if counted != self._counted:
                self._frequent = linter.frequent(newest_messages())
                self._counted = counted
            return self._frequent


_copy: Final = Copy()


def findings(subjects: list[Subject]) -> list[Finding]:
    """All there is to say about ``subjects()``, the worst first."""
    linter = _copy.linter(subjects)
    return ordered([*linter.findings, *_copy.frequent(linter)])


def newest_messages() -> list[str]:
    """How texts of the newest decisions begin, of those that still have one."""
    rows = Decision.objects.exclude(text="").order_by("-pk")
    return list(rows.values_list(Left("text", LOOKED_AT), flat=True)[:MESSAGES])


def newest_decision() -> UUID | None:
    """Which it is, by the id that no other database has, either."""
    rows = Decision.objects.order_by("-pk")
    return rows.values_list("decision_id", flat=True).first()


def subjects() -> list[Subject]:
    """Everybody who is not archived: the draft, and what only Live has besides."""
    aliases: dict[int, list[str]] = {}
    rows = Alias.objects.filter(character__archived_at=None)
    for pk, text in rows.order_by("character_id", "position").values_list(
        "character_id", "text"
    ):
        aliases.setdefault(pk, []).append(text)
    live = _live()
    characters = Character.objects.active().order_by("character_id")
    return [
        _with_live(
            Subject(
                character_id,
                name,
                (
                    *_names(name, nickname=nickname, aliases=aliases.get(pk, ())),
                    *_topics(interests, avoidances, domain.get("primary", "")),
                ),
            ),
            facts=live.get(character_id),
        )
        for pk, character_id, name, nickname, interests, avoidances, domain in (
            characters.values_list(
                "pk",
                "character_id",
                "display_name",
                "nickname",
                "topic_interests",
                "topic_avoidances",
                "knowledge_domain",
            )
        )
    ]


def _names(name: str, *, nickname: str, aliases: Iterable[str]) -> Iterator[Phrase]:
    yield Phrase(PhraseKind.NAME, "display_name", name)
    if nickname:
        yield Phrase(PhraseKind.NAME, "nickname", nickname)
    for at, alias in enumerate(aliases):
        yield Phrase(PhraseKind.NAME, f"aliases.{at}", alias)


def _topics(
    interests: Sequence[str], avoidances: Sequence[str], domain: str
) -> Iterator[Phrase]:
    if domain:
        yield Phrase(PhraseKind.DOMAIN, "knowledge_domain.primary", domain)
    for at, text in enumerate(interests):
        yield Phrase(PhraseKind.INTEREST, f"topic_interests.{at}", text)
    for at, text in enumerate(avoidances):
        yield Phrase(PhraseKind.AVOIDANCE, f"topic_avoidances.{at}", text)


def _live() -> Mapping[str, Mapping[str, Any]]:
    """Character id → what Live is routed by, out of the process's memory."""
    snapshot, _ = catalog.read()
    return {e.character_id: e.routing for e in snapshot.labelled(PRODUCTION)}


def _with_live(subject: Subject, *, facts: Mapping[str, Any] | None) -> Subject:
    if facts is None:
        return subject
    texts = {(phrase.kind, phrase.text) for phrase in subject.phrases}
    given = [
        *((PhraseKind.NAME, "aliases", text) for text in facts["names"]),
        (PhraseKind.DOMAIN, "knowledge_domain.primary", facts["domain"]),
        *((PhraseKind.INTEREST, "topic_interests", t) for t in facts["interests"]),
        *((PhraseKind.AVOIDANCE, "topic_avoidances", t) for t in facts["avoidances"]),
    ]
    new = [each for each in given if each[2] and (each[0], each[2]) not in texts]
    if not new:
        return subject
    known = {(phrase.kind, comparable(phrase.text)) for phrase in subject.phrases}
    more = tuple(
        Phrase(kind, path, text, is_live_only=True)
        for kind, path, text in new
        if (kind, comparable(text)) not in known
    )
    return Subject(subject.character_id, subject.name, (*subject.phrases, *more))


# -- One of them, while it is edited -------------------------------------------------


def advice(character_id: str, sheet: CharacterSheet) -> list[Advice]:
    """What is to be said of a sheet as it is typed, by field."""
    return [
        Advice(each.path, each.sentence)
        for each in _about(character_id, sheet)
        if each.severity is not Severity.INFORMATION
    ]


def _about(character_id: str, sheet: CharacterSheet) -> list[Finding]:
    own = Subject(
        character_id,
        sheet.display_name,
        (
            *_names(sheet.display_name, nickname=sheet.nickname, aliases=sheet.aliases),
            *_topics(
                sheet.topic_interests,
                sheet.topic_avoidances,
                sheet.knowledge_domain.primary,
            ),
        ),
    )
    linter = Linter([own, *_near(character_id, names=sheet.names)])
    return [each for each in linter.findings if each.character_id == character_id]


def _near(character_id: str, *, names: Sequence[str]) -> list[Subject]:
    """Others whose names may have to do with these, in two queries.

    The database compares more coarsely than messages are: on SQLite it knows capitals
    of English letters alone. The page of all names leaves nothing out.
    """
    others = Character.objects.active().exclude(character_id=character_id)
    rows = (
        others.filter(
            Q(pk__in=_similar(others, "display_name", names=names).values("pk"))
            | Q(pk__in=_similar(others, "nickname", names=names).values("pk"))
            | Q(pk__in=_similar(Alias.objects, "text", names=names).values("character"))
        )
        .order_by("character_id")
        .values_list("pk", "character_id", "display_name", "nickname")
    )
    found = list(rows[:NEAR])
    aliases: dict[int, list[str]] = {}
    texts = Alias.objects.filter(character__in=[pk for pk, *_ in found])
    for pk, text in texts.order_by("position").values_list("character_id", "text"):
        aliases.setdefault(pk, []).append(text)
    return [
        Subject(
            key,
            name,
            tuple(_names(name, nickname=nickname, aliases=aliases.get(pk, ()))),
        )
        for pk, key, name, nickname in found
    ]


def _similar(rows: Any, column: str, *, names: Sequence[str]) -> QuerySet[Any]:
    """Where the column stands in one of the names, or one of them in it."""
    plain = [spelled(name) for name in names]
    as_compared: Any = F(column)
    for sign in "-_":
        as_compared = Replace(as_compared, Value(sign), Value(" "))
    similar = Q(own__icontains=F("as_compared"))
    for name in plain[:_NAMES_SOUGHT]:
        # A Latin letter or two stand in nearly every name.
        is_telling = len(name) >= _SHORTEST_SOUGHT or not name.isascii()
        lookup = "as_compared__icontains" if is_telling else "as_compared__iexact"
        # What is empty as compared would stand in all.
        similar |= Q(**{lookup: name}) if name else Q()
    found: QuerySet[Any] = rows.alias(
        own=Value("\n".join(plain)), as_compared=as_compared
    ).filter(similar)
    return found.exclude(**{column: ""})
