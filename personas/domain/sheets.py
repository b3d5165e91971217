"""The authored sheets of characters and frameworks, as frozen values.

These models are the one description of what a curator may write: forms are
generated from them, the API and the importers validate with them, and versions
keep them as they were. Field titles and descriptions are what pages show.

Source: design, section 3; shapes of real files, ``reference/bot.md`` section 2.
"""

import unicodedata
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from core import limits
from core.normalizing import normalize

SLUG_PATTERN: Final = r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$"


def _storable(text: str) -> str:
    """Refuse what no database or prompt can hold; keep everything else as it is."""
    if "\x00" in text:
        raise ValueError("Remove the NUL character; no database can store it.")
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Remove the broken character at position {error.start + 1};"
            " it is half of a surrogate pair."
        ) from error
    if size > limits.TEXT_BYTES:
        raise ValueError(
            f"Shorten this text to {limits.TEXT_BYTES // 1024} KiB;"
            f" it has {size // 1024 + 1}."
        )
    return text


def _single_line(text: str) -> str:
    text = normalize("NFC", text).strip()
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in text):
        raise ValueError("Keep this on one line, without control characters.")
    return text


def _visible(text: str) -> str:
    if not any(unicodedata.category(c)[0] in "LNPS" for c in text):
        raise ValueError("Write at least one visible character.")
    return text


