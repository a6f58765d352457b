"""Every command of the README, in its order, in a copy of the checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import BIN, CHECKOUT, REFERENCE_URL, Project

from dialform.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """On a free port, so that a sandbox of the developer's own is left alone."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox, pulumi_home: Path) -> Project:
    """The tracked files, with the sandbox's port in place of the fixed one; nothing left over."""
    root = tmp_path_factory.mktemp("readme") / "checkout"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True
    )
    for name in tracked.stdout.decode().split("\0"):
        source = CHECKOUT / name
        if name and source.exists() and not source.is_dir():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    (root / ".venv").symlink_to(BIN.parent)
    project = Project(root, sandbox, pulumi_home)
    for name in ("dev", "staging", "prod"):
        project.edit(f"stacks/{name}.toml", REFERENCE_URL, sandbox.url)
    project.edit("tools/demo.py", "PORT = 8421", f"PORT = {sandbox.port}")
    return project


def commands() -> list[str]:
    """Every command line, continued lines joined."""
    lines = [
        line
        for language, text in BLOCK.findall(README)
        if language == "sh"
        for line in text.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line.strip()]


def test_demo_does_the_main_job_and_leaves_the_files_alone(copy: Project) -> None:
    before = {path: path.read_bytes() for path in (copy.root / "stacks").rglob("*.*")}
    said = copy.run("make", "-o", "setup", "demo")
    for environment in ("dev", "staging", "prod"):
        for preset in ("reminder", "collections", "lead"):
            assert re.search(rf"{environment} +{preset} +1 ", said), (environment, preset)
    assert "Speak slowly." in said
    after = {path: path.read_bytes() for path in (copy.root / "stacks").rglob("*.*")}
    assert after == before
    assert copy.sandbox.rings("+14155550100") == 3
    again = copy.run("make", "-o", "setup", "demo")
    assert "19 unchanged" in again


def test_every_command_runs(copy: Project, tmp_path: Path) -> None:
    """After the demo, as the README says; what can't run here is named below."""
    registry = copy.root / ".dialform/registry"
    instead = {"/srv/dialform/registry": str(registry), "init calls": f"init {tmp_path / 'calls'}"}
    not_here = (". .venv/bin/activate", "dialform sandbox", "export ")
    said: dict[str, str] = {}
    for line in commands():
        if line.startswith(not_here):
            continue
        for old, new in instead.items():
            line = line.replace(old, new)  # noqa: PLW2901 - a command with our paths
        line = line.replace("make ", "make -o setup ", 1)  # noqa: PLW2901 - is set up
        said[line] = copy.run("bash", "-c", line)
    assert any("0 errors, 0 warnings" in text for text in said.values())
    assert any("19 unchanged" in text for text in said.values())
    assert copy.sandbox.rings("+14155550123") == 2
    names = {line.split()[1] for line in said if line.startswith("dialform")}
    wanted = {"validate", "presets", "show", "dial", "launch", "results", "hold", "resume", "init"}
    assert wanted <= names
    assert [copy.sandbox.rings(f"+1415555011{last}") for last in (0, 5)] == [1, 1]
    (results,) = [text for line, text in said.items() if line.startswith("dialform results")]
    assert results.split("\n")[1].split()[:5] == ["reminder", "1", "2", "1", "1"]


def test_python_example_runs(copy: Project) -> None:
    (code,) = [text for language, text in BLOCK.findall(README) if language == "python"]
    code = code.replace("/srv/dialform/registry", str(copy.root / ".dialform/registry"))
    said = copy.run(sys.executable, "-c", code)
    assert said.split()[1] == "1"


def test_commands_in_prose_exist() -> None:
    """`dialform X` in a sentence names a command that there is."""
    from dialform.cli.main import COMMANDS  # noqa: PLC0415 - beside its use

    named = set(re.findall(r"`dialform ([a-z]+)", README))
    assert named <= set(COMMANDS)
