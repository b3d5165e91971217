"""The read-only snapshot from which bots are served, in every process.

Bodies are made ready when something is published, never on a request. The
snapshot is patched by the watcher of the live stream, off the request path, and
swapped by assignment, so that readers need no lock.
Source: ``reference/performance.md``, recommendations 3 and 4.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Self, cast

import orjson

from core import policy
from core.live import watcher
from core.live.changes import Change, current_head
from personas import quieting
from personas.domain.contexts import ConversationContext, Detector, names_of
from personas.domain.growing import grown
from personas.domain.sheets import CharacterSheet, EvolutionStage
from personas.lore_catalog import BookIds, LoreInPlay, read_lore
from personas.models import CharacterVersion, CompiledPrompt, Label
from personas.policy import CONVERSATION_CONTEXTS, FRAMEWORK_BLENDING_ENABLED
from personas.quieting import Quiet, Quiets
from personas.services import growing
from personas.services.announcing import BLENDING, LOREBOOK, QUIET, STREAM

_NO_CONTEXT: Final = b'"context":null'
_CONTEXT: Final = b'"context":%b'
_NOT_QUIET: Final = b'"quiet":null'
_QUIET: Final = b'"quiet":%b'


@dataclass(frozen=True, slots=True)
class Served:
    """A prompt ready to be sent, and the entity tag that stands for its bytes."""

    etag: str
    body: bytes

    def under(self, context: str) -> Self:
        """A plain prompt as the answer for a kind of conversation it does not blend.

        Only ``context`` differs, so that it need not be kept for every kind.
        """
        # The first is the key itself: within a text the quotes are escaped.
        body = self.body.replace(_NO_CONTEXT, _CONTEXT % orjson.dumps(context), 1)
        return type(self)(etag=f'{self.etag[:-1]}-{context}"', body=body)

    def while_quiet(self, quiet: Quiet | None) -> Self:
        """The answer while the character is quieted; ``None``: as it is."""
        if quiet is None:
            return self
        told = orjson.dumps(quiet.told())
        # The last is the key itself: a sheet's own objects, which stand before it,
        # may have one of this name.
        before, _, after = self.body.rpartition(_NOT_QUIET)
        seal = hashlib.sha256(told).hexdigest()[:16]
        return type(self)(
            etag=f'{self.etag[:-1]}-quiet-{seal}"',
            body=before + _QUIET % told + after,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One character under one label, with all that lists and prompts say of it.

    ``version_pk`` is the version's primary key, by which records name it.
    ``prompts`` maps a context (empty: the plain prompt) to what is served;
    ``routing`` holds the phrases and facts of the published sheet; ``called`` is
    what ``{{char}}`` stands for, ``books`` are the lorebooks it names, in order;
    ``stages`` are those of its growth, by milestone.
    """

    character_id: str
    persona_id: str
    display_name: str
    framework_id: str
    version: int
    version_pk: int
    label: str
    tags: tuple[str, ...]
    avatar: str
    is_active: bool
    content_hash: str
    published_at: datetime
    prompts: Mapping[str, Served]
    routing: Mapping[str, Any]
    called: str
    books: BookIds
    stages: Mapping[int, EvolutionStage]


