"""Backup, destruction, restore: on SQLite and on Postgres, by command."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(settings.BASE_DIR)


def manage(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def database(tmp_path):
    """The address of a database of the kind under test, and how to destroy it."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        path = tmp_path / "site.sqlite3"
        yield (
            f"sqlite:///{path}",
            lambda: [
                Path(f"{path}{suffix}").unlink(missing_ok=True)
                for suffix in ("", "-wal", "-shm")
            ],
        )
        return
    parts = connection.settings_dict
    server = (
        f"postgres://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}"
        f":{parts['PORT'] or 5432}"
    )
    name = f"dramatis_restore_{os.getpid()}"

    def make_anew():
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name}")

    make_anew()
    yield f"{server}/{name}", make_anew
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Seven processes, one after the other.
@pytest.mark.timeout(600)
def test_destroyed_database_comes_back_whole(database, tmp_path):
    url, destroy = database
    file = tmp_path / "one.backup"
    manage("migrate", "-v0", url=url).check_returncode()
    cast = ROOT / "personas" / "sample_cast"
    manage("import_prompts", str(cast), "--publish", url=url).check_returncode()
    before = manage("export_prompts", str(tmp_path / "before"), url=url)

    made = manage("backup", str(file), url=url)
    refused = manage("restore", str(file), url=url)
    destroy()
    restored = manage("restore", str(file), url=url)
    after = manage("export_prompts", str(tmp_path / "after"), url=url)

    assert made.returncode == before.returncode == after.returncode == 0, made.stderr
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    assert restored.returncode == 0, restored.stderr
    assert "10 characters, 10 versions" in restored.stdout
    assert _files(tmp_path / "before") == _files(tmp_path / "after")


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.json"))
    }


def test_file_that_is_no_backup_is_refused_and_leaves_nothing(database, tmp_path):
    url, _ = database
    file = tmp_path / "not.backup"
    file.write_bytes(b"This is not a backup, whatever its name says." * 100)

    result = manage("restore", str(file), url=url)

    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_backup_does_not_overwrite(database, tmp_path):
    url, _ = database
    file = tmp_path / "kept.backup"
    file.write_text("mine")
    manage("migrate", "-v0", url=url).check_returncode()

    result = manage("backup", str(file), url=url)

    assert result.returncode == 1
    assert file.read_text() == "mine"
