"""What all parts of the editor know of a draft: its addresses, who may change it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from core.people import may
from core.roles import Action
from personas.models import Character, Framework

Draft = Character | Framework


@dataclass(frozen=True, slots=True)
class Pane:
    """What stands beside the form under a tab.

    ``url`` gives its fragment, by POST of the whole form if ``posts_form``; a
    pane without one is filled by the preview, or belongs to another app, whose
    address the template knows.
    """

    name: str
    title: str
    url: str = ""
    posts_form: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses that belong to one draft's editor."""

    kind: str  # "character" or "framework": also how addresses are called.
    key: str

    @classmethod
    def of(cls, draft: Draft, /) -> "Places":
        if isinstance(draft, Character):
            return cls("character", draft.character_id)
        return cls("framework", draft.framework_id)

    def _url(self, name: str) -> str:
        return reverse(f"personas:{self.kind}-{name}", args=[self.key])

    @property
    def page(self) -> str:
        return self._url("detail")

    @property
    def editor(self) -> str:
        return self._url("edit")

    @property
    def preview(self) -> str:
        return self._url("edit-preview")

    @property
    def save(self) -> str:
        return self._url("edit-save")

    @property
    def merge(self) -> str:
        return self._url("edit-merge")

    @property
    def live_key(self) -> str:
        """How the live stream calls the draft."""
        return self.key if self.kind == "character" else f"framework:{self.key}"

    @property
    def publish(self) -> str:
        if self.kind == "character":
            return reverse("personas:publish", query={"ids": self.key})
        return self._url("publish")

    def panes(self) -> Iterator[Pane]:
        yield Pane("preview", "Preview")
        yield Pane("budget", "Budget")
        yield Pane("diff", "Diff", self._url("edit-diff"), posts_form=True)
        if self.kind == "character":
            yield Pane("growth", "Growth", posts_form=True)
            yield Pane("test", "Test", self._url("edit-test"))
        yield Pane("history", "History", self._url("edit-history"))


def why_read_only(request: HttpRequest, *, draft: Draft) -> str:
    """Why the person cannot change the draft; empty if they can."""
    if not may(request.user, action=Action.EDIT_DRAFTS):
        return "You can read this. Curators edit; ask an admin for that role."
    if draft.is_archived:
        return "It is archived. Restore it before editing."
    return ""
