"""Idempotency keys in calls: sent only where the environment says so, and what a 409 means."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from launcher_world import ANN, BEN, World

from dialform.errors import InputError, OutcomeUnknown, Refused
from dialform.launcher.idempotency import core_of, key_of_dial
from dialform.presets.canonical import canonical
from dialform.registry import Meta

if TYPE_CHECKING:
    from dialform.launcher import Dial, Launcher

INPUTS = {"name": "Ann"}


@pytest.fixture
def keyed(world: World) -> World:
    """The world, whose environment says that its workspace honours keys."""
    world.publish_environment(world.url, idempotencyKeys=True)
    return world


def keys(world: World) -> list[str | None]:
    """The keys of the requests that the workspace received."""
    return [core_of(one.body).key for one in world.sandbox.received()]


def test_no_key_is_sent_where_the_environment_says_nothing(
    world: World, launcher: Launcher
) -> None:
    launcher.dial("reminder", to=ANN, inputs=INPUTS)
    assert keys(world) == [None]


def test_each_call_has_a_key_of_its_own_that_the_ledgers_id_gives(
    keyed: World, launcher: Launcher
) -> None:
    """The bytes less the key are those that `request` and ``--dry-run`` show."""

    async def adial() -> Dial:
        async with keyed.launcher() as one:
            return await one.adial("reminder", to=ANN, inputs=INPUTS)

    dials = [launcher.dial("reminder", to=ANN, inputs=INPUTS), asyncio.run(adial())]

    records = [launcher.ledger.record(dial.id) for dial in dials]
    assert keys(keyed) == [key_of_dial(record.id) for record in records if record is not None]
    assert len(set(keys(keyed))) == 2
    dry = launcher.request("reminder", to=ANN, inputs=INPUTS)
    for received, record, dial in zip(keyed.sandbox.received(), records, dials, strict=True):
        assert core_of(received.body).body == dry.body
        assert record is not None
        content = launcher.ledger.content(record.id)
        assert content is not None
        assert content.body == received.body
        assert record.body_digest == dial.request_digest != dry.digest


def test_a_conflict_that_names_the_dial_is_that_dial(keyed: World, launcher: Launcher) -> None:
    keyed.sandbox.fail_next(status=409, body='{"dialId": "d-9"}')

    dial = launcher.dial("reminder", to=ANN, inputs=INPUTS)

    record = launcher.ledger.record("d-9")
    assert record is not None
    assert (dial.id, record.state, record.status) == ("d-9", "accepted", 409)
    assert "existed: the API answered 409" in str(record.evidence)


def test_a_conflict_without_the_dial_is_unknown_and_existed(
    keyed: World, launcher: Launcher
) -> None:
    keyed.sandbox.fail_next(status=409, body='{"error": {"message": "already in use"}}')

    with pytest.raises(OutcomeUnknown, match="although the dial exists"):
        launcher.dial("reminder", to=ANN, inputs=INPUTS, once="a")

    (record,) = launcher.ledger.unknown()
    assert "existed" in str(record.evidence)
    with pytest.raises(OutcomeUnknown):
        launcher.dial("reminder", to=ANN, inputs=INPUTS, once="a")
    assert len(keyed.sandbox.received()) == 1


def test_a_conflict_without_a_key_is_no_earlier_dial(world: World, launcher: Launcher) -> None:
    """Without a key, 409 is somebody else's: it may not lend its id to this call."""
    world.sandbox.fail_next(status=409, body='{"dialId": "d-9"}')
    with pytest.raises(OutcomeUnknown):
        launcher.dial("reminder", to=ANN, inputs=INPUTS)
    (record,) = launcher.ledger.unknown()
    assert record.evidence is None


def test_a_call_from_the_working_tree_carries_a_key_where_it_is_declared(
    world: World, launcher: Launcher
) -> None:
    for honoured in (True, False):
        launcher.try_dial(world.bound(), keyvar="X", to=BEN, inputs=INPUTS, keys=honoured)
    first, second = keys(world)
    assert first is not None
    assert second is None


def test_a_call_is_made_again_with_the_same_core_and_another_key(
    keyed: World, launcher: Launcher
) -> None:
    first = launcher.dial("reminder", to=ANN, inputs={**INPUTS, "pin": "0042"})
    record = launcher.ledger.record(first.id)
    assert record is not None
    content = launcher.ledger.content(record.id)
    assert content is not None
    assert content.body is not None
    keyed.release("reminder", timeoutMinutes=3)  # what is live now is no matter

    again = launcher.again(record, content.body, reason="the line was bad")

    one, other = (core_of(request.body) for request in keyed.sandbox.received())
    assert one.body == other.body
    assert one.key != other.key
    assert (again.version, keyed.sandbox.rings(ANN)) == (1, 2)
    noted = launcher.ledger.record(again.id)
    assert noted is not None
    assert noted.evidence == f"again of {record.id}: the line was bad"


def test_what_may_not_be_dialled_is_not_made_again(world: World, launcher: Launcher) -> None:
    dial = launcher.dial("reminder", to=ANN, inputs=INPUTS)
    record = launcher.ledger.record(dial.id)
    assert record is not None
    body = world.sandbox.received()[0].body
    meta = Meta("2026-11-24T08:00:00Z", by="ben", reason="old price")
    world.registry.append("dev", "reminder", "yank", expected=None, yank_version=1, meta=meta)
    with pytest.raises(Refused, match="is yanked"):
        launcher.again(record, body, reason="x")
    with pytest.raises(Refused, match="never released"):
        launcher.again(record._replace(release=None), body, reason="x")
    assert world.sandbox.rings(ANN) == 1


def test_bytes_that_the_release_does_not_give_are_not_sent(
    world: World, launcher: Launcher
) -> None:
    """An altered ledger can't smuggle another call in under a released one's name."""
    dial = launcher.dial("reminder", to=ANN, inputs=INPUTS)
    record = launcher.ledger.record(dial.id)
    assert record is not None
    value = json.loads(world.sandbox.received()[0].body)
    value["timeoutMinutes"] = 60
    with pytest.raises(InputError, match="can't be sent again"):
        launcher.again(record, canonical(value), reason="x")
    assert world.sandbox.rings(ANN) == 1
