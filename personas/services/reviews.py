"""Asking a manager whether a draft may go live, and the answers.

A character has at most one open request. It is answered by itself when what is
live comes to hold what the draft holds, by whatever way; see ``answer_published``.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import audit
from core.models import User
from personas.models import Character, ReviewRequest
from personas.models.characters import CharacterQuerySet
from personas.services import announcing, drafts


class NoNote(Exception):
    """Nothing was written about it."""


class NothingToReview(Exception):
    """What is live already is what the draft holds."""


class AlreadyAsked(Exception):
    """Somebody asked before, and ``request`` still waits for its answer."""

    def __init__(self, request: ReviewRequest) -> None:
        super().__init__(
            f"{request.asked_by} has asked already. A manager looks at the draft as"
            " it is then, with all that is edited until then."
        )
        self.request = request


DISMISSED: Final = "dismissed"
"""What a request is when it was sent back and who asked is done with that."""


class AlreadyAnswered(Exception):
    """The request is not open any more; ``request`` says why."""

    def __init__(self, request: ReviewRequest) -> None:
        answer = request.get_answer_display().lower()
        if request.answer == ReviewRequest.Answer.WITHDRAWN and request.answer_note:
            answer = DISMISSED
        super().__init__(f"This was answered meanwhile: {answer}.")
        self.request = request


class NotYours(Exception):
    """Only who asked can take the question back."""


@transaction.atomic
def ask(*, character_id: str, note: str, author: User, now: datetime) -> ReviewRequest:
    """Ask whether the draft, as it is now, may go live.

    Raises:
        Character.DoesNotExist: no such character.
        NoNote: the note is blank.
        drafts.Archived: the character is archived.
        NothingToReview: the draft is as it is live.
        AlreadyAsked: a request is open.
    """
    note = _required(note, problem="Write a note: what did you change, and why?")
    rows: CharacterQuerySet = Character.objects.with_live_label()
    # The lock lets only one of two that ask at once through.
    character = rows.select_for_update(no_key=True).get(character_id=character_id)
    if character.is_archived:
        raise drafts.Archived(f"“{character}” is archived. Restore it first.")
    waiting = open_request(character)
    if waiting is not None:
        raise AlreadyAsked(waiting)
    if not character.has_unpublished_changes:
        raise NothingToReview(
            f"The draft of “{character}” is as it is live; there is nothing to look at."
        )
    request = ReviewRequest.objects.create(
        character=character,
        revision=character.revision,
        note=note,
        asked_by=author,
        asked_at=now,
    )
    _tell(
        request,
        action="review.asked",
        actor=author,
        after={"revision": request.revision},
        note=note,
        now=now,
    )
    return request


@transaction.atomic
def withdraw(*, request_id: int, actor: User, now: datetime) -> ReviewRequest:
    """Take a question back: one that is open, or one that was sent back.

    The latter ends its being told to whoever asked; the manager's note stays.

    Raises:
        ReviewRequest.DoesNotExist: no such request.
        NotYours: somebody else asked.
        AlreadyAnswered: it was published or withdrawn before.
    """
    request = _locked(request_id)
    if request.asked_by != actor:
        raise NotYours(f"{request.asked_by} asked; only they can take it back.")
    if request.answer not in {"", ReviewRequest.Answer.DECLINED}:
        raise AlreadyAnswered(request)
    _close(request, answer=ReviewRequest.Answer.WITHDRAWN, actor=actor, now=now)
    return request


@transaction.atomic
def decline(*, request_id: int, note: str, actor: User, now: datetime) -> ReviewRequest:
    """Send a draft back, with what is to be changed; nothing goes live.

    Raises:
        ReviewRequest.DoesNotExist: no such request.
        NoNote: the note is blank.
        AlreadyAnswered: it is not open any more.
    """
    note = _required(note, problem="Write a note: what should be changed?")
    request = _locked(request_id)
    if request.closed_at is not None:
        raise AlreadyAnswered(request)
    request.answer_note = note
    _close(request, answer=ReviewRequest.Answer.DECLINED, actor=actor, now=now)
    return request


def answer_published(
    character_pks: Iterable[int], *, author: User | None, now: datetime
) -> None:
    """Within a transaction: close open requests whose draft is, or will be, live.

    Call it for locked characters, when their production label goes to a version
    that holds what the draft holds, or is scheduled to.
    """
    rows = ReviewRequest.objects.open().filter(character__in=list(character_pks))
    found = rows.select_for_update(of=["self"]).select_related("character", "asked_by")
    for request in found.order_by("pk"):
        _close(request, answer=ReviewRequest.Answer.PUBLISHED, actor=author, now=now)


def open_request(character: Character) -> ReviewRequest | None:
    """The one that waits for an answer, with who asked."""
    rows = ReviewRequest.objects.open().filter(character=character)
    return rows.select_related("asked_by").first()


def _required(note: str, *, problem: str) -> str:
    if not note.strip():
        raise NoNote(problem)
    return note.strip()


def _locked(request_id: int) -> ReviewRequest:
    """Lock the character, then its request, as publishing does."""
    rows = ReviewRequest.objects.select_related("character", "asked_by")
    character_pk = rows.get(pk=request_id).character_id
    Character.objects.select_for_update(no_key=True).get(pk=character_pk)
    return rows.select_for_update(of=["self"]).get(pk=request_id)


def _close(
    request: ReviewRequest, *, answer: str, actor: User | None, now: datetime
) -> None:
    before = {"answer": request.answer}
    # Nothing is taken back of what was answered already; only its note is put away.
    is_dismissed = request.answer == ReviewRequest.Answer.DECLINED
    told = DISMISSED if is_dismissed else answer
    request.answer = answer
    request.closed_by = actor
    request.closed_at = now
    request.save(update_fields=["answer", "answer_note", "closed_by", "closed_at"])
    _tell(
        request,
        action=f"review.{told}",
        actor=actor,
        before=before,
        after={"answer": told},
        note=request.answer_note if answer == ReviewRequest.Answer.DECLINED else "",
        now=now,
    )


def _tell(
    request: ReviewRequest,
    *,
    action: str,
    actor: User | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
    note: str,
    now: datetime,
) -> None:
    """Audit it and announce it; nothing that bots are served changes by it."""
    audit.record(
        actor=actor,
        action=action,
        obj=request.character,
        before=before,
        after=after,
        note=note,
        now=now,
    )
    announcing.character_changed(request.character, what="draft", now=now)
