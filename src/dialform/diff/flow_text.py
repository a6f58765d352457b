"""
A flow's graph as text, for terminals and for those who would rather read than look.

Pure. Says all that the pictures show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.diff.flows import difference
from dialform.diff.lettering import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.diff.flows import FlowGraph, Step, Transition

SIGNS = {"same": " ", "added": "+", "removed": "-", "changed": "~", "renamed": ">"}
"""What stands before each line. The pictures use the same."""

KINDS = {"question": "asks", "freeform": "told", "function": "calls", "function_call": "calls"}
"""What a node does, in a word."""


def flow_text(graph: FlowGraph, *, whole: bool = True, width: int = 100) -> str:
    """
    A line for each node and each of its transitions.

    Args:
        graph: what is shown.
        whole: False: nodes with nothing new are only counted.
        width: columns of a line; what a node says is shortened to it.

    """
    lines = [graph.summary()]
    skipped = 0
    for step in graph.steps:
        ways = graph.leaving(step)
        if not whole and {step.state, *(way.state for way in ways)} == {"same"}:
            skipped += 1
            continue
        lines += [*_skipped(skipped), *_step(step, width)]
        lines += [f"{SIGNS[way.state]}     {_way(way)}" for way in ways]
        skipped = 0
    lines += _skipped(skipped)
    used = graph.states - {"same"}
    if used:
        lines.append(", ".join(f"{SIGNS[state]} {state}" for state in SIGNS if state in used))
    return "\n".join(lines) + "\n"


def _skipped(count: int) -> Iterator[str]:
    if count:
        yield f"  ... {count} unchanged node{'' if count == 1 else 's'}"


def _step(step: Step, width: int) -> Iterator[str]:
    said = remarks(step)
    name = f" ({one_line(step.name)})" if step.name else ""
    told = f" [{', '.join(said)}]" if said else ""
    yield f"{SIGNS[step.state]} {one_line(step.id)}{name}{told}"
    if step.says:
        told = f"{KINDS.get(step.kind, step.kind)}: {step.says}"
        yield "    " + shortened(told, width - 4)


def remarks(step: Step) -> list[str]:
    """What is to be known of a node besides its words."""
    places = {"start": step.start, "end": step.end, "unreachable": step.unreachable}
    found = [place for place, applies in places.items() if applies]
    if step.was:
        found.append(f"was {one_line(step.was)}")
    changed = ["opens the call or not" if one == "start" else one for one in step.changed]
    if changed:
        found.append(f"changed: {one_line(', '.join(changed))}")
    return found


def _way(transition: Transition) -> str:
    before, after = transition.before, transition.after
    if transition.state == "changed" and before and after and before.target != after.target:
        told = f"{after.condition} -> {after.target} (was -> {before.target})"
    elif transition.state == "changed" and before and after:
        told = f"{difference(before, after)} -> {after.target}"
    else:
        told = f"{transition.way.condition} -> {transition.way.target}"
    return one_line(told)
