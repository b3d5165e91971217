"""Many drafts changed cell by cell, row by row."""

import threading

import pytest
from django.db import connection

from core import limits
from core.sheet_forms.blueprint import Blueprint
from personas.domain.cells import COLUMNS
from personas.models import Character, Framework
from personas.services import drafts, tables
from personas.services.tables import Edit, Status, mark
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of

pytestmark = pytest.mark.django_db


def edit(character_id="ada", *, revision=1, started_from=None, line=0, **texts):
    paths = {name.replace("__", "."): text for name, text in texts.items()}
    marks = {p: mark(t) for p, t in (started_from or {}).items()}
    return Edit(character_id, revision, paths, started_from=marks, line=line)


def save(*edits):
    actor = make_person(username=f"p{Character.objects.count()}")
    return tables.save(tables.planned(edits), actor=actor, now=NOW)


def change(character_id="ada", **values):
    sheet = sheet_of(character_id)
    character = Character.objects.get(character_id=character_id)
    drafts.save_character(
        character_id=character_id,
        sheet=type(sheet).model_validate(sheet.model_dump(mode="json") | values),
        revision=character.revision,
        actor=None,
        now=NOW,
    )


def test_cells_are_saved_with_their_types():
    make_framework("caring")
    make_character("ada", tags=["x"])

    [row] = save(
        edit(
            display_name="Ada L.",
            tags='a, "b, c"',
            model__temperature="1",
            model__max_tokens="900",
            behavior__reply_mode="When addressed",
            framework_id="caring",
            description="Two\r\nlines",
        )
    )

    sheet = sheet_of("ada")
    assert row.status == Status.SAVED
    assert row.revision == 2
    assert sheet.display_name == "Ada L."
    assert sheet.tags == ["a", "b, c"]
    assert (sheet.model.temperature, sheet.model.max_tokens) == (1.0, 900)
    assert sheet.behavior.reply_mode == "when_addressed"
    assert sheet.framework_id == "caring"
    assert sheet.description == "Two\nlines"


def test_planning_writes_nothing():
    make_character("ada")

    [row] = tables.planned([edit(creator="Mia")])

    assert row.status == Status.CHANGED
    assert [(c.title, c.before, c.after) for c in row.changes] == [
        ("Creator", "", "Mia")
    ]
    assert sheet_of("ada").creator == ""


def test_cells_as_they_are_change_nothing_whatever_their_line_ends():
    make_character("ada", description="a\r\nb", routing_weight=2.0)

    [row] = save(edit(revision=99, description="a\nb", routing_weight="2"))

    assert row.status == Status.UNCHANGED
    assert Character.objects.get().revision == 1
    assert sheet_of("ada").description == "a\r\nb"


def test_another_spelling_of_the_same_value_changes_nothing():
    make_character("ada", tags=["a", "b"])

    [row] = save(edit(tags="a\nb\n", model__temperature="0.70"))

    assert row.status == Status.UNCHANGED
    assert Character.objects.get().revision == 1


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("display_name", "", "at least one visible"),
        ("display_name", "x" * 201, "200"),
        ("creator", "two\nlines", "one line"),
        ("model.temperature", "hot", "number"),
        ("model.temperature", "3", "between 0 and 2"),
        ("model.max_tokens", "1.5", "whole number"),
        ("routing_weight", "-1", "between 0 and 1,000"),
        ("behavior.reply_mode", "sometimes", "Choose"),
        ("framework_id", "nobody", "no framework"),
        ("tags", '"open', "quotation mark"),
        ("tags", "x" * 201, "200"),
        ("tags", ",".join(map(str, range(1001))), "1,000"),
        ("description", "x" * 262_145, "256 KiB"),
    ],
)
def test_a_wrong_value_is_told_at_its_cell_and_stops_no_other_row(path, text, words):
    make_character("ada")
    make_character("bea")

    wrong, fine = save(
        Edit("ada", 1, {path: text, "creator_notes": "kept"}),
        edit("bea", creator="Mia"),
    )

    assert wrong.status == Status.WRONG
    assert words in wrong.problems[path]
    assert wrong.texts[path] == text
    assert wrong.texts["creator_notes"] == "kept"
    assert fine.status == Status.SAVED
    assert sheet_of("ada").creator_notes == ""


