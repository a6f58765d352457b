"""A broken guardrail stops the real engine before anything is written; mending it lets it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

RULES = "max = { timeoutMinutes = 15 }\n"
MESSAGE = (
    "stacks/presets/collections.toml:6: timeoutMinutes: is 20, above the ceiling of 15; lower it "
    "(preset collections in dev; the rule: stacks/guardrails/house.toml:1) [max]"
)


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """Version 1 is live in dev, within the rules."""
    made = make_project()
    made.declare("dev")
    made.write("stacks/guardrails/house.toml", RULES)
    made.init("dev")
    made.up()
    return made


def edit(project: Project, old: str, new: str) -> None:
    project.edit(
        "stacks/presets/collections.toml", f"timeoutMinutes = {old}", f"timeoutMinutes = {new}"
    )


def test_call_within_the_rules_leaves_no_trace_of_them(project: Project) -> None:
    """The inputs of a release are as they were without guardrails, so nothing is to do."""
    release = next(one for one in project.state() if one["type"].endswith(":Release"))
    assert "violations" not in release["inputs"]
    project.pulumi("preview", "--expect-no-changes", "-s", "dev")


def test_broken_rule_stops_preview_and_up_with_nothing_written(project: Project) -> None:
    """In the words of `dialform check`, which ends with 3."""
    before = project.objects(), project.state()
    edit(project, "10", "20")

    assert MESSAGE in project.dialform("check", "-s", "dev", ok=False)
    for said in (project.pulumi("preview", "-s", "dev", ok=False), project.up(ok=False)):
        assert MESSAGE in " ".join(said.split())
        assert "Traceback" not in said
    assert (project.objects(), project.state()) == before


def test_rule_that_only_warns_is_said_and_stops_nothing(project: Project) -> None:
    """The finding is a warning of the preview."""
    project.write("stacks/guardrails/house.toml", RULES + 'warn = ["max"]\n')

    said = project.pulumi("preview", "-s", "dev")
    assert "above the ceiling of 15" in said
    assert "warning" in said
    project.write("stacks/guardrails/house.toml", RULES)


def test_waived_rule_lets_it_through_and_changes_nothing_else(project: Project) -> None:
    """A waiver in the environment's file, as long as it holds."""
    waiver = (
        '[[guardrails.waivers]]\nrule = "max"\npreset = "collections"\nreason = "agreed"\n'
        'until = "{}"\n'
    )
    text = (project.root / "stacks/dev.toml").read_text()
    project.write("stacks/dev.toml", text + waiver.format("2020-01-01"))
    said = " ".join(project.pulumi("preview", "-s", "dev", ok=False).split())
    assert MESSAGE.replace(") [", "; its waiver ended on 2020-01-01) [") in said

    project.write("stacks/dev.toml", text + waiver.format("9999-12-31"))
    assert project.plan()["Release collections"] == "update"
    project.write("stacks/dev.toml", text)


def test_mended_call_is_released(project: Project) -> None:
    """Preview and `up` go through again."""
    edit(project, "20", "15")

    project.dialform("check", "-s", "dev")
    assert project.plan()["Release collections"] == "update"
    project.up()
    assert project.log()[-1]["version"] == 2
