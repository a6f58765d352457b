"""
An approval: somebody agreed that a preset's content may run in an environment.

Pure: what it holds, how it is stored and read. It is a record and no proof: whoever may write
to the registry can write one in any name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dialform.presets.canonical import Digest, is_digest
from dialform.registry.documents import APPROVAL, Damage, exact_keys, fitting, sealed, unsealed
from dialform.registry.entries import is_number, is_text, is_time

_KEYS = frozenset(
    (
        *("format", "environment", "preset", "version", "digest"),
        *("seq", "by", "time", "reason", "commit"),
    )
)


class Approval(NamedTuple):
    """The approval number ``seq`` of a preset's content for an environment."""

    environment: str
    preset: str
    version: int
    """The number that the content has in the registry under that name."""

    digest: Digest
    """The content: the preset's digest."""

    seq: int
    """1, 2, 3, ... without gaps, by environment and digest."""

    by: str
    time: str
    """UTC, as ``2026-11-23T23:00:00Z``."""

    reason: str | None
    commit: str | None

    def as_json(self) -> dict[str, Any]:
        """The stored fields, less ``format`` and ``checksum``."""
        return self._asdict()

    def render(self) -> bytes:
        """The bytes to store."""
        return sealed({"format": APPROVAL, **self._asdict()})


def parse_approval(data: bytes, environment: str, digest: Digest, seq: int) -> Approval:
    """
    The approval of that environment, content and number in stored bytes.

    Raises:
        Damage: if they are not that approval.

    """
    value = unsealed(data, APPROVAL)
    exact_keys(value, _KEYS)
    del value["format"]
    fits = {
        "environment": isinstance(value["environment"], str),
        "preset": isinstance(value["preset"], str),
        "version": is_number(value["version"]),
        "digest": is_digest(value["digest"]),
        "seq": is_number(value["seq"]),
        "by": bool(value["by"]) and is_text(value["by"]),
        "time": is_time(value["time"]),
        "reason": is_text(value["reason"]),
        "commit": is_text(value["commit"]),
    }
    fitting(value, fits)
    approval = Approval(**value)
    if (approval.environment, approval.digest, approval.seq) != (environment, digest, seq):
        where = f"approval {approval.seq} of {approval.digest} for {approval.environment}"
        raise Damage("place", f"it is {where}")
    return approval
