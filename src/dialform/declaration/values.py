"""
The values that TOML and JSON give: walking them, and what JSON can't hold.

Pure. Knows no keys.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from dialform.presets.canonical import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

DEEPEST = 64
"""How many tables and lists may stand in each other."""

_EXPONENT = 1e21


class TooDeep(ValueError):
    """More tables and lists in each other than anybody can mean."""


class Scan:
    """What one walk through a value found. ``odd``: something in it can't be JSON."""

    __slots__ = ("odd", "strings")

    def __init__(self, value: Any) -> None:
        """
        Walk through ``value``.

        Raises:
            TooDeep: it is nested deeper than `DEEPEST`.

        """
        self.strings: list[str] = []
        self.odd = False
        level = [value]
        for _ in range(DEEPEST):
            level = self._below(level)
            if not level:
                return
        raise TooDeep

    def _below(self, level: list[Any]) -> list[Any]:
        below: list[Any] = []
        for table in level:
            for item in table.values() if table.__class__ is dict else table:
                kind = item.__class__
                if kind is str:
                    self.strings.append(item)
                elif kind is dict or kind is list:
                    below.append(item)
                elif kind is not bool and item is not None and not _fits(item):
                    self.odd = True
        return below


def _fits(item: Any) -> bool:
    """Whether a single value is a number that JSON keeps."""
    if item.__class__ is int:
        return -LARGEST <= item <= LARGEST
    if item.__class__ is float:
        return math.isfinite(item) and not LARGEST < abs(item) < _EXPONENT
    return False


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every single value in ``value`` with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def strings(value: Any) -> Iterator[tuple[Path, str]]:
    """Every text in ``value`` with its path."""
    for path, item in leaves(value):
        if isinstance(item, str):
            yield path, item


def oddities(value: Any) -> Iterator[tuple[Path, str]]:
    """``(path, message)`` for each value that JSON can't hold."""
    for path, item in leaves(value):
        if item is None or isinstance(item, (str, bool)) or _fits(item):
            continue
        if isinstance(item, (datetime, date, time)):
            yield path, f'is a date or time, which JSON does not have; write it as text: "{item}"'
        elif isinstance(item, float) and not math.isfinite(item):
            yield path, f"{item} is no number that JSON has"
        else:
            yield path, "is beyond 2**53 - 1, which JSON does not keep exactly; write it as text"
