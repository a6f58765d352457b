"""
Where a breach stands: the file and line that says what a rule is about.

Pure. What an environment says itself (a pin, a deviation, a binding) stands in its own file;
what the working tree says in the preset's, the profile's, a prompt's or a flow's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.declaration.merging import Layered
from dialform.declaration.places import OURS, locate, stands
from dialform.declaration.source import JsonSource, Prose

if TYPE_CHECKING:
    from dialform.declaration import Environment, Flow, Preset
    from dialform.errors import Problem
    from dialform.guardrails.breaches import Breach
    from dialform.guardrails.call import Call, Path


def place_of(environment: Environment, call: Call, breach: Breach) -> Problem:
    """The breach as a finding, in the file that says it."""
    problem = _place(environment, call, breach)
    problem.key = breach.key
    return problem


def _place(environment: Environment, call: Call, breach: Breach) -> Problem:
    run, own = environment.run(call.preset), environment.layered
    at: Path = ("presets", call.preset)
    deviation = {} if run.deviation is None else run.deviation.model_dump(exclude_unset=True)
    if stands(deviation, breach.path) is not None:
        return own.problem((*at, "deviation", *breach.path), breach.rule, breach.message)
    if breach.binding is not None:
        return own.problem(breach.binding, breach.rule, breach.message)
    if call.pinned is not None:
        return own.problem(at, breach.rule, breach.message)
    return _in_source(environment.source(call.preset), breach)


def _in_source(preset: Preset, breach: Breach) -> Problem:
    rule, message = breach.rule, breach.message
    owner, path = locate(preset, breach.path)
    profile = preset.profile
    tables = [(preset.layered, breach.path)]
    if profile is not None and breach.path[0] == "profile":
        tables.append((profile.layered, breach.path[1:]))
    for layered, below in tables:
        extra = _in_extra(layered, below)
        if extra is not None:
            return layered.problem(extra, rule, message)
    if isinstance(owner, Prose):
        return owner.problem(breach.offset or 0, rule, message)
    if isinstance(owner, Layered):
        return owner.problem(path, rule, message)
    return _in_flow(owner, path, rule, message)


def _in_extra(layered: Layered, path: Path) -> Path | None:
    """Where ``extraFields`` say what is at ``path``; None where it is declared, or said nowhere."""
    found = _reach(layered.value.get("extraFields"), path)
    return ("extraFields", *found) if len(found) > len(_reach(layered.value, path)) else None


def _reach(value: Any, path: Path) -> Path:
    """As much of ``path`` as is there, in the keys that are: a declaration's or the API's."""
    found: list[str | int] = []
    for part in path:
        at: str | int | None = None
        if isinstance(value, dict):
            names = {key: "node" if key == "nodes" else OURS.get(key, key) for key in value}
            at = next((key for key in value if part in (key, names[key])), None)
        elif isinstance(value, list):
            ids = (
                (one.get("id"), one.get("optionId")) if isinstance(one, dict) else ()
                for one in value
            )
            at = next((index for index, one in enumerate(ids) if part in (index, *one)), None)
        if at is None:
            break
        found.append(at)
        value = value[at]
    return tuple(found)


def _in_flow(flow: Flow, path: Path, rule: str, message: str) -> Problem:
    if isinstance(flow.source, JsonSource) and path[0] == "node":
        nodes = flow.definition.get("nodes") or ()
        ids = [node.get("id") if isinstance(node, dict) else None for node in nodes]
        if len(path) > 1 and path[1] in ids:
            path = ("nodes", ids.index(path[1]), "nodeData", *path[2:])
    return flow.source.problem(path, rule, message)
