"""What publishing drafts would change, character by character."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max

from personas import checks
from personas.models import (
    Character,
    CharacterVersion,
    CompiledPrompt,
    Label,
    ReviewRequest,
    ScheduledMove,
)
from personas.models.labels import PRODUCTION, STAGING
from personas.services import publishing
from personas.services.publishing import Outcome, Prepared
from personas.views.comparing import FieldDifference, Run, differences, text_runs
from personas.views.reading import for_cards
from personas.views.shown import Face, LabelName, face_of
from personas.views.side_options import context_titles

DIFFED_CHARACTERS: Final = 200_000
"""So much text is compared at once, both sides together; more on demand."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A served text and its tokens."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ContextChange:
    """How the prompt for one kind of conversation changes.

    ``runs`` is empty if it is compared only when somebody asks for it.
    """

    context: str
    title: str
    tokens_before: int
    tokens_after: int
    runs: tuple[Run, ...] = ()

    @property
    def token_change(self) -> int:
        return self.tokens_after - self.tokens_before


@dataclass(frozen=True, slots=True)
class LabelChange:
    """Where a label is, and where it goes if the draft is published under it.

    ``before`` is 0 for nowhere; ``is_draft`` says that the version there was made
    of this very draft.
    """

    label: LabelName
    before: int
    after: int
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What else concerns a character that is about to be published."""

    labels: tuple[LabelChange, ...] = ()
    scheduled: tuple[tuple[LabelName, ScheduledMove], ...] = ()
    request: ReviewRequest | None = None


@dataclass(frozen=True, slots=True)
class FrameworkNotes:
    """What the checks say of a character's framework, whoever uses it."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One character on the publish sheet, beside its live version."""

    character: Character
    face: Face
    live: CharacterVersion | None = None
    changes: Sequence[FieldDifference] = ()
    contexts: tuple[ContextChange, ...] = ()
    tokens_before: int = 0
    tokens_after: int = 0
    warnings: tuple[str, ...] = ()
    framework: FrameworkNotes | None = None
    refusal: str = ""
    is_unchanged: bool = False
    standing: Standing = Standing()

    @property
    def token_change(self) -> int:
        return self.tokens_after - self.tokens_before

    @property
    def can_go(self) -> bool:
        return not self.refusal and not self.is_unchanged

    @property
    def is_asked_and_edited(self) -> bool:
        """Whether the draft changed after somebody asked for a review of it."""
        request = self.standing.request
        return request is not None and request.revision < self.character.revision


def publish_items(ids: Sequence[str]) -> list[Item]:
    """What publishing each draft would change of its live version."""
    outcome = Outcome()
    prepared = {
        item.character_id: item
        for item in publishing.prepare_drafts(ids, label=PRODUCTION, outcome=outcome)
    }
    rows = for_cards(Character.objects.filter(character_id__in=ids))
    characters = {character.character_id: character for character in rows}
    changed = [item for item in prepared.values() if not item.is_unchanged]
    served = _served([item.live.pk for item in changed if item.live is not None])
    standings = _standings([item.character_pk for item in changed], characters)
    comparing = _Comparing(left=DIFFED_CHARACTERS, titles=context_titles())
    notes = _framework_notes(changed)
    found = []
    for character_id in ids:
        character = characters.get(character_id)
        item = prepared.get(character_id)
        if character is None:
            continue
        if item is None:
            refusal = outcome.refused[character_id]
            found.append(Item(character, face_of(character), refusal=refusal))
            continue
        before = served.get(item.live.pk, {}) if item.live is not None else {}
        standing = standings.get(character.pk, Standing())
        found.append(
            _item(
                character,
                item,
                before=before,
                standing=standing,
                comparing=comparing,
                notes=notes.get(item.framework_version.pk),
            )
        )
    return found


def _framework_notes(prepared: Iterable[Prepared]) -> dict[int, FrameworkNotes]:
    """Framework version pk → its notes, where there are any."""
    by_version = {item.framework_version.pk: item for item in prepared}
    found = {}
    for pk, item in by_version.items():
        rules = item.framework_version.to_sheet()
        shared = [f.message for f in checks.about_template(rules.prompt_template)]
        texts = tuple(text for text in shared if text in item.warnings)
        if texts:
            found[pk] = FrameworkNotes(rules.name, texts)
    return found


def framework_notes(items: Iterable[Item]) -> list[FrameworkNotes]:
    """Those of all these characters, each framework once."""
    found = [item.framework for item in items if item.can_go and item.framework]
    return list(dict.fromkeys(found))


