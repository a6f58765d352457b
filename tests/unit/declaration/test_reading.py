"""What can stand in a folder beside files: pipes, links, folders, names that are no text."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from declaration_world import edited, written

if TYPE_CHECKING:
    from pathlib import Path


def findings(root: Path) -> list[str]:
    """What is wrong with the project of these tests, which is in ``root``."""
    return [str(problem) for problem in written(root).problems()]


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    written(tmp_path)
    os.mkfifo(tmp_path / "stacks/presets/pipe.toml")

    assert findings(tmp_path) == [
        "stacks/presets/pipe.toml: can't be read: it is no regular file [unreadable]"
    ]


def test_pipe_for_a_prompt_is_not_waited_for(tmp_path: Path) -> None:
    change = edited("profiles/talk.toml", "talk.md", "pipe.md")
    written(tmp_path, change)
    os.mkfifo(tmp_path / "stacks/prompts/pipe.md")
    (problem,) = written(tmp_path, change).problems()

    assert str(problem) == (
        "stacks/profiles/talk.toml:4: prompt.file: stacks/prompts/pipe.md: can't be read: "
        "it is no regular file [unreadable]"
    )


def test_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    written(tmp_path)
    prompt = tmp_path / "stacks/prompts/talk.md"
    prompt.rename(tmp_path / "stacks/prompts/real.md")
    prompt.symlink_to("real.md")

    assert findings(tmp_path) == []


def test_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    """What is reviewed is what is read."""
    outside = tmp_path / "outside.toml"
    outside.write_text('agent = "desk"\n', encoding="utf-8")
    root = tmp_path / "project"
    written(root)
    (root / "stacks/presets/linked.toml").symlink_to(outside)

    (finding,) = findings(root)
    assert finding == (
        "stacks/presets/linked.toml: leads out of the project; what is declared is part of it "
        "[missing-file]"
    )


def test_folder_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "project"
    written(root)
    shutil.move(root / "stacks/prompts", tmp_path / "prompts")
    (root / "stacks/prompts").symlink_to(tmp_path / "prompts")

    (problem,) = findings(root)
    assert problem.endswith(
        "leads out of the project; what is declared is part of it [missing-file]"
    )


def test_link_to_itself_is_a_finding(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "stacks/presets/round.toml").symlink_to("round.toml")

    (problem,) = findings(tmp_path)
    assert problem.startswith("stacks/presets/round.toml: can't be read: ")


def test_prompt_that_links_to_itself_is_a_finding(tmp_path: Path) -> None:
    change = edited("profiles/talk.toml", "talk.md", "round.md")
    written(tmp_path, change)
    (tmp_path / "stacks/prompts/round.md").symlink_to("round.md")
    (problem,) = written(tmp_path, change).problems()

    assert problem.rule == "unreadable"


def test_file_in_the_place_of_a_folder_is_a_finding(tmp_path: Path) -> None:
    written(tmp_path)
    flows = tmp_path / "stacks/more"
    flows.mkdir()
    project = written(tmp_path)
    shutil.rmtree(tmp_path / "stacks/flows")
    (tmp_path / "stacks/flows").write_text("", encoding="utf-8")

    found = [str(problem) for problem in project.problems()]
    assert "stacks/flows: can't be read: Not a directory [unreadable]" in found


def test_name_that_is_no_text_is_a_finding_that_prints(tmp_path: Path) -> None:
    written(tmp_path)
    for folder in ("presets", "profiles"):
        path = os.fsencode(tmp_path / "stacks" / folder) + b"/\xff.toml"
        with open(path, "wb") as file:  # noqa: PTH123 - its name is bytes
            file.write(b'agent = "desk"' if folder == "presets" else b"")

    found = written(tmp_path).problems()
    assert {problem.file for problem in found} == {
        "stacks/presets/\N{REPLACEMENT CHARACTER}.toml",
        "stacks/profiles/\N{REPLACEMENT CHARACTER}.toml",
    }
    assert "".join(map(str, found)).isprintable()


def test_line_ends_of_another_system_make_no_difference(tmp_path: Path) -> None:
    here = written(tmp_path / "here")
    there = written(tmp_path / "there")
    for file in (tmp_path / "there").rglob("*.*"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    digests = {name: preset.digest for name, preset in here.presets.items()}
    assert {name: preset.digest for name, preset in there.presets.items()} == digests
    assert there.problems() == []


def test_hidden_files_are_not_read(tmp_path: Path) -> None:
    """Editors and systems leave some."""
    written(tmp_path)
    (tmp_path / "stacks/presets/.#visit.toml").write_bytes(b"\xff")

    assert findings(tmp_path) == []
