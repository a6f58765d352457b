"""
Flows: the compact form and the API's own object, and what must hold in both.

Pure. A flow becomes the API's ``flowDefinition`` with the names of functions in the place of
their ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dialform.api.models import FlowDefinition
from dialform.declaration.merging import near
from dialform.declaration.words import message_of
from dialform.presets.documents import FUNCTION_NODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.declaration.models import FlowFile, Next, Node

Report = Callable[..., None]
"""``report(path, rule, message, severity="error")``."""

_CONDITIONS = ("equal", "in", "greater", "less", "language")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def definition(flow: FlowFile, report: Report) -> dict[str, Any]:
    """The API's ``flowDefinition`` of a compact flow."""
    value: dict[str, Any] = flow.model_dump(
        exclude_unset=True, include={"openingLineType", "globalContext", "aiOpen"}
    )
    value["nodes"] = [
        {
            "id": key,
            "name": node.name if node.name is not None else key,
            **_kind(key, node, report),
            "transitionRules": [
                _rule(after, ("node", key, "next", index), report)
                for index, after in enumerate(node.next or ())
            ],
        }
        for key, node in flow.node.items()
    ]
    return value


def _kind(key: str, node: Node, report: Report) -> dict[str, Any]:
    """``type`` and ``nodeData`` of a node."""
    kinds = [kind for kind in ("question", "prompt", "function", "type") if getattr(node, kind)]
    if len(kinds) != 1:
        report(
            ("node", key),
            "flow-node",
            "takes exactly one of question, prompt, function, or type with data"
            + (f", not {' and '.join(kinds)}" if kinds else ""),
        )
        return {"type": "", "nodeData": {}}
    (kind,) = kinds
    fields = {
        "question": {
            "question",
            "questionType",
            "options",
            "questionSchemaId",
            "clarificationDetails",
        },
        "prompt": {"prompt"},
        "function": {"function", "inputs", "outputs"},
        "type": {"type", "data"},
    }[kind]
    for name in sorted(node.model_fields_set - fields - {"name", "next"}):
        report(("node", key, name), "flow-node", f"does not go with {kind}")
    data = node.model_dump(exclude_unset=True, include=fields)
    if kind == "type":
        if node.type in FUNCTION_NODES:
            _check_function(("node", key, "data"), data.get("data"), report)
        return {"type": node.type, "nodeData": data.get("data", {})}
    if kind == "question":
        data.setdefault("questionType", "multiple_choice" if node.options else "freeform")
    elif kind == "function" and "inputs" in data:
        inputs = data["inputs"]
        data["inputs"] = [{"name": name, "value": inputs[name]} for name in sorted(inputs)]
    return {"type": "freeform" if kind == "prompt" else kind, "nodeData": data}


def _rule(after: Next, path: tuple[str | int, ...], report: Report) -> dict[str, Any]:
    given = after.model_dump(exclude_unset=True, by_alias=True)
    conditions = [name for name in _CONDITIONS if name in given]
    if len(conditions) > 1:
        report(path, "flow-condition", f"takes one condition, not {' and '.join(conditions)}")
    rule = {"conditionType": "always", "transitionNodeId": after.to}
    for name in conditions[:1]:
        rule["conditionType"] = name
        rule["values" if name == "in" else "value"] = given[name]
    for name in ("field", "arrayConditionType"):
        if name in given:
            rule[name] = given[name]
    return rule


def check_definition(value: dict[str, Any], report: Report) -> None:
    """The API's object as it stands: types of what the page knows; the rest is said, and sent."""
    try:
        FlowDefinition.model_validate(value)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            if one["type"] == "extra_forbidden":
                report(
                    one["loc"],
                    "unknown-key",
                    "is not on the API's page; it is sent as it stands",
                    "warning",
                )
            else:
                report(one["loc"], "type", message_of(one, one["loc"][-1]))
    nodes = value.get("nodes")
    for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
        if isinstance(node, dict) and node.get("type") in FUNCTION_NODES:
            _check_function(("nodes", index, "nodeData"), node.get("nodeData"), report)


