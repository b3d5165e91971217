"""What forms of whole drafts share: every authored field as a control."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from django import forms
from django.forms import BoundField
from pydantic import ValidationError as SheetError
from pydantic.fields import FieldInfo

from core.models import User
from core.sheet_forms import SheetField, add_sheet_errors, sheet_fields
from personas.domain.dialects.coercing import slugified
from personas.domain.sheets import Sheet, Slug
from personas.forms import conflicts
from personas.forms.conflicts import Conflict
from personas.models import Character, Framework, LoreEntry
from personas.services import drafts

PICTURE: Final = "avatar"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form: its name in addresses, its words, its fields."""

    slug: str
    title: str
    names: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part with its controls."""

    part: Part
    fields: list[BoundField]

    @property
    def slug(self) -> str:
        return self.part.slug

    @property
    def title(self) -> str:
        return self.part.title

    @property
    def text(self) -> str:
        return self.part.text

    @property
    def anchor(self) -> str:
        return f"part-{self.part.slug}"

    @property
    def has_errors(self) -> bool:
        return any(field.errors for field in self.fields)


class SheetForm(forms.Form):
    """A whole draft, new or as it is at ``revision``.

    ``started_from`` marks the values that the person began with, so that a
    conflict can tell who changed what.
    """

    sheet_class: ClassVar[type[Sheet]]
    parts: ClassVar[tuple[Part, ...]]
    controls: ClassVar[Mapping[str, forms.Field]]

    revision = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)
    started_from = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        current: Character | Framework | LoreEntry | None,
        is_read_only: bool = False,
        is_stale: bool = False,
        picture_error: str = "",
    ) -> None:
        """``is_stale``: it was refused, because the draft is at another revision."""
        self.current = current
        self.is_stale = is_stale
        self.current_sheet = current.to_sheet() if current is not None else None
        self.picture_error = picture_error
        self.sheet: Sheet | None = None
        super().__init__(data, initial=self._initial(), label_suffix="")
        for name, field in self.controls.items():
            self.fields[name] = copy.deepcopy(field)
        if current is None:
            self.fields["object_id"] = self._id_field()
        for name in self.sheet_names:
            self.fields[name].disabled = is_read_only

    def _initial(self) -> dict[str, Any]:
        if self.current is None or self.current_sheet is None:
            return {}
        values = self.current_sheet.model_dump(mode="json")
        marks = conflicts.marks(self.current_sheet)
        return {**values, "revision": self.current.revision, "started_from": marks}

    def _id_field(self) -> forms.Field:
        info = FieldInfo(
            default=None,
            title="Id",
            description="Bots ask by it, and it can never be changed. Empty: made from"
            " the name.",
        )
        return SheetField(Slug | None, info=info)

    @property
    def sheet_names(self) -> list[str]:
        return [name for part in self.parts for name in part.names]

    def sections(self) -> Iterator[Section]:
        """The parts with their controls; the id of what is new stands in the first."""
        for at, part in enumerate(self.parts):
            fields = [self[name] for name in part.names]
            if at == 0 and "object_id" in self.fields:
                fields.insert(1, self["object_id"])
            yield Section(part, fields)

    # -- Reading ---------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Put the sheet together; ``sheet`` holds it if nothing is wrong."""
        cleaned = super().clean() or self.cleaned_data
        if self.picture_error:
            self.add_error("avatar", self.picture_error)
        self._take_theirs(cleaned)
        if not self.errors:
            try:
                self.sheet = self.sheet_class.model_validate(self._values(cleaned))
            except SheetError as error:
                self._add_sheet_errors(error, values=self._values(cleaned))
        return cleaned

    def _values(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        return {name: cleaned[name] for name in self.sheet_names}

    def _take_theirs(self, cleaned: dict[str, Any]) -> None:
        """Where the person chose so, what is stored counts instead of the controls."""
        if self.current_sheet is None:
            return
        stored = self.current_sheet.model_dump(mode="json")
        for name, whose in conflicts.choices(self.data).items():
            if whose == conflicts.THEIRS and name in stored:
                cleaned[name] = stored[name]
                self._errors.pop(name, None)  # type: ignore[attr-defined]

    def _add_sheet_errors(self, error: SheetError, *, values: dict[str, Any]) -> None:
        """Beside the field concerned; a rule of the whole sheet, beside whichever
        field keeps it when left as it was by default.
        """
        whole = [item for item in error.errors() if not item["loc"]]
        if len(whole) == len(error.errors()):
            for name in self.sheet_names:
                others = {n: v for n, v in values.items() if n != name}
                if self._is_sheet(others):
                    self.add_error(name, str(whole[0]["ctx"]["error"]))
                    return
        add_sheet_errors(self, error=error)

    def _is_sheet(self, values: Mapping[str, Any]) -> bool:
        try:
            self.sheet_class.model_validate(values)
        except SheetError:
            return False
        return True

    # -- Saving ----------------------------------------------------------------------

    def save(self, *, actor: User, now: datetime) -> Character | Framework | None:
        """Save the draft; ``None`` if it was refused, and why is in ``errors``.

        Raises:
            drafts.StaleRevision: somebody saved in between.
        """
        try:
            if self.current is None:
                return self._create(actor=actor, now=now)
            return self._update(actor=actor, now=now)
        except drafts.IdTaken as error:
            self.add_error("object_id", str(error))
        except drafts.UnknownFramework as error:
            self.add_error("framework_id", str(error))
        except drafts.UnknownPicture as error:
            self.add_error("avatar", str(error))
        except drafts.Archived as error:
            self.add_error(None, str(error))
        return None

    def _create(self, *, actor: User, now: datetime) -> Character | Framework | None:
        raise NotImplementedError

    def _update(self, *, actor: User, now: datetime) -> Character | Framework:
        raise NotImplementedError

    def new_id(self, *, name: str) -> str:
        """The id as typed, or made from the name; empty if that gives none."""
        given: str | None = self.cleaned_data["object_id"]
        if given:
            return given
        made = slugified(name)
        if not made:
            self.add_error("object_id", "Nothing of the name can be an id; write one.")
        return made

    # -- Conflicts -------------------------------------------------------------------

    def conflicts(self) -> list[Conflict]:
        """Fields that differ from what somebody else saved, with whose text counts.

        Told after a stale save, and again until that is settled.
        """
        is_open = self.is_stale or conflicts.choices(self.data)
        if self.current_sheet is None or not is_open:
            return []
        return conflicts.conflicts(
            self._typed(),
            theirs=self.current_sheet,
            started_from=conflicts.read_marks(self.data.get("started_from", "")),
            chosen=conflicts.choices(self.data),
            names=self.sheet_names,
        )

    def _typed(self) -> dict[str, Any]:
        """Field → value of its controls, where they can be read."""
        typed = {}
        for name in self.sheet_names:
            try:
                typed[name] = self.fields[name].clean(self[name].data)
            except forms.ValidationError:
                continue
        return typed


def controls_of(
    sheet_class: type[Sheet], own: Mapping[str, forms.Field]
) -> dict[str, forms.Field]:
    """Controls for all fields of a sheet: ``own``, and generated ones."""
    names = [name for name in sheet_class.model_fields if name not in own]
    return {**sheet_fields(sheet_class, names), **own}
