"""Forms of the pages; those of whole drafts are in ``personas.forms.drafts``."""

from personas.forms.pages import (
    LATER,
    NOW,
    OTHER,
    FrameworkPublishForm,
    LabelForm,
    NoteField,
    PublishForm,
    RevisionForm,
    TimeField,
)

__all__ = [
    "LATER",
    "NOW",
    "OTHER",
    "FrameworkPublishForm",
    "LabelForm",
    "NoteField",
    "PublishForm",
    "RevisionForm",
    "TimeField",
]
