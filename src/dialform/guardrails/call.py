"""
A call as rules see it: the bound preset's body, its fields named as declarations name them.

Pure. The body says what is sent, whatever said it: preset, profile, deviation, binding or
extra fields; so no rule can be passed by, and a pinned preset looks like any other. Where the
API takes an id, the id stands; `Call.names` knows what it is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialform.declaration.places import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

PROMPTS: tuple[Path, ...] = (("profile", "prompt"), ("profile", "ivrConfiguration", "prompt"))
"""Where the prompts of a call stand."""

_FREE = ("metadata", "callAgentInput")
"""Tables whose keys are no fields."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one preset does in one environment."""

    preset: str
    pinned: int | None
    fields: dict[str, Any]
    """By the names of declarations: ``timeoutMinutes``, ``profile`` with its fields, ``inputs``."""

    bindings: Mapping[str, Mapping[str, Any]]
    """All that the environment binds, by kind and name."""

    def names(self, kind: str, id_: object) -> list[str]:
        """What the environment calls an object, by its id, or a webhook by its URL."""
        return [
            name
            for name, one in self.bindings.get(kind, {}).items()
            if id_ == (one if isinstance(one, str) else one.get("id"))
        ]

    def at(self, *path: str | int) -> Any:
        """The value there; None where there is none."""
        return next((value for _, value in walk(self.fields, path)), None)

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Everything that is said to people or told to the model."""
        for pattern in _TEXTS:
            for path, value in walk(self.fields, pattern):
                if isinstance(value, str):
                    yield path, value


_FLOW_TEXTS = (
    ("globalContext",),
    *(("node", "*", key) for key in ("question", "prompt", "clarificationDetails", "options")),
    ("node", "*", "inputs", "value"),
    ("node", "*", "next", "language"),
)
_TEXTS: tuple[Path, ...] = (
    ("profile", "openingLine", "content"),
    *((*prompt, "prompt") for prompt in PROMPTS),
    *((*prompt, "flow", *text) for prompt in PROMPTS for text in _FLOW_TEXTS),
    ("profile", "idleMessageConfig", "messages"),
    ("profile", "linkedFunctionDefinitionInputs", "lifecycleMessagesOverride", "started"),
    ("inputs", "*", "default"),
)


def call_of(
    bound: Mapping[str, Any],
    preset: Mapping[str, Any],
    profile: Mapping[str, Any] | None,
    bindings: Mapping[str, Mapping[str, Any]],
    *,
    pinned: int | None = None,
) -> Call:
    """
    What a bound preset does where ``bindings`` hold.

    ``preset`` and ``profile`` are the documents that it comes from; ``pinned`` is the version
    that the environment names, None where it follows the source.
    """
    fields: dict[str, Any] = _declared(bound["body"])
    if "numbers" in bound:
        fields["numbers"] = bound["numbers"]
    if bound.get("inputs"):
        fields["inputs"] = bound["inputs"]
    if preset.get("extraFields"):
        fields["extraFields"] = preset["extraFields"]
    extra = None if profile is None else profile.get("extraFields")
    if extra:
        fields["profile"] = {**fields.get("profile", {}), "extraFields": extra}
    return Call(bound["preset"]["name"], pinned, fields, bindings)


def walk(value: Any, pattern: Path) -> Iterator[tuple[Path, Any]]:
    """
    Each ``(path, value)`` that ``pattern`` leads to.

    ``*`` stands for any key; a list stands for its elements, unless the pattern gives a place.
    Nothing where a key is absent; a null is a value.
    """
    if isinstance(value, list) and not (pattern and isinstance(pattern[0], int)):
        for index, item in enumerate(value):
            for path, found in walk(item, pattern):
                yield (index, *path), found
    elif not pattern:
        yield (), value
    else:
        for key, item in _items(value, pattern[0]):
            for path, found in walk(item, pattern[1:]):
                yield (key, *path), found


def _items(value: Any, part: str | int) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        if part == "*":
            return list(value.items())
        return [(part, value[part])] if part in value else []
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return [(part, value[part])]
    return []


def _declared(value: Any) -> Any:
    """``value`` with the names of declarations; lists of options as maps, flows by node."""
    if isinstance(value, list):
        if value and all(isinstance(one, dict) and one.keys() >= {"optionId"} for one in value):
            return {str(one["optionId"]): one.get("value") for one in value}
        return [_declared(one) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key == "flowDefinition" and isinstance(item, dict):
            found["flow"] = _flow(item)
        else:
            found[OURS.get(key) or key] = item if key in _FREE else _declared(item)
    return found


def _flow(definition: dict[str, Any]) -> dict[str, Any]:
    """A flow as its compact form names its parts."""
    flow = {key: value for key, value in definition.items() if key != "nodes"}
    nodes = [one for one in definition.get("nodes") or () if isinstance(one, dict)]
    flow["node"] = {str(one.get("id")): _node(one) for one in nodes}
    return flow


def _node(node: dict[str, Any]) -> dict[str, Any]:
    data = node.get("nodeData")
    return {
        "name": node.get("name"),
        "type": node.get("type"),
        **(_declared(data) if isinstance(data, dict) else {}),
        "next": [_next(rule) for rule in node.get("transitionRules") or ()],
    }


def _next(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return rule
    kind = rule.get("conditionType")
    value = rule.get("values" if kind == "in" else "value")
    return {"to": rule.get("transitionNodeId"), **({} if kind == "always" else {kind: value})}
