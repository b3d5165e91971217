"""Deciding who answers a message: one transaction, recorded before it is answered.

The channel's row is locked first, so that decisions of one channel follow one another:
each sees what the one before it left. The same message of the same bot finds the
decision that was made; of two that arrive at once, the second waits for the channel,
or, if they name two channels, breaks the constraint and begins anew.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from django.db import transaction

from core.keys import BotPrincipal
from core.problems import FieldError, Problem
from core.turns import writing
from personas import serving
from personas.catalog import Entry, Snapshot, catalog
from personas.domain.sheets import AUTO, ReplyMode
from personas.models import Character
from personas.models.labels import PRODUCTION
from relationships import policy as feelings
from relationships.domain.feelings import Rules
from routing import policy
from routing.domain import explaining
from routing.domain.deciding import decide
from routing.domain.messages import Decision, Message, PairFacts, State, Terms
from routing.domain.roster import Roster
from routing.models import Decision as Row
from routing.services import channels, recording, remembering, switches, telling
from routing.services.reporting import tried
from routing.services.rosters import ROSTERS

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who answers ``message``? Where, for whom, and what else is wanted.

    ``context`` is a kind of conversation, and ``compose`` what a prompt is to be made
    of, if somebody responds. Ids that were not given are empty.
    """

    message: Message
    channel_id: str
    message_id: str = ""
    server_id: str = ""
    user_id: str = ""
    context: str | None = None
    compose: serving.Asked | None = None
    label: str = PRODUCTION


