"""The widget that draws a blueprint's controls and reads them back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.widgets import Script
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core.sheet_forms import json_text
from core.sheet_forms.blueprint import JSON_MARK, JSON_TEXT, Blueprint, Reading, plain
from core.sheet_forms.leaves import NumberShape, TextShape
from core.sheet_forms.nodes import Node, Option, Place, Problem
from core.sheet_forms.words import messages

# What the widget sets itself, on the control or around it.
_OWN_ATTRS: Final = frozenset({"id", "name", "aria-describedby", "aria-invalid"})


Offer = Sequence[tuple[str, str]]
"""Values and the words for them, in the order in which people see them."""
EVERY: Final = "*"
"""Among offers: for controls of whatever name, as those of a list's rows have none."""


class SheetWidget(forms.Widget):
    """Controls for one annotation, with the whole value as JSON beside them.

    Names start with the field's own name (prefixes of forms and formsets
    included), so several stand in one form. Everything works without scripts.
    """

    template_name = "core/sheet_forms/widget.html"

    class Media:
        css = {"all": ["css/sheet-forms.css", "css/sheet-forms-rows.css"]}
        js = [Script("js/sheet-forms.js", type="module")]

    def __init__(
        self, *, blueprint: Blueprint, attrs: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(dict(attrs or {}))
        self.blueprint = blueprint
        self.label = blueprint.label
        self.offers: Callable[[], Mapping[str, Offer]] = dict
        """By the last part of a control's name, or ``EVERY`` for all others: what a
        text is chosen from. Asked for only when the controls are drawn."""

    @property
    def use_fieldset(self) -> bool:  # type: ignore[override]
        return self.blueprint.shape.is_group

    def id_for_label(self, id_: str) -> str:
        return "" if self.blueprint.shape.is_group else id_

    def use_required_attribute(self, initial: Any) -> bool:
        return isinstance(self.blueprint.shape, TextShape | NumberShape)

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> Reading:
        return self.blueprint.read(data, name=name)

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> bool:
        reading = self.blueprint.read(data, name=name)
        return reading == Reading()

    def get_context(
        self, name: str, value: Any, attrs: dict[str, Any] | None
    ) -> dict[str, Any]:
        """``value`` is a reading or a JSON value; ``None`` may mean the default."""
        merged = self.build_attrs(self.attrs, attrs or {})
        is_submitted = isinstance(value, Reading)
        reading = value if is_submitted else self.blueprint.fill(plain(value))
        problems = self.blueprint.judge(reading).problems if is_submitted else []
        context = super().get_context(name, None, attrs)
        context["widget"].update(
            node=self._node(reading, problems, name=name, attrs=merged),
            json=self._json(reading, problems, name=name, attrs=merged),
            label=self._label(merged),
            is_group=self.use_fieldset,
            is_disabled=bool(merged.get("disabled")),
            described_by=merged.get("aria-describedby", ""),
        )
        return context

    def _label(self, attrs: Mapping[str, Any]) -> str:
        return str(attrs.get("aria-label") or self.label)

    def _node(
        self,
        reading: Reading,
        problems: list[Problem],
        *,
        name: str,
        attrs: Mapping[str, Any],
    ) -> Node | None:
        filled = self.blueprint.shown(reading)
        if filled is None:
            return None
        shape = self.blueprint.shape
        place = Place(
            name=name,
            id=str(attrs.get("id") or f"id_{name}"),
            label=self._label(attrs),
            is_required=bool(attrs.get("required")),
            is_labelled_outside=not shape.has_json,
        )
        node = shape.node(filled, place=place)
        offers = self.offers()
        if offers:
            _offer(node, offers)
        node.described_by = str(attrs.get("aria-describedby", ""))
        node.is_marked = attrs.get("aria-invalid") == "true"
        if not shape.has_json:
            _add_attrs(node, attrs)
        if not reading.is_json:
            node.attach(problems)
        return node

    def _json(
        self,
        reading: Reading,
        problems: list[Problem],
        *,
        name: str,
        attrs: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        if not (self.blueprint.shape.has_json or reading.is_json):
            return None
        id_ = str(attrs.get("id") or f"id_{name}") + JSON_TEXT
        return {
            "name": name + JSON_TEXT,
            "mark_name": name + JSON_MARK,
            "id": id_,
            "help_id": f"{id_}.-help",
            "error_id": f"{id_}.-error",
            "text": self._json_text(reading),
            "is_on": reading.is_json,
            "problems": messages(problems) if reading.is_json else [],
        }

    def _json_text(self, reading: Reading) -> str:
        if reading.is_json:
            return reading.json_text or ""
        filled = self.blueprint.shown(reading)
        value = self.blueprint.shape.value(filled, loc=(), problems=[])
        return json_text.show(value)

    def _render(
        self,
        template_name: str,
        context: dict[str, Any],
        renderer: BaseRenderer | type[BaseRenderer] | None = None,
    ) -> SafeString:
        # The project's templates, whichever renderer forms are drawn with.
        return render_to_string(template_name, context)


def _add_attrs(node: Node, attrs: Mapping[str, Any]) -> None:
    """Put what the page asks for on the one control."""
    for key, value in attrs.items():
        if key in _OWN_ATTRS or value is False or value is None:
            continue
        node.attrs[key] = "" if value is True else str(value)


def _offer(node: Node, offers: Mapping[str, Offer]) -> None:
    """Let people choose by words where a text of one line names something.

    What is read and stored stays the text; one that is not offered is kept.
    """
    for inner in node.walk():
        offer = offers.get(str(inner.place.key), offers.get(EVERY))
        if offer is not None and inner.kind == "line":
            _make_select(inner, offer)
        if inner.spare is not None:
            _offer(inner.spare, offers)


def _make_select(node: Node, offer: Offer) -> None:
    first = [("", "Choose one")] if not node.text else []
    known = {value for value, _ in offer}
    kept = [(node.text, node.text)] if node.text and node.text not in known else []
    node.kind, node.means, node.attrs = "select", "choice", {}
    node.options = [
        Option(value, words, is_chosen=value == node.text, json=json.dumps(value))
        for value, words in [*first, *kept, *offer]
    ]
