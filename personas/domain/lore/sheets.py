"""The authored sheets of lorebooks and their entries, as frozen values.

They hold every field of Card V2 and V3 books and of SillyTavern's world info
that means something to somebody; ``origin`` carries all else, so that a file
goes out as it came in. Field titles and descriptions are what pages show.

Source: ``reference/cards.md`` sections 1.1, 2.1 and 2.2.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, field_validator

from core import limits
from personas.domain.sheets import Line, Name, Sheet, Text, Tree

DEFAULT_SCAN_DEPTH: Final = 2
"""Messages looked through where neither entry nor book says; as SillyTavern ships."""
DEFAULT_DEPTH: Final = 4
DEFAULT_ORDER: Final = 100


class Logic(StrEnum):
    """What secondary keys ask for, once a key is seen."""

    AND_ANY = "and_any"
    NOT_ALL = "not_all"
    NOT_ANY = "not_any"
    AND_ALL = "and_all"


class Position(StrEnum):
    """Where in a prompt an entry's text goes."""

    BEFORE_CHARACTER = "before_character"
    AFTER_CHARACTER = "after_character"
    NOTE_TOP = "note_top"
    NOTE_BOTTOM = "note_bottom"
    AT_DEPTH = "at_depth"
    EXAMPLES_TOP = "examples_top"
    EXAMPLES_BOTTOM = "examples_bottom"
    OUTLET = "outlet"


class ChatRole(StrEnum):
    """As whose message a text at depth is sent."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


def _fits_entry(text: str) -> str:
    size = len(text.encode())
    if size > limits.LORE_ENTRY_BYTES:
        raise ValueError(
            f"Shorten this text to {limits.LORE_ENTRY_BYTES // 1024} KiB;"
            f" it has {size // 1024 + 1}."
        )
    return text


Content = Annotated[Text, AfterValidator(_fits_entry)]
Key = Annotated[Text, AfterValidator(_fits_entry), Field(max_length=2_000)]
"""A word, a phrase, or ``/a pattern/flags``; kept byte for byte."""
Keys = Annotated[list[Key], Field(max_length=limits.LIST_ITEMS)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Order = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]


class CharacterFilter(Sheet):
    """Which characters an entry is for, whatever book it is in."""

    names: list[Line] = Field([], title="Names")
    tags: list[Line] = Field([], title="Tags")
    is_exclude: bool = Field(
        False,
        title="All but these",
        description="The entry is for everybody except those named.",
    )


class EntrySheet(Sheet):
    """One piece of background knowledge, and when and where it enters a prompt."""

    title: Text = Field(
        "", title="Title", description="For people only; no model reads it."
    )
    keys: Keys = Field(
        [],
        title="Keys",
        description="Words or phrases. When one is seen, the entry may enter.",
    )
    secondary_keys: Keys = Field(
        [], title="More keys", description="Looked at once a key was seen."
    )
    logic: Logic = Field(
        Logic.AND_ANY, title="How the further keys count", strict=False
    )
    is_selective: bool = Field(
        True,
        title="Use the further keys",
        description="Off: further keys are kept and not looked at.",
    )
    content: Content = Field("", title="Text", description="What enters the prompt.")
    is_enabled: bool = Field(True, title="On")
    is_constant: bool = Field(
        False, title="Always", description="Enters whether or not a key is seen."
    )

    case_sensitive: bool | None = Field(None, title="Capital letters count")
    whole_words: bool | None = Field(None, title="Whole words only")
    use_regex: bool | None = Field(
        None,
        title="Keys are patterns",
        description="Without it, only a key written /like this/ is a pattern.",
    )
    scan_depth: Count | None = Field(
        None, title="Messages looked through", description="Empty: as the book says."
    )

    probability: Annotated[float, Field(ge=0, le=100)] = Field(
        100.0, title="Chance in percent"
    )
    use_probability: bool = Field(True, title="Use the chance")

    position: Position = Field(Position.BEFORE_CHARACTER, title="Place", strict=False)
    depth: Count = Field(
        DEFAULT_DEPTH,
        title="Depth",
        description="At depth: this many messages before the end.",
    )
    role: ChatRole = Field(ChatRole.SYSTEM, title="As whose message", strict=False)
    outlet: Line = Field("", title="Outlet")
    order: Order = Field(
        DEFAULT_ORDER, title="Order", description="Larger numbers enter sooner."
    )
    priority: Order | None = Field(None, title="Priority")
    ignore_budget: bool = Field(
        False, title="Whatever the budget", description="Enters a full prompt too."
    )

    exclude_recursion: bool = Field(False, title="Not woken by other entries' texts")
    prevent_recursion: bool = Field(False, title="Wakes no other entries")
    delay_until_recursion: Count = Field(
        0,
        title="Only woken by other entries",
        description="0: no. 1 and more: from this round of looking on.",
    )

    group: Line = Field(
        "", title="Groups", description="Of each group one enters; commas between."
    )
    group_weight: Count = Field(100, title="Weight in its groups")
    group_override: bool = Field(False, title="Goes before others of its groups")
    use_group_scoring: bool | None = Field(None, title="Most keys seen wins")

    sticky: Count = Field(0, title="Stays for messages")
    cooldown: Count = Field(0, title="Rests for messages")
    delay: Count = Field(0, title="Not before message")
    character_filter: CharacterFilter = Field(
        CharacterFilter(), title="Only for characters"
    )
    triggers: list[Line] = Field([], title="Kinds of request")
    automation_id: Line = Field("", title="Automation")
    is_vectorized: bool = Field(False, title="By meaning")

    extensions: Tree = Field({}, title="Extensions")
    origin: Tree = Field({}, title="As it came")


class BookSheet(Sheet):
    """A lorebook without its entries."""

    name: Name = Field(title="Name")
    description: Text = Field("", title="Description")
    for_everybody: bool = Field(
        False,
        title="For everybody",
        description="Off: only for the characters that name it.",
    )
    scan_depth: Count | None = Field(
        None,
        title="Messages looked through",
        description=f"Empty: the last {DEFAULT_SCAN_DEPTH}.",
    )
    token_budget: Count | None = Field(
        None, title="Budget in tokens", description="Empty: no limit of its own."
    )
    recursive_scanning: bool | None = Field(
        None,
        title="Entries wake each other",
        description="Texts that entered are looked through as well. Empty: yes.",
    )
    extensions: Tree = Field({}, title="Extensions")
    origin: Tree = Field({}, title="As it came")


class Book(Sheet):
    """A lorebook with its entries in their order, as a version keeps it."""

    sheet: BookSheet
    entries: tuple[EntrySheet, ...] = ()

    @field_validator("entries")
    @classmethod
    def _not_too_many(cls, entries: tuple[EntrySheet, ...]) -> tuple[EntrySheet, ...]:
        if len(entries) > limits.LORE_ENTRIES:
            raise ValueError(
                f"Keep at most {limits.LORE_ENTRIES:,} entries; there are"
                f" {len(entries):,}."
            )
        return entries
