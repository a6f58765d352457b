"""
What can be said of a release, one thing at a time, and what a process ends with where one fails.

Pure: shapes and their exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialform.launcher.resolve import Reference
    from dialform.registry import Entry

Group = Literal["content", "signature", "order", "freshness", "drift"]
Status = Literal["ok", "failed", "warned", "unknown", "none"]
"""``unknown``: it could not be looked at. ``none``: there is nothing to hold it to."""

CODES: Final[dict[Group, int]] = {
    "content": 10,
    "signature": 11,
    "order": 12,
    "freshness": 13,
    "drift": 14,
}
"""What a process ends with where a claim of that group does not hold, the first of them."""


class Claim(NamedTuple):
    """One thing that can be said of a release, and whether it holds."""

    name: str
    group: Group
    status: Status
    detail: str
    """What was compared, or what is wrong."""


class Verified(NamedTuple):
    """A release, and what can be said of it."""

    reference: Reference
    entry: Entry | None
    """What says its version and digests; None where no entry could be read."""

    head: Entry | None
    bound: dict[str, Any] | None
    """The bound preset; None where it could not be read."""

    claims: tuple[Claim, ...]


def code(claims: Iterable[Claim], *, strict: bool) -> int:
    """
    What a process ends with: 0 where all hold, 1 where one could not be looked at.

    ``strict``: whether a warning counts as a failure.
    """
    claims = tuple(claims)
    bad = {"failed", "warned"} if strict else {"failed"}
    failed = [CODES[claim.group] for claim in claims if claim.status in bad]
    if failed:
        return min(failed)
    return int(any(claim.status == "unknown" for claim in claims))
