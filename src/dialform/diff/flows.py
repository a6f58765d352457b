"""
Flows as graphs: what two ``flowDefinition`` objects have in common and what not.

Pure. A flow's nodes are steps of a conversation and its transition rules the ways between
them, of which the first that fits is taken. The graph says of each whether it is the same,
added, removed, changed or renamed; drawing it is left to ``flow_text``, ``flow_mermaid`` and
``flow_svg``. What changed in a node's words is said by the difference's own lines.
"""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dialform.diff.model import Documents

Flow = dict[str, Any]
"""The API's ``flowDefinition``, with names or ids of functions."""

State = Literal["same", "added", "removed", "changed", "renamed"]

HUB = 4
"""A node that so many others lead to is named in each of them instead of joined by lines."""


def flows_of(documents: Documents) -> dict[tuple[str, ...], Flow]:
    """The flows of a profile's prompts, by their paths in the declaration's words."""
    overrides = (documents.profile or {}).get("agentOverrides") or {}
    prompts = {
        ("profile", "prompt", "flow"): overrides.get("defaultVersionedPrompt"),
        ("profile", "ivrConfiguration", "prompt", "flow"): (
            (overrides.get("ivrConfiguration") or {}).get("versionedPrompt")
        ),
    }
    found = {path: (prompt or {}).get("flowDefinition") for path, prompt in prompts.items()}
    return {path: flow for path, flow in found.items() if flow}


@dataclass(frozen=True, slots=True)
class Step:
    """A node of either flow."""

    id: str
    """Of the newer flow; of the older where the node is removed."""

    state: State
    kind: str
    """``question``, ``freeform``, ``function``; whatever else the API takes."""

    name: str
    """What the workspace shows; empty where that is the id."""

    says: str
    """Its question or prompt; the name of its function."""

    was: str = ""
    """Its older id, where it is renamed."""

    changed: tuple[str, ...] = ()
    """The fields that changed: ``question``, ``options``; ``start`` where it now opens or no
    longer opens the call."""

    start: bool = False
    end: bool = False
    """No way leads out: the call ends after it."""

    unreachable: bool = False
    """No way leads here from the start."""


class Way(NamedTuple):
    """A transition rule as one side has it."""

    target: str
    """``Step.id``."""

    condition: str
    """In short: ``= yes``, ``> 20``, ``one of own, buying``, a sentence in quotes, ``otherwise``;
    empty where it always applies and nothing else does."""

    place: int
    """Among the rules of its node, from 1: the first that fits is taken."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A rule of either flow."""

    source: str
    """``Step.id``."""

    state: State
    before: Way | None
    after: Way | None

    @property
    def way(self) -> Way:
        """The newer one; the older where it is removed."""
        way = self.after or self.before
        assert way is not None  # noqa: S101 - a rule is on one side at least
        return way


class Arrow(NamedTuple):
    """A transition as it is drawn: one that leads elsewhere now is drawn as both."""

    source: str
    target: str
    label: str
    state: State


@dataclass(frozen=True)
class FlowGraph:
    """Two flows as one graph; a flow alone where all of it is the same."""

    steps: tuple[Step, ...]
    """In the newer flow's order; what is removed where it stood."""

    transitions: tuple[Transition, ...]
    """By node, in the order in which they are tried; what is removed where it stood."""

    @property
    def states(self) -> set[State]:
        """The states that occur."""
        return {step.state for step in self.steps} | {one.state for one in self.transitions}

    @property
    def is_same(self) -> bool:
        """Whether nothing changed."""
        return self.states <= {"same"}

    @cached_property
    def arrows(self) -> tuple[Arrow, ...]:
        """The transitions as they are drawn."""
        return tuple(arrow for one in self.transitions for arrow in _arrows(one))

    @cached_property
    def hubs(self) -> frozenset[str]:
        """The nodes to which ``HUB`` or more others lead."""
        sources = defaultdict(set)
        for arrow in self.arrows:
            sources[arrow.target].add(arrow.source)
        return frozenset(
            step.id for step in self.steps if len(sources[step.id]) >= HUB and not step.start
        )

    def leaving(self, step: Step) -> tuple[Transition, ...]:
        """The transitions of a node."""
        return tuple(one for one in self.transitions if one.source == step.id)

    def summary(self) -> str:
        """``22 nodes (1 added, 2 changed), 48 transitions (1 added)``."""
        return f"{_tally(self.steps, 'node')}, {_tally(self.transitions, 'transition')}"


