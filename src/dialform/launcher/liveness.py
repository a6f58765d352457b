"""
Whether a process is still there: its id and when it started, so that a reused id doesn't count.

Asks the operating system; nothing else.
"""

from __future__ import annotations

import functools
import os


def this_process() -> str:
    """The process itself, as `is_alive` takes it."""
    return _process(os.getpid())


@functools.cache
def _process(number: int) -> str:
    """By its id, so that a forked one is another."""
    return f"{number}:{_started(number)}"


def is_alive(process: str) -> bool:
    """Whether that process of this machine is still there; True where that can't be told."""
    number, _, started = process.partition(":")
    if not number.isdecimal():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return _started(int(number)) == started or not started


def _started(number: int) -> str:
    """
    When it started and in which boot, as far as Linux says; "" elsewhere.

    A zombie has ended: it can settle nothing.
    """
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no pathlib here
            fields = file.read().rpartition(")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
            boot = file.read().strip()
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "ended" if state in "ZX" else f"{start}:{boot}"
