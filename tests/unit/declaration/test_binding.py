"""`dialform bind`: names become ids, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.cli.main import main
from dialform.declaration import Project
from dialform.sandbox import Sandbox
from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = """\
# which workspace
[workspace]
url = "{url}"
keyvar = "VOGENT_API_KEY_DEV"
[registry]
url = ".dialform/registry"
[agents] # who calls
reminder = {{ name = "Reminder" }}   # the agent
[models]
fast = {{ id = "{model}" }}
[voices.warm]
name = "{voice}"
[extractors]
out = {{ name = "Reminder outcome", agent = "reminder" }}
[numbers.us]
members = [
  "+14155550150", # the first
  {{ id = "{number}" }},
]
"""


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def project(workspace: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: x\n", encoding="utf-8")
    declare(tmp_path, workspace, "Ava")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOGENT_API_KEY_DEV", "sandbox-dev")
    return tmp_path


def declare(root: Path, workspace: Sandbox, voice: str) -> None:
    text = FILE.format(
        url=workspace.url,
        voice=voice,
        model=seed_id("dev", "models", "Atlas 2 mini"),
        number=seed_id("dev", "phone_numbers", "+14155550151"),
    )
    (root / "stacks/dev.toml").write_text(text, encoding="utf-8")


def text_of(project: Path) -> str:
    return (project / "stacks/dev.toml").read_text(encoding="utf-8")


def test_every_gap_is_filled_and_comments_stay(project: Path) -> None:
    assert main(["validate"]) == 1
    assert main(["bind", "-s", "dev"]) == 0
    assert main(["validate"]) == 0
    text = text_of(project)
    agent = seed_id("dev", "agents", "Reminder")
    assert f'reminder = {{ id = "{agent}", name = "Reminder" }}   # the agent' in text
    assert "# which workspace" in text
    assert "[agents] # who calls" in text
    assert "# the first" in text
    bindings = Project(project).environment("dev").bindings
    assert bindings["models"]["fast"]["name"] == "Atlas 2 mini"
    assert bindings["voices"]["warm"]["id"] == seed_id("dev", "voices", "Ava")
    assert bindings["extractors"]["out"]["id"] == seed_id("dev", "extractors", "Reminder outcome")
    assert [one["number"] for one in bindings["numbers"]["us"]["members"]] == [
        "+14155550150",
        "+14155550151",
    ]


def test_second_time_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bind", "-s", "dev"]) == 0
    before = text_of(project)
    capsys.readouterr()
    assert main(["bind", "-s", "dev"]) == 0
    assert "nothing to bind in dev" in capsys.readouterr().err
    assert text_of(project) == before


def test_dry_run_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = text_of(project)
    assert main(["bind", "-s", "dev", "--dry-run"]) == 0
    assert seed_id("dev", "agents", "Reminder") in capsys.readouterr().out
    assert text_of(project) == before


def test_one_name_without_a_match_writes_nothing(
    project: Path, workspace: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(project, workspace, "Avva")
    before = text_of(project)
    assert main(["bind", "-s", "dev"]) == 1
    said = capsys.readouterr().err
    assert "stacks/dev.toml:11: voices.warm: the workspace has none called 'Avva'" in said
    assert "did you mean 'Ava'?" in said
    assert text_of(project) == before


def test_two_of_a_name_are_listed(
    project: Path, workspace: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = workspace.add("dev", "voices", name="Twin")["id"]
    other = workspace.add("dev", "voices", name="Twin")["id"]
    declare(project, workspace, "Twin")
    assert main(["bind", "-s", "dev"]) == 1
    said = capsys.readouterr().err
    assert "the workspace has 2 called 'Twin'" in said
    assert twin in said
    assert other in said


def test_without_a_key_it_names_the_variable(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VOGENT_API_KEY_DEV")
    assert main(["bind", "-s", "dev"]) == 1
    assert "VOGENT_API_KEY_DEV is not set" in capsys.readouterr().err
    assert project.exists()
