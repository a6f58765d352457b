"""
What an agent was told to say: opening line, prompt and flow with the inputs filled in.

Pure. Reads request bodies that were accepted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_MACRO = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: as written, or what an input filled in."""

    text: str
    kind: str = "said"
    """``said``; ``input``: filled in; ``open``: a macro that no input fills."""

    macro: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A node of a flow."""

    id: str
    name: str
    kind: str
    text: list[Piece]
    options: list[str] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    """Where the call goes from here, in words."""


@dataclass(frozen=True, slots=True)
class Script:
    """All of it."""

    opening: list[Piece] | None
    """None: the person speaks first."""

    prompt: list[Piece]
    context: list[Piece]
    """The flow's ``globalContext``."""

    steps: list[Step]


def opening_line(body: dict[str, Any], agent: dict[str, Any]) -> str | None:
    """The opening line of an outbound call, macros as they stand; None: there is none."""
    overrides = body.get("agentOverrides") or {}
    line = overrides["openingLine"] if "openingLine" in overrides else agent.get("openingLine")
    if not line or line["lineType"] != "INBOUND_OUTBOUND":
        return None
    content: str = line["content"]
    return content


def pieces(text: str, inputs: dict[str, Any] | None) -> list[Piece]:
    """``text`` cut where inputs are filled in."""
    found: list[Piece] = []
    end = 0
    for macro in _MACRO.finditer(text):
        if macro.start() > end:
            found.append(Piece(text[end : macro.start()]))
        name = macro.group(1)
        if inputs is not None and name in inputs:
            found.append(Piece(_as_text(inputs[name]), "input", name))
        else:
            found.append(Piece(macro.group(0), "open", name))
        end = macro.end()
    if end < len(text):
        found.append(Piece(text[end:]))
    return found


def spoken(text: str, inputs: dict[str, Any] | None) -> str:
    """``text`` with the inputs filled in."""
    return "".join(piece.text for piece in pieces(text, inputs))


def script(body: dict[str, Any], agent: dict[str, Any], prompt: dict[str, Any] | None) -> Script:
    """What the agent of an accepted ``POST /dials`` is told; ``prompt`` is the one used by id."""
    inputs = body.get("callAgentInput") or {}
    inline = (body.get("agentOverrides") or {}).get("defaultVersionedPrompt")
    used = (inline if prompt is None else prompt) or {}
    flow = used.get("flowDefinition") or {}
    opening = opening_line(body, agent)
    return Script(
        opening=None if opening is None else pieces(opening, inputs),
        prompt=pieces(used.get("prompt") or "", inputs),
        context=pieces(flow.get("globalContext") or "", inputs),
        steps=[_step(node, inputs) for node in flow.get("nodes") or []],
    )


def _step(node: dict[str, Any], inputs: dict[str, Any]) -> Step:
    data = node["nodeData"]
    said = data.get("question") or data.get("prompt") or ""
    if "functionId" in data:
        said = f"runs function {data['functionId']}"
    return Step(
        id=node["id"],
        name=node["name"],
        kind=node["type"],
        text=pieces(said if isinstance(said, str) else _as_text(said), inputs),
        options=[_option(option) for option in _list(data.get("options"))],
        next=[_rule(rule) for rule in node["transitionRules"]],
    )


def _rule(rule: dict[str, Any]) -> str:
    kind, value = rule["conditionType"], rule.get("value")
    match kind:
        case "always":
            when = "always"
        case "in":
            when = f"in {', '.join(_list(rule.get('values')))}"
        case "language":
            when = f"if “{value}”"
        case _:
            when = f"{kind} {value}"
    return f"{when} → {rule['transitionNodeId']}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _option(option: Any) -> str:
    return option if isinstance(option, str) else _as_text(option)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