@dataclass(frozen=True, slots=True)
class Blending:
    """The installation's kinds of conversation, and whether they make a difference.

    ``names`` maps each of their ids and aliases to the id.
    """

    is_enabled: bool
    contexts: tuple[ConversationContext, ...]
    names: Mapping[str, str]
    detector: Detector

    @classmethod
    def of(cls, contexts: tuple[ConversationContext, ...], *, is_enabled: bool) -> Self:
        return cls(is_enabled, contexts, names_of(contexts), Detector(contexts))

    def resolved(self, name: str, *, compiled: Container[str]) -> str | None:
        """The id that ``name`` stands for; ``None`` if it stands for nothing.

        ``compiled`` are the kinds that the version at hand has prompts for: what
        it calls by this name itself comes first.
        """
        return name if name and name in compiled else self.names.get(name)

    def known(self, compiled: Iterable[str]) -> list[str]:
        """Every name that ``resolved`` takes, in order."""
        return sorted({*self.names, *compiled} - {""})

    def chosen(self, prompts: Mapping[str, Served], *, context: str) -> Served:
        """What is served for a resolved kind: blended, or else plain.

        ``prompts`` maps kinds (empty: the plain prompt) to what was compiled.
        """
        if self.is_enabled and context in prompts:
            return prompts[context]
        return prompts[""].under(context) if context else prompts[""]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything served, by character and label; ``seq`` is the change it includes."""

    seq: int
    entries: Mapping[str, Mapping[str, Entry]]
    blending: Blending
    lore: LoreInPlay
    quiets: Quiets

    def entry(self, character_id: str, *, label: str) -> Entry | None:
        return self.entries.get(character_id, {}).get(label)

    def labelled(self, label: str) -> list[Entry]:
        """All with the label, by character id."""
        found = (self.entries[key].get(label) for key in sorted(self.entries))
        return [entry for entry in found if entry is not None]


Follower = Callable[[Snapshot, frozenset[str] | None], None]
"""Told of each new snapshot, and of the ids of the characters that changed in it;
``None``: anything may have. It must be quick and must not read the catalog."""


class Catalog:
    """Keeps the process's snapshot current."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._writing = threading.Lock()
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Have ``follower`` told from now on, and at once if there is a snapshot."""
        with self._writing:
            self._followers.append(follower)
            if self._snapshot is not None:
                follower(self._snapshot, None)

    def read(self) -> tuple[Snapshot, bool]:
        """The snapshot, and whether it is known to be current.

        Raises:
            django.db.OperationalError: never read before, and the database is away.
        """
        is_fresh = watcher.PROCESS.ensure_fresh(STREAM)
        snapshot = self._snapshot
        if snapshot is None:
            snapshot = self._load()
            is_fresh = True
        return snapshot, is_fresh

    def _load(self) -> Snapshot:
        with self._writing:
            if self._snapshot is None:
                # The number first: what commits meanwhile is then read again.
                seq = current_head(STREAM)
                self._swap(_read_all(seq), changed=None)
            return cast("Snapshot", self._snapshot)

    def apply(self, *, changes: Sequence[Change], head: int, reset: bool) -> None:
        """Patch the characters that changed, or read all; called by the watcher."""
        with self._writing:
            old = self._snapshot
            if reset or old is None:
                self._swap(_read_all(head), changed=None)
                return
            ids = {c.op["character_id"] for c in changes if is_of_character(c)}
            entries = old.entries
            if ids:
                patched = {k: v for k, v in entries.items() if k not in ids}
                entries = {**patched, **_read_entries(ids)}
            has_other = any(is_of_blending(change) for change in changes)
            has_lore = any(is_of_lore(change) for change in changes)
            has_quiet = any(is_of_quiet(change) for change in changes)
            is_known = not has_lore and old.lore.has(_sets(entries))
            snapshot = Snapshot(
                seq=head,
                entries=MappingProxyType(entries),
                blending=_read_blending() if has_other else old.blending,
                lore=old.lore if is_known else read_lore(_sets(entries)),
                quiets=quieting.read() if has_quiet else old.quiets,
            )
            self._swap(snapshot, changed=frozenset(ids))

    def _swap(self, snapshot: Snapshot, *, changed: frozenset[str] | None) -> None:
        """Serve from ``snapshot``; followers know it before any request does."""
        for follower in self._followers:
            follower(snapshot, changed)
        self._snapshot = snapshot


def is_of_character(change: Change) -> bool:
    """Whether it may change what is served of one character."""
    kind, what = change.op.get("kind"), change.op.get("what")
    return bool(kind == "character" and what != "draft")


def is_of_blending(change: Change) -> bool:
    """Whether it may change which of their prompts many characters are served with."""
    return bool(change.op.get("kind") == BLENDING)


def is_of_lore(change: Change) -> bool:
    """Whether it may change which entries of lorebooks enter prompts."""
    kind, what = change.op.get("kind"), change.op.get("what")
    return bool(kind == LOREBOOK and what != "draft")


def is_of_quiet(change: Change) -> bool:
    """Whether somebody is quieted, or no longer."""
    return bool(change.op.get("kind") == QUIET)


def _read_all(seq: int) -> Snapshot:
    entries = _read_entries(None)
    return Snapshot(
        seq=seq,
        entries=entries,
        blending=_read_blending(),
        lore=read_lore(_sets(entries)),
        quiets=quieting.read(),
    )


def _sets(entries: Mapping[str, Mapping[str, Entry]]) -> set[BookIds]:
    """The lorebooks that characters name, each list once."""
    return {entry.books for labels in entries.values() for entry in labels.values()}


def _read_blending() -> Blending:
    """From the database, as the entries are: together they are what was changed."""
    return Blending.of(
        policy.stored(CONVERSATION_CONTEXTS),
        is_enabled=policy.stored(FRAMEWORK_BLENDING_ENABLED),
    )


def _read_entries(
    character_ids: Iterable[str] | None,
) -> Mapping[str, Mapping[str, Entry]]:
    """Entries of these characters (``None``: of all), in two queries."""
    labels = Label.objects.filter(character__archived_at=None).select_related(
        "character", "version__growth"
    )
    if character_ids is not None:
        labels = labels.filter(character__character_id__in=list(character_ids))
    rows = list(labels)
    prompts: dict[int, dict[str, str]] = {}
    # By the versions just read: a label may have moved since.
    versions = [row.version_id for row in rows]
    for prompt in CompiledPrompt.objects.filter(version__in=versions):
        prompts.setdefault(prompt.version_id, {})[prompt.context] = prompt.body
    entries: dict[str, dict[str, Entry]] = {}
    for label in rows:
        entry = _entry(label, bodies=prompts.get(label.version_id, {}))
        entries.setdefault(entry.character_id, {})[entry.label] = entry
    return entries


def _entry(label: Label, *, bodies: Mapping[str, str]) -> Entry:
    character, version = label.character, label.version
    sheet = _compiled_sheet(version)
    return Entry(
        character_id=character.character_id,
        persona_id=f"{character.character_id}@{sheet.framework_id}",
        display_name=sheet.display_name,
        framework_id=sheet.framework_id,
        version=version.number,
        version_pk=version.pk,
        label=label.name,
        tags=tuple(sheet.tags),
        avatar=sheet.avatar,
        is_active=character.is_active,
        content_hash=version.content_hash,
        published_at=label.moved_at,
        prompts={
            context: served(body, version=version, label=label.name)
            for context, body in bodies.items()
        },
        routing=_routing(sheet),
        called=sheet.called,
        books=tuple(sheet.lorebooks),
        stages={stage.milestone: stage for stage in sheet.evolution_stages},
    )


def routing_facts(version: CharacterVersion) -> Mapping[str, Any]:
    """``Entry.routing`` of any version; without a query where ``growth`` was selected.

    The same for ever, since versions never change.
    """
    return _routing(_compiled_sheet(version))


def _compiled_sheet(version: CharacterVersion) -> CharacterSheet:
    """As it was compiled: what growth changed is routed on, too."""
    return grown(version.to_sheet(), stages=growing.kept_with(version).stages)


def _routing(sheet: CharacterSheet) -> Mapping[str, Any]:
    return {
        "names": sheet.names,
        "interests": sheet.topic_interests,
        "avoidances": sheet.topic_avoidances,
        "domain": sheet.knowledge_domain.primary,
        "channels": sheet.activity_preferences.channels,
        "activities": [
            a.model_dump(mode="json") for a in sheet.activity_preferences.activities
        ],
        "weight": sheet.routing_weight,
        "reply_mode": sheet.behavior.reply_mode,
    }


def served(body: str, *, version: CharacterVersion, label: str | None) -> Served:
    """The stored body with what only serving knows, and its entity tag."""
    document = {
        **json.loads(body),
        "version": version.number,
        "label": label,
        "content_hash": version.content_hash,
        "quiet": None,
        "compiled_at": version.created_at.isoformat().replace("+00:00", "Z"),
    }
    content = orjson.dumps(document)
    return Served(etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"', body=content)


def pinned(character_id: str, *, number: int) -> dict[str, Served]:
    """The prompts of one version, straight from the database; they never change.

    Empty if there is no such version.
    """
    prompts = CompiledPrompt.objects.select_related("version").filter(
        version__character__character_id=character_id,
        version__character__archived_at=None,
        version__number=number,
    )
    return {p.context: served(p.body, version=p.version, label=None) for p in prompts}


catalog = Catalog()
"""The process's own."""
