"""
What an environment says of campaigns: the most of each at a time, and what is tried again.

Pure. `Limits` is the table ``campaigns`` of its published document. The document was checked when
it was declared; one that can't be understood here lets no campaign begin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform import lengths
from dialform.errors import ObjectCorrupt, UnknownFormat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

OUTCOMES = ("no-answer", "busy", "failed", "canceled", "RATE_LIMITED", "VOICEMAIL_DETECTED_HANGUP")
"""
What a call may be tried again for: how it ended, as the API says it.

The first four are statuses, the others are results (``systemResultType``), which are looked at
first: a call that was ``RATE_LIMITED`` never rang.
"""

CEILINGS = {"rate": "rate", "inFlight": "in_flight", "live": "live"}
"""The keys that nobody who launches may go above, and what they are called in Python."""

MOST = {"rate": 1000.0, "inFlight": 1000, "live": 100_000, "times": 20}
"""The most that may be said of each."""

_LENGTH = re.compile(r"[1-9][0-9]{0,5}[smhd]")


class Again(NamedTuple):
    """How often and when a person is called again."""

    times: int
    """At most, after the first call."""

    after: float
    """Seconds to wait."""


class Limits(NamedTuple):
    """An environment's limits for campaigns. None: it says nothing of that."""

    rate: float | None = None
    """Calls started per second, at most."""

    in_flight: int | None = None
    """Requests that wait for their answer, at most."""

    live: int | None = None
    """Calls that have not ended, at most."""

    failures: float | None = None
    """The part of ended calls that may have failed."""

    retry: Mapping[str, Again] = {}
    """How a call ended -> what is tried again."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """
        The limits of an environment's document (``dialform.environment/1``).

        Raises:
            UnknownFormat: it has a limit that this version doesn't know.
            ObjectCorrupt: a limit can't be read.

        """
        table = document.get("campaigns") or {}
        name = document.get("environment")
        try:
            unknown = sorted(table.keys() - {*CEILINGS, "failures", "retry"})
            unknown += sorted(table.get("retry", {}).keys() - set(OUTCOMES))
            limits = cls(
                **{
                    field: _number(key, table[key])
                    for key, field in CEILINGS.items()
                    if key in table
                },
                failures=_part(table["failures"]) if "failures" in table else None,
                retry={end: _again(one) for end, one in table.get("retry", {}).items()},
            )
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ObjectCorrupt(
                f"the document of environment {name} has limits for campaigns that can't be read "
                f"({error}); publish it again with `pulumi up`"
            ) from None
        if unknown:
            raise UnknownFormat(
                f"environment {name} says {unknown[0]} of campaigns, which this version of "
                "dialform doesn't know, so it can't keep to it; upgrade dialform"
            )
        return limits


def _number(key: str, found: Any) -> Any:
    kinds = (int, float) if key == "rate" else int
    if isinstance(found, bool) or not isinstance(found, kinds) or not 0 < found <= MOST[key]:
        raise ValueError(f"{key} is {found!r}")
    return found


def _part(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise ValueError(f"failures is {found!r}")
    return float(found)


def _again(found: Mapping[str, Any]) -> Again:
    times = found["times"]
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST["times"]:
        raise ValueError(f"times is {times!r}")
    return Again(times, seconds(found["after"]))


def seconds(text: str) -> float:
    """
    A length of time, as ``90s``, ``30m``, ``2h``, ``3d``.

    Raises:
        ValueError: it is none.

    """
    if not _LENGTH.fullmatch(text):
        raise ValueError(f"{text!r} is no length of time; write it like 90s, 30m, 2h or 3d")
    return float(lengths.seconds(text))