def _without_repeats(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


Text = Annotated[str, AfterValidator(_storable)]
"""Any text, kept byte for byte."""
Line = Annotated[
    str,
    AfterValidator(_storable),
    AfterValidator(_single_line),
    Field(max_length=limits.LINE_LENGTH),
]
"""One line, trimmed, NFC."""
Name = Annotated[
    Line, AfterValidator(_visible), Field(min_length=1, max_length=limits.NAME_LENGTH)
]
Term = Annotated[
    Line, AfterValidator(_visible), Field(min_length=1, max_length=limits.NAME_LENGTH)
]
"""A word or short phrase: a topic, a tag, an alias."""
Item = Annotated[Line, Field(min_length=1)]
Slug = Annotated[
    str,
    Field(min_length=1, max_length=limits.SLUG_LENGTH, pattern=SLUG_PATTERN),
]
Terms = Annotated[
    list[Term],
    AfterValidator(_without_repeats),
    Field(max_length=limits.LIST_ITEMS),
]
Items = Annotated[list[Item], Field(max_length=limits.LIST_ITEMS)]
Texts = Annotated[list[Text], Field(max_length=limits.LIST_ITEMS)]


def _storable_tree(value: Any, depth: int = 1) -> Any:
    """Check every string of a JSON tree and how deep it goes."""
    if depth > limits.JSON_DEPTH:
        raise ValueError(f"Nest at most {limits.JSON_DEPTH} levels deep.")
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, int) and abs(value) >= 10**limits.INTEGER_DIGITS:
        raise ValueError(
            f"Write a number of at most {limits.INTEGER_DIGITS} digits, or a text."
        )
    elif isinstance(value, dict):
        for key, item in value.items():
            _storable(key)
            _storable_tree(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _storable_tree(item, depth + 1)
    return value


Tree = Annotated[dict[str, JsonValue], AfterValidator(_storable_tree)]
"""A JSON object of any shape, in its own order."""


class Sheet(BaseModel):
    """Base of every authored value: frozen, strict, nothing unknown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_enum_values=True,
        validate_default=True,
    )


class RagMode(StrEnum):
    """What of the bot's knowledge base a character may see."""

    ALL = "all"
    ONLY = "only"
    NONE = "none"


class OverrideMode(StrEnum):
    """How a system prompt override meets the compiled prompt."""

    PREPEND = "prepend"
    APPEND = "append"
    REPLACE = "replace"


class ReplyMode(StrEnum):
    """When a character answers at all, within what its channel allows."""

    CHANNEL = "channel"
    NEVER = "never"
    WHEN_ADDRESSED = "when_addressed"
    IN_CONVERSATION = "in_conversation"
    FREELY = "freely"


class FollowUpLevel(StrEnum):
    """How often a character asks a question of its own after answering."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    MAXIMUM = "maximum"


Chance = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[int, Field(ge=0, le=7 * 24 * 3600)]


class Trait(Sheet):
    """A named detail: ``when annoyed`` → ``goes very quiet``."""

    key: Item = Field(title="What", description="For example: when annoyed")
    value: Text = Field(title="How", description="For example: goes very quiet")


class Identity(Sheet):
    """Who the character is."""

    personality: Text = Field(
        "",
        title="Personality",
        description="Their temper, what drives them, how they treat people.",
    )
    who: Text = Field("", title="Who", description="One sentence that introduces them.")
    origin: Text = Field(
        "", title="From", description="The place or story they come from."
    )
    current_state: Text = Field(
        "", title="Current state", description="What they are doing these days."
    )
    core_traits: Texts = Field(
        [],
        title="Core traits",
        description="One short trait a row, such as: brave about being wrong.",
    )
    speaking_style: Texts = Field(
        [],
        title="Speaking style",
        description="How they write: length, rhythm, favorite words.",
    )
    details: list[Trait] = Field(
        [],
        title="More details",
        description="Anything else worth knowing, each with a name.",
        max_length=limits.LIST_ITEMS,
    )


class KnowledgeDomain(Sheet):
    """What the character knows about."""

    primary: Line = Field(
        "",
        title="Main subject",
        description="Messages about it make this character likelier to answer.",
    )
    expertise: Texts = Field(
        [], title="Also knows about", description="One subject a row."
    )


class RagFilter(Sheet):
    """Which parts of the bot's knowledge base the character may draw on."""

    mode: RagMode = Field(
        RagMode.ALL,
        title="May use",
        description="All of it, only some categories, or none.",
        strict=False,
    )
    categories: Terms = Field(
        [], title="Categories", description="Those meant by “only”."
    )

    @model_validator(mode="after")
    def _only_names_something(self) -> Self:
        if self.mode == RagMode.ONLY and not self.categories:
            raise ValueError("Name at least one category, or choose “none”.")
        return self


class Opinion(Sheet):
    """One stance and what it is held towards."""

    stance: Item = Field(title="Stance", description="loves, hates, values …")
    topic: Line = Field("", title="About", description="games, people … or nothing")
    items: Texts = Field([], title="What")


class QuirkGroup(Sheet):
    """Quirks of one kind: catchphrases, habits, triggers …"""

    kind: Line = Field("", title="Kind", description="catchphrases, habits …")
    items: Texts = Field([], title="Quirks")


class SystemPromptOverride(Sheet):
    """Text that joins, or takes the place of, the compiled prompt."""

    text: Text = Field(
        "",
        title="Text",
        description="Taken as it is; {{char}} becomes the name.",
    )
    mode: OverrideMode = Field(
        OverrideMode.PREPEND,
        title="How",
        description="Before the compiled prompt, after it, or in place of all of it.",
        strict=False,
    )


class Activity(Sheet):
    """What a user may be doing when this character fits best."""

    name: Term = Field(title="Name", description="For example: Stardew Valley")
    category: Line = Field("", title="Category", description="For example: gaming")


class ActivityPreferences(Sheet):
    """Where and for whom the character likes to answer."""

    channels: Terms = Field(
        [],
        title="Channels",
        description="Ids of channels in which they are likelier to answer.",
    )
    activities: list[Activity] = Field(
        [],
        title="Activities",
        description="Whoever is playing, hearing or watching this gets them sooner.",
        max_length=limits.LIST_ITEMS,
    )


AUTO: Final = "auto"
"""What a bot asks for when the messages shall tell the kind of conversation."""


class BlendWeight(Sheet):
    """How much one framework counts in one kind of conversation."""

    context: Slug = Field(
        title="Kind of conversation", description="For example: casual"
    )
    framework_id: Slug = Field(
        title="Framework", description="Its id, for example: caring"
    )
    weight: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        title="Weight", description="Only the ratio of weights counts"
    )

    @field_validator("context")
    @classmethod
    def _can_be_asked_for(cls, context: str) -> str:
        if context == AUTO:
            raise ValueError(
                f"“{AUTO}” lets the messages tell the kind; choose another name."
            )
        return context


class FrameworkBlending(Sheet):
    """Which frameworks mix, by kind of conversation."""

    enabled: bool = Field(
        False,
        title="Blend frameworks",
        description="Off: the prompt is made with their own framework alone.",
    )
    weights: list[BlendWeight] = Field(
        [],
        title="Weights",
        description="Kinds of conversation without a row follow everyone's weights.",
        max_length=200,
    )

    @model_validator(mode="after")
    def _one_weight_each(self) -> Self:
        pairs = [(w.context, w.framework_id) for w in self.weights]
        if len(pairs) != len(set(pairs)):
            raise ValueError("Give each framework one weight per kind.")
        totals: dict[str, float] = {}
        for w in self.weights:
            totals[w.context] = totals.get(w.context, 0) + w.weight
        for context, total in totals.items():
            if total <= 0:
                raise ValueError(f"Give “{context}” at least one weight above zero.")
        return self


