"""
How many calls may start now: the rate, requests in flight, live calls, and back-pressure.

Pure: the time comes in. A refusal of the API halves the pace, each call that is taken gives a
little of it back (additive increase, multiplicative decrease).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialform.launcher.campaign.settings import Settings

_SLOWEST = 1 / 64
_RECOVERS = 1 / 50
"""The part of the full pace that a call which is taken gives back."""

_BETWEEN = 1.0
"""Seconds within which several refusals count as one."""

_PAUSE = 1.0
_LONGEST = 60.0


class Governor:
    """The pace of one process."""

    def __init__(self, settings: Settings, now: float) -> None:
        """``now`` in seconds since 1970: the first call may start at once."""
        self._settings = settings
        self._pace = 1.0
        self._tokens = 1.0
        self._filled = now
        self._refused = float("-inf")
        self._closed_until = now
        self._in_a_row = 0
        self.in_flight = 0
        self.live = 0

    @property
    def pace(self) -> float:
        """The part of the full rate that is used, from 0 to 1."""
        return self._pace

    def room(self, now: float) -> int:
        """How many calls may start now."""
        self._fill(now)
        if now < self._closed_until:
            return 0
        most_live = max(1, int(self._settings.live * self._pace))
        return max(
            0,
            min(
                int(self._tokens),
                self._settings.in_flight - self.in_flight,
                most_live - self.live - self.in_flight,
            ),
        )

    def wait(self, now: float) -> float | None:
        """Seconds until there may be room; None where a call must end first."""
        self._fill(now)
        if now < self._closed_until:
            return self._closed_until - now
        if self._tokens >= 1:
            return None
        return (1 - self._tokens) / (self._settings.rate * self._pace)

    def starts(self) -> None:
        """A call is being sent."""
        self._tokens -= 1
        self.in_flight += 1

    def takes(self) -> None:
        """It was taken, and is live now."""
        self.in_flight -= 1
        self.live += 1
        self._pace = min(1.0, self._pace + _RECOVERS)
        self._in_a_row = 0

    def ends(self) -> None:
        """A live call has ended."""
        self.live -= 1

    def drops(self) -> None:
        """A call that was being sent is no live one."""
        self.in_flight -= 1

    def refused(self, now: float, retry_after: float | None) -> float:
        """The API wants no more for now. When the call may be tried again."""
        self._fill(now)
        self.in_flight -= 1
        if now - self._refused >= _BETWEEN:
            self._pace = max(_SLOWEST, self._pace / 2)
            self._in_a_row += 1
            self._refused = now
        pause = min(_LONGEST, _PAUSE * 2 ** (self._in_a_row - 1))
        until = now + (pause if retry_after is None else retry_after)
        self._closed_until = max(self._closed_until, until)
        return until

    def _fill(self, now: float) -> None:
        """Tokens since the last time. A clock that steps back gives none, and no pause grows."""
        passed = now - self._filled
        if passed < 0:
            self._closed_until += passed
            self._refused += passed
            passed = 0.0
        rate = self._settings.rate * self._pace
        # One second's worth is the most that is saved up: a pause is not caught up with.
        self._tokens = min(max(1.0, rate), self._tokens + passed * rate)
        self._filled = now
