"""``dialform check`` as a process, and what `status` and `review` say of guardrails."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cli_project import Project

FOUND = (
    "stacks/presets/collections.toml:6: timeoutMinutes: is 10, above the ceiling of 5; lower it "
    "(preset collections in dev; the rule: stacks/guardrails/house.toml:1) [max]"
)
WAIVER = """
[[guardrails.waivers]]
rule = "max"
preset = "collections"
reason = "agreed in CALLS-12"
until = {until}
"""


@pytest.fixture
def broken(project: Project) -> Project:
    """The project with a ceiling that its call breaks."""
    project.write("stacks/guardrails/house.toml", "max = { timeoutMinutes = 5 }\n")
    return project


def waive(project: Project, until: str) -> None:
    """Add a waiver to the environment's file."""
    text = (project.root / "stacks/dev.toml").read_text(encoding="utf-8")
    project.write("stacks/dev.toml", text + WAIVER.format(until=until))


def pin(project: Project, digest: str) -> None:
    """Pin the environment's preset."""
    project.edit("stacks/dev.toml", 'follow = "source"', f'version = 1\ndigest = "{digest}"')


def test_error_is_said_with_its_place_and_exit_code_3(broken: Project) -> None:
    """As a line on stdout, the count on stderr."""
    out, err = broken.run("check", "-s", "dev", code=3)

    assert out.splitlines() == [FOUND]
    assert err == "dev, 1 call: 1 error, 0 warnings, 0 waived, 0 unchecked\n"


def test_call_that_keeps_to_the_rules_is_exit_code_0(broken: Project) -> None:
    """Nothing on stdout. A rule that only warns stops nothing either."""
    broken.write("stacks/guardrails/house.toml", "max = { timeoutMinutes = 10 }\n")
    assert broken.run("check")[0] == ""

    broken.write("stacks/guardrails/house.toml", "warn = ['max']\nmax = { timeoutMinutes = 5 }\n")
    assert "warning: timeoutMinutes: is 10" in broken.run("check")[0]


def test_wrong_declaration_is_exit_code_1(broken: Project) -> None:
    """Whatever the guardrails find."""
    broken.write("stacks/guardrails/house.toml", "mx = { timeoutMinutes = 5 }\n")
    out, _ = broken.run("check", code=1)
    assert "house.toml:1: mx: there is no such key; did you mean 'max'? [unknown-key]" in out

    broken.write("stacks/guardrails/house.toml", "<<<<<<< ours\n")
    assert "[merge-conflict]" in broken.run("check", code=1)[0]


def test_unknown_environment_is_answered_with_the_near_one(broken: Project) -> None:
    """And with the exit code of wrong usage."""
    assert "did you mean 'dev'?" in broken.run("check", "-s", "dve", code=64)[1]


def test_waiver_lets_it_pass_and_is_shown(broken: Project) -> None:
    """In check, and in the status of that preset."""
    waive(broken, "9999-12-31")
    out, err = broken.run("check")
    assert out == f"{FOUND} waived until 9999-12-31: agreed in CALLS-12\n"
    assert "0 errors" in err

    shown = broken.run("status", "collections")[0]
    assert "waived: max until 9999-12-31: agreed in CALLS-12" in shown
    cells: list[dict[str, Any]] = json.loads(broken.run("status", "--json")[0])["cells"]
    assert cells[0]["waivers"] == ["max until 9999-12-31: agreed in CALLS-12"]


def test_waiver_that_is_over_waives_no_longer(broken: Project) -> None:
    """It is named beside the finding."""
    waive(broken, '"2020-01-31"')
    out, _ = broken.run("check", code=3)

    assert FOUND.replace(") [", "; its waiver ended on 2020-01-31) [") in out
    assert "warning: guardrails.waivers[0]: ended on 2020-01-31" in out


def test_pinned_version_comes_from_the_registry_or_is_unchecked(broken: Project) -> None:
    """The finding stands at the pin; what can't be read is named, and no error."""
    entry = broken.release()
    pin(broken, entry.preset_digest)
    broken.edit("stacks/presets/collections.toml", "timeoutMinutes = 10", "timeoutMinutes = 4")
    out, _ = broken.run("check", code=3)
    assert out.startswith("stacks/dev.toml:")
    assert "timeoutMinutes: is 10, above the ceiling of 5" in out

    broken.edit("stacks/dev.toml", ".dialform/registry", ".dialform/elsewhere")
    out, err = broken.run("check")
    assert "presets.collections: was not checked: version 1 is not in the working tree" in out
    assert "0 errors, 0 warnings, 0 waived, 1 unchecked" in err


def test_json_and_sarif_are_for_programs(broken: Project) -> None:
    """Each has the rule, the place and the call."""
    document = json.loads(broken.run("check", "--json", code=3)[0])
    assert document["format"] == "dialform.check/1"
    finding = document["findings"][0]
    assert (finding["rule"], finding["file"], finding["line"], finding["preset"]) == (
        "max",
        "stacks/presets/collections.toml",
        6,
        "collections",
    )
    assert finding["waived"] is None

    result = json.loads(broken.run("check", "--sarif", code=3)[0])["runs"][0]["results"][0]
    assert (result["ruleId"], result["level"]) == ("max", "error")


def test_review_says_what_is_broken_and_what_is_waived(broken: Project) -> None:
    """With reason and end."""
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.com")
        subprocess.run(["git", *who, *arguments], cwd=broken.root, check=True)
    broken.edit("stacks/presets/collections.toml", "timeoutMinutes = 10", "timeoutMinutes = 9")

    body = broken.run("review", "--base", "main", "--offline")[0]
    assert "<h4>Guardrails</h4>" in body
    assert "is 9, above the ceiling of 5" in body

    waive(broken, "9999-12-31")
    body = broken.run("review", "--base", "main", "--offline")[0]
    assert "<h4>Guardrails</h4>" not in body
    assert "<h4>Waivers in force</h4>" in body
    assert "agreed in CALLS-12" in body
    assert "9999-12-31" in body
