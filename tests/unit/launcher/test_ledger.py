"""The ledger: durable before it is sent, one call per key, never half or somebody else's."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dialform.errors import LedgerError
from dialform.launcher import liveness
from dialform.launcher.ledger import Ledger
from dialform.launcher.places import default_ledger
from dialform.launcher.records import Reservation


def reservation(once: str | None = "visit-1", environment: str = "dev") -> Reservation:
    return Reservation(
        environment=environment,
        preset="reminder",
        version=1,
        release=1,
        preset_digest="sha256:1",
        bound_digest="sha256:2",
        body_digest="sha256:3",
        workspace="https://api.vogent.ai/api",
        to="+14155550123",
        from_number_id=None,
        inputs="{}",
        withheld="[]",
        once=once,
    )


def run(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run ``code``, which can import this module, in a process with ``path`` as its argument."""
    return subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "ledger.db"


@pytest.mark.parametrize(
    ("state", "is_taken"),
    [
        ("accepted", True),
        ("unknown", True),
        ("rejected", False),
        ("deferred", False),
        ("not_sent", False),
    ],
)
def test_only_a_call_that_may_ring_takes_the_key(
    path: Path,
    state: str,
    is_taken: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    ledger = Ledger(path)
    record, ours = ledger.reserve(reservation(), seconds=30)
    assert ours
    assert record.pending()
    again, ours = ledger.reserve(reservation(), seconds=30)
    assert (again.id, ours) == (record.id, False)
    _, ours = ledger.reserve(reservation(environment="prod"), seconds=30)
    assert ours

    ledger.settle(record.id, state, dial_id="d", session_id="s", status=200, words="w")
    taken = ledger.taken("dev", "visit-1")
    assert (taken is not None) is is_taken
    assert taken is None or (taken.state, taken.dial_id, taken.words) == (state, "d", "w")
    assert taken is None or not taken.pending()
    _, ours = ledger.reserve(reservation(), seconds=30)
    assert ours is not is_taken
    ledger.close()


def test_without_a_key_every_call_is_its_own(path: Path) -> None:
    with closing(Ledger(path)) as ledger:
        records = [ledger.reserve(reservation(None), seconds=30)[0] for _ in range(3)]
    assert len({record.id for record in records}) == 3


def test_an_outcome_is_written_once(path: Path) -> None:
    with closing(Ledger(path)) as ledger:
        record, _ = ledger.reserve(reservation(), seconds=30)
        ledger.settle(record.id, "accepted", dial_id="d")
        ledger.settle(record.id, "rejected")
        taken = ledger.taken("dev", "visit-1")
    assert taken is not None
    assert taken.state == "accepted"


def test_it_is_the_users_own_file(path: Path) -> None:
    with closing(Ledger(path)) as ledger:
        ledger.reserve(reservation(), seconds=30)
        assert {one.name for one in path.parent.iterdir()} >= {"ledger.db"}
        for one in path.parent.iterdir():
            assert one.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_what_was_reserved_survives_the_process(path: Path) -> None:
    """It is on disk when `reserve` returns: a process that is killed then leaves it."""
    code = (
        "import os, sys, test_ledger as t\n"
        "t.Ledger(sys.argv[1]).reserve(t.reservation(), seconds=30)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = run(code, path)
    assert done.returncode == -9
    with closing(Ledger(path)) as ledger:
        record = ledger.taken("dev", "visit-1")
    assert record is not None
    assert record.state == "reserved"
    assert not record.pending()


def test_a_forked_process_opens_its_own(path: Path) -> None:
    """SQLite forbids the use of a parent's connection."""
    code = (
        "import os, sys, test_ledger as t\n"
        "ledger = t.Ledger(sys.argv[1])\n"
        "ledger.reserve(t.reservation('parent'), seconds=30)\n"
        "child = os.fork()\n"
        "ours = ledger.reserve(t.reservation('child'), seconds=30)[1]\n"
        "assert child == 0 or os.waitpid(child, 0)[1] == 0\n"
        "print(int(ours), flush=True)\n"
        "ledger.close()\n"
    )
    done = run(code, path)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["0", "1"]
    with closing(Ledger(path)) as ledger:
        assert ledger.taken("dev", "parent") is not None
        assert ledger.taken("dev", "child") is not None


def test_threads_and_connections_share_it(path: Path) -> None:
    """Many at once, over a file that is not there yet: each key is taken once."""
    ledgers = [Ledger(path) for _ in range(4)]

    def reserve(number: int) -> bool:
        return ledgers[number % 4].reserve(reservation(f"visit-{number // 8}"), seconds=30)[1]

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(reserve, range(160))) == 20
    for ledger in ledgers:
        ledger.close()


def test_a_newer_ledger_is_refused(path: Path) -> None:
    with closing(Ledger(path)) as ledger:
        ledger.reserve(reservation(), seconds=30)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"newer dialform .* nothing was sent; upgrade"):
        Ledger(path).reserve(reservation(), seconds=30)
    assert path.read_bytes() == before


