"""
Evidence: what came of the dials made with a preset's version in an environment.

Pure: what it holds, how it is stored and read. Counts are of one ledger since its beginning, so
that the newest from each ledger stands for it and nothing is counted twice. It is a record and
no proof: whoever may write to the registry can write some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.presets.canonical import Digest, is_digest
from dialform.registry.documents import EVIDENCE, Damage, exact_keys, fitting, sealed, unsealed
from dialform.registry.entries import is_number, is_text, is_time

if TYPE_CHECKING:
    from collections.abc import Iterable


class Tally(NamedTuple):
    """Dials counted by what came of them."""

    placed: int = 0
    """Dials in which a phone rings, rang or may have."""

    answered: int = 0
    """Calls that somebody answered, a mailbox not counted."""

    completed: int = 0
    """Calls that ended as ``completed``, mailboxes counted."""

    failed: int = 0
    """Calls that ended as ``failed``; not those that never rang (``RATE_LIMITED``)."""

    rejected: int = 0
    """Dials that the API refused."""

    unknown: int = 0
    """Dials of which nobody knows whether a phone rang."""

    seconds: int = 0
    """How long people talked, all answered calls together."""

    @property
    def failure_rate(self) -> float | None:
        """Failed and rejected among those and the completed; None where there are none."""
        bad = self.failed + self.rejected
        return bad / (bad + self.completed) if bad + self.completed else None


class Evidence(NamedTuple):
    """The publication number ``seq`` for a version in an environment."""

    environment: str
    preset: str
    version: int
    digest: Digest
    """The content: the preset's digest."""

    seq: int
    """1, 2, 3, ... without gaps, by environment, preset and version."""

    ledger: str
    """The id of the ledger that was counted."""

    time: str
    """When it was counted. UTC, as ``2026-11-23T23:00:00Z``."""

    by: str | None
    tally: Tally

    def as_json(self) -> dict[str, Any]:
        """The stored fields, less ``format`` and ``checksum``."""
        return {**self._asdict(), "tally": self.tally._asdict()}

    def render(self) -> bytes:
        """The bytes to store."""
        return sealed({"format": EVIDENCE, **self.as_json()})


_KEYS = frozenset(("format", *Evidence._fields))
_LARGEST = 2**53 - 1


def total(tallies: Iterable[Tally]) -> Tally:
    """All together."""
    return Tally(*(sum(column) for column in zip(Tally(), *tallies, strict=True)))


def standing(found: Iterable[Evidence]) -> list[Evidence]:
    """The newest of each ledger: what counts. ``found`` is oldest first."""
    return list({one.ledger: one for one in found}.values())


def parse_evidence(data: bytes, environment: str, preset: str, version: int, seq: int) -> Evidence:
    """
    The evidence of that environment, preset, version and number in stored bytes.

    Raises:
        Damage: if they are not that evidence.

    """
    value = unsealed(data, EVIDENCE)
    exact_keys(value, _KEYS)
    del value["format"]
    fits = {
        "environment": isinstance(value["environment"], str),
        "preset": isinstance(value["preset"], str),
        "version": is_number(value["version"]),
        "digest": is_digest(value["digest"]),
        "seq": is_number(value["seq"]),
        "ledger": bool(value["ledger"]) and isinstance(value["ledger"], str),
        "time": is_time(value["time"]),
        "by": is_text(value["by"]),
        "tally": _is_tally(value["tally"]),
    }
    fitting(value, fits)
    made = Evidence(**{**value, "tally": Tally(**value["tally"])})
    place = (made.environment, made.preset, made.version, made.seq)
    if place != (environment, preset, version, seq):
        where = f"evidence {made.seq} of version {made.version} of {made.preset}"
        raise Damage("place", f"it is {where} in {made.environment}")
    return made


def _is_tally(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != set(Tally._fields):
        return False
    return all(type(one) is int and 0 <= one <= _LARGEST for one in value.values())
