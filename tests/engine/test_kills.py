"""An `up` killed at any object it writes: the registry reads, and the next `up` completes it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT

from dialform.registry import Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

FIRST = (
    *("marker", "profile", "preset", "version", "environment"),
    *("agent", "model", "voice", "number", "references"),  # what the release leans on
    *("bound preset", "release"),
)
"""What the first `up` writes; the environment may come sooner."""

UPDATE = ("profile", "preset", "version", "bound preset", "release")
"""What an edited prompt writes."""

SKIPPED = {"PULUMI_SKIP_CHECKPOINTS": "true"}


def killed_up(project: Project, where: str, who: str = "all", **more: str) -> None:
    """`pulumi up`, killed with all its processes ``before:3`` or ``after:3`` objects."""
    process = subprocess.Popen(
        ["pulumi", "up", "-s", "dev", "--yes", "--skip-preview", "--non-interactive"],
        cwd=project.root,
        env=project.environment(
            INTERRUPT=where,
            INTERRUPT_WHO=who,
            PYTHONPATH=str(CHECKOUT / "tests/engine/interruption"),
            **more,
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.wait(timeout=120) == -signal.SIGKILL, "it was over before it could be killed"


def objects(project: Project) -> set[str]:
    """The keys of the registry's objects, without what a killed writer left behind."""
    return {key for key in project.objects() if ".dialform-tmp-" not in key}


def complete(project: Project, **more: str) -> None:
    """What the documentation says to do after a kill."""
    project.pulumi("cancel", "-s", "dev", "--yes", ok=None)
    project.up("dev", ok=True, **more)


def assert_sound(project: Project) -> None:
    """The registry reads, whole."""
    registry = Registry.open(".dialform/registry", base=project.root)
    assert not registry.exists or [str(one) for one in verify(registry)] == []


@pytest.fixture(scope="module")
def declared(make_project: Callable[[], Project]) -> Project:
    """A project with a stack, before its first `up`."""
    project = make_project()
    project.declare("dev")
    project.init("dev")
    return project


@pytest.fixture
def project(declared: Project, tmp_path: Path) -> Project:
    """The same, each test's own."""
    return replace(
        declared, root=shutil.copytree(declared.root, tmp_path / "project", symlinks=True)
    )


@pytest.fixture(scope="module")
def undisturbed(declared: Project, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The keys of the objects that an `up` writes when nobody kills it."""
    folder = tmp_path_factory.mktemp("undisturbed") / "project"
    project = replace(declared, root=shutil.copytree(declared.root, folder))
    project.up()
    assert len(objects(project)) == len(FIRST)
    return objects(project)


def assert_completed(project: Project, undisturbed: set[str]) -> None:
    assert_sound(project)
    assert objects(project) == undisturbed
    assert project.versions() == [1]
    assert [entry["kind"] for entry in project.log()] == ["release"]


@pytest.mark.parametrize("count", range(1, len(FIRST) + 1))
def test_first_up_killed_before_any_object_is_completed(
    project: Project, undisturbed: set[str], count: int
) -> None:
    killed_up(project, f"before:{count}")
    # Profile and environment are written at once: one may just slip through.
    assert count - 1 <= len(objects(project)) <= count
    assert_sound(project)
    complete(project)
    assert_completed(project, undisturbed)


def test_first_up_killed_after_its_release_is_completed(
    project: Project, undisturbed: set[str]
) -> None:
    """The release is there and Pulumi doesn't know: it isn't made twice."""
    killed_up(project, f"after:{len(FIRST)}")
    assert objects(project) == undisturbed
    complete(project)
    assert_completed(project, undisturbed)
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")


@pytest.mark.parametrize("where", ["before:4", "after:7"])
def test_without_checkpoints_a_killed_up_is_completed(
    project: Project, undisturbed: set[str], where: str
) -> None:
    """Pulumi has no memory of what was made: all of it is made again, and found."""
    killed_up(project, where, **SKIPPED)
    assert_sound(project)
    complete(project, **SKIPPED)
    assert_completed(project, undisturbed)
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")


def test_provider_that_outlives_its_engine_does_no_harm(
    project: Project, undisturbed: set[str]
) -> None:
    """The engine alone is killed; its provider still writes the release that it was asked for."""
    killed_up(project, f"before:{len(FIRST)}", who="engine")
    end = time.monotonic() + 20
    while objects(project) != undisturbed and time.monotonic() < end:
        time.sleep(0.01)
    kill_providers(project)
    complete(project)
    assert_completed(project, undisturbed)


def kill_providers(project: Project) -> None:
    """Those that still run in a project's folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == project.root:
                os.kill(int(process.name), signal.SIGKILL)


def test_killed_updates_are_completed(project: Project) -> None:
    """Edited prompts, killed before each object: each one version more, released exactly once."""
    project.up()
    said = "Be polite and factual."
    for count, what in enumerate(UPDATE, 1):
        before = objects(project)
        now = f"Be polite and factual, {count}."
        project.edit("stacks/prompts/collector.md", said, now)
        said = now
        killed_up(project, f"before:{len(before) + count}")
        assert len(objects(project) - before) == count - 1, what
        assert_sound(project)
        complete(project)
        assert_sound(project)
        assert len(objects(project) - before) == len(UPDATE), what
        expected = list(range(1, count + 2))
        assert project.versions() == expected
        assert [entry["version"] for entry in project.log()] == expected
    killed_up_after_edit(project, said)


def killed_up_after_edit(project: Project, said: str) -> None:
    """Once more, with the release moved and Pulumi not knowing; then edited before it goes on."""
    project.edit("stacks/prompts/collector.md", said, "Be brief.")
    killed_up(project, f"after:{len(objects(project)) + len(UPDATE)}")
    assert len(project.log()) == len(UPDATE) + 2
    project.edit("stacks/prompts/collector.md", "Be brief.", "Be very brief.")
    complete(project)
    assert [entry["version"] for entry in project.log()] == [*range(1, len(UPDATE) + 4)]
    assert_sound(project)


def test_state_has_no_second_files(project: Project) -> None:
    """
    Pulumi's state is one file, replaced at once.

    Its file backend keeps a sidecar beside each file, written in place: a kill in that moment
    leaves a state that no Pulumi reads. Pulumi.yaml switches them off.
    """
    project.up()
    assert not list((project.root / ".dialform/state").rglob("*.attrs"))
