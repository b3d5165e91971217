"""What an import tells before and after: previews and reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models.functions import Coalesce

from personas.domain import spreadsheets
from personas.domain.compiling import PromptTooLong
from personas.domain.dialects import UnreadableFile
from personas.models import Framework, ImportBatch, ImportItem
from personas.services import publishing, sandbox
from personas.services.import_parsing import CHARACTER, Incoming
from personas.services.import_planning import planned
from personas.services.import_reading import incoming_of, read_whole
from personas.tokens import TOKENIZER

_HEADER: Final = (
    "file", "state", "kind", "id", "title", "action", "problem",
    "field", "what", "detail",
)  # fmt: skip
_AT_ONCE: Final = 200
_DONE_ID: Final = Coalesce(
    "character__character_id", "framework__framework_id", "lorebook__book_id"
)
"""What was made of an item, without loading drafts."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The prompt that a new draft would give; ``problem`` says why there is none.

    ``tokens`` counts ``system_prompt`` with ``tokenizer``.
    """

    system_prompt: str
    tokens: int
    framework_id: str
    problem: str = ""
    tokenizer: str = TOKENIZER

    def to_json(self) -> dict[str, Any]:
        return {
            "system_prompt": self.system_prompt,
            "tokens": {"count": self.tokens, "tokenizer": self.tokenizer},
            "framework_id": self.framework_id,
            "problem": self.problem,
        }


def read_with_preview(
    item: ImportItem, *, now: datetime
) -> tuple[ImportItem, Preview | None]:
    """Read a waiting item, and the prompt that it would give, in one go.

    As ``read_item`` and ``preview_of``, without reading the file twice.

    Raises:
        sandbox.Busy: try again later; the item goes on waiting.
    """
    read, incoming = read_whole(item, now=now)
    if incoming is None:
        return read, preview_of(read)
    if incoming.kind != CHARACTER:
        return read, None
    try:
        return read, _preview(incoming)
    except UnreadableFile as error:
        return read, Preview("", 0, "", problem=str(error))


def preview_of(item: ImportItem) -> Preview | None:
    """The prompt, compiled with the published framework; nothing is written.

    ``None`` for frameworks and lorebooks, and for what was not or cannot be read.
    """
    is_character = item.found.get("kind") == CHARACTER
    if item.state in {ImportItem.State.WAITING, ImportItem.State.REFUSED}:
        return None
    if not is_character:
        return None
    try:
        return _preview(incoming_of(item))
    except (UnreadableFile, sandbox.Busy) as error:
        return Preview("", 0, "", problem=str(error))


def _preview(incoming: Incoming) -> Preview:
    sheet = planned(incoming, current=None).sheet
    rows = Framework.objects.select_related("published")
    framework = rows.get(framework_id=sheet.framework_id)
    if framework.published is None:
        problem = f"Its framework “{framework}” was never published."
        return Preview("", 0, sheet.framework_id, problem=problem)
    try:
        compiled = publishing.compile_sheet(
            sheet,
            character_id=incoming.object_id,
            framework=framework.published.to_sheet(),
        )
    except PromptTooLong as error:
        return Preview("", 0, sheet.framework_id, problem=str(error))
    prompt = compiled.prompts[""]
    count = prompt["tokens"]["count"]
    return Preview(prompt["system_prompt"], count, sheet.framework_id)


# -- Reports -----------------------------------------------------------------------


def report_of(batch: ImportBatch) -> list[dict[str, Any]]:
    """One object for each file, in order; all values are of JSON.

    ``{file, import_id, state, kind, object_id, title, action, problem, remarks,
    scripts, duplicates, fresh, outcome}``; ``outcome`` is ``None`` until it is
    imported.
    """
    return list(_rows(batch))


def _rows(batch: ImportBatch) -> Iterator[dict[str, Any]]:
    rows = batch.items.annotate(done_id=_DONE_ID)
    for item in rows.order_by("pk").iterator(_AT_ONCE):
        done_id: str | None = item.done_id  # type: ignore[attr-defined]
        yield {
            "file": item.name,
            "import_id": str(item.import_id),
            "state": item.state,
            "kind": item.found.get("kind", ""),
            "object_id": done_id or item.found.get("object_id", ""),
            "title": item.found.get("title", ""),
            "action": item.action,
            "problem": item.problem,
            "remarks": item.found.get("remarks", []),
            "scripts": item.found.get("scripts", []),
            "duplicates": item.found.get("duplicates", []),
            "fresh": item.found.get("fresh", ""),
            "outcome": item.found.get("outcome"),
        }


def report_csv(batch: ImportBatch) -> bytes:
    """The same for spreadsheets: a line for each remark, at least one for a file.

    No cell is run as a formula, whatever a file is called (see ``spreadsheets``).
    """
    return spreadsheets.written(_HEADER, rows=_lines(batch))


def _lines(batch: ImportBatch) -> Iterator[tuple[str, ...]]:
    for row in _rows(batch):
        state = ImportItem.State(row["state"]).label
        action = ImportItem.Action(row["action"]).label if row["action"] else ""
        first = (row["file"], state, row["kind"], row["object_id"], row["title"])
        start = (*first, action, row["problem"])
        # What was remarked while storing repeats what was remarked while reading.
        outcome = row["outcome"]
        remarks = outcome["remarks"] if outcome else row["remarks"]
        for remark in remarks or [{"field": "", "action": "", "detail": ""}]:
            yield (*start, remark["field"], remark["action"], remark["detail"])
