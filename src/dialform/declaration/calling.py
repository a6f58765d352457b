"""
What may stand in an environment's ``[calls]``, and in a file of holidays.

The model, and `CallRules`: the table with its places, checked as a whole, and what of it is
published. How a call is held against it is the launcher's: `dialform.launcher.calling`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from dialform.api.location import is_loopback
from dialform.api.models import Absent, Model
from dialform.declaration.merging import near
from dialform.errors import DeclarationError, InputError
from dialform.launcher.calling import zone
from dialform.launcher.calling.caps import length
from dialform.launcher.calling.destinations import ANYWHERE, destination
from dialform.launcher.calling.hours import EVERYBODY
from dialform.launcher.calling.week import as_table, days, week, window, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.declaration.merging import Layered
    from dialform.declaration.source import Source
    from dialform.errors import Problem

    Path = tuple[str | int, ...]

WIDEST = 240
"""The most minutes of a margin."""


def _window(text: str) -> str:
    window(text)
    return text


def _day(texts: list[str]) -> list[str]:
    windows(texts)
    return texts


def _days(text: str) -> str:
    days(text)
    return text


def _week(value: object) -> object:
    """A list of windows is that of every day."""
    if not isinstance(value, list | dict):
        raise ValueError(  # noqa: TRY004 - pydantic wants it
            'must be a list of windows, ["09:00-17:00"], or one by days, { mon-fri = [...] }'
        )
    return {"mon-sun": value} if isinstance(value, list) else value


def _table(value: object) -> object:
    """What has a number for each length of time."""
    if not isinstance(value, dict):
        raise ValueError("must be a table like { 24h = 1, 7d = 3 }")  # noqa: TRY004 - as above
    return value


def _listed(value: object) -> object:
    """One destination is a list of one."""
    return [value] if isinstance(value, str) else value


WindowText = Annotated[str, AfterValidator(_window)]
"""A part of a day: ``09:00-12:00``, at most until ``24:00``."""

DayWindows = Annotated[list[WindowText], Field(min_length=1), AfterValidator(_day)]
"""The windows of a day."""

Days = Annotated[str, AfterValidator(_days)]
"""A day or several: ``sat``, ``mon-fri``."""

Destination = Annotated[str, AfterValidator(destination)]
"""A country (``US``), the beginning of numbers (``+4930``), or ``any``."""

Length = Annotated[str, AfterValidator(length)]
"""A length of time: ``30m``, ``24h``, ``7d``."""

Caps = Annotated[
    dict[Length, Annotated[int, Field(ge=1)]],
    Field(min_length=1),
    BeforeValidator(_table, json_schema_input_type=dict[str, int]),
]
"""The most dials within each length of time: ``{ 24h = 1, 7d = 3 }``."""


class Calls(Model):
    """What every single call must keep to when it is dialled."""

    destinations: Absent[
        Annotated[
            list[Destination],
            Field(min_length=1),
            BeforeValidator(_listed, json_schema_input_type=str | list[str]),
        ]
    ] = None
    """Where calls may go: countries and beginnings of numbers, ``["US", "+4930"]``, or ``"any"``."""  # noqa: E501 - one paragraph in editors

    hours: Absent[
        Annotated[
            dict[Days, DayWindows],
            Field(min_length=1),
            BeforeValidator(_week, json_schema_input_type=list[str] | dict[str, list[str]]),
        ]
    ] = None
    """When people may be called, on their own clocks: a list of windows, or one by days."""

    margin: Absent[Annotated[int, Field(ge=0, le=WIDEST)]] = None
    """Minutes that windows are narrowed by at both ends where a number alone tells the zone."""

    holidays: Absent[str] = None
    """The file of days on which nobody is called, relative to stacks/."""

    perPerson: Absent[Caps] = None
    """The most dials to one person within each length of time, whatever the campaign."""

    perEnvironment: Absent[Caps] = None
    """The most dials of the environment within each length of time."""


class CallRules:
    """An environment's ``[calls]``. ``problems`` holds what is wrong with it."""

    def __init__(
        self,
        layered: Layered,
        calls: Calls | None,
        *,
        workspace: str,
        read: Callable[[str], Source] | None,
    ) -> None:
        """
        Check it as a whole.

        Args:
            layered: the environment's file.
            calls: the table; None where there is none.
            workspace: the workspace's URL: what isn't a sandbox must say its destinations.
            read: gives a file of ``stacks/``; None where none is to be read.

        """
        self._layered = layered
        self._calls = calls or Calls()
        self._read = read
        self.problems: list[Problem] = []
        if self._calls.destinations is None and not is_loopback(workspace):
            self._report(
                ("workspace", "url"),
                "calls",
                "is no sandbox on this machine, so say where calls may go: [calls] "
                'destinations = ["US"], or "any"',
            )
        self._check_destinations()
        self._check_hours()
        self.document = None if calls is None else self._published()
        """What is published of it; None where there is no table."""

    def _report(self, path: Path, rule: str, message: str) -> None:
        self.problems.append(self._layered.problem(path, rule, message))

    def _check_destinations(self) -> None:
        named = self._calls.destinations or ()
        if ANYWHERE in named and len(named) > 1:
            self._report(("calls", "destinations"), "calls", f'"{ANYWHERE}" stands alone')

    def _check_hours(self) -> None:
        seen: dict[str, str] = {}
        for key in self._calls.hours or ():
            for day in days(key):
                if day in seen:
                    message = (
                        f"{day} is in {seen[day]} already: give each day one list"
                        if seen[day] in self._own("hours")
                        else f"{day} is in the parent's {seen[day]} already: drop that one with "
                        f'unset = ["calls.hours.{seen[day]}"]'
                    )
                    self._report(("calls", "hours", key), "calls", message)
                    break
                seen[day] = key
        if self._calls.hours is None:
            for key in ("margin", "holidays"):
                if getattr(self._calls, key) is not None:
                    message = "needs hours beside it: [calls.hours]"
                    self._report(("calls", key), "calls", message)

    def _own(self, key: str) -> dict[str, Any]:
        """The table ``key`` as the environment's own file has it."""
        found = self._layered.own.value.get("calls", {}).get(key)
        return found if isinstance(found, dict) else {"mon-sun": found}

    def _published(self) -> dict[str, Any]:
        calls = self._calls
        document: dict[str, Any] = {}
        if calls.destinations is not None:
            document["destinations"] = sorted(set(calls.destinations))
        if calls.hours is not None and not self.problems:
            document["hours"] = as_table(week(calls.hours))
        if calls.margin:
            document["margin"] = calls.margin
        if calls.holidays is not None and self._read is not None:
            document["holidays"] = self._holidays(calls.holidays)
        if calls.perPerson is not None:
            document["perPerson"] = dict(calls.perPerson)
        if calls.perEnvironment is not None:
            document["perEnvironment"] = dict(calls.perEnvironment)
        return document

    def _holidays(self, file: str) -> dict[str, dict[str, str]]:
        """The days of a file, by whose they are."""
        assert self._read is not None  # noqa: S101 - asked where there is one
        try:
            source = self._read(file)
        except DeclarationError as error:
            for one in error.problems:
                if one.line is not None:
                    self.problems.append(one)
                else:
                    path = ("calls", "holidays")
                    message = f"{one.file}: {one.message}"
                    self._report(path, one.rule, message)
            return {}
        found = list(_day_problems(source))
        self.problems += [*source.problems, *found]
        return {} if found else {whose: dict(table) for whose, table in source.value.items()}


