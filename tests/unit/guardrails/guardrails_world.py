"""The small project of the declarations' tests, with guardrails and what they find."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from declaration_world import FILES, written

from dialform.guardrails import Finding, Report, check

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 25)
OPENING = """\
[openingLine]
lineType = "INBOUND_OUTBOUND"
content = "Hello {{name}}, on a Recorded line."
"""


def nowhere(*_: object) -> None:
    """No registry."""


def files(rules: str = "", **changes: str) -> dict[str, str]:
    """All files, with guardrails of the whole project."""
    return {
        **FILES,
        "profiles/house.toml": FILES["profiles/house.toml"].replace(
            "[prompt]", OPENING + "[prompt]"
        ),
        **({"guardrails/all.toml": rules} if rules else {}),
        **changes,
    }


def report(
    root: Path, rules: str, changes: dict[str, str] | None = None, stack: str = "dev"
) -> Report:
    """What ``rules`` find in an environment that has nothing wrong otherwise."""
    project = written(root, {**files(rules), **(changes or {})})
    assert [one for one in project.problems() if one.severity == "error"] == []
    return check(project.environment(stack), TODAY, nowhere)


def found(report: Report) -> set[tuple[str, str, str]]:
    """Rule, preset and place of each finding."""
    return {(one.problem.rule, one.preset, place(one)) for one in report.findings}


def place(finding: Finding) -> str:
    """``file:line key``."""
    problem = finding.problem
    return f"{problem.file}:{problem.line} {problem.key}"