def _served(version_pks: Iterable[int]) -> dict[int, dict[str, Prompt]]:
    """Version pk → kind of conversation → what is served, in one query."""
    found: dict[int, dict[str, Prompt]] = {}
    rows = CompiledPrompt.objects.filter(version__in=list(version_pks))
    for row in rows.iterator(chunk_size=100):
        prompt = _prompt(json.loads(row.body))
        found.setdefault(row.version_id, {})[row.context] = prompt
    return found


def _prompt(body: Mapping[str, Any]) -> Prompt:
    return Prompt(body["system_prompt"], body["tokens"]["count"])


@dataclass(slots=True)
class _Comparing:
    """How much text may still be compared; words for kinds of conversation."""

    left: int
    titles: Mapping[str, str]

    def takes(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True


def _item(
    character: Character,
    prepared: Prepared,
    *,
    before: Mapping[str, Prompt],
    standing: Standing,
    comparing: _Comparing,
    notes: FrameworkNotes | None,
) -> Item:
    live = prepared.live
    shared = set(notes.texts) if notes else set()
    after = {c: _prompt(body) for c, body in prepared.compiled.prompts.items()}
    is_compared = live is not None and not prepared.is_unchanged
    return Item(
        character=character,
        face=face_of(character),
        live=live,
        changes=differences(live.to_sheet(), after=prepared.sheet)
        if live is not None and is_compared
        else (),
        contexts=_contexts(before, after, comparing=comparing) if is_compared else (),
        tokens_before=live.tokens["total"] if live is not None else 0,
        tokens_after=prepared.compiled.tokens["total"],
        warnings=tuple(text for text in prepared.warnings if text not in shared),
        framework=notes,
        is_unchanged=prepared.is_unchanged,
        standing=standing,
    )


def _contexts(
    before: Mapping[str, Prompt], after: Mapping[str, Prompt], *, comparing: _Comparing
) -> tuple[ContextChange, ...]:
    """Those whose text changes; a kind without one of its own gets the plain one."""
    found = []
    for context in dict.fromkeys([*after, *before]):
        old = before.get(context) or before[""]
        new = after.get(context) or after[""]
        if old.text == new.text:
            continue
        is_compared = comparing.takes(len(old.text) + len(new.text))
        found.append(
            ContextChange(
                context=context,
                title=comparing.titles.get(context, context),
                tokens_before=old.tokens,
                tokens_after=new.tokens,
                runs=text_runs(old.text, after=new.text) if is_compared else (),
            )
        )
    return tuple(found)


def _standings(
    character_pks: Sequence[int], characters: Mapping[str, Character]
) -> dict[int, Standing]:
    """Labels, scheduled moves and open requests, in a query each; by pk."""
    hashes = {c.pk: c.draft_hash for c in characters.values()}
    newest = dict(
        CharacterVersion.objects.filter(character__in=character_pks)
        .values_list("character")
        .annotate(newest=Max("number"))
    )
    labels: dict[int, dict[str, LabelChange]] = {}
    for row in (
        Label.objects.filter(character__in=character_pks)
        .select_related("version")
        .defer("version__inputs")
    ):
        labels.setdefault(row.character_id, {})[row.name] = LabelChange(
            label=LabelName.of(row.name),
            before=row.version.number,
            after=newest[row.character_id] + 1,
            is_draft=row.version.inputs_hash == hashes[row.character_id],
        )
    moves: dict[int, list[tuple[LabelName, ScheduledMove]]] = {}
    for move in (
        ScheduledMove.objects.open()
        .filter(character__in=character_pks)
        .select_related("version")
        .defer("version__inputs")
        .order_by("move_at", "pk")
    ):
        named = LabelName.of(move.label)
        moves.setdefault(move.character_id, []).append((named, move))
    asked = {
        row.character_id: row
        for row in ReviewRequest.objects.open()
        .filter(character__in=character_pks)
        .select_related("asked_by")
    }
    return {
        pk: Standing(
            labels=_label_changes(labels.get(pk, {}), after=newest.get(pk, 0) + 1),
            scheduled=tuple(moves.get(pk, [])),
            request=asked.get(pk),
        )
        for pk in character_pks
    }


def _label_changes(
    found: Mapping[str, LabelChange], *, after: int
) -> tuple[LabelChange, ...]:
    """Live and Trial first, also where they are nowhere yet; then one's own."""
    names = dict.fromkeys([PRODUCTION, STAGING, *sorted(found)])
    return tuple(
        found.get(name) or LabelChange(LabelName.of(name), before=0, after=after)
        for name in names
    )
