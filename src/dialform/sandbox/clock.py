"""The sandbox's own time: it can run faster than the wall's, jump ahead, or stand still."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Seconds since 1970 in the sandbox's time."""

    def __init__(self, wall: Callable[[], float], *, speed: float = 1.0) -> None:
        """``wall`` gives seconds since 1970; ``speed`` 60 makes a minute pass in a second."""
        self._wall = wall
        self._speed = speed
        self._wall_start = wall()
        self._start = self._wall_start

    @property
    def speed(self) -> float:
        """How many of the sandbox's seconds pass in one. Set to 0, its time stands still."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._start, self._wall_start = self.now(), self._wall()
        self._speed = speed

    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self._start + max(0.0, self._wall() - self._wall_start) * self._speed

    def advance(self, seconds: float) -> None:
        """Jump ahead."""
        self._start += seconds

    def not_before(self, then: float) -> None:
        """Jump ahead to ``then`` if that is still to come: time never runs backwards."""
        self._start += max(0.0, then - self.now())


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as the API writes time: ``2026-11-23T23:00:00.123Z``."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
