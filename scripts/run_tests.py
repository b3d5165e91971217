"""Run every test that this machine can run, and say what was left out and why.

With ``REQUIRE_ALL=1`` leaving something out is a failure, as in CI.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get(
    "TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    "",
)
CORES = min(os.cpu_count() or 1, 4)
# One more than there are cores, since much of the time goes into waiting.
WORKERS = str(CORES + 1)
BROWSERS = str(CORES)
# Rules over plain values, and their tests, which know of no database.
RULES = tuple(f"--cov={path.relative_to(ROOT)}" for path in ROOT.glob("*/domain"))
RULE_TESTS = tuple(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/*/domain"))
LEFT_OUT = "without tests of pure rules and random data, and with own databases"


def missing_services() -> str:
    """Why the suite cannot run on Postgres and Redis; empty if it can."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        return "Postgres cannot be reached (TEST_DATABASE_URL)"
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        return "Redis cannot be reached (TEST_REDIS_URL)"
    return ""


def pytest(*arguments: str, **environment: str) -> bool:
    """Whether the tests passed.

    Many of them wait for other processes, threads and browsers, for which a busy
    machine may have no time: what failed is tried once more, and named as "RERUN".
    """
    command = [sys.executable, "-m", "pytest", "-q", "--reruns", "1", "-rR", *arguments]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", str(ROOT)),
        "LANG": "C.UTF-8",
        "CHROMIUM": CHROMIUM,
        "SCREENSHOTS": os.environ.get("SCREENSHOTS", ""),
        **environment,
    }
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0  # noqa: S603


def pure_rules() -> bool:
    """Whether examples alone take every branch: what is drawn varies from run to run.

    The rest is not measured, for it takes twice the time; ``COVERAGE=1`` does.
    """
    return pytest(
        *("-n", WORKERS, *RULE_TESTS, "-m", "example", *RULES),
        *("--cov-branch", "--cov-report=term-missing", "--cov-fail-under=100"),
    )


def on_sqlite() -> bool:
    """Whether the tests passed that need no service; the examples have run before."""
    measured = ("--cov", "--cov-report=") if os.environ.get("COVERAGE") == "1" else ()
    chosen = () if measured else ("-m", "not example")
    passed = pytest("-n", WORKERS, "--ignore=tests/browser", *chosen, *measured)
    if measured:
        print("== Coverage of everything, in percent of lines and branches", flush=True)
        report = [sys.executable, "-m", "coverage", "report", "--format=total"]
        subprocess.run(report, cwd=ROOT, check=False)  # noqa: S603
    return passed


def on_postgres() -> bool:
    """Whether the tests passed whose outcome a database or a broker can change."""
    return pytest(
        *("-n", WORKERS, "--ignore=tests/browser"),
        *("-m", "(django_db or not hypothesis) and not own_database"),
        *(f"--ignore={path}" for path in RULE_TESTS),
        DATABASE_URL=POSTGRES,
        REDIS_URL=REDIS,
        CELERY_BROKER_URL=REDIS,
    )


def in_browser() -> bool:
    """Whether the tests passed, of which some measure time and run after the rest.

    Playwright leaves an event loop running, hence a run of its own. The tests of a
    file share a server, each file in the order in which it is written.
    """
    command = ("-p", "no:randomly", "tests/browser")
    beside = pytest(*command, "-n", BROWSERS, "--dist", "loadfile", "-m", "not alone")
    alone = pytest(*command, "-m", "alone")
    return beside and alone


def main() -> int:
    """Run all suites, print one line for each, fail if one failed."""
    no_services = missing_services()
    no_browser = "" if CHROMIUM else "no Chromium was found (CHROMIUM)"
    suites = [
        ("Every branch of the pure rules, by examples", "", pure_rules),
        ("SQLite", "", on_sqlite),
        (f"Postgres and Redis, {LEFT_OUT}", no_services, on_postgres),
        ("Browser", no_browser, in_browser),
    ]
    lines, failed = [], False
    for name, reason, run in suites:
        if reason:
            lines.append(f"skipped  {name}: {reason}")
            failed = failed or os.environ.get("REQUIRE_ALL") == "1"
            continue
        print(f"== {name}", flush=True)
        start = time.monotonic()
        passed = run()
        failed = failed or not passed
        state = "passed " if passed else "FAILED "
        lines.append(f"{state}  {name} ({time.monotonic() - start:.0f} s)")
    print("\n".join(["", *lines]))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
