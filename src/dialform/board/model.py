"""
What a board is made of: a tile for each preset in each environment, and the texts behind them.

Pure. Texts are kept once, by what they say: most presets say the same in several environments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

Tone = Literal["good", "look", "bad", "calm"]
"""As it should be; worth a look; in the way; neither. Words say it too, not colours alone."""


class Mark(NamedTuple):
    """A few words on a tile: ``held``, ``behind 2``."""

    tone: Tone
    words: str


class Gate(NamedTuple):
    """What one gate says of what would come next."""

    name: str
    met: bool
    message: str


class Link(NamedTuple):
    """A text that belongs to a tile."""

    title: str
    text: str
    """``Text.id``."""


@dataclass(frozen=True, slots=True)
class Text:
    """Something long that tiles link to."""

    kind: Literal["lines", "history", "picture", "plain"]
    """
    Pieces of lines as in ``diff.text``; ``Move`` objects; an SVG element; strings, and links to
    texts of strings that belong in their places.
    """

    id: str
    """Unique in the page; follows from what the text says."""

    title: str
    content: Any


@dataclass(frozen=True, slots=True)
class Tile:
    """One preset in one environment."""

    environment: str
    preset: str
    version: int | None
    """None where nothing is released or nobody can tell."""

    age: str
    """How long it is so, in words; empty without a version."""

    marks: tuple[Mark, ...]
    facts: tuple[tuple[str, str], ...]
    """What there is to know, as names and values."""

    gates: tuple[Gate, ...]
    links: tuple[Link, ...]
    fault: str = ""
    """What is damaged in the registry; empty where all is well."""

    @property
    def id(self) -> str:
        """Its place in the page: ``prod/collections``."""
        return f"{self.environment}/{self.preset}"


@dataclass(slots=True)
class Board:
    """The whole page's content."""

    made: datetime
    environments: tuple[str, ...]
    """The columns."""

    presets: tuple[str, ...]
    """The rows."""

    tiles: dict[tuple[str, str], Tile] = field(default_factory=dict)
    """By preset and environment; none where a preset is neither live nor declared."""

    texts: dict[str, Text] = field(default_factory=dict)
    """By id."""

    @property
    def faults(self) -> list[Tile]:
        """The tiles with something damaged."""
        return [tile for tile in self.tiles.values() if tile.fault]

    def add(
        self,
        kind: Literal["lines", "history", "picture", "plain"],
        title: str,
        content: Any,
    ) -> Link:
        """Keep a text, once for all that say the same, and give the link to it."""
        said = hashlib.sha256(repr((kind, title, content)).encode()).hexdigest()
        key = f"text-{said[:16]}"
        self.texts.setdefault(key, Text(kind, key, title, content))
        return Link(title, key)
