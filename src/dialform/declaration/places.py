"""
Where the parts of a call are declared: the file and line of each leaf of a body.

Pure. A field is said by the preset's file, the profile's, a prompt's or a flow's; an id besides
by the environment's binding, which the shared file names. What a call brings along (its number,
its inputs) is no matter of files, but for the declaration of the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.declaration.merging import Layered
from dialform.declaration.source import JsonSource, Prose
from dialform.presets.documents import TWINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.declaration.environment import Environment
    from dialform.declaration.objects import Flow, Preset
    from dialform.errors import Problem

Path = tuple[str | int, ...]

OURS: dict[str, str] = {
    "agentOverrides": "profile",
    "defaultVersionedPrompt": "prompt",
    "versionedPrompt": "prompt",
    **{field: ours for twins in TWINS for ours, (field, _) in twins.items() if field},
}
"""The API's names of fields that declarations name differently."""

_NAMED = {**OURS, "fromNumberId": "numbers"}
"""The same, with the member of the numbers that is chosen for each call."""

_KINDS = {
    "fromNumberId": "numbers",
    **{field: kind for twins in TWINS for field, kind in twins.values()},
}
"""The kind of binding that gives the id in a field."""

_PER_CALL = {"toNumber": "call", "idempotencyKey": "launcher"}
"""Fields of a body that no file has a part in, and who says them."""


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int
    key: str
    """What stands there, as people write it: ``voices.warm.id``."""

    def __str__(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"


class Leaf(NamedTuple):
    """A single value of a body, and where it comes from."""

    path: Path
    value: Any
    said_by: str
    """``call``, ``launcher``, ``deviation``, ``binding``, ``extra fields``, ``preset``,
    ``profile``, ``prompt``, ``flow``; ``unknown`` where the file is not at hand."""

    shared: Place | None = None
    """In the files that all environments share."""

    own: Place | None = None
    """In the environment's file: a binding or a deviation."""


def leaves(
    body: Mapping[str, Any],
    bound: Mapping[str, Any],
    *,
    preset: Preset | None,
    environment: Environment | None,
) -> Iterator[Leaf]:
    """
    Each leaf of ``body`` with its places, in the order of the body.

    Args:
        body: of ``POST /dials``, as it was sent.
        bound: the bound preset that it was made from.
        preset: the preset of that content; None where no file gives it any more.
        environment: the environment that bound it so; None likewise.

    """
    finder = _Finder(body, bound, preset, environment)
    for path, value in walk(body):
        yield finder.leaf(path, value)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of everything that holds nothing further."""
    if value and isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif value and isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))
    else:
        yield path, value


def stands(value: object, path: Path) -> Path | None:
    """
    ``path`` as it stands in a file's value; None where nothing does.

    The place of a list's element may be the key of a table there, as in ``extraFields``.
    """
    found: list[str | int] = []
    for part in path:
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            found.append(part)
            value = value[part]
        elif isinstance(value, dict) and str(part) in value:
            found.append(str(part))
            value = value[str(part)]
        else:
            return None
    return tuple(found)


def locate(preset: Preset, path: Path) -> tuple[Layered | Prose | Flow, Path]:
    """
    Who says the field at ``path``, in the words of declarations, and its path in there.

    ``("profile", "prompt", "prompt")`` leads to the prose of a prompt's file, what is below a
    ``flow`` to the flow.
    """
    profile = preset.profile
    if path[0] != "profile" or len(path) == 1 or profile is None:
        return preset.layered, path
    path = path[1:]
    if path[-1] == "prompt":
        prose = profile.prose(path[:-1])
        if prose is not None:
            return prose, ()
    if "flow" in path:
        at = path.index("flow")
        flow = profile.flow(path[:at])
        if flow is not None and len(path) > at + 1:
            return flow, path[at + 1 :]
    return profile.layered, path


class _Finder:
    """Finds the places of one body's leaves."""

    def __init__(
        self,
        body: Mapping[str, Any],
        bound: Mapping[str, Any],
        preset: Preset | None,
        environment: Environment | None,
    ) -> None:
        self._body = body
        self._bound = bound
        self._preset = preset
        self._environment = environment

    def leaf(self, path: Path, value: Any) -> Leaf:
        """Where one leaf comes from."""
        if path[0] in _PER_CALL:
            return Leaf(path, value, _PER_CALL[str(path[0])])
        if path[0] == "callAgentInput" and path[1:2] and path[1] in self._bound.get("inputs", {}):
            return self._input(path, value)
        declared = _declared(self._body, path)
        if stands(self._bound.get("deviation"), declared) is not None:
            return self._deviation(path, value, declared)
        said_by, shared = self._shared(path, declared)
        kind = _KINDS.get(str(_field(path)))
        if kind is not None and value is not None and said_by != "extra fields":
            own = self._binding(kind, path, value)
            if own is not None or self._environment is None:
                return Leaf(path, value, "binding", shared, own)
        return Leaf(path, value, said_by, shared)

    def _deviation(self, path: Path, value: Any, declared: Path) -> Leaf:
        """What the environment sets differently; a webhook's URL by its name."""
        own = self._own(("presets", self._bound["preset"]["name"], "deviation", *declared))
        if declared == ("webhook",) and value is not None:
            return Leaf(path, value, "deviation", own, self._binding("webhooks", path, value))
        return Leaf(path, value, "deviation", None, own)

    def _input(self, path: Path, value: Any) -> Leaf:
        """What a call brings along; its declaration is in the preset's file."""
        if self._preset is None:
            return Leaf(path, value, "call")
        at: Path = ("inputs", path[1])
        if self._bound["inputs"][path[1]].get("default", _NOTHING) == value:
            at = (*at, "default")
        return Leaf(path, value, "call", _place(self._preset.layered, at))

    def _numbers(self, name: str, id_: str) -> Place | None:
        """The pool's line, or that of the member that was chosen for the called number."""
        if self._environment is None:
            return None
        numbers = self._environment.bindings.get("numbers", {}).get(name, {})
        if numbers.get("pool") == id_:
            return self._own(("numbers", name, "pool"))
        ids = [member.get("id") for member in numbers.get("members") or ()]
        at: Path = ("members", ids.index(id_)) if id_ in ids else ()
        return self._own(("numbers", name, *at))

    def _binding(self, kind: str, path: Path, value: Any) -> Place | None:
        """The line of the environment's file that gives the id ``value``."""
        used = self._bound.get("bindings", {}).get(kind, {})
        if kind == "numbers":
            return (
                self._numbers(self._bound["numbers"], value) if "numbers" in self._bound else None
            )
        names = [
            name
            for name, one in used.items()
            if value == (one if kind == "webhooks" else one["id"])
        ]
        if len(names) > 1 and self._preset is not None:  # two names of one object
            said = _said(self._preset, _declared(self._body, path))
            names = [name for name in names if name == said] or names
        if not names:
            return None
        return self._own((kind, names[0]) if kind == "webhooks" else (kind, names[0], "id"))

    def _own(self, path: Path) -> Place | None:
        return None if self._environment is None else _place(self._environment.layered, path)

    def _shared(self, path: Path, declared: Path) -> tuple[str, Place | None]:
        preset = self._preset
        if preset is None:
            return "unknown", None
        extra = [(preset.layered, path)]
        if preset.profile is not None and path[0] == "agentOverrides":
            extra.append((preset.profile.layered, path[1:]))
        for layered, below in extra:
            at = stands(layered.value.get("extraFields"), below)
            if at:
                return "extra fields", _place(layered, ("extraFields", *at))
        owner, rest = locate(preset, declared)
        if isinstance(owner, Prose):
            return "prompt", _of(owner.problem(0, "", ""))
        if isinstance(owner, Layered):
            return "preset" if owner is preset.layered else "profile", _place(owner, rest)
        return "flow", _in_flow(owner, rest)


_NOTHING = object()


def _field(path: Path) -> str | int:
    """The name of the field at the end of a path; of a list's element the list's."""
    return path[-1] if isinstance(path[-1], str) else path[-2]


def _place(layered: Layered, path: Path) -> Place:
    return _of(layered.problem(path, "", ""))


def _of(problem: Problem) -> Place:
    return Place(problem.file, problem.line or 1, problem.key)


def _declared(body: Mapping[str, Any], path: Path) -> Path:
    """``path`` in the words of declarations; lists of options as maps. Flows stay the API's."""
    found: list[str | int] = []
    value: Any = body
    for at, part in enumerate(path):
        value = value[part]
        if part == "flowDefinition":
            return (*found, "flow", *path[at + 1 :])
        if isinstance(part, int) and isinstance(value, dict) and "optionId" in value:
            return (*found, str(value["optionId"]))
        found.append(_NAMED.get(part, part) if isinstance(part, str) else part)
    return tuple(found)


def _said(preset: Preset, path: Path) -> Any:
    """What the shared files say there: the name of a binding."""
    owner, rest = locate(preset, path)
    said = walk(owner.value) if isinstance(owner, Layered) else ()
    return next((value for path, value in said if path == rest), None)


def _in_flow(flow: Flow, path: Path) -> Place:
    """The line of a path of the API's ``flowDefinition``."""
    if path[0] != "nodes" or len(path) == 1:
        return _of(flow.source.problem(path, "", ""))
    node = int(path[1])
    rule = int(path[3]) if path[2:3] == ("transitionRules",) and len(path) > _RULE else None
    rest = path[2:] if rule is None else path[_RULE + 1 :]
    at = flow.place(node, rule)
    if isinstance(flow.source, JsonSource):  # it has the function's name where the API has the id
        rest = (*rest[:-1], *(OURS[one] if one == "functionId" else one for one in rest[-1:]))
    elif rule is None:
        rest = _of_node(flow, node, rest)
    else:
        rest = _of_rule(flow.definition["nodes"][node]["transitionRules"][rule], rest)
    return _of(flow.source.problem((*at, *rest), "", ""))


_RULE = 3
"""The place of the rule's number in ``("nodes", 0, "transitionRules", 1, ...)``."""


def _of_node(flow: Flow, node: int, path: Path) -> Path:
    """A field of a node as the compact form has it."""
    if path[:1] != ("nodeData",):
        return () if path == ("id",) else path
    path = path[1:]
    if stands(flow.source.value, (*flow.place(node), "data")):
        return ("data", *path)
    if path[:1] == ("inputs",) and len(path) > 1:  # a map there
        inputs = flow.definition["nodes"][node]["nodeData"]["inputs"]
        return ("inputs", inputs[int(path[1])]["name"])
    return tuple(OURS.get(str(part), part) for part in path)


def _of_rule(rule: Mapping[str, Any], path: Path) -> Path:
    """A field of a transition as the compact form has it: the condition is the key."""
    if path == ("transitionNodeId",):
        return ("to",)
    if path[:1] in (("conditionType",), ("value",), ("values",)):
        return (rule["conditionType"], *path[1:])
    return path
