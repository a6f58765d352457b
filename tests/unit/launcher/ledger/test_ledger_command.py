"""``dialform ledger`` and ``dialform settle``, as a real command line."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from launcher_world import ANN, BEN, PIN
from ledger_world import CAMPAIGN, attempt, people, reservation

from dialform.launcher.ledger import Ledger

if TYPE_CHECKING:
    from launcher_world import World

WHY = ("--reason", "in the list of calls")


def unknown_dial(world: World, *more: str) -> str:
    """A dial whose answer was lost; the ledger's id of it."""
    world.sandbox.fail_next("dials", after="created", how="close")
    world.dial(*more, code=5)
    with closing(Ledger(world.ledger)) as ledger:
        return ledger.unknown()[0].id


def campaign(world: World) -> str:
    """A campaign of the world's ledger with a dial of unknown outcome to Ben; the dial's id."""
    with closing(Ledger(world.ledger)) as ledger:
        ledger.open_campaign(CAMPAIGN, people(ANN, BEN))
        record, _ = ledger.reserve(attempt(BEN), seconds=30)
        ledger.settle(record.id, "unknown", words="read timeout")
        return record.id


def states(world: World) -> dict[str, int]:
    with closing(Ledger(world.ledger)) as ledger:
        return ledger.counts("c1")


def test_nothing_was_dialled_yet(world: World) -> None:
    out, said = world.run("ledger")
    assert (out, "nothing was dialled yet" in said) == (b"", True)
    assert json.loads(world.run("ledger", "--json")[0])["dials"] == []
    assert not world.ledger.exists()
    _, said = world.run("settle", "x", "--rang", *WHY, code=1)
    assert "there is no ledger at" in said


def test_dials_are_listed_newest_first(world: World) -> None:
    world.dial("--input", f"pin={PIN}")
    world.run("dial", "reminder", "-s", "dev", "--to", BEN, "--input", "name=Ben")
    out, _ = world.run("ledger")
    first, second = out.decode().splitlines()[1:]
    assert BEN in first
    assert ANN in second
    assert "reminder@1" in first
    document = json.loads(world.run("ledger", "--json", "--person", ANN)[0])
    assert document["format"] == "dialform.ledger/1"
    (dial,) = document["dials"]
    assert (dial["to"], dial["state"], dial["version"]) == (ANN, "accepted", 1)
    assert (dial["seenAt"], dial["endedAt"]) == (None, None)
    assert (dial["inputs"], dial["withheld"]) == ({"company": "Acme", "name": "Ann"}, ["pin"])
    assert len(json.loads(world.run("ledger", "--json", "--limit", "1")[0])["dials"]) == 1
    assert "no such dial" in world.run("ledger", "-s", "prod")[1]
    assert PIN not in world.run("ledger", "--json")[0].decode()


def test_unknown_ones_are_listed_with_what_is_known(world: World) -> None:
    world.dial()
    assert "no dial of unknown outcome" in world.run("ledger", "--unknown")[1]
    identifier = unknown_dial(world)
    out, said = world.run("ledger", "--unknown")
    assert out.decode().startswith(f"{identifier[:12]}  ")
    assert ANN in out.decode()
    assert out.decode().count("no answer came") == 1
    assert "dialform settle DIAL --rang|--did-not-ring" in said


def test_an_unknown_dial_is_settled_by_hand(world: World) -> None:
    """By how its id begins; the key of one that did not ring is free again."""
    identifier = unknown_dial(world, "--once", "visit-1")
    world.dial("--once", "visit-1", code=5)
    out, _ = world.run("settle", identifier[:8], "--did-not-ring", *WHY)
    assert f"dial {identifier[:12]} to {ANN} did not ring" in out.decode()
    (dial,) = json.loads(world.run("ledger", "--json")[0])["dials"]
    assert (dial["state"], dial["settledBy"]) == ("not_sent", "anna")
    assert dial["evidence"].endswith("in the list of calls")
    world.dial("--once", "visit-1")
    _, said = world.run("settle", identifier, "--rang", *WHY, code=3)
    assert "only one of unknown outcome is settled" in said


def test_the_key_of_one_that_rang_stays_taken(world: World) -> None:
    identifier = unknown_dial(world, "--once", "visit-1")
    world.run("settle", identifier, "--rang", *WHY)
    _, said = world.dial("--once", "visit-1", code=3)
    assert "that rang, as anna found out" in said
    assert len(world.sandbox.dials("dev")) == 1


def test_settling_moves_the_campaigns_row(world: World) -> None:
    identifier = campaign(world)
    out, said = world.run("ledger", "--unknown", "--campaign", "autumn")
    assert "read timeout" in out.decode()
    assert "1 of unknown outcome" in said
    _, said = world.run("ledger", "--campaign", "autum", code=64)
    assert "did you mean 'autumn'" in said
    out, _ = world.run("settle", identifier, "--did-not-ring", *WHY)
    assert f"calls {BEN} again, as attempt 1" in out.decode()
    assert states(world) == {"planned": 2}


