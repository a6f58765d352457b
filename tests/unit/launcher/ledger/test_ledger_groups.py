"""What is written in groups is what is written one by one, and all of a transaction or none."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from ledger_world import ANN, BEN, CAMPAIGN, CAT, NOW, attempt, people, reservation

from dialform.errors import LedgerError
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.framing import WORTH
from dialform.launcher.ledger.mark import Mark
from dialform.launcher.records import Event, Settlement, Sighting

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.launcher.records import Record

MANY = [f"+1415555{last:04}" for last in range(100, 170)]
HEAD, TAIL = b'{"agentOverrides":' + b"x" * WORTH, b',"webhookUrl":"https://example.com"}'


def states(ledger: Ledger) -> dict[str, tuple[str, int]]:
    return {row.to: (row.state, row.attempt) for row in ledger.rows("c1")}


def reserved(ledger: Ledger, *numbers: str) -> list[Record]:
    found = ledger.reserve_many([attempt(one) for one in numbers], seconds=90)
    return [one for one in found if one is not None]


def accepted(record: Record) -> Settlement:
    answer = f'{{"dialId":"d{record.to}"}}'.encode()
    return Settlement(record.id, "accepted", f"d{record.to}", "s", status=200, answer=answer)


def test_a_large_group_is_kept_whole(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(*MANY))
    records = reserved(ledger, *MANY)
    assert [one.to for one in records] == MANY
    assert set(states(ledger).values()) == {("reserved", 1)}
    ledger.settle_many([accepted(one) for one in records])
    assert set(states(ledger).values()) == {("live", 1)}
    for one in records:
        found = ledger.record(one.id)
        assert found is not None
        assert (found.dial_id, found.session_id, found.status) == (f"d{one.to}", "s", 200)
        content = ledger.content(one.id)
        assert content is not None
        assert content.answer == f'{{"dialId":"d{one.to}"}}'.encode()
    sightings = [Sighting(f"d{one.to}", "completed", NOW, seconds=3.0) for one in records]
    assert ledger.see_many([*sightings, Sighting("nobody's", "completed", NOW)]) == len(MANY)
    assert set(states(ledger).values()) == {("done", 1)}
    assert ledger.still_live("c1") == set()


def test_of_a_group_who_was_taken_is_left_out(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN, CAT))
    (before,) = reserved(ledger, BEN)
    found = ledger.reserve_many([attempt(one) for one in (CAT, BEN, ANN)], seconds=90)
    assert [None if one is None else one.to for one in found] == [CAT, None, ANN]
    assert set(states(ledger).values()) == {("reserved", 1)}
    assert [one.id for one in ledger.find(person=BEN)] == [before.id]


def test_what_is_settled_already_stays_in_a_group_too(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN, CAT))
    ann, ben, cat = reserved(ledger, ANN, BEN, CAT)
    ledger.settle(ben.id, "rejected", status=422, words="no")
    ledger.settle_many([accepted(one) for one in (ann, ben, cat)])
    assert states(ledger) == {ANN: ("live", 1), BEN: ("rejected", 1), CAT: ("live", 1)}
    found = ledger.record(ben.id)
    assert found is not None
    assert (found.state, found.dial_id) == ("rejected", None)


def test_outcomes_of_all_kinds_are_settled_at_once(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(*MANY[:8]))
    records = reserved(ledger, *MANY[:8])
    outcomes = [
        *[accepted(one) for one in records[:2]],
        *[Settlement(one.id, "deferred", status=429, due=NOW + 5) for one in records[2:4]],
        *[Settlement(one.id, "rejected", status=422, words="no") for one in records[4:6]],
        *[Settlement(one.id, "unknown", evidence="lost") for one in records[6:]],
    ]
    ledger.settle_many(outcomes[::-1])
    assert list(states(ledger).values()) == [
        *[("live", 1)] * 2,
        *[("planned", 0)] * 2,
        *[("rejected", 1)] * 2,
        *[("unknown", 1)] * 2,
    ]
    assert ledger.next_due("c1") == NOW + 5


def test_events_that_came_first_are_applied_to_a_group(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN, CAT))
    body = b'{"event":"dial.updated","payload":{"dial_id":"d%s","status":"busy"}}' % BEN.encode()
    ledger.add_event(Event("e1", f"d{BEN}", "dial.updated", "busy", NOW, body))
    ledger.settle_many([accepted(one) for one in reserved(ledger, ANN, BEN, CAT)])
    assert states(ledger) == {ANN: ("live", 1), BEN: ("done", 1), CAT: ("live", 1)}


def test_together_is_all_or_nothing(ledger: Ledger, tmp_path: Path) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    mark = Mark("m", folder=str(tmp_path))
    ledger.keep_mark(mark)
    (ann,) = reserved(ledger, ANN)

    def both() -> None:
        with ledger.together("nothing is on record"):
            ledger.settle_many([accepted(ann)])
            reserved(ledger, BEN)
            assert mark.dials == 1
            assert states(ledger) == {ANN: ("live", 1), BEN: ("reserved", 1)}
            raise LedgerError("the disk is full")

    with pytest.raises(LedgerError, match="full"):
        both()
    assert states(ledger) == {ANN: ("reserved", 1), BEN: ("planned", 0)}
    assert (ledger.dials(), mark.dials) == (1, 1)
    with ledger.together("nothing is on record"):
        ledger.settle_many([accepted(ann)])
        reserved(ledger, BEN)
    assert states(ledger) == {ANN: ("live", 1), BEN: ("reserved", 1)}
    assert mark.dials == 2


def test_groups_in_another_order_do_not_wait_for_each_other_in_a_ring(
    ledger: Ledger, place: str
) -> None:
    """Two processes see the same two calls, each first what the other sees last."""
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    ledger.settle_many([accepted(one) for one in reserved(ledger, ANN, BEN)])
    begin = threading.Barrier(2)
    failed: list[LedgerError] = []

    def see(*numbers: str) -> None:
        with closing(Ledger(place, patience=20.0)) as own:
            begin.wait()
            try:
                with own.together("it is not on record"):
                    for number in numbers:
                        own.see_many([Sighting(f"d{number}", "ringing", NOW)])
                        time.sleep(0.3)  # by now the other one has its first
            except LedgerError as error:
                failed.append(error)

    threads = [threading.Thread(target=see, args=order) for order in ((ANN, BEN), (BEN, ANN))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert {one.call_status for one in ledger.live("c1")} == {"ringing"}


def test_bodies_come_back_byte_by_byte(ledger: Ledger) -> None:
    """Whether their ends were said to be the preset's, truly or not."""
    bodies = [HEAD + b',"to":"%d"' % at + TAIL for at in range(3)]
    same = (len(HEAD), len(TAIL))
    other = HEAD.replace(b"x", b"y") + TAIL
    kept = [(one, same) for one in bodies]
    kept += [(other, same), (bodies[0], (0, 0)), (b"{}", (1, 1)), (HEAD, (len(HEAD), 1))]
    made = [ledger.reserve(reservation(body=body, same=ends), seconds=90)[0] for body, ends in kept]
    for (body, _), record in zip(kept, made, strict=True):
        content = ledger.content(record.id)
        assert content is not None
        assert content.body == body


