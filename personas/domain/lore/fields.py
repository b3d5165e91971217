"""Which field of which kind of file is which field of a sheet.

What ``use_regex`` means: without it, or false, only a key written ``/like this/`` is
a pattern; true is the V3 rule, every key is one. An entry with a number in
``extensions.position`` is SillyTavern's, which writes true on all that it exports and
reads keys the first way: there it says nothing, and the sheet has None. It never
switches off ``is_constant``, as V3 would allow.

Source: ``reference/cards.md`` sections 1.1, 1.3 and 2.2.
"""

from dataclasses import replace
from typing import Any, Final

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.lore import fitting
from personas.domain.lore.sheets import (
    BookSheet,
    ChatRole,
    EntrySheet,
    Logic,
    Position,
)
from personas.domain.lore.spelling import EXTENSIONS, Flat, Form, Path
from personas.domain.lore.tables import (
    OMITTED,
    Place,
    Spell,
    Table,
    Values,
    if_said,
    row,
    typed_by,
)
from personas.domain.sheets import Sheet

LOGICS: Final = list(Logic)
POSITIONS: Final = list(Position)
ROLES: Final = list(ChatRole)
MATCHED: Final = {
    "matchPersonaDescription": "match_persona_description",
    "matchCharacterDescription": "match_character_description",
    "matchCharacterPersonality": "match_character_personality",
    "matchCharacterDepthPrompt": "match_character_depth_prompt",
    "matchScenario": "match_scenario",
    "matchCreatorNotes": "match_creator_notes",
}
"""SillyTavern's further texts to look through, in world info and in a card's
extensions; a sheet's extensions hold those that are true, named as in a card."""
IDS: Final[dict[Form, Path]] = {
    Form.WORLD_INFO: ("uid",),
    Form.CARD: ("id",),
}
SHOWN_AT: Final[dict[Form, Path]] = {
    Form.WORLD_INFO: ("displayIndex",),
    Form.CARD: (EXTENSIONS, "display_index"),
}

_TEXT: Final = coercing.text
_LINE: Final = coercing.line
_FLAG: Final = coercing.flag
_COUNT: Final = coercing.whole(low=0, high=1_000_000)
_ORDER: Final = coercing.whole(low=-1_000_000_000, high=1_000_000_000)
_PERCENT: Final = coercing.number(low=0, high=100)


def _turned(to: str) -> Spell:
    return lambda values: not values[to]


def _number_in(options: list[Any], to: str) -> Spell:
    return lambda values: options.index(values[to])


def _percent(values: Values) -> JsonValue:
    value: float = values["probability"]
    return int(value) if value.is_integer() else value


def _round(values: Values) -> JsonValue:
    value: int = values["delay_until_recursion"]
    return bool(value) if value < 2 else value


def _grouped(values: Values) -> JsonValue:
    return bool(values["use_group_scoring"])


def _side(values: Values) -> JsonValue:
    is_before = values["position"] == Position.BEFORE_CHARACTER
    return "before_char" if is_before else "after_char"


def _regex(values: Values) -> JsonValue:
    said: bool | None = values["use_regex"]
    return said if said is not None else any(map(fitting.is_pattern, values["keys"]))


def _filter(values: Values) -> Any:
    found = values["character_filter"]
    if not any(found.values()):
        return OMITTED
    return {
        "isExclude": found["is_exclude"],
        "names": found["names"],
        "tags": found["tags"],
    }


_SIDES: Final = {
    "before_char": Position.BEFORE_CHARACTER,
    "after_char": Position.AFTER_CHARACTER,
}

