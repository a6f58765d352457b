"""
What is known of a call, and how a new sight of it joins that: never backwards.

Pure. Sights come from webhooks, which repeat and overtake each other, and from ``GET``, which is
the authority. `joined` is commutative, associative and idempotent: the same sights in any order
and number leave the same knowledge.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Source = Literal["webhook", "get"]

LIVE = ("queued", "ringing", "in-progress")
"""The API's statuses of a call that goes on, in their order."""

ENDED = frozenset(("completed", "failed", "canceled", "busy", "no-answer"))
"""The API's statuses of a call that has ended."""

NEVER_RANG = "RATE_LIMITED"
"""The ``systemResultType`` of a dial that was accepted and then never rang."""


class Sight(NamedTuple):
    """What one webhook or one ``GET`` said of a call."""

    status: str
    """API: ``status``."""

    result: str | None
    """API: ``systemResultType``; None while the call goes on, and in webhooks."""

    source: Source

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen. A status that nobody knows needs a result for it."""
        if self.status in ENDED:
            return True
        return self.status not in LIVE and self.result is not None

    @property
    def rang(self) -> bool | None:
        """Whether a phone rang; None where that can't be told yet."""
        if self.result == NEVER_RANG:
            return False
        if self.status in ("ringing", "in-progress", "completed", "busy", "no-answer"):
            return True
        return None


def joined(known: Sight | None, seen: Sight) -> Sight:
    """What is known after ``seen``: an ended call stays ended, an end by GET stays GET's."""
    return seen if known is None else max(known, seen, key=_order)


def _order(sight: Sight) -> tuple[int, bool, bool, str, str, str]:
    """How much a sight says; ends that contradict each other are put in some fixed order."""
    if sight.ended:
        rank = len(LIVE) + 1
    else:
        rank = LIVE.index(sight.status) + 1 if sight.status in LIVE else 0
    result = sight.result or ""
    by_get = sight.ended and sight.source == "get"
    return rank, by_get, bool(result), sight.status, result, sight.source