def test_a_frame_is_kept_once_and_erasing_takes_the_rest(ledger: Ledger) -> None:
    same = (len(HEAD), len(TAIL))
    record, _ = ledger.reserve(reservation(body=HEAD + b'"Ann"' + TAIL, same=same), seconds=90)
    ledger.erase(ANN, reason="asked")
    content = ledger.content(record.id)
    assert content is not None
    assert content.body is None


def test_making_room_changes_nothing(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    ledger.make_room()
    assert states(ledger) == {ANN: ("planned", 0)}
    assert ledger.setting("") is None


def test_who_has_nothing_to_write_waits_for_nobody(place: str) -> None:
    """And who waited in vain may write once the others are done."""
    with closing(Ledger(place, patience=0.3)) as ledger, closing(Ledger(place)) as other:
        ledger.open_campaign(CAMPAIGN, people(ANN))
        with other.together("nothing"):
            other.set("held", "yes")
            with ledger.together("nothing"):
                pass
            assert ledger.abandoned(campaign="c1") == []
            with pytest.raises(LedgerError, match="not kept"):
                ledger.set("mine", "1")
            with pytest.raises(LedgerError, match="not kept"), ledger.together("nothing"):
                ledger.set("mine", "1")
        ledger.set("mine", "2")
        assert (ledger.setting("mine"), other.setting("held")) == ("2", "yes")


def test_only_ended_calls_that_may_be_tried_again_are_found(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN, CAT))
    ledger.settle_many([accepted(one) for one in reserved(ledger, ANN, BEN, CAT)])
    ledger.see(f"d{ANN}", "no-answer", at=NOW, result="NO_ANSWER")
    ledger.see(f"d{BEN}", "failed", at=NOW, result="RATE_LIMITED")

    def ended(**hows: int) -> list[str]:
        return sorted(str(one.to) for one in ledger.ended("c1", hows))

    assert ended(**{"no-answer": 1, "RATE_LIMITED": 2}) == [ANN, BEN]
    assert ended(failed=1) == [BEN]
    assert ended(**{"no-answer": 0, "busy": 3}) == []
    assert ledger.again("c1", ANN, NOW, after=1)
    assert ended(**{"no-answer": 1}) == []


def test_people_are_found_by_their_index_where_ended_calls_are_looked_for(tmp_path: Path) -> None:
    """Else each call that ended costs a walk through all people."""
    asked: list[str] = []
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        with ledger._reading() as connection:
            raw = connection._connection  # type: ignore[attr-defined]
        raw.set_trace_callback(asked.append)
        ledger.ended("c1", {"busy": 1})
        raw.set_trace_callback(None)
        plan = " ".join(str(step[-1]) for step in raw.execute(f"EXPLAIN QUERY PLAN {asked[0]}"))
    assert "SEARCH dial USING INDEX dial_accepted" in plan
    assert "SEARCH person USING INDEX person_once" in plan
