"""What comes of mixing: a grid of keys and frameworks, and the prompt beside it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from personas.domain.blending import Blend, How, Merged, mix
from personas.domain.canonical import canonical_json
from personas.domain.compiling import PromptTooLong
from personas.domain.growing import BadStage
from personas.domain.sheets import CharacterSheet, FrameworkBlending, FrameworkSheet
from personas.models import Character
from personas.services import growing
from personas.services.blending import Ingredients, ingredients_for
from personas.services.publishing import compile_sheet
from personas.views.mixer_form import NEVER_PUBLISHED, Known, unknown
from personas.views.prompts import Prompt, compiled_prompt
from personas.views.shown import field_title, value_text

HOW_WORDS: Final[Mapping[How, str]] = {
    How.ONLY: "Only one has it",
    How.SAME: "All say the same",
    How.VOTE: "Won the vote",
    How.MEAN: "Averaged",
    How.LIST: "Merged, the best five",
    How.OBJECT: "Merged inside",
    How.FIRST: "Kinds differ, the heaviest wins",
}
_DEEPEST: Final = 4  # levels that static/css/mixer.css indents
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Part:
    """A value, or an item of a list; ``why_lost`` if it did not get in."""

    text: str
    why_lost: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one framework says; no parts if it says nothing."""

    framework: Known
    parts: tuple[Part, ...]
    is_in: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One key; those inside an object follow it, a level deeper."""

    key: str
    level: int
    cells: tuple[Cell, ...]
    result: str
    how: str


@dataclass(frozen=True, slots=True)
class Section:
    """One of the four sections that merge."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A framework that counts, with its share."""

    framework: Known
    share: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a kind of conversation gets.

    ``heads`` is empty if nothing is mixed: then the prompt is the plain one.
    ``left_out`` pairs frameworks with reasons; ``refusal`` says why there is no
    prompt; ``token_change`` is against the plain prompt.
    """

    title: str
    heads: tuple[Head, ...] = ()
    left_out: tuple[tuple[Known, str], ...] = ()
    sections: tuple[Section, ...] = ()
    prompt: Prompt | None = None
    token_change: int = 0
    refusal: str = ""


def result_of(
    sheet: CharacterSheet,
    *,
    character: Character,
    context: str,
    title: str,
    weights: Mapping[str, float] | None,
    known: Mapping[str, Known],
) -> Result:
    """Mix and compile for one kind; ``weights`` ``None``: the installation's.

    ``weights`` have a sum above zero. Nothing is saved.
    """
    version = character.framework.published
    if version is None:
        words = f"The framework “{character.framework}” was never published."
        return Result(title, refusal=f"{words} Publish the framework first.")
    mixing = sheet.model_copy(
        update={"framework_blending": _only(context, weights=weights)}
    )
    ingredients = ingredients_for(mixing, own=version)
    blend = ingredients.blends(own=sheet.framework_id).get(context)
    try:
        compiled = compile_sheet(
            sheet,
            character_id=character.character_id,
            framework=version.to_sheet(),
            blends={context: blend} if blend is not None else None,
            growth=growing.growth_of_one(character.pk),
        )
    except (PromptTooLong, BadStage) as error:
        return Result(title, refusal=str(error))
    prompt = compiled_prompt(compiled, context=context if blend else "")
    asked = ingredients.weights.get(context, {})
    return Result(
        title=title,
        heads=_heads(blend, known=known),
        left_out=_left_out(
            asked, published=ingredients.others, own=sheet.framework_id, known=known
        ),
        sections=_sections(blend, ingredients=ingredients, known=known),
        prompt=prompt,
        token_change=prompt.bar.total - compiled.tokens["total"],
    )


def _only(context: str, *, weights: Mapping[str, float] | None) -> FrameworkBlending:
    rows = [
        {"context": context, "framework_id": key, "weight": weight}
        for key, weight in (weights or {}).items()
    ]
    return FrameworkBlending.model_validate({"enabled": True, "weights": rows})


def _named(key: str, *, known: Mapping[str, Known]) -> Known:
    return known.get(key) or unknown(key)


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _heads(blend: Blend | None, *, known: Mapping[str, Known]) -> tuple[Head, ...]:
    if blend is None:
        return ()
    return tuple(
        Head(_named(key, known=known), _percent(share))
        for key, share in blend.weights.items()
    )


def _left_out(
    asked: Mapping[str, float],
    *,
    published: Collection[str],
    own: str,
    known: Mapping[str, Known],
) -> tuple[tuple[Known, str], ...]:
    dropped = mix(asked, known={*published, own}, own=own).dropped
    named = [(_named(key, known=known), reason) for key, reason in dropped.items()]
    return tuple(
        (
            framework,
            reason if framework.note != NEVER_PUBLISHED else f"{NEVER_PUBLISHED}.",
        )
        for framework, reason in named
    )


def _sections(
    blend: Blend | None, *, ingredients: Ingredients, known: Mapping[str, Known]
) -> tuple[Section, ...]:
    if blend is None:
        return ()
    versions = {key: ingredients.others[key] for key in blend.weights}
    sheets = {key: version.to_sheet() for key, version in versions.items()}
    named = [_named(key, known=known) for key in sheets]
    return tuple(
        Section(
            title=field_title(section, model=FrameworkSheet),
            lines=tuple(
                _lines(
                    keys,
                    objects={k: getattr(sheet, section) for k, sheet in sheets.items()},
                    named=named,
                    level=0,
                )
            ),
        )
        for section, keys in blend.report.items()
        if keys
    )


def _lines(
    keys: Mapping[str, Merged],
    *,
    objects: Mapping[str, Any],
    named: Sequence[Known],
    level: int,
) -> Iterator[Line]:
    """``objects`` maps framework id to where ``keys`` are looked up, or ABSENT."""
    for key, merged in keys.items():
        values = {
            framework_id: found.get(key, _ABSENT)
            if isinstance(found, dict)
            else _ABSENT
            for framework_id, found in objects.items()
        }
        is_object = merged.how == How.OBJECT
        yield Line(
            key=key,
            level=min(level, _DEEPEST),
            cells=tuple(
                Cell(
                    framework,
                    parts=()
                    if is_object
                    else _parts(
                        framework.framework_id,
                        values=values,
                        merged=merged,
                        named=named,
                    ),
                    is_in=framework.framework_id in merged.weights,
                )
                for framework in named
            ),
            result="" if is_object else _text(merged.value),
            how=HOW_WORDS[merged.how],
        )
        if is_object:
            yield from _lines(merged.keys, objects=values, named=named, level=level + 1)


def _parts(
    framework_id: str,
    *,
    values: Mapping[str, Any],
    merged: Merged,
    named: Sequence[Known],
) -> tuple[Part, ...]:
    value = values[framework_id]
    if value is _ABSENT:
        return ()
    lost = [each for each in merged.dropped if each.framework_id == framework_id]
    if merged.how != How.LIST:
        why = _with_names(lost[0].reason, merged=merged, named=named) if lost else ""
        return (Part(_text(value), why_lost=why),)
    reasons = {canonical_json(each.value): each.reason for each in lost}
    return tuple(
        Part(f"– {_text(item)}", why_lost=reasons.get(canonical_json(item), ""))
        for item in value
    ) or (Part(_text(value)),)


def _with_names(reason: str, *, merged: Merged, named: Sequence[Known]) -> str:
    """The reason for people; bots read the id of the framework that won."""
    for framework in named:
        key = framework.framework_id
        if key in merged.weights:
            reason = reason.replace(f": {key},", f": {framework.name},", 1)
    return reason


def _text(value: Any) -> str:
    """A value as people read it; what is empty says so."""
    match value:
        case None:
            return "nothing"
        case "":
            return "an empty text"
        case []:
            return "an empty list"
        case {} if not value:
            return "nothing inside"
        case _:
            return value_text(value)
