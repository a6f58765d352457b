"""
Launchers that die, and disks that fail, run as a script by the tests.

Where it mounts, it is run in a mount namespace of its own, so that nothing of it outlasts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from ledger_world import CAMPAIGN, attempt, people

from dialform.errors import LedgerError
from dialform.launcher.ledger import Ledger
from dialform.launcher.records import Settlement

GROUP = 5
STEP = 3 * 4096
"""Bytes from one limit to the next: three pages, so that it falls within a transaction."""


def numbers(count: int) -> list[str]:
    return [f"+1415555{at:04}" for at in range(100, 100 + count)]


def launch(place: str, *, say: bool = True) -> list[str]:
    """Call everybody who is due, a group at a time, and say so before each is settled."""
    called: list[str] = []
    with closing(Ledger(place)) as ledger:
        ledger.abandoned(campaign="c1")
        while rows := ledger.due("c1", 1e12, GROUP):
            made = ledger.reserve_many([attempt(one.person) for one in rows], seconds=60)
            records = [one for one in made if one is not None]
            for record in records:
                called.append(f"{record.person} {record.attempt}")
                if say:
                    _say(f"rings {called[-1]}")
            ledger.settle_many(
                [Settlement(one.id, "accepted", dial_id=f"d{one.id}") for one in records]
            )
            if say:
                _say("settled")
    return called


def _say(line: str) -> None:
    """A line for the test, whole or not at all: Python may be told to write pieces."""
    os.write(1, f"{line}\n".encode())


def faults(path: str, called: list[str], count: int) -> list[str]:
    """What is not as it must be after launchers that called ``called`` have ended somehow."""
    found = []
    if len(called) != len(set(called)):
        found.append("somebody was called twice")
    with closing(sqlite3.connect(path)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            found.append("the file is damaged")
    with closing(Ledger(path)) as ledger:
        counts = ledger.counts("c1")
        if sum(counts.values()) != count:
            found.append(f"rows were lost: {counts}")
        dials = {f"{one.person} {one.attempt}": one for one in ledger.find(limit=None)}
        found += [f"{one} rang and is not on record" for one in set(called) - set(dials)]
        states = {"accepted": "live", "reserved": "reserved", "unknown": "unknown"}
        rows = {f"{one.person} {one.attempt}": one.state for one in ledger.rows("c1")}
        found += [
            f"{who}: the dial is {one.state}, the row {rows.get(who)}"
            for who, one in dials.items()
            if rows.get(who) != states[one.state]
        ]
    return found


def small_files(folder: str, count: int) -> dict[str, Any]:
    """A launcher under each limit on the size of a file, from what is there upwards."""
    errors, found = [], []
    for limit in range(0, count * STEP, STEP):
        path = str(Path(folder, f"{limit}.db"))
        with closing(Ledger(path)) as ledger:
            ledger.open_campaign(CAMPAIGN, people(*numbers(20)))
            ledger.checkpoint()
        size = os.stat(path).st_size  # noqa: PTH116 - as the ledger does
        called: list[str] = []
        errors.append(_limited(path, size + limit, called))
        found += faults(path, called, 20)
        called += launch(path, say=False)  # with room, the rest is called
        found += faults(path, called, 20)
    return {"errors": errors, "faults": found}


def _limited(path: str, limit: int, called: list[str]) -> str:
    """Launch in a process that may write no file longer than ``limit``; its error, in words."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            launch(path)
        except LedgerError as error:
            print("error", error, flush=True)  # noqa: T201 - to the parent
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as file:  # noqa: PTH123 - a pipe
        lines = file.read().splitlines()
    os.waitpid(child, 0)
    called += [line.removeprefix("rings ") for line in lines if line.startswith("rings ")]
    return next((line for line in lines if line.startswith("error ")), "")


def full_disk(folder: str) -> dict[str, Any]:
    """A launcher on a disk that is full in the middle, and again with room."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "dialform", folder]
    subprocess.run(mount, check=True)
    path = str(Path(folder, "ledger.db"))
    filler = Path(folder, "filler")
    with closing(Ledger(path)) as ledger:
        ledger.open_campaign(CAMPAIGN, people(*numbers(40)))
        ledger.checkpoint()
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 512)
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - 81920)
    called: list[str] = []
    error = _limited(path, 1 << 40, called)
    filler.unlink()  # even who only reads needs a little room, for the index of the WAL
    found = faults(path, called, 40)
    called += launch(path, say=False)
    return {"error": error, "faults": found + faults(path, called, 40)}


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name == "launch":
        launch(*arguments)
    else:
        work: Any = {"full_disk": full_disk, "small_files": small_files}[name]
        print(json.dumps(work(*(int(one) if one.isdecimal() else one for one in arguments))))  # noqa: T201
