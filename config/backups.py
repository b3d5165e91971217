"""Backups: one consistent file while everything runs, and the way back."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import connection

from personas.domain.canonical import sheet_hash
from personas.models import Character, CharacterVersion, FrameworkVersion

_SECONDS = 3600


class BackupFailed(Exception):
    """What stood in the way, and what to do."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a restored database holds."""

    characters: int
    versions: int


def backup(path: Path) -> int:
    """Write the database to ``path``; its size in bytes.

    The file appears under its name only when it is complete.

    Raises:
        BackupFailed: there is a file already, or it could not be written or read back.
    """
    if path.exists():
        raise BackupFailed(f"{path} is there already. Choose another name.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        if connection.vendor == "sqlite":
            _copy_sqlite(Path(connection.settings_dict["NAME"]), target=partial)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", f"--file={partial}")
            _run("pg_restore", "--list", str(partial), is_local=True)
        partial.rename(path)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{path} cannot be written: {error}.") from error
    return path.stat().st_size


def restore(path: Path) -> None:
    """Read ``path`` into the configured database, which must be empty.

    Raises:
        BackupFailed: no such file, no backup, or the database holds something.
    """
    if not path.is_file():
        raise BackupFailed(f"There is no file {path}.")
    if connection.introspection.table_names():
        raise BackupFailed(
            "The database is not empty. Point DATABASE_URL at an empty one; nothing"
            " was changed."
        )
    connection.close()
    if connection.vendor == "sqlite":
        target = Path(connection.settings_dict["NAME"])
        try:
            _copy_sqlite(path, target=target)
        except sqlite3.Error as error:
            target.unlink(missing_ok=True)
            raise BackupFailed(f"{path} is no backup of ours: {error}.") from error
        return
    _run(
        "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(path)
    )


def verify() -> Verified:
    """Compare every version with the hash that it was saved with.

    Raises:
        BackupFailed: one differs; names it.
    """
    of_characters = CharacterVersion.objects.select_related("character")
    of_frameworks = FrameworkVersion.objects.select_related("framework")
    versions: Iterator[CharacterVersion | FrameworkVersion] = chain(
        of_characters.iterator(), of_frameworks.iterator()
    )
    for version in versions:
        if sheet_hash(version.to_sheet()) != version.inputs_hash:
            raise BackupFailed(f"{version} is not what was saved. Use another backup.")
    return Verified(
        characters=Character.objects.count(), versions=CharacterVersion.objects.count()
    )


def _copy_sqlite(source: Path, *, target: Path) -> None:
    """SQLite's own online backup: consistent although others write meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True)) as origin,
        closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy)
        [found] = copy.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _run(program: str, *arguments: str, is_local: bool = False) -> None:
    """Call one of Postgres' programs; the password goes by environment."""
    settings: dict[str, Any] = connection.settings_dict
    environment = {
        **os.environ,
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"] or 5432),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
    }
    command = [program, *arguments]
    if program == "pg_restore" and not is_local:
        command.append(f"--dbname={settings['NAME']}")
    try:
        subprocess.run(  # noqa: S603
            command,
            env={k: v for k, v in environment.items() if v},
            check=True,
            capture_output=True,
            timeout=_SECONDS,
        )
    except FileNotFoundError as error:
        raise BackupFailed(
            f"{program} is not installed; it comes with Postgres' client programs."
        ) from error
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode(errors="replace").strip()
        raise BackupFailed(f"{program}: {message}") from error
