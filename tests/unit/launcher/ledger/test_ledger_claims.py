"""A copy of a ledger, or one restored from a backup, dials nobody until a person has looked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from ledger_world import ANN, BEN, CAMPAIGN, NOW, attempt, people, reservation

from dialform.errors import Refused
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.alone import adopt, take_place
from dialform.launcher.ledger.mark import Mark
from dialform.registry import Claim, Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from postgres_server import PostgresServerProcess


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    one = Registry.open("registry", base=tmp_path)
    one.create_marker()
    return one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project" / "ledger.db"


@pytest.fixture
def mark(tmp_path: Path) -> Callable[[str], Mark]:
    """Marks in a folder of the test's own."""
    return lambda ledger: Mark(ledger, folder=str(tmp_path / "marks"))


@pytest.fixture
def unmarked(tmp_path: Path) -> Callable[[str], Mark]:
    """As on another machine, which has seen no ledger yet; each time it is asked."""
    folders = iter(range(1000))
    return lambda ledger: Mark(ledger, folder=str(tmp_path / "elsewhere" / str(next(folders))))


def dial(ledger: Ledger, to: str = ANN) -> None:
    record, _ = ledger.reserve(reservation(to=to), seconds=30)
    ledger.settle(record.id, "accepted", dial_id=f"d{record.id}")


def copy(path: Path, to: Path) -> Path:
    """A backup of a ledger that nobody has open."""
    to.parent.mkdir(exist_ok=True)
    shutil.copy(path, to)
    return to


def claims(registry: Registry, ledger: Ledger) -> list[Claim]:
    newest = registry.newest_claim(ledger.id)
    return [] if newest is None else [newest]


def test_a_ledger_claims_once(registry: Registry, path: Path, mark: Callable[[str], Mark]) -> None:
    """Its first dial writes a claim; another process, and another, write none."""
    for _ in range(3):
        with closing(Ledger(path)) as ledger:
            assert take_place(ledger, registry, now=NOW, mark=mark) is None
            dial(ledger)
            newest = registry.newest_claim(ledger.id)
            assert newest is not None
            assert (newest.seq, newest.dials, newest.place) == (1, 0, str(path.resolve()))
            assert newest.reason is None
    assert list(verify(registry)) == []


def test_a_campaign_claims_each_time(
    registry: Registry, path: Path, mark: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        for seq in (1, 2, 3):
            take_place(ledger, registry, now=NOW, campaign=True, mark=mark)
            newest = registry.newest_claim(ledger.id)
            assert newest is not None
            assert (newest.seq, newest.dials) == (seq, seq - 1)
            dial(ledger)
        take_place(ledger, registry, now=NOW, mark=mark)
        assert registry.newest_claim(ledger.id) == newest
    assert list(verify(registry)) == []


def test_processes_that_share_a_ledger_do_not_refuse_each_other(
    registry: Registry, path: Path, mark: Callable[[str], Mark]
) -> None:
    ledgers = [Ledger(path) for _ in range(8)]

    def work(ledger: Ledger) -> None:
        for _ in range(5):
            take_place(ledger, registry, now=NOW, campaign=True, mark=mark)
            ledger.reserve(reservation(), seconds=30)
            take_place(ledger, registry, now=NOW, mark=mark)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, ledgers))
    assert len(ledgers[0].find()) == 40
    for one in ledgers:
        one.close()
    assert list(verify(registry)) == []


def test_a_copy_of_the_folder_is_refused(
    registry: Registry, path: Path, unmarked: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=unmarked)
    clone = copy(path, path.parent.parent / "clone" / "ledger.db")
    with (
        closing(Ledger(clone)) as ledger,
        pytest.raises(Refused, match=r"copied or moved.*dialform ledger adopt --reason"),
    ):
        take_place(ledger, registry, now=NOW, mark=unmarked)
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=unmarked)


def test_a_copy_from_another_machine_is_refused(
    registry: Registry,
    path: Path,
    unmarked: Callable[[str], Mark],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=unmarked)
        monkeypatch.setenv("DIALFORM_HOST", "another")
        with pytest.raises(Refused, match="on another, and its claim 1"):
            take_place(ledger, registry, now=NOW, mark=unmarked)


