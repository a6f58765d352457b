"""
Every move of a preset, in all environments, newest first.

Pure: the release logs come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dialform.registry import Entry


@dataclass(frozen=True, slots=True)
class Move:
    """One entry of a log, and what it moved from."""

    entry: Entry
    before: int | None
    """The version that the entry before it says; None for a log's first."""

    def as_json(self) -> dict[str, Any]:
        """The entry's stored fields, and ``from`` and ``to``: versions."""
        return {"from": self.before, "to": self.entry.version, **self.entry.as_json()}


def moves(logs: Iterable[Sequence[Entry]]) -> list[Move]:
    """The moves of some logs, each oldest first: newest first, by the time that they say."""
    found = [
        Move(entry, None if before is None else before.version)
        for log in logs
        for before, entry in zip([None, *log], log, strict=False)
    ]
    return sorted(
        found, key=lambda one: (one.entry.time, one.entry.environment, one.entry.seq), reverse=True
    )
