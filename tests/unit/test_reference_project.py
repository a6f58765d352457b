"""
The project in stacks/: what a newcomer reads first, so nothing in it may be wrong.

Its request bodies stand in tests/golden/. After a change that is meant, rewrite them with
``DIALFORM_REWRITE_GOLDEN=1 pytest tests/unit/test_reference_project.py`` and review the diff.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialform.api.client import Client
from dialform.api.models import CreateDial
from dialform.declaration import Project
from dialform.launcher.request import Request, assembled
from dialform.presets.canonical import canonical, load_json
from dialform.sandbox.seed import KEYS, seed_id, seeded, seeded_numbers

if TYPE_CHECKING:
    from dialform.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
ENVIRONMENTS = ("dev", "staging", "prod")
PRESETS = ("collections", "lead", "reminder")
TO = "+14155550123"
SEEDED = {
    "agents": "agents",
    "models": "models",
    "voices": "voices",
    "functions": "functions",
    "extractors": "extractors",
    "promptVersions": "versioned_prompts",
}
"""The kind of a binding and what the sandbox calls it."""

each_environment = pytest.mark.parametrize("environment", ENVIRONMENTS)
each_preset = pytest.mark.parametrize("preset", PRESETS)


@cache
def project() -> Project:
    return Project(ROOT)


def example_inputs(bound: dict[str, Any]) -> dict[str, Any]:
    """Every input's example; where there is none, its default is sent."""
    return {name: one["example"] for name, one in bound["inputs"].items() if "example" in one}


def request_of(environment: str, preset: str) -> Request:
    """A dial of the preset, as the launcher makes it from the working tree."""
    bound = project().environment(environment).bound(preset)
    return assembled(bound, to=TO, inputs=example_inputs(bound))


def golden_body(environment: str, preset: str) -> Any:
    """What the golden file says."""
    return load_json((GOLDEN / environment / f"{preset}.json").read_text(encoding="utf-8"))


