"""Pictures in forms: one that is sent becomes a stored one at once."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms.renderers import BaseRenderer
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString

from core import limits
from personas.services import pictures
from personas.views.shown import picture_url

FILE: Final = "-file"
REMOVE: Final = "-remove"
_DIGEST: Final = re.compile("[0-9a-f]{64}")


def _is_digest(text: str) -> None:
    if not _DIGEST.fullmatch(text):
        raise forms.ValidationError("This is no stored picture; upload it again.")


class PictureWidget(forms.Widget):
    """The picture there is, a box to remove it, and a place for another."""

    template_name = "personas/forms/_picture.html"
    needs_multipart_form = True
    use_fieldset = True

    def id_for_label(self, id_: str) -> str:
        return f"{id_}{FILE}"

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> str | None:
        return "" if data.get(name + REMOVE) else data.get(name)

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> bool:
        return name not in data

    def get_context(
        self, name: str, value: Any, attrs: dict[str, Any] | None
    ) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        digest = str(value or "")
        context["widget"] |= {
            "digest": digest,
            "url": picture_url(digest) if _DIGEST.fullmatch(digest) else "",
            "file_name": name + FILE,
            "remove_name": name + REMOVE,
            "most": limits.UPLOAD_BYTES // 1_000_000,
        }
        return context

    def _render(
        self,
        template_name: str,
        context: dict[str, Any],
        renderer: BaseRenderer | type[BaseRenderer] | None = None,
    ) -> SafeString:
        # The project's templates, whichever renderer forms are drawn with.
        return render_to_string(template_name, context)


class PictureField(forms.CharField):
    """The SHA-256 of a stored picture, or an empty text for none."""

    widget = PictureWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, validators=[_is_digest], **options)


def take_upload(
    data: QueryDict,
    files: "MultiValueDict[str, UploadedFile[bytes]]",
    *,
    name: str,
    now: datetime,
) -> tuple[QueryDict, str]:
    """Store the picture sent for the field ``name``, and put it into the form.

    Stored before anything is judged, so that a form which comes back for another
    reason keeps it. Returns the form's data, and what is wrong with the picture.
    """
    file = files.get(name + FILE)
    if file is None:
        return data, ""
    if (file.size or 0) > limits.UPLOAD_BYTES:
        return data, f"Choose a picture of at most {limits.UPLOAD_BYTES // 10**6} MB."
    try:
        digest = pictures.store(file.read(), now=now).digest
    except pictures.BadPicture as error:
        return data, str(error)
    data = data.copy()
    data[name] = digest
    data.pop(name + REMOVE, None)
    return data, ""
