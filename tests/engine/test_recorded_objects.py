"""What a release leans on, on the real engine: edited behind its back, shown, refused, accepted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

AGENT = seed_id("dev", "agents", "Collector")


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """A project that has been released once."""
    made = make_project()
    made.declare("dev")
    made.init("dev")
    made.up()
    return made


def drift(project: Project, *args: str, ok: bool = True) -> dict[str, str]:
    said = project.dialform("drift", "-s", "dev", "--json", *args, ok=ok)
    return {one["preset"]: one["class"] for one in json.loads(said)["presets"]}


def test_nothing_has_drifted_after_an_up(project: Project) -> None:
    assert "references" in project.log()[-1]
    assert drift(project, "--exit-code") == {"collections": "clean"}
    said = project.pulumi("refresh", "-s", "dev", "--preview-only", "--diff")
    assert "drift" not in said
    project.dialform("registry", "verify", "-s", "dev")


def test_an_edit_in_the_workspace_is_seen_by_field(project: Project) -> None:
    project.sandbox.edit("dev", "agents", AGENT, language="es", updatedAt="now")
    assert drift(project) == {"collections": "workspace ahead"}
    said = project.dialform("drift", "-s", "dev", "--exit-code", ok=False)
    assert 'language: "en" -> "es"' in said
    assert "updatedAt" not in said
    said = project.pulumi("refresh", "-s", "dev", "--preview-only", "--diff")
    assert "drift" in said
    assert "language" in said
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")


def test_up_does_not_release_over_it(project: Project) -> None:
    project.edit("stacks/prompts/collector.md", "polite and", "kind and")
    assert drift(project) == {"collections": "both"}
    entries = project.log()
    said = project.up(ok=False)
    assert "language" in said
    assert "DIALFORM_ACCEPT_DRIFT=1" in said
    assert "Traceback" not in said
    assert project.log() == entries


def test_it_can_be_accepted_for_one_run(project: Project) -> None:
    project.up(DIALFORM_ACCEPT_DRIFT="1")
    assert project.log()[-1]["version"] == 2
    assert drift(project, "--exit-code") == {"collections": "clean"}
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")


def test_drift_that_a_refresh_took_into_the_state_is_settled_by_an_up(project: Project) -> None:
    """Undone in the workspace, or accepted: either way the state says nothing of it afterwards."""
    project.sandbox.edit("dev", "agents", AGENT, language="fr")
    project.pulumi("refresh", "-s", "dev", "--yes", "--skip-preview")
    assert project.plan() == {"Release collections": "update"}
    entries = project.log()
    assert "fr" in project.up(ok=False)
    assert project.log() == entries
    project.sandbox.edit("dev", "agents", AGENT, language="es")
    project.up()
    assert project.log() == entries
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")
    project.sandbox.edit("dev", "agents", AGENT, language="fr")
    project.pulumi("refresh", "-s", "dev", "--yes", "--skip-preview")
    project.up(DIALFORM_ACCEPT_DRIFT="1")
    assert len(project.log()) == len(entries) + 1
    assert drift(project, "--exit-code") == {"collections": "clean"}


def test_a_binding_moved_to_another_object_is_no_drift(project: Project) -> None:
    ava, ben = seed_id("dev", "voices", "Ava"), seed_id("dev", "voices", "Ben")
    project.sandbox.edit("dev", "voices", ava, description="Another one")
    project.edit("stacks/dev.toml", f'"{ava}", name = "Ava"', f'"{ben}", name = "Ben"')
    project.up()
    assert drift(project, "--exit-code") == {"collections": "clean"}


def risks(project: Project) -> dict[str, str]:
    said = json.loads(project.dialform("diff", "source:dev", "--json"))
    return {one["rule"]: one["message"] for preset in said["presets"] for one in preset["risks"]}


def test_a_voice_that_a_release_leaned_on_shows_its_tier_in_a_diff(project: Project) -> None:
    ben, chloe = seed_id("dev", "voices", "Ben"), seed_id("dev", "voices", "Chloe")
    bound = f'"{ben}", name = "Ben"', f'"{chloe}", name = "Chloe"'
    project.edit("stacks/dev.toml", *bound)
    assert "no release recorded" in risks(project)["voice-changed"]
    project.up()
    project.edit("stacks/dev.toml", *reversed(bound))
    found = risks(project)
    assert "no release recorded" not in found["voice-changed"]
    assert "PREMIUM, not STANDARD" in found["voice-tier-changed"]
