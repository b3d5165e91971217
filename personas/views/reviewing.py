"""How a draft stands with the managers, for the pages that show it."""

from dataclasses import dataclass

from core.models import User
from core.people import may
from core.roles import Action
from personas.models import Character, ReviewRequest


@dataclass(frozen=True, slots=True)
class Review:
    """How a character's draft stands with the managers, for one person.

    ``request`` waits for an answer, or was sent back and not settled since.
    """

    request: ReviewRequest | None
    is_edited_since: bool = False
    has_changes: bool = False
    may_ask: bool = False
    may_answer: bool = False
    may_withdraw: bool = False

    @property
    def is_open(self) -> bool:
        return self.request is not None and self.request.closed_at is None

    @property
    def is_shown(self) -> bool:
        return self.request is not None or self.may_ask

    @property
    def is_worth_asking(self) -> bool:
        """Whether there is anything to ask about; an editor may come to it yet."""
        return self.may_ask and self.has_changes


def review_of(character: Character, *, viewer: User) -> Review:
    """What the head of the editor and the character's page show of reviews."""
    request = unsettled(character)
    may_edit = may(viewer, action=Action.EDIT_DRAFTS)
    may_publish = may(viewer, action=Action.PUBLISH)
    is_open = request is not None and request.closed_at is None
    is_own = request is not None and request.asked_by_id == viewer.pk
    return Review(
        request=request,
        is_edited_since=request is not None and request.revision < character.revision,
        has_changes=character.has_unpublished_changes,
        may_ask=may_edit
        and not may_publish
        and not is_open
        and not character.is_archived,
        may_answer=may_publish and is_open,
        may_withdraw=is_own and may_edit,
    )


def unsettled(character: Character) -> ReviewRequest | None:
    """The newest request if it is open, or was sent back while the draft differs."""
    rows = character.reviews.select_related("asked_by", "closed_by")
    newest = rows.order_by("-pk").first()
    if newest is None or newest.closed_at is None:
        return newest
    is_sent_back = newest.answer == ReviewRequest.Answer.DECLINED
    return newest if is_sent_back and character.has_unpublished_changes else None
