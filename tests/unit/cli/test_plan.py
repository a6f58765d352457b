"""``dialform plan``: what the next `up` does, and a digest that stands for exactly that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dialform.approval import require_approved
from dialform.declaration import load_environment
from dialform.errors import Refused, SettingError
from dialform.planning import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli_project import Project


def digest(project: Project, code: int = 0) -> str:
    return project.run("plan", "-s", "dev", code=code)[0].splitlines()[-1]


def prompt(project: Project) -> None:
    project.edit("stacks/prompts/collector.md", "Be polite", "Be kind")


def deviation(project: Project) -> None:
    project.edit(
        "stacks/dev.toml", 'follow = "source"', 'follow = "source"\ndeviation.timeoutMinutes = 3'
    )


def unused_voice(project: Project) -> None:
    """It is verified at `up`, though no preset names it."""
    project.edit(
        "stacks/dev.toml", "[numbers.us]", 'other = { id = "v", name = "V" }\n[numbers.us]'
    )


def moved_log(project: Project) -> None:
    project.run("hold", "collections", "-s", "dev", "--reason", "look")
    project.run("resume", "collections", "-s", "dev", "--reason", "done")


def undeclared(project: Project) -> None:
    project.edit("stacks/dev.toml", '[presets.collections]\nfollow = "source"\n', "")


def keyvar(project: Project) -> None:
    project.edit("stacks/dev.toml", "VOGENT_API_KEY_DEV", "OTHER_KEY")


@pytest.mark.parametrize("change", [prompt, deviation, unused_voice, moved_log, undeclared, keyvar])
def test_whatever_up_would_do_otherwise_is_another_plan(
    project: Project, change: Callable[[Project], None]
) -> None:
    before = digest(project)
    change(project)
    assert digest(project) != before


def test_what_changes_nothing_is_the_same_plan(project: Project) -> None:
    before = digest(project)
    project.edit("stacks/presets/collections.toml", "agent =", "# a note\nagent =")
    assert digest(project) == before


def test_it_says_what_is_done(project: Project) -> None:
    assert project.run("plan", "-s", "dev")[0].startswith("nothing to do in dev: 1 preset is")
    prompt(project)
    said, _ = project.run("plan", "-s", "dev")
    assert said.startswith("collections: release a new version in place of version 1\n1 released")
    undeclared(project)
    assert "withdraw version 1, which is no longer declared" in project.run("plan", "-s", "dev")[0]


def test_what_is_refused_is_said_with_its_exit_code(project: Project) -> None:
    project.run("hold", "collections", "-s", "dev", "--reason", "wrong amount")
    prompt(project)
    said, _ = project.run("plan", "-s", "dev", code=3)
    assert "collections: refused: collections is held in dev" in said
    assert "wrong amount" in said
    document = json.loads(project.run("plan", "-s", "dev", "--json", code=3)[0])
    assert document["presets"]["collections"]["effect"] == "refused"
    assert document["digest"] == digest(project, code=3)


def plan(project: Project) -> Plan:
    environment = load_environment(project.root, "dev")
    return Plan(environment, root=project.root, writer="calls/dev")


def test_an_approval_holds_for_one_plan(project: Project) -> None:
    approved = digest(project)
    require_approved(plan(project), approved)
    require_approved(plan(project), None)
    prompt(project)
    with pytest.raises(Refused, match=r"was approved, and this is sha256:.*dialform plan -s dev"):
        require_approved(plan(project), approved)


@pytest.mark.parametrize("value", ["", "yes", "sha256:", "SHA256:" + "0" * 64])
def test_an_approval_that_is_no_digest_is_refused(project: Project, value: str) -> None:
    with pytest.raises(SettingError, match="is no digest"):
        require_approved(plan(project), value)
