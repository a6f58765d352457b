"""`dialform init`: its README's own commands, on the real engine."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from conftest import REFERENCE_URL, Project

from dialform.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox


def test_new_project_does_what_its_readme_says(
    tmp_path: Path, workspace: Sandbox, pulumi_home: Path
) -> None:
    assert main(["init", str(tmp_path / "calls")]) == 0
    project = Project(tmp_path / "calls", workspace, pulumi_home)
    project.edit("stacks/dev.toml", REFERENCE_URL, workspace.url)
    readme = (project.root / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    commands = [line for line in blocks[-1].splitlines() if not line.startswith("export")]
    assert [shlex.split(line)[0] for line in commands] == [
        "dialform",
        "pulumi",
        "pulumi",
        "dialform",
    ]
    said = [project.run(*shlex.split(line)) for line in commands]
    assert "0 errors, 0 warnings" in said[0]
    assert workspace.rings("+14155550123") == 1
    opening = "Hello {{name}}, this is an automated call about your appointment on {{day}}."
    assert opening.encode() in workspace.received()[-1].body
