"""Drafts that curators edit, versions that bots are served, and what moves them."""

from personas.models.blends import BlendFramework, VersionBlend
from personas.models.characters import Alias, Character, Stage
from personas.models.frameworks import Framework, FrameworkVersion
from personas.models.growth import ApprovedGrowth, VersionGrowth
from personas.models.imports import CardFile, ImportBatch, ImportItem
from personas.models.labels import Label, LabelMove, Publication, ScheduledMove
from personas.models.lists import SavedFilter, SearchText
from personas.models.lorebooks import (
    Lorebook,
    LorebookVersion,
    LoreEntry,
    LoreFiring,
)
from personas.models.pictures import Picture
from personas.models.reviews import ReviewRequest
from personas.models.runs import FrameworkRun
from personas.models.samples import SampleConversation
from personas.models.versions import CharacterVersion, CompiledPrompt

__all__ = [
    "Alias",
    "ApprovedGrowth",
    "BlendFramework",
    "CardFile",
    "Character",
    "CharacterVersion",
    "CompiledPrompt",
    "Framework",
    "FrameworkRun",
    "FrameworkVersion",
    "ImportBatch",
    "ImportItem",
    "Label",
    "LabelMove",
    "LoreEntry",
    "LoreFiring",
    "Lorebook",
    "LorebookVersion",
    "Picture",
    "Publication",
    "ReviewRequest",
    "SampleConversation",
    "SavedFilter",
    "ScheduledMove",
    "SearchText",
    "Stage",
    "VersionBlend",
    "VersionGrowth",
]
