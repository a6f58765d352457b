"""Webhooks in the ledger: kept once, applied in any order, before and after the dial is known."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from ledger_world import ANN, BEN, CAMPAIGN, NOW, attempt, people, reservation

from dialform.launcher.ledger import Ledger
from dialform.launcher.outcomes.webhook import read_event

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.launcher.records import Event, Record


def event(status: str | None, *, kind: str = "dial.updated", dial: str = "d1") -> Event:
    payload = {"dial_id": dial, "dial_session_id": "s1", "status": status}
    return read_event(json.dumps({"event": kind, "payload": payload}).encode(), NOW)


LIFE = [
    event(None, kind="dial.created"),
    event("ringing"),
    event("in-progress"),
    event("completed"),
    event(None, kind="dial.transcript"),
    event("completed", kind="dial.invented"),
]


def known(ledger: Ledger) -> Record:
    record = ledger.record("d1")
    assert record is not None
    return record


@pytest.mark.parametrize("seed", range(12))
def test_events_in_any_order_and_number_leave_the_same(ledger: Ledger, seed: int) -> None:
    """Some come before the answer to the POST, some after it, some often."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    events = LIFE * chance.randint(1, 3)
    chance.shuffle(events)
    before = chance.randint(0, len(events))
    ledger.open_campaign(CAMPAIGN, people(ANN))
    (record,) = ledger.reserve_many([attempt(ANN)], seconds=30.0)
    assert record is not None
    for one in events[:before]:
        ledger.add_event(one)
    ledger.settle(record.id, "accepted", dial_id="d1")
    for one in events[before:]:
        ledger.add_event(one)
    found = known(ledger)
    assert (found.call_status, found.result, found.seconds) == ("completed", None, None)
    assert found.ended_at == NOW
    assert [one.state for one in ledger.rows("c1")] == ["done"]
    assert len(ledger.events("d1")) == len(LIFE)
    assert ledger.unapplied() == []


def test_events_of_dials_nobody_knows_are_kept_and_wait(ledger: Ledger) -> None:
    ledger.add_event(event("completed"))
    assert [one.applied for one in ledger.events("d1")] == [False]
    assert len(ledger.unapplied()) == 1
    record, _ = ledger.reserve(reservation(), seconds=30.0)
    ledger.settle(record.id, "unknown")
    ledger.settle_unknown(record.id, rang=True, by="event", evidence="it said so", dial_id="d1")
    assert known(ledger).call_status == "completed"
    assert ledger.unapplied() == []


def test_what_is_of_no_dial_never_waits(ledger: Ledger) -> None:
    ledger.add_event(read_event(b"\xff", NOW))
    ledger.add_event(read_event(b'{"event": "workspace.updated"}', NOW))
    assert ledger.unapplied() == []


def test_an_end_by_get_stands_in_the_place_of_a_webhooks(ledger: Ledger) -> None:
    record, _ = ledger.reserve(reservation(), seconds=30.0)
    ledger.settle(record.id, "accepted", dial_id="d1")
    ledger.add_event(event("failed"))
    ledger.see("d1", "completed", at=NOW + 9, result="AGENT_HANGUP", seconds=31.0)
    ledger.add_event(event("busy"))
    ledger.see("d1", "failed", at=NOW + 20, result="FAILED", seconds=0.0)
    ledger.see("d1", "in-progress", at=NOW + 21, seconds=3.0)
    found = known(ledger)
    assert (found.call_status, found.result, found.seconds) == ("completed", "AGENT_HANGUP", 31.0)
    assert (found.ended_at, found.seen_at) == (NOW, NOW + 9)


def test_a_remark_is_kept_once_and_settles_nothing(ledger: Ledger) -> None:
    record, _ = ledger.reserve(reservation(), seconds=30.0)
    ledger.settle(record.id, "unknown", evidence="no answer")
    assert ledger.remark(record.id, "dial d7 may be it")
    assert not ledger.remark(record.id, "dial d7 may be it")
    assert not ledger.remark("nobody", "x")
    found = ledger.record(record.id)
    assert found is not None
    assert (found.state, found.evidence) == ("unknown", "no answer\ndial d7 may be it")


def test_a_kept_event_outlives_its_process(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "l.db")) as first:
        first.add_event(event("ringing"))
    with closing(Ledger(tmp_path / "l.db")) as again:
        assert again.events("d1") == [event("ringing")]


def test_dials_are_counted_streamed_and_found_by_their_rows(ledger: Ledger) -> None:
    """On both databases; a page is smaller than what there is."""
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    first, second = ledger.reserve_many([attempt(ANN), attempt(BEN)], seconds=30.0)
    assert first is not None
    assert second is not None
    ledger.settle(first.id, "accepted", dial_id="d1")
    ledger.see("d1", "completed", at=NOW, result="AGENT_HANGUP", seconds=31.5)
    ledger.settle(second.id, "rejected")
    for _ in range(600):
        ledger.reserve(reservation(version=2), seconds=30.0)
    counts = {(one.version, one.state, one.call_status): one for one in ledger.outcomes("dev")}
    done = counts[1, "accepted", "completed"]
    assert (done.dials, done.seconds, done.result) == (1, 31.5, "AGENT_HANGUP")
    assert counts[2, "reserved", None].dials == 600
    assert sum(one.dials for one in ledger.outcomes("dev", campaign="c1")) == 2
    assert ledger.outcomes("dev", since=NOW * 2) == ledger.outcomes("prod") == []
    stream = list(ledger.each_dial("dev"))
    assert len({one.id for one in stream}) == 602
    assert [one.reserved_at for one in stream] == sorted(one.reserved_at for one in stream)
    assert [one.id for one in stream][::-1] == [one.id for one in ledger.find(limit=None)]
    assert ledger.latest_of("c1", [ANN, BEN, "nobody"]) == {
        ANN: ledger.record(first.id),
        BEN: ledger.record(second.id),
    }
    assert ledger.latest_of("c1", []) == {}


def test_answers_and_events_at_the_same_moment_find_each_other(place: str) -> None:
    """Whichever of the two is written first, and by whichever process."""
    one, two, three = (Ledger(place) for _ in range(3))
    records = [one.reserve(reservation(), seconds=30.0)[0] for _ in range(60)]

    def settle(at: int) -> None:
        one.settle(records[at].id, "accepted", dial_id=f"d{at}")

    def tell(at: int) -> None:
        two.add_event(event("completed", dial=f"d{at}"))

    def tell_late(at: int) -> None:
        three.add_event(event("ringing", dial=f"d{at}"))

    with ThreadPoolExecutor(6) as pool:
        for at in range(60):
            jobs = [pool.submit(job, at) for job in (tell_late, settle, tell)]
            for job in jobs:
                job.result()
    assert [each.call_status for each in one.find(limit=None)] == ["completed"] * 60
    assert one.unapplied() == []
    for ledger in (one, two, three):
        ledger.close()
