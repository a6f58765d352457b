"""What every ledger does, whichever database it is in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from ledger_world import ANN, BEN, CAMPAIGN, CAT, NOW, attempt, people, reservation

from dialform.errors import Refused, UsageError
from dialform.launcher.records import Event, Record, Row, Suppression

if TYPE_CHECKING:
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Reservation


def row_of(ledger: Ledger, person: str = ANN) -> Row:
    (found,) = [one for one in ledger.rows("c1") if one.person == person]
    return found


def reserved(ledger: Ledger, person: str = ANN, number: int = 1) -> Record:
    record, ours = ledger.reserve(attempt(person, number), seconds=30)
    assert ours
    return record


def gone(_: Record) -> bool:
    """No process is there any more."""
    return False


# Dials


def test_a_dial_keeps_what_was_sent_and_answered(ledger: Ledger) -> None:
    body = bytes(range(256))
    record, _ = ledger.reserve(reservation(body=body), seconds=30)
    ledger.settle(record.id, "accepted", dial_id="d1", answer=b"x" * 5000)

    found = ledger.record(record.id)
    assert found is not None
    assert found == ledger.record("d1")
    assert (found.state, found.person, found.settled_by) == ("accepted", ANN, "answer")
    assert (found.inputs, found.withheld) == ('{"name":"Ann"}', '["pin"]')
    assert ledger.content(record.id) == (body, b"x" * 4096)
    assert ledger.record("d2") is None
    assert ledger.content("d1") is None


def test_what_reserve_returns_is_what_is_read(ledger: Ledger) -> None:
    record, _ = ledger.reserve(reservation(once="k"), seconds=30)
    assert ledger.record(record.id) == record
    assert ledger.taken("dev", "k") == record


def test_one_key_one_dial_also_in_one_group(ledger: Ledger) -> None:
    first, other, second = ledger.reserve_many(
        [reservation(once="k"), reservation(once="l"), reservation(once="k")], seconds=30
    )
    assert other is not None
    assert [first, second].count(None) == 1


def test_dials_are_found_newest_first(ledger: Ledger) -> None:
    ids = [ledger.reserve(reservation(to=to), seconds=30)[0].id for to in (ANN, BEN, ANN)]
    assert [one.id for one in ledger.find()] == ids[::-1]
    assert [one.id for one in ledger.find(limit=1)] == ids[2:]
    assert [one.id for one in ledger.find(person=BEN)] == [ids[1]]
    assert [one.id for one in ledger.find(states=["reserved", "unknown"])] == ids[::-1]
    assert ledger.find(states=["accepted"]) == []
    assert ledger.find(environment="prod") == ledger.find(until=NOW - 1e8) == []
    assert len(ledger.find(since=time.time() - 60, preset="reminder", version=1)) == 3


def test_recent_dials_are_those_that_may_have_rung(ledger: Ledger) -> None:
    states = ("accepted", "rejected", "unknown", "not_sent", "deferred")
    for state in states:
        record, _ = ledger.reserve(reservation(), seconds=30)
        ledger.settle(record.id, state)
    ledger.reserve(reservation(to=BEN), seconds=30)
    found = ledger.recent(ANN, time.time() - 60)
    assert sorted(one.state for one in found) == ["accepted", "unknown"]
    assert ledger.recent(ANN, time.time() + 60) == []
    assert len(ledger.recent("customer-1", time.time() - 60, to=BEN)) == 1


# Calls


@pytest.mark.parametrize("ended", ["completed", "failed", "canceled", "busy", "no-answer"])
def test_a_call_that_has_ended_stays_so(ledger: Ledger, ended: str) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    record = reserved(ledger)
    ledger.settle(record.id, "accepted", dial_id="d1")
    assert row_of(ledger).state == "live"
    assert [one.id for one in ledger.live("c1")] == [one.id for one in ledger.live()] == [record.id]

    for status in ("ringing", "in-progress", "queued"):
        assert ledger.see("d1", status, at=NOW)
    found = ledger.record("d1")
    assert found is not None
    assert (found.call_status, found.ended_at) == ("in-progress", None)

    assert ledger.see("d1", ended, at=NOW + 1, result="R")
    for status in ("ringing", "completed", "failed"):
        assert ledger.see("d1", status, at=NOW + 2, result="other")
    found = ledger.record("d1")
    assert found is not None
    assert (found.call_status, found.ended_at, found.result) == (ended, NOW + 1, "R")
    assert row_of(ledger).state == "done"
    assert ledger.live("c1") == []
    assert not ledger.see("d2", "completed", at=NOW)


# Campaigns


def test_a_campaign_is_opened_once(ledger: Ledger) -> None:
    assert ledger.campaign("dev", "autumn") is None
    assert ledger.open_campaign(CAMPAIGN, people(ANN, BEN)) == (CAMPAIGN, True)
    other = CAMPAIGN._replace(id="c2", source="others.csv")
    assert ledger.open_campaign(other, people(CAT)) == (CAMPAIGN, False)
    assert ledger.open_campaign(other._replace(environment="prod"))[1]
    assert ledger.campaign("dev", "autumn") == CAMPAIGN
    assert ledger.counts("c1") == {"planned": 2}
    assert len(ledger.campaigns()) == 2
    assert ledger.campaigns("dev") == [CAMPAIGN]
    ledger.set_campaign_state("c1", "paused", "a hold")
    assert ledger.campaigns("dev") == [CAMPAIGN._replace(state="paused", reason="a hold")]
    ledger.repin_campaign(CAMPAIGN._replace(version=2, bound_digest="sha256:8"))
    found = ledger.campaign("dev", "autumn")
    assert found is not None
    assert (found.version, found.bound_digest, found.source) == (2, "sha256:8", "people.csv")


def test_a_file_that_breaks_off_opens_nothing(ledger: Ledger) -> None:
    def broken() -> list[Row]:
        raise UsageError("row 2 is not a row")

    with pytest.raises(UsageError, match="row 2"):
        ledger.open_campaign(CAMPAIGN, (row for make in (broken,) for row in make()))
    assert ledger.campaigns() == []


def test_rows_come_due_in_order_and_are_taken_once(ledger: Ledger) -> None:
    first, second, third = people(ANN, BEN, CAT)
    ledger.open_campaign(
        CAMPAIGN, [first._replace(due=NOW + 5), second, third._replace(due=NOW + 99)]
    )
    assert [one.person for one in ledger.due("c1", NOW + 5, 10)] == [BEN, ANN]
    assert [one.person for one in ledger.due("c1", NOW + 5, 1)] == [BEN]
    assert ledger.next_due("c1") == 0.0

    record, ours = ledger.reserve(attempt(BEN), seconds=30)
    assert ours
    assert (record.campaign, record.person, record.attempt) == ("c1", BEN, 1)
    assert ledger.reserve(attempt(BEN), seconds=30) == (record, False)
    with pytest.raises(Refused, match="not planned for attempt 2"):
        ledger.reserve(attempt(BEN, 2), seconds=30)
    with pytest.raises(UsageError, match="a person and an attempt"):
        ledger.reserve(reservation(campaign="c1"), seconds=30)
    assert ledger.reserve_many([attempt(BEN), attempt(CAT, 2)], seconds=30) == [None, None]
    assert ledger.counts("c1") == {"planned": 2, "reserved": 1}
    assert ledger.next_due("c1") == NOW + 5


def test_a_row_is_taken_with_its_dial_or_not_at_all(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    ledger.reserve(reservation(once="k"), seconds=30)
    assert ledger.reserve_many([attempt(ANN, once="k")], seconds=30) == [None]
    assert (row_of(ledger).state, row_of(ledger).attempt) == ("planned", 0)


@pytest.mark.parametrize(
    ("state", "row", "attempts"),
    [
        ("accepted", "live", 1),
        ("rejected", "rejected", 1),
        ("unknown", "unknown", 1),
        ("deferred", "planned", 0),
        ("not_sent", "planned", 0),
    ],
)
def test_the_row_moves_with_its_dial(ledger: Ledger, state: str, row: str, attempts: int) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    record = reserved(ledger)
    ledger.settle(record.id, state, due=NOW + 60 if row == "planned" else None, words="why")
    found = row_of(ledger)
    assert (found.state, found.attempt, found.reason) == (row, attempts, "why")
    assert found.due == (NOW + 60 if row == "planned" else 0.0)
    ledger.settle(record.id, "accepted")
    assert row_of(ledger) == found
    if row == "planned":
        assert reserved(ledger).attempt == 1


def test_a_rejection_that_is_not_the_persons_leaves_them_planned(ledger: Ledger) -> None:
    """As for a key that is not valid any more."""
    ledger.open_campaign(CAMPAIGN, people(ANN))
    ledger.settle(reserved(ledger).id, "rejected", due=NOW, words="401")
    assert (row_of(ledger).state, row_of(ledger).attempt) == ("planned", 0)


def test_a_retry_is_one_more_attempt(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    assert not ledger.again("c1", ANN, NOW)
    ledger.settle(reserved(ledger).id, "accepted", dial_id="d1")
    ledger.see("d1", "no-answer", at=NOW)
    assert ledger.again("c1", ANN, NOW + 60)
    assert not ledger.again("c1", ANN, NOW + 60)
    assert (row_of(ledger).attempt, row_of(ledger).due) == (1, NOW + 60)
    assert reserved(ledger, number=2).attempt == 2
    ledger.see("d1", "completed", at=NOW)
    assert row_of(ledger).state == "reserved"


def test_the_end_of_an_earlier_attempt_does_not_end_a_later_one(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    for number in (1, 2):
        ledger.settle(reserved(ledger, number=number).id, "accepted", dial_id=f"d{number}")
        ledger.again("c1", ANN, NOW)
    third = reserved(ledger, number=3)
    ledger.settle(third.id, "accepted", dial_id="d3")
    assert ledger.see("d1", "completed", at=NOW)
    assert row_of(ledger).state == "live"
    assert [one.dial_id for one in ledger.live("c1")] == ["d2", "d3"]
    assert ledger.see("d3", "busy", at=NOW)
    assert (row_of(ledger).state, row_of(ledger).attempt) == ("done", 3)


def test_rows_are_skipped_and_postponed_while_planned(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    assert ledger.postpone_many("c1", [(ANN, NOW + 9, "not at night")]) == 1
    assert row_of(ledger)[-2:] == (NOW + 9, "not at night")
    reserved(ledger)
    assert row_of(ledger).reason is None
    assert not ledger.postpone_many("c1", [(ANN, NOW, "late")])
    assert ledger.skip_many("c1", [(ANN, "suppressed"), (BEN, "suppressed")]) == 1
    assert ledger.counts("c1") == {"reserved": 1, "skipped": 1}
    assert ledger.reserve_many([attempt(BEN)], seconds=30) == [None]
    assert ledger.row("c1", BEN) is None
    assert ledger.row("c1", ANN) == row_of(ledger)


def test_many_rows_are_moved_at_once(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN, CAT))
    reserved(ledger, CAT)
    assert ledger.postpone_many("c1", [(BEN, NOW, "b"), (CAT, NOW, "c"), (ANN, NOW, "a")]) == 2
    assert [(one.due, one.reason) for one in ledger.rows("c1")] == [
        (NOW, "a"), (NOW, "b"), (0.0, None),
    ]  # fmt: skip
    assert ledger.skip_many("c1", [(CAT, "c"), (ANN, "a")]) == 1
    assert ledger.counts("c1") == {"planned": 1, "reserved": 1, "skipped": 1}
    assert ledger.skip_many("c1", []) == 0


def test_rows_with_one_number_are_an_error(ledger: Ledger) -> None:
    """None of them would be lost in silence."""
    with pytest.raises(UsageError, match="the same number"):
        ledger.open_campaign(CAMPAIGN, [Row(1, ANN, ANN), Row(1, BEN, BEN)])
    assert ledger.campaigns() == []


def test_more_people_are_numbered_on_and_known_ones_skipped(ledger: Ledger) -> None:
    duplicate = Row(3, ANN, ANN, state="skipped", reason="the same person as row 1")
    ledger.open_campaign(CAMPAIGN, [*people(ANN, BEN), duplicate])
    added = ledger.add_people(
        "c1", people(BEN, CAT, CAT), source="more.csv", source_digest="sha256:7"
    )
    assert added == 1
    assert [(one.row, one.person, one.state, one.reason) for one in ledger.rows("c1")] == [
        (1, ANN, "planned", None),
        (2, BEN, "planned", None),
        (3, ANN, "skipped", "the same person as row 1"),
        (4, BEN, "skipped", "the same person as row 2"),
        (5, CAT, "planned", None),
        (6, CAT, "skipped", "the same person as row 5"),
    ]
    assert [one.row for one in ledger.rows("c1", state="planned")] == [1, 2, 5]
    for one in ledger.rows("c1", state="planned"):
        assert ledger.row("c1", one.person) == one
    assert ledger.row("c1", "nobody") is None
    found = ledger.campaign("dev", "autumn")
    assert found is not None
    assert (found.source, found.source_digest) == ("more.csv", "sha256:7")
    assert reserved(ledger).person == ANN
    assert ledger.counts("c1") == {"planned": 2, "reserved": 1, "skipped": 3}


def test_many_rows_are_streamed(ledger: Ledger) -> None:
    count = 2500
    ledger.open_campaign(CAMPAIGN, (Row(at, f"p{at}", ANN) for at in range(1, count + 1)))
    assert [one.row for one in ledger.rows("c1")] == list(range(1, count + 1))
    assert ledger.counts("c1") == {"planned": count}


# Unknown outcomes


def test_what_a_gone_process_reserved_becomes_unknown(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    record = reserved(ledger)
    single, _ = ledger.reserve(reservation(to=CAT), seconds=30)
    assert ledger.abandoned() == []
    assert ledger.abandoned(is_pending=gone, campaign="c1") == [record]
    assert ledger.abandoned(is_pending=gone) == [single]
    assert row_of(ledger).state == "unknown"
    assert {one.id for one in ledger.unknown()} == {record.id, single.id}
    (found,) = ledger.unknown("c1")
    assert found.settled_by == "abandoned"
    assert found.evidence is not None
    assert "no answer was written down" in found.evidence


def test_a_sender_that_was_given_up_still_knows_better(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    record = reserved(ledger)
    ledger.abandoned(is_pending=gone)
    ledger.settle(record.id, "accepted", dial_id="d1")
    assert row_of(ledger).state == "live"
    assert ledger.unknown() == []


@pytest.mark.parametrize(
    ("rang", "dial_id", "state", "row", "attempts"),
    [
        (True, "d1", "accepted", "live", 1),
        (True, None, "accepted", "done", 1),
        (False, None, "not_sent", "planned", 0),
    ],
)
def test_an_unknown_dial_is_settled_once(  # noqa: PLR0913, PLR0917 - a table
    ledger: Ledger,
    rang: bool,  # noqa: FBT001 - a parameter of the test
    dial_id: str | None,
    state: str,
    row: str,
    attempts: int,
) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN))
    record = reserved(ledger)
    with pytest.raises(Refused, match="is reserved"):
        ledger.settle_unknown(record.id, rang=rang, by="anna", evidence="asked Ann")
    ledger.settle(record.id, "unknown", evidence="read timeout")
    settled = ledger.settle_unknown(
        record.id, rang=rang, by="anna", evidence="asked Ann", dial_id=dial_id, due=NOW
    )
    assert (settled.state, settled.settled_by, settled.dial_id) == (state, "anna", dial_id)
    assert settled.evidence == "read timeout\nasked Ann"
    assert (row_of(ledger).state, row_of(ledger).attempt) == (row, attempts)
    with pytest.raises(Refused, match=f"is {state}"):
        ledger.settle_unknown(record.id, rang=False, by="ben", evidence="no")
    with pytest.raises(UsageError, match="no dial x"):
        ledger.settle_unknown("x", rang=False, by="ben", evidence="no")
    if not rang:
        assert reserved(ledger).attempt == 1


# Events, suppression, erasing, settings


def test_a_repeated_event_is_kept_once(ledger: Ledger) -> None:
    first = Event("e1", "d1", "dial.updated", "ringing", NOW, b"\x00{}")
    second = Event("e2", "d1", "dial.updated", None, NOW + 1, b"{}")
    assert ledger.add_event(second)
    assert ledger.add_event(first)
    assert not ledger.add_event(first)
    assert ledger.events("d1") == [first, second] == ledger.unapplied()
    assert ledger.unapplied(since=NOW + 1) == [second]
    assert ledger.unapplied(since=NOW + 2) == []


def test_suppressed_as_a_number_or_as_a_hash(ledger: Ledger) -> None:
    hashed = "sha256:3b6c4ee5b6ff8c1a7a6c4b80ab8ea5f8f6c2a4d0"
    assert ledger.suppress([Suppression(BEN, "asked", "t"), Suppression(hashed, "list", "t")]) == 2
    assert ledger.suppress([Suppression(BEN, "again", "t")]) == 0
    assert ledger.suppressed([ANN, BEN]) == {BEN: Suppression(BEN, "asked", "t")}
    ledger.erase(CAT, reason="erased")
    assert list(ledger.suppressed([ANN, CAT])) == [CAT]
    assert len(list(ledger.suppressions())) == 3
    assert ledger.unsuppress(BEN)
    assert not ledger.unsuppress(BEN)
    assert ledger.suppressed([BEN]) == {}


def test_erasing_leaves_digests_states_and_a_suppression(ledger: Ledger) -> None:
    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    record, _ = ledger.reserve(attempt(ANN, body=b"to Ann"), seconds=30)
    ledger.settle(record.id, "accepted", dial_id="d1", words="Ann", answer=b"Ann")
    ledger.add_event(Event("e1", "d1", "dial.updated", "ringing", NOW, b"Ann"))
    other, _ = ledger.reserve(reservation(to=ANN, body=b"to Ann", once="ann-1"), seconds=30)
    assert ledger.erase(ANN, reason="asked to") == 2
    for identifier in (record.id, other.id):
        found = ledger.record(identifier)
        assert found is not None
        assert ANN not in str(found)
        assert "Ann" not in str(found)
        assert found.body_digest == "sha256:3"
        assert ledger.content(identifier) == (None, None)
    assert ledger.events("d1") == []
    assert all(ANN not in str(one) for one in ledger.rows("c1"))
    assert ledger.counts("c1") == {"live": 1, "planned": 1}
    assert ledger.suppressed([ANN])[ANN].reason == "asked to"
    assert ledger.erase(ANN, reason="again") == 0
    assert ledger.erase(BEN, reason="asked to") == 0
    assert ledger.counts("c1") == {"live": 1, "skipped": 1}


def test_two_customers_with_one_number_are_erased_with_it(ledger: Ledger) -> None:
    """A call under way still moves the row of its own."""
    ledger.open_campaign(CAMPAIGN, [Row(1, "customer-1", ANN), Row(2, "customer-2", ANN)])
    for at in (1, 2):
        wanted = attempt(f"customer-{at}")._replace(to=ANN)
        record, _ = ledger.reserve(wanted, seconds=30)
        ledger.settle(record.id, "accepted", dial_id=f"d{at}")
    assert ledger.erase(ANN, reason="asked to") == 2
    assert "customer" not in str(list(ledger.rows("c1"))) + str(ledger.find())
    assert ledger.see("d2", "completed", at=NOW)
    assert [one.state for one in ledger.rows("c1")] == ["live", "done"]


def test_what_is_old_goes_of_one_environment_where_that_is_said(ledger: Ledger) -> None:
    """With it what was said in calls that the ledger does not know, once that is old."""
    made = {}
    for environment in ("dev", "prod"):
        wanted = reservation(body=b"Ann")._replace(environment=environment)
        record, _ = ledger.reserve(wanted, seconds=30)
        ledger.settle(record.id, "accepted", dial_id=f"d-{environment}")
        ledger.add_event(Event(environment, f"d-{environment}", "k", None, 1.0, b"Ann"))
        made[environment] = record.id
    for digest, at in (("old", 1.0), ("new", time.time())):
        ledger.add_event(Event(digest, "foreign", "dial.transcript", None, at, b"Ann"))
    assert ledger.expire(time.time() - 3600, environment="dev") == 0
    assert [one.digest for one in ledger.events("foreign")] == ["new"]
    assert ledger.expire(time.time() + 60, environment="dev") == 1
    assert ledger.content(made["dev"]) == (None, None)
    assert ledger.content(made["prod"]) == (b"Ann", None)
    assert ledger.events("foreign") == []
    assert len(ledger.events("d-prod")) == 1


def test_what_is_old_goes_but_for_what_may_still_be_called(ledger: Ledger) -> None:
    def dialled(wanted: Reservation, state: str = "accepted") -> str:
        record, _ = ledger.reserve(wanted, seconds=30)
        ledger.settle(record.id, state, dial_id=f"d{record.id}", words="Ann")
        ledger.add_event(Event(record.id, f"d{record.id}", "k", None, NOW, b"Ann"))
        return record.id

    ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
    other = CAMPAIGN._replace(id="c2", name="winter")
    ledger.open_campaign(other, people(ANN))
    old = [dialled(reservation(once="k", body=b"Ann")), dialled(attempt(ANN, body=b"Ann"))]
    kept = [dialled(reservation(), "unknown"), dialled(attempt(ANN, campaign="c2", body=b"Ann"))]
    ledger.set_campaign_state("c1", "finished")
    later = time.time() + 60
    assert ledger.expire(NOW - 1e8) == 0
    assert ledger.expire(later) == 2
    assert ledger.expire(later) == 0
    for identifier in old:
        found = ledger.record(identifier)
        assert found is not None
        assert ANN not in str(found)
        assert "Ann" not in str(found)
        assert found.body_digest == "sha256:3"
        assert ledger.content(identifier) == (None, None)
        assert ledger.events(f"d{identifier}") == []
    for identifier in kept:
        found = ledger.record(identifier)
        assert found is not None
        assert found.to == ANN
    assert ledger.taken("dev", "k") is not None
    assert all(one.to == "" for one in ledger.rows("c1"))
    assert [one.person for one in ledger.rows("c2")] == [ANN]
    assert ledger.suppressed([ANN]) == {}


def test_settings_are_kept(ledger: Ledger) -> None:
    assert len(ledger.id) == 32
    assert ledger.setting("k") is None
    ledger.set("k", "1")
    ledger.set("k", "2")
    assert ledger.setting("k") == "2"
    ledger.checkpoint()
    ledger.close()
    assert ledger.setting("k") == "2"
