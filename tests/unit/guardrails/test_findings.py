"""Sets add up, pins and deviations count, waivers hold for a while."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from declaration_world import FILES, written
from guardrails_world import TODAY, files, found, nowhere, report

from dialform.guardrails import check, held
from dialform.guardrails.checking import waiver_problems
from dialform.guardrails.sarif import sarif

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.errors import Problem

CEILING = "max = { timeoutMinutes = 2 }\nwarn = ['required']\nrequired = ['timeoutMinutes']\n"


def waiver(**more: str) -> str:
    """A waiver of the ceiling for `visit`."""
    values = {"rule": "max", "preset": "visit", "reason": "agreed", "until": "2026-11-25", **more}
    return "[[waivers]]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())


def stopping(root: Path, rules: str) -> set[str]:
    """The presets whose ceiling isn't waived."""
    made = report(root, rules)
    return {one.preset for one in made.findings if one.stops}


def problems(root: Path, rules: str, *, today: date = TODAY) -> list[Problem]:
    """What is wrong with the waivers."""
    project = written(root, files(rules))
    names = project.environment_names()
    environments = [project.environment(name) for name in names]
    reports = {one.name: check(one, today, nowhere) for one in environments[:1]}
    return waiver_problems(environments[:1], reports, today, whole=True)


@pytest.mark.parametrize(
    ("house", "own", "kept"),
    [
        ("max = { timeoutMinutes = 9 }", "max = { timeoutMinutes = 2 }", "2"),
        ("max = { timeoutMinutes = 2 }", "max = { timeoutMinutes = 9 }", "2"),
        ("max = { timeoutMinutes = 1 }\nwarn = ['max']", "max = { timeoutMinutes = 2 }", "2"),
    ],
)
def test_stricter_of_two_sets_wins(house: str, own: str, kept: str, tmp_path: Path) -> None:
    """One finding for the field: an error before a warning, then the lower ceiling."""
    dev = FILES["dev.toml"] + f"[guardrails]\n{own}\n"
    made = report(tmp_path, house, {"dev.toml": dev})
    visit = [one for one in made.findings if one.preset == "visit"]

    assert [one.problem.severity for one in visit] == ["error"]
    assert f"is 3, above the ceiling of {kept};" in visit[0].problem.message


def test_pinned_preset_is_held_to_the_rules_at_its_pin(tmp_path: Path) -> None:
    """From the documents that the registry gives; without them it is named as unchecked."""
    project = written(tmp_path, files(CEILING))
    prod, source = project.environment("prod"), project.presets["visit"]
    documents = (source.document, None if source.profile is None else source.profile.document)

    made = check(prod, TODAY, lambda *_: documents)  # type: ignore[arg-type]
    assert found(made) == {("max", "visit", "stacks/prod.toml:5 timeoutMinutes")}

    nothing = check(prod, TODAY, nowhere)
    assert (nothing.findings, nothing.checked) == ([], set())
    assert [(one.line, one.rule, one.severity) for one in nothing.unchecked] == [
        (5, "unchecked", "warning")
    ]


OF_PRESET = """\
[extraFields]
newThing = 1
webhookUrl = "https://example.net/calls"
[extraFields.agentOverrides.transcriberParams]
keywords = ["roof"]
"""
OF_PROFILE = """\
[extraFields.idleMessageConfig]
messages = [
  "Hello?",
  "Are you there?",
]
[extraFields.openingLine]
newThing = 1
"""


def test_what_extra_fields_say_is_found_at_their_keys(tmp_path: Path) -> None:
    """Under the API's names, in the preset's file or the profile's; what is declared stays."""
    survey, steps = "presets/survey.toml", "profiles/steps.toml"
    changes = {survey: FILES[survey] + OF_PRESET, steps: FILES[steps] + OF_PROFILE}
    rules = (
        'forbiddenWords = ["are you there"]\n'
        'forbidden = ["webhook", "profile.transcriberParams.keywords", '
        '"profile.openingLine.content", "extraFields.newThing", "extraFields.openingLine"]\n'
    )
    where: dict[str, str] = {}
    for one in report(tmp_path, rules, changes).findings:
        if one.preset == "survey" and one.problem.file is not None:
            text = {**files(), **changes}[one.problem.file.removeprefix("stacks/")]
            where[str(one.problem.key)] = text.splitlines()[(one.problem.line or 0) - 1].strip()

    assert where == {
        "extraFields.newThing": "newThing = 1",
        "webhook": 'webhookUrl = "https://example.net/calls"',
        "profile.transcriberParams.keywords": 'keywords = ["roof"]',
        "profile.idleMessageConfig.messages[1]": '"Are you there?",',
        "profile.extraFields.openingLine": "[extraFields.openingLine]",
        "profile.openingLine.content": 'content = "Hello {{name}}, on a Recorded line."',
    }


