"""The workspace and the declaration disagree: said at `up`, shown at `refresh`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import NUMBERS

from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Project

VOICE = seed_id("dev", "voices", "Ava")
NUMBER = seed_id("dev", "phone_numbers", NUMBERS["dev"])


@pytest.fixture
def untouched(make_project: Callable[[], Project]) -> Iterator[Project]:
    """A project that was never released; the workspace is as new afterwards."""
    project = make_project()
    project.declare("dev")
    project.init("dev")
    yield project
    project.sandbox.reset()


@pytest.fixture(scope="module")
def released(make_project: Callable[[], Project]) -> Project:
    """A project that was released once."""
    project = make_project()
    project.declare("dev")
    project.init("dev")
    project.up()
    return project


def test_first_up_names_what_the_workspace_lacks(untouched: Project) -> None:
    """Every step is refused with the object, and nothing is published."""
    untouched.sandbox.edit("dev", "voices", VOICE, name="Eva")
    untouched.sandbox.remove("dev", "phone_numbers", NUMBER)
    said = untouched.up(ok=False)
    assert f"voice 'warm' (id {VOICE}) is called 'Eva' in the workspace" in said
    assert "the file says 'Ava'" in said
    assert NUMBER in said
    assert "is not in the workspace" in said
    assert "Traceback" not in said
    assert untouched.objects() == {}


def test_key_of_another_workspace_writes_nothing(untouched: Project) -> None:
    said = untouched.up(ok=False, VOGENT_API_KEY_DEV="sandbox-staging")
    assert "VOGENT_API_KEY_DEV opens a workspace without the agent" in said
    assert "Nothing was written" in said
    assert "sandbox-staging" not in said
    said = untouched.up(ok=False, VOGENT_API_KEY_DEV="")
    assert "set the environment variable VOGENT_API_KEY_DEV" in said
    assert untouched.objects() == {}


def test_wrong_value_fails_the_preview_before_anything_exists(untouched: Project) -> None:
    untouched.edit("stacks/profiles/collector.toml", "600", '"ten minutes"')
    untouched.edit("stacks/presets/collections.toml", "timeoutMinutes", "timeoutMinuts")
    said = untouched.pulumi("preview", "-s", "dev", ok=False)
    assert "stacks/profiles/collector.toml:3: maxDurationSeconds: must be" in said
    assert "timeoutMinuts: there is no such key; did you mean 'timeoutMinutes'?" in said
    assert "Traceback" not in said
    assert untouched.state() == []


def test_renamed_voice_shows_at_refresh_and_is_refused_at_up(released: Project) -> None:
    """The voice drifts, the preset stays; `up` says what to do and moves nothing."""
    released.sandbox.edit("dev", "voices", VOICE, name="Eva")
    before = released.objects()
    said = released.pulumi("refresh", "-s", "dev", "--preview-only", "--diff")
    assert 'voiceName: "Ava" => "Eva"' in said
    released.pulumi("refresh", "-s", "dev", "--yes")
    assert released.plan() == {"Voice warm": "update", "Release collections": "update"}
    said = released.up(ok=False)
    assert "is called 'Eva' in the workspace, and the file says 'Ava'" in said
    released.sandbox.edit("dev", "voices", VOICE, name="Ava")
    released.up()
    released.pulumi("preview", "-s", "dev", "--expect-no-changes")
    assert released.objects() == before


def test_removed_number_shows_at_refresh(released: Project) -> None:
    released.sandbox.remove("dev", "phone_numbers", NUMBER)
    said = released.pulumi("refresh", "-s", "dev", "--preview-only", "--diff")
    assert NUMBER in said
    released.pulumi("refresh", "-s", "dev", "--yes")
    assert released.plan() == {"NumberPool us": "update", "Release collections": "update"}
    assert "is not in the workspace" in released.up(ok=False)
    released.sandbox.add("dev", "phone_numbers", id=NUMBER, number=NUMBERS["dev"], type="PSTN")
    released.up()


def test_removed_voice_is_gone_at_refresh(released: Project) -> None:
    """It is made anew, which fails while the workspace lacks it; no preset is replaced."""
    released.sandbox.remove("dev", "voices", VOICE)
    released.pulumi("refresh", "-s", "dev", "--yes")
    assert released.plan() == {"Voice warm": "create", "Release collections": "update"}
    assert "is not in the workspace" in released.up(ok=False)
    released.sandbox.add("dev", "voices", id=VOICE, name="Ava")
    assert "voiceTier" in released.up(ok=False), "it has come back as another voice"
    released.up(DIALFORM_ACCEPT_DRIFT="1")
