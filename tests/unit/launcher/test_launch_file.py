"""``dialform launch`` and its file: what is wrong with it, and whom nobody calls."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from launcher_world import World

    from dialform.sandbox import Sandbox

ANN, BEN, CAT, DAN = (f"+1415555012{last}" for last in range(4))
LAUNCH = ("launch", "reminder", "-s", "dev", "--name", "may", "--yes", "--rate", "1000", "--json")
FILE = f"to,name\n{ANN},Ann\n{BEN},Ben\n{CAT},Cat\n"


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox) -> None:
    """Calls end at once."""
    sandbox.speed(10_000)


def called(world: World) -> list[str]:
    """Who was called, in the order of numbers."""
    return sorted(json.loads(one.body)["toNumber"] for one in world.sandbox.received())


def launch(world: World, *arguments: str, text: str = FILE, code: int = 0) -> tuple[bytes, str]:
    """Launch a campaign with a file of that text."""
    (world.folder / "people.csv").write_text(text, encoding="utf-8")
    return world.run(*LAUNCH, "people.csv", *arguments, code=code)


def test_all_that_is_wrong_is_told_and_nobody_is_called(world: World) -> None:
    text = f"to,name,pin\n{ANN},Ann,12345\n1.41556E+10,,\n{CAT},Cat,\n"
    out, said = launch(world, text=text, code=1)

    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["row"], line["rule"]) for line in lines] == [
        (2, "input"),
        (3, "spreadsheet"),
        (3, "required"),
    ]
    assert "3 errors in people.csv" in said
    assert "12345" not in said + out.decode()
    assert called(world) == []


def test_a_suppressed_number_is_not_called_and_stays_so(world: World) -> None:
    """Nor when the campaign goes on and the list is not named again."""
    (world.folder / "dnc.txt").write_text(f"{BEN}\n", encoding="utf-8")
    world.run("suppress", "add", CAT, "--reason", "by mail")
    launch(world, "--suppress", "dnc.txt", "--live", "100")
    assert called(world) == [ANN]

    more = f"to,name\n{BEN},Ben\n{DAN},Dan\n"
    launch(world, "--append", text=more)
    assert called(world) == [ANN, DAN]


def test_a_list_that_is_gone_stops_a_campaign(world: World) -> None:
    dnc = world.folder / "dnc.txt"
    dnc.write_text(f"{BEN}\n", encoding="utf-8")
    launch(world, "--suppress", "dnc.txt", "--canary", "1", code=3)
    assert len(called(world)) == 1

    dnc.unlink()
    _, said = launch(world, code=1)
    assert f"{dnc}: can't be read" in said
    assert len(called(world)) == 1

    dnc.write_text("", encoding="utf-8")
    launch(world)
    assert called(world) == [ANN, CAT]


def test_stdin_is_a_file_too(world: World) -> None:
    text = f'{{"to":"{ANN}","name":"Ann"}}\n{{"to":"{ANN}","name":"A"}}\n'
    subprocess.run(
        world.command(*LAUNCH, "-"),
        input=text.encode(),
        cwd=world.folder,
        env=world.environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert called(world) == [ANN]
