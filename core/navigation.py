"""The entries of the site's one navigation; each app adds its own at start-up."""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import reverse

from core.people import may
from core.roles import Action

ADMINISTRATION: Final = "Administration"
"""The section of pages about people, keys and records."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One link; ``section`` folds it into the menu of that name.

    ``key`` is the letter that leads there after ``g``; empty for none.
    """

    title: str
    url_name: str
    action: Action
    section: str
    order: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one person sees it on one page."""

    title: str
    url: str
    current: bool
    section: str
    key: str = ""


_entries: dict[str, Entry] = {}
_under: dict[str, str] = {}


def register(
    title: str,
    *,
    url_name: str,
    action: Action,
    section: str = "",
    order: int,
    key: str = "",
) -> None:
    """Show ``title`` to whoever may do ``action``; again for a name replaces it.

    ``key`` is a small letter that no other entry has.

    Entries stand in the order of their numbers. Those of one section should
    have numbers without others between, so that they fold into one menu.
    """
    _entries[url_name] = Entry(title, url_name, action, section, order, key)


def place(url_name: str, *, under: str) -> None:
    """Count a page whose address stands elsewhere as one below the entry ``under``."""
    _under[url_name] = under


def links(request: HttpRequest) -> list[Link]:
    """What the person of the request may open, in order.

    An entry is current on its own address and on those below it, and on pages
    placed under it; of several that match, the longest.
    """
    entries = sorted(_entries.values(), key=lambda entry: entry.order)
    seen = [
        (entry, reverse(entry.url_name))
        for entry in entries
        if may(request.user, action=entry.action)
    ]
    path = _place_of(request.path)
    matching = [url for _, url in seen if _is_on(path, url=url)]
    current = max(matching, key=len, default=None)
    return [Link(e.title, url, url == current, e.section, e.key) for e, url in seen]


def _place_of(path: str) -> str:
    """The address of the entry that the page is placed under; else its own."""
    for url_name, under in _under.items():
        if _is_on(path, url=reverse(url_name)):
            return reverse(under)
    return path


def _is_on(path: str, *, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


for _order, (_title, _url_name, _action, _key) in enumerate(
    (
        ("Settings", "core:setting-list", Action.SEE, "s"),
        ("People", "core:person-list", Action.MANAGE_PEOPLE, "u"),
        ("Bot keys", "core:key-list", Action.MANAGE_KEYS, "k"),
        ("Webhooks", "core:webhook-list", Action.MANAGE_WEBHOOKS, ""),
        ("Audit", "core:audit-list", Action.READ_AUDIT, "a"),
        ("All records", "admin:index", Action.SEE, "r"),
    ),
    start=900,
):
    register(
        _title,
        url_name=_url_name,
        action=_action,
        section=ADMINISTRATION,
        order=_order,
        key=_key,
    )
