"""
Disks that fail or are full from the n-th write on, and output that can't be written.

The kernel itself refuses the writes: a seccomp filter, and a limit on the size of files.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from process_world import BUSY, Point, numbers

if TYPE_CHECKING:
    from process_world import Processes

LIMITS = ("--rate", "1000", "--live", "50", "--in-flight", "2", "--failures", "1")
COMMIT = "dialform.launcher.ledger.sqlite:SqliteConnection.commit"
TROUBLES = ("EIO", "ENOSPC", "EIO:fdatasync")
WORDS = ("the disk does not take it", "the disk is full: make room", "the ledger can't be")
COMMITS = 22
"""Of a campaign, from the making of its ledger to the end; later ones may not come at all."""

PAGE = 4096


def failing(commit: int, more: int = 0) -> Point:
    """From that commit on each write fails, in one way after the other."""
    does = TROUBLES[(commit + more) % len(TROUBLES)]
    return Point(COMMIT, "call", None, commit, does=does)


def test_a_campaign_survives_a_disk_that_fails_from_any_write_on(world: Processes) -> None:
    """It ends with an error that says what to do; with a good disk everybody is called."""
    reached: list[Point] = []

    def fails(name: str, point: Point) -> list[str]:
        one = world.campaign(name, [BUSY, *numbers(4)], *LIMITS, "--retry", "busy:1:1s")
        job = one.start(at=point).ended(0, 1, 3)
        if job.wait() != 0:
            reached.append(point)
            assert any(words in job.said for words in WORDS), job.said
        wrong = one.wrong()
        one.finish()
        return wrong + one.complete()

    assert world.each(fails, [failing(at) for at in range(1, COMMITS)], at_once=24) == {}
    assert len({point.nth for point in reached}) >= 10


def test_a_campaign_survives_a_limit_on_files_of_any_size(world: Processes) -> None:
    codes: list[int] = []

    def limited(name: str, pages: int) -> list[str]:
        one = world.campaign(name, numbers(4), *LIMITS)
        codes.append(one.start(largest=pages * PAGE).ended(0, 1, 3).wait())
        wrong = one.wrong()
        one.finish()
        return wrong + one.complete()

    assert world.each(limited, range(1, 200, 14)) == {}
    assert set(codes) >= {0, 1}


def test_a_single_call_survives_a_disk_that_fails_from_any_write_on(world: Processes) -> None:
    """What ends with an error was not sent; what was sent and could not be recorded is unknown."""
    codes: list[tuple[int, int]] = []

    def fails(name: str, point: Point) -> list[str]:
        one = world.campaign(name, numbers(1))
        job = one.dial("visit", at=point).ended(0, 1)
        sent = len(one.posts())
        assert sent == (job.wait() == 0), job.said
        again = one.dial("visit").ended(0, 5)
        codes.append((job.wait(), again.wait()))
        wrong = [] if len(one.posts()) <= 1 else ["rang twice"]
        return wrong + one.wrong()

    points = [failing(at, more) for at in range(1, 6) for more in range(len(TROUBLES))]
    assert world.each(fails, points) == {}
    assert {(1, 0), (0, 5), (0, 0)} <= set(codes)


def test_output_that_can_not_be_written_loses_nobody(world: Processes) -> None:
    one = world.campaign("full", numbers(4), *LIMITS)
    job = one.start(out="/dev/full").ended(1)
    assert "the output can't be written" in job.said
    assert one.posts() == []
    one.finish()
    assert one.complete() == []


def test_a_reader_that_goes_away_ends_a_campaign_and_loses_nobody(world: Processes) -> None:
    one = world.campaign("pipe", numbers(12), *LIMITS, "--rate", "20")
    pipe = one.folder / "pipe"
    os.mkfifo(pipe)
    lines: list[bytes] = []

    def reads() -> None:
        with pipe.open("rb") as file:
            lines.extend(file.readline() for _ in range(3))

    reader = threading.Thread(target=reads)
    reader.start()
    job = one.start(out=str(pipe))
    reader.join()
    assert b'"accepted"' in lines[-1]
    job.ended(141)
    assert len(one.posts()) < 12
    assert one.wrong() == []
    one.finish()
    assert one.complete() == []
