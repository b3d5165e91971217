"""What others wrote and we serve is what its manifest says."""

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
HASHES = {path: digest for each in MANIFEST for path, digest in each["sha256"].items()}


def test_every_file_is_listed():
    files = {
        path.relative_to(VENDOR).as_posix()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert files == set(HASHES)


@pytest.mark.parametrize("path", HASHES)
def test_a_file_is_the_listed_one(path):
    digest = hashlib.sha256((VENDOR / path).read_bytes()).hexdigest()

    assert digest == HASHES[path]


@pytest.mark.parametrize("each", MANIFEST, ids=lambda each: each["name"])
def test_a_library_tells_its_version_and_brings_its_licence(each):
    assert each["version"]
    assert each["license"] == "MIT"
    assert f"{each['name']}/LICENSE" in each["sha256"]


@pytest.mark.parametrize("path", [p for p in HASHES if p.endswith((".js", ".css"))])
def test_nothing_points_to_a_source_map_that_is_not_there(path):
    assert "sourceMappingURL" not in (VENDOR / path).read_text(encoding="utf-8")