def readable(body: bytes) -> str:
    """The same JSON, for reviewers."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def test_nothing_is_wrong_with_it() -> None:
    """Neither an error nor a warning in any file."""
    assert project().problems() == []


def test_environments_and_presets_are_the_ones_tested_here() -> None:
    """A new preset or environment can't stand outside these tests."""
    assert tuple(project().presets) == PRESETS
    assert sorted(project().environment_names()) == sorted(ENVIRONMENTS)
    golden = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/*.json")}
    assert golden == {f"{one}/{preset}.json" for one in ENVIRONMENTS for preset in PRESETS}


@each_environment
@each_preset
def test_request_is_the_golden_one(environment: str, preset: str) -> None:
    """The exact body of a dial; a difference is a change of what is sent to real people."""
    request = request_of(environment, preset)
    golden = GOLDEN / environment / f"{preset}.json"
    if os.environ.get("DIALFORM_REWRITE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(readable(request.body), encoding="utf-8")

    assert canonical(golden_body(environment, preset)) == request.body, (
        f"{golden.relative_to(ROOT)} is not what is sent; "
        "if that is meant, rewrite it with DIALFORM_REWRITE_GOLDEN=1 and review the diff"
    )
    assert golden.read_text(encoding="utf-8") == readable(request.body)


@each_environment
@each_preset
def test_golden_body_is_what_the_api_takes(environment: str, preset: str) -> None:
    """Each body passes the model of the API's page."""
    body = golden_body(environment, preset)
    dial = CreateDial.model_validate(body)

    assert dial.model_dump(exclude_unset=True) == body
    assert dial.toNumber == TO
    assert dial.fromNumberId is not None


@each_environment
@each_preset
def test_golden_body_is_accepted_by_the_sandbox(
    environment: str, preset: str, sandbox: Sandbox
) -> None:
    """A server that knows the workspace's ids takes each body, and one phone rings."""
    body = canonical(golden_body(environment, preset))
    with Client(sandbox.url, KEYS[environment]) as client:
        created = client.create_dial(body)

    (dial,) = sandbox.dials(environment)
    assert dial["id"] == created.dial_id
    assert dial["inputs"] == json.loads(body)["callAgentInput"]
    assert sandbox.received()[-1].body == body
    assert sandbox.rings(TO) == 1


@each_environment
def test_bindings_are_the_sandbox_objects(environment: str) -> None:
    """Each binding has the id and the name that the sandbox's workspace has."""
    bindings = project().environment(environment).bindings
    workspace = seeded(environment)
    for kind, theirs in SEEDED.items():
        for name, binding in bindings.get(kind, {}).items():
            assert binding["id"] == seed_id(environment, theirs, binding["name"]), name
            assert workspace[theirs][binding["id"]]["name"] == binding["name"]
    for numbers in bindings["numbers"].values():
        assert numbers.get("pool") in (None, *workspace["number_pools"])
        for member in numbers["members"]:
            assert member["number"] in seeded_numbers(environment)
            assert workspace["phone_numbers"][member["id"]]["number"] == member["number"]


@each_environment
def test_extractors_name_the_agent_that_has_them(environment: str) -> None:
    """`bind` looks an extractor up at its agent."""
    declared = project().environment(environment)
    extractors = seeded(environment)["extractors"]
    for part in (declared.model.extractors or {}).values():
        assert part.id is not None
        assert part.agent is not None
        agent = declared.bindings["agents"][part.agent]
        assert extractors[part.id]["agentId"] == agent["id"]


def test_no_id_is_shared_between_workspaces() -> None:
    """An id of one workspace in another's file would call from somebody else's account."""
    ids = [
        {binding["id"] for binding in bindings.values()}
        for environment in ENVIRONMENTS
        for kind, bindings in project().environment(environment).bindings.items()
        if kind in SEEDED
    ]
    assert len(set().union(*ids)) == sum(map(len, ids))


def test_dev_and_staging_follow_the_source() -> None:
    """What is edited here is tried there at the next `up`."""
    for name in ("dev", "staging"):
        environment = project().environment(name)
        assert all(environment.follows(preset) for preset in PRESETS)


@each_preset
def test_prod_pins_what_staging_runs(preset: str) -> None:
    """The pin is the working tree's digest, as the staging that follows it has it."""
    run = project().environment("prod").run(preset)
    staging = project().environment("staging").bound(preset)

    assert run.follow is None
    assert run.version == 1
    assert run.digest == project().presets[preset].digest == staging["preset"]["digest"], (
        f"stacks/prod.toml: presets.{preset}.digest is not what staging runs"
    )


def test_only_collections_deviates() -> None:
    """Where an environment differs, it is declared; where it doesn't, only ids differ."""
    deviating = {
        (environment, preset)
        for environment in ENVIRONMENTS
        for preset in PRESETS
        if project().environment(environment).bound(preset)["deviation"]
    }
    assert deviating == {("dev", "collections"), ("prod", "collections")}


def test_flow_shows_every_kind_of_transition() -> None:
    """The flow is the example of what a flow can be."""
    profile = project().presets["lead"].profile
    assert profile is not None
    (flow,) = profile.flows
    nodes = flow.definition["nodes"]
    rules = [rule for node in nodes for rule in node["transitionRules"]]

    assert len(nodes) >= 12
    assert {rule["conditionType"] for rule in rules} == {
        "always",
        "equal",
        "in",
        "greater",
        "less",
        "language",
    }
    assert {node["type"] for node in nodes} == {"question", "freeform", "function"}


def test_every_question_of_the_flow_lets_people_opt_out() -> None:
    """Who asks not to be called again is heard at each step, before any other rule."""
    profile = project().presets["lead"].profile
    assert profile is not None
    for node in profile.flows[0].definition["nodes"]:
        if node["type"] == "question":
            first = node["transitionRules"][0]
            assert (first["conditionType"], first["transitionNodeId"]) == ("language", "optout")


@each_preset
def test_call_opens_with_what_it_is(preset: str) -> None:
    """An automated assistant says that it is one, and that the line is recorded, at once."""
    request = json.loads(request_of("prod", preset).body)
    opening = request["agentOverrides"]["openingLine"]["content"]
    assert "automated assistant" in opening
    assert "recorded line" in opening


@each_preset
def test_prompt_says_how_to_stop_the_calls(preset: str) -> None:
    """Each prompt handles people who don't want to be called."""
    request = json.loads(request_of("prod", preset).body)
    prompt = request["agentOverrides"]["defaultVersionedPrompt"]["prompt"]
    assert "ask in any words not to be called" in prompt
