"""Tables that the database itself refuses to change."""

import pytest
from django.db import IntegrityError, connection, migrations, transaction
from django.db.migrations.state import ProjectState

from core.append_only import append_only
from core.models import AuditEntry
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def _entry() -> AuditEntry:
    return AuditEntry.objects.create(
        at=NOW,
        actor_name="ana",
        action="test.done",
        object_type="page",
        object_id="1",
        object_name="one",
    )


def test_an_audit_entry_cannot_be_changed():
    entry = _entry()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(actor_name="bob")

    entry.refresh_from_db()
    assert entry.actor_name == "ana"


def test_an_audit_entry_cannot_be_deleted():
    _entry()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all()._raw_delete(using="default")

    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestOperation:
    """The migration operation, on a table of its own."""

    @pytest.fixture(autouse=True)
    def _table(self, transactional_db):
        self._do("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        self._do("INSERT INTO notes VALUES (1, 'first')")
        yield
        self._do("DROP TABLE notes")

    def _run(self, operation: migrations.RunPython, *, backwards: bool = False):
        apply = (
            operation.database_backwards if backwards else operation.database_forwards
        )
        state = ProjectState()
        with connection.schema_editor() as editor:
            apply("core", editor, state, state)

    def _do(self, sql: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

    def test_it_refuses_both(self):
        self._run(append_only("notes"))

        for sql in ("UPDATE notes SET text = 'other'", "DELETE FROM notes"):
            with pytest.raises(IntegrityError, match="notes is append-only"):
                self._do(sql)

    def test_rows_may_go_where_that_is_allowed(self):
        self._run(append_only("notes", allow_delete=True))

        with pytest.raises(IntegrityError):
            self._do("UPDATE notes SET text = 'other'")
        self._do("DELETE FROM notes")

    def test_applied_again_it_changes_nothing(self):
        self._run(append_only("notes"))
        self._run(append_only("notes"))

        with pytest.raises(IntegrityError):
            self._do("DELETE FROM notes")

    def test_reversed_it_lifts_the_refusal(self):
        self._run(append_only("notes"))
        self._run(append_only("notes"), backwards=True)

        self._do("UPDATE notes SET text = 'other'")
        self._do("DELETE FROM notes")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_transactional_test_leaves_no_entries_but_the_triggers(turn):
    """Run twice, so that one of them follows a flush."""
    assert not AuditEntry.objects.exists()
    entry = _entry()

    with pytest.raises(IntegrityError):
        entry.save()
