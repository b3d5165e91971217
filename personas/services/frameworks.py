"""Publishing a framework, and knowing first whom it changes.

A publish is planned (``plan``), its characters are prepared, in parts if wished
(``prepare``), and all goes live within one transaction (``go_live``). Commands
and imports do so at once, ``framework_runs`` in the background.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import Max

from core import audit
from core.models import User
from personas.domain.canonical import canonical_json, sheet_hash
from personas.domain.diffing import Piece, text_pieces
from personas.domain.sheets import FrameworkSheet
from personas.models import (
    Character,
    CompiledPrompt,
    Framework,
    FrameworkVersion,
    Publication,
)
from personas.models.labels import PRODUCTION
from personas.services import announcing, drafts, publishing
from personas.services.publishing import Outcome, Prepared, author_name

# -- Whom it changes -----------------------------------------------------------------


@dataclass(frozen=True)
class Touched:
    """One character and kind of conversation whose prompt a framework changes.

    ``context`` is empty for the plain prompt; ``before`` and ``after`` are whole
    prompts, the same if only tools or settings change; tokens count them.
    """

    character_id: str
    context: str
    before: str
    after: str
    tokens_before: int
    tokens_after: int

    @property
    def token_change(self) -> int:
        return self.tokens_after - self.tokens_before

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The difference by words; takes long for long texts."""
        return tuple(text_pieces(self.before, after=self.after))


@dataclass(frozen=True, slots=True)
class Reach:
    """What publishing a framework's draft would do to some of its users."""

    revision: int
    touched: tuple[Touched, ...]
    untouched: tuple[str, ...]  # ids of users whose prompts stay the same
    refused: dict[str, str]  # id → why it could not be compiled
    blending: frozenset[str]  # ids of users whose own framework is another


def users(framework: Framework) -> list[Character]:
    """Characters whose production version is made with it, also if only blended.

    Of each only the names are loaded, which is all that preparing reads.
    """
    rows = Character.objects.active().live_with(framework)
    return list(rows.only("character_id", "display_name"))


def reach(*, framework_id: str, character_ids: Collection[str] | None = None) -> Reach:
    """How the live prompts of characters that use the framework would change.

    ``character_ids`` says of whom (``None``: all); compiling takes a while.

    Raises:
        Framework.DoesNotExist: no such framework.
    """
    framework = Framework.objects.get(framework_id=framework_id)
    outcome = Outcome()
    prepared = publishing.prepare_with_framework(
        _draft_version(framework),
        characters=_chosen(users(framework), ids=character_ids),
        outcome=outcome,
    )
    bodies = _bodies(prepared)
    touched: list[Touched] = []
    for item in prepared:
        assert item.live is not None  # noqa: S101  # it leaves others out
        touched += _touched(item, before=bodies.get(item.live.pk, {}))
    changed = {t.character_id for t in touched}
    return Reach(
        revision=framework.revision,
        touched=tuple(touched),
        untouched=tuple(
            item.character_id for item in prepared if item.character_id not in changed
        ),
        refused=outcome.refused,
        blending=frozenset(
            item.character_id
            for item in prepared
            if item.framework_version.framework_id != framework.pk
        ),
    )


def _chosen(
    characters: Sequence[Character], *, ids: Collection[str] | None
) -> list[Character]:
    return [c for c in characters if ids is None or c.character_id in ids]


def _bodies(prepared: Sequence[Prepared]) -> dict[int, dict[str, str]]:
    """Version pk → context → what is served now, in one query."""
    rows = CompiledPrompt.objects.filter(
        version__in=[item.live.pk for item in prepared if item.live is not None]
    )
    found: dict[int, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row.version_id, {})[row.context] = row.body
    return found


def _touched(item: Prepared, *, before: dict[str, str]) -> Iterator[Touched]:
    after = item.compiled.prompts
    for context in dict.fromkeys([*after, *before]):
        old, new = before.get(context), after.get(context)
        if old is not None and new is not None and old == canonical_json(new):
            continue
        was = json.loads(old) if old is not None else None
        yield Touched(
            character_id=item.character_id,
            context=context,
            before=was["system_prompt"] if was else "",
            after=new["system_prompt"] if new else "",
            tokens_before=was["tokens"]["count"] if was else 0,
            tokens_after=new["tokens"]["count"] if new else 0,
        )


# -- Publishing ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """A publish as it was decided on: the draft then, and who takes part.

    ``version`` is the published one if the draft is no different from it: then
    characters are only brought up to it.
    """

    framework: Framework
    sheet: FrameworkSheet
    version: FrameworkVersion | None
    characters: tuple[Character, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish."""
        return self.version is not None and not self.characters


def plan(
    *,
    framework_id: str,
    revision: int | None = None,
    character_ids: Collection[str] | None = None,
) -> Plan:
    """What publishing the framework now would be about.

    ``revision`` is that of the draft which was looked at, if one was;
    ``character_ids`` chooses who takes part (``None``: all that use it).

    Raises:
        Framework.DoesNotExist: no such framework.
        drafts.StaleRevision: the draft is not at ``revision``.
        drafts.Archived: the framework is archived.
    """
    framework = Framework.objects.select_related("published").get(
        framework_id=framework_id
    )
    _check_archived(framework)
    if revision is not None and framework.revision != revision:
        raise drafts.StaleRevision(framework)
    return Plan(
        framework=framework,
        sheet=framework.to_sheet(),
        version=None if framework.has_unpublished_changes else framework.published,
        characters=tuple(_chosen(users(framework), ids=character_ids)),
    )


