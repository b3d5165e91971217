"""Reading in a process of its own: limits, restarts, and no orphans."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from PIL import Image

from personas.domain.dialects.parsed import UnreadableFile
from personas.services import sandbox
from personas.services.reencoding import BadPicture
from personas.services.sandbox import Busy, Sandbox

CARD = json.dumps({"spec": "chara_card_v2", "data": {"name": "Ada"}}).encode()


@pytest.fixture
def hostile():
    """A sandbox whose jobs misbehave, with one second of patience."""
    box = Sandbox(module="tests.hostile_reader", wall_seconds=5.0, busy_seconds=0.2)
    yield box
    box.stop()


pytestmark = pytest.mark.own_database


def run(box: Sandbox, job: str, raw: bytes = b"", name: str = "x"):
    return box.run(job, raw, name=name, neighbour=lambda wanted: wanted.encode())


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int, *, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_one_process_is_kept_and_knows_no_secrets(hostile, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hush")

    raw, name, beside, pid, environment = run(hostile, "echo", b"bytes", "a.json")
    again = run(hostile, "echo")[3]

    assert (raw, name, beside) == (b"bytes", "a.json", b"beside.txt")
    assert pid == again == hostile.pid != os.getpid()
    assert "SECRET_KEY" not in environment
    assert "DATABASE_URL" not in environment


def test_refusal_of_a_reader_keeps_the_process(hostile):
    before = run(hostile, "echo")[3]

    with pytest.raises(UnreadableFile, match="Bad") as caught:
        run(hostile, "refuse")

    assert caught.value.pointer == "/data"
    assert run(hostile, "echo")[3] == before


def test_fault_of_ours_is_a_refusal_and_goes_to_the_log(hostile, capsys):
    with pytest.raises(UnreadableFile, match="server's log"):
        run(hostile, "fail")

    assert run(hostile, "echo")[0] == b""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_too_much_memory_is_named_and_the_next_file_is_read(hostile):
    with pytest.raises(UnreadableFile, match="more memory than a card may"):
        run(hostile, "eat", b"2000000000")

    assert run(hostile, "echo")[0] == b""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_too_much_computing_is_named_and_the_next_file_is_read(hostile):
    with pytest.raises(UnreadableFile, match="more time than a card may"):
        run(hostile, "spin")

    assert run(hostile, "echo")[0] == b""


def test_too_long_by_the_clock_is_named_and_the_next_file_is_read():
    box = Sandbox(module="tests.hostile_reader", wall_seconds=0.5)
    try:
        with pytest.raises(UnreadableFile, match="more time than a card may"):
            run(box, "sleep")

        assert box.pid is None
    finally:
        box.stop()


def test_sudden_death_is_named_and_the_next_file_is_read(hostile):
    before = run(hostile, "echo")[3]

    with pytest.raises(UnreadableFile, match="memory or time"):
        run(hostile, "die")

    assert run(hostile, "echo")[3] != before


def test_process_killed_while_it_waits_is_replaced(hostile):
    before = run(hostile, "echo")[3]
    os.kill(before, 9)
    hostile._process.wait()

    assert run(hostile, "echo")[3] != before


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_reader_writes_no_files(hostile, tmp_path):
    target = tmp_path / "out"

    with pytest.raises(UnreadableFile):
        run(hostile, "write", b"content", str(target))

    assert not target.exists() or target.read_bytes() == b""


def test_threads_take_turns_and_each_gets_its_own_answer():
    box = Sandbox(module="tests.hostile_reader")
    try:
        with ThreadPoolExecutor(8) as pool:
            wanted = [str(n).encode() * 1000 for n in range(40)]
            found = list(pool.map(lambda raw: run(box, "echo", raw)[0], wanted))
    finally:
        box.stop()

    assert found == wanted


def test_who_waits_too_long_for_others_is_told(hostile):
    run(hostile, "echo")

    def sleep() -> None:
        with pytest.raises(UnreadableFile):
            run(hostile, "sleep")

    other = threading.Thread(target=sleep)
    other.start()
    time.sleep(0.1)

    with pytest.raises(Busy, match="Try again"):
        run(hostile, "echo")

    other.join()


def test_stopping_ends_the_process_whatever_it_does(hostile):
    pid = run(hostile, "echo")[3]
    refused = []

    def sleep() -> None:
        with pytest.raises(UnreadableFile) as caught:
            run(hostile, "sleep")
        refused.append(str(caught.value))

    other = threading.Thread(target=sleep)
    other.start()
    time.sleep(0.2)
    hostile.stop()
    other.join()

    assert not is_alive(pid)
    assert refused == ["The server was stopped. Try again."]
    with pytest.raises(Busy, match="stopping"):
        run(hostile, "echo")


def test_reader_that_does_not_start_says_so():
    box = Sandbox(module="tests.there_is_no_such_module")

    with pytest.raises(RuntimeError, match="does not start"):
        run(box, "echo")


_PARENT = """
import os, sys, django
django.setup()
from personas.services import sandbox
sandbox.read_file(sys.argv[1].encode(), name="ada.json")
print(sandbox._sandbox.pid, flush=True)
end = sys.argv[2]
if end == "kill":
    os.kill(os.getpid(), 9)
if end == "interrupt":
    import signal
    # Whoever started the tests in the background may have it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)
if end == "fork":
    child = os.fork()
    if child == 0:
        card = sandbox.read_file(sys.argv[1].encode(), name="ada.json")
        print(card.content.sheet.display_name, sandbox._sandbox.pid, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    card = sandbox.read_file(sys.argv[1].encode(), name="ada.json")
    print(card.content.sheet.display_name, sandbox._sandbox.pid, flush=True)
"""


def parent(end: str) -> subprocess.CompletedProcess:
    """A process that reads a card, prints its reader's id and ends in some way."""
    return subprocess.run(
        [sys.executable, "-c", _PARENT, CARD.decode(), end],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("end", ["exit", "interrupt", "kill"])
def test_reader_ends_with_its_server_however_that_ends(end):
    found = parent(end)

    assert gone(int(found.stdout.split()[0])), found
    assert (found.returncode == 0) == (end == "exit")
    if end == "exit":
        assert found.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_copy_of_the_server_starts_a_reader_of_its_own():
    found = parent("fork")

    first, child, again = (line.split() for line in found.stdout.splitlines())
    assert child[0] == again[0] == "Ada"
    assert child[1] != first[0] == again[1]


# -- What is read ------------------------------------------------------------------


def test_card_is_read_with_the_texts_beside_it():
    legacy = {
        "name": "ada",
        "display_name": "Ada",
        "prompt_file": "ada.txt",
    }

    card = sandbox.read_file(CARD, name="ada.json")
    with_text = sandbox.read_file(
        json.dumps(legacy).encode(),
        name="ada.json",
        read_text=lambda name: b"Be brief." if name == "ada.txt" else None,
    )

    assert card.content.sheet.display_name == "Ada"
    assert "Be brief." in with_text.content.sheet.model_dump_json()


def test_what_is_no_card_is_refused_by_name():
    with pytest.raises(UnreadableFile, match="JSON"):
        sandbox.read_file(b"{", name="x.json")


def test_picture_is_decoded_there_and_bad_ones_are_refused():
    file = io.BytesIO()
    Image.new("RGB", (600, 300), "teal").save(file, "PNG")

    made = sandbox.reencoded(file.getvalue())

    assert (made.width, made.height) == (512, 256)
    with pytest.raises(BadPicture, match="PNG, JPEG"):
        sandbox.reencoded(b"none")
