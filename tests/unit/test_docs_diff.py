"""docs/diff.md says what is so: its commands run, its signs and words are the renderer's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from dialform.cli.main import main
from dialform.diff import words
from dialform.diff.model import Kind, Status

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/diff.md").read_text(encoding="utf-8")


def test_the_signs_are_the_renderers() -> None:
    rows = dict(re.findall(r"^\| `(.)` \| ([a-z]+) \|", TEXT, re.MULTILINE))
    del rows["!"]
    assert {kind: sign for sign, kind in rows.items()} == words.SIGNS
    assert set(words.SIGNS) == set(get_args(Kind))


def test_the_headlines_are_all_there() -> None:
    table = TEXT.partition("| headline |")[2]
    assert {status for status in get_args(Status) if status in table} == set(get_args(Status))


def test_each_option_exists(capsys: pytest.CaptureFixture[str]) -> None:
    main(["diff", "--help"])
    said = capsys.readouterr().out
    for option in set(re.findall(r"`(--[a-z-]+)", TEXT)):
        assert option in said


def test_the_example_is_what_is_printed(tmp_path: Path) -> None:
    """Of the reference project at a commit, with one word edited."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    prompt = tmp_path / "stacks/prompts/reminder.md"
    text = prompt.read_text(encoding="utf-8")
    prompt.write_text(f"{text}Never call before nine.\n", encoding="utf-8")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com")
    for args in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run([*git, *args], cwd=tmp_path, check=True)
    prompt.write_text(f"{text}Always call before nine.\n", encoding="utf-8")
    said = subprocess.check_output(
        [sys.executable, "-m", "dialform", "diff", "git:main"], cwd=tmp_path, text=True
    )
    example = TEXT.partition("```text\n")[2].partition("```")[0]
    for line in example.splitlines()[3:]:
        wanted = re.sub(r"\d+ \|", "N |", line)
        assert wanted in [re.sub(r"\d+ \|", "N |", one) for one in said.splitlines()]
