"""
A review of 500 changed presets, against loading the two declarations that it compares.

Every prompt has one line edited. What is timed reads the base from git, binds and compares all
presets and renders the Markdown; the floor reads and checks both from disk. Usage:
``review.py [PRESETS]``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from declare import write
from harness import calls, report

from dialform.declaration import load_environment
from dialform.declaration.git import Repository, project_at
from dialform.declaration.history import Pins
from dialform.declaration.project import Project
from dialform.diff.contents import Contents
from dialform.diff.markdown import MOST, markdown
from dialform.diff.reviewing import review

AIM = 5.0


def git(root: Path, *arguments: str) -> None:
    """Run git."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def changed(root: Path, presets: int) -> None:
    """A repository whose working tree has another line in every prompt."""
    write(root, presets)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    for path in (root / "stacks/prompts").iterdir():
        with path.open("a", encoding="utf-8") as file:
            file.write("Never argue.\n")


def body(root: Path) -> str:
    """What `dialform review --base main --offline` prints."""
    head = Project(root)
    repository = Repository(root)
    with project_at(root, "main") as base, Pins(repository, [head, base], ["HEAD"]) as pins:
        contents = Contents(pins, root, offline=True)
        return markdown(review(base, head, label="main", find=contents.find))


def main(presets: int = 500) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        root, copy = Path(folder) / "project", Path(folder) / "copy"
        root.mkdir()
        changed(root, presets)
        shutil.copytree(root, copy)

        def ours() -> None:
            text = body(root)
            assert f"{presets} changed" in text  # noqa: S101 - what is timed must be right
            assert len(text.encode()) <= MOST  # noqa: S101 - likewise

        def floor() -> None:
            for one in (root, copy):
                environment = load_environment(one, "dev")
                assert len(environment.runs) == presets  # noqa: S101 - likewise

        pairs = calls(ours, floor, runs=7, repeat=1)
        report(f"review {presets} changed presets, against loading both sides", pairs, aim=AIM)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
