"""
What an environment allows of a single call: `Rules`, and `Refusal` for what they don't.

Pure: the environment's published document, the time and what was dialled before come in. The
document was checked when it was declared; one that can't be understood here allows nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.api.location import is_loopback
from dialform.errors import CallRefused, ObjectCorrupt, UnknownFormat
from dialform.launcher.calling.caps import Cap, caps, exceeded
from dialform.launcher.calling.destinations import ANYWHERE, is_allowed
from dialform.launcher.calling.hours import Hours
from dialform.launcher.calling.week import DAYS, week
from dialform.launcher.calling.whereabouts import Whereabouts, whereabouts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from dialform.launcher.calling.caps import Placed

KEYS = ("destinations", "hours", "margin", "holidays", "perPerson", "perEnvironment")
"""What the table ``calls`` of an environment's document may hold."""


class Refusal(NamedTuple):
    """Why a call isn't placed now."""

    rule: str
    """The rule's name, which is its key in the environment's file: ``calls.hours``."""

    message: str
    """For a person: the rule's name, the local time, when it is allowed."""

    due: float | None
    """The first instant at which the rules allow it; None where waiting doesn't help."""

    def error(self) -> CallRefused:
        """It, to be raised."""
        return CallRefused(self.message, rule=self.rule, due=self.due)


