"""
Processes that are killed with SIGKILL at each transition: nobody rings twice, nobody is lost.

All points at once, each with a ledger and a campaign of its own: what takes time is waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import crash_points
from process_world import BUSY, KILLED, numbers
from process_zygote import code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash_points import Crash
    from process_world import Campaign, Processes

QUICK = ("--rate", "1000", "--live", "50", "--in-flight", "1", "--failures", "1")
TWICE = ("--retry", "busy:1:1s")
REFUSED = "+14155550119"


def test_every_point_is_a_function_of_the_product() -> None:
    for crash in crash_points.EVERYWHERE:
        code_of(crash.point.code)
        if crash.point.within is not None:
            code_of(crash.point.within)


def test_a_campaign_survives_a_kill_at_every_transition(world: Processes) -> None:
    def called(name: str, crash: Crash) -> list[str]:
        people = [BUSY, *numbers(crash_points.PEOPLE)]
        one = world.campaign(name, people, *QUICK, *TWICE)
        # All are called before the first call is looked at.
        one.start(at=crash.point, polls=(4.0, 0.5)).ended(KILLED)
        return _settled(one, crash)

    crashes = crash_points.OPENED + crash_points.CALLED + crash_points.ENDED
    assert world.each(called, crashes) == {}


def test_one_that_goes_on_survives_a_kill_at_every_transition(world: Processes) -> None:
    """After a kill with a call reserved; with more people; with somebody suppressed."""
    reserved = next(one for one in crash_points.CALLED if one.unknown)
    opened = crash_points.OPENED[-1]

    def resumed(name: str, crash: Crash) -> list[str]:
        one = world.campaign(name, numbers(3), *QUICK)
        one.start(at=reserved.point).ended(KILLED)
        one.start("--rate", "900", at=crash.point).ended(KILLED)
        return _settled(one, crash)

    def appended(name: str, crash: Crash) -> list[str]:
        one = world.campaign(name, numbers(2), *QUICK)
        one.start(at=opened.point).ended(KILLED)
        one.add(numbers(4)[2:])
        one.start("--append", at=crash.point).ended(KILLED)
        wrong = [] if len(one.states()) in (2, 4) else ["half a file was added"]
        one.start("--append").ended(0)
        return wrong + one.complete()

    def deferred(name: str, crash: Crash) -> list[str]:
        one = world.campaign(name, [REFUSED, *numbers(2)], *QUICK)
        one.start(at=crash.point).ended(KILLED)
        return one.wrong()

    def skipped(name: str, crash: Crash) -> list[str]:
        one = world.campaign(name, [REFUSED, *numbers(2)], *QUICK)
        one.start(at=opened.point).ended(KILLED)
        suppress = ("suppress", "add", REFUSED, "--reason", "by mail", "--ledger", one.ledger)
        one.run(*suppress).ended(0)
        one.start(at=crash.point).ended(KILLED)
        return _settled(one, crash, (REFUSED,))

    tried = {
        resumed: crash_points.RESUMED,
        appended: crash_points.APPENDED,
        deferred: crash_points.REFUSED,
        skipped: crash_points.SKIPPED,
    }
    jobs = [(work, crash) for work, crashes in tried.items() for crash in crashes]

    def goes_on(name: str, job: tuple[Callable[[str, Crash], list[str]], Crash]) -> list[str]:
        return job[0](f"{name}-{job[0].__name__}", job[1])

    assert world.each(goes_on, jobs) == {}


def test_a_single_call_survives_a_kill_at_every_transition(world: Processes) -> None:
    def dialled(name: str, crash: Crash) -> list[str]:
        one = world.campaign(name, numbers(1))
        code = 5 if crash.unknown else 0
        one.dial("visit", at=crash.point).ended(KILLED)
        one.dial("visit").ended(code)
        again = one.dial("visit").ended(code)
        wrong = [] if crash.unknown or "already placed" in again.said else ["not told again"]
        wrong += one.wrong()
        rang = sum(dial is not None for _, _, dial in one.posts())
        if rang > 1 or (rang == 0 and not crash.unknown):
            wrong.append(f"rang {rang} times")
        return wrong

    assert world.each(dialled, crash_points.DIALLED) == {}


def _settled(one: Campaign, crash: Crash, suppressed: tuple[str, ...] = ()) -> list[str]:
    """What is wrong after the kill, and after the campaign went on to its end."""
    wrong = one.wrong()
    one.finish()
    wrong += one.complete(suppressed)
    unknown = one.unknown()
    if unknown != crash.unknown:
        wrong.append(f"{unknown} are of unknown outcome, not {crash.unknown}")
    return wrong
