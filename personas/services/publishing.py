"""Publishing: a draft becomes an immutable version, and a label moves to it.

Everything is compiled before anything is locked; then all labels of one
publication switch in one transaction. Locks are taken frameworks first, then
characters, each by primary key. Source: design, section 3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max

from core import audit
from core.models import User
from personas import checks, going_live
from personas.domain.blending import Blend
from personas.domain.canonical import canonical_json, sheet_hash
from personas.domain.compiling import CompiledPersona, PromptTooLong, compile_persona
from personas.domain.growing import NO_GROWTH, BadStage, Growth
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import (
    Character,
    CharacterVersion,
    CompiledPrompt,
    Framework,
    FrameworkVersion,
    Label,
    LabelMove,
    Publication,
)
from personas.models.labels import PRODUCTION
from personas.services import (
    announcing,
    blending,
    growing,
    reviews,
    searching,
    telling,
)
from personas.services.blending import Ingredients
from personas.tokens import TOKENIZER, count_tokens

SYSTEM: Final = "system"


class NothingToPublish(Exception):
    """No note, or no character, was given."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A persona compiled and ready to be switched, if nothing moves meanwhile.

    ``revision`` is the draft's when the sheet is the draft, else ``None``;
    ``live`` is what the label pointed to; ``still_published`` are the framework
    versions that must still be the published ones when it is switched. ``growth``
    is what it was compiled with, ``approved`` what was approved then: the same,
    unless this is what changes it.
    """

    character_pk: int
    character_id: str
    name: str
    sheet: CharacterSheet
    ingredients: Ingredients
    compiled: CompiledPersona
    revision: int | None
    live: CharacterVersion | None
    still_published: tuple[FrameworkVersion, ...]
    warnings: tuple[str, ...] = ()
    growth: Growth = NO_GROWTH
    approved: Growth = NO_GROWTH

    @property
    def framework_version(self) -> FrameworkVersion:
        """The version of the character's own framework."""
        return self.ingredients.own

    @property
    def is_unchanged(self) -> bool:
        """Whether the label's version already is exactly this."""
        return (
            self.live is not None
            and self.live.content_hash == self.compiled.content_hash
            and self.live.inputs_hash == sheet_hash(self.sheet)
        )


@dataclass(slots=True)
class Outcome:
    """What became of each character, by id; ``publication`` if anything moved."""

    publication: Publication | None = None
    published: dict[str, int] = field(default_factory=dict)  # id → version number
    unchanged: list[str] = field(default_factory=list)
    edited_meanwhile: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # id → why
    warnings: dict[str, list[str]] = field(default_factory=dict)


def author_name(author: User | None) -> str:
    return str(author) if author is not None else SYSTEM


def compile_sheet(
    sheet: CharacterSheet,
    *,
    character_id: str,
    framework: FrameworkSheet,
    blends: Mapping[str, Blend] | None = None,
    growth: Growth = NO_GROWTH,
) -> CompiledPersona:
    """Compile with this installation's tokenizer; without ``blends``, plain only.

    Raises:
        BadStage: a stage does not fit the character.
        PromptTooLong: a prompt exceeds the limit.
    """
    return compile_persona(
        sheet,
        character_id=character_id,
        framework=framework,
        blends=blends or {},
        count_tokens=count_tokens,
        tokenizer=TOKENIZER,
        growth=growth,
    )


