"""What a character's draft becomes by a file: worked out, nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from personas import policy
from personas.domain.contexts import by_id, names_of
from personas.domain.dialects import ParsedCharacter, UnreadableFile
from personas.domain.dialects.pieces import NO_FRAMEWORK
from personas.domain.filling import fill
from personas.domain.merging import Path, merge, term_paths
from personas.domain.remarks import Action, Remark
from personas.domain.sheets import CharacterSheet, FrameworkSheet, Sheet
from personas.models import Framework
from personas.services import pictures
from personas.services.import_books import Binding, binding_of
from personas.services.import_parsing import Incoming
from personas.services.import_private import with_private

_NOTHING = CharacterSheet(display_name="-", framework_id="none").model_dump(
    mode="json", exclude={"display_name", "framework_id"}
)
_NOTHING_FRAMEWORK = FrameworkSheet(name="-").model_dump(mode="json", exclude={"name"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A sheet to store; of its books those that are to be made are still missing.

    ``names_framework`` says whether the file does; ``upon`` gives the sheet that a
    draft becomes by it.
    """

    sheet: CharacterSheet
    binding: Binding
    remarks: tuple[Remark, ...]
    names_framework: bool

    def upon(
        self, *, framework_id: str, avatar: str, extensions: Mapping[str, Any]
    ) -> CharacterSheet:
        """The sheet, with what stays of a draft where the file says nothing of it.

        The arguments are the draft's own.
        """
        update = {
            "avatar": self.sheet.avatar or avatar,
            "extensions": with_private(self.sheet.extensions, draft=extensions),
        }
        if not self.names_framework:
            update["framework_id"] = framework_id
        return self.sheet.model_copy(update=update)


def planned(incoming: Incoming, *, current: CharacterSheet | None) -> Planned:
    """The file's character with a framework, a picture and books that are here.

    ``current`` is the draft that it takes the place of; what is private there stays.

    Raises:
        UnreadableFile: there is no framework at all, or the file holds no character.
    """
    content = incoming.card.content
    if not isinstance(content, ParsedCharacter):
        raise UnreadableFile("There is no character in this file.")
    remarks = list(incoming.remarks)
    names_framework = all(remark.detail != NO_FRAMEWORK for remark in remarks)
    sheet = _with_framework(content, current=current, remarks=remarks)
    sheet = _with_our_contexts(sheet, remarks=remarks)
    binding = binding_of(sheet, book=incoming.card.book)
    remarks += binding.remarks
    picture = incoming.picture
    avatar = pictures.digest_of(picture) if picture is not None else ""
    update = {"avatar": avatar, "lorebooks": list(binding.book_ids)}
    plan = Planned(
        sheet.model_copy(update=update), binding, tuple(remarks), names_framework
    )
    if current is None:
        return plan
    upon = plan.upon(
        framework_id=current.framework_id,
        avatar=current.avatar,
        extensions=current.extensions,
    )
    return replace(plan, sheet=upon)


def _with_framework(
    content: ParsedCharacter, *, current: CharacterSheet | None, remarks: list[Remark]
) -> CharacterSheet:
    sheet = content.sheet
    is_named = all(remark.detail != NO_FRAMEWORK for remark in remarks)
    rows = Framework.objects.active()
    if is_named and rows.filter(framework_id=sheet.framework_id).exists():
        return sheet
    chosen = policy.default_framework()
    if not is_named and current is not None:
        chosen = current.framework_id
    if chosen is None:
        raise UnreadableFile(
            f"There is no framework “{sheet.framework_id}”, nor any other."
            " Import a framework first."
        )
    if is_named:
        detail = f"There is no framework “{sheet.framework_id}”; “{chosen}” is used."
        remarks.append(Remark("framework_id", Action.REPAIRED, detail))
    elif chosen != sheet.framework_id:
        detail = f"No framework named; “{chosen}” is used."
        remarks[:] = [r for r in remarks if r.detail != NO_FRAMEWORK]
        remarks.append(Remark("framework_id", Action.MAPPED, detail))
    return sheet.model_copy(update={"framework_id": chosen})


def _with_our_contexts(
    sheet: CharacterSheet, *, remarks: list[Remark]
) -> CharacterSheet:
    """Kinds of conversation by our ids where the file uses an alias of one.

    Left alone, its weights would count only for bots that ask by that name, and
    never where the messages tell the kind.
    """
    blending = sheet.framework_blending
    found = by_id(blending.weights, names=names_of(policy.contexts()))
    remarks += [
        Remark(
            "framework_blending",
            Action.REPAIRED,
            f"“{name}” is called “{context}” here; bots may ask by both names.",
        )
        for name, context in found.names.items()
    ]
    remarks += [
        Remark(
            "framework_blending",
            Action.KEPT,
            f"“{name}” is called “{context}” here, which has weights already;"
            " these count for bots that ask by the old name.",
        )
        for name, context in found.kept.items()
    ]
    if not found.names:
        return sheet
    weights = blending.model_copy(update={"weights": list(found.weights)})
    return sheet.model_copy(update={"framework_blending": weights})


# -- Field by field ----------------------------------------------------------------


def merged_character(
    draft: CharacterSheet, *, theirs: CharacterSheet, base: CharacterSheet | None
) -> tuple[CharacterSheet, list[Remark]]:
    """The draft with what the file changed.

    ``base`` is what the file said when it was imported the last time: then what
    changed on one side counts, and the draft where both did. Without it, gaps of the
    draft are filled and lists united. Remarks tell where the draft stayed.

    Raises:
        UnreadableFile: the two together are more than a sheet may hold.
    """
    # Chosen here: what a file names is never better.
    kept = {"framework_id": draft.framework_id}
    found, remarks = _merged(
        draft,
        theirs=theirs.model_copy(update=kept),
        base=base.model_copy(update=kept) if base is not None else None,
        nothing=_NOTHING,
    )
    return CharacterSheet.model_validate(found), remarks


def merged_framework(
    draft: FrameworkSheet, *, theirs: FrameworkSheet
) -> tuple[FrameworkSheet, list[Remark]]:
    """As ``merged_character`` without a base."""
    found, remarks = _merged(
        draft, theirs=theirs, base=None, nothing=_NOTHING_FRAMEWORK
    )
    return FrameworkSheet.model_validate(found), remarks


def _merged(
    draft: Sheet, *, theirs: Sheet, base: Sheet | None, nothing: dict[str, Any]
) -> tuple[dict[str, Any], list[Remark]]:
    mine, other = draft.model_dump(mode="json"), theirs.model_dump(mode="json")
    places: list[Path]
    if base is None:
        filled = fill(mine, theirs=other, empty=nothing)
        value, places = filled.value, list(filled.differing)
    else:
        found = merge(
            base.model_dump(mode="json"),
            mine=mine,
            theirs=other,
            terms=term_paths(type(draft)),
        )
        value, places = found.value, [overlap.path for overlap in found.overlaps]
    try:
        type(draft).model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise UnreadableFile(
            f"Draft and file together cannot be stored ({where}: {first['msg']})."
            " Replace the draft instead, or edit it by hand."
        ) from error
    remarks = [
        Remark(
            ".".join(path),
            Action.KEPT,
            "The draft says something else, and stays as it is.",
        )
        for path in places
    ]
    return value, remarks