def _check_archived(framework: Framework) -> None:
    if framework.is_archived:
        raise drafts.Archived(f"“{framework}” is archived. Restore it first.")


def prepare(
    planned: Plan, *, characters: Sequence[Character], outcome: Outcome
) -> list[Prepared]:
    """Compile some of the plan's characters; refusals go to ``outcome``.

    Each keeps the inputs of its production version; only the framework is
    replaced, so no character's draft goes live.
    """
    return publishing.prepare_with_framework(
        planned.version or _draft_version(planned.framework),
        characters=characters,
        outcome=outcome,
    )


def go_live(
    planned: Plan,
    *,
    prepared: Iterable[Prepared],
    note: str,
    author: User | None,
    now: datetime,
    outcome: Outcome,
) -> None:
    """Within a transaction: publish the framework and switch the characters.

    Raises:
        drafts.StaleRevision: the draft was saved or published since it was planned.
        drafts.Archived: it was archived since.
    """
    before = planned.framework
    locked = Framework.objects.select_for_update(no_key=True).get(pk=before.pk)
    _check_archived(locked)
    if (locked.revision, locked.published_id) != (before.revision, before.published_id):
        raise drafts.StaleRevision(locked)
    version, going_live = planned.version, None
    if version is None:
        version = _freeze(
            locked, sheet=planned.sheet, note=note, author=author, now=now
        )
        going_live = (version, _make_published(locked, version=version))
    publishing.switch(
        [publishing.with_version(item, version=version) for item in prepared],
        label=PRODUCTION,
        kind=Publication.Kind.FRAMEWORK,
        note=note,
        author=author,
        now=now,
        outcome=outcome,
        framework=going_live,
    )
    if going_live is not None:
        _record(locked, going_live=going_live, note=note, author=author, now=now)


def publish_framework(
    *,
    framework_id: str,
    note: str,
    author: User | None,
    now: datetime,
    revision: int | None = None,
    character_ids: Collection[str] | None = None,
) -> Outcome:
    """Freeze the framework's draft and republish characters with it, together.

    ``revision`` and ``character_ids`` are as for ``plan``. An unchanged framework
    makes no version; characters that still have an older one of it can be brought
    up to it.

    Raises:
        publishing.NothingToPublish: the note is blank.
        Framework.DoesNotExist, drafts.StaleRevision, drafts.Archived: as ``plan``
            and ``go_live`` do.
    """
    note = publishing.required(note)
    planned = plan(
        framework_id=framework_id, revision=revision, character_ids=character_ids
    )
    outcome = Outcome()
    prepared = prepare(planned, characters=planned.characters, outcome=outcome)
    with transaction.atomic():
        go_live(
            planned,
            prepared=prepared,
            note=note,
            author=author,
            now=now,
            outcome=outcome,
        )
    return outcome


def _draft_version(framework: Framework) -> FrameworkVersion:
    """The draft as a version that is not saved, to compile with."""
    inputs = framework.to_sheet().model_dump(mode="json")
    return FrameworkVersion(framework=framework, number=0, inputs=inputs)


def _make_published(
    framework: Framework, *, version: FrameworkVersion
) -> FrameworkVersion | None:
    """Make ``version`` the published one; what was published before."""
    before = framework.published
    framework.published = version
    framework.save(update_fields=["published"])
    return before


def _record(
    framework: Framework,
    *,
    going_live: tuple[FrameworkVersion, FrameworkVersion | None],
    note: str,
    author: User | None,
    now: datetime,
) -> None:
    version, before = going_live
    audit.record(
        actor=author,
        action="framework.published",
        obj=framework,
        before={"version": before.number if before else None},
        after={"version": version.number},
        note=note,
        now=now,
    )
    announcing.framework_changed(framework, what="published", now=now)


def _freeze(
    framework: Framework,
    *,
    sheet: FrameworkSheet,
    note: str,
    author: User | None,
    now: datetime,
) -> FrameworkVersion:
    newest = framework.versions.aggregate(newest=Max("number"))["newest"] or 0
    return FrameworkVersion.objects.create(
        framework=framework,
        number=newest + 1,
        inputs=sheet.model_dump(mode="json"),
        inputs_hash=sheet_hash(sheet),
        note=note,
        author=author,
        author_name=author_name(author),
        created_at=now,
    )


def restore_into_draft(
    *,
    framework_id: str,
    number: int,
    revision: int,
    actor: User | None,
    now: datetime,
) -> Framework:
    """Copy an older version's inputs into the draft; nothing goes live.

    Raises:
        FrameworkVersion.DoesNotExist: no such version.
        drafts.StaleRevision: as when saving.
    """
    version = FrameworkVersion.objects.get(
        framework__framework_id=framework_id, number=number
    )
    return drafts.save_framework(
        framework_id=framework_id,
        sheet=version.to_sheet(),
        revision=revision,
        actor=actor,
        now=now,
    )