def prepare_drafts(
    character_ids: Iterable[str],
    *,
    label: str,
    outcome: Outcome,
    revisions: Mapping[str, int] | None = None,
) -> list[Prepared]:
    """Compile drafts with their published frameworks; refusals go to ``outcome``.

    ``revisions`` (id → revision) says which drafts were looked at; those that are
    at another one by now are left and listed.
    """
    ids = list(dict.fromkeys(character_ids))
    found = {
        c.character_id: c
        for c in Character.objects.filter(character_id__in=ids)
        .for_sheets()
        .select_related("framework__published")
    }
    live = _labelled(found.values(), label=label)
    sheets = {key: character.to_sheet() for key, character in found.items()}
    available = blending.blendable(sheets.values())
    growth = growing.growth_of([character.pk for character in found.values()])
    prepared = []
    for character_id in ids:
        character = found.get(character_id)
        if character is None:
            outcome.refused[character_id] = "There is no such character."
        elif character.is_archived:
            outcome.refused[character_id] = "It is archived. Restore it first."
        elif (
            revisions is not None and revisions.get(character_id) != character.revision
        ):
            outcome.edited_meanwhile.append(character_id)
        elif (framework_version := character.framework.published) is None:
            outcome.refused[character_id] = (
                f"Its framework “{character.framework}” was never published."
                " Publish the framework first."
            )
        else:
            sheet = sheets[character_id]
            ingredients = blending.ingredients_for(
                sheet, own=framework_version, available=available
            )
            item = _prepare(
                character,
                sheet=sheet,
                ingredients=ingredients,
                still_published=(ingredients.own, *ingredients.others.values()),
                live=live.get(character.pk),
                revision=character.revision,
                growth=growth.get(character.pk, NO_GROWTH),
                outcome=outcome,
            )
            if item is not None:
                prepared.append(item)
    return prepared


def _was_looked_at(
    character: Character, *, revisions: Mapping[str, int] | None
) -> bool:
    """Whether the draft is still what somebody decided to publish."""
    return revisions is None or (
        revisions.get(character.character_id) == character.revision
    )


def prepare_with_framework(
    framework_version: FrameworkVersion,
    *,
    characters: Sequence[Character],
    outcome: Outcome,
) -> list[Prepared]:
    """Compile production's own inputs anew, with only that framework replaced.

    Everything else stays as it was published: the sheet, the weights, and the
    versions of the other frameworks it mixes. Growth is as it is approved now.
    """
    live = _labelled(characters, label=PRODUCTION)
    kept = blending.ingredients_of(list(live.values()))
    growth = growing.growth_of([character.pk for character in characters])
    prepared = []
    for character in characters:
        version = live.get(character.pk)
        if version is None:
            continue
        item = _prepare(
            character,
            sheet=version.to_sheet(),
            ingredients=kept[version.pk].replacing(framework_version),
            still_published=(framework_version,),
            live=version,
            revision=None,
            growth=growth.get(character.pk, NO_GROWTH),
            outcome=outcome,
        )
        if item is not None:
            prepared.append(item)
    return prepared


def prepare_grown(
    character: Character, *, growth: Growth, outcome: Outcome
) -> Prepared | None:
    """Compile production's own inputs anew with ``growth``, never the draft.

    ``None`` if nothing is live, or if it was refused, with the reason in
    ``outcome``.
    """
    version = _labelled([character], label=PRODUCTION).get(character.pk)
    if version is None:
        return None
    item = _prepare(
        character,
        sheet=version.to_sheet(),
        ingredients=blending.ingredients_of([version])[version.pk],
        still_published=(),
        live=version,
        revision=None,
        growth=growth,
        outcome=outcome,
    )
    return item and replace(item, approved=growing.growth_of_one(character.pk))


def _labelled(
    characters: Iterable[Character], *, label: str
) -> dict[int, CharacterVersion]:
    """Character pk → the version its label points to."""
    rows = Label.objects.filter(
        character__in=[c.pk for c in characters], name=label
    ).select_related("version__framework_version")
    return {row.character_id: row.version for row in rows}


