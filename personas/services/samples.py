"""Sample conversations: tries that somebody keeps.

Each of their messages also holds who said it, as ``conversing.Who`` names it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from core import audit
from core.models import User
from personas.models import Character, SampleConversation
from personas.services.conversing import Side
from personas.services.trying import Reply, Try


class StillWaiting(Exception):
    """The model has not answered yet."""


@transaction.atomic
def keep(
    begun: Try, /, *, title: str, actor: User, now: datetime
) -> SampleConversation:
    """Copy a try, which is forgotten soon, into a sample of its character.

    Raises:
        StillWaiting: a reply is still to come.
    """
    if begun.is_waiting(now=now):
        raise StillWaiting("Wait for the replies, or stop the try, then keep it.")
    character = Character.objects.get(character_id=begun.character_id)
    sides = {
        name: _kept(side, reply=begun.replies.get(name), model=begun.model)
        for name, side in begun.sides.items()
    }
    sample = SampleConversation.objects.create(
        character=character,
        title=title,
        user_name=begun.asked.user_name,
        context=begun.asked.context,
        messages=[
            {
                "who": said.who.value,
                "name": begun.asked.named(said, character=character.display_name),
                "text": said.text,
            }
            for said in begun.asked.messages
        ],
        draft=sides["draft"],
        live=sides.get("live", {}),
        author=actor,
        created_at=now,
    )
    _record(sample, action="sample.kept", before=None, actor=actor, now=now)
    return sample


def _kept(side: Side, *, reply: Reply | None, model: str) -> dict[str, Any]:
    """A side as ``SampleConversation`` describes it, and why there is no reply."""
    reply = reply or Reply()
    return {
        "version": side.version,
        "revision": side.revision,
        "prompt": side.text,
        "reply": reply.text,
        "model": model,
        "seconds": round(reply.seconds, 1),
        "problem": side.problem or reply.problem,
    }


@transaction.atomic
def rename(
    sample_id: int, /, *, title: str, actor: User, now: datetime
) -> SampleConversation:
    """Give a sample another title; the same changes nothing."""
    sample = _locked(sample_id)
    if sample.title != title:
        before = _facts(sample)
        sample.title = title
        sample.save(update_fields=["title"])
        _record(sample, action="sample.renamed", before=before, actor=actor, now=now)
    return sample


@transaction.atomic
def archive(
    sample_id: int, /, *, is_archived: bool, actor: User, now: datetime
) -> SampleConversation:
    """Put a sample away, or bring it back."""
    sample = _locked(sample_id)
    if (sample.archived_at is not None) != is_archived:
        before = _facts(sample)
        sample.archived_at = now if is_archived else None
        sample.save(update_fields=["archived_at"])
        action = "sample.archived" if is_archived else "sample.restored"
        _record(sample, action=action, before=before, actor=actor, now=now)
    return sample


def _locked(sample_id: int) -> SampleConversation:
    rows = SampleConversation.objects.select_for_update(of=("self",))
    return rows.select_related("character").get(pk=sample_id)


def _facts(sample: SampleConversation) -> dict[str, Any]:
    """What the log tells: prompts and replies stay in the sample."""
    return {
        "character_id": sample.character.character_id,
        "title": sample.title,
        "is_archived": sample.archived_at is not None,
    }


def _record(
    sample: SampleConversation,
    *,
    action: str,
    before: dict[str, Any] | None,
    actor: User,
    now: datetime,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=sample,
        before=before,
        after=_facts(sample),
        now=now,
    )
