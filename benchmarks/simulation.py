"""
Campaigns of three days and 100 people under the simulated clock, network and disk of the tests.

One process for each processor. A campaign that breaks a promise is named by its seed, and the
exit code is 1. Usage: ``simulation.py [CAMPAIGNS]``; 10,000 are meant to take a quarter of an
hour on two cores.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

from harness import duration, verdict

TESTS = Path(__file__).resolve().parent.parent / "tests/unit/launcher"
AIM = 0.18
"""Seconds of a core for a campaign."""


def main(campaigns: int = 200) -> None:
    """Measure."""
    sys.path += [str(TESTS), str(TESTS / "simulation")]  # the processes have it too
    many = import_module("many_campaigns")
    with many.workers() as pool:
        list(pool.map(abs, range(many.WORKERS)))  # they are there
        begun = time.perf_counter()
        made = list(many.many(pool, campaigns))
        elapsed = time.perf_counter() - begun
    broken = {one.seed: one.history.wrong for one in made if one.history.wrong}
    each = sum(one.seconds for one in made) / campaigns
    print(
        f"{campaigns} campaigns of 3 days and 100 people: {len(broken)} broke a promise, "
        f"{sum(one.history.rings for one in made)} calls rang, {duration(elapsed)} on "
        f"{many.WORKERS} cores, {duration(each)} of a core each{verdict(each, AIM, ' s')}"
    )
    for seed, wrong in broken.items():
        print(f"seed {seed}: {'; '.join(wrong)}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