def test_a_row_that_somebody_else_changed_in_the_same_cell_is_left_alone():
    make_character("ada", creator="Base")
    change(creator="Theirs")

    [row] = save(edit(creator="Mine", started_from={"creator": "Base"}))

    assert row.status == Status.STALE
    assert (row.current["creator"], row.texts["creator"]) == ("Theirs", "Mine")
    assert sheet_of("ada").creator == "Theirs"


def test_other_cells_of_a_row_that_somebody_else_changed_are_merged():
    make_character("ada", creator="Base", tags=["x"])
    change(creator="Theirs")
    started = {"creator": "Base", "tags": "x"}

    [row] = save(edit(creator="Base", tags="x, y", started_from=started))

    assert row.status == Status.SAVED
    sheet = sheet_of("ada")
    assert (sheet.creator, sheet.tags) == ("Theirs", ["x", "y"])


def test_a_file_that_is_older_than_the_draft_changes_nothing():
    make_character("ada", creator="Base")
    change(tags=["x"])

    [row] = save(edit(creator="Mine"))

    assert row.status == Status.STALE


def test_both_wanting_the_same_is_no_conflict():
    make_character("ada")
    change(creator="Same")

    [row] = save(edit(creator="Same", started_from={"creator": ""}))

    assert row.status == Status.UNCHANGED


def test_unknown_and_archived_rows_are_told():
    make_character("ada")
    Character.objects.update(archived_at=NOW)

    unknown, archived = save(edit("nobody", creator="x"), edit(creator="x"))

    assert (unknown.status, archived.status) == (Status.UNKNOWN, Status.ARCHIVED)


def test_an_archived_framework_may_stay_but_not_be_chosen():
    make_framework("gone")
    make_character("ada", framework_id="gone")
    make_character("bea")
    Framework.objects.filter(framework_id="gone").update(archived_at=NOW)

    stays, chosen = save(
        edit("ada", framework_id="gone", creator="x"), edit("bea", framework_id="gone")
    )

    assert stays.status == Status.SAVED
    assert chosen.status == Status.WRONG


def test_a_row_that_is_saved_between_planning_and_saving_is_planned_again():
    make_character("ada", creator="Base")
    make_character("bea", creator="Base")
    started = {"creator": "Base"}
    rows = tables.planned(
        [
            edit("ada", creator="Mine", started_from=started),
            edit("bea", creator="Mine", started_from=started),
        ]
    )
    change("ada", creator="Theirs")
    change("bea", tags=["x"])

    ada, bea = tables.save(rows, actor=make_person(), now=NOW)

    assert (ada.status, bea.status) == (Status.STALE, Status.SAVED)
    assert sheet_of("ada").creator == "Theirs"
    assert (sheet_of("bea").creator, sheet_of("bea").tags) == ("Mine", ["x"])


@pytest.mark.django_db(transaction=True)
def test_two_tables_saved_at_once_keep_what_both_wrote():
    make_character("ada", creator="", tags=[])
    person = make_person()
    results = {}
    barrier = threading.Barrier(2)

    def run(path, text):
        rows = tables.planned([Edit("ada", 1, {path: text}, {path: mark("")})])
        barrier.wait(10)
        try:
            [results[path]] = tables.save(rows, actor=person, now=NOW)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=each)
        for each in (("creator", "Mia"), ("tags", "x"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert {row.status for row in results.values()} == {Status.SAVED}
    sheet = sheet_of("ada")
    assert (sheet.creator, sheet.tags) == ("Mia", ["x"])


def test_planning_asks_the_same_number_of_queries(django_assert_max_num_queries):
    for at in range(12):
        make_character(f"c{at}", aliases=["x"])
    edits = [edit(f"c{at}", creator="x") for at in range(12)]

    # characters, aliases, stages, frameworks
    with django_assert_max_num_queries(4):
        tables.planned(edits)


def test_every_column_shows_and_takes_back_a_whole_sheet():
    make_character("ada", aliases=["a, b"], description="x\ny", tags=['"'])
    texts = tables.texts_of(sheet_of("ada"), paths=COLUMNS)

    [row] = tables.planned([Edit("ada", 1, texts)])

    assert row.status == Status.UNCHANGED


def test_a_cell_with_too_many_items_is_refused_before_each_is_judged(monkeypatch):
    make_character("ada")
    judged = []
    monkeypatch.setattr(Blueprint, "judge_value", lambda _, value: judged.append(value))

    [row] = tables.planned([edit(tags="x," * (limits.LIST_ITEMS + 1))])

    assert row.status == Status.WRONG
    assert row.problems["tags"] == "Keep at most 1,000 items; here are 1,001."
    assert judged == []
