"""Addresses of this app."""

from django.urls import URLPattern, include, path

from relationships.views import (
    moment,
    page,
    pair,
    pair_acts,
    places,
    settings_tables,
    snapshot,
    table,
    timeline,
)

app_name = "relationships"

_PAIR = "relationships/<id:source>/<id:target>/"


def _table(slug: str) -> list[URLPattern]:
    """The addresses of one editable table."""
    views = settings_tables
    of = {"slug": slug}
    return [
        path("", views.table_list, of, name=f"{slug}-list"),
        path("new/", views.row_create, of, name=f"{slug}-create"),
        path("history/", views.table_history, of, name=f"{slug}-history"),
        path("put-back/", views.table_put_back, of, name=f"{slug}-put-back"),
        path("<slug:key>/edit/", views.row_edit, of, name=f"{slug}-edit"),
        path("<slug:key>/remove/", views.row_remove, of, name=f"{slug}-remove"),
    ]


urlpatterns = [
    path("relationship-kinds/", include(_table("kind"))),
    path("relationship-bands/", include(_table("band"))),
    path("relationship-words/", include(_table("trait-word"))),
    path("relationships/", page.page, name="page"),
    path("relationships/snapshot/", snapshot.snapshot, name="snapshot"),
    path("relationships/places/", places.place, name="places"),
    path("relationships/table.csv", table.table_csv, name="table-csv"),
    path("relationships/timeline/", timeline.timeline_rows, name="timeline"),
    path("relationships/newer/", moment.newer, name="newer"),
    path(f"{_PAIR}", pair.pair, name="pair"),
    path(f"{_PAIR}now/", pair.pair_now, name="pair-now"),
    path(f"{_PAIR}set/", pair_acts.pair_set, name="pair-set"),
    path(f"{_PAIR}reset/", pair_acts.pair_reset, name="pair-reset"),
    path(f"{_PAIR}topics/", pair_acts.pair_topics, name="pair-topics"),
    path(f"{_PAIR}undo/", pair_acts.pair_undo, name="pair-undo"),
]
