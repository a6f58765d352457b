"""Flows as graphs and their three renderings."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from dialform.declaration import Project
from dialform.diff.flow_mermaid import flow_mermaid
from dialform.diff.flow_svg import flow_svg
from dialform.diff.flow_text import flow_text
from dialform.diff.flows import FlowGraph, flow_graph

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = '"]; click n0 "javascript:x" %%{init:{}}%% ``` </script><b>{{7*7}} @all\n1. \x1b[2J\u202e'

LABEL = r"[\w ,?'#;]|<br/>"
NODE = rf'  n\d+(\(\["({LABEL})*"\]\)|\["({LABEL})*"\])(:::\w+)?'
EDGE = rf'  n\d+ (-->|==>|-\.->)(\|"({LABEL})*"\|)? n\d+'
STYLES = r"  classDef \w+ [\w:#,\- ]+|  linkStyle \d+ stroke:#\w{6}"
GRAMMAR = re.compile(f"{NODE}|{EDGE}|{STYLES}")


def lead() -> Any:
    document = Project(ROOT).environment("dev").source("lead").profile
    assert document is not None
    assert document.document is not None
    return document.document["agentOverrides"]["defaultVersionedPrompt"]["flowDefinition"]


def edited() -> tuple[Any, Any, dict[str, Any]]:
    """The flow, a copy to edit, and its nodes by id."""
    flow = lead()
    other = copy.deepcopy(flow)
    return flow, other, {node["id"]: node for node in other["nodes"]}


def told(graph: FlowGraph) -> list[tuple[str, str]]:
    steps: list[tuple[str, str]] = [
        (step.id, step.state) for step in graph.steps if step.state != "same"
    ]
    return steps + [(one.source, one.state) for one in graph.transitions if one.state != "same"]


def test_a_flow_alone_is_the_same_all_over() -> None:
    graph = flow_graph(lead(), lead())
    assert graph.is_same
    assert [step.id for step in graph.steps if step.start] == ["identity"]
    assert {"booked", "goodbye", "optout"} <= {step.id for step in graph.steps if step.end}


@pytest.mark.parametrize(("side", "state"), [(0, "added"), (1, "removed")])
def test_a_flow_on_one_side_is_added_or_removed(side: int, state: str) -> None:
    flows = [lead(), lead()]
    flows[side] = None
    assert {state for _, state in told(flow_graph(*flows))} == {state}


def test_neither_side_has_a_flow() -> None:
    graph = flow_graph(None, None)
    assert graph.steps == ()
    assert "<svg" in flow_svg(graph, "none")


def test_an_inserted_rule_changes_nothing_else() -> None:
    flow, other, nodes = edited()
    rule = {"conditionType": "equal", "value": "maybe", "transitionNodeId": "callback"}
    nodes["bill"]["transitionRules"].insert(0, rule)
    assert told(flow_graph(flow, other)) == [("bill", "added")]


def test_an_edited_question_changes_its_node() -> None:
    flow, other, nodes = edited()
    nodes["owner"]["nodeData"]["question"] = "Is it yours?"
    graph = flow_graph(flow, other)
    assert told(graph) == [("owner", "changed")]
    assert next(step.changed for step in graph.steps if step.id == "owner") == ("question",)


def test_a_node_under_another_id_is_renamed_and_its_ways_stay() -> None:
    flow, other, nodes = edited()
    nodes["battery"].update(id="storage", name="storage")
    for rule in nodes["wishes"]["transitionRules"]:
        if rule["transitionNodeId"] == "battery":
            rule["transitionNodeId"] = "storage"
    assert told(flow_graph(flow, other)) == [("storage", "renamed")]


def test_a_rule_that_leads_elsewhere_is_one_change_drawn_as_two_arrows() -> None:
    flow, other, nodes = edited()
    nodes["low-bill"]["transitionRules"][1]["transitionNodeId"] = "offer"
    graph = flow_graph(flow, other)
    assert told(graph) == [("low-bill", "changed")]
    drawn = [(one.target, one.state) for one in graph.arrows if one.state != "same"]
    assert drawn == [("shade", "removed"), ("offer", "added")]


def test_a_rule_that_is_tried_earlier_is_changed() -> None:
    flow, other, nodes = edited()
    rules = nodes["offer"]["transitionRules"]
    rules[0], rules[1] = rules[1], rules[0]
    assert told(flow_graph(flow, other)) == [("offer", "changed")]
    assert "tried" in flow_text(flow_graph(flow, other))


def test_another_first_node_is_another_start() -> None:
    flow, other, _ = edited()
    other["nodes"].insert(0, other["nodes"].pop(1))
    assert told(flow_graph(flow, other)) == [("interested", "changed"), ("identity", "changed")]


def test_a_cut_off_node_is_said_to_be_unreachable() -> None:
    flow, other, nodes = edited()
    nodes["bill"]["transitionRules"] = nodes["bill"]["transitionRules"][:2]
    graph = flow_graph(flow, other)
    assert "low-bill" in {step.id for step in graph.steps if step.unreachable}
    assert "unreachable" in flow_text(graph)


def test_unchanged_nodes_are_only_counted_where_asked() -> None:
    flow, other, nodes = edited()
    nodes["owner"]["nodeData"]["question"] = "Is it yours?"
    text = flow_text(flow_graph(flow, other), whole=False)
    assert "~ owner" in text
    assert "unchanged nodes" in text
    assert "wishes" not in text


def hostile() -> Any:
    flow = lead()
    first = flow["nodes"][0]
    first["nodeData"]["question"] = first["name"] = HOSTILE
    first["transitionRules"][1]["value"] = HOSTILE
    return flow


@pytest.mark.parametrize("flow", [lead(), hostile()], ids=["lead", "hostile"])
def test_mermaid_keeps_to_its_small_grammar(flow: Any) -> None:
    first, *lines = flow_mermaid(flow_graph(lead(), flow)).splitlines()
    assert first == "flowchart TD"
    assert [line for line in lines if not GRAMMAR.fullmatch(line)] == []


def test_no_prose_gets_out_of_the_svg() -> None:
    svg = flow_svg(flow_graph(lead(), hostile()), HOSTILE, standalone=True)
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names == {"svg", "title", "desc", "style", "g", "rect", "path", "text"}
    assert root.get("role") == "img"
    assert root.get("width") is None


def test_the_picture_is_the_same_each_time() -> None:
    graph = flow_graph(lead(), hostile())
    assert flow_svg(graph, "lead") == flow_svg(graph, "lead")


def test_no_box_lies_on_another() -> None:
    root = ET.fromstring(flow_svg(flow_graph(lead(), lead()), "lead"))  # noqa: S314 - our own
    for part in root.findall("{*}g"):
        boxes = [
            tuple(float(rect.get(key, "0")) for key in ("x", "y", "width", "height"))
            for rect in part.iter("{http://www.w3.org/2000/svg}rect")
        ]
        for at, (x, y, width, height) in enumerate(boxes):
            for x2, y2, width2, height2 in boxes[at + 1 :]:
                apart = x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y
                assert apart
