"""
Judges a campaign from the outside: by what rang, and by the ledger's file.

Shares no code with the launcher on purpose, and knows of it only what the tables say. Every
sentence that it returns is a broken promise.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROW_STATES = {"planned", "reserved", "live", "done", "skipped", "rejected", "unknown"}
MAY_RING = {"reserved", "accepted", "unknown"}
RANG_NOBODY = {"rejected", "deferred", "not_sent"}


def judged(
    ledger: sqlite3.Connection,
    rings: Sequence[tuple[float, str]],
    people: Sequence[str],
    retry: Mapping[str, int],
    *,
    slack: float,
) -> list[str]:
    """
    What is wrong; [] for a campaign that kept its promises.

    Args:
        ledger: sees what is in the SQLite file.
        rings: when which number rang, in the order of time.
        people: the numbers of the campaign's file.
        retry: how a call ended -> how often it may be tried again.
        slack: how many seconds the ledger's clock may be wrong by.

    """
    cursor = ledger.cursor()
    cursor.row_factory = sqlite3.Row
    persons = cursor.execute("SELECT * FROM person").fetchall()
    dials = cursor.execute("SELECT * FROM dial").fetchall()
    return verdict(persons, dials, rings, people, retry, slack=slack)


def verdict(  # noqa: PLR0913 - all that there is to be looked at
    persons: Sequence[Any],
    placed: Sequence[Any],
    rings: Sequence[tuple[float, str]],
    people: Sequence[str],
    retry: Mapping[str, int],
    *,
    slack: float,
) -> list[str]:
    """`judged` over the rows of the tables ``person`` and ``dial``, by the names of columns."""
    rows = {row["to_number"]: row for row in persons}
    dials: dict[str, list[Any]] = defaultdict(list)
    for dial in sorted(placed, key=lambda one: (one["attempt"] or 0, one["reserved_at"])):
        dials[dial["to_number"]].append(dial)
    rang: dict[str, list[float]] = defaultdict(list)
    for time, to in rings:
        rang[to].append(time)
    wrong = [f"{to} rang and is in no file" for to in rang.keys() - set(people)]
    wrong += [f"the row of {to} is lost" for to in set(people) - rows.keys()]
    for to, row in rows.items():
        wrong += [f"{to}: {said}" for said in _of_person(row, dials[to], rang[to], retry, slack)]
    return wrong


def _of_person(
    row: Any, dials: list[Any], rang: list[float], retry: Mapping[str, int], slack: float
) -> Iterator[str]:
    may_ring = [dial for dial in dials if dial["state"] in MAY_RING]
    attempts = [dial["attempt"] for dial in may_ring]
    if len(set(attempts)) != len(attempts):
        yield f"attempts {attempts} are not each one dial"
    if len(rang) > len(set(attempts)):
        yield f"rang {len(rang)} times in {len(set(attempts))} attempts"
    reserved = sorted(_seconds(dial["reserved_at"]) for dial in may_ring)
    for count, time in enumerate(rang, start=1):
        if sum(one <= time + slack for one in reserved) < count:
            yield f"rang at {time:.3f} before it was reserved"
    yield from _allowed(may_ring, retry)
    yield from _in_its_state(row, dials, may_ring)


def _allowed(dials: list[Any], retry: Mapping[str, int]) -> Iterator[str]:
    """Each attempt after the first follows one that ended in a way that is tried again."""
    ordered = sorted(dials, key=lambda dial: dial["attempt"])
    for earlier, later in pairwise(ordered):
        how = (earlier["result"], earlier["call_status"])
        times = next((retry[one] for one in how if one in retry), 0)
        if earlier["state"] != "accepted" or earlier["ended_at"] is None:
            state = earlier["state"]
            yield f"attempt {later['attempt']} came while {earlier['attempt']} was {state}"
        elif earlier["attempt"] > times:
            yield f"attempt {later['attempt']} after {how}, which allows {times}"


def _in_its_state(row: Any, dials: list[Any], may_ring: list[Any]) -> Iterator[str]:
    state = row["state"]
    last = max(may_ring, key=lambda dial: dial["attempt"], default=None)
    if state not in ROW_STATES:
        yield f"is in the state {state}"
    if last is not None and last["attempt"] > row["attempt"]:
        yield f"is at attempt {row['attempt']} and attempt {last['attempt']} was made"
    is_at_last = last is not None and last["attempt"] == row["attempt"]
    found = last["state"] if is_at_last and last is not None else None
    has_ended = last is not None and last["ended_at"] is not None
    if state == "planned" and is_at_last and not (found == "accepted" and has_ended):
        yield f"is planned while attempt {row['attempt']} is {found}"
    if state == "reserved" and found != "reserved":
        yield f"is reserved and its dial is {found}"
    if state == "unknown" and found != "unknown":
        yield f"is unknown and its dial is {found}"
    if state in ("live", "done") and found != "accepted":
        yield f"is {state} and its dial is {found}"
    if state == "rejected" and not any(dial["state"] == "rejected" for dial in dials):
        yield "is rejected and no dial was"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
