"""``dialform board`` as a command: what it writes, refuses and says."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from board_world import World

from dialform.cli.main import main
from dialform.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A checkout, which is the working directory."""
    monkeypatch.delenv("DIALFORM_REGISTRY", raising=False)
    monkeypatch.chdir(tmp_path)
    return World(tmp_path)


def written(world: World) -> str:
    return (world.root / "board.html").read_text(encoding="utf-8")


def tile(page: str, name: str) -> str:
    """The text of a cell in the table."""
    found = re.search(rf'<a class="tile" href="#{name}">(.*?)</a>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


def test_damage_is_said_in_its_cell_and_the_rest_is_shown(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.damage("prod", "lead")

    assert main(["board", "-o", "board.html"]) == 1

    errors = capsys.readouterr().err
    assert "board.html shows the rest" in errors
    page = written(world)
    assert "damaged" in tile(page, "prod/lead")
    assert tile(page, "staging/lead").endswith("live")
    assert "behind 1" in tile(page, "prod/collections")
    assert page.count("damaged") >= 2


def test_a_damaged_log_is_said_in_its_cell(world: World) -> None:
    for path in (world.root / ".dialform").rglob("releases/prod/lead/*"):
        path.chmod(0o644)
        path.write_bytes(b"{}")

    assert main(["board", "-o", "board.html"]) == 1
    assert tile(written(world), "prod/lead") == "prod damaged"


def test_outside_of_a_checkout_neighbours_are_compared(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says where versions come from there."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    registry = world.root / ".dialform" / "registry"

    assert main(["board", "--registry", str(registry), "-o", str(world.root / "board.html")]) == 0
    page = written(world)
    assert "Diff: prod → dev" in page
    assert "behind 1" in tile(page, "prod/collections")


def test_a_text_stands_once_however_many_say_it(world: World) -> None:
    assert main(["board", "-o", "board.html"]) == 0
    page = written(world)

    assert page.count('id="text-') == len(set(re.findall(r'id="(text-\w+)"', page)))
    assert page.count("<desc>24 nodes") == 1  # three environments run this flow
    assert len(re.findall(r'<a href="#text-\w+">Flow</a>', page)) == 3


def test_it_is_not_written_to_the_terminal(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["board", "-o", "-"]) == 64
    assert main(["board"]) == 64
    assert capsys.readouterr().out == ""
    assert not (world.root / "-").exists()


def test_nothing_released_makes_an_empty_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Registry.open("none", base=tmp_path).create_marker()

    assert main(["board", "--registry", "none", "-o", "board.html"]) == 0
    assert "nothing is released" in capsys.readouterr().err
    assert "Nothing is released" in (tmp_path / "board.html").read_text(encoding="utf-8")


def test_what_stood_there_stays_when_it_cannot_be_made(world: World) -> None:
    (world.root / "board.html").write_text("older", encoding="utf-8")

    assert main(["board", "-o", "board.html", "--registry", "https://example.com/"]) != 0
    assert written(world) == "older"


def test_it_works_as_a_process(world: World) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "dialform", "board", "-o", "board.html"],
        cwd=world.root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("", "")
    assert written(world).endswith("</html>")
