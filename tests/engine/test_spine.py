"""From a declared environment to what is released, on the real engine: one stack's story."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """A project with one environment that has been released once."""
    made = make_project()
    made.declare("dev")
    made.init("dev")
    made.up()
    return made


def test_first_up_publishes(project: Project) -> None:
    assert project.versions() == [1]
    (entry,) = project.log()
    assert (entry["kind"], entry["state"], entry["version"]) == ("release", "live", 1)
    assert (entry["by"], entry["writer"]) == ("anna", "dialform/dev")


def test_second_up_changes_nothing(project: Project) -> None:
    before = project.objects()
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")
    project.up("dev", "--expect-no-changes")
    assert project.objects() == before


def test_preset_is_dialled_as_declared(project: Project) -> None:
    """The launcher sends the exact bytes that it prints."""
    call = ("collections", "-s", "dev", "--to", "+14155550123", "--input", "name=Ann")
    bytes_ = project.dialform("dial", *call, "--dry-run")
    project.dialform("dial", *call)
    assert project.sandbox.received()[-1].body == bytes_.encode()
    assert project.sandbox.rings("+14155550123") == 1


def test_prompt_edit_previews_as_that_line_once(project: Project) -> None:
    """Profile and preset are replaced, the release is updated, and nothing else."""
    project.edit("stacks/prompts/collector.md", "polite and", "kind and")
    try:
        said = project.pulumi("preview", "-s", "dev", "--diff", "--show-full-output")
        assert said.count("Be kind and factual.") == 1
        assert said.count("Be polite and factual.") == 1
        assert "Never threaten." not in said or said.count("Never threaten.") == 1
        assert project.plan() == {
            "OverrideProfile collector": "replace",
            "DialPreset collections": "replace",
            "Release collections": "update",
        }
    finally:
        project.edit("stacks/prompts/collector.md", "kind and", "polite and")


def test_reverting_gives_back_the_old_version(project: Project) -> None:
    project.edit("stacks/prompts/collector.md", "polite and", "kind and")
    project.up()
    assert project.versions() == [1, 2]
    assert project.log()[-1]["version"] == 2
    project.edit("stacks/prompts/collector.md", "kind and", "polite and")
    project.up()
    assert project.versions() == [1, 2]
    assert project.log()[-1]["version"] == 1
    assert len(project.log()) == 3


def test_new_voice_is_an_updated_release(project: Project) -> None:
    """No preset is replaced; the voice itself is verified anew."""
    old, new = seed_id("dev", "voices", "Ava"), seed_id("dev", "voices", "Ben")
    project.edit("stacks/dev.toml", f'"{old}", name = "Ava"', f'"{new}", name = "Ben"')
    assert project.plan() == {"Voice warm": "update", "Release collections": "update"}
    project.up()
    assert project.versions() == [1, 2]
    project.edit("stacks/dev.toml", f'"{new}", name = "Ben"', f'"{old}", name = "Ava"')
    project.up()


def test_rules_for_calls_show_in_a_preview_and_hold_once_they_are_up(project: Project) -> None:
    """They are one line of the environment's document; what isn't up yet doesn't hold."""
    declared = (project.root / "stacks/dev.toml").read_text(encoding="utf-8")
    call = ("dial", "collections", "-s", "dev", "--to", "+14155550123", "--input", "name=Ann")
    real = declared.replace(project.sandbox.url, "https://api.vogent.ai/api")
    project.write("stacks/dev.toml", real)
    said = project.pulumi("preview", "-s", "dev", ok=False)
    assert "is no sandbox on this machine, so say where calls may go" in said
    try:
        project.write("stacks/dev.toml", f'{declared}[calls]\ndestinations = ["CA"]\n')
        assert project.plan() == {"Environment dev": "update"}
        said = project.pulumi("preview", "-s", "dev", "--diff", "--show-full-output")
        assert "destinations" in said
        project.dialform(*call)
        project.up()
        assert "[calls.destinations]" in project.dialform(*call, ok=False)
    finally:
        project.write("stacks/dev.toml", declared)
    assert "[calls.destinations]" in project.dialform(*call, ok=False)
    project.up()
    project.dialform(*call)


def test_fresh_state_over_a_full_registry_adds_nothing(
    project: Project, make_project: Callable[[], Project]
) -> None:
    before = project.objects()
    other = make_project()
    other.declare("dev")
    (other.root / ".dialform").mkdir()
    (other.root / ".dialform/registry").symlink_to(project.root / ".dialform/registry")
    other.init("dev")
    other.up()
    assert project.objects() == before


def test_out_of_band_hold_is_said_and_not_moved(project: Project) -> None:
    project.dialform("hold", "collections", "-s", "dev", "--reason", "wrong amount")
    said = project.pulumi("preview", "-s", "dev", "--expect-no-changes")
    assert "collections is held in dev" in said
    assert "wrong amount" in said
    project.edit("stacks/prompts/collector.md", "polite and", "kind and")
    entries = project.log()
    said = project.up(ok=False)
    assert "is held in dev" in said
    assert "dialform resume collections -s dev" in said
    assert "Traceback" not in said
    assert project.log() == entries
    project.edit("stacks/prompts/collector.md", "kind and", "polite and")
    project.dialform("resume", "collections", "-s", "dev", "--reason", "mended")
    project.up()
    assert project.log()[-1]["state"] == "live"


def test_out_of_band_withdrawal_shows_in_a_plain_preview(project: Project) -> None:
    project.dialform("withdraw", "collections", "-s", "dev", "--reason", "mistake")
    assert project.plan() == {"Release collections": "update"}
    said = project.pulumi("preview", "-s", "dev", "--diff")
    assert "withdrawn" in said
    project.up()
    assert project.log()[-1]["kind"] == "release"
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")


def test_undeclared_preset_is_withdrawn_and_destroy_removes_nothing(project: Project) -> None:
    text = (project.root / "stacks/dev.toml").read_text(encoding="utf-8")
    project.edit("stacks/dev.toml", '[presets.collections]\nfollow = "source"\n', "")
    before = project.objects()
    project.up()
    assert project.log()[-1]["kind"] == "withdraw"
    refused = project.dialform(
        "dial", "collections", "-s", "dev", "--to", "+14155550124", "--input", "name=A", ok=False
    )
    assert "withdrawn" in refused
    assert project.sandbox.rings("+14155550124") == 0
    project.write("stacks/dev.toml", text)
    project.up()
    said = project.pulumi("destroy", "-s", "dev", "--yes", "--skip-preview")
    assert "stay in the registry" in said
    after = project.objects()
    assert before.items() <= after.items()
    assert project.log()[-1]["kind"] == "withdraw"
    project.up()
