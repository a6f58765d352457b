"""``dialform verify`` asks the workspace what became of what a release leans on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from evidence_project import Evidence

from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox

VERIFY = ("verify", "collections", "-s", "dev")


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    """A project whose release recorded what it leans on."""
    made = Evidence(tmp_path, sandbox)
    made.publish()
    return made


def drift(project: Evidence, code: int, **settings: str) -> dict[str, str]:
    """The claim about drift."""
    out, _ = project.run(*VERIFY, "--json", code=code, env=settings)
    claims = json.loads(out)["presets"][0]["claims"]
    found: dict[str, str] = {claim["claim"]: claim for claim in claims}["remote drift"]
    return found


def test_a_workspace_that_is_as_it_was(project: Evidence) -> None:
    found = drift(project, 0)
    assert found["status"] == "ok"
    assert project.sandbox.url in found["detail"]


def test_a_change_behind_the_back_has_a_code_of_its_own(project: Evidence) -> None:
    agent = seed_id("dev", "agents", "Collector")
    project.sandbox.edit("dev", "agents", agent, name="Somebody else")
    found = drift(project, 14)
    assert found["status"] == "failed"
    assert "Somebody else" in found["detail"]


def test_without_a_key_it_is_skipped_and_said(project: Evidence) -> None:
    del project.environment["VOGENT_API_KEY_DEV"]
    found = drift(project, 0)
    assert (found["status"], "VOGENT_API_KEY_DEV" in found["detail"]) == ("n/a", True)


@pytest.mark.parametrize("key", ["wrong", "sandbox-prod"])
def test_what_can_t_be_asked_is_unknown(project: Evidence, key: str) -> None:
    """A wrong key, or another workspace's: neither drift nor none."""
    found = drift(project, 1, VOGENT_API_KEY_DEV=key)
    assert found["status"] == "unknown"


def test_a_launchers_machine_needs_no_checkout(project: Evidence, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    registry = str(project.root / ".dialform" / "registry")
    out, _ = project.run(*VERIFY, cwd=elsewhere, env={"DIALFORM_REGISTRY": registry})
    assert "  ok      remote drift" in out
