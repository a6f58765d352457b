"""How often was dialled, and dials that are written down only where caps have room for them."""

from __future__ import annotations

import random
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ledger_world import ANN, BEN, CAMPAIGN, CAT, NOW, attempt, people, reservation

from dialform.errors import CallRefused
from dialform.launcher.calling import Refusal, Rules
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.counting import latest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialform.launcher.ledger.reserving import Room


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(place: str, clock: Clock) -> Iterator[Ledger]:
    """A ledger of that clock."""
    one = Ledger(place, clock=clock)
    yield one
    one.close()


def rules(**calls: Any) -> Rules:
    """The rules of a sandbox with this table."""
    workspace = {"url": "http://127.0.0.1:8421/api"}
    return Rules.of({"environment": "dev", "workspace": workspace, "calls": calls})


def room(to: str = ANN, *, now: float = NOW, person: str | None = None, **calls: Any) -> Room:
    """What caps say of a dial."""
    return partial(rules(**calls).capped, now, to, (), person=person)


def dialled(ledger: Ledger, state: str | None = None, **fields: Any) -> None:
    """A dial that was written down, and settled as ``state``."""
    record, ours = ledger.reserve(reservation(**fields), seconds=30)
    assert ours
    if state is not None:
        ledger.settle(record.id, state)


def test_dials_in_which_a_phone_may_have_rung_are_counted(timed: Ledger, clock: Clock) -> None:
    for second, state in enumerate(["accepted", "unknown", "rejected", None, "not_sent"]):
        clock.now = NOW + second
        dialled(timed, state)
    dialled(timed, to=BEN)
    dialled(timed, environment="prod")

    found = [timed.latest("dev", [ANN], n) for n in (1, 2, 3, 4)]

    assert found == [pytest.approx(NOW + 3), pytest.approx(NOW + 1), pytest.approx(NOW), None]
    assert timed.latest("dev", [], 1) == pytest.approx(NOW + 4)
    assert [timed.latest("dev", [], 4) is None, timed.latest("dev", [], 5)] == [False, None]
    assert timed.latest("dev", [CAT], 1) is None


def test_a_person_is_counted_by_key_and_by_each_number_once(timed: Ledger, clock: Clock) -> None:
    timed.open_campaign(CAMPAIGN)
    timed.add_people("c1", people(ANN))
    dialled(timed)
    clock.now = NOW + 60
    timed.reserve(attempt(ANN)._replace(person=ANN), seconds=30)
    clock.now = NOW + 120
    dialled(timed, person="customer-1", to=BEN)

    assert timed.latest("dev", ["customer-1"], 1) == pytest.approx(NOW + 120)
    assert timed.latest("dev", ["customer-1", ANN], 3) == pytest.approx(NOW)
    assert timed.latest("dev", ["customer-1", BEN], 2) is None
    assert timed.latest("dev", [BEN], 1) == pytest.approx(NOW + 120)


def test_a_dial_without_room_is_not_written_down(timed: Ledger, clock: Clock) -> None:
    dialled(timed, "accepted")
    clock.now = NOW + 3600
    cap = room(now=clock.now, perPerson={"24h": 1})

    with pytest.raises(CallRefused, match=r"\[calls.perPerson\]") as refused:
        timed.reserve(reservation(), seconds=30, room=cap)

    assert refused.value.due == pytest.approx(NOW + 86400)
    assert len(timed.find()) == 1
    assert timed.reserve(reservation(to=BEN), seconds=30, room=room(BEN, perPerson={"24h": 1}))[1]


def test_a_once_key_that_is_taken_is_told_before_a_cap(timed: Ledger) -> None:
    first, _ = timed.reserve(reservation(once="k"), seconds=30)
    found, ours = timed.reserve(reservation(once="k"), seconds=30, room=room(perPerson={"24h": 1}))
    assert (found.id, ours) == (first.id, False)


