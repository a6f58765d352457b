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

    from postgres_server import PostgresServerProcess
    from process_world import Campaign, Point, Processes

QUICK = ("--rate", "1000", "--live", "50", "--in-flight", "1", "--failures", "1")
TWICE = ("--retry", "busy:1:1s")
REFUSED = "+14155550119"


def test_every_point_is_a_function_of_the_product() -> None:
    for point in crash_points.EVERYWHERE:
        code_of(point.code)
        if point.within is not None:
            code_of(point.within)


def test_a_campaign_survives_a_kill_at_every_transition(world: Processes) -> None:
    def called(name: str, point: Point) -> list[str]:
        return _called(world, name, point)

    points = crash_points.OPENED + crash_points.CALLED + crash_points.ENDED
    assert world.each(called, points) == {}


def test_one_on_a_server_survives_a_kill_around_every_commit(
    world: Processes, postgres: PostgresServerProcess
) -> None:
    def called(name: str, point: Point) -> list[str]:
        return _called(world, name, point, postgres.new_database())

    points = crash_points.SERVER + crash_points.SENT
    assert world.each(called, points, at_once=16) == {}


def test_one_that_goes_on_survives_a_kill_at_every_transition(world: Processes) -> None:
    """After a kill with a call reserved; with more people; with somebody suppressed."""
    opened = crash_points.OPENED[-1]

    def resumed(name: str, point: Point) -> list[str]:
        one = world.campaign(name, numbers(3), *QUICK)
        one.start(at=crash_points.SENDS).ended(KILLED)
        one.start("--rate", "900", at=point).ended(KILLED)
        return _settled(one)

    def appended(name: str, point: Point) -> list[str]:
        one = world.campaign(name, numbers(2), *QUICK)
        one.start(at=opened).ended(KILLED)
        one.add(numbers(4)[2:])
        one.start("--append", at=point).ended(KILLED)
        wrong = [] if len(one.states()) in (2, 4) else ["half a file was added"]
        one.start("--append").ended(0)
        return wrong + one.complete()

    def deferred(name: str, point: Point) -> list[str]:
        one = world.campaign(name, [REFUSED, *numbers(2)], *QUICK)
        one.start(at=point).ended(KILLED)
        return one.wrong()

    def skipped(name: str, point: Point) -> list[str]:
        one = world.campaign(name, [REFUSED, *numbers(2)], *QUICK)
        one.start(at=opened).ended(KILLED)
        suppress = ("suppress", "add", REFUSED, "--reason", "by mail", "--ledger", one.ledger)
        one.run(*suppress).ended(0)
        one.start(at=point).ended(KILLED)
        return _settled(one, (REFUSED,))

    tried = {
        resumed: crash_points.RESUMED,
        appended: crash_points.APPENDED,
        deferred: crash_points.REFUSED,
        skipped: crash_points.SKIPPED,
    }
    jobs = [(work, point) for work, points in tried.items() for point in points]

    def goes_on(name: str, job: tuple[Callable[[str, Point], list[str]], Point]) -> list[str]:
        return job[0](f"{name}-{job[0].__name__}", job[1])

    assert world.each(goes_on, jobs) == {}


def test_a_single_call_survives_a_kill_at_every_transition(world: Processes) -> None:
    def dialled(name: str, point: Point) -> list[str]:
        one = world.campaign(name, numbers(1))
        one.dial("visit", at=point).ended(KILLED)
        unknown = one.reserved()
        for _ in range(2):
            again = one.dial("visit").ended(5 if unknown else 0)
        wrong = one.wrong()
        if not unknown and "already placed" not in again.said:
            wrong.append("not told again")
        rang = sum(dial is not None for _, _, dial in one.posts())
        if rang > 1 or (rang == 0 and not unknown):
            wrong.append(f"rang {rang} times")
        return wrong

    assert world.each(dialled, crash_points.DIALLED) == {}


def _called(world: Processes, name: str, point: Point, ledger: str = "") -> list[str]:
    """What is wrong after a campaign's process was killed there, and after it went on."""
    people = [BUSY, *numbers(crash_points.PEOPLE)]
    one = world.campaign(name, people, *QUICK, *TWICE, ledger=ledger)
    # All are called before the first call is looked at.
    one.start(at=point, polls=(4.0, 0.5)).ended(KILLED)
    return _settled(one)


def _settled(one: Campaign, suppressed: tuple[str, ...] = ()) -> list[str]:
    """What is wrong after the kill, and after the campaign went on to its end."""
    reserved = one.reserved()
    wrong = one.wrong()
    one.finish()
    wrong += one.complete(suppressed)
    if one.unknown() != reserved:
        wrong.append(f"{one.unknown()} are of unknown outcome, and {reserved} could be")
    return wrong
