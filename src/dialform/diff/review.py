"""
What a review is made of: the differences of all environments that a change touches.

Pure values, for renderers to take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from dialform.diff.model import Difference


class Unseen(NamedTuple):
    """A pinned preset whose content is out of reach, so that its change can't be shown."""

    name: str
    before: str
    """What ran: ``version 3, sha256:...``; empty where it didn't."""

    after: str
    """What will; empty where it won't."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An environment in a review."""

    name: str
    difference: Difference
    state: Literal["kept", "added", "removed"] = "kept"
    """Whether its file is on both sides, new, or gone."""

    unseen: tuple[Unseen, ...] = ()
    problems: tuple[str, ...] = ()
    """Why some of it could not be compared: ``main:stacks/prod.toml:12: ...``."""

    @property
    def is_same(self) -> bool:
        """Whether the change does nothing there."""
        return self.state == "kept" and self.difference.is_empty and not self.unseen


class Section(NamedTuple):
    """A table that others add: what guardrails say, which of them are waived."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that a change does."""

    base: str
    """What it is compared with, as the user wrote it: ``main``."""

    environments: tuple[Reviewed, ...]
    idle: tuple[str, ...] = ()
    """Presets that differ and that no environment runs."""

    sections: tuple[Section, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    """What a reader should know of how it was made."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Those of all environments, each once."""
        found = (one for place in self.environments for one in place.problems)
        return tuple(dict.fromkeys(found))

    @property
    def is_same(self) -> bool:
        """Whether nothing that runs anywhere is different."""
        return all(place.is_same for place in self.environments) and not self.problems
