"""``python -m benchmarks``: HTTP interfaces and prompt fetches, as ratios.

Every variant runs in every round, in shuffled order; medians over rounds of the
server's CPU per request, against a bare ASGI application in the same round. What else
is measured runs by itself: ``benchmarks.compiling``, ``.lore``, ``.reports``,
``.routing``.
"""

import http.client
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.load import ROOT, measure, running

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS", "2"))
SEED = 7
_MAKE_KEYS = """
from django.utils import timezone
from core import keys
for i in range(100):
    made = keys.create_key(
        name=f"bench {i}", scopes=["prompt:read"], actor=None, now=timezone.now()
    )
    print(made[1])
"""


def prepare(folder: Path) -> tuple[dict[str, str], list[str]]:
    """A database with the sample cast, and keys enough that none is limited."""
    url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'bench.sqlite3'}")
    environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "CRITICAL"}

    def manage(*arguments: str) -> str:
        result = subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return result.stdout

    manage("migrate", "-v0")
    cast = str(ROOT / "personas" / "sample_cast")
    manage("import_prompts", cast, "--publish", "-v0")
    return environment, manage("shell", "-v0", "-c", _MAKE_KEYS).split()


def entity_tag(port: int, *, path: str, headers: dict[str, str]) -> str:
    """The entity tag of the prompt."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.headers["ETag"] or ""


def main() -> None:
    """Measure and print a table."""
    path = "/api/v1/personas/pip/prompt"
    rng = random.Random(SEED)  # noqa: S311
    cpu: dict[str, list[float]] = defaultdict(list)
    rate: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        environment, keys = prepare(Path(folder))
        auth = [{"Authorization": f"Bearer {key}"} for key in keys]
        for _ in range(ROUNDS):
            apps = ["hello", "wsgi", "pooled", "stock"]
            rng.shuffle(apps)
            spent = {}
            for app in apps:
                with running(app, environment=environment) as (pid, port):
                    tag = entity_tag(port, path=path, headers=auth[0])
                    cases = {
                        f"{app} 200": auth,
                        f"{app} 304": [{**one, "If-None-Match": tag} for one in auth],
                        f"{app} 401": [{}],
                    }
                    for name, headers in cases.items():
                        for seconds in (0.5, SECONDS):  # The first warms up.
                            spent[name] = measure(
                                pid=pid,
                                port=port,
                                path=path,
                                headers=headers,
                                seconds=seconds,
                            )
            base = spent["hello 200"]
            for name, one in spent.items():
                cpu[name].append(base.cpu_us / one.cpu_us)
                rate[name].append(one.per_second / base.per_second)
    print(f"{'variant':12} {'R_cpu':>7} {'min':>7} {'max':>7} {'R_rps':>7}")
    for name, values in cpu.items():
        print(
            f"{name:12} {statistics.median(values):7.3f} {min(values):7.3f}"
            f" {max(values):7.3f} {statistics.median(rate[name]):7.3f}"
        )


if __name__ == "__main__":
    main()