def flow_graph(before: Flow | None, after: Flow | None) -> FlowGraph:
    """
    The graph of two flows; None where a side has none. Twice the same: that flow alone.

    Nodes are matched by id, then by what they are and say (renamed). Rules are matched by what
    they say, so that an inserted rule changes nothing else.
    """
    old, new = _by_id(before), _by_id(after)
    renamed = _renamed(old, new)
    names = {**{key: key for key in old}, **renamed}
    matched = {new_id: old_id for old_id, new_id in names.items() if new_id in new}
    openings = _opening(old, names), _opening(new, {})
    reached = _reached(new)
    steps: list[Step] = []
    transitions: list[Transition] = []
    for key in _merged(list(new), [names[key] for key in old]):
        node = new.get(key)
        was = old.get(matched.get(key, key))
        steps.append(_step(key, was, node, openings, unreachable=key in new and key not in reached))
        transitions += _transitions(key, _rules(was, names), _rules(node, {}))
    missing = {arrow.target for one in transitions for arrow in _arrows(one)} - {*new, *old}
    steps += [Step(key, "same", "missing", "", "there is no such node") for key in sorted(missing)]
    return FlowGraph(tuple(steps), tuple(transitions))


def _by_id(flow: Flow | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in (flow or {}).get("nodes") or ():
        found.setdefault(str(node.get("id")), node)
    return found


def _content(node: Mapping[str, Any]) -> dict[str, Any]:
    """What a node is and says, whatever its id. A name that only repeats the id says nothing."""
    left_out = {"id", "transitionRules"} | (
        {"name"} if node.get("name") == node.get("id") else set()
    )
    return {key: value for key, value in node.items() if key not in left_out}


def _renamed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """Older id -> newer id of the nodes that are the same under another."""
    both = old.keys() & new.keys()

    def signature(node: Mapping[str, Any]) -> str:
        rules = [(_said(rule), _target(rule)) for rule in node.get("transitionRules") or ()]
        kept = [(said, target if target in both else None) for said, target in rules]
        return json.dumps([_content(node), kept], sort_keys=True)

    waiting = defaultdict(list)
    for key, node in new.items():
        if key not in both:
            waiting[signature(node)].append(key)
    found = {}
    for key, node in old.items():
        if key not in both and waiting[signature(node)]:
            found[key] = waiting[signature(node)].pop(0)
    return found


def _merged(new: list[str], old: list[str]) -> Iterator[str]:
    """Each of ``new`` in order, and what only ``old`` has after what it stood behind."""
    kept = set(new)
    behind: dict[str | None, list[str]] = defaultdict(list)
    last: str | None = None
    for key in old:
        if key in kept:
            last = key
        else:
            behind[last].append(key)
    yield from behind[None]
    for key in new:
        yield key
        yield from behind[key]


def _opening(nodes: dict[str, Any], names: Mapping[str, str]) -> str | None:
    first = next(iter(nodes), None)
    return None if first is None else names.get(first, first)


def _reached(nodes: dict[str, Any]) -> set[str]:
    reached: set[str] = set()
    waiting = list(nodes)[:1]
    while waiting:
        key = waiting.pop()
        if key in nodes and key not in reached:
            reached.add(key)
            waiting += map(_target, nodes[key].get("transitionRules") or ())
    return reached


def _step(
    key: str,
    was: Any,
    node: Any,
    openings: tuple[str | None, str | None],
    *,
    unreachable: bool,
) -> Step:
    shown = was if node is None else node
    changed = _changed(was, node)
    if was is not None and node is not None and None not in openings:
        changed += ("start",) * ((key == openings[0]) != (key == openings[1]))
    renamed = was is not None and str(was.get("id")) != key
    state: State = "same"
    if was is None or node is None:
        state = "added" if was is None else "removed"
    elif changed or renamed:
        state = "changed" if changed else "renamed"
    name = shown.get("name")
    return Step(
        id=key,
        state=state,
        kind=str(shown.get("type")),
        name="" if name is None or name == shown.get("id") else str(name),
        says=_says(shown),
        was=str(was["id"]) if renamed else "",
        changed=changed,
        start=key == (openings[0] if node is None else openings[1]),
        end=not shown.get("transitionRules"),
        unreachable=unreachable,
    )


def _changed(was: Any, node: Any) -> tuple[str, ...]:
    """The names of the fields that differ, those of ``nodeData`` for themselves."""
    if was is None or node is None:
        return ()
    one, other = ({**_content(each), **_data(each)} for each in (was, node))
    keys = [key for key in {**one, **other} if key != "nodeData"]
    missing = object()
    return tuple(key for key in keys if one.get(key, missing) != other.get(key, missing))


def _data(node: Mapping[str, Any]) -> dict[str, Any]:
    data = node.get("nodeData")
    return data if isinstance(data, dict) else {"nodeData ": data}  # no object: never on the page


def _says(node: Mapping[str, Any]) -> str:
    data = _data(node)
    for key in ("question", "prompt", "function", "functionId"):
        if data.get(key):
            return str(data[key])
    return "" if not data else json.dumps(data, ensure_ascii=False)


def _target(rule: Mapping[str, Any]) -> str:
    return str(rule.get("transitionNodeId"))


def _said(rule: Mapping[str, Any]) -> str:
    """All that a rule says but where it leads, for comparing."""
    return json.dumps(
        {key: value for key, value in rule.items() if key != "transitionNodeId"}, sort_keys=True
    )


class _Rule(NamedTuple):
    said: str
    way: Way


def _rules(node: Any, names: Mapping[str, str]) -> list[_Rule]:
    rules = (node or {}).get("transitionRules") or ()
    return [
        _Rule(
            _said(rule),
            Way(
                names.get(_target(rule), _target(rule)),
                condition(rule, alone=len(rules) == 1),
                place,
            ),
        )
        for place, rule in enumerate(rules, 1)
    ]


def condition(rule: Mapping[str, Any], *, alone: bool) -> str:
    """When a rule applies, in short. ``alone``: its node has no other."""
    kind, value = rule.get("conditionType"), rule.get("value")
    field = f"{rule['field']} " if rule.get("field") else ""
    if kind == "always":
        return "" if alone else "otherwise"
    if kind == "language":
        return f"“{value}”"
    if kind == "in":
        quantity = {"any": "any of", "all": "all of"}.get(
            str(rule.get("arrayConditionType")), "one of"
        )
        return f"{field}{quantity} {', '.join(map(str, rule.get('values') or ()))}"
    sign = {"equal": "=", "greater": ">", "less": "<"}.get(str(kind), str(kind))
    return f"{field}{sign} {value}"


def _transitions(source: str, old: list[_Rule], new: list[_Rule]) -> Iterator[Transition]:
    """The rules of a node, matched: equal ones, then those that lead or say otherwise."""
    pairs: dict[int, int] = {}
    likenesses: tuple[Callable[[_Rule], object], ...] = (
        lambda rule: (rule.said, rule.way.target),
        lambda rule: rule.said,
        lambda rule: rule.way.target,
    )
    for alike in likenesses:
        waiting = defaultdict(list)
        for at, rule in enumerate(old):
            if at not in pairs.values():
                waiting[alike(rule)].append(at)
        for at, rule in enumerate(new):
            if at not in pairs and waiting[alike(rule)]:
                pairs[at] = waiting[alike(rule)].pop(0)
    stayed = _in_order([pairs[at] for at in sorted(pairs)])
    gone = [at for at in range(len(old)) if at not in pairs.values()]
    for at, rule in enumerate(new):
        was = pairs.get(at)
        while was is not None and gone and gone[0] < was:
            yield Transition(source, "removed", old[gone.pop(0)].way, None)
        if was is None:
            yield Transition(source, "added", None, rule.way)
            continue
        before = old[was]
        same = (before.said, before.way.target) == (rule.said, rule.way.target) and was in stayed
        yield Transition(source, "same" if same else "changed", before.way, rule.way)
    for at in gone:
        yield Transition(source, "removed", old[at].way, None)


def _in_order(places: list[int]) -> set[int]:
    """The places that kept their order among each other; the rest moved."""
    matcher = difflib.SequenceMatcher(None, sorted(places), places, autojunk=False)
    return {
        places[block.b + step]
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }


def _arrows(transition: Transition) -> Iterator[Arrow]:
    source, before, after = transition.source, transition.before, transition.after
    if before is None or after is None or transition.state == "same":
        way = transition.way
        yield Arrow(source, way.target, way.condition, transition.state)
    elif before.target != after.target:
        yield Arrow(source, before.target, before.condition, "removed")
        yield Arrow(source, after.target, after.condition, "added")
    else:
        yield Arrow(source, after.target, difference(before, after), "changed")


def difference(before: Way, after: Way) -> str:
    """The newer condition and what it was: another one, or tried at another place."""
    if before.condition != after.condition:
        return f"{after.condition or 'always'} (was {before.condition or 'always'})"
    if before.place == after.place:
        return f"{after.condition or 'always'} (changed)"
    return f"{after.condition} (tried {_ordinal(after.place)}, was {_ordinal(before.place)})"


def _ordinal(place: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(place, f"{place}th")


def _tally(those: Iterable[Step | Transition], noun: str) -> str:
    states = [one.state for one in those]
    counts = [
        f"{states.count(state)} {state}"
        for state in ("added", "removed", "changed", "renamed")
        if state in states
    ]
    told = f" ({', '.join(counts)})" if counts else ""
    return f"{len(states)} {noun}{'' if len(states) == 1 else 's'}{told}"
