"""Putting one conversation to a character's draft and to what is live.

A model may take a minute, and the site answers in eight threads. So a try is
begun by a request and read by later ones: ``begin`` freezes what is asked into
the cache and starts a thread, which hands the calls to an event loop of their
own and writes each reply into the cache when it comes. Background tasks were the
other choice; but the embedded worker has two threads, which move labels when they
are due, and two people trying a slow model would stop it. Any process can read
and stop a try; if the process that asks goes away, the try says so.
"""

import asyncio
import re
import secrets
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache as once
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connections
from prometheus_client import Histogram
from pydantic import BaseModel, ConfigDict, ValidationError

from core.metrics import REGISTRY
from core.models import User
from personas.models import Character
from personas.services.conversing import Asked, Side, sides_of

log = structlog.get_logger(__name__)

KEPT_SECONDS: Final = 3600
MOST_AT_ONCE: Final = 8
_LOOK_SECONDS: Final = 0.5
_TOKEN: Final = re.compile("[0-9a-f]{32}")
_GONE: Final = "This try is not kept any more. Press Try again."
# What a call may take beyond its own limit, until it counts as lost.
_GRACE: Final = timedelta(seconds=15)

_SECONDS: Final = Histogram(
    "dramatis_model_call_seconds",
    "Time until a model's reply to a try, by how it ended.",
    ["outcome"],
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120),
    registry=REGISTRY,
)
_slots: Final = threading.BoundedSemaphore(MOST_AT_ONCE)


class TooManyTries(Exception):
    """As many tries as may wait at once are waiting."""


class NoSuchTry(Exception):
    """It was never begun, by somebody else, or is forgotten by now."""


class State(StrEnum):
    """How far one side of a try is."""

    UNASKED = "unasked"
    WAITING = "waiting"
    ANSWERED = "answered"
    FAILED = "failed"
    STOPPED = "stopped"


