"""Where each leaf of a body is declared: the line that is named is the line that says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from declaration_world import FILES, edited, written

from dialform.declaration import Project
from dialform.declaration.places import Leaf, leaves, walk
from dialform.declaration.source import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]

IMPLIED = ("agentType", "questionType", "conditionType", "type", "name", "transitionRules")
"""Fields that a file may leave to what stands around them."""


def found(project: Project, preset: str, **more: Any) -> dict[str, Leaf]:
    """The leaves of a call in dev, by path."""
    declared = project.environment("dev")
    bound = declared.bound(preset)
    given = {name: one.get("default", "given") for name, one in bound["inputs"].items()}
    body = {**bound["body"], "toNumber": "+14155550123", "callAgentInput": given, **more}
    assert dict(walk(body)).keys() == {
        leaf.path for leaf in leaves(body, bound, preset=None, environment=None)
    }
    preset_ = project.presets[preset]
    return {
        dotted(leaf.path): leaf
        for leaf in leaves(body, bound, preset=preset_, environment=declared)
    }


def statement(root: Path, file: str, line: int) -> str:
    """The line, with those of a text over several lines."""
    lines = (root / file).read_text(encoding="utf-8").splitlines()[line - 1 :]
    if not lines[0].endswith('"""'):
        return lines[0]
    end = next(at for at, one in enumerate(lines) if at and one.endswith('"""'))
    return "\n".join(lines[: end + 1])


def says(text: str, leaf: Leaf) -> bool:
    """Whether a line says the value, in TOML, JSON or prose."""
    value = leaf.value
    if isinstance(value, str):
        words = value.split("\n")[0][:30]
        return words in text or json.dumps(words, ensure_ascii=False)[1:-1] in text
    return json.dumps(value) in text


@pytest.mark.parametrize("preset", ["reminder", "collections", "lead"])
def test_every_leaf_of_the_reference_project_is_on_its_line(preset: str) -> None:
    """Prompts, flows, options, bindings, members, deviations: all that real declarations have."""
    project = Project(ROOT)
    members = project.environment("dev").bindings["numbers"]["us"]["members"]
    all_leaves = found(project, preset, fromNumberId=members[-1]["id"], idempotencyKey="df1:x")
    assert len(all_leaves) >= 30
    silent = {path for path, leaf in all_leaves.items() if not (leaf.own or leaf.shared)}
    assert silent == {"toNumber", "idempotencyKey"}
    for path, leaf in all_leaves.items():
        place = leaf.own or leaf.shared
        if place is None or leaf.value == "given":
            continue
        text = statement(ROOT, place.file, place.line)
        implied = leaf.path[-1] in IMPLIED and text.startswith(("[", "  {", "next = [{"))
        assert says(text, leaf) or implied, (path, str(place), text)
        assert leaf.said_by != "unknown"


def test_an_id_has_two_lines_and_the_first_names_the_second() -> None:
    """What the shared file calls it, and what that name stands for."""
    voice = found(Project(ROOT), "collections")["aiVoiceId"]
    assert voice.said_by == "binding"
    assert voice.shared is not None
    assert voice.own is not None
    assert 'voice = "warm"' in statement(ROOT, voice.shared.file, voice.shared.line)
    assert statement(ROOT, voice.own.file, voice.own.line).startswith("warm ")
    assert voice.own.key == "voices.warm.id"


