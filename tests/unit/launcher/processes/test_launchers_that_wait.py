"""What a launcher says while it calls nobody, and where its ledger's server goes away."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

from process_world import numbers, until

if TYPE_CHECKING:
    from postgres_server import PostgresServerProcess
    from process_world import Job, Processes

LIMITS = ("--rate", "1000", "--live", "50", "--in-flight", "2", "--failures", "1")


def test_one_that_waits_says_until_when(world: Processes) -> None:
    world.shows_json = False
    one = world.campaign("later", numbers(1), *LIMITS)
    due = time.gmtime(time.time() + 86400)
    row = f"{one.people[0]},Ann,{time.strftime('%Y-%m-%dT%H:%M:%SZ', due)}\n"
    one.file.write_text(f"to,name,not_before\n{row}", encoding="utf-8")
    job = one.start()
    words = (
        f"1 to call, 0 live, 0 done, 0.0/s, the next is due at {time.strftime('%F %R', due)} UTC"
    )
    until(lambda: words in job.said)
    job.kill(signal.SIGINT)
    job.ended(130)
    assert one.posts() == []


def test_one_whose_calls_do_not_get_through_says_why(world: Processes) -> None:
    world.shows_json = False
    refused = "+14155550119"
    one = world.campaign("slow", [refused], *LIMITS)
    job = one.start()
    until(lambda: len(one.posts()) >= 2)
    job.kill(signal.SIGINT)
    job.ended(130)
    why = "the API does not take a call for now, which slows the pace, and is tried again: "
    assert job.said.count(f"{why}too many concurrent dials in this workspace") == 1


def test_one_whose_server_goes_away_says_how_to_go_on(
    world: Processes, postgres: PostgresServerProcess
) -> None:
    one = world.campaign(
        "cut", numbers(40), *LIMITS, "--rate", "10", ledger=postgres.new_database()
    )
    job = one.start()
    until(lambda: len(one.posts()) >= 3)
    postgres.cut_connections()
    job.ended(1)
    assert "; then go on with: dialform launch reminder people.csv -s dev --name cut" in job.said
    assert len(one.posts()) < 40
    assert one.wrong() == []
    one.finish()
    assert one.complete() == []


def test_launchers_that_share_a_campaign_show_all_of_it(world: Processes) -> None:
    world.shows_json = False
    one = world.campaign("shared", numbers(60), *LIMITS, "--rate", "2")
    jobs = [one.start() for _ in range(2)]
    until(lambda: all(len(_to_call(job)) > 1 for job in jobs))
    shown = [_to_call(job)[-1] for job in jobs]
    alone = 60 - 2 * 12  # what each would show, had it called for as long, and known of itself only
    assert max(shown) < alone
    for job in jobs:
        job.kill(signal.SIGINT)
        job.ended(130)


def _to_call(job: Job) -> list[int]:
    return [int(count) for count in re.findall(r"^shared: (\d+) to call", job.said, re.MULTILINE)]
