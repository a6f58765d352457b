"""
From a file of people to a campaign's rows: when each is called at the earliest, and a forecast.

Pure but for the tables of zones: the time comes in. A row's due time is only a plan; what the
rules say is asked again when its call is sent.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dialform.launcher.people import Person
from dialform.launcher.records import PLANNED, SKIPPED, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dialform.launcher.calling import Rules
    from dialform.launcher.campaign.settings import Settings
    from dialform.launcher.people import Skipped

DAY = 86400.0

TYPICAL_CALL = 120.0
"""Seconds that a call is taken to last where an end is forecast."""


class Forecast:
    """What a campaign's first look at its people says: counted as `rows` goes through them."""

    def __init__(self, rules: Rules, settings: Settings, now: float) -> None:
        """``now`` in seconds since 1970."""
        self._rules = rules
        self._settings = settings
        self._now = now
        self.zones: Counter[str] = Counter()
        """People by where they are."""

        self.skipped: Counter[str] = Counter()
        """Rows that are not called, by why."""

        self.people = 0
        self.soon = 0
        """People who may be called within a day, as far as hours go."""

        self.unreachable = 0
        """People whom no hours allow to be called."""

        self._last = now

    def rows(self, people: Iterable[Person | Skipped]) -> Iterator[Row]:
        """The rows to keep, each counted."""
        for one in people:
            if isinstance(one, Person):
                yield self._planned(one)
            else:
                self.skipped[one.reason.split(":", 1)[-1].strip()] += 1
                yield Row(one.row, one.person, one.to, state=SKIPPED, reason=one.reason)

    def _planned(self, person: Person) -> Row:
        zones = tuple(map(ZoneInfo, person.zones or ()))
        earliest = max(self._now, person.not_before or 0.0)
        due = self._rules.next_open(earliest, person.to, zones)
        self.people += 1
        self.zones[_place(self._rules, person, zones)] += 1
        if due is None:
            self.unreachable += 1
        elif due < self._now + DAY:
            self.soon += 1
        self._last = max(self._last, due or earliest)
        if due == self._now:
            due = 0.0  # at once, whatever a clock that is set right says then
        return Row(
            person.row,
            person.person,
            person.to,
            person.inputs_json,
            json.dumps(list(person.zones or ())),
            person.not_before,
            PLANNED,
            due=earliest if due is None else due,
        )

    @property
    def today(self) -> int:
        """Calls that the limits let start within a day, of people who may be called then."""
        return min(self.soon, int(self._most_per_second() * DAY), self._most())

    @property
    def end(self) -> float:
        """When it may be through, if calls last as they typically do; hours of nights left out."""
        return max(self._last, self._now + self._most() / self._most_per_second())

    def minutes(self, timeout: int | None) -> int | None:
        """The most minutes of calls there can be, retries left out; None without a time-out."""
        return None if timeout is None else self._most() * timeout

    def _most(self) -> int:
        total = self._settings.total
        return self.people if total is None else min(self.people, total)

    def _most_per_second(self) -> float:
        return min(self._settings.rate, self._settings.live / TYPICAL_CALL)


def _place(rules: Rules, person: Person, zones: tuple[ZoneInfo, ...]) -> str:
    """Where a person is, in a word."""
    found = rules.whereabouts(person.to, zones).zones
    if not found:
        return "unknown"
    return found[0].key if len(found) == 1 else f"{found[0].key} or {len(found) - 1} more"
