"""What the tests of the diff start from: the reference project's presets as documents."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialform.declaration import Environment, load_environment
from dialform.diff import Documents

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PRESETS = ("collections", "lead", "reminder")

Place = tuple[str | int, ...]


@cache
def environment(name: str = "dev") -> Environment:
    """An environment of the reference project."""
    return load_environment(ROOT, name)


def documents(preset: str, stack: str = "dev") -> Documents:
    """A copy of a preset's documents, as the working tree has them."""
    return copy.deepcopy(_documents(preset, stack))


@cache
def _documents(preset: str, stack: str) -> Documents:
    source = environment(stack).source(preset)
    assert source.document is not None
    assert source.profile is not None
    assert source.profile.document is not None
    bound = environment(stack).bound(preset)
    return Documents(source.document, source.profile.document, bound)


def content(preset: str) -> Documents:
    """The same in no environment."""
    return copy.deepcopy(_documents(preset, "dev")._replace(bound=None))


def leaves(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every single value with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*at, index))
    else:
        yield at, value


def put(value: Any, at: Place, new: Any) -> None:
    """Set the value at a place."""
    for part in at[:-1]:
        value = value[part]
    value[at[-1]] = new


def nodes(which: Documents) -> list[dict[str, Any]]:
    """The nodes of a document's flow, to be edited."""
    assert which.profile is not None
    flow = which.profile["agentOverrides"]["defaultVersionedPrompt"]["flowDefinition"]
    found: list[dict[str, Any]] = flow["nodes"]
    return found