class FollowUps(Sheet):
    """Questions of its own after an answer."""

    level: FollowUpLevel = Field(
        FollowUpLevel.MEDIUM,
        title="How often",
        strict=False,
        description="Low asks after 10 % of answers, medium 30, high 60, maximum 80.",
    )
    cooldown_seconds: Seconds | None = Field(
        None,
        title="Pause between two (seconds)",
        description="Empty: as long as the settings say.",
    )


class Reaction(Sheet):
    """An emoji for a word."""

    phrase: Term = Field(title="Word or phrase")
    emoji: Item = Field(title="Emoji", max_length=64)


class Reactions(Sheet):
    """Emoji put on other people's messages."""

    chance: Chance = Field(
        0.15, title="Chance", description="From 0, never, to 1, whenever a rule fits."
    )
    rules: list[Reaction] = Field(
        [],
        title="Rules",
        description="A word or phrase in a message, and the emoji for it.",
        max_length=200,
    )


class TimedChance(Sheet):
    """Something that happens by chance, with a pause after it."""

    chance: Chance = Field(
        0.0, title="Chance", description="From 0, never, to 1, at every occasion."
    )
    cooldown_seconds: Seconds = Field(
        21_600,
        title="Pause between two (seconds)",
        description="3600 are an hour.",
    )


class BehaviorPolicy(Sheet):
    """When and how the character speaks up."""

    reply_mode: ReplyMode = Field(
        ReplyMode.CHANNEL,
        title="Answers",
        description="“Channel” leaves it to the channel; no other choice lets them"
        " speak more than the channel allows.",
        strict=False,
    )
    follow_ups: FollowUps = Field(
        FollowUps(),
        title="Follow-up questions",
        description="Questions of their own after an answer.",
    )
    reactions: Reactions = Field(
        Reactions(),
        title="Reactions",
        description="Emoji they put on other people's messages.",
    )
    proactive: TimedChance = Field(
        TimedChance(chance=0.3, cooldown_seconds=180),
        title="Joins in unasked",
        description="While others talk, though nobody spoke to them.",
    )
    ambient: TimedChance = Field(
        TimedChance(),
        title="Breaks a silence",
        description="When nobody has said anything for a while.",
    )


class ModelSettings(Sheet):
    """What the bot passes to the language model."""

    temperature: Annotated[float, Field(ge=0, le=2)] = Field(
        0.7,
        title="Temperature",
        description="How freely words are chosen: 0 is predictable, 2 is wild.",
    )
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        500,
        title="Longest reply (tokens)",
        description="Four tokens are about three words.",
    )
    top_p: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0,
        title="Top p",
        description="Below 1, unlikely words are never chosen. Change this or the"
        " temperature, seldom both.",
    )
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = Field(
        0.0,
        title="Frequency penalty",
        description="Above 0, words that were used already become rarer.",
    )
    extra: Tree = Field(
        {},
        title="Extra",
        description="Other settings of the model, passed on as they are.",
    )


class Rvc(Sheet):
    """Voice conversion."""

    enabled: bool = Field(False, title="On")
    model: Line = Field(
        "", title="Model", description="The name of a voice model that the bot has."
    )
    pitch_shift: Annotated[int, Field(ge=-12, le=12)] = Field(
        0,
        title="Pitch shift",
        description="In semitones, from 12 down to 12 up.",
    )


class VoiceProfile(Sheet):
    """How the character sounds; passed on to the bot."""

    kokoro_voice: Line = Field(
        "", title="Kokoro voice", description="For example: am_adam"
    )
    kokoro_speed: Annotated[float, Field(ge=0.5, le=2)] = Field(
        1.0, title="Kokoro speed", description="1 is normal, 2 twice as fast."
    )
    edge_voice: Line = Field(
        "", title="Edge voice", description="For example: en-US-GuyNeural"
    )
    edge_rate: Line = Field("", title="Edge rate", description="For example: -10%")
    edge_volume: Line = Field("", title="Edge volume", description="For example: +0%")
    rvc: Rvc = Field(
        Rvc(),
        title="Voice conversion (RVC)",
        description="Turns what was spoken into another voice.",
    )
    affection_multiplier: Annotated[float, Field(ge=0, le=10)] = Field(
        1.0,
        title="Affection multiplier",
        description="How strongly their feelings color the voice; 1 is normal.",
    )