class Reply(BaseModel):
    """What a model said, or in words why it did not; as ``asking.Answer``."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    problem: str = ""
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0
    tokens: int | None = None


class Try(BaseModel):
    """What was asked, and what came of it so far.

    ``live`` is ``None`` where nothing was live; ``model`` is empty where no
    endpoint was configured; ``replies`` maps ``draft`` and ``live`` to what came.
    """

    model_config = ConfigDict(frozen=True)

    token: str
    character_id: str
    owner: int
    begun_at: datetime
    lost_at: datetime
    model: str
    asked: Asked
    draft: Side
    live: Side | None
    replies: dict[str, Reply] = {}
    is_stopped: bool = False

    @property
    def sides(self) -> dict[str, Side]:
        """``draft``, and ``live`` if there is one."""
        found = {"draft": self.draft, "live": self.live}
        return {name: side for name, side in found.items() if side is not None}

    def state(self, name: str, /, *, now: datetime) -> State:
        """How far ``draft`` or ``live`` is."""
        if not self.model or not self.sides[name].chat:
            return State.UNASKED
        if name in self.replies:
            is_text = bool(self.replies[name].text)
            return State.ANSWERED if is_text else State.FAILED
        if self.is_stopped:
            return State.STOPPED
        return State.WAITING if now < self.lost_at else State.FAILED

    def is_waiting(self, *, now: datetime) -> bool:
        return any(self.state(name, now=now) == State.WAITING for name in self.sides)


def is_configured() -> bool:
    """Whether there is a model to ask."""
    return bool(settings.LLM_BASE_URL)


def begin(character: Character, *, asked: Asked, actor: User, now: datetime) -> Try:
    """Freeze what both sides would send, and start asking if there is a model.

    ``character`` has what its sheet, framework and live label need.

    Raises:
        TooManyTries: this process waits for as many as it may.
    """
    draft, live = sides_of(character, asked=asked)
    begun = Try(
        # Its holder may read it; nobody guesses 128 bits.
        token=secrets.token_hex(16),
        character_id=character.character_id,
        owner=actor.pk,
        begun_at=now,
        lost_at=now + timedelta(seconds=settings.LLM_TIMEOUT) + _GRACE,
        model=settings.LLM_MODEL if is_configured() else "",
        asked=asked,
        draft=draft,
        live=live,
    )
    is_asking = begun.is_waiting(now=now)
    if is_asking and not _slots.acquire(blocking=False):
        raise TooManyTries(
            f"{MOST_AT_ONCE} tries are waiting for the model already. Wait for one of"
            " them, then press Try again."
        )
    try:
        cache.set(_key(begun.token), begun.model_dump_json(), KEPT_SECONDS)
    except BaseException:
        if is_asking:
            _slots.release()
        raise
    if is_asking:
        name = f"try-{begun.token[:8]}"
        threading.Thread(target=_ask_all, args=(begun,), name=name, daemon=True).start()
    return begun


def find(token: str, /, *, character_id: str, actor: User) -> Try:
    """A try as far as it is; only whoever began it gets it.

    Raises:
        NoSuchTry: see there.
    """
    if not _TOKEN.fullmatch(token):
        raise NoSuchTry(_GONE)
    names = ("", "draft", "live", "stop")
    found = cache.get_many([_key(token, name) for name in names])
    begun = _read(found.get(_key(token)))
    if begun is None or begun.character_id != character_id or begun.owner != actor.pk:
        raise NoSuchTry(_GONE)
    replies = {
        name: Reply.model_validate_json(found[_key(token, name)])
        for name in begun.sides
        if _key(token, name) in found
    }
    return begun.model_copy(
        update={"replies": replies, "is_stopped": _key(token, "stop") in found}
    )


def _read(text: str | None) -> Try | None:
    """``None`` too for what another release of this program wrote."""
    try:
        return Try.model_validate_json(text) if text else None
    except ValidationError:
        return None


def stop(begun: Try, /) -> None:
    """End the calls that still wait, in whichever process they are."""
    cache.set(_key(begun.token, "stop"), "yes", KEPT_SECONDS)


def _key(token: str, name: str = "") -> str:
    return f"try:{token}:{name}"


# -- In threads of their own ---------------------------------------------------------


@once
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop in which all calls of this process wait."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="model-calls", daemon=True).start()
    return loop


def _ask_all(begun: Try) -> None:
    """Wait for every call of a try and write down what comes, as it comes."""
    calls: dict[Future[Any], str] = {}
    try:
        calls = _started(begun)
        while calls:
            done, _ = wait(calls, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for call in done:
                _write(begun, name=calls.pop(call), call=call)
            if calls and cache.get(_key(begun.token, "stop")):
                break
    except DatabaseError:
        # Then the page says that the try was lost; the calls are not worth keeping.
        log.warning("try_lost", try_id=begun.token[:8])
    finally:
        for call in calls:
            call.cancel()
        _slots.release()
        connections.close_all()


def _started(begun: Try) -> dict[Future[Any], str]:
    """Each call, on its way, with the name of its side."""
    # Here, because it costs 33 MB and half a second, and most servers never ask.
    from personas.services import asking  # noqa: PLC0415

    endpoint = asking.Endpoint(
        base_url=settings.LLM_BASE_URL,
        model=begun.model,
        seconds=settings.LLM_TIMEOUT,
        api_key=settings.LLM_API_KEY,
    )
    return {
        asyncio.run_coroutine_threadsafe(
            asking.ask(
                [message.model_dump() for message in side.chat],
                config=side.config,
                endpoint=endpoint,
            ),
            _loop(),
        ): name
        for name, side in begun.sides.items()
        if side.chat
    }


def _write(begun: Try, *, name: str, call: Future[Any]) -> None:
    if error := call.exception():
        log.error("try_broke", try_id=begun.token[:8], side=name, exc_info=error)
        reply = Reply(problem="Something went wrong here; the server's log tells what.")
        outcome = "broke"
    else:
        answer = call.result()
        outcome = answer.outcome
        reply = Reply(
            text=answer.text,
            problem=answer.problem,
            remarks=answer.remarks,
            seconds=answer.seconds,
            tokens=answer.tokens,
        )
        _SECONDS.labels(outcome).observe(reply.seconds)
    log.info(
        "try_answered",
        try_id=begun.token[:8],
        character_id=begun.character_id,
        side=name,
        outcome=outcome,
        seconds=round(reply.seconds, 3),
    )
    cache.set(_key(begun.token, name), reply.model_dump_json(), KEPT_SECONDS)
