"""Promoted, rolled back and held, on the real engine: one release moves from staging to prod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

CALL = ("collections", "-s", "prod", "--to", "+14155550123", "--input", "name=Ann", "--dry-run")
SAME = ("--expect-no-changes",)


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """Version 1 is live in staging; prod runs nothing yet."""
    made = make_project()
    made.declare("staging", "prod")
    made.edit("stacks/prod.toml", '[presets.collections]\nfollow = "source"\n', "")
    made.init("staging", "prod")
    made.up("staging")
    return made


def promote(project: Project) -> str:
    """Move prod's pin."""
    return project.dialform("promote", "collections", "--from", "staging", "--to", "prod")


def head(project: Project, stack: str = "prod") -> dict[str, Any]:
    """The newest entry of a log."""
    return project.log(stack=stack)[-1]


def test_what_is_promoted_is_released_as_the_same_content(project: Project) -> None:
    """A new preset first, then another version; the working tree's later edits don't count."""
    said = promote(project)
    assert "new in prod" in said
    project.up("prod")
    assert head(project)["presetDigest"] == head(project, "staging")["presetDigest"]

    project.edit("stacks/prompts/collector.md", "polite and", "kind and")
    project.up("staging")
    promote(project)
    project.edit("stacks/prompts/collector.md", "kind and", "curt and")
    project.up("prod")
    assert head(project)["version"] == 2
    assert head(project)["presetDigest"] == head(project, "staging")["presetDigest"]
    assert "kind and factual" in project.dialform("dial", *CALL)
    project.pulumi("preview", "-s", "prod", *SAME)
    assert project.versions() == [1, 2]


def test_a_rollback_at_once_outlives_preview_refresh_and_up(project: Project) -> None:
    """Calls go on with the old version; each command says who, when, why and the way out."""
    project.dialform("rollback", "collections", "-s", "prod", "--now", "--reason", "wrong day")
    entries = project.log(stack="prod")
    assert (entries[-1]["kind"], entries[-1]["version"]) == ("rollback", 1)
    assert entries[-1]["boundDigest"] == entries[0]["boundDigest"]

    assert project.plan("prod") == {"Release collections": "update"}
    for _ in range(2):  # before a refresh and after it
        said = project.pulumi("preview", "-s", "prod", "--diff")
        assert "collections was rolled back to version 1 in prod" in said
        said = project.up("prod", ok=False)
        assert "was rolled back to version 1 in prod" in said
        assert "by anna" in said
        assert "wrong day" in said
        assert "dialform resume collections -s prod --reason" in said
        assert "Traceback" not in said
        project.up("prod", "--refresh", ok=False)
        project.pulumi("refresh", "-s", "prod", "--yes", "--skip-preview")
    assert project.log(stack="prod") == entries
    assert "polite and factual" in project.dialform("dial", *CALL)


def test_a_pin_that_agrees_ends_the_rollback(project: Project) -> None:
    project.dialform("rollback", "collections", "-s", "prod", "--to", "1")
    project.up("prod")
    assert (head(project)["kind"], head(project)["state"]) == ("release", "live")
    assert head(project)["version"] == 1
    project.pulumi("preview", "-s", "prod", *SAME)
    project.pulumi("refresh", "-s", "prod", "--yes", "--skip-preview")
    assert "rolled back" not in project.pulumi("preview", "-s", "prod", *SAME)


def test_a_resumed_rollback_moves_on_to_what_is_declared(project: Project) -> None:
    promote(project)
    project.up("prod")
    project.dialform("rollback", "collections", "-s", "prod", "--now", "--reason", "wrong day")
    project.dialform("resume", "collections", "-s", "prod", "--reason", "it was right")
    assert (head(project)["state"], head(project)["version"]) == ("live", 1)
    assert project.plan("prod") == {"Release collections": "update"}
    project.up("prod")
    assert (head(project)["state"], head(project)["version"]) == ("live", 2)


def test_a_stopped_preset_is_not_moved_by_refresh_or_up(project: Project) -> None:
    project.dialform("stop", "--all", "-s", "prod", "--reason", "blocked numbers")
    project.dialform("rollback", "collections", "-s", "prod")
    entries = project.log(stack="prod")
    assert entries[-1]["state"] == "held"
    for _ in range(2):
        assert "blocked numbers" in project.pulumi("preview", "-s", "prod")
        said = project.up("prod", ok=False)
        assert "is held in prod" in said
        assert "blocked numbers" in said
        project.pulumi("refresh", "-s", "prod", "--yes", "--skip-preview")
    assert project.log(stack="prod") == entries
    project.dialform("resume", "collections", "-s", "prod", "--reason", "unblocked")
    project.up("prod")
    assert (head(project)["state"], head(project)["version"]) == ("live", 1)