@pytest.mark.parametrize(
    ("changes", "path", "where"),
    [
        ({}, "timeoutMinutes", "deviation - dev.toml:25"),
        ({}, "agentOverrides.maxDurationSeconds", "profile profiles/house.toml:2 -"),
        ({}, "agentOverrides.defaultVersionedPrompt.prompt", "prompt prompts/talk.md:1 -"),
        (
            {},
            "agentOverrides.defaultVersionedPrompt.aiModelId",
            "binding profiles/house.toml:4 dev.toml:9",
        ),
        ({}, "callAgentInput.day", "call presets/visit.toml:10 -"),
        ({}, "callAgentInput.name", "call presets/visit.toml:6 -"),
        ({}, "fromNumberId", "binding presets/visit.toml:4 dev.toml:19"),
        (
            edited(
                "presets/visit.toml",
                "[inputs.name]",
                'extraFields.x = [{ y = "z" }]\n[inputs.name]',
            ),
            "x[0].y",
            "extra fields presets/visit.toml:6 -",
        ),
        (
            edited("profiles/talk.toml", "[prompt]", "[extraFields.a]\nb = 1\n[prompt]"),
            "agentOverrides.a.b",
            "extra fields profiles/talk.toml:3 -",
        ),
        (
            edited("presets/visit.toml", 'voice = "warm"', 'null = ["voice"]'),
            "aiVoiceId",
            "preset presets/visit.toml:3 -",
        ),
        (
            edited("dev.toml", "{ timeoutMinutes = 3 }", '{ webhook = "events" }'),
            "webhookUrl",
            "deviation dev.toml:25 dev.toml:22",
        ),
        (
            edited("dev.toml", "warm = {", 'hot = { id = "v-1", name = "Ava" }\nwarm = {'),
            "aiVoiceId",
            "binding presets/visit.toml:3 dev.toml:12",
        ),
    ],
)
def test_a_leaf_is_found_wherever_it_is_said(
    changes: Mapping[str, str], path: str, where: str, tmp_path: Path
) -> None:
    leaf = found(written(tmp_path, changes), "visit", fromNumberId="n-2")[path]
    places = [
        "-" if one is None else str(one).removeprefix("stacks/") for one in (leaf.shared, leaf.own)
    ]
    assert " ".join([leaf.said_by, *places]) == where


def test_a_flow_in_the_apis_own_form_is_traced_as_well(tmp_path: Path) -> None:
    """Its nodes are a list there, and the function's name stands where the API has the id."""
    flow = {
        "nodes": [
            {
                "id": "ask",
                "name": "Ask",
                "type": "question",
                "nodeData": {"question": "Which?"},
                "transitionRules": [{"conditionType": "always", "transitionNodeId": "book"}],
            },
            {
                "id": "book",
                "name": "Book",
                "type": "function",
                "nodeData": {"function": "book", "inputs": [{"name": "a", "value": "b"}]},
                "transitionRules": [],
            },
        ]
    }
    text = json.dumps(flow, indent=1)
    written(tmp_path, {"flows/steps.json": text})
    (tmp_path / "stacks" / "flows" / "steps.toml").unlink()
    project = Project(tmp_path)
    all_leaves = found(project, "survey")
    at = "agentOverrides.defaultVersionedPrompt.flowDefinition.nodes"
    for path, leaf in all_leaves.items():
        if path.startswith(at):
            assert leaf.shared is not None
            line = text.split("\n")[leaf.shared.line - 1]
            name = "function" if path.endswith("functionId") else str(leaf.path[-1])
            assert f'"{name}": ' in line, (path, line)
    function = all_leaves[f"{at}[1].nodeData.functionId"]
    assert str(function.own) == "stacks/dev.toml:13"
    assert FILES["dev.toml"].split("\n")[12].startswith("book = ")


def test_what_no_file_at_hand_says_is_unknown(tmp_path: Path) -> None:
    """With the environment alone the bindings are known, and nothing is made up."""
    project = written(tmp_path)
    declared = project.environment("dev")
    bound = declared.bound("visit")
    known = {
        dotted(leaf.path): leaf
        for leaf in leaves(bound["body"], bound, preset=None, environment=declared)
    }
    assert str(known["callAgentId"].own) == "stacks/dev.toml:7"
    assert known["callAgentId"].shared is None
    assert known["agentOverrides.language"] == Leaf(("agentOverrides", "language"), "en", "unknown")
