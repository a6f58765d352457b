"""
Where each preset stands in each environment, and how environments compare.

Pure: dataclasses, and the rules that fill them from release logs. Reading the registry and the
declarations is in ``overview``; printing is the command line's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from dialform.errors import Untrusted
from dialform.promotion.durations import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.promotion.gates import Verdict
    from dialform.registry import Entry

Relation = Literal["same content", "behind", "ahead", "went back", "apart", "missing", "only here"]
"""How an environment stands to the one that its versions come from; see `compare`."""

Trouble = Literal["damaged", "not believed"]

Declared = Literal[
    "as declared",
    "bound otherwise",
    "declaration ahead",
    "not released",
    "not declared",
    "unreadable",
]
"""
How a checkout stands to what is live: the same call; the same content with other bindings or
another deviation, or other content, both of which the next `up` releases; declared and nothing
live; live and not declared any more, which the next `up` withdraws; a declaration that is wrong.
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An environment against the one that its versions come from, for one preset."""

    source: str
    relation: Relation
    steps: int | None = None
    """``behind``: how often the source moved to other content since; else None."""

    same_call: bool | None = None
    """Whether the bodies are equal; None: not looked at."""

    def as_json(self) -> dict[str, Any]:
        """``source``, ``relation``, ``steps``, ``sameCall``."""
        return {
            "source": self.source,
            "relation": self.relation,
            "steps": self.steps,
            "sameCall": self.same_call,
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """One preset in one environment."""

    environment: str
    preset: str
    head: Entry | None
    """The log's newest entry; None where nothing was released or it can't be read."""

    age: float | None = None
    """Seconds since the head was written; None without one."""

    fault: str | None = None
    """The registry's object that failed verification, and how; what needs it is not said."""

    trouble: Trouble | None = None
    """The fault in a word: the bytes are not what they should be, or the signatures are not."""

    declared: Declared | None = None
    """None outside of a checkout."""

    pinned: int | None = None
    """The version that the checkout pins; None where it follows the source or there is none."""

    deviation: tuple[str, ...] | None = None
    """The fields that deviate, as declared in a checkout, else as live; None: not looked at."""

    comparison: Comparison | None = None
    """None where no environment is named by ``from`` in [gates]."""

    gates: tuple[Verdict, ...] = ()
    """What the gates say of what the source has live; empty where there is nothing to promote."""

    drift: str | None = None
    """What changed behind a release's back; None: not looked at."""

    waivers: tuple[str, ...] | None = None
    """The waivers in force: rule, last day, reason. None: not looked at, outside of a checkout."""

    @property
    def state(self) -> str | None:
        """``live``, ``held``, ``withdrawn``, ``yanked`` or ``rolled-back``; None without a head."""
        return None if self.head is None else state_of(self.head)

    def faulty(self, error: Exception) -> Cell:
        """The same, of which something can't be read; the first fault is the one that is said."""
        if self.fault is not None:
            return self
        trouble: Trouble = "not believed" if isinstance(error, Untrusted) else "damaged"
        return replace(self, fault=str(error), trouble=trouble)

    def as_json(self) -> dict[str, Any]:
        """As in `dialform status --json`: times are UTC text, ages seconds, digests whole."""
        head = self.head
        return {
            "environment": self.environment,
            "preset": self.preset,
            "state": self.state,
            "version": None if head is None else head.version,
            "presetDigest": None if head is None else head.preset_digest,
            "boundDigest": None if head is None else head.bound_digest,
            "seq": None if head is None else head.seq,
            "since": None if head is None else head.time,
            "age": self.age,
            "by": None if head is None else head.by,
            "reason": None if head is None else head.reason,
            "fault": self.fault,
            "trouble": self.trouble,
            "declared": self.declared,
            "pinned": self.pinned,
            "deviation": None if self.deviation is None else list(self.deviation),
            "comparison": None if self.comparison is None else self.comparison.as_json(),
            "gates": [verdict.as_json() for verdict in self.gates],
            "drift": self.drift,
            "waivers": None if self.waivers is None else list(self.waivers),
        }


@dataclass(frozen=True, slots=True)
class Status:
    """All presets in all environments that were asked for."""

    environments: tuple[str, ...]
    """In the order of promotion, as far as ``from`` says one; else by name."""

    presets: tuple[str, ...]
    """By name."""

    cells: tuple[Cell, ...]
    """By preset, then environment; none where a preset is neither live nor declared."""

    def as_json(self) -> dict[str, Any]:
        """The document ``dialform.status/1``."""
        return {
            "format": "dialform.status/1",
            "environments": list(self.environments),
            "presets": list(self.presets),
            "cells": [cell.as_json() for cell in self.cells],
        }


def state_of(head: Entry) -> str:
    """The state that a log's head makes: its own, or ``yanked`` where what is live is barred."""
    return "yanked" if head.state == "live" and head.version in head.yanked else head.state


def compare(source: str, there: Sequence[Entry], here: Sequence[Entry]) -> Comparison:
    """
    How an environment (``here``) stands to the one its versions come from (``there``).

    Both are release logs, oldest first, whole; only when the heads' digests are equal do the
    heads suffice. Ahead and behind follow the logs, not the numbers. With S the content that
    ``there`` has and H the content that ``here`` has:

    * ``same content``: S is H;
    * ``behind``: S was not released here since it came there, and H was released there;
    * ``apart``: likewise, and H was never released there;
    * ``went back``: S was released here since it came there, and left again for an H that was
      released there;
    * ``ahead``: likewise, and H was never released there;
    * ``missing``: nothing is released here, or what was is withdrawn;
    * ``only here``: nothing is released there, or what was is withdrawn.
    """
    if not there or there[-1].state == "withdrawn":
        return Comparison(source, "only here")
    if not here or here[-1].state == "withdrawn":
        return Comparison(source, "missing")
    new, old = there[-1].preset_digest, here[-1].preset_digest
    if new == old:
        return Comparison(source, "same content")
    known = any(entry.preset_digest == old for entry in there)
    came = moment(_arrival(there).time)
    if any(entry.preset_digest == new and moment(entry.time) >= came for entry in here):
        return Comparison(source, "went back" if known else "ahead")
    if not known:
        return Comparison(source, "apart")
    return Comparison(source, "behind", _moves_since(there, old))


def _arrival(entries: Sequence[Entry]) -> Entry:
    """The entry with which the content at the head came."""
    arrived = entries[-1]
    for entry in reversed(entries):
        if entry.preset_digest != arrived.preset_digest:
            break
        arrived = entry
    return arrived


def _moves_since(entries: Sequence[Entry], content: str) -> int:
    """How often the content changed since ``content`` was left."""
    moves = 0
    after = entries[-1].preset_digest
    for entry in reversed(entries):
        if entry.preset_digest != after:
            moves += 1
            after = entry.preset_digest
        if entry.preset_digest == content:
            break
    return moves
