"""
Dials counted by what came of them, for each preset version. Pure.

A call that never rang (``RATE_LIMITED``) is no failure of its preset, and nobody's answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dialform.launcher.outcomes.lattice import NEVER_RANG
from dialform.launcher.records import ACCEPTED, REJECTED, RESERVED, UNKNOWN
from dialform.registry.evidence import Tally, total

if TYPE_CHECKING:
    from collections.abc import Iterable

MAILBOX = "VOICEMAIL_DETECTED_HANGUP"
"""The ``systemResultType`` of a call that a mailbox answered."""


class Version(NamedTuple):
    """Which dials are counted together."""

    environment: str
    preset: str
    version: int | None
    """None for the working tree's (``dialform try``)."""

    digest: str
    """The preset's."""


class Count(NamedTuple):
    """How many dials of a version have the same outcome."""

    version: Version
    state: str
    """The dial's."""

    call_status: str | None
    result: str | None
    dials: int
    seconds: float
    """How long people talked, all together."""


def tallies(counts: Iterable[Count]) -> dict[Version, Tally]:
    """A tally for each version, by environment, preset and version."""
    found: dict[Version, list[Tally]] = {}
    for one in counts:
        found.setdefault(one.version, []).append(_tally(one))
    keys = sorted(found, key=lambda one: (*one[:2], one.version or 0, one.digest))
    return {key: total(found[key]) for key in keys}


def _tally(count: Count) -> Tally:
    dials, status, result = count.dials, count.call_status, count.result
    if count.state == REJECTED:
        return Tally(rejected=dials)
    if count.state in (UNKNOWN, RESERVED):
        return Tally(placed=dials, unknown=dials)
    if count.state != ACCEPTED or result == NEVER_RANG:
        return Tally()
    talked = status in ("in-progress", "completed")
    return Tally(
        placed=dials,
        answered=dials if talked and result != MAILBOX else 0,
        completed=dials if status == "completed" else 0,
        failed=dials if status == "failed" else 0,
        seconds=round(count.seconds),
    )
