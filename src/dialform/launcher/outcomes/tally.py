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

    from dialform.launcher.ledger.summing import Count

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


def tallies(counts: Iterable[Count]) -> dict[Version, Tally]:
    """A tally for each version, by environment, preset and version."""
    found: dict[Version, list[Tally]] = {}
    for one in counts:
        version = Version(one.environment, one.preset, one.version, one.preset_digest)
        found.setdefault(version, []).append(_tally(one))
    keys = sorted(
        found, key=lambda one: (one.environment, one.preset, one.version or 0, one.digest)
    )
    return {key: total(found[key]) for key in keys}


def answered(call_status: str | None, result: str | None) -> bool | None:
    """Whether somebody answered a call, no mailbox; None while that is not known."""
    if call_status in ("in-progress", "completed"):
        return result != MAILBOX
    return None if call_status in (None, "queued", "ringing") else False


def _tally(count: Count) -> Tally:
    dials, status = count.dials, count.call_status
    if count.state == REJECTED:
        return Tally(rejected=dials)
    if count.state in (UNKNOWN, RESERVED):
        return Tally(placed=dials, unknown=dials)
    if count.state != ACCEPTED or count.result == NEVER_RANG:
        return Tally()
    people = answered(status, count.result)
    return Tally(
        placed=dials,
        answered=dials if people else 0,
        completed=dials if status == "completed" else 0,
        failed=dials if status == "failed" else 0,
        seconds=round(count.seconds) if people else 0,
    )
