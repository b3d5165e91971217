"""Characters as curators edit them."""

from collections.abc import Iterable
from typing import Self

from django.db import models
from django.db.models import Exists, ExpressionWrapper, OuterRef, Prefetch, Q
from django.db.models.functions import Cast

from core.fields import OrderedJSONField
from personas.domain.sheets import CharacterSheet
from personas.models.frameworks import Framework
from personas.models.labels import PRODUCTION, Label
from personas.models.pictures import Picture


def _labelled(framework: Framework, **labels: str) -> Q:
    """Characters with a labelled version that was made with the framework."""
    rows = Label.objects.filter(character=OuterRef("pk"), **labels)
    own = rows.filter(version__framework_version__framework=framework)
    blended = rows.filter(
        version__blend__frameworks__framework_version__framework=framework
    )
    return Q(Exists(own)) | Q(Exists(blended))


class CharacterQuerySet(models.QuerySet["Character"]):
    """Characters by what pages ask for."""

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def using_framework(
        self, framework: Framework, *, mixed_in: Iterable[str] = ()
    ) -> Self:
        """Whose draft or any labelled version is made with it, by id.

        Be it their own framework or part of a blend. ``mixed_in`` are the kinds of
        conversation for which the installation's table names it: drafts that blend
        and list none of their own for one of them mix it too. ``mixes_in_draft``
        says whether the draft does, for either reason.
        """
        # The column is text that ``OrderedJSONField`` writes in exactly one way.
        text = Cast("framework_blending", models.TextField())
        asked = Q(blending__contains=f'"framework_id":"{framework.framework_id}"')
        for context in mixed_in:
            asked |= ~Q(blending__contains=f'"context":"{context}"')
        blends = Q(blending__contains='"enabled":true') & asked
        rows = self.alias(blending=text).annotate(
            mixes_in_draft=ExpressionWrapper(blends, models.BooleanField())
        )
        used = Q(framework=framework) | Q(mixes_in_draft=True) | _labelled(framework)
        return rows.filter(used).order_by("character_id")

    def live_with(self, framework: Framework) -> Self:
        """Whose production version is made with it, on its own or blended, by id."""
        made = _labelled(framework, name=PRODUCTION)
        return self.filter(made).order_by("character_id")

    def for_sheets(self) -> Self:
        """All that ``to_sheet`` reads, in three queries."""
        return self.select_related("framework").prefetch_related("aliases", "stages")

    def with_live_label(self) -> Self:
        """``live`` holds the production label and its version, if there is one."""
        live = (
            Label.objects.filter(name=PRODUCTION)
            .select_related("version")
            # A whole sheet each, which lists do not show.
            .defer("version__inputs")
        )
        return self.prefetch_related(Prefetch("labels", live, to_attr="live_labels"))

    def with_unpublished_changes(self) -> Self:
        """Whose draft differs from the inputs of the production version."""
        same = Label.objects.filter(
            character=models.OuterRef("pk"),
            name=PRODUCTION,
            version__inputs_hash=models.OuterRef("draft_hash"),
        )
        return self.exclude(models.Exists(same))


