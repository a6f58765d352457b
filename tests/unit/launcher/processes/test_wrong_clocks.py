"""
A machine's clock that steps back, or is far ahead, while processes launch.

What a forked process takes for the time is a file's to say (see `process_zygote`). Steps at any
moment of a campaign of days are the simulation's.
"""

from __future__ import annotations

import struct
import time
from functools import partial
from typing import TYPE_CHECKING

from process_world import KILLED, numbers, until

if TYPE_CHECKING:
    from pathlib import Path

    from process_world import Campaign, Processes

LIMITS = ("--rate", "8", "--live", "50", "--in-flight", "2", "--failures", "1")
HOUR = 3600.0


def clock(one: Campaign, seconds: float) -> Path:
    """A clock that is wrong by so many seconds."""
    path = one.folder / "clock"
    if path.exists():
        with path.open("r+b") as file:  # in place: it is in the processes' memory
            file.write(struct.pack("d", seconds))
    else:
        path.write_bytes(struct.pack("d", seconds))
    return path


def called(one: Campaign, least: int) -> bool:
    """Whether so many calls were asked for."""
    return len(one.posts()) >= least


def test_a_clock_that_steps_back_stops_no_campaign_and_rings_nobody_twice(
    world: Processes,
) -> None:
    one = world.campaign("back", numbers(12), *LIMITS)
    began = time.monotonic()
    job = one.start(clock=clock(one, 0.0))
    until(partial(called, one, 3))
    clock(one, -HOUR)
    job.ended(0)
    assert time.monotonic() - began < 60
    assert one.complete() == []
    assert set(one.states().values()) == {"done"}


def test_a_refusal_before_the_step_is_waited_for_no_longer(world: Processes) -> None:
    """The pause that the API asked for is over after its seconds, whatever the clock says."""
    world.sandbox.fail_next("dials", status=429, times=1, headers={"retry-after": "2"})
    one = world.campaign("pause", numbers(6), *LIMITS)
    job = one.start(clock=clock(one, 0.0))
    until(lambda: '"deferred"' in job.out)
    clock(one, -HOUR)
    until(partial(called, one, 6), 40)
    job.kill()
    assert job.wait() == KILLED
    assert one.wrong() == []


def test_what_was_reserved_in_a_future_that_is_over_is_not_called_again(world: Processes) -> None:
    """Killed with its clock a day ahead; the next process's is right, or an hour behind."""
    for name, wrong in (("right", 0.0), ("behind", -HOUR)):
        one = world.campaign(name, numbers(6), *LIMITS)
        job = one.start(clock=clock(one, 24 * HOUR))
        until(partial(called, one, 2))
        job.kill()
        job.ended(KILLED)
        clock(one, wrong)
        one.start(clock=clock(one, wrong)).ended(0)
        assert one.complete() == []
