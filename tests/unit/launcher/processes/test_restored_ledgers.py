"""
Ledgers that were restored from a backup, or copied with their folder, in the middle of a campaign.

They are refused, nobody rings twice, and the way out that the message names works.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from process_world import numbers

if TYPE_CHECKING:
    from pathlib import Path

    from process_world import Campaign, Processes

LIMITS = ("--rate", "1000", "--live", "50", "--in-flight", "1", "--failures", "1")
PEOPLE = numbers(8)
ADOPT = ("adopt", "--reason", "the other one is gone", "--yes")


def backed_up(one: Campaign, place: Path) -> None:
    """A backup of its ledger, as SQLite makes one."""
    with closing(sqlite3.connect(one.ledger)) as source, closing(sqlite3.connect(place)) as copy:
        source.backup(copy)


def restored(one: Campaign, backup: Path) -> None:
    """The backup in place of the ledger."""
    for end in ("", "-wal", "-shm"):
        (one.folder / f"ledger.db{end}").unlink(missing_ok=True)
    shutil.copy(backup, one.ledger)


def called(one: Campaign) -> list[str]:
    """Whom the API was asked to call, in the order of numbers."""
    return sorted(to for to, _, _ in one.posts())


def without_mark(world: Processes) -> None:
    """Another machine, which has not seen the ledger."""
    world.environment["XDG_STATE_HOME"] = str(world.folder / "another")


def test_a_restored_ledger_is_refused_until_somebody_has_looked(world: Processes) -> None:
    """It knows nothing of those who were called since: they are suppressed, and it goes on."""
    one = world.campaign("restored", PEOPLE, *LIMITS)
    one.start("--canary", "2").ended(3)
    backup = one.folder / "backup.db"
    backed_up(one, backup)
    one.start("--total", "5").ended(3)
    before = called(one)
    assert len(before) == 5
    restored(one, backup)

    for command in (one.start(), one.dial("visit")):
        command.ended(3)
        assert "restored from a backup" in command.said
        assert "dialform ledger adopt --reason" in command.said
    without_mark(world)
    assert "not the newest claim" in one.start().ended(3).said
    assert called(one) == before

    # The way out: who was called since stands in the workspace's list of calls.
    since = set(before) - {to for to, state in one.states().items() if state != "planned"}
    assert len(since) == 3
    suppress = ("suppress", "add", *sorted(since), "--reason", "called", "--ledger", one.ledger)
    one.run(*suppress).ended(0)
    one.run("ledger", "--ledger", one.ledger, *ADOPT).ended(0)
    one.start("--total", "100").ended(0)
    assert called(one) == PEOPLE
    assert {to for to, state in one.states().items() if state == "skipped"} == since


def test_of_a_copied_folder_and_its_original_one_goes_on(world: Processes) -> None:
    one = world.campaign("copied", PEOPLE, *LIMITS)
    one.start("--canary", "2").ended(3)
    copy = world.folder / "copy"
    shutil.copytree(one.folder, copy)
    ledger = copy / "ledger.db"
    words = [str(ledger) if word == one.ledger else word for word in one.words()]

    second = one.run(*words, folder=copy).ended(3)
    assert "it was copied or moved, and the other one may be in use" in second.said
    one.start("--total", "5").ended(3)
    assert one.run(*words, folder=copy).ended(3).said
    assert len(called(one)) == 5

    # The original is what has made all calls: the copy is given up, and nothing is to be done.
    one.start("--total", "100").ended(0)
    assert one.complete() == []
    assert called(one) == PEOPLE
    assert one.run(*words, folder=copy).ended(3).said


def test_a_copy_that_is_adopted_goes_on_and_the_original_is_refused(world: Processes) -> None:
    """As a folder that is moved to another machine."""
    one = world.campaign("moved", PEOPLE, *LIMITS)
    one.start("--canary", "2").ended(3)
    copy = world.folder / "new"
    shutil.copytree(one.folder, copy)
    ledger = str(copy / "ledger.db")
    words = [ledger if word == one.ledger else word for word in one.words()]
    without_mark(world)
    world.environment["DIALFORM_HOST"] = "another"
    assert "copied or moved" in one.run(*words, folder=copy).ended(3).said
    one.run("ledger", "--ledger", ledger, *ADOPT, folder=copy).ended(0)
    one.run(*words, folder=copy).ended(0)
    assert called(one) == PEOPLE

    world.environment.pop("DIALFORM_HOST")
    world.environment["XDG_STATE_HOME"] = os.environ["XDG_STATE_HOME"]
    assert "not the newest claim" in one.start().ended(3).said
    assert called(one) == PEOPLE
