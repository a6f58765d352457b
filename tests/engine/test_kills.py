"""An `up` killed at any object it writes: the registry reads, and the next `up` completes it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from dialform.registry import Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

MARKER, FIRST_BLOB, PRESET_BLOB, VERSION, BOUND_BLOB, RELEASE = 1, 2, 3, 4, 5, 7
"""Objects in the registry when it happens; the environment's document is among them."""


def killed_up(project: Project, count: int, **more: str) -> None:
    """`pulumi up`, killed with all its processes as soon as the registry has ``count`` objects."""
    process = subprocess.Popen(
        ["pulumi", "up", "-s", "dev", "--yes", "--skip-preview", "--non-interactive"],
        cwd=project.root,
        env=project.environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None:
        if len(finished(project)) >= count:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.001)
    process.wait()


def finished(project: Project) -> list[str]:
    """The objects, without what a writer left behind."""
    return [key for key in project.objects() if key.endswith(".json") and "/." not in f"/{key}"]


def complete(project: Project, **more: str) -> None:
    """What the documentation says to do after a kill."""
    project.pulumi("cancel", "-s", "dev", "--yes", ok=None)
    project.up("dev", ok=True, **more)


def assert_sound(project: Project) -> None:
    """The registry reads, whole."""
    registry = Registry.open(".dialform/registry", base=project.root)
    assert not registry.exists or [str(one) for one in verify(registry)] == []


@pytest.fixture(scope="module")
def undisturbed(make_project: Callable[[], Project]) -> set[str]:
    """The keys of the objects that an `up` writes when nobody kills it."""
    project = make_project()
    project.declare("dev")
    project.init("dev")
    project.up()
    return set(finished(project))


@pytest.mark.parametrize("count", [MARKER, FIRST_BLOB, PRESET_BLOB, VERSION, BOUND_BLOB, RELEASE])
def test_first_up_killed_anywhere_is_completed(
    make_project: Callable[[], Project], undisturbed: set[str], count: int
) -> None:
    project = make_project()
    project.declare("dev")
    project.init("dev")
    more = {"PULUMI_SKIP_CHECKPOINTS": "true"} if count == VERSION else {}
    killed_up(project, count, **more)
    assert_sound(project)
    complete(project, **more)
    assert_sound(project)
    assert set(finished(project)) == undisturbed
    assert project.versions() == [1]
    assert [entry["kind"] for entry in project.log()] == ["release"]
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")


@pytest.mark.parametrize("more", [1, 3, 5])
def test_killed_update_is_completed(make_project: Callable[[], Project], more: int) -> None:
    """An edited prompt: one more version, and the release moved exactly once."""
    project = make_project()
    project.declare("dev")
    project.init("dev")
    project.up()
    project.edit("stacks/prompts/collector.md", "polite", "kind")
    killed_up(project, len(finished(project)) + more)
    assert_sound(project)
    complete(project)
    assert_sound(project)
    assert project.versions() == [1, 2]
    assert [entry["version"] for entry in project.log()] == [1, 2]


def test_two_environments_at_once_share_the_versions(
    make_project: Callable[[], Project],
) -> None:
    """Equal content, equal numbers; different content at once, no gap and nothing lost."""
    project = make_project()
    project.declare("dev", "staging")
    project.init("dev", "staging")

    def both() -> None:
        processes = [
            subprocess.Popen(
                ["pulumi", "up", "-s", stack, "--yes", "--skip-preview", "--non-interactive"],
                cwd=project.root,
                env=project.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for stack in ("dev", "staging")
        ]
        for process in processes:
            said, _ = process.communicate(timeout=240)
            assert process.returncode == 0, said

    both()
    assert project.versions() == [1]
    assert [project.log(stack=stack)[-1]["version"] for stack in ("dev", "staging")] == [1, 1]
    project.edit("stacks/prompts/collector.md", "polite", "kind")
    both()
    assert project.versions() == [1, 2]
    assert_sound(project)


def test_second_stack_for_one_environment_is_refused(
    make_project: Callable[[], Project],
) -> None:
    """Two projects would undo each other; the way out is named and works."""
    first, second = make_project(), make_project()
    for project in (first, second):
        project.declare("dev")
        project.init("dev")
    first.up()
    (second.root / ".dialform/registry").symlink_to(first.root / ".dialform/registry")
    second.edit("Pulumi.yaml", "name: dialform", "name: other")
    second.edit("stacks/prompts/collector.md", "polite", "kind")
    second.init("dev")
    said = second.up(ok=False)
    assert "is written by dialform/dev, this is other/dev" in said
    assert "DIALFORM_TAKE_OVER=dialform/dev" in said
    assert len(first.log()) == 1
    second.up(DIALFORM_TAKE_OVER="dialform/dev")
    assert [entry["writer"] for entry in first.log()] == ["dialform/dev", "other/dev"]
    assert json.loads(first.objects()["registry.json"])["format"] == "dialform.registry/1"
