"""
When a person may be called: the windows of a week on the clock where the person is.

Pure: what time it is comes in as seconds since 1970, where the person is as zones. What is
open is read off the wall clock, so that a change of the clocks needs no rule of its own: an
hour that is skipped is never open, one that comes twice is open twice.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from dialform.launcher.calling.week import Week
    from dialform.launcher.calling.whereabouts import Whereabouts

HORIZON = 400
"""Days that are looked ahead; what isn't open in more than a year never is."""

_DAY = 86400
_HOUR = 3600

EVERYBODY = "any"
"""The holidays of all people, whatever their country and zone."""


class Hours:
    """The windows, and the days on which they don't count."""

    __slots__ = ("_found", "holidays", "margin", "week")

    def __init__(
        self,
        week: Week,
        margin: int = 0,
        holidays: Mapping[str, Mapping[date, str]] | None = None,
    ) -> None:
        """
        Nothing is open where no window is.

        Args:
            week: the windows.
            margin: minutes that a window is narrowed by at both ends where zones are inferred.
            holidays: by ``any``, a country (``US``) or a zone, the days that are closed, and
                their names.

        """
        self.week = week
        self.margin = margin
        self.holidays = holidays or {}
        self._found: dict[object, tuple[float, float | None]] = {}
        """By where people are: since when it is known when it opens next, and that."""

    def is_open(self, now: float, where: Whereabouts) -> bool:
        """Whether it is open at ``now`` in all zones that the person may be in."""
        margin = self.margin if where.inferred else 0
        return bool(where.zones) and all(
            self._covers(_wall(now, zone), margin, self._calendars(zone, where))
            for zone in where.zones
        )

    def holiday(self, now: float, zone: ZoneInfo, where: Whereabouts) -> str | None:
        """The name of the holiday that it is at ``now`` in ``zone``; None on other days."""
        day = _wall(now, zone).date()
        return next((one[day] for one in self._calendars(zone, where) if day in one), None)

    def spans(self, start: float, end: float, where: Whereabouts) -> Iterator[tuple[float, float]]:
        """The times between ``start`` and ``end`` when it is open, in order, each half-open."""
        opened: float | None = None
        for edge in self._edges(start, end, where):
            is_open = self.is_open(edge, where)
            if is_open and opened is None:
                opened = edge
            elif not is_open and opened is not None:
                yield opened, edge
                opened = None
        if opened is not None:
            yield opened, end

    def next_open(self, now: float, where: Whereabouts) -> float | None:
        """
        The first instant from ``now`` on at which it is open in all zones of ``where``.

        None where there is none within `HORIZON` days: no zones, or zones whose windows don't
        meet.
        """
        if not where.zones:
            return None
        key = (where.zones, where.inferred, where.country if self.holidays else None)
        since, opens = self._found.get(key, (now, now - 1))
        if not since <= now <= (since + _DAY if opens is None else opens):
            edges = self._edges(now, now + HORIZON * _DAY, where)
            opens = next((edge for edge in edges if self.is_open(edge, where)), None)
            self._found[key] = (now, opens)
        return opens

    def _calendars(self, zone: ZoneInfo, where: Whereabouts) -> list[Mapping[date, str]]:
        if not self.holidays:
            return []
        named = (EVERYBODY, where.country or EVERYBODY, zone.key)
        return [self.holidays[one] for one in dict.fromkeys(named) if one in self.holidays]

    def _covers(self, wall: datetime, margin: int, calendars: list[Mapping[date, str]]) -> bool:
        """Whether it is open on a clock that may be wrong by up to ``margin`` minutes."""
        around = timedelta(minutes=margin)
        at, last = wall - around, wall + around
        while at <= last:
            day = at.date()
            if any(day in one for one in calendars):
                return False
            into = _minutes(at)
            for window in self.week[day.weekday()]:
                if window.start <= into < window.end:
                    break
            else:
                return False
            at = _at(day, window.end)
        return True

    def _edges(self, start: float, end: float, where: Whereabouts) -> Iterator[float]:
        """``start``, and each instant up to ``end`` at which something may open or close."""
        yield start
        margin = self.margin if where.inferred else 0
        for number in range(int(start // _DAY), int(end // _DAY) + 1):
            found = {
                edge
                for zone in where.zones
                for edge in _day_edges(self.week, margin, zone, number)
                if start < edge < end
            }
            yield from sorted(found)


@lru_cache(maxsize=4096)
def _day_edges(week: Week, margin: int, zone: ZoneInfo, number: int) -> tuple[float, ...]:
    """
    The instants of a day in UTC at which a wall clock may come to or leave a window.

    They are those of the windows' ends, and of changes of the clocks, which leap over an end or
    go back before it. ``number`` counts days since 1970.
    """
    start = number * _DAY
    shifts = {-margin, 0, margin}
    minutes = {minute for day in week for window in day for minute in window}
    first = _wall(start, zone).date() - timedelta(days=1)
    last = _wall(start + _DAY, zone).date() + timedelta(days=1)
    found: set[float] = set(_changes(start, zone))
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        for minute in minutes:
            for shift in shifts:
                wall = _at(day, minute) + timedelta(minutes=shift)
                for fold in (0, 1):
                    found.add(wall.replace(tzinfo=zone, fold=fold).timestamp())
    return tuple(sorted(one for one in found if start <= one < start + _DAY))


def _changes(start: int, zone: ZoneInfo) -> Iterator[float]:
    """The instants of the day from ``start`` on at which the clocks of ``zone`` are changed."""
    for hour in range(start, start + _DAY, _HOUR):
        before, after = hour - 1, hour + _HOUR - 1
        if _offset(before, zone) != _offset(after, zone):
            while after - before > 1:
                middle = (before + after) // 2
                if _offset(middle, zone) == _offset(before, zone):
                    before = middle
                else:
                    after = middle
            yield after


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at, zone).utcoffset()


def _wall(at: float, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows, without a zone."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)


def _minutes(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute


def _at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minute)
