"""
What an answer of the API means, whichever way it says it.

Pure. The API leaves out what is not set, or says null or something empty; a GET can return an
``idleMessageConfig`` of zeros where there is none; ``function_call`` and ``function`` are one type
of node. Lists keep no order but where a call follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.presets.documents import FUNCTION_NODES

if TYPE_CHECKING:
    from collections.abc import Sequence

_IDENTITIES = ("id", "optionId", "functionDefinitionId", "name")
"""What identifies the elements of a list, the first that all of them have."""

_ZEROED = frozenset(("idleMessageConfig",))
"""Objects that mean nothing where all that is in them is zero."""

_LITERAL = frozenset(("transitionRules", "inputs", "metadata", "parameters"))
"""Below these, and below JSON schemas, something empty is a value as any other."""


def meant(value: Any, name: str = "", *, literal: bool = False) -> Any:
    """
    The field ``name``'s ``value``, less what says that something is not set; None for nothing.

    ``literal``: only null says so.
    """
    literal = literal or name in _LITERAL or name.lower().endswith("schema")
    if isinstance(value, dict):
        fields = {key: meant(item, key, literal=literal) for key, item in value.items()}
        value = {key: item for key, item in fields.items() if item is not None}
        if name in _ZEROED and not any(value.values()):
            return None
    elif isinstance(value, list):
        value = [meant(item, literal=literal) for item in value]
    elif name == "type" and value in FUNCTION_NODES:
        return FUNCTION_NODES[0]
    return None if not literal and value in ("", [], {}) else value


def identity(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    """The key that tells the elements of both lists apart; None where there is none."""
    elements = [*before, *after]
    if not elements or not all(isinstance(one, dict) for one in elements):
        return None
    for key in _IDENTITIES:
        if all(isinstance(one.get(key), (str, int)) for one in elements) and all(
            len({one[key] for one in side}) == len(side) for side in (before, after)
        ):
            return key
    return None


def opening(path: str, names: Sequence[Any]) -> Any:
    """As much of the order of the list at ``path`` as a call follows; None for nothing."""
    if path.endswith("transitionRules"):  # the first that fits
        return list(names)
    return names[0] if path.endswith("nodes") and names else None
