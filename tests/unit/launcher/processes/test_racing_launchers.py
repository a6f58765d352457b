"""Twenty processes that begin the same campaign, or the same call, at once: each rings once."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from process_world import numbers

if TYPE_CHECKING:
    from postgres_server import PostgresServerProcess
    from process_world import Campaign, Processes

LIMITS = ("--rate", "1000", "--live", "50", "--in-flight", "2", "--failures", "1")
LAUNCHERS = {"sqlite": 20, "postgres": 8}


@pytest.fixture(params=list(LAUNCHERS))
def place(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A new ledger, and how many processes race on it."""
    if request.param == "sqlite":
        return "", LAUNCHERS["sqlite"]
    server: PostgresServerProcess = request.getfixturevalue("postgres")
    return server.new_database(), LAUNCHERS["postgres"]


def test_launchers_race_on_one_campaign(world: Processes, place: tuple[str, int]) -> None:
    """All open it; they share its people, and each of them ends knowing that all were called."""
    ledger, launchers = place
    people = numbers(60)
    one = world.campaign("race", people, *LIMITS, ledger=ledger)
    processes = [one.start() for _ in range(launchers)]
    for process in processes:
        process.ended(0)
    assert one.complete() == []
    assert set(one.states().values()) == {"done"}
    assert rang(one) == dict.fromkeys(people, 1)
    accepted = Counter(
        json.loads(line)["to"]
        for process in processes
        for line in process.out.splitlines()
        if json.loads(line)["event"] == "accepted"
    )
    assert accepted == dict.fromkeys(people, 1)
    with one.reading() as rows:
        shares = rows("SELECT COUNT(*) FROM dial GROUP BY process")
    assert len(shares) > 1, "one process called everybody"


def test_processes_race_on_one_call(world: Processes, place: tuple[str, int]) -> None:
    """One places it, and the others say what came of that."""
    ledger, launchers = place
    one = world.campaign("visit", numbers(1), ledger=ledger)
    processes = [one.dial("visit-1") for _ in range(launchers)]
    for process in processes:
        process.ended(0)
    assert rang(one) == {one.people[0]: 1}
    assert len({process.out for process in processes}) == 1
    assert sum("already placed" not in process.said for process in processes) == 1
    assert one.wrong() == []


def rang(one: Campaign) -> dict[str, int]:
    """Number -> how many dials the API made."""
    return dict(Counter(to for to, _, dial in one.posts() if dial is not None))
