"""
Timing in pairs: ours and the floor in turn, so that a busy machine slows both alike.

The figure is the median of the ratios, pair by pair. Knows nothing of what it times.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    Pairs = list[tuple[float, float]]

MIB = 1024 * 1024
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))

# A child's peak counts what stood in its parent when it was started, so the parent is a small one.
_PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True)
class Place:
    """Where a command runs: its folder and its whole environment."""

    folder: Path
    environment: Mapping[str, str]


def in_turn(ours: Callable[[], float], floor: Callable[[], float], runs: int, warm: int) -> Pairs:
    """Seconds of each, ``runs`` times after ``warm`` that don't count; who is first alternates."""
    pairs: Pairs = []
    for at in range(warm + runs):
        if at % 2:
            second = floor()
            pair = (ours(), second)
        else:
            pair = (ours(), floor())
        if at >= warm:
            pairs.append(pair)
    return pairs


def processes(
    ours: Sequence[str], floor: Sequence[str], place: Place, *, runs: int = 40, warm: int = 3
) -> Pairs:
    """Time two commands as whole processes, from start to exit. Neither may fail."""

    def timed(command: Sequence[str]) -> Callable[[], float]:
        def run() -> float:
            begun = time.perf_counter()
            done = subprocess.run(
                command,
                env=place.environment,
                cwd=place.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=False,
            )
            elapsed = time.perf_counter() - begun
            if done.returncode:
                sys.exit(
                    f"{' '.join(command)} ended with {done.returncode}\n{done.stderr.decode()}"
                )
            return elapsed

        return run

    return in_turn(timed(ours), timed(floor), runs, warm)


def calls(
    ours: Callable[[], object], floor: Callable[[], object], *, runs: int = 200, repeat: int = 20
) -> Pairs:
    """Time two functions in this process, ``repeat`` calls a time; seconds for one call."""

    def timed(function: Callable[[], object]) -> Callable[[], float]:
        def run() -> float:
            gc.collect()  # what the other one left behind is not this one's to clear
            begun = time.perf_counter()
            for _ in range(repeat):
                function()
            return (time.perf_counter() - begun) / repeat

        return run

    return in_turn(timed(ours), timed(floor), runs, 5)


def peak_memory(command: Sequence[str], place: Place) -> float:
    """The most memory that ``command`` held at once, in MiB."""
    printed = subprocess.check_output(
        [sys.executable, "-S", "-c", _PEAK, *command], env=place.environment, cwd=place.folder
    )
    kilobyte = 1 if sys.platform == "darwin" else 1024  # of getrusage
    return int(printed) * kilobyte / MIB


def ratio(pairs: Pairs) -> float:
    """The median of ours over the floor, pair by pair."""
    return statistics.median(ours / floor for ours, floor in pairs)


def report(what: str, pairs: Pairs, *, aim: float | None = None) -> None:
    """A line: both medians, the ratio and whether the aim is met; None: it is only shown."""
    ours, floor = (statistics.median(each) for each in zip(*pairs, strict=True))
    found = ratio(pairs)
    times = f"{duration(ours)} against {duration(floor)}"
    print(f"{what}: {times}, ratio {found:.2f}{verdict(found, aim)}", flush=True)


def verdict(found: float, aim: float | None, unit: str = "") -> str:
    """The aim, and whether ``found`` is within it."""
    if aim is None:
        return ""
    return f" (aim <= {aim:g}{unit}: {'met' if found <= aim else 'MISSED'})"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    size, unit = next(((s, u) for s, u in _UNITS if seconds >= s), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def clean_environment(**more: str) -> dict[str, str]:
    """The environment of this process without dialform's own settings and proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DIALFORM_", "VOGENT_", "PYTHON")) and "proxy" not in name.lower()
    }
    return {**kept, **more}
