"""
What is known of a call, and how a new sight of it joins that: never backwards.

Pure. Sights come from webhooks, which repeat and overtake each other, and from ``GET``, which is
the authority: queued < ringing < in-progress < ended by a webhook < ended by ``GET``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from dialform.launcher.records import ENDED, UNDER_WAY

if TYPE_CHECKING:
    from dialform.launcher.records import Event

Source = Literal["webhook", "get"]

NEVER_RANG: Final = "RATE_LIMITED"
"""The ``systemResultType`` of a dial that was accepted and then never rang."""

_RANG = ("ringing", "in-progress", "completed", "busy", "no-answer")

CREATED: Final = "dial.created"
UPDATED: Final = "dial.updated"


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
        return self.status not in UNDER_WAY and self.result is not None

    @property
    def rang(self) -> bool | None:
        """Whether a phone rang; None where that can't be told, or not yet."""
        if self.result == NEVER_RANG:
            return False
        return True if self.status in _RANG else None


def joined(known: Sight | None, seen: Sight) -> Sight:
    """
    What is known after ``seen``.

    A call that has ended stays so. The first end stays as well, unless ``GET`` says another
    than a webhook did; the same end may bring the result that it lacked.
    """
    if known is None:
        return seen
    if known.ended and seen.ended:
        if (known.source, seen.source) == ("webhook", "get"):
            return seen if seen.result else seen._replace(result=known.result)
        if known.status == seen.status and known.result is None:
            return known._replace(result=seen.result)
        return known
    return seen if _rank(seen) > _rank(known) else known


def sight_of(event: Event) -> Sight | None:
    """What a webhook says of its call; None for one that says nothing of where the call is."""
    if event.kind == CREATED:
        return Sight(UNDER_WAY[0], None, "webhook")
    if event.kind == UPDATED and (event.status in ENDED or event.status in UNDER_WAY):
        return Sight(str(event.status), None, "webhook")
    return None


def _rank(sight: Sight) -> int:
    """How far the call has come; what nobody knows comes first of all."""
    if sight.ended:
        return len(UNDER_WAY) + 1
    return UNDER_WAY.index(sight.status) + 1 if sight.status in UNDER_WAY else 0