class Character(models.Model):
    """The draft of a character; bots see only what its versions hold.

    ``draft_hash`` is the SHA-256 of the draft's canonical sheet; it differs from
    the production version's ``inputs_hash`` when there is something to publish.
    ``is_active`` acts at once, not by publishing.
    """

    character_id = models.SlugField(max_length=64, unique=True)
    display_name = models.CharField(max_length=200)
    framework = models.ForeignKey(Framework, models.PROTECT, related_name="characters")
    nickname = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    identity = OrderedJSONField(default=dict, blank=True)
    scenario = models.TextField(blank=True)
    first_message = models.TextField(blank=True)
    alternate_greetings = OrderedJSONField(default=list, blank=True)
    example_messages = models.TextField(blank=True)
    knowledge_domain = OrderedJSONField(default=dict, blank=True)
    rag = OrderedJSONField(default=dict, blank=True)
    opinions = OrderedJSONField(default=list, blank=True)
    voice_and_tone = OrderedJSONField(default=list, blank=True)
    quirks = OrderedJSONField(default=list, blank=True)
    topic_interests = OrderedJSONField(default=list, blank=True)
    topic_avoidances = OrderedJSONField(default=list, blank=True)
    system_prompt_override = OrderedJSONField(default=dict, blank=True)
    post_history = models.TextField(blank=True)
    activity_preferences = OrderedJSONField(default=dict, blank=True)
    framework_blending = OrderedJSONField(default=dict, blank=True)
    behavior = OrderedJSONField(default=dict, blank=True)
    model = OrderedJSONField(default=dict, blank=True)
    voice = OrderedJSONField(default=dict, blank=True)
    routing_weight = models.FloatField(default=1.0)
    picture = models.ForeignKey(
        Picture, models.PROTECT, null=True, blank=True, related_name="+"
    )
    avatar_address = models.CharField(max_length=2000, blank=True)
    tags = OrderedJSONField(default=list, blank=True)
    creator = models.CharField(max_length=2000, blank=True)
    character_version = models.CharField(max_length=2000, blank=True)
    creator_notes = models.TextField(blank=True)
    lorebooks = OrderedJSONField(default=list, blank=True)  # book ids, in order
    extensions = OrderedJSONField(default=dict, blank=True)

    card_file = models.ForeignKey(
        "personas.CardFile", models.PROTECT, null=True, blank=True, related_name="+"
    )
    copied_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="copies"
    )
    is_active = models.BooleanField(default=True)
    draft_hash = models.CharField(max_length=64)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = CharacterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(character_id=""), name="character_has_id"
            ),
            models.CheckConstraint(
                condition=~Q(display_name=""), name="character_has_name"
            ),
            models.CheckConstraint(
                condition=Q(routing_weight__gte=0, routing_weight__lte=1000),
                name="character_weight_in_range",
            ),
            models.CheckConstraint(
                condition=Q(revision__gte=1), name="character_revision_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def to_sheet(self) -> CharacterSheet:
        """The draft as a value; load with ``for_sheets``."""
        values = {name: getattr(self, name) for name in COLUMNS}
        return CharacterSheet.model_validate(
            values
            | {
                "framework_id": self.framework.framework_id,
                "avatar": self.picture_id or "",
                "aliases": [alias.text for alias in self.aliases.all()],
                "evolution_stages": [
                    {
                        "milestone": stage.milestone,
                        "title": stage.title,
                        "description": stage.description,
                        "changes": stage.changes,
                    }
                    for stage in self.stages.all()
                ],
            }
        )

    @property
    def live(self) -> Label | None:
        """The production label; load with ``with_live_label``."""
        labels: list[Label] = self.live_labels  # type: ignore[attr-defined]
        return labels[0] if labels else None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def has_unpublished_changes(self) -> bool:
        """Needs ``with_live_label``."""
        live = self.live
        return live is None or live.version.inputs_hash != self.draft_hash


RELATED = {"framework_id", "avatar", "aliases", "evolution_stages"}
COLUMNS = tuple(name for name in CharacterSheet.model_fields if name not in RELATED)
"""Sheet fields that are columns of ``Character`` under the same name."""


class Alias(models.Model):
    """Another name that people use for a character."""

    character = models.ForeignKey(Character, models.CASCADE, related_name="aliases")
    position = models.PositiveIntegerField()
    text = models.CharField(max_length=200)

    class Meta:
        # The order is part of the draft's hash, so every reader needs it.
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["character", "text"], name="alias_once_per_character"
            ),
            models.UniqueConstraint(
                fields=["character", "position"], name="alias_one_per_place"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="alias_has_text"),
        ]

    def __str__(self) -> str:
        return self.text


class Stage(models.Model):
    """A count of interactions, and what changes when it is passed."""

    character = models.ForeignKey(Character, models.CASCADE, related_name="stages")
    position = models.PositiveIntegerField()
    milestone = models.PositiveIntegerField()
    title = models.CharField(max_length=2000, blank=True)
    description = models.TextField(blank=True)
    changes = OrderedJSONField(default=dict, blank=True)  # StageChanges

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["character", "milestone"], name="stage_once_per_milestone"
            ),
            models.UniqueConstraint(
                fields=["character", "position"], name="stage_one_per_place"
            ),
            models.CheckConstraint(
                condition=Q(milestone__gte=1), name="stage_milestone_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone}: {self.title}"
