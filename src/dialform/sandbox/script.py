"""
What an agent was told to say: opening line, prompt and flow with the inputs filled in.

Pure. Reads request bodies that were accepted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Filler:
    """Fills a dial's inputs into texts."""

    def __init__(self, body: dict[str, Any]) -> None:
        """``body`` is of an accepted ``POST /dials``."""
        self.inputs: dict[str, Any] = body.get("callAgentInput") or {}
        overrides = body.get("agentOverrides") or {}
        self.empty: bool = overrides.get("fillEmptyStringVariables") or False
        """Whether what no input fills becomes empty."""

    def pieces(self, text: str) -> list[Piece]:
        """``text`` cut where inputs are filled in."""
        found: list[Piece] = []
        end = 0
        for macro in _MACRO.finditer(text):
            if macro.start() > end:
                found.append(Piece(text[end : macro.start()]))
            found.append(self._fill(macro.group(0), macro.group(1)))
            end = macro.end()
        if end < len(text):
            found.append(Piece(text[end:]))
        return found

    def spoken(self, text: str) -> str:
        """``text`` with the inputs filled in."""
        return "".join(piece.text for piece in self.pieces(text))

    def _fill(self, macro: str, name: str) -> Piece:
        if name in self.inputs:
            return Piece(_as_text(self.inputs[name]), "input", name)
        if self.empty and not name.startswith("node."):
            return Piece("", "input", name)
        return Piece(macro, "open", name)


def script(
    body: dict[str, Any],
    agent: dict[str, Any],
    prompt: dict[str, Any] | None,
    functions: dict[str, str] | None = None,
) -> Script:
    """
    What the agent of an accepted ``POST /dials`` is told.

    ``prompt`` is the one that was used by id; ``functions`` are their names by id.
    """
    fill = Filler(body).pieces
    inline = (body.get("agentOverrides") or {}).get("defaultVersionedPrompt")
    used = (inline if prompt is None else prompt) or {}
    flow = used.get("flowDefinition") or {}
    opening = opening_line(body, agent)
    return Script(
        opening=None if opening is None else fill(opening),
        prompt=fill(used.get("prompt") or ""),
        context=fill(flow.get("globalContext") or ""),
        steps=[_step(node, fill, functions or {}) for node in flow.get("nodes") or []],
    )


def _step(
    node: dict[str, Any], fill: Callable[[str], list[Piece]], functions: dict[str, str]
) -> Step:
    data = node["nodeData"]
    said = data.get("question") or data.get("prompt") or ""
    if "functionId" in data:
        key = _as_text(data["functionId"])
        said = f"Runs: {functions.get(key, key)}"
        for given in _list(data.get("inputs")):
            if isinstance(given, dict):
                said += f"\n{_as_text(given.get('name'))} = {_as_text(given.get('value'))}"
    rules = node["transitionRules"]
    return Step(
        id=node["id"],
        name=node["name"],
        kind=node["type"],
        text=fill(_as_text(said)),
        options=[_option(option) for option in _list(data.get("options"))],
        next=[_rule(rule, alone=len(rules) == 1) for rule in rules],
    )


def _rule(rule: dict[str, Any], *, alone: bool) -> str:
    value = rule.get("value")
    match rule["conditionType"]:
        case "always":
            when = "then" if alone else "otherwise"
        case "equal":
            when = f"“{value}”"
        case "in":
            when = " or ".join(f"“{one}”" for one in _list(rule.get("values")))
        case "greater":
            when = f"more than {value}"
        case "less":
            when = f"less than {value}"
        case _:
            when = f"if “{value}”"
    if rule.get("field"):
        when = f"{rule['field']}: {when}"
    return f"{when} → {rule['transitionNodeId']}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _option(option: Any) -> str:
    if isinstance(option, dict):
        option = option.get("label") or option.get("value") or option.get("name") or option
    return _as_text(option)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