@dataclass(frozen=True, slots=True)
class Decided:
    """What the bot is told, without the prompt; ``row`` is the record.

    ``is_repeated``: it was decided before. ``is_fresh``: the roster is known to be
    current.
    """

    answer: dict[str, Any]
    row: Row
    snapshot: Snapshot
    is_repeated: bool = False
    is_fresh: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What is in memory, read before the transaction begins."""

    snapshot: Snapshot
    roster: Roster
    is_fresh: bool
    terms: Terms
    rules: Rules
    context: str | None
    kept: str
    kept_until: datetime


def decide_message(asked: Asked, *, bot: BotPrincipal, clock: Clock) -> Decided:
    """Decide, or find what was decided.

    With a test key everything is computed, and nothing kept.

    Raises:
        Problem: not_labelled, unknown_context, or invalid for an author that is no
            character.
        django.db.OperationalError: the database is away, or too busy.
    """
    try:
        known = known_of(asked, now=clock())
    except Problem:
        # What was decided stays so, though it could not be asked for any more.
        former = _former(asked, bot=bot)
        if former is None:
            raise
        snapshot, is_fresh = catalog.read()
        return _repeated(former, snapshot=snapshot, is_fresh=is_fresh)
    decision_id = uuid.uuid4()

    def work() -> Decided:
        with writing(), transaction.atomic(durable=True):
            decided = _settled(
                asked, bot=bot, known=known, decision_id=decision_id, clock=clock
            )
            if bot.is_test:
                transaction.set_rollback(True)
        return decided

    return tried(work)


def known_of(asked: Asked, *, now: datetime) -> Known:
    snapshot, roster, is_fresh = ROSTERS.read(asked.label)
    _check_other(asked, snapshot=snapshot)
    terms = in_channel(policy.terms_of_settings(), asked.channel_id, now=now)
    return Known(
        snapshot=snapshot,
        roster=roster,
        is_fresh=is_fresh,
        terms=terms,
        rules=feelings.known_rules(),
        context=_context(asked, snapshot=snapshot),
        kept=policy.text_kept(),
        kept_until=now + policy.text_kept_for(),
    )


def in_channel(terms: Terms, channel_id: str, *, now: datetime) -> Terms:
    """The terms with what is known now of the channel and of quiet switches."""
    on = switches.read()
    place = on.place(channel_id)
    return replace(
        terms,
        # Settings of channels hold its text.
        place=replace(place, reply_mode=ReplyMode(place.reply_mode)),
        quiets=on.quiets_in(channel_id, now=now),
    )


def _check_other(asked: Asked, *, snapshot: Snapshot) -> None:
    """Raises Problem (invalid): the prompt is to be made toward nobody."""
    other = None if asked.compose is None else asked.compose.other_character_id
    if other is None or other in snapshot.entries:
        return
    pointer, detail = (
        "/compose/other_character_id",
        "There is no published character with this id.",
    )
    raise Problem(
        "invalid",
        detail=f"Correct 1 value, then send this again: {pointer}.",
        errors=[FieldError(pointer, "not_a_choice", detail)],
    )


# -- The kind of conversation --------------------------------------------------------


def _context(asked: Asked, *, snapshot: Snapshot) -> str | None:
    """What was asked for, or what the messages tell.

    Raises:
        Problem: unknown_context, for what nobody here could be asked in.
    """
    name, blending = asked.context, snapshot.blending
    if name == AUTO:
        texts = [asked.message.text]
        if asked.compose is not None:
            texts = [message.text for message in asked.compose.messages]
        return blending.detector.detect(texts).context
    if name is not None and name not in blending.names:
        entries = snapshot.labelled(asked.label)
        if all(name not in entry.prompts for entry in entries):
            # Nobody's own: let the words be those that compose has for it.
            serving.prompt_of({}, context=name, blending=blending)
    return name


def resolved_context(
    context: str | None, entry: Entry | None, *, known: Known
) -> str | None:
    """The id of the kind of conversation, as whoever was chosen calls it.

    Raises:
        Problem: unknown_context, if only others know it.
    """
    if context is None:
        return None
    blending = known.snapshot.blending
    if entry is None:
        return blending.names.get(context, context)
    serving.prompt_of(entry.prompts, context=context, blending=blending)
    return blending.resolved(context, compiled=entry.prompts)


# -- The transaction -----------------------------------------------------------------


def _settled(
    asked: Asked,
    *,
    bot: BotPrincipal,
    known: Known,
    decision_id: uuid.UUID,
    clock: Clock,
) -> Decided:
    channels.seen(asked.channel_id, now=clock())
    former = _former(asked, bot=bot)
    if former is not None:
        return _repeated(former, snapshot=known.snapshot, is_fresh=known.is_fresh)
    # The channel may have been waited for, and quieted meanwhile.
    terms = in_channel(known.terms, asked.channel_id, now=clock())
    known = replace(known, terms=terms)
    author = author_of(asked.message)
    recent = remembering.recent(
        asked.channel_id, terms=known.terms, is_persona=author is not None, now=clock()
    )
    seed = serving.seed_of(serving.Asked(decision_id=str(decision_id)))
    pair = _Pair(asked, known=known, seed=seed, now=recent.now)
    decision = decide(
        known.roster,
        asked.message,
        state=recent.state,
        terms=known.terms,
        pair_facts=pair.facts,
        rng=Random(seed).random,  # noqa: S311 - replays must draw the same
    )
    entry = known.snapshot.entry(decision.character_id or "", label=asked.label)
    told = _told(
        asked,
        decision,
        entry=entry,
        known=known,
        decision_id=decision_id,
        seed=seed,
        state=recent.state,
    )
    row = _row(
        asked, decision, told, bot=bot, known=known, author=author, now=recent.now
    )
    row.decision_id, row.seed = decision_id, seed
    row.state = recording.state_told(recent.state, pair=pair.told)
    row.version_id = None if entry is None else entry.version_pk
    if bot.is_test:
        told["test"] = True
    else:
        row.roster_id = ROSTERS.key_of(known.roster, label=asked.label, now=recent.now)
        row.terms_id = recording.key_of_terms(known.terms, now=recent.now)
        row.save(force_insert=True)
        telling.tell(row, character_id=decision.character_id, now=recent.now)
    return Decided(
        answer=told, row=row, snapshot=known.snapshot, is_fresh=known.is_fresh
    )


def _former(asked: Asked, *, bot: BotPrincipal) -> Row | None:
    """What was decided of this message of this bot before."""
    if not asked.message_id:
        return None
    rows = Row.objects.filter(bot=bot.bot_id, message_id=asked.message_id)
    return rows.select_related("character").first()


def _repeated(former: Row, *, snapshot: Snapshot, is_fresh: bool) -> Decided:
    return Decided(
        answer=dict(former.answer),
        row=former,
        snapshot=snapshot,
        is_repeated=True,
        is_fresh=is_fresh,
    )


def author_of(message: Message) -> int | None:
    """The primary key of the character that wrote it; ``None`` if a user did.

    Raises:
        Problem: invalid.
    """
    name = message.author_character_id
    if name is None:
        return None
    rows = Character.objects.active().filter(character_id=name)
    pk = rows.values_list("pk", flat=True).first()
    if pk is None:
        detail = (
            f"There is no character {name[:80]!r}; leave this out if a user wrote the"
            " message."
        )
        raise Problem(
            "invalid",
            detail=detail,
            errors=[FieldError("/author_character_id", "not_a_choice", detail)],
        )
    return pk


class _Pair:
    """What counts between the author and who would answer, read when it is asked."""

    def __init__(self, asked: Asked, *, known: Known, seed: int, now: datetime) -> None:
        self._author = asked.message.author_character_id or ""
        self._known, self._seed, self._now = known, seed, now
        self.told: dict[str, Any] | None = None

    def facts(self, character_id: str) -> PairFacts:
        """For ``decide``."""
        self.told = remembering.between(
            character_id,
            author=self._author,
            seed=self._seed,
            rules=self._known.rules,
            most=self._known.terms.pair_budget,
            now=self._now,
        )
        return PairFacts(self.told["answers"], self.told["probability"])


def _told(
    asked: Asked,
    decision: Decision,
    *,
    entry: Entry | None,
    known: Known,
    decision_id: uuid.UUID,
    seed: int,
    state: State,
) -> dict[str, Any]:
    """``Decision.answer``."""
    ids = recording.ids_in(decision, message=asked.message, state=state)
    names = _names(ids, snapshot=known.snapshot, label=asked.label)
    told = recording.decision_told(decision)
    ignored = [
        name for name in asked.message.mentions if name not in known.snapshot.entries
    ]
    return {
        "decision_id": str(decision_id),
        "character_id": decision.character_id,
        "persona_id": None if entry is None else entry.persona_id,
        "version": None if entry is None else entry.version,
        "respond": told.pop("respond"),
        "respond_reason": told.pop("respond_reason"),
        "reason": told.pop("reason"),
        "explanation": explaining.sentence(
            decision, message=asked.message, state=state, names=names
        ),
        "seed": seed,
        **told,
        "roster_version": known.roster.digest[: recording.VERSION_LENGTH],
        "context": resolved_context(known.context, entry, known=known),
        **({"ignored_mentions": ignored} if ignored else {}),
    }


def _names(ids: Iterable[str], *, snapshot: Snapshot, label: str) -> Mapping[str, str]:
    """What the characters are called; by their ids who are not published."""
    entries = {name: snapshot.entry(name, label=label) for name in ids}
    return {
        name: name if entry is None else entry.display_name
        for name, entry in entries.items()
    }


def _row(
    asked: Asked,
    decision: Decision,
    told: Mapping[str, Any],
    *,
    bot: BotPrincipal,
    known: Known,
    author: int | None,
    now: datetime,
) -> Row:
    character_pk = None
    if decision.character_id is not None:
        rows = Character.objects.filter(character_id=decision.character_id)
        character_pk = rows.values_list("pk", flat=True).get()
    text, kept = recording.kept_text(asked.message.text, kept=known.kept)
    return Row(
        bot_id=bot.bot_id,
        message_id=asked.message_id,
        channel_id=asked.channel_id,
        server_id=asked.server_id,
        user_id=asked.user_id,
        author_id=author,
        label=asked.label,
        text=text,
        text_kept=kept,
        text_until=None if known.kept == "none" else known.kept_until,
        decided_at=now,
        character_id=character_pk,
        reason=decision.reason,
        respond=decision.respond,
        respond_reason=decision.respond_reason,
        asked=recording.asked_told(
            asked.message,
            context=asked.context,
            is_composed=asked.compose is not None,
        ),
        answer=dict(told),
    )
