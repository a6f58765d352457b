"""Launchers that are killed, and disks that fail: nobody rings twice, no row is lost."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ledger_faults import faults, launch, numbers
from ledger_world import CAMPAIGN, people, reservation
from mounts import PRIVATE, needs_mounts

from dialform.errors import LedgerError
from dialform.launcher.ledger import Ledger

SCRIPT = Path(__file__).with_name("ledger_faults.py")


def run(name: str, *arguments: object, mounts: bool = False) -> Any:
    words = [sys.executable, str(SCRIPT), name, *map(str, arguments)]
    done = subprocess.run(
        [*(PRIVATE if mounts else []), *words], capture_output=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def started(place: str) -> subprocess.Popen[str]:
    """A launcher in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "launch", place], stdout=subprocess.PIPE, text=True
    )


def campaign(place: str, count: int) -> None:
    with closing(Ledger(place)) as ledger:
        ledger.open_campaign(CAMPAIGN, people(*numbers(count)))


def test_a_launcher_that_is_killed_at_any_moment_rings_nobody_twice(tmp_path: Path) -> None:
    """After each line that it says, which is before and after each transition, and in between."""
    path = str(tmp_path / "ledger.db")
    count = 80
    campaign(path, count)
    chance = random.Random(4)  # noqa: S311 - the same at each run
    called: list[str] = []
    for after in range(12):
        process = started(path)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        if chance.random() < 0.5:
            lines.append(process.stdout.readline())
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
        process.wait()
        process.stdout.close()
        # Of a line that was cut by the kill nobody knows more than of one that was not begun.
        said = [line.strip() for line in lines if line.endswith("\n")]
        called += [line.split(maxsplit=1)[1] for line in said if line.startswith("rings")]
        assert faults(path, called, count) == []
    called += launch(path, say=False)
    assert faults(path, called, count) == []
    with closing(Ledger(path)) as ledger:
        counts = ledger.counts("c1")
        assert set(counts) <= {"live", "unknown"}
        unknown = {f"{one.person} {one.attempt}" for one in ledger.unknown("c1")}
    assert counts.get("unknown", 0) == len(unknown) > 0
    assert {f"{one} 1" for one in numbers(count)} == set(called) | unknown


def test_processes_share_a_campaign(place: str) -> None:
    """In a file as in a server: each person is called by one of them, once."""
    count = 60
    campaign(place, count)
    processes = [started(place) for _ in range(3)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    called = [line for text in said for line in text.splitlines() if line.startswith("rings")]
    assert sorted(called) == [f"rings {one} 1" for one in numbers(count)]
    with closing(Ledger(place)) as ledger:
        assert ledger.counts("c1") == {"live": count}
        assert {one.state for one in ledger.find(limit=None)} == {"accepted"}


def test_a_limit_at_any_size_loses_nothing(tmp_path: Path) -> None:
    done = run("small_files", tmp_path, 30)
    assert done["faults"] == []
    assert "nothing was sent" in done["errors"][0]
    assert "" in done["errors"], "the last limits are not reached"
    assert any("outcome is not on record" in error for error in done["errors"])


@needs_mounts
def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    done = run("full_disk", tmp_path, mounts=True)
    assert done["faults"] == []
    assert "the disk is full: make room" in done["error"]


def test_a_read_only_ledger_is_an_error_and_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(Ledger(path)) as ledger:
        ledger.reserve(reservation(once="k"), seconds=30)
    code = (
        "import os, sys\n"
        "import encodings.ascii, dialform.launcher.ledger.sqlite\n"
        "from dialform.errors import LedgerError\n"
        "from dialform.launcher.ledger import Ledger\n"
        "from ledger_world import reservation\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "ledger = Ledger(sys.argv[1])\n"
        "print(ledger.taken('dev', 'k').once)\n"
        "try: ledger.reserve(reservation(), seconds=30)\n"
        "except LedgerError as error: print(error)\n"
    )
    for above in (tmp_path, *list(tmp_path.parents)[:2]):  # pytest's own folders
        above.chmod(0o755)
    path.chmod(0o444)
    tmp_path.chmod(0o777)  # a reader of a WAL makes its index
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=SCRIPT.parent,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    key, error = done.stdout.splitlines()
    assert key == "k"
    assert "it is read-only: give this user the right to write it; nothing was sent" in error


def test_a_damaged_ledger_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(Ledger(path)) as ledger:
        ledger.reserve(reservation(once="k"), seconds=30)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LedgerError, match=r"damaged|malformed"), closing(Ledger(path)) as ledger:
        ledger.reserve(reservation(), seconds=30)