@pytest.mark.parametrize(("more", "state"), [((), "done"), (("--dial-id", "d1", "--json"), "live")])
def test_one_that_rang_is_not_called_again(world: World, more: tuple[str, ...], state: str) -> None:
    identifier = campaign(world)
    world.run("settle", identifier, "--rang", *WHY, *more)
    assert states(world) == {"planned": 1, state: 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("settle", "x", *WHY), "--rang"),
        (("settle", "x", "--rang"), "--reason"),
        (("settle", "x", "--rang", "--did-not-ring", *WHY), "not allowed with"),
        (("settle", "x", "--rang", "--reason", " "), "--reason is empty"),
        (("settle", "x", "--did-not-ring", "--dial-id", "d", *WHY), "goes with --rang"),
        (("settle", "", "--rang", *WHY), "several dials ''"),
        (("settle", "xyz", "--rang", *WHY), "no dial 'xyz'"),
        (("ledger", "--limit", "0"), "from 1"),
        (("ledger", "erase", "--person", ANN, *WHY), "say --yes"),
    ],
)
def test_wrong_usage(world: World, arguments: tuple[str, ...], words: str) -> None:
    with closing(Ledger(world.ledger)) as ledger:
        ledger.reserve_many([reservation(), reservation()], seconds=30)
    _, said = world.run(*arguments, code=64)
    assert words in said


def test_an_erased_person_is_in_no_byte_of_the_file(world: World) -> None:
    world.dial("--input", f"pin={PIN}")
    campaign(world)
    world.run("dial", "reminder", "-s", "dev", "--to", BEN, "--input", "name=Ben")
    _, said = world.run("ledger", "erase", "--person", ANN, *WHY, "--yes")
    assert "removed from 1 dial" in said
    everything = b"".join(path.read_bytes() for path in world.folder.glob("ledger.db*"))
    assert ANN.encode() not in everything
    assert PIN.encode() not in everything
    assert BEN.encode() in everything
    with closing(Ledger(world.ledger)) as ledger:
        assert list(ledger.suppressed([ANN, BEN])) == [ANN]
        assert ledger.counts("c1") == {"skipped": 1, "unknown": 1}


def test_what_is_old_is_erased(world: World) -> None:
    world.dial()
    erase = ("ledger", "erase", "--older-than", "1", "--yes")
    assert "removed from 0 dials" in world.run(*erase)[1]
    with closing(Ledger(world.ledger, clock=lambda: 1.0)) as ledger:
        record, _ = ledger.reserve(reservation(to=BEN, body=b"Ben"), seconds=30)
        ledger.settle(record.id, "rejected")
    assert "removed from 1 dial" in world.run(*erase)[1]
    everything = b"".join(path.read_bytes() for path in world.folder.glob("ledger.db*"))
    assert BEN.encode() not in everything
    assert ANN.encode() in everything
    _, said = world.run("ledger", "erase", "--older-than", "0", "--yes", code=64)
    assert "from 1" in said


def test_what_an_environment_does_not_keep_is_erased(world: World) -> None:
    world.dial()
    erase = ("ledger", "erase", "--expired", "--yes")
    _, said = world.run(*erase, code=64)
    assert "say which with -s ENV" in said
    _, said = world.run(*erase, "-s", "dev", code=1)
    assert 'write [ledger] retention = "90d"' in said
    _, said = world.run(*erase, "-s", "dve", code=1)
    assert "did you mean 'dev'" in said
    world.amend_environment(ledger={"retention": "30d"})
    with closing(Ledger(world.ledger, clock=lambda: time.time() - 31 * 86400)) as ledger:
        record, _ = ledger.reserve(reservation(to=BEN, body=b"Ben"), seconds=30)
        ledger.settle(record.id, "rejected")
    assert "removed from 1 dial\n" in world.run(*erase, "-s", "dev")[1]
    everything = b"".join(path.read_bytes() for path in world.folder.glob("ledger.db*"))
    assert BEN.encode() not in everything
    assert ANN.encode() in everything
    _, said = world.run("ledger", "erase", "-s", "dev", "--person", ANN, *WHY, "--yes", code=64)
    assert "from all environments" in said


def test_a_copied_ledger_dials_nobody_until_it_is_adopted(world: World) -> None:
    """Then the other copy is the one that is refused."""
    world.dial()
    clone = world.folder / "clone" / "ledger.db"
    clone.parent.mkdir()
    shutil.copy(world.ledger, clone)
    _, said = world.dial("--ledger", str(clone), code=3)
    assert "dialform ledger adopt --reason" in said
    assert len(world.sandbox.dials("dev")) == 1

    adopt = ("ledger", "--ledger", str(clone), "adopt", *WHY)
    _, said = world.run(*adopt, code=64)
    assert f"{world.ledger}" in said
    assert "anna" in said
    assert "That is here" not in said
    _, said = world.run("ledger", "adopt", *WHY, code=64)
    assert "That is here: there is another only if this one came from a backup." in said
    _, said = world.run(*adopt, "--yes")
    assert "adopted with claim 2" in said
    world.dial("--ledger", str(clone))
    _, said = world.dial(code=3)
    assert "not the newest claim" in said
    assert len(world.sandbox.dials("dev")) == 2


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 3)])
def test_on_a_terminal_it_asks(world: World, answer: bytes, code: int) -> None:
    world.dial()
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        world.command("ledger", "erase", "--person", ANN, *WHY),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=world.folder,
        env=world.environment,
    )
    os.close(terminal)
    os.write(controller, answer)
    assert process.wait(30) == code
    assert b"[y/N]" in os.read(controller, 4096)
    os.close(controller)