class StagePersonality(Sheet):
    """What growth changes in who the character is."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(
        None, title="Temperature", description="Empty: as before."
    )
    formality: Line = Field("", title="Formality", description="For example: relaxed")
    verbosity: Line = Field("", title="Verbosity", description="For example: brief")
    tone: Line = Field("", title="Tone", description="For example: warmer")
    new_quirks: Texts = Field([], title="New quirks")
    remove_quirks: Texts = Field(
        [], title="Quirks that go", description="Written as they stand in the sheet."
    )
    opinion_changes: list[Opinion] = Field(
        [],
        title="Opinions that change",
        description="Each takes the place of what they thought of the same thing.",
        max_length=limits.LIST_ITEMS,
    )


class StageKnowledge(Sheet):
    """What growth changes in what the character knows."""

    add_expertise: Texts = Field([], title="Learns about")
    remove_expertise: Texts = Field([], title="Forgets about")
    add_interests: Terms = Field([], title="New interests")
    remove_interests: Terms = Field([], title="Interests that go")
    add_avoidances: Terms = Field([], title="New avoidances")
    remove_avoidances: Terms = Field([], title="Avoidances that go")


class StageChanges(Sheet):
    """Everything a growth stage changes."""

    personality: StagePersonality = Field(StagePersonality(), title="Personality")
    knowledge: StageKnowledge = Field(StageKnowledge(), title="Knowledge")
    behavior: Tree = Field(
        {},
        title="Behavior",
        description="Values put into “Behavior”, under the names it has in JSON.",
    )


class EvolutionStage(Sheet):
    """A count of interactions, and what changes when it is passed."""

    milestone: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        title="Interactions", description="The count at which it is reached."
    )
    title: Line = Field("", title="Title", description="For example: Trusts you")
    description: Text = Field(
        "", title="Description", description="For people; not part of the prompt."
    )
    changes: StageChanges = Field(StageChanges(), title="Changes")


class CharacterSheet(Sheet):
    """All that is authored about a character; what a version copies.

    ``avatar`` names a stored picture by the SHA-256 of its bytes, or is empty;
    ``avatar_address`` is a remote address kept as text and never fetched.
    """

    display_name: Name = Field(
        title="Name",
        description="What people see; {{char}} becomes this, or the nickname.",
    )
    nickname: Annotated[Line, Field(max_length=limits.NAME_LENGTH)] = Field(
        "",
        title="Nickname",
        description="What {{char}} becomes, where it is not the name.",
    )
    aliases: Terms = Field(
        [],
        title="Also called",
        description="Other names that people use. A message with one of them is for"
        " this character.",
    )
    framework_id: Slug = Field(
        title="Framework",
        description="How they act, whoever they are: patterns, rules, tools, and the"
        " shape of the prompt.",
    )
    description: Text = Field(
        "",
        title="Description",
        description="Who they are, in your own words. It opens the prompt.",
    )
    identity: Identity = Field(Identity(), title="Identity")
    scenario: Text = Field(
        "",
        title="Scenario",
        description="Where they are and what is going on when somebody meets them.",
    )
    first_message: Text = Field(
        "",
        title="First message",
        description="How they open a conversation. {{user}} is whoever they talk to.",
    )
    alternate_greetings: Texts = Field(
        [],
        title="Other greetings",
        description="Other openings, for bots that vary them.",
    )
    example_messages: Text = Field(
        "",
        title="Example messages",
        description="A few exchanges that show how they talk. Models copy these more"
        " closely than any description.",
    )
    knowledge_domain: KnowledgeDomain = Field(KnowledgeDomain(), title="Knowledge")
    rag: RagFilter = Field(RagFilter(), title="Knowledge base")
    opinions: list[Opinion] = Field(
        [],
        title="Opinions",
        description="What they love, hate or value, and what for.",
        max_length=limits.LIST_ITEMS,
    )
    voice_and_tone: list[Trait] = Field(
        [],
        title="Voice and tone",
        description="How they sound, by occasion.",
        max_length=limits.LIST_ITEMS,
    )
    quirks: list[QuirkGroup] = Field(
        [],
        title="Quirks",
        description="Habits, catchphrases and other peculiarities, by kind.",
        max_length=limits.LIST_ITEMS,
    )
    topic_interests: Terms = Field(
        [],
        title="Interests",
        description="Words that draw them into a conversation. Only whole words count.",
    )
    topic_avoidances: Terms = Field(
        [],
        title="Avoids",
        description="Words that keep them out of one, unless they are called by name.",
    )
    system_prompt_override: SystemPromptOverride = Field(
        SystemPromptOverride(),
        title="System prompt override",
        description="Text that joins the compiled prompt, or takes its place.",
    )
    post_history: Text = Field(
        "",
        title="Text after the conversation",
        description="Sent after all messages, right before the answer: what stands"
        " here is heeded most.",
    )
    evolution_stages: list[EvolutionStage] = Field(
        [],
        title="Growth stages",
        description="The other fields stay as they are; each stage is laid over them.",
        max_length=100,
    )
    activity_preferences: ActivityPreferences = Field(
        ActivityPreferences(), title="Activity preferences"
    )
    framework_blending: FrameworkBlending = Field(
        FrameworkBlending(),
        title="Framework blending",
        description="Other frameworks that join in, by kind of conversation.",
    )
    behavior: BehaviorPolicy = Field(BehaviorPolicy(), title="Behavior")
    model: ModelSettings = Field(ModelSettings(), title="Model settings")
    voice: VoiceProfile = Field(VoiceProfile(), title="Voice")
    routing_weight: Annotated[float, Field(ge=0, le=1_000)] = Field(
        1.0,
        title="Weight",
        description="How often they win where several fit: 2 is twice as often as 1,"
        " and 0 is never.",
    )
    avatar: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{64})?$")] = Field(
        "", title="Picture"
    )
    avatar_address: Line = Field(
        "",
        title="Picture address",
        description="Kept as text and never fetched; upload a picture to show one.",
    )
    tags: Terms = Field(
        [],
        title="Tags",
        description="For finding them in lists; not part of the prompt.",
    )
    creator: Line = Field("", title="Creator", description="Who wrote the card.")
    character_version: Line = Field(
        "", title="Creator's version", description="As the creator counts them."
    )
    creator_notes: Text = Field(
        "",
        title="Creator's notes",
        description="For people who use the card; not part of the prompt.",
    )
    lorebooks: Annotated[
        list[Slug],
        AfterValidator(_without_repeats),
        Field(max_length=limits.LIST_ITEMS),
    ] = Field(
        [],
        title="Lorebooks",
        description="Background knowledge that enters a prompt when it is spoken of.",
    )
    extensions: Tree = Field(
        {},
        title="Extensions",
        description="All else that came with a card, kept for when it is exported.",
    )

    @property
    def called(self) -> str:
        """What ``{{char}}`` becomes; source: Card V3, ``nickname``."""
        return self.nickname or self.display_name

    @property
    def names(self) -> list[str]:
        """Every name, the display name first."""
        nicknames = [self.nickname] if self.nickname else []
        return [self.display_name, *nicknames, *self.aliases]

    @model_validator(mode="after")
    def _one_stage_per_milestone(self) -> Self:
        milestones = [stage.milestone for stage in self.evolution_stages]
        if len(milestones) != len(set(milestones)):
            raise ValueError("Give each growth stage its own number of interactions.")
        return self


class ToolRequirements(Sheet):
    """Tools the bot must, or may, offer to the model."""

    required: Terms = Field(
        [], title="Required", description="Names of tools the bot must have."
    )
    optional: Terms = Field(
        [], title="Optional", description="Names of tools it offers if it has them."
    )


class FrameworkSheet(Sheet):
    """All that is authored about a framework; what its version copies."""

    name: Name = Field(title="Name", description="What people choose it by.")
    purpose: Text = Field(
        "", title="Purpose", description="What it is for, in a sentence or two."
    )
    description: Text = Field(
        "",
        title="Description",
        description="Whom it suits; not part of the prompt.",
    )
    behavioral_patterns: Tree = Field(
        {},
        title="Behavioral patterns",
        description="What they do by habit, as names and values of any kind.",
    )
    tool_requirements: ToolRequirements = Field(ToolRequirements(), title="Tools")
    decision_making: Tree = Field(
        {},
        title="Decision making",
        description="How they weigh what to do or say.",
    )
    context_requirements: Tree = Field(
        {},
        title="Needs to know",
        description="What the bot should send along; not part of the prompt.",
    )
    interaction_style: Tree = Field(
        {},
        title="Interaction style",
        description="How they treat whoever they talk to.",
    )
    anti_hallucination: Tree = Field(
        {},
        title="Staying truthful",
        description="Rules against making things up.",
    )
    prompt_template: Text = Field("", title="Prompt template")
    extensions: Tree = Field(
        {},
        title="Extensions",
        description="All else that came with an imported file.",
    )