def test_a_backup_from_before_the_last_claim_is_refused(
    registry: Registry, path: Path, unmarked: Callable[[str], Mark]
) -> None:
    """Also from before the first one, and also on a machine that has never seen it."""
    with closing(Ledger(path)) as ledger:
        dial(ledger)
    never = copy(path, path.with_name("never.db"))
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, campaign=True, mark=unmarked)
    once = copy(path, path.with_name("once.db"))
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, campaign=True, mark=unmarked)
    for backup in (never, once):
        shutil.copy(backup, path)
        with (
            closing(Ledger(path)) as ledger,
            pytest.raises(Refused, match=r"restored from a backup.*dialform ledger adopt"),
        ):
            take_place(ledger, registry, now=NOW, mark=unmarked)


def test_a_backup_from_within_a_session_is_refused_on_its_machine(
    registry: Registry, path: Path, mark: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=mark)
        dial(ledger)
    backup = copy(path, path.with_name("backup.db"))
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=mark)
        dial(ledger, BEN)
    shutil.copy(backup, path)
    with (
        closing(Ledger(path)) as ledger,
        pytest.raises(Refused, match="has 1 dials on record, and this machine has seen it with 2"),
    ):
        take_place(ledger, registry, now=NOW, mark=mark)


def test_adopting_ends_the_other_copy_and_pauses_campaigns(
    registry: Registry, path: Path, mark: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=mark)
        ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
        ledger.reserve(attempt(ANN), seconds=30)
    clone = copy(path, path.parent.parent / "clone" / "ledger.db")
    with closing(Ledger(clone)) as ledger:
        claim = adopt(ledger, registry, now=NOW, reason="the disk died", mark=mark)
        assert (claim.seq, claim.reason, claim.dials) == (2, "the disk died", 1)
        assert registry.newest_claim(ledger.id) == claim
        take_place(ledger, registry, now=NOW, mark=mark)
        take_place(ledger, registry, now=NOW, campaign=True, mark=mark)
        assert ledger.counts("c1") == {"planned": 1, "unknown": 1}
        (campaign,) = ledger.campaigns()
        assert campaign.state == "paused"
        assert "the disk died" in str(campaign.reason)
    with (
        closing(Ledger(path)) as ledger,
        pytest.raises(Refused, match="not the newest claim of its id"),
    ):
        take_place(ledger, registry, now=NOW, mark=mark)
    assert list(verify(registry)) == []


def test_adopting_a_restored_backup_lets_it_go_on(
    registry: Registry, path: Path, mark: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=mark)
    backup = copy(path, path.with_name("backup.db"))
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=mark)
        dial(ledger)
    shutil.copy(backup, path)
    with closing(Ledger(path)) as ledger:
        adopt(ledger, registry, now=NOW, reason="the disk died", mark=mark)
        take_place(ledger, registry, now=NOW, mark=mark)
        dial(ledger)
        take_place(ledger, registry, now=NOW, mark=mark)


def test_two_copies_that_are_adopted_at_once_leave_one(
    registry: Registry, path: Path, unmarked: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=unmarked)
    clones = [copy(path, path.parent.parent / f"clone{at}" / "ledger.db") for at in range(4)]

    def go_on(clone: Path) -> bool:
        with closing(Ledger(clone)) as ledger:
            try:
                adopt(ledger, registry, now=NOW, reason=str(clone), mark=unmarked)
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(go_on, clones)) >= 1

    def may(clone: Path) -> bool:
        with closing(Ledger(clone)) as ledger:
            try:
                take_place(ledger, registry, now=NOW, mark=unmarked)
            except Refused:
                return False
            return True

    assert sum(map(may, clones)) == 1


def test_a_process_that_was_ended_while_it_claimed_is_completed(
    registry: Registry, path: Path, mark: Callable[[str], Mark]
) -> None:
    """The ledger knows what it set out to claim; the registry does not know it yet."""
    with closing(Ledger(path)) as ledger:
        take_place(ledger, registry, now=NOW, mark=mark)
        kept = ledger.claimed(registry.id)
        assert kept is not None
        after = kept.replace('"seq": 1', '"seq": 2')
        assert ledger.intend(registry.id, kept, after) == after
        take_place(ledger, registry, now=NOW, mark=mark)
        newest = registry.newest_claim(ledger.id)
        assert newest is not None
        assert newest.seq == 2


