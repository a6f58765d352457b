"""
Processes that are killed with SIGKILL at random moments: nobody rings twice, nobody is lost.

``DIALFORM_KILLS`` says how many processes are killed, 24 where nothing is said.
``DIALFORM_KILLS_SEED`` says which moments are drawn, 5 where nothing is said.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

from process_world import BUSY, KILLED, numbers

if TYPE_CHECKING:
    from process_world import Processes

KILLS = int(os.environ.get("DIALFORM_KILLS", "24"))
SEED = int(os.environ.get("DIALFORM_KILLS_SEED", "5"))
AT_ONCE = 8
EACH = 3
"""How often a campaign's processes are killed, at most, before it is let go on to its end."""

PEOPLE = [BUSY, *numbers(10)]
LIMITS = ("--rate", "10", "--live", "50", "--in-flight", "4", "--failures", "1")
MORE = (*LIMITS, "--retry", "busy:1:1s")


def test_a_campaign_survives_kills_at_random_moments(world: Processes) -> None:
    # Answers take a while, so that many are killed with calls on their way.
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=0.2, times=10**9)
    chance = random.Random(SEED)  # noqa: S311 - the same at each run
    length = _length(world)
    plan: list[list[float]] = []
    left = KILLS
    while left:
        kills = min(left, chance.randint(1, EACH))
        # Half of them while it begins and sends, half at any time.
        plan.append([length * chance.random() * chance.choice((0.25, 1)) for _ in range(kills)])
        left -= kills
    killed: list[str] = []

    def struck(name: str, moments: list[float]) -> list[str]:
        one = world.campaign(name, PEOPLE, *MORE)
        wrong = []
        for moment in moments:
            process = one.start()
            time.sleep(moment)
            process.kill()
            if process.ended(KILLED, 0).wait() == KILLED:
                killed.append(name)
            wrong += one.wrong()
        one.finish()
        return wrong + one.complete()

    assert world.each(struck, plan, at_once=AT_ONCE) == {}
    assert len(killed) > KILLS / 2, "most of them had ended before"


def _length(world: Processes) -> float:
    """Seconds that a campaign takes here and now, with as many others as there will be."""
    lengths: list[float] = []

    def whole(name: str, _: int) -> list[str]:
        one = world.campaign(name, PEOPLE, *MORE)
        began = time.monotonic()
        one.finish()
        lengths.append(time.monotonic() - began)
        return one.complete()

    assert world.each(whole, range(min(AT_ONCE, KILLS))) == {}
    return sum(lengths) / len(lengths)
