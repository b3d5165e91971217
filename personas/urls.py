"""Addresses of this app."""

from django.urls import (
    URLPattern,
    URLResolver,
    include,
    path,
    register_converter,
)
from django.urls.converters import StringConverter

from core import limits
from personas.views import (
    characters,
    contexts,
    duplicating,
    editor,
    editor_diff,
    editor_history,
    editor_preview,
    editor_saving,
    editor_test,
    export_cards,
    finding,
    framework_publish,
    framework_reach,
    framework_runs,
    frameworks,
    home,
    import_batch,
    import_items,
    import_list,
    lorebook_entries,
    lorebook_entries_acts,
    lorebook_entries_form,
    lorebook_history,
    lorebook_list,
    lorebook_publish,
    lorebook_settings,
    lorebook_test,
    mixer,
    pictures,
    publications,
    publish,
    reviews,
    samples,
    saved_filters,
    table,
    table_import,
    versions,
)


class DigestConverter(StringConverter):
    """The SHA-256 of a picture, in hex."""

    regex = "[0-9a-f]{64}"


class IdConverter(StringConverter):
    """An id of a character or framework."""

    regex = f"[a-z0-9_-]{{1,{limits.SLUG_LENGTH}}}"


class NumberConverter:
    """A version's number, small enough for any database."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(DigestConverter, "digest")
register_converter(IdConverter, "id")
register_converter(NumberConverter, "number")

_character = [
    path("", characters.character_detail, name="character-detail"),
    path("state/", characters.character_state, name="character-state"),
    path("draft/", characters.character_draft, name="character-draft"),
    path("preview/", characters.character_preview, name="character-preview"),
    path("edit/", editor.character_edit, name="character-edit"),
    path(
        "edit/preview/",
        editor_preview.character_edit_preview,
        name="character-edit-preview",
    ),
    path("edit/save/", editor_saving.character_save, name="character-edit-save"),
    path("edit/merge/", editor_saving.character_merge, name="character-edit-merge"),
    path("edit/test/", editor_test.character_edit_test, name="character-edit-test"),
    path(
        "edit/test/<slug:token>/",
        editor_test.character_edit_test_run,
        name="character-edit-test-run",
    ),
    path(
        "edit/test/<slug:token>/stop/",
        editor_test.character_edit_test_stop,
        name="character-edit-test-stop",
    ),
    path("samples/", samples.sample_list, name="sample-list"),
    path("samples/<number:pk>/", samples.sample_detail, name="sample-detail"),
    path("samples/<number:pk>/rename/", samples.sample_rename, name="sample-rename"),
    path("samples/<number:pk>/archive/", samples.sample_archive, name="sample-archive"),
    path("edit/diff/", editor_diff.character_edit_diff, name="character-edit-diff"),
    path(
        "edit/history/",
        editor_history.character_edit_history,
        name="character-edit-history",
    ),
    path("review/", reviews.character_review, name="character-review"),
    path(
        "review/<number:pk>/withdraw/",
        reviews.review_withdraw,
        name="review-withdraw",
    ),
    path(
        "review/<number:pk>/send-back/",
        reviews.review_send_back,
        name="review-send-back",
    ),
    path("mixer/", mixer.character_mixer, name="character-mixer"),
    path(
        "mixer/preview/", mixer.character_mixer_preview, name="character-mixer-preview"
    ),
    path("switch/", characters.character_switch, name="character-switch"),
    path("archive/", characters.character_archive, name="character-archive"),
    path("duplicate/", duplicating.character_duplicate, name="character-duplicate"),
    path("export/", export_cards.character_export, name="character-export"),
    path("versions/<number:number>/", versions.version_detail, name="version-detail"),
    path(
        "versions/<number:number>/restore/",
        versions.version_restore,
        name="version-restore",
    ),
    path(
        "versions/<number:number>/label/", versions.version_label, name="version-label"
    ),
]
_framework = [
    path("", frameworks.framework_detail, name="framework-detail"),
    path("state/", frameworks.framework_state, name="framework-state"),
    path("edit/", editor.framework_edit, name="framework-edit"),
    path(
        "edit/preview/",
        editor_preview.framework_edit_preview,
        name="framework-edit-preview",
    ),
    path("edit/save/", editor_saving.framework_save, name="framework-edit-save"),
    path("edit/merge/", editor_saving.framework_merge, name="framework-edit-merge"),
    path("edit/diff/", editor_diff.framework_edit_diff, name="framework-edit-diff"),
    path(
        "edit/history/",
        editor_history.framework_edit_history,
        name="framework-edit-history",
    ),
    path("publish/", framework_publish.framework_publish, name="framework-publish"),
    path("publish/reach/", framework_reach.framework_reach, name="framework-reach"),
    path(
        "publish/difference/",
        framework_reach.framework_difference,
        name="framework-difference",
    ),
    path("runs/<number:pk>/", framework_runs.framework_run, name="framework-run"),
    path(
        "runs/<number:pk>/state/",
        framework_runs.framework_run_state,
        name="framework-run-state",
    ),
    path(
        "runs/<number:pk>/cancel/",
        framework_runs.framework_run_cancel,
        name="framework-run-cancel",
    ),
    path("archive/", frameworks.framework_archive, name="framework-archive"),
    path("duplicate/", duplicating.framework_duplicate, name="framework-duplicate"),
    path(
        "versions/<number:number>/",
        frameworks.framework_version,
        name="framework-version",
    ),
    path(
        "versions/<number:number>/restore/",
        frameworks.framework_restore,
        name="framework-restore",
    ),
]
_import = [
    path("", import_batch.import_detail, name="import-detail"),
    path("progress/", import_batch.import_progress, name="import-progress"),
    path("commit/", import_batch.import_commit, name="import-commit"),
    path("close/", import_batch.import_close, name="import-close"),
    path("forget/", import_batch.import_discard, name="import-discard"),
    path("report.csv", import_batch.import_report, {"form": "csv"}, name="import-csv"),
    path(
        "report.json", import_batch.import_report, {"form": "json"}, name="import-json"
    ),
    path("files/<number:item_pk>/", import_items.import_item, name="import-item"),
    path(
        "files/<number:item_pk>/prompt/",
        import_items.import_preview,
        name="import-preview",
    ),
    path(
        "files/<number:item_pk>/picture.png",
        import_items.import_picture,
        name="import-picture",
    ),
]
_contexts = [
    path("", contexts.context_list, name="context-list"),
    path("new/", contexts.context_create, name="context-create"),
    path("test/", contexts.context_test, name="context-test"),
    path("history/", contexts.context_history, name="context-history"),
    path("put-back/", contexts.context_put_back, name="context-put-back"),
    path("<id:context_id>/edit/", contexts.context_edit, name="context-edit"),
    path("<id:context_id>/remove/", contexts.context_remove, name="context-remove"),
]
_lorebook = [
    path("", lorebook_entries.lorebook_entries, name="lorebook-entries"),
    path("archive/", lorebook_list.lorebook_archive, name="lorebook-archive"),
    path(
        "entries/rows/",
        lorebook_entries.lorebook_entries_rows,
        name="lorebook-entries-rows",
    ),
    path(
        "entries/ids/",
        lorebook_entries.lorebook_entries_ids,
        name="lorebook-entries-ids",
    ),
    path(
        "entries/act/",
        lorebook_entries_acts.lorebook_entries_act,
        name="lorebook-entries-act",
    ),
    path(
        "entries/undo/<number:number>/",
        lorebook_entries_acts.lorebook_entries_undo,
        name="lorebook-entries-undo",
    ),
    path(
        "entries/new/",
        lorebook_entries_form.lore_entry_create,
        name="lore-entry-create",
    ),
    path(
        "entries/check/",
        lorebook_entries_form.lore_entry_check,
        name="lore-entry-check",
    ),
    path(
        "entries/<uuid:entry_id>/", lorebook_entries_form.lore_entry, name="lore-entry"
    ),
    path("test/", lorebook_test.lorebook_test, name="lorebook-test"),
    path("test/save/", lorebook_test.lorebook_test_save, name="lorebook-test-save"),
    path("settings/", lorebook_settings.lorebook_settings, name="lorebook-settings"),
    path(
        "settings/characters/",
        lorebook_settings.lorebook_characters,
        name="lorebook-characters",
    ),
    path(
        "export/<slug:form>/",
        lorebook_settings.lorebook_export,
        name="lorebook-export",
    ),
    path("publish/", lorebook_publish.lorebook_publish, name="lorebook-publish"),
    path(
        "publish/undo/<number:number>/<number:before>/",
        lorebook_publish.lorebook_publish_undo,
        name="lorebook-publish-undo",
    ),
    path("history/", lorebook_history.lorebook_history, name="lorebook-history"),
    path(
        "history/<number:number>/",
        lorebook_history.lorebook_version,
        name="lorebook-version",
    ),
    path(
        "history/<number:number>/roll-back/",
        lorebook_history.lorebook_roll_back,
        name="lorebook-roll-back",
    ),
    path(
        "history/<number:number>/restore/",
        lorebook_history.lorebook_restore,
        name="lorebook-restore",
    ),
]
_pages: list[URLPattern | URLResolver] = [
    path("home/needs/", home.home_needs, name="home-needs"),
    path("home/cast/", home.home_cast, name="home-cast"),
    path("home/recent/", home.home_recent, name="home-recent"),
    # Not below characters/, where every name may be an id.
    path("table/", table.character_table, name="character-table"),
    path("table/csv/", table.character_table_csv, name="character-table-csv"),
    path(
        "table/import/",
        table_import.character_table_import,
        name="character-table-import",
    ),
    path("filters/", saved_filters.filter_keep, name="filter-keep"),
    path(
        "filters/<number:pk>/rename/",
        saved_filters.filter_rename,
        name="filter-rename",
    ),
    path(
        "filters/<number:pk>/delete/",
        saved_filters.filter_delete,
        name="filter-delete",
    ),
    path("find/", finding.find, name="find"),
    path("characters/<id:character_id>/", include(_character)),
    path("frameworks/<id:framework_id>/", include(_framework)),
    path("import/", import_list.import_list, name="import-list"),
    path("import/upload/", import_list.import_upload, name="import-upload"),
    path("import/<number:pk>/", include(_import)),
    path("export/", export_cards.export_many, name="export-many"),
    path("contexts/", include(_contexts)),
    path("lorebooks/", lorebook_list.lorebook_list, name="lorebook-list"),
    # Not below lorebooks/, where every name may be an id.
    path("lorebook-rows/", lorebook_list.lorebook_list_rows, name="lorebook-list-rows"),
    path("lorebook-new/", lorebook_list.lorebook_create, name="lorebook-create"),
    path("lorebooks/<id:book_id>/", include(_lorebook)),
    path("publish/", publish.publish, name="publish"),
    path("publications/", publications.publication_list, name="publication-list"),
    path(
        "publications/<number:pk>/",
        publications.publication_detail,
        name="publication-detail",
    ),
    path(
        "publications/<number:pk>/undo/",
        publications.publication_undo,
        name="publication-undo",
    ),
    path("schedule/", publications.schedule_list, name="schedule-list"),
    path(
        "schedule/<number:pk>/cancel/",
        publications.schedule_cancel,
        name="schedule-cancel",
    ),
    path("pictures/<digest:digest>.png", pictures.picture, name="picture"),
]

# Home has no namespace: sign-in and the brand lead to it by its plain name.
urlpatterns = [
    path("", home.home, name="home"),
    path("", include((_pages, "personas"))),
]
