"""Simulated campaigns by the thousand: a piece of the seeds at a time on each processor."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from simulated_campaign import History, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 25

WORKERS = os.cpu_count() or 1


def workers() -> ProcessPoolExecutor:
    """As many processes as there are processors."""
    return ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"))


def histories(seeds: range) -> list[tuple[int, History]]:
    """What became of some campaigns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return [(seed, simulated(seed)) for seed in seeds]


def many(pool: ProcessPoolExecutor, count: int) -> Iterator[tuple[int, History]]:
    """What became of the first ``count`` seeds, in their order."""
    pieces = [range(start, min(start + _PIECE, count)) for start in range(0, count, _PIECE)]
    for piece in pool.map(histories, pieces):
        yield from piece
