"""What the list of characters shows of a search: where the words were found."""

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from personas.models import Character
from personas.services import searching


class FoundList(ChangeList):
    """Django's list; its rows know where the words that were searched stand."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: Any = self.result_list
        rows = list(rows)
        found = searching.excerpts_of([row.pk for row in rows], query=self.query)
        for row in rows:
            row.excerpts = found.get(row.pk, [])
        self.result_list = rows


def excerpts_beside(character: Character, /) -> SafeString | str:
    """The excerpts of a row of ``FoundList``; nothing on any other."""
    excerpts = getattr(character, "excerpts", [])
    if not excerpts:
        return ""
    return render_to_string("personas/_excerpts.html", {"excerpts": excerpts})