def test_a_registry_that_lost_claims_is_not_trusted(
    registry: Registry, path: Path, tmp_path: Path, mark: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        for _ in range(3):
            take_place(ledger, registry, now=NOW, campaign=True, mark=mark)
        for number in (2, 3):
            (tmp_path / "registry/ledgers" / ledger.id / f"{number}.json").unlink()
        with pytest.raises(Refused, match="does not know the one before it"):
            take_place(ledger, registry, now=NOW, mark=mark)


def test_one_ledger_serves_several_registries(
    registry: Registry, path: Path, tmp_path: Path, mark: Callable[[str], Mark]
) -> None:
    other = Registry.open("other", base=tmp_path)
    other.create_marker()
    with closing(Ledger(path)) as ledger:
        for one in (registry, other, registry, other):
            take_place(ledger, one, now=NOW, mark=mark)
        assert claims(registry, ledger) != claims(other, ledger)


READ_ONLY = """
import os, sys
folder, path = sys.argv[1:]
from dialform.errors import Refused
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.alone import take_place
from dialform.registry import Registry
import getpass, platformdirs, pwd, dialform.launcher.ledger.sqlite  # which nobody may read then
registry = Registry.open(folder, base="/")
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(take_place(Ledger(path), registry, now=0.0))
try:
    take_place(Ledger(path), registry, now=0.0, campaign=True)
except Refused as error:
    print(error)
"""


def test_a_registry_that_cannot_be_written_warns_one_call_and_refuses_many(
    registry: Registry, tmp_path: Path, mark: Callable[[str], Mark]
) -> None:
    folder = tmp_path / "registry"
    (tmp_path / "own").mkdir(mode=0o777)
    (tmp_path / "own").chmod(0o777)
    for above in (tmp_path, *list(tmp_path.parents)[:2]):  # pytest's own folders
        above.chmod(0o755)
    for inside in (folder, *folder.rglob("*")):
        inside.chmod(0o555 if inside.is_dir() else 0o444)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(folder), str(tmp_path / "own/ledger.db")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin", "XDG_STATE_HOME": str(tmp_path / "own")},
    )
    assert done.returncode == 0, done.stderr
    single, many = done.stdout.splitlines()
    assert "give this user the right to write" in single
    assert "can't claim its place" in many
    for inside in (folder, *folder.rglob("*")):
        inside.chmod(0o755)
    with closing(Ledger(tmp_path / "own/ledger.db")) as ledger:
        assert registry.newest_claim(ledger.id) is None
        take_place(ledger, registry, now=NOW, campaign=True, mark=mark)
        newest = registry.newest_claim(ledger.id)
        assert newest is not None
        assert newest.seq == 2
    assert list(verify(registry)) == []


def test_damaged_claims_are_findings(
    registry: Registry, path: Path, tmp_path: Path, mark: Callable[[str], Mark]
) -> None:
    with closing(Ledger(path)) as ledger:
        for _ in range(3):
            take_place(ledger, registry, now=NOW, campaign=True, mark=mark)
        folder = tmp_path / "registry/ledgers" / ledger.id
    whole = (folder / "1.json").read_bytes()
    (folder / "1.json").write_bytes(whole.replace(b'"dials":0', b'"dials":9'))
    (folder / "2.json").unlink()
    (folder / "4.json").write_bytes(whole)
    (folder / "notes.txt").touch()
    assert {(one.object.rpartition("/")[2], one.rule) for one in verify(registry)} == {
        ("1.json", "checksum"),
        ("2.json", "absent"),
        ("4.json", "place"),
        ("notes.txt", "unexpected"),
    }


def test_a_server_is_one_place_for_all_machines(
    registry: Registry, postgres: PostgresServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.new_database()
    with closing(Ledger(url)) as ledger:
        take_place(ledger, registry, now=NOW)
        monkeypatch.setenv("DIALFORM_HOST", "another")
        take_place(ledger, registry, now=NOW)
        newest = registry.newest_claim(ledger.id)
        assert newest is not None
        assert newest.host == "postgresql"
        assert newest.place.startswith("ledger")
