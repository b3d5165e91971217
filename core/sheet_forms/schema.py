"""Shapes for any annotation, by the JSON schema that pydantic makes of it."""

from collections.abc import Mapping
from typing import Any, Final

from core import limits
from core.sheet_forms.leaves import (
    ChoiceShape,
    FlagShape,
    JsonShape,
    NumberShape,
    TermsShape,
    TextShape,
)
from core.sheet_forms.nesting import GroupShape, Part, RowsShape
from core.sheet_forms.shapes import Shape
from core.sheet_forms.trees import TreeShape

Schema = Mapping[str, Any]
# Models that hold themselves end in raw JSON at this depth.
MAX_DEPTH: Final = 12


def shape_of(schema: Schema, /, *, root: Schema, depth: int = 0) -> Shape:
    """The controls for ``schema``; ``root`` holds the ``$defs`` it refers to.

    A text with a greatest length or a pattern is one line, any other many; a
    list of one-line texts is terms. What has no controls of its own is JSON.
    """
    schema = resolve(schema, root=root)
    if depth > MAX_DEPTH:
        return JsonShape()
    nullable = _without_null(schema)
    if nullable is not None:
        return _nullable(nullable, root=root, depth=depth)
    if choices := _choices(schema):
        return ChoiceShape(tuple((str(c), c, _label(c)) for c in choices))
    match schema.get("type"):
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return FlagShape()
        case "array" if "items" in schema:
            return _list(schema, root=root, depth=depth)
        case "object" if "properties" in schema:
            return _group(schema, root=root, depth=depth)
        case "object" if _is_any(schema.get("additionalProperties"), root=root):
            return TreeShape()
    return JsonShape()


def resolve(schema: Schema, /, *, root: Schema) -> Schema:
    """``schema`` with what its ``$ref`` names; its own words win."""
    if "$ref" not in schema:
        return schema
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}}


def help_of(schema: Schema, /, *, root: Schema) -> str:
    """A field's description; a model without one is described by its docstring."""
    if "description" in schema:
        return str(schema["description"])
    full = resolve(schema, root=root)
    if full.get("type") != "object":
        return ""
    first, *_ = str(full.get("description", "")).split("\n\n")
    return " ".join(first.split()).replace("``", "")


def label_of(schema: Schema, /, *, key: str) -> str:
    """A field's title; pydantic leaves it out where a model is called the same."""
    return str(schema.get("title") or key.replace("_", " ").capitalize())


def _without_null(schema: Schema) -> Schema | None:
    options: list[Schema] | None = schema.get("anyOf")
    if not options or {"type": "null"} not in options or len(options) != 2:
        return None
    return next(option for option in options if option != {"type": "null"})


def _nullable(schema: Schema, *, root: Schema, depth: int) -> Shape:
    match shape_of(schema, root=root, depth=depth):
        case NumberShape() as shape:
            return _number(resolve(schema, root=root), is_nullable=True)
        case TextShape() as shape:
            return TextShape(shape.is_one_line, shape.max_length, is_nullable=True)
        case FlagShape():
            return ChoiceShape(
                (("", None, "Not set"), ("true", True, "Yes"), ("false", False, "No"))
            )
        case ChoiceShape() as shape:
            return ChoiceShape((("", None, "Not set"), *shape.options))
    return JsonShape()


def _choices(schema: Schema) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    return list(schema.get("enum", []))


def _label(choice: Any) -> str:
    words = str(choice).replace("_", " ")
    return words[:1].upper() + words[1:]


def _text(schema: Schema) -> TextShape:
    length = schema.get("maxLength", limits.LINE_LENGTH + 1)
    return TextShape(
        is_one_line="pattern" in schema or length <= limits.LINE_LENGTH,
        max_length=schema.get("maxLength"),
        min_length=schema.get("minLength", 0),
    )


def _number(schema: Schema, *, is_nullable: bool = False) -> NumberShape:
    excludes_low, excludes_high = (
        "exclusiveMinimum" in schema,
        "exclusiveMaximum" in schema,
    )
    return NumberShape(
        is_whole=schema["type"] == "integer",
        low=schema.get("exclusiveMinimum", schema.get("minimum")),
        high=schema.get("exclusiveMaximum", schema.get("maximum")),
        excludes_low=excludes_low,
        excludes_high=excludes_high,
        step_size=schema.get("multipleOf"),
        is_nullable=is_nullable,
    )


def _list(schema: Schema, *, root: Schema, depth: int) -> Shape:
    item = shape_of(schema["items"], root=root, depth=depth + 1)
    if isinstance(item, TextShape) and item.is_one_line and not item.is_nullable:
        return TermsShape(item.max_length, schema.get("maxItems"))
    return RowsShape(item, schema.get("maxItems"))


def _group(schema: Schema, *, root: Schema, depth: int) -> GroupShape:
    required = set(schema.get("required", ()))
    return GroupShape(
        tuple(
            Part(
                key=key,
                label=label_of(field, key=key),
                help=help_of(field, root=root),
                shape=shape_of(field, root=root, depth=depth + 1),
                is_required=key in required,
                default=field.get("default"),
            )
            for key, field in schema["properties"].items()
        )
    )


def _is_any(schema: Any, *, root: Schema) -> bool:
    """Whether values of any JSON kind are allowed."""
    return schema is True or (
        isinstance(schema, dict) and not resolve(schema, root=root)
    )
