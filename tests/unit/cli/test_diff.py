"""``dialform diff`` as a user runs it: sides, renderings, exit codes, what is wrong."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING

import jsonschema
import pytest

if TYPE_CHECKING:
    from cli_project import Project

FIRST = ("You are calling", "You were calling")


@pytest.fixture
def changed(project: Project) -> Project:
    """A project whose prompt was edited since its release."""
    project.edit("stacks/prompts/collector.md", *FIRST)
    return project


def test_what_the_next_up_does_to_a_call(changed: Project) -> None:
    said, _ = changed.run("diff", "source:dev")
    assert said.startswith("dev -> source:dev: 1 changed")
    assert "version 1 -> unreleased content  [up: release]" in said
    assert "-   1 | You [-are-] calling" in said
    assert "+   1 | You {+were+} calling" in said


def test_an_environment_is_compared_with_its_source(changed: Project) -> None:
    assert changed.run("diff", "dev") == changed.run("diff", "source:dev")


def test_without_a_difference_there_is_one_line(project: Project) -> None:
    assert project.run("diff", "source:dev", "--exit-code")[0] == (
        "dev -> source:dev: 1 unchanged\n"
    )


def test_differences_have_an_exit_code_where_it_is_asked_for(changed: Project) -> None:
    changed.run("diff", "source:dev")
    changed.run("diff", "source:dev", "--exit-code", code=2)


def test_versions_are_compared(changed: Project) -> None:
    changed.release()
    said, _ = changed.run("diff", "collections@1", "collections@2")
    assert "version 1 -> version 2" in said
    digest = changed.registry.preset_digest("collections", 1)
    assert changed.run("diff", f"collections@{digest}", "collections@2")[0].count("{+were+}") == 1
    assert "1 unchanged" in changed.run("diff", "collections@2")[0]


def test_a_commit_is_compared(changed: Project) -> None:
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com")
    for args in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run([*git, *args], cwd=changed.root, check=True)
    changed.edit("stacks/presets/collections.toml", "= 10", "= 11")
    assert "timeoutMinutes: 10 -> 11" in changed.run("diff", "git:main")[0]
    assert "timeoutMinutes: 10 -> 11" in changed.run("diff", "git:main", "source:dev")[0]
    assert "timeoutMinutes: 10 -> 11" in changed.run("diff", "git:main:dev")[0]
    assert "did you mean 'main'" in changed.run("diff", "git:mian", code=64)[1]


def test_risks_stand_with_their_rules(project: Project) -> None:
    project.edit("stacks/presets/collections.toml", "timeoutMinutes = 10\n", "")
    said, _ = project.run("diff", "source:dev")
    assert "! high a call has no time-out" in said
    assert "[timeout-gone]" in said
    assert "timeoutMinutes: 10 -> not set (not set means: no limit)" in said


def test_the_json_is_as_its_schema_says(changed: Project) -> None:
    changed.edit("stacks/presets/collections.toml", 'voice = "warm"\n', "")
    document = json.loads(changed.run("diff", "source:dev", "--json")[0])
    schema = json.loads(changed.run("schema", "diff")[0])
    jsonschema.Draft202012Validator(schema).validate(document)
    changes = document["presets"][0]["changes"]
    (gone,) = [one for one in changes if one["path"] == ["voice"]]
    assert gone["before"] == "warm"
    assert "after" not in gone, "a field that is not set is not null"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "unchanged": 5}, schema)


def test_markdown_and_a_page_show_the_same(changed: Project) -> None:
    said, _ = changed.run("diff", "source:dev", "--markdown")
    assert "```diff" in said
    assert "+You were calling" in said
    changed.run("diff", "source:dev", "--html", "page.html")
    page = (changed.root / "page.html").read_text(encoding="utf-8")
    assert "You were calling" in page
    assert "<script src" not in page


def test_a_terminal_gets_colours_and_a_pipe_gets_none(changed: Project) -> None:
    assert "\033" not in changed.run("diff", "source:dev")[0]
    ours, theirs = pty.openpty()
    subprocess.run(
        changed.command("diff", "source:dev"),
        cwd=changed.root,
        env={**changed.environment, "TERM": "xterm"},
        stdout=theirs,
        check=True,
    )
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "\033[31" in said
    assert "[-are-]" in re.sub(r"\033\[[0-9;]*m", "", said)


def test_an_object_that_fails_is_named_and_the_rest_is_compared(changed: Project) -> None:
    changed.write("stacks/presets/other.toml", 'agent = "collector"\nnumbers = "us"\n')
    changed.edit("stacks/dev.toml", "[presets.", '[presets.other]\nfollow = "source"\n[presets.')
    head = changed.registry.head("dev", "collections")
    assert head is not None
    name = head.preset_digest.removeprefix("sha256:")
    path = changed.root / f".dialform/registry/blobs/sha256/{name}.json"
    path.write_bytes(path.read_bytes().replace(b"us", b"eu", 1))
    said, notes = changed.run("diff", "source:dev", code=1)
    assert name in said
    assert "other  added" in said
    assert "could not be compared: collections" in notes


def test_a_log_that_fails_is_named_and_the_rest_is_compared(changed: Project) -> None:
    path = changed.root / ".dialform/registry/releases/dev/collections/1.json"
    path.write_bytes(path.read_bytes().replace(b"anna", b"bert"))
    said, notes = changed.run("diff", "dev", "collections@1", code=1)
    assert "1.json" in said
    assert "could not be compared: collections" in notes


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("source:dve",), 64, "did you mean 'dev'"),
        (("dve",), 64, "did you mean 'dev'"),
        (("source:",), 64, "say which: source:ENV"),
        (("collections@x",), 64, "is no side of a diff"),
        (("colections@1",), 1, "did you mean 'collections'"),
        (("collections@9",), 1, "has no version 9; the newest is 1"),
        (("source:dev", "--preset", "colections"), 64, "did you mean 'collections'"),
        (("git:main",), 1, "is not in a git repository"),
    ],
)
def test_what_is_wrong_is_said(
    project: Project, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert words in project.run("diff", *arguments, code=code)[1]


def test_outside_of_a_checkout_what_is_live_is_compared(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    url = str(project.root / ".dialform/registry")
    said, _ = project.run("diff", "dev", "collections@1", "--registry", url, cwd=elsewhere)
    assert "1 unchanged" in said
    _, notes = project.run("diff", "dve", "dev", "--registry", url, cwd=elsewhere, code=1)
    assert "did you mean 'dev'" in notes