def _prepare(
    character: Character,
    *,
    sheet: CharacterSheet,
    ingredients: Ingredients,
    still_published: tuple[FrameworkVersion, ...],
    live: CharacterVersion | None,
    revision: int | None,
    growth: Growth,
    outcome: Outcome,
) -> Prepared | None:
    """Compile and check one; ``None`` if it must not go live, with the reason kept."""
    framework = ingredients.own.to_sheet()
    character_id = character.character_id
    try:
        compiled = compile_sheet(
            sheet,
            character_id=character_id,
            framework=framework,
            blends=ingredients.blends(own=sheet.framework_id),
            growth=growth,
        )
    except (PromptTooLong, BadStage) as error:
        outcome.refused[character_id] = str(error)
        return None
    found = checks.findings(
        checks.Candidate(
            character_id=character_id,
            character=sheet,
            framework=framework,
            compiled=compiled,
        )
    )
    blocks = [f.message for f in found if f.level == checks.Level.BLOCK]
    if blocks:
        outcome.refused[character_id] = " ".join(blocks)
        return None
    warnings = [f.message for f in found if f.level == checks.Level.WARN]
    if warnings:
        outcome.warnings[character_id] = warnings
    return Prepared(
        character_pk=character.pk,
        character_id=character_id,
        name=character.display_name,
        sheet=sheet,
        ingredients=ingredients,
        compiled=compiled,
        revision=revision,
        live=live,
        still_published=still_published,
        warnings=tuple(warnings),
        growth=growth,
        approved=growth,
    )


def with_version(item: Prepared, *, version: FrameworkVersion) -> Prepared:
    """The same, made with a framework version that has now been saved."""
    return replace(
        item,
        ingredients=item.ingredients.replacing(version),
        still_published=(version,),
    )


def publish(
    *,
    character_ids: Iterable[str],
    note: str,
    author: User | None,
    now: datetime,
    label: str = PRODUCTION,
    revisions: Mapping[str, int] | None = None,
) -> Outcome:
    """Freeze drafts as versions and move ``label`` to them, all together.

    ``revisions`` is as for ``prepare_drafts``.

    Raises:
        NothingToPublish: the note is blank.
    """
    note = required(note)
    outcome = Outcome()
    prepared = prepare_drafts(
        character_ids, label=label, outcome=outcome, revisions=revisions
    )
    with transaction.atomic():
        switch(
            prepared,
            label=label,
            kind=Publication.Kind.PUBLISH,
            note=note,
            author=author,
            now=now,
            outcome=outcome,
        )
    return outcome


def required(note: str) -> str:
    """The note without blanks around it.

    Raises:
        NothingToPublish: nothing is left.
    """
    if not note.strip():
        raise NothingToPublish("Write a note: what changes, and why?")
    return note.strip()


def switch(
    prepared: Sequence[Prepared],
    *,
    label: str,
    kind: Publication.Kind,
    note: str,
    author: User | None,
    now: datetime,
    outcome: Outcome,
    framework: tuple[FrameworkVersion, FrameworkVersion | None] | None = None,
) -> None:
    """Within a transaction: make the versions and move the labels.

    ``framework`` is the framework version that goes live with it, and the one
    before. What moved since it was prepared is left alone and listed.
    """
    still = unmoved(prepared, label=label)
    rows = lock([item.character_pk for item in prepared])
    outcome.edited_meanwhile += [i.character_id for i in prepared if i not in still]
    outcome.unchanged += [i.character_id for i in still if i.is_unchanged]
    moving = [item for item in still if not item.is_unchanged]
    if not moving and framework is None:
        return
    outcome.publication = publication = Publication.objects.create(
        kind=kind,
        note=note,
        author=author,
        author_name=author_name(author),
        created_at=now,
        framework_version=framework[0] if framework else None,
        framework_before=framework[1] if framework else None,
    )
    versions = freeze(moving, note=note, author=author, now=now)
    move_labels(
        {pk: (rows[pk], version) for pk, version in versions.items()},
        label=label,
        publication=publication,
        author=author,
        now=now,
    )
    for item in moving:
        outcome.published[item.character_id] = versions[item.character_pk].number


def unmoved(prepared: Sequence[Prepared], *, label: str) -> list[Prepared]:
    """Those that still are what was compiled; locks frameworks, then characters."""
    current = _published_frameworks(prepared)
    rows = lock([item.character_pk for item in prepared])
    live = _labelled(rows.values(), label=label)
    approved = growing.growth_of(rows)
    return [
        item
        for item in prepared
        if current.issuperset(v.pk for v in item.still_published)
        # Words about traits may have moved on; they enter the next version.
        and approved.get(item.character_pk, NO_GROWTH).stages == item.approved.stages
        and not _moved_meanwhile(
            item, row=rows[item.character_pk], live=live.get(item.character_pk)
        )
    ]


