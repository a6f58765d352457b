"""
Lengths of time: as files write them, as people read them.

Pure: what time it is comes in from outside.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dialform import lengths

_WORDS = {"m": "min", "h": "h", "d": "d"}
_LARGEST_FIRST = ("d", "h", "m")


def duration(text: str) -> timedelta:
    """``30m``, ``2h`` or ``3d``, which the declaration has checked."""
    return timedelta(seconds=lengths.seconds(text))


def readable(length: timedelta) -> str:
    """The two largest units of a length: ``3 h``, ``1 d 4 h``; under a minute ``0 min``."""
    left = max(0, int(length.total_seconds()))
    words = []
    for unit in _LARGEST_FIRST:
        count, left = divmod(left, lengths.SECONDS[unit])
        words += [f"{count} {_WORDS[unit]}"] if count else []
    return " ".join(words[:2]) or "0 min"


def age(length: timedelta) -> str:
    """The largest unit of a length alone, for columns: ``3 h``."""
    words = readable(length).split()
    return " ".join(words[:2])


def moment(text: str) -> datetime:
    """The time of a registry's object, aware, in UTC."""
    return datetime.fromisoformat(text)


def written(time: datetime) -> str:
    """A time as the registry's objects hold it: ``2026-11-23T23:00:00Z``."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
