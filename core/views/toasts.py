"""Messages that offer to take back what they tell."""

from django.contrib import messages
from django.http import HttpRequest


def tell_undoable(request: HttpRequest, text: str, *, undo_url: str) -> None:
    """Say ``text`` with a button that posts to ``undo_url``, an address of ours.

    All that the undoing needs stands in the address: the button sends nothing else.
    """
    messages.success(request, text, extra_tags=undo_url)
