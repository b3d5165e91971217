"""The table of roles as a page of the documentation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.roles import BOT_SCOPES, DESCRIPTIONS, TABLE, Role, Scope
from core.scope_texts import TEXTS

PATH = settings.BASE_DIR / "docs" / "roles.md"

_INTRODUCTION = """\
# Roles

Written by `manage.py write_roles` from `core/roles.py`; edit that instead.

Everything is denied unless it stands here. A person holds one role.
"""


def page() -> str:
    """The whole page, as Markdown."""
    head = ["", *(role.label for role in Role)]
    rows = [
        [text, *("yes" if action in TABLE[role] else "–" for role in Role)]
        for action, text in DESCRIPTIONS.items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    scopes = "\n".join(
        f"- `{scope}`: {TEXTS[scope]}{', by default' * (scope in BOT_SCOPES)}"
        for scope in Scope
    )
    return f"{_INTRODUCTION}\n{table}\n\n## Scopes of bot keys\n\n{scopes}\n"


class Command(BaseCommand):
    help = "Write docs/roles.md from the table of roles."

    def handle(self, *args: Any, **options: Any) -> None:
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(page(), encoding="utf-8")
        self.stdout.write(f"Wrote {PATH.relative_to(settings.BASE_DIR)}.")
