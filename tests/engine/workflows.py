"""GitHub's side of the workflows, as far as a test needs it: expressions, outputs, and gh."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import yaml
from conftest import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

FOLDER = CHECKOUT / ".github/workflows"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")

GH = """#!/usr/bin/env bash
# Writes down what it was asked; answers what the test put beside it.
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/gh.log"
for word in "$@"; do
    case $word in body=@*) cp "${word#body=@}" "$here/body.md" ;; esac
    [[ ${before:-} == --body-file ]] && cp "$word" "$here/body.md"
    before=$word
done
[[ "$*" == *"issue list"* || "$*" == *"--jq"* ]] && cat "$here/answer" 2>/dev/null
exit 0
"""


def load(name: str) -> dict[Any, Any]:
    """A workflow."""
    found: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return found


class Runner:
    """Runs the ``run:`` steps of jobs in a checkout; `make setup` is done already."""

    def __init__(self, project: Project, tools: Path, **context: str) -> None:
        """``tools`` is a folder for gh; ``context`` is what expressions stand for."""
        self.project = project
        self.tools = tools
        self.context = context
        self.said = ""
        tools.mkdir(exist_ok=True)
        (tools / "gh").write_text(GH)
        (tools / "gh").chmod(0o755)

    def answer(self, text: str) -> None:
        """What gh prints from now on."""
        (self.tools / "answer").write_text(text)

    def asked(self) -> list[str]:
        """What gh was asked, and forget it."""
        log = self.tools / "gh.log"
        found = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    def body(self) -> str:
        """What was posted last."""
        return (self.tools / "body.md").read_text(encoding="utf-8")

    def value(self, text: Any, more: dict[str, str]) -> str:
        """A value with its expressions filled in; an unknown one is an error of the test."""
        known = {**self.context, **more}
        return _EXPRESSION.sub(lambda match: known[match[1]], str(text))

    def job(
        self, job: dict[str, Any], given: dict[str, str] | None = None, *, ok: bool = True
    ) -> dict[str, str]:
        """
        Run a job's steps up to the first that fails; its outputs by ``step.name``.

        ``given`` is what expressions stand for in this run besides. ``ok``: whether all must end
        well, or one must fail. What the last one said is ``said``.
        """
        outputs: dict[str, str] = {}
        for step in job["steps"]:
            if "run" not in step or step["run"] == "make setup":
                continue
            named = {**job.get("env", {}), **step.get("env", {})}
            env = {name: self.value(text, given or {}) for name, text in named.items()}
            written = self.tools / "output"
            written.write_text("")
            code, self.said = self._run(step["run"], env, written)
            if code:
                assert not ok, f"{step['run']}\nended with {code}:\n{self.said}"
                return outputs
            for line in written.read_text().splitlines():
                name, _, value = line.partition("=")
                outputs[f"{step.get('id')}.{name}"] = value
        assert ok, "no step failed"
        return outputs

    def _run(self, script: str, env: dict[str, str], written: Path) -> tuple[int, str]:
        keys = {
            name: value
            for name, value in self.project.environment().items()
            if not name.startswith(("VOGENT_", "PULUMI_CONFIG"))
        }
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.project.root,
            env={
                **keys,
                "PATH": f"{self.tools}:{keys['PATH']}",
                "GITHUB_OUTPUT": str(written),
                "GITHUB_STEP_SUMMARY": str(self.tools / "summary.md"),
                **env,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return done.returncode, done.stdout + done.stderr
