"""``dialform dial`` as a process against the sandbox: bytes, outcomes, exit codes, ``--once``."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from launcher_world import ANN, BEN, KEY, KEYVAR, PIN

if TYPE_CHECKING:
    from launcher_world import World

    from dialform.launcher import Launcher


def test_dry_run_prints_the_bytes_that_are_sent(world: World, launcher: Launcher) -> None:
    """--dry-run, the command, Python and curl all send the same bytes, to the last one."""
    more = ("--input", "amount=12.50", "--input", 'pin:="0042"', "--input", "company=Zoë & Co")
    inputs = {"name": "Ann", "amount": 12.5, "pin": "0042", "company": "Zoë & Co"}

    dry, said = world.dial("--dry-run", *more, env={KEYVAR: ""})
    assert said == ""
    assert world.sandbox.received() == []
    assert not world.ledger.exists()
    assert launcher.request("reminder", to=ANN, inputs=inputs).body == dry

    world.dial(*more)
    launcher.dial("reminder", to=ANN, inputs=inputs)
    received = [one.body for one in world.sandbox.received()]
    if shutil.which("curl"):
        call = ("show", "reminder", "-s", "dev", "--to", ANN, "--input", "name=Ann", *more)
        curl, said = world.run(*call, "--curl")
        assert f"${KEYVAR}" in curl.decode()
        assert said == ""
        subprocess.run(["sh", "-c", curl], env=world.environment, check=True, capture_output=True)
        received = [one.body for one in world.sandbox.received()]
        assert len(received) == 3
    assert set(received) == {dry}


def test_an_accepted_call_says_its_id_and_is_on_record(world: World) -> None:
    out, said = world.dial("--json", "--input", f"pin={PIN}")
    told = json.loads(out)
    (dial,) = world.sandbox.dials("dev")
    assert told["format"] == "dialform.dial/1"
    assert told["outcome"] == "accepted"
    assert (told["dialId"], told["toNumber"], told["version"]) == (dial["id"], ANN, 1)
    assert told["dialToken"]
    assert not told["replayed"]
    assert said == ""

    text, _ = world.dial()
    assert ANN in text.decode()
    assert "version 1" in text.decode()

    everything = b"".join(path.read_bytes() for path in world.folder.glob("ledger.db*"))
    assert dial["id"].encode() in everything
    assert told["dialToken"].encode() not in everything
    assert KEY.encode() not in everything
    with closing(sqlite3.connect(world.ledger)) as connection:
        shown = connection.execute("SELECT * FROM dial").fetchall()
    assert PIN.encode() in everything  # in the exact bytes that were sent, and in nothing else
    assert PIN not in str([[one for one in row if not isinstance(one, bytes)] for row in shown])
    assert world.ledger.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("fault", "code", "outcome", "rings"),
    [
        ({"status": 400, "body": '{"error":"no such agent"}'}, 4, "rejected", 0),
        ({"status": 307, "headers": {"location": "http://127.0.0.1:9/"}}, 4, "rejected", 0),
        ({"status": 429, "headers": {"retry-after": "7"}}, 75, "deferred", 0),
        ({"status": 500, "after": "created"}, 5, "unknown", 1),
        ({"how": "close", "after": "created"}, 5, "unknown", 1),
        ({"how": "garbage", "after": "created"}, 5, "unknown", 1),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_each_outcome_has_its_exit_code(
    world: World, fault: dict[str, Any], code: int, outcome: str, rings: int
) -> None:
    """It is sent once, told on both streams, and kept; only a call that may ring takes the key."""
    world.sandbox.fail_next("dials", **fault)
    out, said = world.dial("--json", "--once", "visit-1", code=code)
    told = json.loads(out)
    assert told["outcome"] == outcome
    assert said.startswith("error: POST ")
    assert "no such agent" in said or outcome != "rejected" or fault["status"] != 400
    assert told["retryAfter"] == (7 if outcome == "deferred" else None)
    assert len(world.sandbox.received()) == 1
    assert world.sandbox.rings(ANN) == rings
    assert _states(world) == [outcome]

    if outcome == "unknown":
        _, said = world.dial("--once", "visit-1", code=5)
        assert "may have rung" in said
    else:
        world.dial("--once", "visit-1")
    assert world.sandbox.rings(ANN) == 1


def test_no_connection_is_not_sent(world: World) -> None:
    """Nothing listens there: after a few tries the call is not sent, and the key is free."""
    world.publish_environment("http://127.0.0.1:9/api")
    world.url = "http://127.0.0.1:9/api"
    world.release()
    out, said = world.dial("--json", "--once", "visit-1", code=1)
    assert json.loads(out)["outcome"] == "not_sent"
    assert "nothing was sent" in said
    world.publish_environment(world.sandbox.url)
    world.url = world.sandbox.url
    world.release()
    world.dial("--once", "visit-1")
    assert _states(world) == ["not_sent", "accepted"]


def test_once_rings_once(world: World) -> None:
    """The same key tells the first outcome, whatever became of the preset meanwhile."""
    first = json.loads(world.dial("--once", "visit-1", "--json")[0])
    world.run("hold", "reminder", "-s", "dev", "--reason", "wrong date")
    out, said = world.dial("--once", "visit-1", "--json", env={KEYVAR: ""})
    again = json.loads(out)
    assert again == {**first, "replayed": True, "dialToken": None}
    assert "nothing was sent" in said
    assert world.sandbox.rings(ANN) == 1

    other = ("dial", "reminder", "-s", "dev", "--to", BEN, "--input", "name=Ben")
    _, said = world.run(*other, "--once", "visit-1", code=3)
    assert ANN in said
    assert BEN in said
    assert world.sandbox.rings(BEN) == 0


def test_twenty_processes_with_one_key_ring_once(world: World) -> None:
    """They race for a ledger that is not there yet; all tell the same dial."""
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=0.5)
    call = ("dial", "reminder", "-s", "dev", "--to", ANN, "--input", "name=Ann")
    racing = [
        subprocess.Popen(
            world.command(*call, "--once", "visit-1", "--json"),
            env=world.environment,
            cwd=world.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(20)
    ]
    ended = [process.communicate(timeout=60) for process in racing]
    assert [process.returncode for process in racing] == [0] * 20, ended
    told = [json.loads(out) for out, _ in ended]
    assert len({one["dialId"] for one in told}) == 1
    assert sorted(one["replayed"] for one in told) == [False] + [True] * 19
    assert len(world.sandbox.received()) == 1


def test_killed_between_writing_down_and_the_answer_is_unknown_for_good(world: World) -> None:
    """Kill -9 while the call is on its way: the key says unknown at once, and rings no more."""
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=30)
    call = ("dial", "reminder", "-s", "dev", "--to", ANN, "--input", "name=Ann")
    with subprocess.Popen(
        world.command(*call, "--once", "visit-1"), env=world.environment, cwd=world.folder
    ) as process:
        _until(lambda: world.sandbox.rings(ANN) == 1)
        process.kill()
    world.sandbox.clear_faults()
    assert _states(world) == ["reserved"]
    began = time.monotonic()
    _, said = world.dial("--once", "visit-1", code=5)
    assert time.monotonic() - began < 5
    assert "may have rung" in said
    assert world.sandbox.rings(ANN) == 1


def test_interrupted_while_it_is_sent_is_unknown(world: World) -> None:
    """Ctrl-C after the request left says what it means."""
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=30)
    call = ("dial", "reminder", "-s", "dev", "--to", ANN, "--input", "name=Ann")
    with subprocess.Popen(
        world.command(*call, "--json"),
        env=world.environment,
        cwd=world.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        _until(lambda: world.sandbox.rings(ANN) == 1)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=30)
    assert process.returncode == 5
    assert json.loads(out)["outcome"] == "unknown"
    assert said == b"error: interrupted while the call was being sent: a phone may be ringing\n"
    assert _states(world) == ["unknown"]


def test_a_call_that_cannot_be_recorded_is_not_sent(world: World) -> None:
    for ledger, words in (
        (str(world.folder / "registry" / "registry.json" / "ledger.db"), "ledger"),
        (str(world.folder / "registry" / "registry.json"), "not a ledger"),
        ("/dev/full", "ledger"),
    ):
        _, said = world.dial("--ledger", ledger, code=1)
        assert words in said
        assert "nothing was sent" in said
    assert world.sandbox.received() == []


def test_the_key_is_asked_for_by_its_name(world: World) -> None:
    _, said = world.dial(code=1, env={KEYVAR: ""})
    assert f"{KEYVAR} is not set" in said
    _, said = world.dial(code=1, env={KEYVAR: "planted key\n"})
    assert KEYVAR in said
    assert "planted" not in said
    assert world.sandbox.received() == []


def test_wrong_numbers_and_inputs_are_told_together_with_the_rule(world: World) -> None:
    call = ("dial", "reminder", "-s", "dev")
    _, said = world.run(*call, "--to", "+1 (415) 555-0123", "--input", "name=Ann", code=1)
    assert "write +14155550123" in said
    wrong = ("--input", "nmae=Ann", "--input", "amount=much", "--input", "pin=12345")
    _, said = world.run(*call, "--to", ANN, *wrong[:2], *wrong[4:], code=1)
    assert "inputs.nmae: the preset takes no such input; did you mean 'name'?" in said
    assert "inputs.name: is required" in said
    assert "inputs.pin: must match [0-9]{2}[*]?[0-9]{2}" in said
    assert "12345" not in said
    _, said = world.run(*call, "--to", ANN, *wrong[2:4], code=1)
    assert "inputs.amount: a number is wanted, not 'much'" in said
    assert world.sandbox.received() == []


def test_the_launcher_runs_light(world: World) -> None:
    """
    What a launcher's process loads: neither pydantic nor pulumi.

    A dry run no httpx either, and SQLite only where there is a ledger with a suppression list.
    """
    code = (
        "import sys; from dialform.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "print(code, *sorted(sys.modules), file=sys.stderr)"
    )
    call = ["dial", "reminder", "-s", "dev", "--to", ANN, "--input", "name=Ann"]
    for more in (["--dry-run"], [], ["--dry-run"]):
        begun = world.ledger.exists()
        done = subprocess.run(
            [*world.command()[:1], "-c", code, *call, *more],
            env=world.environment,
            cwd=world.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        status, *modules = done.stderr.split()
        assert status == "0"
        heavy = {"pydantic", "pulumi", "deepdiff", "rich", "click", "tomlkit", "asyncio"}
        if more:
            heavy |= {"httpx", "ssl"} if begun else {"httpx", "ssl", "sqlite3"}
        else:
            heavy -= {"rich", "click", "asyncio"}  # httpx takes what it finds
        assert heavy.isdisjoint(modules)


def _states(world: World) -> list[str]:
    with sqlite3.connect(world.ledger) as connection:
        rows = connection.execute("SELECT state FROM dial ORDER BY reserved_at").fetchall()
    connection.close()
    return [state for (state,) in rows]


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
