"""Disks that are full, read-only, cut short or gone: an error, no half object, never "gone"."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mounts import PRIVATE, needs_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("registry_disks.py")


def run(name: str, *arguments: object, mounts: bool = False) -> Any:
    call = json.dumps([name, [str(a) if isinstance(a, Path) else a for a in arguments], {}])
    command = [*(PRIVATE if mounts else []), sys.executable, str(SCRIPT), call]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_write_that_is_cut_short_leaves_nothing_and_is_completed_later(
    quick_folder: Path,
) -> None:
    """Under every limit: each object of an ``up`` is the first that does not fit once."""
    result = run("small_files", quick_folder, 800)
    assert result["faults"] == []
    refused = [words for name, words in result["errors"] if name == "RegistryError"]
    assert len(refused) > 40
    assert all("EFBIG" in words and "nothing of it was kept: raise" in words for words in refused)
    assert {name for name, _ in result["errors"]} == {"RegistryError", "done"}
    assert result["errors"][-1][0] == "done"


def test_a_process_out_of_files_says_unreachable(quick_folder: Path) -> None:
    answers = run("no_more_files", quick_folder)
    assert [name for name, _ in answers] == ["RegistryUnreachable"] * 3
    assert all("EMFILE" in words for _, words in answers)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_missing_rights_are_unreachable_and_not_absent(open_folder: Path) -> None:
    answers = run("as_nobody", open_folder)
    for name in ("entry", "log", "marker", "top"):
        assert answers[name]["read"][0] == "RegistryUnreachable", name
        assert "Permission denied" in answers[name]["read"][1]
        assert "says nothing about what is in the registry" in answers[name]["read"][1]
    for name in ("marker", "top"):
        assert answers[name]["exists"][0] == "RegistryUnreachable"
        assert answers[name]["write"][0] == "RegistryUnreachable"
    assert answers["blobs"]["read"] == ["done", ""]
    assert answers["blobs"]["write"][0] == "RegistryError"
    assert "(EACCES); nothing of it was kept: give this user" in answers["blobs"]["write"][1]
    assert all(answer["left"] == [] for answer in answers.values())


@needs_mounts
@pytest.mark.parametrize(("what", "most"), [("inodes", 30), ("pages", 16)])
def test_a_full_disk_leaves_nothing_half_and_is_completed_later(
    tmp_path: Path, what: str, most: int
) -> None:
    """On disks of every small size, so that every object is the one that does not fit."""
    result = run("full_disks", tmp_path, what, most, mounts=True)
    assert result["faults"] == []
    refused = [words for name, words in result["errors"] if name == "RegistryError"]
    assert len(refused) >= 4
    assert all("ENOSPC" in words and "free some space" in words for words in refused)
    assert {name for name, _ in result["errors"]} == {"RegistryError", "done"}
    assert result["errors"][-1][0] == "done"


@needs_mounts
def test_a_read_only_registry_can_be_read(tmp_path: Path) -> None:
    """And what is published already needs no write."""
    result = run("read_only", tmp_path, mounts=True)
    answers = result["answers"]
    assert result["changed"] is False
    for name in ("read", "verify", "again"):
        assert answers[name] == ["done", ""], name
    for name in ("blob", "log", "environment", "init"):
        assert answers[name][0] == "RegistryError"
        assert "(EROFS); nothing of it was kept: make it writable" in answers[name][1]


@needs_mounts
def test_a_registry_that_was_unmounted_is_unreachable(tmp_path: Path) -> None:
    result = run("unmounted", tmp_path, mounts=True)
    assert set(result["answers"]) == {"RegistryUnreachable"}
    assert result["written"] == []