@pytest.mark.parametrize("rule", ["max", "max.timeoutMinutes"])
def test_waiver_holds_for_its_preset_until_the_day_is_over(rule: str, tmp_path: Path) -> None:
    """The day itself included; other presets and rules are not waived."""
    assert stopping(tmp_path / "a", CEILING) == {"visit", "survey"}
    assert stopping(tmp_path / "b", CEILING + waiver(rule=rule)) == {"survey"}
    assert stopping(tmp_path / "c", CEILING + waiver(rule=rule, until="2026-11-24")) == {
        "visit",
        "survey",
    }
    assert stopping(tmp_path / "d", CEILING + waiver(rule="max.voiceVolumeLevel")) == {
        "visit",
        "survey",
    }


def test_waivers_in_force_are_listed_by_preset(tmp_path: Path) -> None:
    """For those who review: the rule, the day, the reason."""
    environment = written(tmp_path, files(CEILING + waiver())).environment("dev")

    assert [str(one) for one in held(environment, "visit", TODAY)] == [
        "max until 2026-11-25: agreed"
    ]
    assert held(environment, "survey", TODAY) == []
    assert held(environment, "visit", TODAY + timedelta(days=1)) == []


def test_waiver_that_is_over_or_waives_nothing_is_said(tmp_path: Path) -> None:
    """As a warning at its place; one that is needed is not."""
    assert problems(tmp_path / "a", CEILING + waiver()) == []
    over = problems(tmp_path / "b", CEILING + waiver(), today=TODAY + timedelta(days=1))
    idle = problems(tmp_path / "c", CEILING + waiver(rule="voices"))

    for found_there, words in ((over, "ended on 2026-11-25"), (idle, "waives nothing")):
        assert [(one.line, one.severity, one.rule) for one in found_there] == [
            (4, "warning", "waiver")
        ]
        assert words in found_there[0].message


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (waiver(rule="mx"), "there is no rule 'mx'; did you mean 'max'?"),
        (waiver(rule="max."), "there is no rule 'max.'; did you mean 'max'?"),
        ("disclosure = { a = [] }", "must not be empty"),
        (waiver(preset="vist"), "there is no preset 'vist'; did you mean 'visit'?"),
        (waiver(until="soon"), "must be a date like 2026-12-31"),
        ("voices = ['wram']", "'wram' is not bound in any environment; did you mean 'warm'?"),
        ("required = ['timeoutMinute']", "no field 'timeoutMinute'; did you mean 'timeoutM"),
        ("max = { profile.language = 1 }", "profile.language is no number"),
        ("webhookHost = ['a']", "there is no such key; did you mean 'webhookHosts'?"),
        ("forbidden = ['aiVoiceId']", "here it is written as voice = NAME"),
    ],
)
def test_wrong_name_is_an_error_with_the_near_one(rules: str, words: str, tmp_path: Path) -> None:
    """At its line, in `dialform validate` as well."""
    wrong = written(tmp_path, files(rules)).problems()

    assert len([one for one in wrong if words in one.message]) == 1
    assert all(one.file == "stacks/guardrails/all.toml" for one in wrong), wrong


def test_guardrails_and_waivers_change_no_digest(tmp_path: Path) -> None:
    """They are no content, and launchers need nothing of them."""
    plain = written(tmp_path / "a", files()).environment("dev")
    ruled = written(tmp_path / "b", files(CEILING + waiver())).environment("dev")

    assert plain.bound("visit") == ruled.bound("visit")
    assert plain.document == ruled.document


def test_sarif_names_rule_place_and_waiver(tmp_path: Path) -> None:
    """The form that scanners read: a waived finding is a suppressed one."""
    made = report(tmp_path, CEILING + waiver())
    log = sarif(made.findings)
    results = {one["properties"]["preset"]: one for one in log["runs"][0]["results"]}

    assert log["version"] == "2.1.0"
    assert results["visit"]["suppressions"][0]["justification"] == "until 2026-11-25: agreed"
    assert results["visit"]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "stacks/dev.toml"},
        "region": {"startLine": 25},
    }
    assert "suppressions" not in results["survey"]
    rules = {one["id"] for one in log["runs"][0]["tool"]["driver"]["rules"]}
    assert rules == {"max", "required"}
