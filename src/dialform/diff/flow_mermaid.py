"""
A flow's graph as a Mermaid flowchart, for Markdown on GitHub.

Pure. Uses a small part of Mermaid: nodes and edges with quoted labels, classes, link styles. All
prose is in labels, every letter but plain ones as a code, so that it can end no label, open no
fence or directive and be no link. A sign says what a colour says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.flow_text import KINDS, SIGNS, remarks
from dialform.diff.flows import flow_graph
from dialform.diff.lettering import shortened

if TYPE_CHECKING:
    from dialform.diff.flows import FlowGraph, Step

_WIDTH = 60
_PLAIN = " ,?'"
_COLOURS = {
    "added": ("#dafbe1", "#116329"),
    "removed": ("#ffebe9", "#a40e26"),
    "changed": ("#fff4cc", "#7a4a00"),
    "renamed": ("#ddf4ff", "#0a4fb3"),
}
_EDGES = {"same": "-->", "added": "==>", "removed": "-.->", "changed": "==>"}


def flow_mermaid(graph: FlowGraph) -> str:
    """The source of the flowchart, without a fence around it. Ends with a line end."""
    names = {step.id: f"n{at}" for at, step in enumerate(graph.steps)}
    lines = ["flowchart TD"]
    for step in graph.steps:
        opening, closing = ('(["', '"])') if step.start or step.end else ('["', '"]')
        label = "<br/>".join(_rows(graph, step))
        state = "" if step.state == "same" else f":::{step.state}"
        lines.append(f"  {names[step.id]}{opening}{label}{closing}{state}")
    styles = []
    drawn = [arrow for arrow in graph.arrows if arrow.target not in graph.hubs]
    for at, arrow in enumerate(drawn):
        sign = _sign(arrow.state)
        label = f'|"{sign}{_code(arrow.label or arrow.state)}"|' if sign or arrow.label else ""
        way = f"{_EDGES[arrow.state]}{label}"
        lines.append(f"  {names[arrow.source]} {way} {names[arrow.target]}")
        if arrow.state != "same":
            styles.append(f"  linkStyle {at} stroke:{_COLOURS[arrow.state][1]}")
    used = {step.state for step in graph.steps}
    for state, (fill, stroke) in _COLOURS.items():
        if state in used:
            dashes = ",stroke-dasharray:5 3" if state == "removed" else ""
            style = f"fill:{fill},stroke:{stroke},color:#1f2328,stroke-width:2px{dashes}"
            lines.append(f"  classDef {state} {style}")
    return "\n".join([*lines, *styles]) + "\n"


def flow_fence(before: Any, after: Any) -> str:
    """The chart of two ``flowDefinition`` objects as Markdown: a fence that GitHub draws."""
    return f"```mermaid\n{flow_mermaid(flow_graph(before, after))}```"


def _rows(graph: FlowGraph, step: Step) -> list[str]:
    """The lines of a node's label. None begins as a list of Markdown's would."""
    name = f"{step.id} ({step.name})" if step.name else step.id
    rows = [f"{_sign(step.state)}{_code(f'“{name}”')}"]
    rows.append(_code(f"{KINDS.get(step.kind, step.kind)}: {step.says}"))
    if remarks(step):
        rows.append(_code(", ".join(remarks(step))))
    for arrow in graph.arrows:
        if arrow.source == step.id and arrow.target in graph.hubs:
            told = f"→ {arrow.target}" + (f" if {arrow.label}" if arrow.label else "")
            rows.append(f"{_sign(arrow.state)}{_code(told)}")
    return rows


def _sign(state: str) -> str:
    return "" if state == "same" else _code(f"[{SIGNS[state]}] ")


def _code(text: str) -> str:
    """``text`` in a label, shortened: what isn't a plain letter as Mermaid's code for it."""
    space = " " if text.endswith(" ") else ""
    return (
        "".join(
            letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};"
            for letter in shortened(text, _WIDTH)
        )
        + space
    )