def _check_function(path: tuple[str | int, ...], data: Any, report: Report) -> None:
    """In a function node's data, ``function`` is a name of ours."""
    function = data.get("function") if isinstance(data, dict) else None
    if isinstance(data, dict) and "function" in data and not isinstance(function, str):
        message = "must be the name of a function, as a string"
        report((*path, "function"), "type", message)


def check_graph(
    value: dict[str, Any], place: Callable[..., tuple[Any, ...]], report: Report
) -> None:
    """
    What must hold in any flow: targets, reachability, comparisons that can come true.

    ``place(node_index, rule_index)`` is the path in the file; without a rule the node's.
    """
    nodes = [node for node in value.get("nodes") or () if isinstance(node, dict)]
    if not nodes:
        report((), "flow-empty", "has no nodes")
        return
    by_id: dict[str, dict[str, Any]] = {}
    for index, node in enumerate(nodes):
        if node.get("id") in by_id:
            report(place(index), "flow-double", f"there are two nodes {node['id']!r}")
        by_id.setdefault(str(node.get("id")), node)
        if node.get("type") == "function_call":
            report(
                place(index),
                "flow-node-type",
                "the live API calls this type 'function' and refuses 'function_call'",
                "warning",
            )
    findings = [
        (place(index, at), found)
        for index, node in enumerate(nodes)
        for at, rule in enumerate(node.get("transitionRules") or ())
        for found in _rule_findings(node, rule, at, by_id)
    ]
    for path, found in findings:
        report(path, *found)
    if any(found[0] == "flow-target" for _, found in findings):
        return  # what a right target would reach is not known
    reached = _reachable(str(nodes[0].get("id")), by_id)
    for index, node in enumerate(nodes):
        if str(node.get("id")) not in reached:
            report(place(index), "flow-unreachable", "no transition leads here", "warning")


def _reachable(start: str, by_id: dict[str, dict[str, Any]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key in reached or key not in by_id:
            continue
        reached.add(key)
        waiting += [
            rule.get("transitionNodeId") for rule in by_id[key].get("transitionRules") or ()
        ]
    return reached


def _rule_findings(
    node: dict[str, Any], rule: dict[str, Any], at: int, by_id: dict[str, Any]
) -> Iterator[tuple[str, ...]]:
    target = rule.get("transitionNodeId")
    if target not in by_id:
        yield "flow-target", f"there is no node {target!r}{near(target, by_id)}"
    kind = rule.get("conditionType")
    rules = node["transitionRules"]
    if kind == "always" and at < len(rules) - 1:
        yield "flow-order", "has no condition, so the rules after it never apply", "warning"
    data = node.get("nodeData") or {}
    wanted = rule.get("values") if kind == "in" else [rule.get("value")]
    if kind in ("equal", "in"):
        options = data.get("options")
        for value in wanted or ():
            if node.get("type") == "question" and options and value not in options:
                message = f"{value!r} is none of the question's options"
                yield "flow-option", message + near(value, map(str, options))
        if not wanted or wanted == [None]:
            yield "flow-value", f"{kind!r} needs something to compare with"
    if kind in ("greater", "less") and not _NUMBER.fullmatch(str(rule.get("value"))):
        yield "flow-value", f"{kind!r} compares numbers, not {rule.get('value')!r}"
    if kind == "language" and not rule.get("value"):
        yield "flow-value", "'language' needs the condition in words"


def outputs(value: dict[str, Any]) -> dict[str, set[str] | None]:
    """
    Node id -> the fields that ``{{node.<id>.<field>}}`` may name.

    None: any, as what the node gives is known to the workspace alone.
    """
    found: dict[str, set[str] | None] = {}
    for node in value.get("nodes") or ():
        kind = str(node.get("type"))
        found[str(node.get("id"))] = {"question": {"answer"}, "freeform": set()}.get(kind)
    return found


def function_ids(value: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """``(node index, id)`` of functions that the API's object names by a workspace's id."""
    for index, node in enumerate(value.get("nodes") or ()):
        data = node.get("nodeData") or {}
        if node.get("type") in FUNCTION_NODES and isinstance(data.get("functionId"), str):
            yield index, data["functionId"]
