"""What must hold in the declaration of an input: its type, pattern, default and example agree."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "any": lambda _value: True,
}


def input_findings(declared: dict[str, Any]) -> list[tuple[str, str]]:
    """``(message, key)`` for each contradiction in an input's declaration."""
    found: list[tuple[str, str]] = []
    kind = declared.get("type", "string")
    if declared.get("required") and "default" in declared:
        found.append(("has a default, so it can't be required; drop one of the two", "required"))
    pattern = declared.get("pattern")
    if pattern is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what Python may one day read otherwise
                compiled = re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            return [*found, (f"is no regular expression: {error}", "pattern")]
        if kind not in ("string", "any"):
            found.append((f"goes with strings, not with type {kind!r}", "pattern"))
    for key in ("default", "example"):
        if key not in declared:
            continue
        value = declared[key]
        if not _TYPES[kind](value):
            found.append((f"must be of type {kind!r}, not {value!r}", key))
        elif pattern is not None and isinstance(value, str) and not compiled.fullmatch(value):
            found.append((f"does not match the pattern {pattern!r}: {value!r}", key))
    return found
