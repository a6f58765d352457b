"""The API key is in nothing that is stored or printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

KEY = "sandbox-dev"
"""What the sandbox takes as the key of dev; it stands nowhere else."""


def assert_nowhere(project: Project, *said: str) -> None:
    """In no output, and in no file of the project or of Pulumi's own folder."""
    for text in said:
        assert KEY not in text
    for folder in (project.root, project.home):
        for path in folder.rglob("*"):
            if path.is_file():
                assert KEY.encode() not in path.read_bytes(), path


@pytest.fixture
def project(make_project: Callable[[], Project]) -> Project:
    made = make_project()
    made.declare("dev")
    made.init("dev")
    return made


def test_key_in_the_environment_is_kept_nowhere(project: Project) -> None:
    """A good `up`, a refresh, a failing `up`, a call, and a call that the API refuses."""
    call = ("dial", "collections", "-s", "dev", "--to", "+14155550131", "--input", "name=A")
    voice = seed_id("dev", "voices", "Ava")
    said = [project.up(), project.pulumi("refresh", "-s", "dev", "--yes")]
    said += [project.dialform(*call, "--json"), project.dialform(*call, "--dry-run")]
    project.sandbox.fail_next("dials", status=400, body=f'{{"error": "bad key {KEY}"}}')
    said.append(project.dialform(*call, ok=False))
    project.sandbox.fail_next("voices", status=403, body=f"no {KEY}", times=9)
    project.edit("stacks/dev.toml", voice, seed_id("dev", "voices", "Ben"))
    said.append(project.up(ok=False))
    project.sandbox.clear_faults()
    said.append(project.pulumi("stack", "export", "-s", "dev"))
    assert_nowhere(project, *said)


def test_key_in_pulumis_secret_setting(project: Project) -> None:
    """It works without the variable, and stands encrypted."""
    project.pulumi("config", "set", "--secret", "dialform:apiKey", KEY, "-s", "dev")
    said = [project.up(VOGENT_API_KEY_DEV="")]
    said.append(project.pulumi("stack", "export", "-s", "dev"))
    assert project.versions() == [1]
    assert_nowhere(project, *said)


def test_key_in_clear_is_refused(project: Project) -> None:
    project.pulumi("config", "set", "--plaintext", "dialform:apiKey", KEY, "-s", "dev")
    said = project.up(ok=False)
    assert "stands in Pulumi.dev.yaml in clear" in said
    assert "pulumi config set --secret dialform:apiKey" in said
    assert KEY not in said
    assert project.objects() == {}
