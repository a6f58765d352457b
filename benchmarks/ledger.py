"""
What the ledger costs: latency of a durable write, groups per second, looking at a campaign again.

A dial is written twice, before it is sent and after; the floor of each write is an append of the
same bytes and an fdatasync, the least that survives a power cut. Usage: ``ledger.py [RUNS]``, by
default 2000 dials.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from harness import duration, in_turn, verdict

from dialform.launcher.ledger import Ledger
from dialform.launcher.records import Campaign, Reservation, Row, Settlement

if TYPE_CHECKING:
    from collections.abc import Iterator

MEDIAN_AIM = 1.3
SLOW_AIM = 2.0
SCAN_AIM = 1.0
GROUP = 50
PEOPLE = 100_000

BODY = b'{"agentOverrides":{"prompt":"' + b"x" * 3000 + b'"}}'
ANSWER = b'{"dialId":"0f3c6a52-8d1f-4c9c-9a58-3f6b3e1f6a10","sessionId":"s"}'


def reservation(to: str, campaign: str | None = None) -> Reservation:
    """A dial of a campaign, or a single one."""
    return Reservation(
        environment="prod",
        preset="reminder",
        version=7,
        release=9,
        preset_digest="sha256:" + "1" * 64,
        bound_digest="sha256:" + "2" * 64,
        body_digest="sha256:" + "3" * 64,
        workspace="https://api.vogent.ai/api",
        to=to,
        from_number_id=None,
        inputs='{"company":"Acme","name":"Ann"}',
        withheld="[]",
        once=None,
        campaign=campaign,
        person=to if campaign else None,
        attempt=1 if campaign else None,
        body=BODY,
    )


def people() -> Iterator[Row]:
    """A large campaign."""
    for at in range(1, PEOPLE + 1):
        yield Row(at, f"person-{at}", "+14155550123", '{"name":"Ann"}', '["America/New_York"]')


def percentile(values: list[float], part: float) -> float:
    """The value that ``part`` of them are below."""
    return statistics.quantiles(values, n=1000)[round(part * 1000) - 1]


def latency(folder: Path, runs: int) -> None:
    """One write of the ledger against one append and fdatasync, in turn."""
    handle = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with closing(Ledger(folder / "latency.db")) as ledger:

        def ours() -> float:
            begun = time.perf_counter()
            record, _ = ledger.reserve(reservation("+14155550123"), seconds=90)
            reserved = time.perf_counter()
            ledger.settle(record.id, "accepted", dial_id=record.id, status=200, answer=ANSWER)
            settled = time.perf_counter()
            both.extend((reserved - begun, settled - reserved))
            return (settled - begun) / 2

        def floor() -> float:
            begun = time.perf_counter()
            for data in (BODY, ANSWER):
                before = time.perf_counter()
                os.write(handle, data)
                os.fdatasync(handle)
                plain.append(time.perf_counter() - before)
            return (time.perf_counter() - begun) / 2

        both: list[float] = []
        plain: list[float] = []
        in_turn(ours, floor, runs, 20)
    os.close(handle)
    for part, aim in ((0.5, MEDIAN_AIM), (0.99, SLOW_AIM)):
        found, least = percentile(both, part), percentile(plain, part)
        what = f"a write of the ledger, p{part * 100:.0f}, against an fdatasync"
        print(
            f"{what}: {duration(found)} against {duration(least)}, ratio {found / least:.2f}"
            f"{verdict(found / least, aim)}"
        )


def campaign(folder: Path) -> None:
    """Open one, look at it as a resumed launch does, and reserve and settle it in groups."""
    with closing(Ledger(folder / "campaign.db")) as ledger:
        begun = time.perf_counter()
        ledger.open_campaign(
            Campaign(
                *("c1", "prod", "autumn", "reminder", 7, 9, "sha256:1", "sha256:2"),
                *("https://api.vogent.ai/api", "people.csv", "sha256:3", "2026-11-24", "anna"),
            ),
            people(),
        )
        opened = time.perf_counter() - begun
        print(f"a campaign of {PEOPLE:,} rows: written in {duration(opened)}")

        begun = time.perf_counter()
        done = 0
        while done < PEOPLE // 10:
            due = ledger.due("c1", time.time(), GROUP)
            wanted = [reservation(one.person, "c1") for one in due]
            made = [one for one in ledger.reserve_many(wanted, seconds=90) if one is not None]
            ledger.settle_many(
                [Settlement(one.id, "accepted", one.id, status=200, answer=ANSWER) for one in made]
            )
            done += len(made)
        elapsed = time.perf_counter() - begun
        print(f"  in groups of {GROUP}: {done / elapsed:,.0f} dials a second, taken, kept, settled")

    with closing(Ledger(folder / "campaign.db")) as ledger:
        begun = time.perf_counter()
        ledger.abandoned(campaign="c1")
        counts = ledger.counts("c1")
        live = ledger.live("c1")
        placed = ledger.placed("c1")
        due = ledger.due("c1", time.time(), GROUP)
        scanned = time.perf_counter() - begun
        if (sum(counts.values()), placed, len(due)) != (PEOPLE, done, GROUP):
            sys.exit(f"not as it was written: {counts}")
        what = f"  found again when resumed, {len(live):,} calls live"
        print(f"{what}: {duration(scanned)}{verdict(scanned, SCAN_AIM, ' s')}")


def main(runs: int = 2000) -> None:
    """Measure, on the disk that the temporary folder is on."""
    with tempfile.TemporaryDirectory() as name:
        latency(Path(name), runs)
        campaign(Path(name))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
