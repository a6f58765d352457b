"""`up` bound to an approved digest, on the real engine: that plan and no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dialform.registry import Registry
from dialform.registry.entries import Meta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Project

PROMPT = "stacks/prompts/collector.md"


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Iterator[Project]:
    """One stack, and a second environment to take a plan of; nothing is released yet."""
    made = make_project()
    made.declare("dev", "staging")
    made.init("dev")
    yield made
    assert [entry["kind"] for entry in made.log(stack="staging")] == []


def plan(project: Project, stack: str = "dev", *, ok: bool = True) -> str:
    """The digest to approve; needs neither key, passphrase nor backend."""
    said = project.dialform(
        *("plan", "-s", stack),
        ok=ok,
        VOGENT_API_KEY_DEV="",
        VOGENT_API_KEY_STAGING="",
        PULUMI_CONFIG_PASSPHRASE="wrong",  # noqa: S106 - to show that none is needed
        PULUMI_BACKEND_URL="file:///nowhere",
    )
    return said.splitlines()[-1]


def up(project: Project, approved: str, *, ok: bool = True) -> str:
    """`up` with an approval."""
    return project.up(ok=ok, DIALFORM_APPROVED=approved)


def refused(project: Project, approved: str, *command: str) -> str:
    """The one line that is said, by `up` where no other command is named; nothing is written."""
    objects, state = project.objects(), resources(project)
    command = command or ("up", "--yes", "--skip-preview")
    said = project.pulumi(*command, "-s", "dev", ok=False, DIALFORM_APPROVED=approved)
    assert "Traceback" not in said
    assert (project.objects(), resources(project)) == (objects, state)
    # The engine prints an error as it comes, and once more at the end.
    told = {line.partition("error: ")[2] for line in said.splitlines() if "error: " in line}
    (line,) = told
    assert "`dialform plan -s dev`" in line
    return line


def resources(project: Project) -> list[dict[str, Any]]:
    """What Pulumi's state has, read without an engine."""
    (path,) = project.root.glob(".dialform/state/.pulumi/stacks/*/dev.json")
    found: list[dict[str, Any]] = json.loads(path.read_text())["checkpoint"]["latest"]["resources"]
    return found


def as_registry(project: Project) -> Registry:
    """The project's registry, for what others write into it."""
    return Registry.open(".dialform/registry", base=project.root)


def test_an_approved_plan_is_carried_out_once(project: Project) -> None:
    first = plan(project)
    project.pulumi("up", "-s", "dev", "--yes", DIALFORM_APPROVED=first)  # runs the program twice
    assert [entry["kind"] for entry in project.log()] == ["release"]
    after = plan(project)
    assert f"the plan {first} was approved, and this is {after}" in refused(project, first)


def test_a_plan_with_nothing_to_do_is_a_plan_like_any_other(project: Project) -> None:
    """Approved, it passes and writes nothing; it is no leave to do what comes up later."""
    nothing, before = plan(project), project.objects()
    up(project, nothing)
    assert project.objects() == before
    assert plan(project) == nothing
    project.edit(PROMPT, "polite and", "kind and")
    assert nothing in refused(project, nothing)
    project.edit(PROMPT, "kind and", "polite and")


def test_a_prompt_that_was_changed_after_approval_is_refused(project: Project) -> None:
    project.edit(PROMPT, "polite and", "kind and")
    approved = plan(project)
    project.edit(PROMPT, "kind and", "curt and")
    line = refused(project, approved)
    assert f"the plan {approved} was approved, and this is {plan(project)}" in line
    assert "nothing was done" in line
    assert refused(project, approved, "preview") == line
    project.edit(PROMPT, "curt and", "kind and")
    up(project, approved)
    assert project.log()[-1]["version"] == 2


def test_a_log_that_somebody_moved_is_refused(project: Project) -> None:
    """A hold refuses it, and so does the hold that is over: nobody approved knowing of it."""
    project.edit(PROMPT, "Never threaten.", "Never ever threaten.")
    approved = plan(project)
    project.dialform("hold", "collections", "-s", "dev", "--reason", "wrong day")
    assert approved in refused(project, approved)
    # A plan that the hold refuses can be approved; the hold stands all the same.
    held, log = plan(project, ok=False), project.log()
    assert "is held in dev" in up(project, held, ok=False)
    assert project.log() == log
    project.dialform("resume", "collections", "-s", "dev", "--reason", "it was right")
    assert approved in refused(project, approved)
    up(project, plan(project))
    assert project.log()[-1]["version"] == 3


def test_a_log_that_another_stack_moved_is_refused(project: Project) -> None:
    """It took the log over and released an old version."""
    project.edit(PROMPT, "Never ever threaten.", "Never threaten.")
    project.edit(PROMPT, "kind and", "calm and")
    approved = plan(project)
    registry = as_registry(project)
    old = registry.find_release("dev", "collections", version=1)

    def release(writer: str, before: str) -> None:
        registry.append(
            *("dev", "collections", "release"),
            expected=len(project.log()),
            version=old.version,
            preset_digest=old.preset_digest,
            bound_digest=old.bound_digest,
            meta=Meta("2026-11-25T09:00:00Z", writer=writer),
            take_over=before,
        )

    release("other/dev", "dialform/dev")
    assert approved in refused(project, approved)
    registry.append(
        *("dev", "collections", "withdraw"),
        expected=None,
        meta=Meta("2026-11-25T09:00:01Z", writer="other/dev"),
    )
    release("dialform/dev", "other/dev")
    assert approved in refused(project, approved)
    up(project, plan(project))
    assert project.log()[-1]["version"] == 4


def test_another_environments_plan_is_refused(project: Project) -> None:
    other = plan(project, "staging")
    line = refused(project, other)
    assert other in line
    assert "another environment's" in line


@pytest.mark.parametrize("value", ["", "yes"])
def test_a_value_that_is_no_digest_is_refused(project: Project, value: str) -> None:
    """An empty one above all: a pipeline that lost its value must not run unbound."""
    assert f"DIALFORM_APPROVED is {value!r}, which is no digest" in refused(project, value)
