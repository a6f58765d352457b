"""
Caps: at most so many dials within some time, to one person or of a whole environment.

Pure: what was dialled is asked of the caller. The time is a sliding one, not a calendar's: with
one dial in 24 hours, a person who was called at 18:00 isn't called at 9:00 the next day.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dialform import lengths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Placed = Callable[[Sequence[str], int], float | None]
    """
    When the n-th latest dial of the environment was written down, to a person by their keys
    and numbers, or, for (), to anybody; None where there were fewer than n. Those that
    certainly rang nobody (``rejected``, ``deferred``, ``not_sent``) are not counted.
    """

_LENGTH = re.compile(r"[1-9][0-9]{0,3}[mhd]")


class Cap(NamedTuple):
    """At most ``most`` dials ``within`` a time (``24h``)."""

    within: str
    most: int

    @property
    def seconds(self) -> int:
        """The length of ``within``."""
        return lengths.seconds(self.within)

    def frees(self, now: float, keys: Sequence[str], placed: Placed) -> float | None:
        """When one more dial is within the cap; None if it is at ``now``."""
        earlier = placed(keys, self.most)
        if earlier is None or earlier + self.seconds <= now:
            return None
        return earlier + self.seconds


def length(text: str) -> str:
    """
    ``text``, if it is a length of time.

    Raises:
        ValueError: it is none.

    """
    if not _LENGTH.fullmatch(text):
        raise ValueError(f"{text!r} is no length of time; write it like 30m, 24h or 7d")
    return text


def caps(table: Mapping[str, int]) -> tuple[Cap, ...]:
    """
    The caps of a table, ``{ 24h = 1, 7d = 3 }``, the shortest time first.

    Raises:
        ValueError: a length of time or a number can't be one.

    """
    for within, most in table.items():
        length(within)
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ValueError(f"{within}: must be a number of dials, 1 or more, not {most!r}")
    return tuple(sorted((Cap(*one) for one in table.items()), key=lambda cap: cap.seconds))


def exceeded(
    found: Sequence[Cap], now: float, keys: Sequence[str], placed: Placed
) -> tuple[Cap, float] | None:
    """The cap that holds a dial back for longest, and until when; None where none does."""
    held = [(cap, due) for cap in found if (due := cap.frees(now, keys, placed)) is not None]
    return max(held, key=lambda one: one[1], default=None)
