"""What launchers are told of an environment: its bytes move only where something is declared."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, get_args

import pytest
from declaration_world import edited, written

from dialform import checking
from dialform.declaration.campaigning import Outcome
from dialform.launcher.calling.limits import OUTCOMES
from dialform.launcher.calling.week import DAYS
from dialform.presets.canonical import canonical
from dialform.presets.documents import environment_document

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.declaration import Project

WORKSPACE = {"url": "https://api.vogent.ai/api", "keyvar": "VOGENT_API_KEY_DEV"}
KEYVAR = 'keyvar = "VOGENT_API_KEY_DEV"'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", {}),
        ("idempotencyKeys = false", {}),
        ("idempotencyKeys = true", {"idempotencyKeys": True}),
    ],
)
def test_keys_are_told_of_only_where_they_are_declared(
    said: str, told: dict[str, Any], tmp_path: Path
) -> None:
    """An environment that says nothing of them keeps the document that it has published."""
    project = written(tmp_path, edited("dev.toml", KEYVAR, f"{KEYVAR}\n{said}"))
    document = project.environment("dev").document

    assert json.loads(document)["workspace"] == {**WORKSPACE, **told}
    assert checking.environment(document.decode()) is None


def test_keys_are_yes_or_no() -> None:
    document = {
        "format": "dialform.environment/1",
        "environment": "dev",
        "workspace": {**WORKSPACE, "idempotencyKeys": "yes"},
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    assert checking.environment(text) == "workspace.idempotencyKeys: must be true or false"


CALLS = """\
[calls]
destinations = ["+4930", "US", "CA", "US"]
margin = 60
holidays = "holidays/house.toml"
perPerson = { 7d = 3, 24h = 1 }
perEnvironment = { 24h = 5000 }
[calls.hours]
mon-fri = ["13:00-20:00", "09:00-12:00"]
sat = ["10:00-12:00", "12:00-14:00"]
"""
HOLIDAYS = """\
[any]
2026-12-25 = "Christmas Day"
[US]
2026-11-26 = "Thanksgiving"
["America/Denver"]
2026-11-27 = "Closed for snow"
"""


def calls_of(project: Project, environment: str) -> Any:
    """The rules for calls that are published with an environment."""
    declared = project.environment(environment)
    declared.require()
    document = declared.document
    assert checking.environment(document.decode()) is None
    return json.loads(document).get("calls")


def test_rules_for_calls_are_told_with_the_days_and_not_the_file(tmp_path: Path) -> None:
    files = edited("dev.toml", '[calls]\ndestinations = "any"\n', CALLS)
    calls = calls_of(written(tmp_path, {**files, "holidays/house.toml": HOLIDAYS}), "dev")

    assert calls == {
        "destinations": ["+4930", "CA", "US"],
        "hours": {
            **{day: ["09:00-12:00", "13:00-20:00"] for day in DAYS[:5]},
            "sat": ["10:00-14:00"],
        },
        "margin": 60,
        "holidays": {
            "any": {"2026-12-25": "Christmas Day"},
            "US": {"2026-11-26": "Thanksgiving"},
            "America/Denver": {"2026-11-27": "Closed for snow"},
        },
        "perPerson": {"24h": 1, "7d": 3},
        "perEnvironment": {"24h": 5000},
    }


def test_one_list_of_hours_is_for_every_day(tmp_path: Path) -> None:
    files = edited("dev.toml", "[calls]", '[calls]\nhours = ["09:00-17:00"]')
    calls = calls_of(written(tmp_path, files), "dev")
    assert calls["hours"] == {day: ["09:00-17:00"] for day in DAYS}


def test_a_child_takes_its_parents_rules_and_replaces_or_drops_single_ones(tmp_path: Path) -> None:
    files = edited("dev.toml", '[calls]\ndestinations = "any"\n', CALLS) | edited(
        "prod.toml",
        'unset = ["presets"]',
        'unset = ["presets", "calls.perEnvironment", "calls.hours.sat", "calls.perPerson.7d"]\n'
        'calls.destinations = ["US"]\ncalls.hours.mon-fri = ["10:00-16:00"]',
    )
    project = written(tmp_path, {**files, "holidays/house.toml": HOLIDAYS})
    parent = calls_of(project, "dev")

    calls = calls_of(project, "prod")

    assert calls == {
        **{key: parent[key] for key in ("margin", "holidays")},
        "destinations": ["US"],
        "hours": {day: ["10:00-16:00"] for day in DAYS[:5]},
        "perPerson": {"24h": 1},
    }


def test_an_environment_of_a_sandbox_needs_no_rules(tmp_path: Path) -> None:
    """And its document is the one from before there were any."""
    files = edited("dev.toml", "https://api.vogent.ai/api", "http://127.0.0.1:8421/api")
    files["dev.toml"] = files["dev.toml"].replace('[calls]\ndestinations = "any"\n', "")
    assert calls_of(written(tmp_path, files), "dev") is None


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ({}, "calls: dev doesn't say where its calls may go"),
        ({"destinations": ["US"], "consent": True}, "calls: .* the rule calls.consent"),
        ({"destinations": ["US"], "hours": {"mon": ["9-5"]}}, "calls: .*'9-5' is no window"),
    ],
)
def test_a_program_of_ones_own_can_not_publish_rules_that_launchers_can_not_keep_to(
    calls: dict[str, Any], fault: str
) -> None:
    document = environment_document("dev", WORKSPACE, calls)
    assert re.match(fault, checking.environment(canonical(document).decode()) or "")


CAMPAIGNS = """\
[campaigns]
rate = 0.5
live = 10
failures = 0.2
[campaigns.retry]
no-answer = { times = 2, after = "30m" }
RATE_LIMITED = { times = 3, after = "5m" }
"""


def campaigns_of(project: Project, environment: str) -> Any:
    """The limits for campaigns that are published with an environment."""
    declared = project.environment(environment)
    declared.require()
    document = declared.document
    assert checking.environment(document.decode()) is None
    return json.loads(document).get("campaigns")


def test_limits_for_campaigns_are_told_as_they_stand(tmp_path: Path) -> None:
    project = written(tmp_path, edited("dev.toml", "[calls]", f"{CAMPAIGNS}[calls]"))
    assert campaigns_of(project, "dev") == {
        "rate": 0.5,
        "live": 10,
        "failures": 0.2,
        "retry": {
            "no-answer": {"times": 2, "after": "30m"},
            "RATE_LIMITED": {"times": 3, "after": "5m"},
        },
    }


def test_what_ledgers_keep_is_told_as_it_stands(tmp_path: Path) -> None:
    """A child replaces single settings; a retention as long as the longest cap is long enough."""
    files = edited(
        "dev.toml",
        "[calls]",
        '[ledger]\nretention = "7d"\ntranscripts = false\n[calls]\nperPerson = { 7d = 3 }',
    ) | edited("prod.toml", 'unset = ["presets"]', 'unset = ["presets"]\nledger.retention = "90d"')
    project = written(tmp_path, files)
    told = {}
    for name in ("dev", "prod"):
        declared = project.environment(name)
        declared.require()
        assert checking.environment(declared.document.decode()) is None
        told[name] = json.loads(declared.document)["ledger"]
    assert told == {
        "dev": {"retention": "7d", "transcripts": False},
        "prod": {"retention": "90d", "transcripts": False},
    }


@pytest.mark.parametrize(
    ("ledger", "fault"),
    [
        ({"retention": "90"}, "ledger: .*'90' is no time to keep data for"),
        ({"retention": 90}, "ledger: .* can't be read"),
        ({"transcripts": "no"}, "ledger: .*transcripts is 'no'"),
        ({"recordings": False}, "ledger: .* says recordings of its ledger"),
    ],
)
def test_a_program_of_ones_own_can_not_publish_what_ledgers_can_not_keep_to(
    ledger: dict[str, Any], fault: str
) -> None:
    document = environment_document("dev", WORKSPACE, {"destinations": ["US"]}, None, ledger)
    assert re.match(fault, checking.environment(canonical(document).decode()) or "")


def test_a_child_takes_its_parents_limits_and_replaces_or_drops_single_ones(tmp_path: Path) -> None:
    files = edited("dev.toml", "[calls]", f"{CAMPAIGNS}[calls]") | edited(
        "prod.toml",
        'unset = ["presets"]',
        'unset = ["presets", "campaigns.failures", "campaigns.retry.RATE_LIMITED"]\n'
        "campaigns.live = 3\ncampaigns.retry.no-answer.times = 1",
    )
    assert campaigns_of(written(tmp_path, files), "prod") == {
        "rate": 0.5,
        "live": 3,
        "retry": {"no-answer": {"times": 1, "after": "30m"}},
    }


def test_an_environment_without_limits_keeps_its_document(tmp_path: Path) -> None:
    assert campaigns_of(written(tmp_path, {}), "dev") is None


def test_what_may_be_tried_again_is_what_launchers_know() -> None:
    assert get_args(Outcome) == OUTCOMES


@pytest.mark.parametrize(
    ("campaigns", "fault"),
    [
        ({"rate": 0}, "campaigns: .* can't be read .rate is 0"),
        ({"live": True}, "campaigns: .*live is True"),
        ({"failures": 5}, "campaigns: .*failures is 5"),
        ({"retry": {"busy": {"times": 0, "after": "5m"}}}, "campaigns: .*times is 0"),
        ({"retry": {"busy": {"times": 1, "after": "soon"}}}, "campaigns: .*'soon' is no length"),
        ({"retry": {"bored": {"times": 1, "after": "5m"}}}, "campaigns: .* says bored of"),
        ({"perHour": 5}, "campaigns: .* says perHour of campaigns.* upgrade"),
        ({"retry": []}, "campaigns: .* can't be read"),
    ],
)
def test_limits_that_launchers_can_not_keep_to_can_not_be_published(
    campaigns: dict[str, Any], fault: str
) -> None:
    document = environment_document("dev", WORKSPACE, {"destinations": ["US"]}, campaigns)
    assert re.match(fault, checking.environment(canonical(document).decode()) or "")
