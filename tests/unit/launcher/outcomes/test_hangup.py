"""Live calls are hung up: each once, those of others left alone, what can't be is said."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from launcher_world import ANN, BEN

from dialform.errors import OutcomeUnknown
from dialform.launcher.outcomes import hangup
from dialform.launcher.outcomes.hangup import Hangup, Tried
from dialform.launcher.records import Reservation

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher_world import World

    from dialform.api.objects import Dial
    from dialform.launcher import Launcher
    from dialform.launcher.records import Record

LONG, BUSY = "+14155550117", "+14155550110"


class HangingUp:
    """`Hangup` over the real API of the sandbox; its sleeping is the sandbox's time."""

    def __init__(self, world: World, launcher: Launcher) -> None:
        self.world = world
        self.launcher = launcher
        self.now = time.time()
        self.slept: list[float] = []
        self.meanwhile: dict[int, Callable[[], object]] = {}
        """What somebody else does during the n-th sleep."""

    def call(self, to: str = LONG, preset: str = "reminder") -> Record:
        dial = self.launcher.dial(preset, to=to, inputs={"name": "Ann"})
        record = self.launcher.ledger.record(dial.id)
        assert record is not None
        return record

    def look(self, record: Record) -> Dial:
        return self.launcher.client().dial(record.dial_id or "", retries=0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.world.sandbox.advance(seconds)
        self.slept.append(seconds)
        self.meanwhile.get(len(self.slept), lambda: None)()

    def run(self, *presets: str, environment: str = "dev") -> list[Tried]:
        one = Hangup(
            self.launcher.ledger,
            environment,
            set(presets) or None,
            look=self.look,
            hang_up=lambda one: self.launcher.client().hangup(one.dial_id or ""),
            now=lambda: self.now,
            sleep=self.sleep,
        )
        return list(one.run())

    def hang_ups(self) -> int:
        return len(self.world.sandbox.requests("hangup"))


@pytest.fixture
def hanging(world: World, launcher: Launcher) -> HangingUp:
    return HangingUp(world, launcher)


def how(tried: list[Tried]) -> dict[str | None, str]:
    return {one.record.to: one.how for one in tried}


def test_live_calls_end_and_the_ledger_knows_it(hanging: HangingUp) -> None:
    hanging.call(LONG)
    hanging.world.sandbox.advance(20)
    hanging.call(ANN)
    assert how(hanging.run("reminder")) == {ANN: "hung-up", LONG: "hung-up"}
    assert hanging.hang_ups() == 2
    assert hanging.launcher.ledger.live() == []
    ends = {one.to: (one.call_status, one.result) for one in hanging.launcher.ledger.find()}
    assert ends == {ANN: ("canceled", "CANCELLED"), LONG: ("completed", "USER_HANGUP")}
    assert sum(hanging.slept) == hangup.LOOKOUT


def test_a_call_that_ended_by_itself_is_not_told_to_end(hanging: HangingUp) -> None:
    hanging.call(BUSY)
    hanging.world.sandbox.advance(30)
    (one,) = hanging.run("reminder")
    assert (one.how, one.record.result) == ("ended", "BUSY")
    assert hanging.hang_ups() == 0


def test_only_the_calls_that_are_meant(hanging: HangingUp) -> None:
    """Of other presets and environments none; without presets all of the environment."""
    hanging.world.release("visit")
    hanging.call(ANN)
    visit = hanging.call(BEN, preset="visit")
    assert how(hanging.run("reminder")) == {ANN: "hung-up"}
    assert hanging.run(environment="prod") == []
    assert [one.id for one in hanging.launcher.ledger.live()] == [visit.id]
    assert how(hanging.run()) == {BEN: "hung-up"}


def test_a_call_that_was_being_placed_is_hung_up_as_well(hanging: HangingUp) -> None:
    """A launcher that looked just before the hold places it seconds later."""
    hanging.call(ANN)
    hanging.meanwhile = {7: lambda: hanging.call(BEN)}
    assert how(hanging.run("reminder")) == {ANN: "hung-up", BEN: "hung-up"}
    assert hanging.hang_ups() == 2


def test_many_calls_are_hung_up_at_a_time(hanging: HangingUp) -> None:
    for last in range(20):
        hanging.call(f"+1415555010{last % 10}")
    hanging.world.sandbox.fail_next("hangup", how="delay", times=20, seconds=0.25)
    began = time.monotonic()
    assert len(hanging.run("reminder")) == 20
    assert time.monotonic() - began < 20 * 0.25
    assert hanging.hang_ups() == 20


@pytest.mark.parametrize(
    "fault",
    [{"status": 429, "headers": {"retry-after": "1"}}, {"status": 429, "times": 4}],
    ids=["once", "several times"],
)
def test_what_the_api_put_off_is_tried_again(hanging: HangingUp, fault: dict[str, Any]) -> None:
    hanging.call(ANN)
    hanging.world.sandbox.fail_next("hangup", **fault)
    assert how(hanging.run("reminder")) == {ANN: "hung-up"}
    assert hanging.hang_ups() == fault.get("times", 1) + 1


def test_what_is_put_off_to_the_end_is_said(hanging: HangingUp) -> None:
    record = hanging.call(ANN)
    hanging.world.sandbox.fail_next("hangup", status=429, times=99)
    (one,) = hanging.run("reminder")
    assert (one.how, one.record.dial_id) == ("failed", record.dial_id)
    assert "429" in one.why
    assert 10 <= hanging.hang_ups() <= 12


def test_a_hang_up_that_fails_is_not_sent_twice(hanging: HangingUp) -> None:
    hanging.call(ANN)
    hanging.world.sandbox.fail_next("hangup", status=500)
    (one,) = hanging.run("reminder")
    assert one.how == "failed"
    assert "500" in one.why
    assert hanging.hang_ups() == 1
    assert how(hanging.run("reminder")) == {ANN: "hung-up"}, "again, it is tried"


def test_a_lost_answer_is_looked_up(hanging: HangingUp) -> None:
    """The hang-up was done and nobody said so: the call has ended."""
    hanging.call(ANN)
    hanging.world.sandbox.fail_next("hangup", how="close", after="created")
    assert how(hanging.run("reminder")) == {ANN: "ended"}
    assert hanging.hang_ups() == 1


def test_looks_that_fail_keep_no_call_alive(hanging: HangingUp) -> None:
    hanging.call(ANN)
    hanging.world.sandbox.fail_next("dial", status=503, times=2)
    assert how(hanging.run("reminder")) == {ANN: "hung-up"}
    assert hanging.launcher.ledger.live() == []


def test_a_refused_key_is_told_once_for_all_and_not_waited_out(
    world: World, hanging: HangingUp
) -> None:
    for to in (ANN, BEN, LONG):
        hanging.call(to)
    hanging.launcher.close()
    hanging.launcher = world.launcher(key="sandbox-nobodys")
    tried = hanging.run("reminder")
    assert set(how(tried).values()) == {"failed"}
    assert all("401" in one.why for one in tried)
    assert hanging.hang_ups() == 0
    assert hanging.slept == []
    hanging.launcher.close()


def test_what_may_ring_and_has_no_id_is_said(hanging: HangingUp) -> None:
    """A call of unknown outcome while it may go on; one that is being sent at this moment."""
    hanging.world.sandbox.fail_next("dials", how="close", after="created")
    with pytest.raises(OutcomeUnknown):
        hanging.launcher.dial("reminder", to=ANN, inputs={"name": "Ann"})
    (lost,) = hanging.launcher.ledger.unknown()
    fields: dict[str, Any] = {
        name: getattr(lost, name) for name in Reservation._fields if hasattr(lost, name)
    }
    sent = Reservation(**{**fields, "id": None, "to": BEN, "person": BEN, "body": b"{}"})
    hanging.launcher.ledger.reserve(sent, seconds=60)
    tried = {one.record.to: one for one in hanging.run("reminder")}
    assert {one.how for one in tried.values()} == {"failed"}
    assert "of unknown outcome: it may ring" in tried[ANN].why
    assert f"is being placed by process {os.getpid()}" in tried[BEN].why
    hanging.now += 3600
    assert hanging.run("reminder") == [], "nobody talks that long"


def test_an_unknown_call_whose_id_is_known_is_hung_up(hanging: HangingUp) -> None:
    record = hanging.call(ANN)
    hanging.launcher.ledger.settle(record.id, "unknown", dial_id=record.dial_id)
    tried = hanging.run("reminder")
    assert [one.record.dial_id for one in tried] == [record.dial_id]
