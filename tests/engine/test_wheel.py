"""The built wheel, installed with each extra outside the checkout, does what the README says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from conftest import BIN, CHECKOUT, REFERENCE_URL, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialform.sandbox import Sandbox


@dataclass
class Installed(Project):
    """A project whose commands come from an installed wheel."""

    prefix: Path

    def environment(self, **more: str) -> dict[str, str]:
        """With the installed commands first, then Pulumi's CLI."""
        path = f"{self.prefix / 'bin'}:{BIN}:{os.environ['PATH']}"
        return {**super().environment(), "PATH": path, **more}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    (made,) = folder.glob("dialform-*.whl")
    return made


def pip(*args: str, python: str = sys.executable) -> None:
    done = subprocess.run(
        [python, "-m", "pip", *args, "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def install(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path, workspace: Sandbox
) -> Callable[[str, Path], Installed]:
    """``install("pulumi")``: a folder with a clean environment that has that extra."""

    def made(extra: str, home: Path) -> Installed:
        root = tmp_path_factory.mktemp(f"installed-{extra or 'plain'}")
        venv.create(root / "venv", with_pip=True)
        python = str(root / "venv/bin/python")
        what = f"{wheel}[{extra}]" if extra else str(wheel)
        pip("install", "--quiet", what, python=python)
        (root / "project").mkdir()
        return Installed(root / "project", workspace, home, root / "venv")

    return made


@pytest.fixture(scope="module")
def released(install: Callable[[str, Path], Installed], pulumi_home: Path) -> Installed:
    """`dialform[pulumi]`: a new project, released once."""
    made = install("pulumi", pulumi_home)
    made.run("dialform", "init", ".", "--name", "calls")
    made.edit("stacks/dev.toml", REFERENCE_URL, made.sandbox.url)
    made.pulumi("stack", "init", "dev")
    made.up()
    return made


CALL = ("reminder", "-s", "dev", "--input", "name=Ann", "--input", "day=Monday")


def test_installed_program_releases(released: Installed) -> None:
    assert released.versions("reminder") == [1]
    said = released.run("python", "-c", "import dialform; print(dialform.__file__)")
    assert str(released.prefix) in said


def test_plain_install_dials_with_registry_environment_and_key_alone(
    released: Installed, install: Callable[[str, Path], Installed], pulumi_home: Path
) -> None:
    """No Pulumi, no deepdiff, no checkout; one variable and one URL."""
    plain = install("", pulumi_home)
    probe = "import importlib.util as u; print([m for m in {} if u.find_spec(m)])"
    heavy = ["pulumi", "deepdiff", "starlette", "uvicorn"]
    assert plain.run("python", "-c", probe.format(heavy)).strip() == "[]"
    registry = ("--registry", str(released.root / ".dialform/registry"))
    ledger = ("--ledger", str(plain.root / "ledger.db"))
    to = ("--to", "+14155550166")
    body = plain.run("dialform", "dial", *CALL, *registry, *to, "--dry-run")
    said = plain.run("dialform", "dial", *CALL, *registry, *to, *ledger, "--json")
    assert json.loads(said[said.index("{") : said.rindex("}") + 1])["version"] == 1
    assert plain.sandbox.received()[-1].body == body.encode()
    refused = plain.run("dialform", "sandbox", ok=False)
    assert "pip install 'dialform[sandbox]'" in refused
    assert "Traceback" not in refused


def test_sandbox_extra_serves(install: Callable[[str, Path], Installed], pulumi_home: Path) -> None:
    made = install("sandbox", pulumi_home)
    process = subprocess.Popen(
        ["dialform", "sandbox", "--port", "0", "--json"],
        cwd=made.root,
        env=made.environment(),
        executable=str(made.prefix / "bin/dialform"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    where = json.loads(process.stdout.readline())
    assert where["keys"]["dev"] == "sandbox-dev"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()