ENTRY_ROWS: Final = (
    row("keys", fitting.keys, world="key", card="keys"),
    row(
        "secondary_keys",
        fitting.keys,
        world="keysecondary",
        card="secondary_keys",
    ),
    row(
        "title",
        _TEXT,
        world="comment",
        card="comment",
        more=(Place(("name",), None),),
    ),
    row("content", _TEXT, world="content", card="content"),
    row("is_constant", _FLAG, world="constant", card="constant"),
    row("is_vectorized", _FLAG, world="vectorized", extension="vectorized"),
    row("is_selective", _FLAG, world="selective", card="selective"),
    row(
        "logic",
        fitting.numbered(Logic, words={}),
        world="selectiveLogic",
        extension="selectiveLogic",
        spell=_number_in(LOGICS, "logic"),
    ),
    row("order", _ORDER, world="order", card="insertion_order"),
    row(
        "is_enabled",
        fitting.turned,
        world="disable",
        spell=_turned("is_enabled"),
    ),
    row("is_enabled", _FLAG, card="enabled"),
    row(
        "position",
        fitting.numbered(Position, words=_SIDES),
        world="position",
        extension="position",
        spell=_number_in(POSITIONS, "position"),
        more=(Place(("position",), _side),),
    ),
    row("use_regex", _FLAG, more=(Place(("use_regex",), _regex),)),
    row(
        "priority",
        _ORDER,
        nullable=True,
        more=(Place(("priority",), if_said("priority")),),
    ),
    row(
        "case_sensitive",
        _FLAG,
        world="caseSensitive",
        extension="case_sensitive",
        nullable=True,
        more=(Place(("case_sensitive",), if_said("case_sensitive")),),
    ),
    row(
        "whole_words",
        _FLAG,
        world="matchWholeWords",
        extension="match_whole_words",
        nullable=True,
    ),
    row("scan_depth", _COUNT, world="scanDepth", extension="scan_depth", nullable=True),
    row(
        "probability",
        _PERCENT,
        world="probability",
        extension="probability",
        spell=_percent,
        nullable=True,
        more=(Place((EXTENSIONS, "risu_activationPercent"), None),),
    ),
    row("use_probability", _FLAG, world="useProbability", extension="useProbability"),
    row("depth", _COUNT, world="depth", extension="depth"),
    row(
        "role",
        fitting.numbered(ChatRole, words={}),
        world="role",
        extension="role",
        spell=_number_in(ROLES, "role"),
        nullable=True,
    ),
    row("outlet", _LINE, world="outletName", extension="outlet_name", nullable=True),
    row("ignore_budget", _FLAG, world="ignoreBudget", extension="ignore_budget"),
    row(
        "exclude_recursion",
        _FLAG,
        world="excludeRecursion",
        extension="exclude_recursion",
    ),
    row(
        "prevent_recursion",
        _FLAG,
        world="preventRecursion",
        extension="prevent_recursion",
    ),
    row(
        "delay_until_recursion",
        fitting.round_of_looking,
        world="delayUntilRecursion",
        extension="delay_until_recursion",
        spell=_round,
        nullable=True,
    ),
    row("group", _LINE, world="group", extension="group", nullable=True),
    row(
        "group_weight",
        _COUNT,
        world="groupWeight",
        extension="group_weight",
        nullable=True,
    ),
    row("group_override", _FLAG, world="groupOverride", extension="group_override"),
    row(
        "use_group_scoring",
        fitting.true_or_unsaid,
        world="useGroupScoring",
        nullable=True,
        more=(Place((EXTENSIONS, "use_group_scoring"), _grouped),),
    ),
    row("sticky", _COUNT, world="sticky", extension="sticky", nullable=True),
    row("cooldown", _COUNT, world="cooldown", extension="cooldown", nullable=True),
    row("delay", _COUNT, world="delay", extension="delay", nullable=True),
    row(
        "character_filter",
        fitting.character_filter,
        world="characterFilter",
        extension="character_filter",
        spell=_filter,
        nullable=True,
    ),
    row(
        "triggers", fitting.lines, world="triggers", extension="triggers", nullable=True
    ),
    row(
        "automation_id",
        _LINE,
        world="automationId",
        extension="automation_id",
        nullable=True,
    ),
)

_BOOK_ROWS: Final = tuple(
    row(to, how, world=to, card=to, spell=if_said(to), nullable=True)
    for to, how in (
        ("name", fitting.book_name),
        ("description", _TEXT),
        ("scan_depth", _COUNT),
        ("token_budget", _COUNT),
        ("recursive_scanning", _FLAG),
    )
)


_CHANCES: Final = (
    ("probability",),
    (EXTENSIONS, "probability"),
    (EXTENSIONS, "risu_activationPercent"),
)
_CHANCES_USED: Final = (("useProbability",), (EXTENSIONS, "useProbability"))


def _entry_aside(flat: Flat, form: Form) -> dict[Path, str]:
    """Fields that SillyTavern writes where they say nothing."""
    aside: dict[Path, str] = {}
    position = flat.get((EXTENSIONS, "position"))
    if form is Form.CARD and type(position) is int:
        aside[("use_regex",)] = (
            "SillyTavern writes it on every entry; only keys written /like this/ are"
            " patterns."
        )
    if all(flat.get(path) is None for path in _CHANCES):
        aside |= dict.fromkeys(_CHANCES_USED, "There is no chance to use.")
    return aside


def _nothing_aside(flat: Flat, form: Form) -> dict[Path, str]:
    """Books have no such field."""
    return {}


def _defaults(sheet: Sheet) -> dict[str, Any]:
    return sheet.model_dump(exclude={"origin"})


_ENTRY: Final = _defaults(EntrySheet())

ENTRIES: Final = Table(
    EntrySheet,
    ENTRY_ROWS,
    {
        # Cards say so where it counts; world info had it on before it said so.
        Form.WORLD_INFO: _ENTRY,
        Form.CARD: {**_ENTRY, "is_selective": False},
    },
    _entry_aside,
    MATCHED,
    frozenset({*IDS.values(), *SHOWN_AT.values()}),
    None,
    typed_by(ENTRY_ROWS),
)
BOOKS: Final = Table(
    BookSheet,
    _BOOK_ROWS,
    dict.fromkeys(Form, _defaults(BookSheet(name="-"))),
    _nothing_aside,
    {},
    frozenset(),
    ("entries",),
    typed_by(_BOOK_ROWS),
)


def books_named(name: str) -> Table:
    """The table of books, for one that is called ``name`` if its file says nothing."""
    named = {**BOOKS.defaults[Form.CARD], "name": name}
    return replace(BOOKS, defaults=dict.fromkeys(Form, named))
