"""Simulated campaigns by the thousand: a piece of the seeds at a time on each processor."""

from __future__ import annotations

import gc
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from simulated_campaign import History, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 25

WORKERS = os.cpu_count() or 1


def workers() -> ProcessPoolExecutor:
    """As many processes as there are processors."""
    return ProcessPoolExecutor(
        WORKERS,
        mp_context=get_context("spawn"),
        initializer=gc.freeze,  # what is imported stays, and is not looked through again
    )


class Simulated(NamedTuple):
    """A campaign, and what it cost."""

    seed: int
    history: History
    seconds: float
    """Of a core."""


def many(pool: ProcessPoolExecutor, count: int) -> Iterator[Simulated]:
    """What became of the first ``count`` seeds, in their order."""
    pieces = [range(start, min(start + _PIECE, count)) for start in range(0, count, _PIECE)]
    for piece in pool.map(_some, pieces):
        yield from piece


def _some(seeds: range) -> list[Simulated]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return [_one(seed) for seed in seeds]


def _one(seed: int) -> Simulated:
    begun = time.process_time()
    history = simulated(seed)
    return Simulated(seed, history, time.process_time() - begun)
