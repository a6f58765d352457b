"""Risks of a flow: where a call can't come to, and where it is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.risks.rules import rule
from dialform.diff.risks.view import PROMPTS, View, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.diff.model import Path

_ENDS = frozenset(("freeform",))
"""Types of node that may well end a call."""


@rule("flow-unreachable", "medium", of_new=True)
def _unreachable(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = before.nodes(prompt), after.nodes(prompt)
        known = set(old) - _reached(old)
        for node in sorted(set(new) - _reached(new) - known):
            yield (*prompt, "flow", "node", node), f"no transition leads to {node!r} any more"


@rule("flow-dead-end", "medium", of_new=True)
def _dead_end(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = before.nodes(prompt), after.nodes(prompt)
        for key, node in new.items():
            leads = bool(_targets(node))
            led = key in old and bool(_targets(old[key]))
            stuck = str(node.get("type")) not in _ENDS and key not in old
            if not leads and (led or stuck):
                yield (
                    (*prompt, "flow", "node", key),
                    f"nothing follows {key!r}: the call ends there",
                )


@rule("flow-start-changed", "high")
def _start(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = next(iter(before.nodes(prompt)), None), next(iter(after.nodes(prompt)), None)
        if old is not None and new is not None and old != new and old in after.nodes(prompt):
            yield (*prompt, "flow", "start"), f"calls begin at {new!r}, not at {old!r}"


@rule("flow-no-catch-all", "medium", of_new=True)
def _no_catch_all(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = before.nodes(prompt), after.nodes(prompt)
        for key, node in new.items():
            was_so = key in old and _is_partial(old[key])
            if _is_partial(node) and not was_so:
                yield (
                    (*prompt, "flow", "node", key, "next"),
                    f"{key!r} has no way on for an answer that none of its conditions foresees",
                )


def _is_partial(node: Mapping[str, Any]) -> bool:
    """Whether a question has ways on, and none that always holds."""
    kinds = [one.get("conditionType") for one in tables(node.get("transitionRules"))]
    return node.get("type") == "question" and bool(kinds) and "always" not in kinds


def _targets(node: Mapping[str, Any]) -> list[str]:
    return [str(one.get("transitionNodeId")) for one in tables(node.get("transitionRules"))]


def _reached(nodes: Mapping[str, Mapping[str, Any]]) -> set[str]:
    waiting = list(nodes)[:1]
    reached: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in reached and key in nodes:
            reached.add(key)
            waiting += _targets(nodes[key])
    return reached