def test_of_many_those_with_room_are_written_down(timed: Ledger) -> None:
    """Each counts those before it, in the same transaction."""
    timed.open_campaign(CAMPAIGN)
    timed.add_people("c1", people(ANN, BEN, CAT))
    caps = [room(number, perEnvironment={"1h": 2}) for number in (ANN, BEN, CAT)]

    made = timed.reserve_many(
        [attempt(number) for number in (ANN, BEN, CAT)], seconds=30, rooms=caps
    )

    assert [one is None for one in made] == [False, False, True]
    assert {row.person: row.state for row in timed.rows("c1")} == {
        ANN: "reserved",
        BEN: "reserved",
        CAT: "planned",
    }


def test_processes_that_reserve_at_once_do_not_pass_a_cap_together(place: str) -> None:
    """Each through a connection of its own, as processes have them."""
    ledgers = [Ledger(place) for _ in range(8)]
    start = threading.Barrier(len(ledgers))
    made: list[bool] = []

    def one(placed: object) -> Refusal | None:
        return rules(perPerson={"24h": 3}).capped(NOW, ANN, (), placed)  # type: ignore[arg-type]  # a Placed

    def reserve(ledger: Ledger) -> None:
        start.wait()
        for _ in range(3):
            try:
                made.append(ledger.reserve(reservation(), seconds=30, room=one)[1])
            except CallRefused:
                made.append(False)

    threads = [threading.Thread(target=reserve, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in ledgers:
        ledger.close()

    assert (made.count(True), len(made)) == (3, 24)


def test_a_person_is_found_by_the_person_and_an_environment_by_its_own_index(
    tmp_path: Path,
) -> None:
    """However many dials there are: a plan that walks through them shows here."""
    ledger = Ledger(tmp_path / "ledger.db")
    asked: list[str] = []
    with ledger._reading() as connection:
        raw = connection._connection  # type: ignore[attr-defined]
        raw.set_trace_callback(asked.append)
        latest(connection, "dev", [ANN, "customer-1"], 3)
        latest(connection, "dev", [], 3)
        raw.set_trace_callback(None)
        plans = [
            " ".join(str(step[-1]) for step in raw.execute(f"EXPLAIN QUERY PLAN {one}"))
            for one in asked
        ]
    ledger.close()

    assert "dial_by_person" in plans[0]
    assert "dial_by_number" in plans[0]
    assert "INDEX dial_counted" in plans[1]
    assert not any("SCAN dial" in plan for plan in plans)


def test_what_a_campaign_has_taken_is_never_told_too_low(place: str) -> None:
    """Whatever others write meanwhile; and exactly where more than enough is taken."""
    ours, others = Ledger(place), Ledger(place)
    numbers = [f"+1415555{at:04}" for at in range(100, 200)]
    ours.open_campaign(CAMPAIGN, people(*numbers))
    chance = random.Random(7)  # noqa: S311 - the same at each run
    dials: dict[str, str] = {}
    for number in numbers:
        one = chance.choice([ours, others])
        before = one.taken_of("c1", enough=chance.choice([0, 20, 1000]))
        assert before >= sum(state in ("accepted", "reserved") for state in dials.values())
        record, _ = one.reserve(attempt(number), seconds=30)
        dials[record.id] = "reserved"
        known = chance.choice(list(dials))
        if dials[known] == "reserved":
            dials[known] = chance.choice(["accepted", "unknown", "rejected", "not_sent"])
            one.settle(known, dials[known], dial_id=f"d-{known}")
        elif dials[known] == "unknown":
            one.settle_unknown(known, rang=True, by="event", evidence="it rang")
            dials[known] = "accepted"
    taken = sum(state in ("accepted", "reserved") for state in dials.values())
    assert ours.taken_of("c1", enough=taken - 1) == others.taken_of("c1", enough=0) == taken
    ours.close()
    others.close()


def test_a_count_in_what_was_undone_is_forgotten(place: str) -> None:
    ledger = Ledger(place)
    ledger.open_campaign(CAMPAIGN, people(ANN))
    record, _ = ledger.reserve(attempt(ANN), seconds=30)

    def settles_in_vain() -> None:
        with ledger.together("nothing"):
            ledger.settle(record.id, "rejected")
            assert ledger.taken_of("c1", enough=0) == 0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        settles_in_vain()
    assert ledger.taken_of("c1", enough=5) == 1
    ledger.close()
