"""docs/review.md: its commands run, and its example is what they print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "review.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = [line[2:] for line in TEXT.splitlines() if line.startswith("$ ")]
EDIT = re.search(r'With "(.+)" changed to "(.+)" in `(.+)`', TEXT)
EXAMPLE = re.search(r"^````markdown\n(.*?)^````$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """The declarations of this project, committed on main, with the page's edit."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    who = ["git", "-c", "user.name=Anna", "-c", "user.email=anna@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*who, *command], cwd=tmp_path, check=True)
    assert EDIT is not None
    file = tmp_path / EDIT[3]
    text = file.read_text(encoding="utf-8")
    assert EDIT[1] in text
    file.write_text(text.replace(EDIT[1], EDIT[2]), encoding="utf-8")
    return tmp_path


def run(command: str, folder: Path) -> str:
    words = shlex.split(command)
    if words[0] == "dialform":
        words[:1] = [sys.executable, "-m", "dialform"]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def test_the_pages_commands_do_what_it_says(reference: Path) -> None:
    """``DIALFORM_REWRITE_GOLDEN=1`` puts what is printed into the page."""
    printed = [run(command, reference) for command in COMMANDS]

    assert EXAMPLE is not None
    if os.environ.get("DIALFORM_REWRITE_GOLDEN"):
        PAGE.write_text(
            TEXT[: EXAMPLE.start(1)] + printed[0] + TEXT[EXAMPLE.end(1) :], encoding="utf-8"
        )
    else:
        assert printed[0] == EXAMPLE[1]
    assert (reference / "review.html").read_text(encoding="utf-8").startswith("<!doctype html>")
