"""Each rule finds what breaks it, where it stands, and nothing in what keeps to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import tomli
from declaration_world import FILES
from guardrails_world import found, report

from dialform.declaration.guardrails import RULES, Guardrails

PAGE = Path(__file__).parents[3] / "docs" / "guardrails.md"
VISIT, SURVEY = "presets/visit.toml", "presets/survey.toml"


class Case(NamedTuple):
    """A table of rules that a call breaks, what of it is found, and a table that it keeps to."""

    broken: str
    findings: set[tuple[str, str]]
    """Preset, and ``file:line key``."""

    kept: str
    changes: dict[str, str] | None = None


def with_text(file: str, more: str) -> dict[str, str]:
    """The change that puts ``more`` in front of a file."""
    return {file: more + FILES[file]}


CASES = {
    "required": Case(
        'required = ["timeoutMinutes", "voice"]',
        {
            ("survey", "stacks/presets/survey.toml:1 timeoutMinutes"),
            ("survey", "stacks/presets/survey.toml:1 voice"),
        },
        'required = ["profile.prompt.model", "inputs.name", "profile.openingLine.content"]',
    ),
    "forbidden": Case(
        'forbidden = ["inputs.day", "extraFields", "profile"]',
        {
            ("visit", "stacks/presets/visit.toml:2 profile"),
            ("survey", "stacks/presets/survey.toml:3 profile"),
            ("visit", "stacks/presets/visit.toml:9 inputs.day"),
            ("survey", "stacks/presets/survey.toml:1 extraFields"),
        },
        'forbidden = ["profile.idleMessageConfig"]',
        with_text(SURVEY, 'extraFields = { x = "y" }\n'),
    ),
    "max": Case(
        "max = { timeoutMinutes = 2, profile.prompt.modelOptionValues.temperature = 0.6 }",
        {
            ("visit", "stacks/dev.toml:25 timeoutMinutes"),
            ("survey", "stacks/presets/survey.toml:1 timeoutMinutes"),
            ("visit", "stacks/profiles/house.toml:8 profile.prompt.modelOptionValues.temperature"),
            ("survey", "stacks/profiles/house.toml:8 profile.prompt.modelOptionValues.temperature"),
        },
        "max = { profile.maxDurationSeconds = 480 }",
    ),
    "min": Case(
        "min = { profile.maxDurationSeconds = 481 }",
        {
            (preset, "stacks/profiles/house.toml:2 profile.maxDurationSeconds")
            for preset in ("visit", "survey")
        },
        "min = { profile.maxDurationSeconds = 480, timeoutMinutes = 3 }",
    ),
    "deprecated": Case(
        "deprecated = false",
        {("survey", "stacks/profiles/steps.toml:1 profile.linkedFunctions")},
        "deprecated = true",
        with_text("profiles/steps.toml", 'linkedFunctions = ["book"]\n'),
    ),
    "voices": Case(
        "voices = []",
        {("visit", "stacks/presets/visit.toml:3 voice")},
        'voices = ["warm"]',
    ),
    "models": Case(
        "models = []",
        {
            (preset, "stacks/profiles/house.toml:7 profile.prompt.model")
            for preset in ("visit", "survey")
        },
        'models = ["fast"]',
    ),
    "functions": Case(
        "functions = []",
        {
            ("survey", "stacks/flows/steps.toml:15 profile.prompt.flow.node.book.function"),
            (
                "visit",
                "stacks/profiles/talk.toml:6 profile.linkedFunctionDefinitionInputs[0].function",
            ),
        },
        'functions = ["book"]',
    ),
    "webhookHosts": Case(
        'webhookHosts = ["example.com", "hooks.example.com.example.net"]',
        {("visit", "stacks/dev.toml:22 webhook")},
        'webhookHosts = ["*.EXAMPLE.com"]',
        with_text(VISIT, 'webhook = "events"\n'),
    ),
    "disclosure": Case(
        'disclosure = { close = ["goodbye", "recorded lines"] }',
        {
            (preset, "stacks/profiles/house.toml:5 profile.openingLine.content")
            for preset in ("visit", "survey")
        },
        'disclosure = { recording = ["call is recorded", "recorded  LINE"] }',
    ),
    "forbiddenWords": Case(
        'forbiddenWords = ["who YOU are", "say goodbye"]',
        {
            ("visit", "stacks/prompts/talk.md:1 profile.prompt.prompt"),
            ("survey", "stacks/flows/steps.toml:19 profile.prompt.flow.node.end.prompt"),
        },
        'forbiddenWords = ["good", "remin"]',
    ),
    "prompt.maxLength": Case(
        "prompt = { maxLength = 45 }",
        {("visit", "stacks/prompts/talk.md:1 profile.prompt.prompt")},
        "prompt = { maxLength = 46 }",
    ),
    "prompt.minLength": Case(
        "prompt = { minLength = 23 }",
        {("survey", "stacks/profiles/steps.toml:4 profile.prompt.prompt")},
        "prompt = { minLength = 22 }",
    ),
    "prompt.duplicates": Case(
        "prompt = { duplicates = false }",
        {("visit", "stacks/prompts/talk.md:6 profile.prompt.prompt")},
        "prompt = { duplicates = true }",
        {"prompts/talk.md": FILES["prompts/talk.md"] + "\n" + FILES["prompts/talk.md"]},
    ),
}


def test_every_rule_has_a_case() -> None:
    """One that nobody tries is none."""
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("rule", CASES)
def test_rule_finds_what_breaks_it_at_its_place(rule: str, tmp_path: Path) -> None:
    """Nothing else; and each is an error."""
    case = CASES[rule]
    made = report(tmp_path, case.broken, case.changes)

    assert found(made) == {(rule, *finding) for finding in case.findings}
    assert all(finding.stops for finding in made.findings)


@pytest.mark.parametrize("rule", CASES)
def test_call_that_keeps_to_a_rule_breaks_nothing(rule: str, tmp_path: Path) -> None:
    """The same calls, held against a rule that they keep to."""
    assert found(report(tmp_path, CASES[rule].kept, CASES[rule].changes)) == set()


@pytest.mark.parametrize("rule", CASES)
def test_rule_can_warn_instead(rule: str, tmp_path: Path) -> None:
    """Then nothing is stopped."""
    case = CASES[rule]
    made = report(tmp_path, f'warn = ["{rule}"]\n{case.broken}', case.changes)

    assert found(made) == {(rule, *finding) for finding in case.findings}
    assert {finding.problem.severity for finding in made.findings} == {"warning"}
    assert not any(finding.stops for finding in made.findings)


def test_page_lists_every_rule_with_an_example_of_it() -> None:
    """Both ways: no rule is missing, and none is made up."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Rules\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| .+ \| `([^`]+)` \|$", section, re.MULTILINE)

    assert [rule for rule, _ in rows] == list(RULES)
    for rule, example in rows:
        value = tomli.loads(example)
        Guardrails.model_validate(value)
        at, _, below = rule.partition(".")
        assert list(value) == [at]
        assert not below or list(value[at]) == [below]


def test_page_shows_files_that_are_right(tmp_path: Path) -> None:
    """Each block of TOML that names its file stands, together with the others of it."""
    text = PAGE.read_text(encoding="utf-8")
    house, prod, waiver = re.findall(r"```toml\n# stacks/(?:\S+)[^\n]*\n(.*?)```", text, re.DOTALL)
    own = (prod + waiver).replace("collections", "visit")
    made = report(tmp_path, house, {"dev.toml": FILES["dev.toml"] + own})
    assert {finding.problem.rule for finding in made.findings} == {"required", "max"}
