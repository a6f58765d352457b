"""
A week's windows: days and times as files and documents write them.

Pure. A window is half-open and lies within one day: ``09:00-12:00`` is open at 9:00:00 and
closed at 12:00:00. Over midnight go two of them, ``20:00-24:00`` and the next day's ``00:00-``.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.date.weekday`."""

_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")
_RANGE = re.compile(r"([a-z]+)-([a-z]+)")


class Window(NamedTuple):
    """From ``start`` up to, not including, ``end``: minutes since midnight, 0 to 1440."""

    start: int
    end: int

    def __str__(self) -> str:
        """As it is written: ``09:00-12:00``."""
        return f"{clock(self.start)}-{clock(self.end)}"


Week = tuple[tuple[Window, ...], ...]
"""The windows of each day, Monday first, in order and apart from each other."""


def clock(minutes: int) -> str:
    """``540`` as ``09:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def window(text: str) -> Window:
    """
    The window that ``text`` writes.

    Raises:
        ValueError: it writes none; the message says how one is written.

    """
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is no window of a day; write it like 09:00-17:30, at most until 24:00"
        )
    hour, minute, to_hour, to_minute = match.groups()
    start = int(hour) * 60 + int(minute)
    end = 24 * 60 if to_hour is None else int(to_hour) * 60 + int(to_minute)
    if start >= end:
        raise ValueError(
            f"{text!r} ends before it begins; over midnight write two: {clock(start)}-24:00, and "
            f"00:00-{clock(end)} on the next day"
            if end
            else f"{text!r} ends before it begins; midnight at its end is 24:00"
        )
    return Window(start, end)


def windows(texts: Iterable[str]) -> tuple[Window, ...]:
    """
    The windows of a day, in order; those that touch become one.

    Raises:
        ValueError: one can't be read, or two overlap.

    """
    found = sorted(window(text) for text in texts)
    for one, other in pairwise(found):
        if other.start < one.end:
            raise ValueError(f"{one} and {other} overlap")
    joined: list[Window] = []
    for one in found:
        if joined and joined[-1].end == one.start:
            joined[-1] = Window(joined[-1].start, one.end)
        else:
            joined.append(one)
    return tuple(joined)


def days(text: str) -> tuple[str, ...]:
    """
    The days that a key means: ``sat``, ``mon-fri``.

    Raises:
        ValueError: it is no day.

    """
    match = _RANGE.fullmatch(text)
    first, last = match.groups() if match else (text, text)
    for one in (first, last):
        if one not in DAYS:
            raise ValueError(f"{one!r} is no day; days are {', '.join(DAYS)}, and mon-fri")
    start, end = DAYS.index(first), DAYS.index(last)
    if start > end:
        raise ValueError(f"{text!r} goes over the week's end; write its days one by one")
    return DAYS[start : end + 1]


def week(table: Mapping[str, Sequence[str]]) -> Week:
    """
    A week from a table of days; a day that it doesn't name is closed.

    Raises:
        ValueError: a day or a window can't be read, or a day is there twice.

    """
    found: dict[str, tuple[Window, ...]] = {}
    for key, texts in table.items():
        for day in days(key):
            if day in found:
                raise ValueError(f"{day} is there twice; its windows stand in one list")
            found[day] = windows(texts)
    return tuple(found.get(day, ()) for day in DAYS)


def as_table(open_: Week) -> dict[str, list[str]]:
    """The one way in which a document writes a week: days that are open, each by itself."""
    return {
        day: [str(one) for one in found] for day, found in zip(DAYS, open_, strict=True) if found
    }
