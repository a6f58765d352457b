"""
Campaigns under a simulated world keep their promises; a planted bug that rings twice is found.

``DIALFORM_CAMPAIGNS`` says how many campaigns are run, 100 where nothing is said;
``benchmarks/simulation.py`` runs as many as it is told to, and says what they cost.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from many_campaigns import many, workers
from planted import PLANTED
from simulated_campaign import simulated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path

CAMPAIGNS = int(os.environ.get("DIALFORM_CAMPAIGNS", "100"))
SEEDS_FOR_A_BUG = 1000


def found(name: str) -> int | None:
    """The first seed under which the judge finds the bug of that name."""
    plant = {one.__name__: one for one in PLANTED}[name]
    with plant():
        return next((seed for seed in range(SEEDS_FOR_A_BUG) if simulated(seed).wrong), None)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """As many processes as there are processors."""
    with workers() as made:
        yield made


def test_every_campaign_keeps_its_promises(pool: ProcessPoolExecutor) -> None:
    made = list(many(pool, CAMPAIGNS))
    assert {one.seed: one.history.wrong for one in made if one.history.wrong} == {}
    assert len(made) == CAMPAIGNS
    assert sum(one.history.rings for one in made) > 50 * CAMPAIGNS
    assert sum(one.history.finished for one in made) > CAMPAIGNS / 2


def test_the_same_seed_is_the_same_history() -> None:
    for seed in range(3):
        assert simulated(seed) == simulated(seed)


def test_another_seed_is_another_history() -> None:
    assert len({simulated(seed).digest for seed in range(3)}) == 3


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_ledger_in_a_file_has_the_same_history_as_in_memory(tmp_path: Path) -> None:
    """With a connection of its own for each process, as it is outside of the simulation."""
    for seed in range(5):
        assert simulated(seed, tmp_path) == simulated(seed)


def test_each_planted_bug_is_found(pool: ProcessPoolExecutor) -> None:
    names = [one.__name__ for one in PLANTED]
    assert len(set(names)) >= 25
    seeds = dict(zip(names, pool.map(found, names), strict=True))
    assert [name for name, seed in seeds.items() if seed is None] == []
