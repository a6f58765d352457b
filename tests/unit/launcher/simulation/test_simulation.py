"""
Campaigns under a simulated world keep their promises; a planted bug that rings twice is found.

``DIALFORM_CAMPAIGNS`` says how many campaigns are run, 100 where nothing is said.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from planted import PLANTED
from simulated_campaign import History, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CAMPAIGNS = int(os.environ.get("DIALFORM_CAMPAIGNS", "100"))
SEEDS_FOR_A_BUG = 1000
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk that needs no waiting for


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


def histories(seeds: range) -> list[tuple[int, History]]:
    """What became of some campaigns."""
    with folder() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return [(seed, simulated(seed, place)) for seed in seeds]


def found(name: str) -> int | None:
    """The first seed under which the judge finds the bug of that name."""
    plant = {one.__name__: one for one in PLANTED}[name]
    with folder() as place, plant():
        for seed in range(SEEDS_FOR_A_BUG):
            if simulated(seed, place).wrong:
                return seed
    return None


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """As many processes as there are processors."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as made:
        yield made


def spread(
    pool: ProcessPoolExecutor, work: Callable[[range], list[tuple[int, History]]]
) -> list[tuple[int, History]]:
    size = 25
    pieces = [range(start, min(start + size, CAMPAIGNS)) for start in range(0, CAMPAIGNS, size)]
    return [one for piece in pool.map(work, pieces) for one in piece]


def test_every_campaign_keeps_its_promises(pool: ProcessPoolExecutor) -> None:
    made = spread(pool, histories)
    assert {seed: history.wrong for seed, history in made if history.wrong} == {}
    assert len(made) == CAMPAIGNS
    assert sum(history.rings for _, history in made) > 50 * CAMPAIGNS
    assert sum(history.finished for _, history in made) > CAMPAIGNS / 2


def test_the_same_seed_is_the_same_history() -> None:
    with folder() as one, folder() as other:
        for seed in range(3):
            assert simulated(seed, one) == simulated(seed, other)


def test_another_seed_is_another_history() -> None:
    with folder() as place:
        assert len({simulated(seed, place).digest for seed in range(3)}) == 3


def test_each_planted_bug_is_found(pool: ProcessPoolExecutor) -> None:
    names = [one.__name__ for one in PLANTED]
    assert len(set(names)) >= 25
    seeds = dict(zip(names, pool.map(found, names), strict=True))
    assert [name for name, seed in seeds.items() if seed is None] == []
