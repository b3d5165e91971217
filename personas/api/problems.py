"""Problem codes of this app."""

from core.problems import declare

UNKNOWN_CHARACTER = declare(
    "unknown_character", status=404, title="There is no such character"
)
UNKNOWN_VERSION = declare(
    "unknown_version", status=404, title="There is no such version"
)
NOT_LABELLED = declare(
    "not_labelled", status=404, title="The character has no version with this label"
)
LABEL_AND_VERSION = declare(
    "label_and_version", status=400, title="Ask by label or by version, not both"
)
UNKNOWN_CONTEXT = declare(
    "unknown_context", status=422, title="There is no such kind of conversation"
)
CURSOR_EXPIRED = declare(
    "cursor_expired", status=410, title="The changes since then are not kept any more"
)
UNREADABLE_FILE = declare(
    "unreadable_file", status=422, title="The file cannot be read as a card"
)
UNKNOWN_IMPORT = declare(
    "unknown_import", status=404, title="There is no such import of yours"
)
NOT_READ = declare("not_read", status=409, title="The file has not been read yet")
ID_TAKEN = declare("id_taken", status=409, title="The id is or was another's")
NO_TARGET = declare(
    "no_target", status=409, title="There is nothing to replace or merge with"
)
ARCHIVED = declare("archived", status=409, title="It is archived")
CANNOT_BE_STORED = declare(
    "cannot_be_stored", status=422, title="The file's content cannot be stored"
)
NO_ORIGINAL = declare(
    "no_original", status=404, title="The character did not come from a file"
)
CANNOT_EXPORT = declare(
    "cannot_export", status=422, title="The form cannot hold the character"
)
