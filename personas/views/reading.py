"""What pages read: characters for cards and lists."""

from typing import Final

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Left

from personas.models import Label
from personas.models.characters import CharacterQuerySet
from personas.models.labels import PRODUCTION

ABOUT_CHARACTERS: Final = 280
_ON_CARDS: Final = (
    "character_id",
    "display_name",
    "picture",
    "tags",
    "is_active",
    "draft_hash",
    "revision",
    "created_at",
    "updated_at",
    "archived_at",
    "framework__framework_id",
    "framework__name",
)


def labels_without_inputs() -> QuerySet[Label]:
    """Labels with their versions, but not the sheets that these hold."""
    return Label.objects.select_related("version").defer("version__inputs")


def for_cards(rows: CharacterQuerySet, /) -> CharacterQuerySet:
    """What cards and lists show, in three queries, without the long texts.

    ``live`` can be asked for; ``about`` is the beginning of the description.
    """
    live = labels_without_inputs().filter(name=PRODUCTION)
    return (
        rows.select_related("framework")
        .only(*_ON_CARDS)
        .annotate(about=Left("description", ABOUT_CHARACTERS))
        .prefetch_related("aliases", Prefetch("labels", live, to_attr="live_labels"))
    )
