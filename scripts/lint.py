"""Formatter, linters, types, layers, templates and locks; fails on any finding."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy", "config", "core", "personas", "relationships", "evolution", "routing"),
    ("lint-imports",),
    ("deptry", "."),
    ("djlint", "templates", "--lint", "--quiet"),
    ("python", "manage.py", "makemigrations", "--check", "--dry-run"),
    (
        *("python", "manage.py", "spectacular", "--validate", "--fail-on-warn"),
        *("--generator-class", "core.api.schema.Generator"),
        *("--format", "openapi-json", "--file", os.devnull),
    ),
)


def main() -> int:
    """Run all checks; how many failed."""
    failed = []
    for name, *arguments in CHECKS:
        line = " ".join([name, *arguments])
        print(f"== {line}", flush=True)
        command = [str(BIN / name), *arguments]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:  # noqa: S603
            failed.append(line)
    failed += [
        f"{path.name} holds an address"
        for path in sorted((ROOT / "locks").iterdir())
        if "://" in path.read_text(encoding="utf-8")
    ]
    for line in failed:
        print(f"FAILED  {line}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
