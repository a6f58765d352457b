"""A webhook settles a dial of unknown outcome only where nothing else can be meant."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from launcher_world import ANN, BEN

from dialform.errors import OutcomeUnknown, Rejected
from dialform.launcher.outcomes.events import apply_event, retry_waiting, settle_unknown
from dialform.launcher.outcomes.webhook import read_event

if TYPE_CHECKING:
    from launcher_world import World

    from dialform.launcher import Launcher
    from dialform.launcher.records import Record


def lost(world: World, launcher: Launcher, **fault: Any) -> Record:
    """A dial whose answer was lost."""
    world.sandbox.fail_next("dials", **{"how": "close", "after": "created", **fault})
    with pytest.raises(OutcomeUnknown):
        launcher.dial("reminder", to=ANN, inputs={"name": "Ann", "pin": "0042"})
    return launcher.ledger.unknown()[0]


def told(launcher: Launcher, dial_id: str, now: float | None = None) -> Record | None:
    """What a webhook about that dial settles."""
    raw = json.dumps({"event": "dial.created", "payload": {"dial_id": dial_id}}).encode()
    now = time.time() if now is None else now
    applied = apply_event(launcher.ledger, raw, now)
    look = launcher.client().dial
    return settle_unknown(launcher.ledger, applied.event, look, environment="dev", now=now)


def other(launcher: Launcher, **changes: Any) -> str:
    """A dial that something else placed: the same body but for these fields."""
    request = launcher.request("reminder", to=ANN, inputs={"name": "Ann", "pin": "0042"})
    body = {**json.loads(request.body), **changes}
    return launcher.client().create_dial(json.dumps(body).encode()).dial_id


def test_the_dial_is_settled_with_its_evidence(world: World, launcher: Launcher) -> None:
    record = lost(world, launcher)
    (dial,) = world.sandbox.dials()
    settled = told(launcher, dial["id"])
    assert settled is not None
    assert (settled.id, settled.state, settled.dial_id) == (record.id, "accepted", dial["id"])
    assert settled.settled_by == "event"
    assert f"dial.created named dial {dial['id']}" in (settled.evidence or "")
    assert settled.call_status == "queued", "the event itself was applied"
    assert told(launcher, dial["id"]) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"toNumber": BEN},
        {"callAgentInput": {"name": "Ann", "company": "Acme", "pin": "0043"}},
        {"callAgentInput": {"name": "Ann", "company": "Acme", "pin": "0042", "more": 1}},
        {"callAgentInput": {}},
        {"fromNumberId": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_differs_in_anything_settles_nothing(
    world: World, launcher: Launcher, changes: dict[str, Any]
) -> None:
    record = lost(world, launcher, after="received")
    if changes.get("fromNumberId", "") is None:
        numbers = {one["id"] for one in world.sandbox.objects("dev", "phone_numbers")}
        changes = {"fromNumberId": min(numbers - {str(record.from_number_id)})}
    assert told(launcher, other(launcher, **changes)) is None
    (found,) = launcher.ledger.unknown()
    assert found.evidence == record.evidence


@pytest.mark.parametrize(("seconds", "settles"), [(3000, True), (7200, False)])
def test_one_that_was_made_much_later_is_another(
    world: World, launcher: Launcher, seconds: float, *, settles: bool
) -> None:
    """By the API's own times."""
    lost(world, launcher, after="received")
    world.sandbox.advance(seconds)
    assert (told(launcher, other(launcher)) is not None) == settles


def test_one_of_another_agent_is_another(world: World, launcher: Launcher) -> None:
    lost(world, launcher, after="received")
    agents = {one["id"] for one in world.sandbox.objects("dev", "agents")}
    mine = json.loads(launcher.request("reminder", to=ANN, inputs={"name": "A"}).body)[
        "callAgentId"
    ]
    assert told(launcher, other(launcher, callAgentId=min(agents - {mine}))) is None
    assert len(launcher.ledger.unknown()) == 1


def test_without_the_bytes_what_the_ledger_keeps_of_the_inputs_decides(
    world: World, launcher: Launcher
) -> None:
    lost(world, launcher)
    with launcher.ledger._writing("x") as connection:
        connection.change("UPDATE dial SET body = NULL")
    (dial,) = world.sandbox.dials()
    assert told(launcher, other(launcher, callAgentInput={"name": "Ann"})) is None
    assert told(launcher, dial["id"]) is not None


def test_two_that_fit_are_both_told_and_neither_settled(world: World, launcher: Launcher) -> None:
    lost(world, launcher)
    lost(world, launcher)
    for dial in world.sandbox.dials():
        assert told(launcher, dial["id"]) is None
    found = launcher.ledger.unknown()
    assert [(one.evidence or "").count("of 1 more") for one in found] == [2, 2]


def test_a_dial_that_is_just_being_sent_may_be_meant_as_well(
    world: World, launcher: Launcher
) -> None:
    """It is nobody's to settle but its sender's; should that fail, the event still waits."""
    record = lost(world, launcher)
    with launcher.ledger._writing("x") as connection:
        connection.change("UPDATE dial SET state = 'reserved'")
    (dial,) = world.sandbox.dials()
    assert told(launcher, dial["id"]) is None
    found = launcher.ledger.record(record.id)
    assert found is not None
    assert (found.state, found.evidence) == ("reserved", record.evidence)
    launcher.ledger.settle(record.id, "unknown")
    (settled,) = retry_waiting(
        launcher.ledger, launcher.client().dial, environment="dev", now=time.time(), since=0.0
    )
    assert (settled.id, settled.state) == (record.id, "accepted")
    assert launcher.ledger.unapplied() == []


def test_nobody_is_asked_while_nothing_is_unknown(world: World, launcher: Launcher) -> None:
    launcher.dial("reminder", to=ANN, inputs={"name": "Ann"})
    assert told(launcher, "a-dial-of-another-tool") is None
    assert world.sandbox.requests("dial") == []
    lost(world, launcher)
    with pytest.raises(Rejected):
        told(launcher, "a-dial-of-nobody")


def test_only_what_says_that_a_dial_is_there_is_looked_up(world: World, launcher: Launcher) -> None:
    lost(world, launcher)
    (dial,) = world.sandbox.dials()
    for kind in ("dial.transcript", "dial.inbound", "dial.invented"):
        raw = json.dumps({"event": kind, "payload": {"dial_id": dial["id"]}}).encode()
        event = read_event(raw, time.time())
        look = launcher.client().dial
        assert (
            settle_unknown(launcher.ledger, event, look, environment="dev", now=time.time()) is None
        )
    assert world.sandbox.requests("dial") == []
