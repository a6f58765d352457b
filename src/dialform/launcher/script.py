"""
What an agent says and is told, as text for a person: a request's words with inputs filled in.

Pure. Shows what the preset holds; what it leaves to the agent in the workspace is named so.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MACRO = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
_WRITTEN = {"equal": "is", "greater": "is more than", "less": "is less than"}


def script(body: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """
    The text of a call with ``body`` (``POST /dials``) and ``inputs``.

    ``{{name}}`` becomes the input's value, or ``[name?]`` where it has none. What a flow finds
    out during the call (``{{node.bill.answer}}``) stays as it is.
    """
    sections = list(_sections(body.get("agentOverrides") or {}))
    if not sections:
        return "The preset has no profile: the agent says what the workspace has for it.\n"
    text = "\n\n".join(f"{title}\n{_indented(words)}" for title, words in sections)
    return filled(text, inputs) + "\n"


def filled(text: str, inputs: Mapping[str, Any]) -> str:
    """``text`` with the macros of ``inputs`` replaced, as `script` says."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in inputs:
            given = inputs[name]
            return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        return match[0] if name.startswith("node.") else f"[{name}?]"

    return _MACRO.sub(value, text)


def _sections(overrides: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Titles and words, in the order in which a call meets them."""
    if not overrides:
        return
    if "openingLine" in overrides:
        yield _opening(overrides["openingLine"])
    prompt = overrides.get("defaultVersionedPrompt")
    if prompt:
        yield from _prompt(prompt, f"Prompt ({prompt.get('name', 'unnamed')})")
    else:
        yield "Prompt", "(the agent's own, from the workspace)"
    idle = overrides.get("idleMessageConfig") or {}
    if idle.get("enabled") and idle.get("messages"):
        yield "When the person is silent", "\n".join(f'"{line}"' for line in idle["messages"])
    for linked in overrides.get("linkedFunctionDefinitionInputs") or ():
        messages = (linked.get("lifecycleMessagesOverride") or {}).get("started")
        if messages:
            title = f"When function {linked['functionDefinitionId']} starts, one of"
            yield title, "\n".join(f'"{line}"' for line in messages)
    ivr = overrides.get("ivrConfiguration") or {}
    if ivr.get("versionedPrompt"):
        yield from _prompt(ivr["versionedPrompt"], "Prompt for phone menus")


def _opening(line: Mapping[str, Any] | None) -> tuple[str, str]:
    if not line or line.get("lineType") == "NONE":
        return "Opening line", "(none)"
    when = " (when called only)" if line.get("lineType") == "INBOUND_ONLY" else ""
    return f"Opening line{when}", f'"{line.get("content", "")}"'


def _prompt(prompt: Mapping[str, Any], title: str) -> Iterator[tuple[str, str]]:
    if prompt.get("prompt"):
        yield title, prompt["prompt"]
    flow = prompt.get("flowDefinition") or {}
    if flow.get("globalContext"):
        yield "Everywhere in the flow", flow["globalContext"]
    for node in flow.get("nodes") or ():
        named = node.get("name") not in (None, node["id"])
        name = f" ({node['name']})" if named else ""
        yield f"Node {node['id']}{name}", "\n".join(_node(node))


def _node(node: Mapping[str, Any]) -> Iterator[str]:
    data = node.get("nodeData") or {}
    if data.get("question"):
        yield f'asks: "{data["question"]}"'
        if data.get("options"):
            yield "answers: " + ", ".join(_plain(option) for option in data["options"])
    elif data.get("prompt"):
        yield f"told: {data['prompt']}"
    elif data.get("functionId"):
        yield f"calls function {data['functionId']}"
        yield from (f"  {one.get('name')} = {one.get('value')}" for one in _inputs(data))
    else:
        yield f"{node.get('type', 'node')}: {_plain(data)}"
    for rule in node.get("transitionRules") or ():
        yield f"-> {rule['transitionNodeId']}{_condition(rule)}"


def _inputs(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = data.get("inputs")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _condition(rule: Mapping[str, Any]) -> str:
    kind = rule.get("conditionType")
    field = rule.get("field") or "the answer"
    if kind == "always":
        return ""
    if kind == "language":
        return f" if: {rule.get('value')}"
    if kind == "in":
        return f" if {field} is one of {', '.join(rule.get('values') or ())}"
    return f" if {field} {_WRITTEN.get(str(kind), str(kind))} {rule.get('value')}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _indented(words: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in words.split("\n"))