def test_another_programs_file_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="another program's database"):
        Ledger(path).reserve(reservation(), seconds=30)
    assert path.read_bytes() == before
    path.write_text("my diary " * 200)
    with pytest.raises(LedgerError, match="it is not a ledger"):
        Ledger(path).reserve(reservation(), seconds=30)


def test_a_ledger_that_is_held_is_an_error_after_a_while(path: Path) -> None:
    with closing(Ledger(path, patience=0.1)) as ledger:
        record, _ = ledger.reserve(reservation(), seconds=30)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(
                LedgerError, match=r"another process has held it .* nothing was sent"
            ):
                ledger.reserve(reservation("visit-2"), seconds=30)
            with pytest.raises(LedgerError, match="outcome is not on record"):
                ledger.settle(record.id, "accepted")
            assert ledger.taken("dev", "visit-1") is not None


def test_a_full_disk_is_an_error(path: Path) -> None:
    """A limit on the size of files stands for the disk: what was there still reads."""
    code = (
        "import resource, sys, test_ledger as t\n"
        "ledger = t.Ledger(sys.argv[1])\n"
        "ledger.reserve(t.reservation('first'), seconds=30)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try:\n"
        "    for number in range(1000):\n"
        "        ledger.reserve(t.reservation(str(number)), seconds=30)\n"
        "except t.LedgerError as error:\n"
        "    print(error)\n"
    )
    done = run(code, path)
    assert done.returncode == 0, done.stderr
    assert "nothing was sent" in done.stdout
    with closing(Ledger(path)) as ledger:
        assert ledger.taken("dev", "first") is not None


@pytest.mark.parametrize("where", ["/dev/null/ledger.db", "/dev/full", "/proc/ledger.db"])
def test_a_place_that_takes_no_file_is_an_error(where: str) -> None:
    with pytest.raises(LedgerError, match=where):
        Ledger(where).reserve(reservation(), seconds=30)


def test_a_reservation_is_pending_while_its_process_may_settle_it(path: Path) -> None:
    with closing(Ledger(path)) as ledger:
        record, _ = ledger.reserve(reservation(), seconds=30)
    assert record.pending()
    assert not record._replace(deadline=time.time() - 1).pending()
    assert not record._replace(process=f"{os.getpid()}:another start").pending()
    assert record._replace(host="elsewhere", process="1:x").pending()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    theirs = f"{ended.pid}:{liveness._started(ended.pid)}"
    ended.wait()
    assert not liveness.is_alive(theirs)
    assert liveness.is_alive("not a process")


def test_default_ledgers(tmp_path: Path) -> None:
    """The variable, else the project's, else the user's."""
    assert default_ledger(tmp_path, {"DIALFORM_LEDGER": "x.db"}) == "x.db"
    assert default_ledger(tmp_path, {}).endswith(os.path.join("dialform", "ledger.db"))  # noqa: PTH118
    (tmp_path / "Pulumi.yaml").touch()
    assert default_ledger(tmp_path, {}) == str(tmp_path / ".dialform" / "ledger.db")
    assert default_ledger(None, {}) == default_ledger("/nonexistent", {})