def _day_problems(source: Source) -> Iterator[Problem]:
    """What is wrong with a file of holidays."""
    for whose, table in source.value.items():
        fault = _whose_fault(whose)
        if fault is not None:
            yield source.problem((whose,), "holidays", fault)
        if not isinstance(table, dict):
            message = 'must be a table of days: [US], then 2026-12-25 = "Christmas Day"'
            yield source.problem((whose,), "holidays", message)
            continue
        for day, name in table.items():
            try:
                is_day = date.fromisoformat(day).isoformat() == day
            except ValueError:
                is_day = False
            if not is_day:
                message = f"{day!r} is no day; write it like 2026-12-25"
                yield source.problem((whose, day), "holidays", message)
            if not isinstance(name, str) or not name.strip():
                message = 'must be the name of the day: "Christmas Day"'
                yield source.problem((whose, day), "holidays", message)


def _whose_fault(whose: str) -> str | None:
    """Why nobody's holidays are called that; None if somebody's are."""
    import phonenumbers  # noqa: PLC0415 - takes 10 ms

    if whose == EVERYBODY or whose in phonenumbers.SUPPORTED_REGIONS:
        return None
    try:
        zone(whose)
    except InputError:
        known = {EVERYBODY, *phonenumbers.SUPPORTED_REGIONS, *_zones()}
        message = "is neither a country, like US, nor a zone, like America/New_York, nor any"
        return message + near(whose, known)
    return None


def _zones() -> set[str]:
    import zoneinfo  # noqa: PLC0415 - errors only

    return zoneinfo.available_timezones()
