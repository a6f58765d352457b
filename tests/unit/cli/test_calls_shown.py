"""An environment's rules for calls where people look: validate, show, diff, review, try."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import jsonschema
import pytest
from cli_project import ANN

from dialform.launcher.calling.week import DAYS

if TYPE_CHECKING:
    from cli_project import Project

RULES = """
[calls]
destinations = ["US"]
perPerson = { 24h = 1 }
[calls.hours]
mon-fri = ["09:00-17:00"]
"""


@pytest.fixture
def ruled(project: Project) -> Project:
    """A project that declares rules; what is released has none."""
    text = (project.root / "stacks/dev.toml").read_text(encoding="utf-8")
    project.write("stacks/dev.toml", text + RULES)
    return project


def git(project: Project, *arguments: str) -> None:
    who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.com")
    subprocess.run(["git", *who, *arguments], cwd=project.root, check=True)


def test_a_workspace_that_is_no_sandbox_must_say_where_calls_may_go(project: Project) -> None:
    project.edit("stacks/dev.toml", project.sandbox.url, "https://api.vogent.ai/api")
    said, _ = project.run("validate", code=1)
    assert "stacks/dev.toml:3: workspace.url: is no sandbox on this machine" in said
    assert said.count("[calls]") == 2  # the table, and the rule
    assert said.count("[trust]") == 1  # and whose releases may call

    text = (project.root / "stacks/dev.toml").read_text(encoding="utf-8")
    text = text.replace("[registry]\n", "[registry]\nunsigned = true\n")
    project.write("stacks/dev.toml", f'{text}[calls]\ndestinations = "any"\n')
    project.run("validate")


def test_a_diff_names_each_rule_that_is_different(ruled: Project) -> None:
    said, _ = ruled.run("diff", "source:dev", "--exit-code", code=2)
    assert said.startswith("dev -> source:dev: 1 unchanged, 7 rules for calls changed\n")
    assert "  + calls.hours.fri: not set -> 09:00-17:00\n" in said
    assert "! high" not in said

    ruled.release()
    ruled.edit("stacks/dev.toml", '["US"]', '["US", "CA"]')
    said, _ = ruled.run("diff", "source:dev")
    assert "  ~ calls.destinations: US -> CA, US\n" in said
    assert "! high calls.destinations: calls may go to CA [calls-widened]" in said
    assert ruled.run("diff", "dev", "--preset", "collections")[0].count("calls.") == 0

    told = json.loads(ruled.run("diff", "source:dev", "--json")[0])
    schema = json.loads(ruled.run("schema", "diff")[0])
    jsonschema.validate(told, schema)
    assert told["rules"] == [{"rule": "calls.destinations", "before": "US", "after": "CA, US"}]
    assert "Rules for calls" in ruled.run("diff", "source:dev", "--markdown")[0]


def test_a_review_says_what_becomes_of_the_rules(ruled: Project) -> None:
    ruled.write(".gitignore", ".dialform/\n")
    ruled.write("stacks/staging.toml", 'extends = "dev"\n')
    git(ruled, "init", "-q", "-b", "main")
    git(ruled, "add", "-A")
    git(ruled, "commit", "-qm", "x")
    ruled.edit("stacks/dev.toml", "09:00-17:00", "08:00-17:00")

    body, _ = ruled.run("review", "--base", "main", "--offline", "--exit-code", code=2)

    assert "<code>dev</code>, <code>staging</code>: 5 rules for calls changed" in body
    assert "Rules for calls" in body
    assert "calls.hours.mon" in body
    assert "docs/risks.md#calls-widened" in body


def test_show_says_the_rules(ruled: Project) -> None:
    assert "calls." not in ruled.run("show", "collections", "-s", "dev")[0]
    ruled.write("stacks/holidays.toml", '[US]\n2026-12-25 = "Christmas Day"\n')
    ruled.edit("stacks/dev.toml", "perPerson", 'holidays = "holidays.toml"\nperPerson')
    ruled.release()

    lines = ruled.run("show", "collections", "-s", "dev")[0].splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines if line.startswith("calls."))
    assert rows["calls.hours.fri"] == "09:00-17:00"
    assert rows["calls.holidays"] == "1 day, the last 2026-12-25"
    assert json.loads(ruled.run("show", "collections", "-s", "dev", "--json")[0])["calls"][
        "perPerson"
    ] == {"24h": 1}


def test_a_trial_keeps_to_the_rules(ruled: Project) -> None:
    trial = ("try", "collections", "-s", "dev", "--input", "name=Ann", "--input", "amount:=1")
    day = DAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    ruled.edit("stacks/dev.toml", "mon-fri", day)
    ruled.release()
    ruled.edit("stacks/dev.toml", RULES.replace("mon-fri", day), "")  # in the working tree alone

    _, said = ruled.run(*trial, "--to", ANN, code=3)

    assert "[calls.hours]" in said
    assert ruled.sandbox.received() == []
