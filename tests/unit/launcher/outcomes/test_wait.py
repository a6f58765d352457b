"""``dialform wait`` as a process: until calls have ended, and what its exit code says."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from calls_world import Calls
from launcher_world import ANN, KEYVAR

from dialform.launcher.records import Row

if TYPE_CHECKING:
    from launcher_world import World

BUSY = "+14155550110"
WAIT = ("wait", "-s", "dev")


def place(world: World, to: str, once: str) -> str:
    call = ("dial", "reminder", "-s", "dev", "--to", to, "--input", "name=Ann", "--once", once)
    return str(json.loads(world.run(*call, "--json")[0])["dialId"])


def test_it_waits_for_the_end_and_says_which(world: World) -> None:
    ann, busy = place(world, ANN, "visit-1"), place(world, BUSY, "visit-2")
    world.sandbox.advance(600)
    out, said = world.run(*WAIT, ann, "visit-2", "--json", code=10)
    told = json.loads(out)
    assert told["format"] == "dialform.wait/1"
    assert [(one["dialId"], one["systemResultType"]) for one in told["calls"]] == [
        (ann, "AGENT_HANGUP"),
        (busy, "BUSY"),
    ]
    assert f"dial {busy} to {BUSY}: busy BUSY" in said
    before = len(world.sandbox.requests("dial"))
    out, _ = world.run(*WAIT, ann, env={KEYVAR: ""})
    assert "AGENT_HANGUP" in out.decode()
    assert len(world.sandbox.requests("dial")) == before, "what the ledger knows is not asked again"


def test_it_waits_no_longer_than_it_may(world: World) -> None:
    place(world, ANN, "visit-1")
    began = time.monotonic()
    world.run(*WAIT, "visit-1", "--timeout", "1s", code=11)
    assert time.monotonic() - began < 5


def test_a_dial_of_unknown_outcome_is_said(world: World) -> None:
    world.sandbox.fail_next("dials", how="close", after="created")
    world.dial("--once", "visit-1", code=5)
    world.run(*WAIT, "visit-1", code=5)


def test_a_campaigns_calls_are_meant_by_its_name(world: World) -> None:
    with Calls(world) as calls:
        calls.open(Row(1, BUSY, BUSY))
        calls.call(BUSY)
    world.sandbox.advance(600)
    out, _ = world.run(*WAIT, "--campaign", "autumn", "--json", code=10)
    assert [one["status"] for one in json.loads(out)["calls"]] == ["busy"]
    _, said = world.run(*WAIT, "--campaign", "autum", code=64)
    assert "did you mean 'autumn'?" in said


def test_what_is_not_there_is_said(world: World) -> None:
    place(world, ANN, "visit-1")
    _, said = world.run(*WAIT, "nothing", code=64)
    assert "no dial 'nothing'" in said
    world.run(*WAIT, code=64)
    world.run(*WAIT, "visit-1", "--campaign", "x", code=64)
    _, said = world.run(*WAIT, "visit-1", "--timeout", "soon", code=64)
    assert "90s, 30m, 2h or 3d" in said
