"""
Where a called person may be: by what the caller says, else by the number.

Pure, but for the tables of zones and of numbers, which are loaded when first asked for. A
number says where it was given out, not where its phone is: it names all zones that it may be
in, and none where it may be in too many.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dialform.errors import InputError, SettingError
from dialform.launcher.calling.straddling import further_zones

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from phonenumbers import PhoneNumber

MOST_ZONES = 4
"""More zones than these say nothing: a free call from anywhere, a whole continent's mobiles."""

_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_NO_PLACES = ("Etc/Unknown", "Factory", "localtime", "posixrules")


class Whereabouts(NamedTuple):
    """Where a person may be."""

    zones: tuple[ZoneInfo, ...]
    """All zones that the person may be in; () where that can't be told."""

    inferred: bool
    """Whether the number alone says so."""

    number: str
    """Who it is, in E.164."""

    @property
    def country(self) -> str | None:
        """The number's country, as in ``US``; None where it has none."""
        return country_of(self.number)


def zone(name: str) -> ZoneInfo:
    """
    The time zone of that name.

    Raises:
        InputError: there is none.

    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - 7 ms; for hours only

    try:
        if name in _NO_PLACES:
            raise ZoneInfoNotFoundError(name)  # noqa: TRY301 - the one reason, told in one place
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"timezone: {_advice(name)}") from None


def whereabouts(number: str, said: Sequence[ZoneInfo] = ()) -> Whereabouts:
    """Where the person of a number in E.164 is: ``said`` if that is anything, else inferred."""
    if said:
        return Whereabouts(tuple(said), inferred=False, number=number)
    return Whereabouts(zones_of(number), inferred=True, number=number)


def zones_of(number: str) -> tuple[ZoneInfo, ...]:
    """
    All zones that a number in E.164 may be in; () where that can't be told.

    Raises:
        SettingError: this machine's tables of time zones lack one.

    """
    if _NORTH_AMERICAN.fullmatch(number) and _is_plain(number[2:6]):
        return _zones(number[:8] + "0000", is_plain=True)  # of its exchange
    return _zones(number, is_plain=False)


@lru_cache(maxsize=262144)
def _zones(number: str, *, is_plain: bool) -> tuple[ZoneInfo, ...]:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - as above

    from phonenumbers import timezone  # noqa: PLC0415 - where hours are declared only

    parsed = _parsed(number)
    if parsed is None:
        return ()
    tell = timezone.time_zones_for_number
    if is_plain:
        tell = timezone.time_zones_for_geographical_number
    names = set(tell(parsed))
    if "Etc/Unknown" in names:
        return ()
    names.update(further_zones(number))
    if not names or len(names) > MOST_ZONES:
        return ()
    try:
        return tuple(ZoneInfo(name) for name in sorted(names))
    except ZoneInfoNotFoundError as error:
        raise SettingError(
            f"this machine doesn't know the time zone {error}: install its time zones (the "
            "package tzdata)"
        ) from None


@lru_cache(maxsize=8192)
def _is_plain(start: str) -> bool:
    """
    Whether an area code and a digit are those of places in the United States or Canada.

    All its numbers are alike then as far as zones go, exchange by exchange, and most of the
    time that it takes to tell is saved: a list of a million people has a million numbers.
    """
    import phonenumbers  # noqa: PLC0415 - as above

    probe = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{start}000000"))
    kind = phonenumbers.number_type(probe)
    return kind == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE and (
        phonenumbers.region_code_for_number(probe) in ("US", "CA")
    )


@lru_cache(maxsize=65536)
def country_of(number: str) -> str | None:
    """The country that a number in E.164 was given out in, as in ``US``."""
    import phonenumbers  # noqa: PLC0415 - takes 10 ms

    parsed = _parsed(number)
    found = None if parsed is None else phonenumbers.region_code_for_number(parsed)
    return None if found is None or found == "001" else str(found)


def _parsed(number: str) -> PhoneNumber | None:
    """A number in E.164 as phonenumbers has it; None where its country doesn't exist."""
    import phonenumbers  # noqa: PLC0415 - as above

    if _NORTH_AMERICAN.fullmatch(number):  # the half of the time that parsing takes is saved
        return phonenumbers.PhoneNumber(country_code=1, national_number=int(number[2:]))
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None


def _advice(name: str) -> str:
    """Why ``name`` is no zone, and what may have been meant."""
    import difflib  # noqa: PLC0415 - errors only
    import zoneinfo  # noqa: PLC0415

    known = {one.casefold(): one for one in zoneinfo.available_timezones()}
    known |= {one.rpartition("/")[2].casefold(): one for one in sorted(known.values())}
    close = difflib.get_close_matches(name.casefold().replace(" ", "_"), known, n=1, cutoff=0.7)
    hint = f"; did you mean {known[close[0]]!r}?" if close else ", like America/New_York"
    return f"{name!r} is not the name of a zone{hint}"
