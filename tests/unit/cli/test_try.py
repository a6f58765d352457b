"""``dialform try``: the working tree, unreleased; and ``dial`` inside a project."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from cli_project import ANN

from dialform.cli.main import main

if TYPE_CHECKING:
    import pytest
    from cli_project import Project

CALL = ("collections", "-s", "dev", "--to", ANN, "--input", "name=Ann")


def objects(project: Project) -> dict[str, bytes]:
    """Every object of the registry, but for the claims of ledgers that dial."""
    folder = project.root / ".dialform/registry"
    found = {path for path in folder.rglob("*") if path.is_file()}
    claims = set((folder / "ledgers").rglob("*"))
    return {str(path): path.read_bytes() for path in found - claims}


def test_it_calls_with_the_working_tree_and_publishes_nothing(
    project: Project, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What it prints dry is what it sends; the record says that it was not released."""
    before = objects(project)
    assert main(["dial", *CALL, "--dry-run"]) == 0
    released = capfdbinary.readouterr().out
    assert main(["try", *CALL, "--dry-run"]) == 0
    assert capfdbinary.readouterr().out == released

    project.edit("stacks/prompts/collector.md", "polite", "kind")
    assert main(["try", *CALL, "--dry-run"]) == 0
    edited = capfdbinary.readouterr().out
    assert edited == released.replace(b"polite", b"kind")
    assert main(["try", *CALL, "--json"]) == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert project.sandbox.received()[-1].body == edited
    assert (told["unreleased"], told["version"], told["release"]) == (True, None, None)
    assert told["outcome"] == "accepted"
    assert objects(project) == before

    assert main(["dial", *CALL, "--dry-run"]) == 0
    assert capfdbinary.readouterr().out == released
    with closing(sqlite3.connect(project.root / ".dialform/ledger.db")) as ledger:
        assert ledger.execute("SELECT dial_id, version, release FROM dial").fetchall() == [
            (told["dialId"], None, None)
        ]


def test_it_works_before_anything_was_released(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((project.root / ".dialform").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert main(["try", *CALL]) == 0
    assert "collections (unreleased) in dev" in capsys.readouterr().out
    assert not (project.root / ".dialform/registry").exists() or not objects(project)
    assert main(["dial", *CALL]) == 1
    assert "`pulumi up`" in capsys.readouterr().err


def test_a_pinned_preset_is_not_tried(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """What was not released is not called with where releases are pinned."""
    head = project.registry.head("dev", "collections")
    assert head is not None
    project.edit(
        "stacks/dev.toml",
        'follow = "source"',
        f'version = {head.version}\ndigest = "{head.preset_digest}"',
    )
    assert main(["try", *CALL]) == 3
    assert 'follow = "source"' in capsys.readouterr().err
    assert project.sandbox.received() == []


def test_errors_of_the_declaration_are_all_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.edit("stacks/presets/collections.toml", "timeoutMinutes = 10", "timeoutMinutes = -1")
    project.edit("stacks/profiles/collector.toml", 'language = "en"', 'langage = "en"')
    assert main(["try", *CALL]) == 1
    captured = capsys.readouterr()
    assert "stacks/presets/collections.toml:6" in captured.err
    assert "stacks/profiles/collector.toml:2" in captured.err
    assert "errors in the declaration" in captured.err
    assert captured.out == ""
    assert project.sandbox.received() == []


def test_a_dial_in_a_project_needs_no_declaration(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A preset's file that is wrong keeps nobody from calling with what is released."""
    project.write("stacks/presets/collections.toml", "= broken")
    assert main(["dial", *CALL, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    head = project.registry.head("dev", "collections")
    assert head is not None
    assert told["boundDigest"] == head.bound_digest
    assert {
        "format": "dialform.dial/1",
        "outcome": "accepted",
        "environment": "dev",
        "preset": "collections",
        "version": 1,
        "to": ANN,
        "replayed": False,
    }.items() <= told.items()
    assert {"dialId", "sessionId"} <= told.keys()
