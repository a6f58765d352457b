"""Stacks at once on one registry: nothing is lost or doubled, and nobody writes another's log."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT

from dialform.registry import Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project


def at_once(folder: Path, *stacks: tuple[Project, str]) -> None:
    """`pulumi up` of all, which meet in ``folder`` before any of them writes a version."""
    folder.mkdir()
    running = [
        subprocess.Popen(
            ["pulumi", "up", "-s", stack, "--yes", "--skip-preview", "--non-interactive"],
            cwd=project.root,
            env=project.environment(
                MEET=f"{folder}:{stack}:{len(stacks)}",
                PYTHONPATH=str(CHECKOUT / "tests/engine/interruption"),
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for project, stack in stacks
    ]
    for process in running:
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said
    assert len(list(folder.iterdir())) == len(stacks)


def assert_sound(project: Project) -> None:
    registry = Registry.open(".dialform/registry", base=project.root)
    assert [str(one) for one in verify(registry)] == []


def live(project: Project, *stacks: str) -> list[int]:
    """The version that each environment launches."""
    return [project.log(stack=stack)[-1]["version"] for stack in stacks]


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """A project with two environments, before their first `up`."""
    made = make_project()
    made.declare("dev", "staging")
    made.init("dev", "staging")
    return made


def beside(project: Project, made: Project) -> Project:
    """Another checkout on the same registry."""
    made.declare("dev", "staging")
    (made.root / ".dialform").mkdir()
    (made.root / ".dialform/registry").symlink_to(project.root / ".dialform/registry")
    return made


def test_two_environments_at_once_share_the_versions(project: Project, tmp_path: Path) -> None:
    """They found the registry together; equal content has one number, also when it changes."""
    at_once(tmp_path / "first", (project, "dev"), (project, "staging"))
    assert project.versions() == [1]
    assert live(project, "dev", "staging") == [1, 1]
    project.edit("stacks/prompts/collector.md", "polite", "kind")
    at_once(tmp_path / "second", (project, "dev"), (project, "staging"))
    assert project.versions() == [1, 2]
    assert live(project, "dev", "staging") == [2, 2]
    assert [len(project.log(stack=stack)) for stack in ("dev", "staging")] == [2, 2]
    assert_sound(project)


def test_different_content_at_once_has_different_numbers(
    project: Project, make_project: Callable[[], Project], tmp_path: Path
) -> None:
    """No gap, and each environment launches its own."""
    other = beside(project, make_project())
    other.init("staging")
    project.edit("stacks/prompts/collector.md", "kind", "patient")
    other.edit("stacks/prompts/collector.md", "polite", "brief")
    at_once(tmp_path / "met", (project, "dev"), (other, "staging"))
    assert project.versions() == [1, 2, 3, 4]
    assert sorted(live(project, "dev", "staging")) == [3, 4]
    contents = [project.log(stack=stack)[-1]["presetDigest"] for stack in ("dev", "staging")]
    assert len(set(contents)) == len(contents)
    for which, stack in ((project, "dev"), (other, "staging")):
        which.pulumi("preview", "-s", stack, "--expect-no-changes")
    assert_sound(project)


def test_second_stack_for_one_environment_is_refused(
    project: Project, make_project: Callable[[], Project]
) -> None:
    """
    Two projects would undo each other; the way out is named and works.

    The first then goes without withdrawing what is no longer its own.
    """
    second = beside(project, make_project())
    second.edit("Pulumi.yaml", "name: dialform", "name: other")
    second.edit("stacks/prompts/collector.md", "polite", "curt")
    second.init("dev")
    entries = project.log()
    said = second.up(ok=False)
    assert "is written by dialform/dev, this is other/dev" in said
    assert "DIALFORM_TAKE_OVER=dialform/dev" in said
    assert "Traceback" not in said
    assert project.log() == entries
    second.up(DIALFORM_TAKE_OVER="dialform/dev")
    assert len(project.log()) == len(entries) + 1
    assert project.log()[-1]["writer"] == "other/dev"
    second.pulumi("preview", "-s", "dev", "--expect-no-changes")

    said = project.pulumi("destroy", "-s", "dev", "--yes", "--skip-preview")
    assert "is not withdrawn, because other/dev writes its log now" in said
    assert project.log()[-1]["state"] == "live"
    assert len(project.log()) == len(entries) + 1
    assert_sound(project)
