"""
When each live call is looked at: soon after it was placed, then every half minute, then given up.

Pure: times come in, in seconds since 1970. A call that is being looked at is not handed out
again before that look is over, and all looks together keep a rate.
"""

from __future__ import annotations

import heapq
import itertools
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST: Final = (5.0, 10.0, 20.0)
"""Seconds after a call was placed at which it is looked at first."""

EVERY: Final = 30.0
"""Seconds between the looks after those: at 30, 60, 90, ..."""

POLLS: Final = (*FIRST, EVERY)
"""Both: seconds after a call was placed, and between the looks after those."""

GRACE: Final = 120.0
"""Seconds after its time limit for which a call is still looked at."""

LONGEST: Final = 3600.0
"""Seconds that a call may take where its body names no ``timeoutMinutes``."""

PER_SECOND: Final = 5.0
"""Looks in a second, unless a caller says otherwise."""


def next_look(placed: float, now: float, polls: Sequence[float] = POLLS) -> float:
    """When a call is to be looked at next, after a look at ``now``."""
    elapsed = now - placed
    *first, every = polls
    for seconds in first:
        if elapsed < seconds:
            return placed + seconds
    return placed + every * (math.floor(elapsed / every) + 1) if every else now


class Watch:
    """The live calls that are looked at, by dial id. Not thread-safe."""

    def __init__(self, *, per_second: float = PER_SECOND, polls: Sequence[float] = POLLS) -> None:
        """``per_second`` bounds the looks at all calls together."""
        self._between = 1 / per_second
        self._polls = polls
        self._free = -math.inf
        """When the rate allows the next look."""
        self._placed: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self._at: dict[str, float] = {}
        """When each is due; not those that are being looked at."""
        self._again: set[str] = set()
        """Those of which something was said while they were being looked at."""
        self._queue: list[tuple[float, int, str]] = []
        self._count = itertools.count()

    def __len__(self) -> int:
        """How many calls are watched."""
        return len(self._placed)

    def __contains__(self, dial_id: object) -> bool:
        """Whether that call is watched."""
        return dial_id in self._placed

    def add(self, dial_id: str, placed: float, now: float, *, limit: float | None = None) -> None:
        """
        Watch a call. One that is watched already stays as it is; an old one is due at once.

        ``limit`` is how many seconds it may take; None: nobody says.
        """
        if dial_id in self._placed:
            return
        self._placed[dial_id] = placed
        self._until[dial_id] = placed + (LONGEST if limit is None else limit) + GRACE
        self._put(dial_id, max(now, next_look(placed, placed, self._polls)))

    def soon(self, dial_id: str, now: float) -> None:
        """Look at a watched call as soon as the rate allows: something was said of it."""
        if dial_id in self._at:
            self._put(dial_id, min(now, self._at[dial_id]))
        elif dial_id in self._placed:
            self._again.add(dial_id)

    def drop(self, dial_id: str) -> None:
        """The call has ended, or is of no interest any more."""
        for known in (self._placed, self._until, self._at):
            known.pop(dial_id, None)
        self._again.discard(dial_id)

    def take(self, now: float) -> str | None:
        """
        The call to look at now; None where none is due or the rate does not allow one.

        Say `looked` or `drop` when the look is over.
        """
        self._drop_stale()
        if not self._queue or self._queue[0][0] > now or now < self._free:
            return None
        _, _, dial_id = heapq.heappop(self._queue)
        del self._at[dial_id]
        self._free = now + self._between
        return dial_id

    def looked(self, dial_id: str, now: float) -> bool:
        """A look is over and the call goes on; False: it is past its limit and given up."""
        if dial_id not in self._placed or now >= self._until[dial_id]:
            self.drop(dial_id)
            return False
        if dial_id in self._again:
            self._again.discard(dial_id)
            self._put(dial_id, now)
        else:
            self._put(dial_id, next_look(self._placed[dial_id], now, self._polls))
        return True

    def wait(self, now: float) -> float | None:
        """Seconds until `take` gives a call; None where nothing is to be looked at."""
        self._drop_stale()
        if not self._queue:
            return None
        return max(0.0, self._queue[0][0] - now, self._free - now)

    def _put(self, dial_id: str, at: float) -> None:
        self._at[dial_id] = at
        heapq.heappush(self._queue, (at, next(self._count), dial_id))

    def _drop_stale(self) -> None:
        while self._queue and self._at.get(self._queue[0][2]) != self._queue[0][0]:
            heapq.heappop(self._queue)