class Rules(NamedTuple):
    """An environment's rules for single calls."""

    environment: str
    destinations: tuple[str, ...] | None
    """``("any",)``, countries, beginnings of numbers; None: nothing is said of them."""

    sandbox: bool
    """Whether the workspace is on this machine, where no phone rings."""

    hours: Hours | None = None
    """None: at any time."""

    per_person: tuple[Cap, ...] = ()
    per_environment: tuple[Cap, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Rules:
        """
        The rules of an environment's document (``dialform.environment/1``).

        Raises:
            UnknownFormat: it has a rule that this version doesn't know.
            ObjectCorrupt: a rule can't be read.

        """
        name, table = document["environment"], document.get("calls") or {}
        unknown = sorted(table.keys() - set(KEYS))
        if unknown:
            raise UnknownFormat(
                f"environment {name} has the rule calls.{unknown[0]}, which this version of "
                "dialform doesn't know, so it can't keep to it; upgrade dialform"
            )
        try:
            return cls(
                environment=name,
                destinations=_texts(table["destinations"]) if "destinations" in table else None,
                sandbox=is_loopback(document["workspace"]["url"]),
                hours=_hours(table) if "hours" in table else None,
                per_person=caps(table.get("perPerson", {})),
                per_environment=caps(table.get("perEnvironment", {})),
            )
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ObjectCorrupt(
                f"the document of environment {name} has rules for calls that can't be read "
                f"({error}); publish it again with `pulumi up`"
            ) from None

    @property
    def counts(self) -> bool:
        """Whether what was dialled before matters."""
        return bool(self.per_person or self.per_environment)

    @property
    def undeclared(self) -> str:
        """What is told where a workspace that is no sandbox says no destinations."""
        return (
            f"{self.environment} doesn't say where its calls may go: set destinations = "
            f'["US"], or "{ANYWHERE}", in [calls] of its file, and `pulumi up`'
        )

    def whereabouts(self, to: str, zones: Sequence[ZoneInfo] = ()) -> Whereabouts:
        """Where ``to`` may be: in ``zones`` if there are any, else where the number may be."""
        return whereabouts(to, zones)

    def next_open(self, now: float, to: str, zones: Sequence[ZoneInfo] = ()) -> float | None:
        """
        The first instant from ``now`` on at which the hours allow a call to ``to``.

        None where there is none: no zone is known, or the zones' windows never meet.
        """
        return now if self.hours is None else self.hours.next_open(now, whereabouts(to, zones))

    def check(
        self,
        now: float,
        to: str | None,
        zones: Sequence[ZoneInfo] = (),
        placed: Placed | None = None,
        *,
        person: str | None = None,
    ) -> Refusal | None:
        """
        Why a call at ``now`` isn't allowed; None if it is.

        Args:
            now: when it would be sent, in seconds since 1970.
            to: who is called, in E.164; None for a browser call, which only
                ``calls.perEnvironment`` is for.
            zones: the zones that the caller says the person is in; () takes all that the
                number may be in.
            placed: what was dialled before, as `caps.Placed`; None leaves the caps out.
            person: a key of the person besides ``to``, under which dials are counted.

        """
        found = None
        if to is not None:
            found = self._elsewhere(to) or self._closed(now, to, zones)
        if found is None and placed is not None:
            found = self.capped(now, to, zones, placed, person=person)
        return found

    def capped(
        self,
        now: float,
        to: str | None,
        zones: Sequence[ZoneInfo],
        placed: Placed,
        *,
        person: str | None = None,
    ) -> Refusal | None:
        """`check` of the caps alone; ``due`` is within the hours all the same."""
        keys = [one for one in dict.fromkeys((person, to)) if one is not None]
        scopes: list[tuple[str, tuple[Cap, ...], list[str]]] = [
            ("perEnvironment", self.per_environment, [])
        ]
        if to is not None:
            scopes.insert(0, ("perPerson", self.per_person, keys))
        for rule, found, whose in scopes:
            held = exceeded(found, now, whose, placed)
            if held is None:
                continue
            cap, until = held
            due = until if to is None else self.next_open(until, to, zones)
            whom = f"to {to}" if whose else f"of {self.environment}"
            dials = "dial" if cap.most == 1 else "dials"
            message = f"{cap.most} {dials} {whom} within {cap.within} is the most{_from(due)}"
            return _refusal(f"calls.{rule}", message, due)
        return None

    def _elsewhere(self, to: str) -> Refusal | None:
        if self.destinations is None:
            if self.sandbox:
                return None
            message = self.undeclared
        elif is_allowed(to, self.destinations):
            return None
        else:
            allowed = ", ".join(self.destinations)
            message = f"{to} is none of the destinations of {self.environment} ({allowed})"
        return _refusal("calls.destinations", message, None)

    def _closed(self, now: float, to: str, zones: Sequence[ZoneInfo]) -> Refusal | None:
        if self.hours is None:
            return None
        where = whereabouts(to, zones)
        if not where.zones:
            message = f"timezone needed: the number {to} doesn't tell where its person is; say it"
            return _refusal("calls.timezone", message, None)
        if self.hours.is_open(now, where):
            return None
        due = self.hours.next_open(now, where)
        shut = next(
            zone
            for zone in where.zones
            if not self.hours.is_open(now, where._replace(zones=(zone,)))
        )
        why = self._why(now, shut, where)
        message = f"{to} isn't called now: it is {_told(now, shut)}, {why}{_from(due, shut)}"
        return _refusal("calls.hours", message, due)

    def _why(self, now: float, zone: ZoneInfo, where: Whereabouts) -> str:
        """What the hours say of this day."""
        assert self.hours is not None  # noqa: S101 - asked where hours are closed
        name = self.hours.holiday(now, zone, where)
        if name is not None:
            return f"a holiday ({name})"
        day = datetime.fromtimestamp(now, zone).weekday()
        windows = ", ".join(map(str, self.hours.week[day]))
        margin = self.hours.margin if where.inferred else 0
        narrowed = f", less {margin} min as the zone is inferred" if windows and margin else ""
        return f"open {windows}{narrowed}" if windows else f"and {DAYS[day]} has no hours"


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r} is no list of texts")
    return tuple(value)


def _hours(table: Mapping[str, Any]) -> Hours:
    holidays = {
        whose: {date.fromisoformat(day): str(name) for day, name in days.items()}
        for whose, days in table.get("holidays", {}).items()
    }
    return Hours(week(table["hours"]), int(table.get("margin", 0)), holidays)


def _refusal(rule: str, message: str, due: float | None) -> Refusal:
    return Refusal(rule, f"{message} [{rule}]", due)


def _from(due: float | None, zone: ZoneInfo | None = None) -> str:
    """When it is allowed, for the end of a sentence: where the person is, and in UTC."""
    if due is None:
        return "; never in sight"
    utc = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"; allowed from {utc}" if zone is None else f"; allowed from {_told(due, zone)}, {utc}"


def _told(at: float, zone: ZoneInfo) -> str:
    """``sat 2026-11-28 07:12 in America/Denver``."""
    wall = datetime.fromtimestamp(at, zone)
    return f"{DAYS[wall.weekday()]} {wall:%Y-%m-%d %H:%M} in {zone.key}"