def _published_frameworks(prepared: Sequence[Prepared]) -> set[int | None]:
    """Lock the frameworks concerned; the versions that are published now."""
    pks = {v.framework_id for item in prepared for v in item.still_published}
    rows = (
        Framework.objects.select_for_update(no_key=True)
        .filter(pk__in=pks)
        .order_by("pk")
    )
    return {row.published_id for row in rows}


def lock(character_pks: Iterable[int]) -> dict[int, Character]:
    """Lock characters in the order of their keys; pk → row."""
    rows = Character.objects.select_for_update(no_key=True).filter(
        pk__in=list(character_pks)
    )
    return {row.pk: row for row in rows.order_by("pk")}


def _moved_meanwhile(
    item: Prepared, *, row: Character, live: CharacterVersion | None
) -> bool:
    """Whether the draft or the label is no longer what was compiled."""
    if row.is_archived or (live and live.pk) != (item.live and item.live.pk):
        return True
    return item.revision is not None and row.revision != item.revision


def freeze(
    items: Sequence[Prepared], *, note: str, author: User | None, now: datetime
) -> dict[int, CharacterVersion]:
    """Make the next version of each locked character; pk → version."""
    pks = [item.character_pk for item in items]
    newest = dict(
        CharacterVersion.objects.filter(character__in=pks)
        .values_list("character")
        .annotate(newest=Max("number"))
    )
    versions = CharacterVersion.objects.bulk_create(
        CharacterVersion(
            character_id=item.character_pk,
            number=newest.get(item.character_pk, 0) + 1,
            framework_version=item.framework_version,
            inputs=item.sheet.model_dump(mode="json"),
            inputs_hash=sheet_hash(item.sheet),
            content_hash=item.compiled.content_hash,
            tokens=dict(item.compiled.tokens),
            note=note,
            author=author,
            author_name=author_name(author),
            created_at=now,
        )
        for item in items
    )
    blending.keep(
        {
            version.pk: item.ingredients
            for item, version in zip(items, versions, strict=True)
        }
    )
    growing.keep(
        {version.pk: item.growth for item, version in zip(items, versions, strict=True)}
    )
    CompiledPrompt.objects.bulk_create(
        CompiledPrompt(version=version, context=context, body=canonical_json(body))
        for item, version in zip(items, versions, strict=True)
        for context, body in item.compiled.prompts.items()
    )
    return {version.character_id: version for version in versions}


def move_labels(
    targets: Mapping[int, tuple[Character, CharacterVersion | None]],
    *,
    label: str,
    publication: Publication,
    author: User | None,
    now: datetime,
) -> None:
    """Move one label of locked characters; ``None`` takes it away. Audited, announced.

    ``targets`` maps a character's pk to its row and the version to move to.
    """
    before = _labelled([row for row, _ in targets.values()], label=label)
    for pk, (character, version) in sorted(targets.items()):
        old = before.get(pk)
        LabelMove.objects.create(
            publication=publication,
            character=character,
            label=label,
            from_version=old,
            to_version=version,
        )
        if version is None:
            Label.objects.filter(character=character, name=label).delete()
        else:
            Label.objects.update_or_create(
                character=character,
                name=label,
                defaults={"version": version, "moved_at": now},
            )
        audit.record(
            actor=author,
            action=f"character.{publication.kind}",
            obj=character,
            before={"label": label, "version": old.number if old else None},
            after={"label": label, "version": version.number if version else None},
            note=publication.note,
            now=now,
        )
        announcing.character_changed(character, what="served", now=now)
    telling.labels_moved(
        targets.values(), label=label, publication=publication, now=now
    )
    if label == PRODUCTION:
        went_live = [
            pk
            for pk, (character, version) in targets.items()
            if version is not None and version.inputs_hash == character.draft_hash
        ]
        reviews.answer_published(went_live, author=author, now=now)
        searching.keep_prompts(
            {pk: v.pk if v else None for pk, (_, v) in targets.items()}
        )
        live = {pk: v for pk, (_, v) in targets.items() if v is not None}
        going_live.follow_up(live, now=now)
