"""
The ledger under any sequence of what launchers do, beside a model that is a few dictionaries.

Whatever happens, in whatever order, from several ledgers on one file, reopened at any time: an
attempt at a person is one dial at most, a key is one dial's at most, no row is lost, and each
row is in the one state that its dial says.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_world import CAMPAIGN, attempt, people, reservation

from dialform.errors import Refused
from dialform.launcher.ledger import Ledger
from dialform.launcher.records import ENDED, MAY_RING, ROW_STATES, Reservation

if TYPE_CHECKING:
    from postgres_server import PostgresServerProcess

PEOPLE = [f"+1415555{at:04}" for at in range(100, 106)]
KEYS = ["k1", "k2"]
ROW_OF = {"accepted": "live", "rejected": "rejected", "unknown": "unknown"}

ORDER = {"queued": 0, "ringing": 1, "in-progress": 2}

person = st.sampled_from(PEOPLE)
key = st.sampled_from([None, *KEYS])
state = st.sampled_from(["accepted", "rejected", "deferred", "not_sent", "unknown"])
pick = st.integers(0, 1 << 16)


class LedgerMachine(RuleBasedStateMachine):
    """Two ledgers in one place, and what they should say."""

    def __init__(self, place: str | None = None) -> None:
        """``place``: None is a new file."""
        super().__init__()
        shm = Path("/dev/shm")  # noqa: S108 - memory: a sync is quick there
        self.folder = tempfile.mkdtemp(dir=shm if shm.is_dir() else None)
        counter = itertools.count(1)
        self.ledgers = [
            Ledger(place or f"{self.folder}/ledger.db", identifier=lambda: f"{next(counter):032x}")
            for _ in range(2)
        ]
        self.rows: dict[str, list[Any]] = {}
        """By person: state and attempts."""
        self.dials: dict[str, dict[str, Any]] = {}
        self.count = 0

    def teardown(self) -> None:
        for one in self.ledgers:
            one.close()
        for path in Path(self.folder).iterdir():
            path.unlink()
        Path(self.folder).rmdir()

    @property
    def ledger(self) -> Ledger:
        """One of the two, in turn."""
        self.ledgers.reverse()
        return self.ledgers[0]

    @initialize(first=st.lists(person, unique=True, min_size=1))
    def open(self, first: list[str]) -> None:
        assert self.ledger.open_campaign(CAMPAIGN, people(*first))[1]
        self.rows = {one: ["planned", 0] for one in first}
        self.count = len(first)

    @rule(more=st.lists(person, max_size=3))
    def append(self, more: list[str]) -> None:
        skipped = {one for one, (state, _) in self.rows.items() if state == "skipped"}
        new = {one for one in more if one not in self.rows or one in skipped}
        assert self.ledger.add_people("c1", people(*more)) == len(new)
        self.count += len(more)
        self.rows |= {one: ["planned", 0] for one in new}

    @rule(calls=st.lists(st.tuples(person, st.integers(1, 3), key), max_size=5))
    def reserve(self, calls: list[tuple[str, int, str | None]]) -> None:
        wanted = [attempt(who, number, once=once) for who, number, once in calls]
        self._reserve(wanted)

    @rule(calls=st.lists(st.tuples(person, key), max_size=2))
    def reserve_single(self, calls: list[tuple[str, str | None]]) -> None:
        self._reserve([reservation(to=who, once=once) for who, once in calls])

    @rule(limit=st.integers(1, 4), once=key)
    def reserve_due(self, limit: int, once: str | None) -> None:
        due = self.ledger.due("c1", 1e12, limit)
        planned = [one for one, (state, _) in self.rows.items() if state == "planned"]
        assert len(due) == min(limit, len(planned))
        assert {one.person for one in due} <= set(planned)
        self._reserve([attempt(one.person, one.attempt + 1, once=once) for one in due])

    @precondition(lambda self: self.dials)
    @rule(which=st.lists(st.tuples(pick, state), min_size=1, max_size=4))
    def settle(self, which: list[tuple[int, str]]) -> None:
        for at, how in which:
            identifier = self._dial(at)
            self.ledger.settle(identifier, how, dial_id=f"api-{identifier}")
            dial = self.dials[identifier]
            if dial["state"] == "reserved" or dial["abandoned"]:
                back = how in ("deferred", "not_sent")
                self._move(dial, "planned" if back else ROW_OF[how], back=back)
                dial |= {"state": how, "abandoned": False, "named": True}

    @precondition(lambda self: self.dials)
    @rule(at=pick, status=st.sampled_from([*sorted(ENDED), "queued", "ringing", "in-progress"]))
    def see(self, at: int, status: str) -> None:
        identifier = self._dial(at)
        dial = self.dials[identifier]
        assert self.ledger.see(f"api-{identifier}", status, at=5.0) is dial["named"]
        if not dial["named"] or dial["call"] in ENDED:
            return
        if status in ENDED or dial["call"] is None or ORDER[status] >= ORDER[dial["call"]]:
            dial["call"] = status
        if status in ENDED and self.rows.get(dial["person"], [""])[0] == "live":
            self._move(dial, "done")

    @rule(who=person)
    def again(self, who: str) -> None:
        may = self.rows.get(who, [""])[0] in ("done", "live")
        assert self.ledger.again("c1", who, 3.0) is may
        if may:
            self.rows[who][0] = "planned"

    @rule(who=person)
    def skip(self, who: str) -> None:
        may = self.rows.get(who, [""])[0] == "planned"
        assert self.ledger.skip_many("c1", [(who, "suppressed")]) == may
        if may:
            self.rows[who] = ["skipped", self.rows[who][1]]

    @precondition(lambda self: self.dials)
    @rule(at=pick)
    def abandon(self, at: int) -> None:
        chosen = self._dial(at)
        given_up = self.ledger.abandoned(is_pending=lambda one: one.id != chosen)
        dial = self.dials[chosen]
        assert [one.id for one in given_up] == ([chosen] if dial["state"] == "reserved" else [])
        if given_up:
            dial |= {"state": "unknown", "abandoned": True}
            self._move(dial, "unknown")

    @precondition(lambda self: self.dials)
    @rule(at=pick, rang=st.booleans())
    def settle_by_hand(self, at: int, rang: bool) -> None:  # noqa: FBT001 - drawn
        identifier = self._dial(at)
        dial = self.dials[identifier]
        refused = contextlib.suppress(Refused) if dial["state"] != "unknown" else None
        with refused or contextlib.nullcontext():
            self.ledger.settle_unknown(identifier, rang=rang, by="anna", evidence="asked")
            assert refused is None
            live = "live" if dial["named"] else "done"
            self._move(dial, live if rang else "planned", back=not rang)
            dial |= {"state": "accepted" if rang else "not_sent", "abandoned": False}

    @rule()
    def reopen(self) -> None:
        self.ledger.close()

    @invariant()
    def an_attempt_and_a_key_are_one_dials(self) -> None:
        ringing = [one for one in self.ledgers[0].find(limit=None) if one.state in MAY_RING]
        attempts = [(one.person, one.attempt) for one in ringing if one.campaign]
        keys = [one.once for one in ringing if one.once]
        assert len(attempts) == len(set(attempts))
        assert len(keys) == len(set(keys))

    @invariant()
    def no_row_is_lost_and_each_is_where_its_dial_is(self) -> None:
        rows = list(self.ledgers[0].rows("c1"))
        assert len(rows) == self.count == sum(self.ledgers[0].counts("c1").values())
        assert [one.row for one in rows] == list(range(1, self.count + 1))
        assert {one.state for one in rows} <= set(ROW_STATES)
        called = {one.person: one for one in rows if one.state != "skipped"}
        model = {who: row for who, row in self.rows.items() if row[0] != "skipped"}
        assert {who: [one.state, one.attempt] for who, one in called.items()} == model

    @invariant()
    def the_dials_are_as_they_were_left(self) -> None:
        found = {one.id: (one.state, one.call_status) for one in self.ledgers[0].find(limit=None)}
        assert found == {one: (dial["state"], dial["call"]) for one, dial in self.dials.items()}

    def _dial(self, at: int) -> str:
        ids = sorted(self.dials)
        return ids[at % len(ids)]

    def _reserve(self, wanted: list[Reservation]) -> None:
        made = self.ledger.reserve_many(wanted, seconds=1e9)
        assert len(made) == len(wanted)
        for one, record in zip(wanted, made, strict=True):
            if record is None:
                continue
            assert not self._is_taken(one.once), "a key that was free"
            if one.campaign is not None:
                assert self.rows[str(one.person)] == ["planned", (one.attempt or 0) - 1]
                self.rows[str(one.person)] = ["reserved", one.attempt]
            self.dials[record.id] = {
                "state": "reserved",
                "once": one.once,
                "campaign": one.campaign,
                "person": one.person,
                "attempt": one.attempt,
                "abandoned": False,
                "named": False,
                "call": None,
            }
        for one, record in zip(wanted, made, strict=True):
            if record is None and one.campaign is None:
                assert self._is_taken(one.once), "what was refused is taken"

    def _is_taken(self, once: str | None) -> bool:
        return once is not None and any(
            dial["once"] == once and dial["state"] in MAY_RING for dial in self.dials.values()
        )

    def _move(self, dial: dict[str, Any], state: str, *, back: bool = False) -> None:
        row = self.rows.get(dial["person"])
        if dial["campaign"] is None or row is None or row[1] != dial["attempt"]:
            return
        if row[0] in ("reserved", "unknown", "live"):
            self.rows[dial["person"]] = [state, row[1] - back]


MANY = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
LedgerMachine.TestCase.settings = MANY
TestLedgerStates = LedgerMachine.TestCase


def test_the_same_in_a_server(postgres: PostgresServerProcess) -> None:
    """Fewer, as each statement goes to the server and back."""

    def machine() -> LedgerMachine:
        return LedgerMachine(postgres.new_database())

    few = settings(MANY, max_examples=8)
    run_state_machine_as_test(machine, settings=few)  # type: ignore[arg-type]  # a maker will do
